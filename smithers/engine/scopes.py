"""The scopes of a run that were rendered, and which of them read what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import field
from typing import Any

from smithers.kinds import Definition
from smithers.values import dataclass

__all__ = ["Scope", "Scopes"]


@dataclass(slots=True, eq=False)
class Scope:
    """A rendered subtree, and the ids that were read for it. What is made from a `value`, such as
    an item, is mounted below a node, `around`, in one iteration of its loops, `path`.
    """

    root: Definition
    watched: frozenset[str] = frozenset()
    around: Definition[Any] | None = None
    path: tuple[int, ...] = ()
    value: Any = None
    following: tuple[Definition, ...] = ()
    """The part that follows this one, which `then` has given with it."""

    @property
    def item(self) -> str:
        return self.root.item


@dataclass(slots=True, eq=False)
class Scopes:
    """All scopes: that of the workflow function, and those that are made from a value."""

    root: Scope | None = None
    watched: dict[str, dict[Scope, None]] = field(default_factory=dict[str, dict[Scope, None]])
    """Who reads each id."""
    _of_values: dict[tuple[str, tuple[int, ...], str], Scope] = field(
        default_factory=dict[tuple[str, tuple[int, ...], str], Scope]
    )
    _inside: dict[str, list[Scope]] = field(default_factory=dict[str, list[Scope]])
    _of_root: dict[Definition, Scope] = field(default_factory=dict[Definition, Scope])

    def add(self, scope: Scope, watched: Collection[str]) -> None:
        self._of_root[scope.root] = scope
        if scope.around is None:
            self.root = scope
        else:
            self._of_values[scope.around.id, scope.path, scope.item] = scope
            self._inside.setdefault(scope.around.id, []).append(scope)
        self.watch(scope, frozenset(watched))

    def find(self, around: Definition, path: tuple[int, ...], item: str) -> Scope | None:
        return self._of_values.get((around.id, path, item))

    def inside(self, around: Definition) -> Sequence[Scope]:
        """Those that are mounted below a node, in all iterations of its loops."""
        return self._inside.get(around.id, ())

    def watch(self, scope: Scope, watched: frozenset[str]) -> None:
        """It reads these ids now."""
        added = watched - scope.watched
        for id in added:
            self.watched.setdefault(id, {})[scope] = None
        if len(scope.watched) + len(added) > len(watched):
            for id in scope.watched - watched:
                readers = self.watched[id]
                del readers[scope]
                if not readers:
                    del self.watched[id]
        scope.watched = watched

    def reading(self, ids: Iterable[str]) -> Iterable[Scope]:
        """Those that have read any of these ids."""
        return {scope: None for id in ids for scope in self.watched.get(id, ())}

    def outer(self, scope: Scope) -> Scope | None:
        """The scope in which the node stands that a scope is below."""
        one = scope.around
        while one is not None:
            if (found := self._of_root.get(one)) is not None:
                return found
            one = one.parent
        return None

    def depth(self, scope: Scope) -> int:
        depth, outer = 0, self.outer(scope)
        while outer is not None:
            depth, outer = depth + 1, self.outer(outer)
        return depth

    def move(self, scope: Scope, root: Definition) -> None:
        """Its tree is another one."""
        del self._of_root[scope.root]
        scope.root, self._of_root[root] = root, scope

    def drop(self, around: Definition) -> None:
        """A node has left the tree, with what was mounted below it."""
        for scope in self._inside.pop(around.id, ()):
            self.watch(scope, frozenset())
            self._of_values.pop((around.id, scope.path, scope.item), None)
            self._of_root.pop(scope.root, None)
