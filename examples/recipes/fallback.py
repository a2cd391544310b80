"""A task with a second agent: what the first one cannot do now, the second one does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from harnesses import Scripted
from smithers import Context, Node, NoInput, Retry, Sequence, Task, workflow
from smithers.errors import Busy, Transient

back = datetime.now(UTC) + timedelta(hours=1)
first = Scripted(
    {"plan": [Transient("connection reset"), "Cache the tokens."], "review": Busy("acme", back)},
    name="first",
)  # for real work: ClaudeCode()
second = Scripted({"review": "Measure it before and after."}, name="second")  # Codex()


@workflow
def advise(ctx: Context[NoInput]) -> Node[str]:
    again = Retry(tries=3, first_s=0.1)
    plan = Task("plan", agent=[first, second], prompt="Make the parser faster.", retry=again)
    review = Task("review", agent=[first, second], prompt=lambda: f"Review: {ctx[plan]}")
    return Sequence(plan, review, result=review)
