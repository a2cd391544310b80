"""Who waits for data, and whom to ask again when something has settled or joined the tree."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from smithers.changes import Key
from smithers.kinds import Definition, Instance

__all__ = ["Readers", "makers"]


def makers(one: Definition, path: tuple[int, ...]) -> Iterator[Key]:
    """The containers around a node in one iteration, innermost first: if one has ended before it
    came to the node, the node has no instance and gets none.
    """
    child, above = one, one.parent
    while above is not None:
        above = above.kind.maker(above, child)
        yield Key(above.id, path[: len(above.loops)])
        child, above = above, above.parent


class Readers(dict[Key, list[Instance]]):
    """Those that wait for data, by what they wait for.

    Most wait for an instance of the plan, and are asked again when it settles. One that is not made
    yet may never be, if a container around it ends before it; one whose id is not in the tree may
    be added, or never be.
    """

    def __init__(self) -> None:
        super().__init__()
        self._around: dict[Key, set[Key]] = {}
        """What has no instance, by each container around it."""
        self._unknown: set[Key] = set()
        """What is not in the tree."""

    def add(self, reader: Instance, on: Key, mounted: Definition | None, *, is_made: bool) -> None:
        """An instance waits for this, which is in the tree if it is `mounted`."""
        self.setdefault(on, []).append(reader)
        if mounted is None:
            self._unknown.add(on)
        elif not is_made:
            for key in makers(mounted, on.path):
                self._around.setdefault(key, set()).add(on)

    def clear(self) -> None:
        super().clear()
        self._around.clear()
        self._unknown.clear()

    @property
    def has_unknown(self) -> bool:
        """Whether any waits for what was not in the tree."""
        return bool(self._unknown)

    def ended(self, key: Key, made: Container[Key]) -> list[Instance]:
        """A node has settled: those that asked for it, or for what it has not come to."""
        readers = self.pop(key, [])
        for inside in sorted(self._around.pop(key, ())):
            if inside not in made:
                readers += self.pop(inside, ())
        return readers

    def found(self, by_id: Mapping[str, object], *, may_come: bool) -> list[Instance]:
        """The tree has changed: those that asked for what is there now. If nothing can be added
        to it any more (`may_come` is false), all that asked for what is not there.
        """
        found = [key for key in self._unknown if not may_come or key.id in by_id]
        self._unknown.difference_update(found)
        return [reader for key in sorted(found) for reader in self.pop(key, ())]
