"""A frontier model plans, a fast one looks at all parts at once, and a harness edits the file."""

from __future__ import annotations

import os

from pydantic import BaseModel

from harnesses import ClaudeCode
from harnesses.models import Anthropic, OpenAI, Price
from smithers import Context, ForEach, Node, NoInput, Sequence, Task, workflow

URL = os.environ.get("MODEL_URL", "http://127.0.0.1:9")
frontier = Anthropic(
    "frontier",
    base_url=f"{URL}/r/frontier",
    api_key_env="ONE_KEY",
    price=Price(input=15, output=75),
)
fast = OpenAI(
    "fast", base_url=f"{URL}/r/fast/v1", api_key_env="OTHER_KEY", price=Price(input=1, output=2)
)
editor = ClaudeCode(permission_mode="acceptEdits", env={"ANTHROPIC_BASE_URL": f"{URL}/r/editor"})


class Plan(BaseModel):
    """The parts to look at."""

    parts: list[str]


class Finding(BaseModel):
    """What is to be said of one part."""

    part: str
    words: int


@workflow
def mixed(ctx: Context[NoInput]) -> Node[str]:
    """Plans, fans out, edits."""
    plan = Task("plan", agent=frontier, output=Plan, prompt="Plan the parts.")
    look = ForEach(
        lambda: ctx[plan].parts,
        key=lambda part: part,
        each=lambda part: Task(
            f"look at {part}", agent=fast, output=Finding, prompt=f"Count the words of {part}."
        ),
        id="look",
    )
    edit = Task("edit", agent=editor, prompt=lambda: f"Write down: {ctx[look]}")
    return Sequence(plan, look, edit, result=edit)
