"""The engine, as a flow uses it to make its calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from smithers.context import Context
from smithers.kinds._instance import Instance
from smithers.tree import Node

__all__ = ["Calling"]


class Calling(Protocol):
    """The part of `Asking` that flows alone use."""

    @property
    def catches_up(self) -> bool:
        """Whether the first frame of an owner is made, and what is done again is not known yet."""
        ...

    @property
    def context(self) -> Context[Any]:
        """The context of the run."""
        ...

    def step_later(self, one: Instance, /) -> None:
        """Have `resolve` called once nothing else follows from what has come."""

    def is_known(self, one: Instance, node: Node[Any], /) -> bool:
        """Whether the run came to this child of a flow before."""
        ...

    def is_over(self, one: Instance, /) -> bool:
        """Whether the rows have the end of a flow, so that nothing new starts in it."""
        ...

    def add_call(self, one: Instance, node: Node[Any], after: Sequence[Instance], /) -> Instance:
        """Mount a child of a flow, which was made from what those before it gave, and start it.
        Raises `AuthorError`.
        """
        ...

    def seed(self, one: Instance, /) -> int:
        """The seed of the random numbers of a flow that starts."""
        ...

    def drop_call(self, one: Instance, child: Instance, /) -> None:
        """A child of a flow that was stopped before it made it does not continue."""

    def value_of(self, one: Instance, child: Instance, /) -> object:
        """What a child of a flow gave, as a fresh object; None if it gave nothing."""
        ...

    def absorb(self, child: Instance, /) -> None:
        """The flow went on after the failure of a child."""
