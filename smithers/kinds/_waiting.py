"""A leaf that is never attempted: it opens a wait, and settles by what ends that."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from typing_extensions import TypeVar

from smithers.changes import WaitKind
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.kinds._rework import is_sent_back
from smithers.kinds.task import Leaf
from smithers.state import RunState
from smithers.tree import Task

__all__ = ["WaitingKind"]

N = TypeVar("N", bound=Task[Any], default=Any)


class WaitingKind(Leaf[N]):
    """A leaf of which nothing runs: a person answers its question, or a time comes."""

    only_waits = True
    wait: ClassVar[WaitKind]

    @abstractmethod
    def ask(self, asking: Asking, one: Instance[N]) -> None:
        """Open the wait, unless it reads what is not there yet; it has a slot."""

    def refit(self, asking: Asking, one: Instance[N]) -> None:  # most waits ask for nothing
        """Its wait is open. If an edit has changed what it asks for, it is opened anew for that."""

    def resolve(self, asking: Asking, one: Instance[N]) -> bool:
        if (one.key, self.wait) in asking.state.waits:
            self.refit(asking, one)
        if not asking.make_ready(one):
            return False
        given = asking.state.answers.get(one.key)
        if given is not None:  # as an item of a fan-out it could not be mounted when it was given
            self.answered(asking, one, self.wait, given)
        elif asking.has_slot(one):
            self.ask(asking, one)
        return False

    def has_begun(self, state: RunState, one: Instance[N]) -> bool:
        if is_sent_back(state, one.key) or one.key in state.answers:
            return True
        ended = state.ended.get(one.key)
        was_answered = ended is not None and ended.outcome in ("finished", "failed")
        return was_answered or super().has_begun(state, one)
