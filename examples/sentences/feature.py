"""A planner splits a feature into tasks with dependencies; run the DAG with at most 4 agents at
once, re-run only those whose check failed.
"""

from __future__ import annotations

from graphlib import TopologicalSorter

from pydantic import BaseModel, Field, field_validator

from harnesses import ClaudeCode, Codex
from smithers import Command, Context, ForEach, Node, Rework, Sequence, Task, workflow

planner = ClaudeCode("opus")
claude = ClaudeCode(permission_mode="acceptEdits")
codex = Codex(sandbox="workspace-write")


class Feature(BaseModel):
    feature: str


class Part(BaseModel):
    name: str = Field(pattern=r"^[\w-]{1,60}$")
    goal: str
    needs: list[str]
    check: str = Field(description="A shell command that fails unless the goal is reached.")


class Plan(BaseModel):
    parts: list[Part]

    @field_validator("parts")
    @classmethod
    def can_be_done(cls, parts: list[Part]) -> list[Part]:
        needs = {part.name: part.needs for part in parts}
        if len(needs) < len(parts):
            raise ValueError("two parts have the same name")
        if unknown := {name for part in parts for name in part.needs} - needs.keys():
            raise ValueError(f"needs name {sorted(unknown)}, which are not parts")
        TopologicalSorter(needs).prepare()  # a cycle is a ValueError
        return parts


@workflow(input=Feature, pools={"agents": 4})
def feature(ctx: Context[Feature]) -> Node:
    plan = Task("plan", agent=planner, output=Plan, prompt=f"Split this: {ctx.input.feature}")

    def build(part: Part) -> Node:
        work = Task(
            f"work {part.name}",
            agent=[claude, codex],
            prompt=f"{part.goal}\nThis must succeed: {part.check}",
            needs=[f"check {name}" for name in part.needs],
            pool="agents",
        )
        check = Command(
            f"check {part.name}", part.check, shell=True, needs=[work], on_failure=Rework(work)
        )
        return Sequence(work, check)

    return Sequence(plan, ForEach(lambda: ctx[plan].parts, key=lambda part: part.name, each=build))
