"""What a render has changed: the nodes that it gave, compared with those that are mounted.

A node with the id and the kind of one that is mounted, and with equal fields, is the same: its
definition stays, and what the run knows of it. Callables, and the texts that an author writes for
an agent or a person, are those of the last render; they decide nothing before they are called.
"""

from __future__ import annotations

from dataclasses import field, fields, is_dataclass
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import cast

from smithers.kinds import Definition, kind_of
from smithers.tree import Node, Output, Rework
from smithers.values import dataclass

__all__ = ["Difference", "compare"]

_Pair = tuple[Definition, Node]

_OWN = frozenset({"id", "mark", "address", "prompt", "ask", "run", "call", "what"})
"""Fields in which nodes may differ that are the same; their ids were compared before."""
_OF_CLASSES: dict[type, tuple[str, ...]] = {Rework: ("tasks", "max_rounds"), Output: ("kind",)}
_NAMES: dict[type, tuple[str, ...] | None] = {}
_NOT_GIVEN = object()
_PLAIN = frozenset({str, int, float, bool, bytes, type(None)})
_CALLED = frozenset({FunctionType, MethodType, BuiltinFunctionType, partial})


@dataclass(slots=True)
class Difference:
    """`kept` are the definitions that stay, with their nodes of now, and `containers` those of them
    that have others inside; `replaced` those whose node is another, or whose children are;
    `appended` those that have more children, with all of them.
    """

    kept: list[_Pair] = field(default_factory=list[_Pair])
    containers: list[_Pair] = field(default_factory=list[_Pair])
    replaced: list[_Pair] = field(default_factory=list[_Pair])
    appended: list[tuple[Definition, tuple[Node, ...]]] = field(
        default_factory=list[tuple[Definition, tuple[Node, ...]]]
    )


def compare(root: Definition, node: Node) -> Difference:
    """The difference between a tree that is mounted and one that was rendered."""
    found = Difference()
    kept, replaced = found.kept, found.replaced
    if not _is_of(root, node):
        replaced.append((root, node))
        return found
    waiting = [(root, node)]
    while waiting:
        pair = one, node = waiting.pop()
        kind = one.kind
        if not kind.stays or not _is_same(one.node, node):
            replaced.append(pair)
            continue
        if kind.is_task:
            kept.append(pair)
            continue
        known, children = one.children, node.children
        grows = len(children) > len(known)
        if (
            len(children) < len(known)
            or (grows and not kind.can_append)
            or kind.split(one.node) != kind.split(node)
            or not all(map(_is_of, known, children))
        ):
            replaced.append(pair)
            continue
        kept.append(pair)
        found.containers.append(pair)
        if grows:
            found.appended.append((one, children))
        waiting += zip(known, children, strict=False)
    return found


def _is_of(one: Definition, node: Node) -> bool:
    """Whether a node has the id and the kind of one that is mounted in this place."""
    was = one.node
    return was.id == node.id and (type(was) is type(node) or one.kind is kind_of(node))


def _is_same(was: Node, node: Node) -> bool:
    """Whether what was planned of a node holds for another one in its place."""
    before, now = was.__dict__, node.__dict__
    given = len(now)
    for name, value in now.items():
        known = before.get(name, _NOT_GIVEN)
        if known is value or name in _OWN:
            continue
        if known is _NOT_GIVEN:  # it is held by the class
            known, given = getattr(was, name, None), given - 1
        if type(value) is str:
            if known != value:
                return False
        elif name != "result" and _is_child(value):  # children are compared in their turn
            continue
        elif not _is_equal(known, value):
            return False
    if len(before) == given + ("address" in before):  # which what is mounted may have beside them
        return True
    return all(
        _is_equal(before[name], getattr(node, name, None))
        for name in before.keys() - now.keys() - _OWN
    )


def _is_child(value: object) -> bool:
    if type(value) is tuple:
        return any(map(_is_child, cast("tuple[object, ...]", value)))
    return isinstance(value, Node)


def _is_equal(was: object, value: object) -> bool:
    kind = type(value)
    if was is value:
        return True
    if type(was) is not kind:
        return False
    if kind in _PLAIN:
        return was == value
    if (names := _names(kind)) is not None:
        for name in names:
            ours, theirs = getattr(was, name), getattr(value, name)
            if ours is not theirs and not _is_equal(ours, theirs):
                return False
        return True
    if kind in _CALLED:
        return True
    if kind is tuple:
        mine, others = cast("tuple[object, ...]", was), cast("tuple[object, ...]", value)
        return len(mine) == len(others) and all(map(_is_equal, mine, others))
    if isinstance(value, Node):
        return value.id is not None and cast("Node", was).id == value.id
    return bool(was == value)


def _names(kind: type) -> tuple[str, ...] | None:
    """The attributes by which values of a class are compared; None if it says so itself."""
    if kind not in _NAMES:
        names = _OF_CLASSES.get(kind, getattr(kind, "_fields", None))
        if names is None and is_dataclass(kind):
            names = tuple(one.name for one in fields(kind))
        names = names and tuple(name for name in names if name not in _OWN)
        _NAMES[kind] = names
    return _NAMES[kind]
