"""Who has read what, and what is inside of what, of all that the rows of a run tell.

It is made from the state, and can be kept up with the changes. It may tell of what is no longer so:
who asks looks at the state as well.
"""

from __future__ import annotations

from collections.abc import Iterable

from smithers.changes import (
    AttemptStarted,
    CameUp,
    Change,
    ChoiceMade,
    Key,
    NodeGone,
    NodeMounted,
    ReadMade,
    Settled,
    WaitOpened,
)
from smithers.shapes import shape_of
from smithers.state import RunState

__all__ = ["Relations"]


class Relations:
    """`readers` are by what they have read, `inside` all that something happened to by the
    containers and iterations that it is in, itself among them, and `below` by the ids of these.
    `places` is the order of the tree's rows, and `handlers` what handles the failures of a
    container, by that one's id.
    """

    def __init__(self, state: RunState) -> None:
        self._state = state
        self.is_stale = False
        """Whether a node has come to another place in the tree, so that it must be made anew."""
        self.readers: dict[Key, set[Key]] = {}
        self.inside: dict[Key, dict[Key, None]] = {}
        self.below: dict[str, dict[Key, None]] = {}
        self.places: dict[str, int] = {}
        self.handlers: dict[str, str] = {}
        self._above: dict[str, tuple[NodeMounted, ...]] = {}
        self._parents = {id: row.parent for id, row in state.gone.items()}
        self._mounted = 0
        for row in state.nodes.values():
            self._mount(row)
        for reader, sources in state.reads.items():
            for source in sources:
                self.readers.setdefault(source, set()).add(reader)
        known = (state.came_up, state.ended, state.tries)
        self._add(key for keys in known for key in keys)
        self._add(key for keys in (state.waits, state.choices) for key, _ in keys)

    def note(self, change: Change) -> None:
        """A change was made."""
        match change:
            case CameUp() | Settled() | AttemptStarted() | WaitOpened() | ChoiceMade():
                self._add((change.key,))
            case ReadMade():
                self.readers.setdefault(change.source, set()).add(change.reader)
            case NodeMounted():
                self._mount(change)
            case NodeGone():
                self.places.pop(change.id, None)
            case _:
                pass

    def row(self, id: str) -> NodeMounted | None:
        """A node of the tree, or one that has left it."""
        return self._state.nodes.get(id) or self._state.gone.get(id)

    def around(self, id: str) -> tuple[NodeMounted, ...]:
        """The containers around a node, innermost first."""
        found = self._above.get(id)
        if found is None:
            row = self.row(id)
            above = None if row is None or row.parent is None else self.row(row.parent)
            found = () if above is None else (above, *self.around(above.id))
            if row is not None:
                self._above[id] = found
        return found

    def depth(self, id: str) -> int:
        """How many loops are around a node."""
        return sum(shape_of(row.kind).iterates for row in self.around(id))

    def _mount(self, row: NodeMounted) -> None:
        if self._parents.setdefault(row.id, row.parent) != row.parent:
            self.is_stale = True
        self._mounted += 1
        self.places[row.id] = self._mounted
        if row.parent is not None and shape_of(row.kind).handles:
            self.handlers[row.parent] = row.id

    def _add(self, keys: Iterable[Key]) -> None:
        for key in keys:
            if key in self.inside.get(key, ()):
                continue
            row = self.row(key.id)
            places, ids = {key}, {key.id}
            for one in (*(() if row is None else (row,)), *self.around(key.id)):
                depth = self.depth(one.id)
                ids.add(one.id)
                places.add(Key(one.id, key.path[:depth]))
                if shape_of(one.kind).iterates:
                    places.add(Key(one.id, key.path[: depth + 1]))
            for place in places:
                self.inside.setdefault(place, {})[key] = None
            for id in ids:
                self.below.setdefault(id, {})[key] = None
