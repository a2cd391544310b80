"""An instance: a definition of the tree in one iteration of its loops, and how far it is.

The plan alone changes what it holds; everybody else only looks.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Literal

from smithers.changes import Key, Outcome
from smithers.engine.mount import Definition
from smithers.tree import Branch, ForEach, Loop, Parallel, Task
from smithers.tree import Sequence as SequenceNode

__all__ = ["Dropped", "Instance", "Role", "Slots", "role_of"]

Role = Literal["task", "sequence", "parallel", "branch", "loop", "iteration", "foreach"]
Status = Literal["idle", "up", "finished", "failed", "skipped", "cancelled"]


class Instance:
    """A definition in one iteration of its loops, and how far it is."""

    __slots__ = (
        "begun",
        "begun_below",
        "begun_open",
        "children",
        "closed",
        "definition",
        "dropping",
        "failing",
        "key",
        "next",
        "open",
        "parent",
        "place",
        "role",
        "settled_at",
        "slots",
        "status",
        "stopped",
        "worst",
    )

    def __init__(
        self, definition: Definition, key: Key, parent: Instance | None, place: int, role: Role
    ) -> None:
        self.definition = definition
        self.key = key
        self.parent = parent
        self.place = place
        self.role: Role = role
        self.status: Status = "idle"
        self.settled_at = -1
        self.children: Sequence[Instance] = ()
        self.open = 0
        self.next = 0
        self.failing = False
        self.worst: Outcome = "finished"
        self.closed = False
        """Whether it stands in an iteration that is over: what has no end there is skipped."""
        self.begun = False
        self.begun_below = 0
        self.begun_open = 0
        self.slots: Slots | None = None
        self.dropping: Outcome | None = None
        self.stopped = False

    @property
    def path(self) -> tuple[int, ...]:
        return self.key.path

    @property
    def settled(self) -> bool:
        return self.status not in ("idle", "up")

    @property
    def waits_for_order(self) -> bool:
        """Whether something before it is not settled; it may have begun before an edit all the
        same.
        """
        return self.status == "idle" and self.dropping is None

    @property
    def limit(self) -> int | None:
        node = self.definition.node
        return node.limit if isinstance(node, Parallel | ForEach) else None

    @property
    def tolerant(self) -> bool:
        """Whether it goes on without the children that failed."""
        node = self.definition.node
        return isinstance(node, ForEach) and node.on_failure == "continue"

    def __repr__(self) -> str:
        return f"<{self.role} {self.key} {self.status}>"


class Slots:
    """Who waits for a slot of a limited group: by the place of its child, first in the document
    first.
    """

    __slots__ = ("queue", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[int, list[Instance]] = {}
        self.queue: list[int] = []

    def add(self, place: int, instance: Instance) -> None:
        if place not in self.waiting:
            heapq.heappush(self.queue, place)
        self.waiting.setdefault(place, []).append(instance)


class Dropped:
    """A task that will not go on: its outcome, and whether an attempt of it is to be stopped."""

    __slots__ = ("instance", "outcome", "running")

    def __init__(self, instance: Instance, outcome: Outcome, *, running: bool) -> None:
        self.instance = instance
        self.outcome: Outcome = outcome
        self.running = running


def role_of(definition: Definition) -> Role:
    """What an instance of this definition is; an iteration is made by its loop."""
    node = definition.node
    if isinstance(node, Task):
        return "task"
    if isinstance(node, SequenceNode):
        return "sequence"
    if isinstance(node, Parallel):
        return "parallel"
    if isinstance(node, Branch):
        return "branch"
    if isinstance(node, Loop):
        return "loop"
    return "foreach"
