"""What a person does: a leaf that asks, waits, and settles by their answer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from typing_extensions import TypeVar

from smithers.changes import WaitKind
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.kinds.task import Leaf
from smithers.state import RunState
from smithers.tree import Task

__all__ = ["PersonKind"]

N = TypeVar("N", bound=Task[Any], default=Any)


class PersonKind(Leaf[N]):
    """A leaf that is never attempted: a person answers its question."""

    asks_a_person = True
    wait: ClassVar[WaitKind]

    @abstractmethod
    def ask(self, asking: Asking, one: Instance[N]) -> None:
        """Ask the person; it has a slot."""

    def needs(self, node: N) -> Iterator[tuple[str, str]]:
        for need in node.needs:
            yield need, f"needs {need!r}"

    def resolve(self, asking: Asking, one: Instance[N]) -> bool:
        if not asking.make_ready(one):
            return False
        given = asking.state.answers.get(one.key)
        if given is not None:  # as an item of a fan-out it could not be mounted when it was given
            self.answered(asking, one, self.wait, given)
        elif asking.has_slot(one):
            self.ask(asking, one)
        return False

    def has_begun(self, state: RunState, one: Instance[N]) -> bool:
        ended = state.ended.get(one.key)
        was_answered = ended is not None and ended.outcome in ("finished", "failed")
        return was_answered or super().has_begun(state, one)
