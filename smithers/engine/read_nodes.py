"""Which node a read means: the one whose output is the output of what was read."""

from __future__ import annotations

from typing import Any, cast

from smithers.errors import AuthorError
from smithers.kinds import kind_of
from smithers.tree import Node, here, shown

__all__ = ["checked", "has_output", "name_of", "source_of", "source_or_none"]


def name_of(node: Node[Any] | None) -> str:
    if node is None:
        return "it"
    return node.id or node.address or f"the {node.kind} at {node.mark.place}"


def source_or_none(node: Node[Any]) -> Node[Any] | None:
    while (source := kind_of(node).source_of_output(node)) is not node:
        if source is None:
            return None
        node = source
    return node


def has_output(node: Node[Any]) -> bool:
    """Whether it is a task or a ForEach, or a group whose result is."""
    return source_or_none(node) is not None


def checked(node: Node[Any]) -> Node[Any]:
    if not isinstance(cast("object", node), Node):
        raise AuthorError(
            f"ctx needs a node, not {shown(node)}",
            place=here().place,
            hint="read a task, for example ctx[plan], or an id, for example ctx.get('plan', Plan)",
        )
    return node


def source_of(node: Node[Any]) -> Node[Any]:
    """The task or ForEach whose output is this node's. Raises `AuthorError` where there is none."""
    if (found := source_or_none(checked(node))) is None:
        said = f"{name_of(node)} is a {node.kind}, which has no output"
        raise AuthorError(said, place=here().place, hint=kind_of(node).hint)
    return found
