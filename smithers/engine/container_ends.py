"""Writes which containers have ended, as the plan has it when a frame is committed."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from smithers.changes import ContainerEnded, ContainerReopened, Key, Outcome
from smithers.engine.plan import Plan
from smithers.engine.transition import Transition

__all__ = ["ContainerEnds"]


class ContainerEnds:
    """Keeps the ends of containers in the state those of the plan.

    An end is provisional until the renders of its frame are done: a sequence that grows has ended
    before its next child is added. So this is called once a frame, and last. It costs as much as
    containers have ended since, or were planned again; with a new plan, as there are containers.
    Containers that are `held` are open to a render that is missing: they keep what they have.
    """

    def __init__(self, transition: Transition) -> None:
        self._transition = transition
        self._state = transition.state
        self._plan: Plan | None = None

    def write(self, plan: Plan, held: Collection[Key] = ()) -> None:
        if plan is not self._plan:
            self._plan = plan
            for key in [key for key in self._state.ends if not _has_ended(plan, key)]:
                self._transition.do(ContainerReopened(key=key))
        for key in plan.reopened:
            if key in self._state.ends and not _has_ended(plan, key):
                self._transition.do(ContainerReopened(key=key))
        plan.reopened.clear()
        for one in plan.ended:
            if one.key in held:
                continue
            outcome, known = cast("Outcome", one.status), self._state.ends.get(one.key)
            if known is not None and known.outcome != outcome:
                self._transition.do(ContainerReopened(key=one.key))
            if known is None or known.outcome != outcome:
                self._transition.do(ContainerEnded(key=one.key, outcome=outcome))
        plan.ended[:] = [one for one in plan.ended if one.key in held] if held else []


def _has_ended(plan: Plan, key: Key) -> bool:
    one = plan.instances.get(key)
    return one is not None and one.settled and not one.kind.is_task
