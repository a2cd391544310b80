"""A render is pure: called again on the same state, it gives the same nodes.

Each render of a workflow function makes all its nodes, which is told where that costs.

An id from a clock, a random number or a counter names another task after each crash, and what was
paid under the old one is lost. So the first render is made twice, before anything is paid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, zip_longest
from typing import Any

from smithers.errors import AuthorError, Place
from smithers.tree import Node

__all__ = ["IDS_HINT", "Renders", "check_repeats"]

_MANY_NODES = _MANY_RENDERS = 200
"""From here on both together cost most of a second."""
_MOST_NODES = 1000
"""A larger tree is not made twice: its cost would show, and the same code makes small ones."""
IDS_HINT = (
    "derive ids and order from the input and from outputs, not from uuid, random, the"
    " time, a counter or a set"
)


class Renders:
    """Counts the renders of a workflow function."""

    __slots__ = ("_number",)

    def __init__(self) -> None:
        self._number = 0

    def add(self, nodes: int, place: Place) -> str | None:
        """One more render, of this number of nodes. What a person is told of it, once."""
        self._number += nodes >= _MANY_NODES
        if self._number != _MANY_RENDERS or nodes < _MANY_NODES:
            return None
        return (
            f"the workflow function at {place} was called {_MANY_RENDERS} times for trees of"
            f" {_MANY_NODES} nodes or more: put what depends on outputs in Sequence(then=...) or in"
            " ForEach, which build each node once"
        )


def check_repeats(node: Node[Any], again: Callable[[], Node[Any]], what: str) -> None:
    """Raises `AuthorError` if another call gives other nodes."""
    first = list(islice(_nodes(node), _MOST_NODES + 1))
    if len(first) > _MOST_NODES:
        return
    for one, other in zip_longest(first, _nodes(again())):
        if one is None or other is None or (one.kind, one.id) != (other.kind, other.id):
            raise AuthorError(
                f"{what} returns different nodes each time it is called: {_named(one)},"
                f" then {_named(other)}",
                place=(one or other or node).mark.place,
                hint=IDS_HINT,
            )


def _nodes(node: Node[Any]) -> Iterator[Node[Any]]:
    waiting: list[Node[Any]] = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(reversed(one.children))


def _named(node: Node[Any] | None) -> str:
    if node is None:
        return "nothing"
    return node.kind if node.id is None else f"{node.kind} {node.id!r}"
