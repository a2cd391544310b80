"""An agent decides after each piece of work what comes next, until it says that all is done."""

from __future__ import annotations

import json

from pydantic import BaseModel
from scripted import Scripted

from smithers import Context, Node, Sequence, Task, workflow


class Goal(BaseModel):
    goal: str = "a faster parser"


class Next(BaseModel):
    do: str = ""
    done: bool = False


MOVES = {"nothing": "measure it", "measure it": "cache the tokens", "cache the tokens": ""}
planner = Scripted(
    lambda prompt: json.dumps({"do": (do := MOVES[prompt.split(": ")[-1]]), "done": not do}),
    "planner",
)
worker = Scripted(lambda prompt: f"Done: {prompt}", "worker")


@workflow(input=Goal)
def next_step(ctx: Context[Goal]) -> Node[str]:
    goal = ctx.input.goal

    def decide(number: int, before: Task[str] | None) -> Sequence[None]:
        move = Task(
            f"decide {number}",
            agent=planner,
            output=Next,
            prompt=lambda: f"Goal: {goal}. Last: {ctx[before] if before else 'nothing'}",
        )

        def work() -> Node | None:
            if ctx[move].done:
                return None
            task = Task(f"do {number}", agent=worker, prompt=ctx[move].do)
            return Sequence(task, then=lambda: decide(number + 1, task))

        return Sequence(move, then=work)

    return Sequence(decide(1, None), result=lambda: f"{goal}: done")
