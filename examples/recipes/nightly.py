"""Every morning at nine in Berlin a report is written; each day is a run."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from harnesses import Scripted
from smithers import Context, ContinueAsNew, Node, Sequence, Task, Timer, workflow

agent = Scripted({"report": "Three runs failed."})  # for real work: ClaudeCode()
BERLIN = ZoneInfo("Europe/Berlin")


class Day(BaseModel):
    number: int = 1


def next_nine(now: datetime) -> datetime:
    nine = now.astimezone(BERLIN).replace(hour=9, minute=0, second=0, microsecond=0)
    return nine if nine > now else nine + timedelta(days=1)


@workflow(input=Day)
def nightly(ctx: Context[Day]) -> Node:
    morning = Timer("morning", until=next_nine)
    report = Task("report", agent=agent, prompt=lambda: f"What failed before {ctx[morning]}?")
    return Sequence(morning, report, ContinueAsNew(Day(number=ctx.input.number + 1)))
