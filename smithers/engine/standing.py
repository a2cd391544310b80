"""How a run stands before somebody goes on with it, and as what it is left."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from smithers.engine.ending import Left
from smithers.engine.endings import Ending
from smithers.errors import Refused
from smithers.state import RunState
from smithers.store import Claim, RunRow

__all__ = ["LIMIT", "check_reopens", "due_of", "finished", "left", "limit_of", "nobody", "over"]

LIMIT: Final = "max_concurrency"


def limit_of(run: RunRow) -> int | None:
    """How many attempts at once a run was started with."""
    limit: object = json.loads(run.options).get(LIMIT)
    return limit if isinstance(limit, int) and limit > 0 else None


def check_reopens(run: RunRow) -> None:
    """Raise `Refused` for a child run: its parent has read what it gave."""
    if run.parent is not None and not run.is_started_below:
        parent = run.parent.run_id
        raise Refused(
            f"run {run.run_id} is a child run of {parent}, so its tasks are not run again",
            hint=f"`smithers resume {parent} --check` shows what has changed there",
        )


def over(run_id: str, state: RunState, *, reopens: bool = False) -> Left | None:
    """What a run that has finished has left; None where it goes on, as one that has finished does
    if it `reopens`. Raises `Refused`.
    """
    if state.run_status == "cancelled":
        raise Refused(
            f"run {run_id} was cancelled, which is final",
            hint="start a new run with `smithers up FILE`",
        )
    if reopens and (next_run := state.status.next_run) is not None:
        raise Refused(
            f"run {run_id} has continued as {next_run}, so nothing of it is done again",
            hint=f"`smithers resume {next_run} --check` shows what has changed of that run",
        )
    is_over = state.run_status in ("finished", "continued") and not reopens
    return left(run_id, finished(state)) if is_over else None


def nobody(run_id: str) -> Claim:
    """A claim to read an inbox with."""
    return Claim(run_id=run_id, owner="", fence=0)


def due_of(state: RunState) -> datetime | None:
    """When a run that waits goes on by itself, as far as its waits tell."""
    if state.run_status != "waiting":
        return None
    dues = (wait.opened.due for wait in state.waits.values())
    return min((due for due in dues if due is not None), default=None)


def finished(state: RunState) -> Ending:
    """The ending of a run that has finished already."""
    tolerated, unpaid = bool(state.tolerated), bool(state.unpaid)
    return Ending(status=state.status, tolerated=tolerated, unpaid=unpaid)


def left(run_id: str, ending: Ending) -> Left:
    return Left(
        run_id=run_id,
        status=ending.status.status,
        output=ending.status.output,
        error=ending.status.error,
        tolerated=ending.tolerated,
        stopped=ending.stopped,
        stopped_by=ending.stopped_by,
        unpaid=ending.unpaid,
        over_budget=ending.over_budget,
        next_run=ending.status.next_run,
    )
