"""A run that ends from outside its tree lives through what cleans up, for a bounded time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import cast

from smithers.changes import ChoiceMade, Key
from smithers.clock import Deadline, Moment
from smithers.engine.endings import Why
from smithers.engine.plan import Plan
from smithers.engine.transition import Transition

__all__ = ["Closing"]

_RUN = Key("")


class Closing:
    """Whether the run ends, because of whom, and until when it may clean up.

    That it ends is a choice of the run as a whole, so that a crash does not forget it; each owner
    has `grace_s` seconds.
    """

    def __init__(self, transition: Transition, grace_s: float, now: Callable[[], Moment]) -> None:
        self._transition = transition
        self._grace = timedelta(seconds=grace_s)
        self._now = now
        self._until: Deadline | None = None
        self._frame = -1
        self.why: Why | None = None

    def use(self, grace_s: float) -> None:
        """Take the time that an edit gives."""
        self._grace = timedelta(seconds=grace_s)

    def begin(self, why: Why, plan: Plan) -> bool:
        """Stop all but what cleans up; False if nothing does, so that the run can end at once."""
        state = self._transition.state
        if not any(one.kind.cleans_up(state, one) for one in plan.instances.values()):
            return False
        choice = ChoiceMade(key=_RUN, kind="ending", value=json.dumps({"why": why}))
        self._transition.do(choice)
        self._start(why)
        plan.end()
        return True

    def resume(self) -> None:
        """Continue what another owner began."""
        if (why := self._transition.state.ending) is not None:
            self._start(cast("Why", why))

    def forget(self) -> None:
        """A run that failed by its deadline is resumed."""
        if (_RUN, "ending") in self._transition.state.choices:
            self._transition.do(ChoiceMade(key=_RUN, kind="ending", value="null"))

    def is_under_way(self) -> bool:
        """Whether this owner was cleaning up before the frame in the making."""
        return self.why is not None and self._transition.number > self._frame

    def is_over(self) -> bool:
        """Whether the time for cleaning up has passed."""
        return self._until is not None and self._until.passed(self._now())

    def _start(self, why: Why) -> None:
        now = self._now()
        self.why, self._until = why, now.deadline(now.wall + self._grace, "boottime")
        self._frame = self._transition.number
