"""Who waits for data, and whom to ask again when something has settled or joined the tree."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

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


class Readers(dict[Key, dict[Instance, None]]):
    """Those that wait for data, by what they wait for.

    Most wait for an instance of the plan, and are asked again when it settles. One that is not made
    yet may never be, if a container around it ends before it; one whose id is not in the tree may
    be added, or never be. Who is asked again waits for nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._on: dict[Instance, list[Key]] = {}
        self._around: dict[Key, set[Key]] = {}
        """What has no instance, by each container around it."""
        self._unknown: set[Key] = set()
        """What is not in the tree."""

    def add(self, reader: Instance, on: Key, mounted: Definition | None, *, is_made: bool) -> None:
        """An instance waits for this, which is in the tree if it is `mounted`."""
        self.setdefault(on, {})[reader] = None
        self._on.setdefault(reader, []).append(on)
        if mounted is None:
            self._unknown.add(on)
        elif not is_made:
            for key in makers(mounted, on.path):
                self._around.setdefault(key, set()).add(on)

    def clear(self) -> None:
        super().clear()
        self._on.clear()
        self._around.clear()
        self._unknown.clear()

    @property
    def has_unknown(self) -> bool:
        """Whether any waits for what was not in the tree."""
        return bool(self._unknown)

    def all(self) -> list[Instance]:
        """All that wait."""
        return list(self._on)

    def ended(self, key: Key, made: Container[Key]) -> list[Instance]:
        """A node has settled: those that asked for it, or for what it has not come to."""
        if not self._on:  # as in most runs
            return []
        readers = self._pop(key)
        for inside in sorted(self._around.pop(key, ())):
            if inside not in made:
                readers += self._pop(inside)
        return readers

    def found(self, by_id: Mapping[str, object], *, may_come: bool) -> list[Instance]:
        """The tree has changed: those that asked for what is there now. If nothing can be added
        to it any more (`may_come` is false), all that asked for what is not there.
        """
        found = [key for key in self._unknown if not may_come or key.id in by_id]
        self._unknown.difference_update(found)
        return [reader for key in sorted(found) for reader in self._pop(key)]

    def release(self, ones: Iterable[Instance]) -> list[Instance]:
        """Those of them that wait; they wait no more."""
        found = [one for one in ones if one in self._on]
        for one in found:
            for key in self._on.pop(one):
                if (readers := self.get(key)) is not None:
                    readers.pop(one, None)
                    if not readers:
                        del self[key]
        return found

    def _pop(self, key: Key) -> list[Instance]:
        return self.release(list(self.get(key, ())))
