"""How a run stands before somebody goes on with it, and as what it is left."""

from __future__ import annotations

import json
import shlex
from datetime import datetime
from typing import Final

from smithers.engine.ending import Left
from smithers.engine.endings import Ending
from smithers.errors import Refused
from smithers.state import RunState
from smithers.store import Claim, RunRow

__all__ = ["LIMIT", "due_of", "finished", "left", "limit_of", "nobody", "over"]

LIMIT: Final = "max_concurrency"


def limit_of(run: RunRow) -> int | None:
    """How many attempts at once a run was started with."""
    limit: object = json.loads(run.options).get(LIMIT)
    return limit if isinstance(limit, int) and limit > 0 else None


def over(run_id: str, state: RunState) -> Left | None:
    """What a run that has finished has left; None where it goes on. Raises `Refused`."""
    if state.run_status == "cancelled":
        raise Refused(
            f"run {run_id} was cancelled, which is final",
            hint=f"fork it: `smithers fork {shlex.quote(run_id)}`",
        )
    is_over = state.run_status in ("finished", "continued")
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
