"""An instance: a definition of the tree in one iteration of its loops, and how far it is.

The plan and the kinds alone change what it holds; everybody else only looks.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal

from typing_extensions import TypeVar

from smithers.changes import Key, Outcome
from smithers.kinds._definition import Definition
from smithers.tree import Node

if TYPE_CHECKING:
    from smithers.kinds._kind import Kind
    from smithers.kinds._strands import Strands

__all__ = ["Dropped", "Instance", "Slots"]

N_co = TypeVar("N_co", bound=Node[Any], default=Any, covariant=True)
Status = Literal["idle", "up", "finished", "failed", "skipped", "cancelled", "gone"]


class Instance(Generic[N_co]):
    """A definition in one iteration of its loops, and how far it is. Its node is an `N_co`.

    One that is `gone` was planned anew, or left the tree: who still has it does nothing with it.
    """

    __slots__ = (
        "begun",
        "begun_below",
        "begun_open",
        "cancels",
        "children",
        "closed",
        "definition",
        "dropping",
        "entered",
        "failing",
        "has_turn",
        "held",
        "key",
        "kind",
        "limit",
        "next",
        "open",
        "parent",
        "place",
        "queued",
        "settled_at",
        "slots",
        "status",
        "stopped",
        "strands",
        "tolerated",
        "turns",
        "verdict",
        "worst",
    )

    def __init__(
        self,
        definition: Definition[N_co],
        key: Key,
        parent: Instance | None,
        place: int,
        kind: Kind[N_co],
    ) -> None:
        self.definition = definition
        self.key = key
        self.parent = parent
        self.place = place
        self.queued = False
        """Whether it is among those that are ready."""
        self.kind: Kind[Any] = kind
        self.limit = kind.limit(definition.node)
        self.status: Status = "idle"
        self.settled_at = -1
        self.children: Sequence[Instance] = ()
        self.open = 0
        self.next = 0
        self.failing = False
        self.worst: Outcome = "finished"
        self.closed = False
        """Whether it is in an iteration that is over: what has no end there is skipped."""
        self.begun = False
        self.begun_below = 0
        self.begun_open = 0
        self.has_turn = False
        """Whether it is asked, or may begin, before others that wait for a slot of its parent."""
        self.turns = 0
        """How many of its children have a turn."""
        self.held = 0
        """How many tasks of it, or of what is below it, wait for a larger budget."""
        self.slots: Slots | None = None
        self.dropping: Outcome | None = None
        self.stopped = False
        self.cancels = False
        """Whether a flow that was stopped stops what runs below it, too."""
        self.entered = False
        """Whether it had begun when it was stopped."""
        self.tolerated = False
        """Whether it continued without children that failed: then it gives nothing."""
        self.strands: Strands | None = None
        """The coroutines of a flow that is under way."""
        self.verdict: Outcome | None = None
        """What the coroutine of a flow has come to."""

    @property
    def node(self) -> N_co:
        """That of the last render."""
        return self.definition.node

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
    def is_under_way(self) -> bool:
        """Whether it and all around it continue."""
        one: Instance | None = self
        while one is not None and one.status == "up" and one.dropping is None and not one.stopped:
            one = one.parent
        return one is None

    def around(self) -> Iterator[Instance]:
        """The containers around it, innermost first."""
        one = self.parent
        while one is not None:
            yield one
            one = one.parent

    def walk(self) -> list[Instance]:
        """It and all below it, what is around first."""
        found: list[Instance] = [self]
        for one in found:
            found.extend(one.children)
        return found

    def __repr__(self) -> str:
        return f"<{self.kind.name} {self.key} {self.status}>"


class Slots:
    """Who waits for a slot of a limited group: by the place of its child, first in the document
    first.
    """

    __slots__ = ("queue", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[int, list[Instance]] = {}
        self.queue: list[int] = []

    def add(self, place: int, instance: Instance) -> None:
        if (known := self.waiting.get(place)) is None:
            heapq.heappush(self.queue, place)
            self.waiting[place] = [instance]
        else:
            known.append(instance)

    def take_all(self) -> list[Instance]:
        """Nobody waits here from now on; those who did, in document order."""
        waiting, self.waiting = self.waiting, {}
        self.queue.clear()
        return [one for place in sorted(waiting) for one in waiting[place]]


class Dropped:
    """A task that will not continue: its outcome, and whether an attempt of it is to be stopped."""

    __slots__ = ("instance", "outcome", "running")

    def __init__(self, instance: Instance, outcome: Outcome, *, running: bool) -> None:
        self.instance = instance
        self.outcome: Outcome = outcome
        self.running = running
