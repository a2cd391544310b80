"""How a run is left: finished, failed, waiting, or ended from outside its tree."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from smithers import waits
from smithers.changes import ChoiceMade, Failure, Key, StatusChanged, WaitOpened
from smithers.clock import Moment
from smithers.context import NotYet
from smithers.engine.asking import Asking
from smithers.engine.budgets import BudgetExhausted
from smithers.engine.pools import Slots
from smithers.engine.reading import Reading
from smithers.engine.render import called
from smithers.engine.stuck import deadlock
from smithers.engine.timers import Timers
from smithers.engine.transition import Transition, failure_of
from smithers.errors import AuthorError, SmithersError
from smithers.kinds import STOPPED, Instance, TooManyLevels, find_failure
from smithers.naming import key_name
from smithers.shapes import shape_of
from smithers.state import Waiting
from smithers.store import NewRun
from smithers.tree import Computed
from smithers.values import dataclass
from smithers.workflows import Workflow

__all__ = [
    "DeadlineExceeded",
    "Ending",
    "Endings",
    "Why",
    "leave_nothing_open",
    "next_id",
    "stopped_by_parent",
]

_RUN = Key("")
_MAX_ID = 64
_NOT_CAUGHT = "catch CallFailed where the flow awaits it, then resume: what was skipped stays so"
_FORK = r"-fork(-\d+)?$"

Why = Literal["cancel", "deadline", "parent", "stop", "wrong"]
"""What ends a run from outside its tree: a person, time, the run that started it, its owner, or a
render that is wrong.
"""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run's owner left it. `tolerated` tells of failures that the author allowed."""

    status: StatusChanged
    tolerated: bool = False
    stopped: bool = False
    """The owner was asked to stop; the next `resume` continues the run."""
    stopped_by: str | None = None
    """The name of the signal that asked for it, if one did."""
    wake_at: datetime | None = None
    """When a run that waits goes on by itself, if ever."""
    unpaid: bool = False
    """It finished without tasks that a budget did not pay for."""
    over_budget: bool = False
    """It waits for a larger budget, or has failed by one."""


class DeadlineExceeded(SmithersError):
    """The run took longer than its workflow allows."""

    for_resume = True


class Endings:
    """Works out how the run is left, once nothing of it runs."""

    def __init__(
        self,
        workflow: Workflow[Any, Any],
        asking: Asking,
        scrub: Callable[[str], str],
        now: Callable[[], Moment],
        linger_s: float,
        timers: Timers,
        ends_at: datetime | None,
        run: NewRun,
        slots: Slots,
    ) -> None:
        self._run = run
        self._slots = slots
        self._workflow = workflow
        self._asking = asking
        self._view = asking.view
        self._transition = asking.frame
        self._state = asking.frame.state
        self._scrub = scrub
        self._now = now
        self._linger = timedelta(seconds=linger_s)
        self._timers = timers
        self._ends_at = ends_at
        self.deadline = None if ends_at is None else now().deadline(ends_at, "boottime")

    def use(self, workflow: Workflow[Any, Any], ends_at: datetime | None) -> None:
        """Take the workflow that an edit gives."""
        self._workflow, self._ends_at = workflow, ends_at
        self.deadline = None if ends_at is None else self._now().deadline(ends_at, "boottime")

    def finish(self) -> Ending:
        root = self._asking.plan.root
        for key, kind in list(self._state.waits):  # of what the tree came to no more
            self._transition.close_wait(key, kind)
        tolerated = bool(self._state.tolerated)
        if root.status in ("finished", "skipped") or (root.status == "failed" and not root.failing):
            try:
                status = self._finished()
            except Exception as raised:
                if self._workflow.result is None:
                    raise
                return self._left(self._failed_by_result(raised))
            left = self._left(status, tolerated=tolerated)
            return replace(left, unpaid=bool(self._state.unpaid))
        error = self._why_failed()
        over = error.kind == BudgetExhausted.__name__
        return self._left(StatusChanged(status="failed", error=error), over_budget=over)

    def next_input(self) -> str | None:
        """The input of the run as which this one continues, as JSON text; None if it ends."""
        for one in reversed(self._asking.plan.instances.values()):
            if one.kind.continues and one.status == "finished":
                return self._view.outputs.output(one.key, self._state.ended[one.key])
        return None

    def _finished(self) -> StatusChanged:
        if self.next_input() is None:
            return StatusChanged(status="finished", output=self._output())
        return StatusChanged(status="continued", next_run=next_id(self._run))

    def _output(self) -> str | None:
        """What the run gives, as JSON text. Raises what the workflow's `result` raises."""
        given = self._workflow.result
        if given is not None:
            return given.text(self._result(given))
        node = self._asking.plan.root.definition.node
        reading = Reading(self._view, Key(self._workflow.name), (), self._transition.number)
        return reading.json_of(node)

    def _result(self, given: Computed[Any]) -> str:
        """The row of the workflow's `result`, which is called unless the state has it."""
        chosen = self._state.choices.get((_RUN, "result"))
        if chosen is not None:
            return chosen.value
        reading = Reading(self._view, _RUN, (), self._transition.number)
        context = self._asking.renderer.context
        try:
            value = called(lambda: given.row(given.call(context)), reading)
        except NotYet as missed:
            raise AuthorError(
                f"{given.what} reads {', '.join(map(str, missed.on))}, which has not ended",
                place=given.mark.place,
            ) from missed
        self._transition.read(reading)
        self._transition.do(ChoiceMade(key=_RUN, kind="result", value=value))
        return value

    def _failed_by_result(self, error: Exception) -> StatusChanged:
        if self._asking.strict and isinstance(error, AuthorError):
            raise error
        failure = failure_of(error, self._scrub, self._asking.renderer.folder)
        place = failure.place or str(self._workflow.mark.place)
        said = f"the result of workflow {self._workflow.name} failed: {failure.message}"
        hint = failure.hint or "correct the workflow, then resume the run"
        failure = replace(failure, message=said, place=place, hint=hint)
        return StatusChanged(status="failed", error=failure)

    def _why_failed(self) -> Failure:
        """The error of the first node, in document order, by which the run failed."""
        if (found := find_failure(self._state, self._asking.plan.root)) is not None:
            key, error = found
            if error.kind == TooManyLevels.__name__:
                return error
            if self._state.ended[key].outcome == "skipped":
                said = f"{key_name(key)} was skipped: {error.message}"
                return replace(error, message=said, hint=_NOT_CAUGHT)
            return replace(error, message=f"{key_name(key)} failed: {error.message}")
        return Failure(kind="Failed", message=f"{key_name(self._first_cancelled())} was cancelled")

    def _first_cancelled(self) -> Key:
        """The first node, in document order, that was cancelled by itself."""
        found = self._asking.plan.root
        while below := [one for one in found.children if one.status == "cancelled"]:
            found = below[0]
        return found.key

    def waits_outside(self) -> list[Waiting]:
        """What the run waits for that does not come from within it."""
        instances = self._asking.plan.instances
        return [
            wait
            for (key, kind), wait in self._state.waits.items()
            # Else an edit took it out of its loop; without an id it is the run.
            if waits.traits(kind).is_outside and (key in instances or not key.id)
        ]

    def suspend(self, *, stopped: bool = False, by: str | None = None) -> Ending | None:
        """Nothing runs: wait for what is near, or leave the run to its answers; or it is stuck.

        An owner that is stopped meanwhile waits for nothing, and calls nothing stuck.
        """
        waiting, known = self._state.waits, self._asking.plan.instances
        if not stopped and self._timers.is_near(self._now(), self._linger, waiting, known):
            return None  # known without looking at all that waits
        outside = self.waits_outside()
        if not outside:
            return None if stopped else self._stuck()
        if any(waits.traits(wait.opened.kind).keeps_owner for wait in outside) and not stopped:
            return None  # its end is for this owner
        if self._is_near([wait.opened for wait in outside]) and not stopped:
            return None
        if self._slots.stays() and not stopped:
            return None
        dues = [self._ends_at, *(wait.opened.due for wait in outside)]
        wake_at = min((due for due in dues if due is not None), default=None)
        over = any(wait.opened.kind == waits.BUDGET for wait in outside)
        left = self._left(StatusChanged(status="waiting", stopped_by=by), over_budget=over)
        return replace(left, stopped=stopped, stopped_by=by, wake_at=wake_at)

    def is_late(self) -> bool:
        """Whether the run is over its deadline."""
        return self.deadline is not None and self.deadline.passed(self._now())

    def _is_near(self, waits: Sequence[WaitOpened]) -> bool:
        """Whether it is worth staying for one of the waits, or for the deadline."""
        now = self._now()
        lefts = [self._timers.left(wait, now) for wait in waits]
        if self.deadline is not None:
            lefts.append(self.deadline.left(now))
        return any(left is not None and left <= self._linger for left in lefts)

    def _stuck(self) -> Ending | None:
        unknown = [key for key in self._asking.waiting if key.id not in self._view.mounts.by_id]
        error: Exception = deadlock(self._asking.plan, self._asking.waiting)
        for key in unknown:
            readers = [one for one in self._asking.waiting[key] if not one.settled]
            if readers:
                error = _unknown(key.id, readers[0])
        if self._asking.strict:
            raise error
        failure = failure_of(error, self._scrub)
        return self._left(StatusChanged(status="failed", error=failure))

    def from_outside(self, why: Why, wrong: Failure | None, by: str | None) -> Ending:
        """`by` is the name of the signal that stopped the owner, if one did."""
        if why == "stop":
            status = replace(self._state.status, stopped_by=by)
            return replace(self._left(status), stopped=True, stopped_by=by)
        leave_nothing_open(self._transition)
        if why == "cancel":
            return self._left(StatusChanged(status="cancelled"))
        if why == "wrong":
            return self._left(StatusChanged(status="failed", error=wrong))
        if why == "parent":
            parent = self._run.parent
            is_waited_for = parent is None or parent.waits
            return self._left(stopped_by_parent(is_waited_for=is_waited_for))
        error = DeadlineExceeded(
            f"the run took longer than its deadline of {self._workflow.deadline_s:g} s",
            hint=(
                "the time counts from the start of the run: raise deadline_s of the"
                " workflow, then resume the run"
            ),
        )
        failure = failure_of(error, self._scrub)
        return self._left(StatusChanged(status="failed", error=failure))

    def _left(
        self, status: StatusChanged, *, tolerated: bool = False, over_budget: bool = False
    ) -> Ending:
        self._transition.do(status)
        return Ending(status=status, tolerated=tolerated, over_budget=over_budget)


def _unknown(id: str, reader: Instance) -> AuthorError:
    """A node waits for one that nothing will add."""
    above = reader.parent
    while above is not None and not shape_of(above.node.kind).is_code:
        above = above.parent
    if above is None:
        said = f"{reader.key} reads {id!r}, which is not part of the workflow tree"
        hint = "add it to the tree that the workflow returns, or read another task"
    else:
        said = f"{reader.key} reads {id!r}, which its flow has not awaited"
        hint = "await that call first, or both in one run.gather"
    return AuthorError(said, place=reader.definition.node.mark.place, hint=hint)


def stopped_by_parent(*, is_waited_for: bool = False) -> StatusChanged:
    """The end of a run that ends because of its parent; it can be resumed."""
    if is_waited_for:
        said = "the run that started it no longer waits for it"
        error = Failure(
            kind=STOPPED, message=said, hint="resume that run to continue it", for_resume=True
        )
    else:
        error = Failure(kind=STOPPED, message="the run that started it has ended")
    return StatusChanged(status="failed", error=error)


def next_id(run: NewRun) -> str:
    """The id of the run as which a run continues."""
    first, end = run.first_run or run.run_id, f"-{run.number + 1}"
    if re.search(_FORK, first):  # its forks have such ids
        end = f"-n{run.number + 1}"
    if len(first) + len(end) > _MAX_ID:
        digest = hashlib.sha256(first.encode()).hexdigest()[:8]
        first = f"{first[: _MAX_ID - len(end) - 9]}.{digest}"
    return first + end


def leave_nothing_open(transition: Transition) -> None:
    """The run ends from outside: what came up is cancelled, and no wait stays open."""
    state = transition.state
    for key in [key for key in state.came_up if key not in state.ended]:
        transition.settle(key, "cancelled")
    for key, kind in list(state.waits):
        transition.close_wait(key, kind)
