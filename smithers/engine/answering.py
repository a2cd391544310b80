"""A person's answer, or the end of the time for one, becomes the output of an approval."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

from smithers.changes import Failure, Key
from smithers.engine.plan import Plan
from smithers.engine.settling import settle
from smithers.engine.transition import Transition
from smithers.store import InboxRow
from smithers.tree import Decision, PersonWork, Task

__all__ = ["take_answer", "take_timeout"]

_FINAL = "a person's denial is final: resuming the run does not change it, start a new run"


def take_answer(
    row: InboxRow, transition: Transition, plan: Plan, mask: Callable[[str], str]
) -> None:
    """Take an answer of the inbox into the frame. One for a wait that is over changes nothing."""
    if row.key is None:
        return
    wait = transition.state.waits.get((row.key, "approval"))
    if wait is None or wait.frame != row.opened:
        return
    decision = Decision.model_validate_json(row.body)
    _decide(row.key, decision, row.body, transition, plan, mask)


def take_timeout(
    key: Key, now: datetime, transition: Transition, plan: Plan, mask: Callable[[str], str]
) -> None:
    """The time for an answer is up: it counts as a denial, or fails, as the author chose."""
    instance = plan.instances.get(key)
    work = None if instance is None else cast("Task", instance.definition.node).work
    if isinstance(work, PersonWork) and work.on_timeout == "deny":
        decision = Decision(approved=False, note="nobody answered in time", at=now)
        _decide(key, decision, decision.model_dump_json(), transition, plan, mask)
        return
    error = Failure(kind="TimedOut", message=f"nobody answered {key} in time")
    settle(transition, plan, key, "failed", error=error)


def _decide(
    key: Key,
    decision: Decision,
    body: str,
    transition: Transition,
    plan: Plan,
    mask: Callable[[str], str],
) -> None:
    transition.close_wait(key, "approval", body)
    instance = plan.instances.get(key)
    work = None if instance is None else cast("Task", instance.definition.node).work
    if decision.approved or (isinstance(work, PersonWork) and work.on_deny == "continue"):
        output = decision.model_dump_json()
        settle(transition, plan, key, "finished", output=output, model="Decision")
    else:
        by = f" by {decision.by}" if decision.by else ""
        note = f": {decision.note}" if decision.note else ""
        hint = _FINAL if decision.by is not None else ""
        error = Failure(kind="Denied", message=mask(f"denied{by}{note}"), hint=hint)
        settle(transition, plan, key, "failed", error=error)
