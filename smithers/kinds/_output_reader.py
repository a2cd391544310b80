"""What reads the outputs of a run, as kinds use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from smithers.changes import Key
from smithers.kinds._instance import Instance
from smithers.state import Ended, RunState
from smithers.tree import Node, Task

__all__ = ["OutputReader"]


class OutputReader(Protocol):
    """A reader of outputs, as kinds use it."""

    @property
    def state(self) -> RunState: ...

    def ended(self, key: Key, /) -> Ended | None:
        """How a node has ended, as this reader sees it."""
        ...

    def parse(self, node: Task[Any], key: Key, ended: Ended, /) -> object:
        """What a task gave, as a fresh object."""
        ...

    def stored(self, key: Key, ended: Ended, /) -> str | None:
        """The same as JSON text; None if it gave nothing."""
        ...

    def result(self, one: Instance, /) -> object:
        """What a node gave, None if it gave nothing."""
        ...

    def text(self, one: Instance, /) -> str | None:
        """The same as JSON text."""
        ...

    def results(self, one: Instance, /) -> Sequence[Instance]:
        """The items of a fan-out that gave something."""
        ...

    def inside(self, one: Instance, node: Node[Any], /) -> Instance | None:
        """A node inside of this container, in the last iteration of the loops between them; None
        if the run did not come to it.
        """
        ...
