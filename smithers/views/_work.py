"""A task at work, in one iteration: what a face that watches a run shows of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from smithers import waits
from smithers.values import dataclass
from smithers.views._tasks import NodeState, is_tolerated, state_of

if TYPE_CHECKING:
    from smithers.changes import Failure, Key, WaitOpened
    from smithers.state import RunState, Waiting
    from smithers.views._tasks import State

__all__ = ["WorkView", "view_work"]


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkView:
    """A task with its last attempt; `attempt` is 0 before the first. `took_s` is the time of an
    attempt that has ended, `began` the start of one that runs. `wait` is what the task waits for.
    """

    key: Key
    state: State
    tolerated: bool = False
    attempt: int = 0
    agent: str = ""
    began: datetime | None = None
    took_s: float | None = None
    tokens: int = 0
    cost: Decimal | None = None
    error: Failure | None = None
    wait: WaitOpened | None = None
    opened: int = -1
    """The frame in which its wait opened."""
    cached: str | None = None
    """The run from which it has its answer, if it did not ask its agent."""

    @property
    def node_state(self) -> NodeState:
        return NodeState(self.state, self.tolerated)

    @property
    def is_for_person(self) -> bool:
        """Whether it waits for somebody to do something."""
        return self.wait is not None and waits.traits(self.wait.kind).is_for_person

    @property
    def is_asked(self) -> bool:
        """Whether it waits for a decision."""
        return self.wait is not None and self.wait.kind in waits.ASKING

    def elapsed_s(self, now: datetime) -> float | None:
        return self.took_s if self.began is None else (now - self.began).total_seconds()


def view_work(state: RunState, key: Key) -> WorkView:
    """A task as it is in the state of its run."""
    ended, tries = state.ended.get(key), state.tries.get(key)
    name, tolerated = state_of(state, key), is_tolerated(state, key)
    found = _wait(state, key) if name == "waiting" else None
    wait, opened = (None, -1) if found is None else (found.opened, found.frame)
    error = None if ended is None else ended.error
    if not tries:
        return WorkView(
            key=key,
            state=name,
            tolerated=tolerated,
            error=error,
            wait=wait,
            opened=opened,
            cached=state.cached_from(key),
        )
    last, used = tries[-1], tries[-1].used
    until = last.ended_at
    return WorkView(
        key=key,
        state=name,
        tolerated=tolerated,
        attempt=last.number,
        agent=last.agent,
        began=last.started_at if until is None else None,
        took_s=None if until is None else (until - last.started_at).total_seconds(),
        tokens=0 if used is None else used.tokens_in + used.tokens_out,
        cost=None if used is None else used.cost,
        error=last.error or error,
        wait=wait,
        opened=opened,
    )


def _wait(state: RunState, key: Key) -> Waiting | None:
    found = (state.waits.get((key, kind)) for kind in waits.KINDS)
    return next((wait for wait in found if wait is not None), None)
