"""A node is a handle of an output, not the output; what says so if one is used as the other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from smithers.errors import AuthorError
from smithers.tree._places import here

__all__ = ["NODE_MARK", "Handle", "handle_hint"]

NODE_MARK = ": a node, not its output>"
"""The end of what `repr` gives for a node; a text that is sent must not contain it."""

_NAMES = "Task|Step|Approval|Sequence|Parallel|Branch|Loop|ForEach"
_OF_A_NODE = re.compile(
    rf"'({_NAMES})' object|of type '?({_NAMES})\b|expected str instance, ({_NAMES}) found"
    rf"|\bnot '?({_NAMES})'?$|not \"({_NAMES})\"|and '({_NAMES})'$"
)
"""How Python names the type in the TypeErrors of a value that is used as another type."""


class Handle:
    """What every node refuses: to be formatted as text, and to be added to one.

    `repr` stays harmless, for debuggers and logs.
    """

    id: str | None

    def __repr__(self) -> str:
        named = f" {self.id!r}" if getattr(self, "id", None) is not None else ""
        return f"<{type(self).__name__}{named}{NODE_MARK}"

    if not TYPE_CHECKING:  # a checker still refuses what these refuse

        def __str__(self) -> str:
            _refuse(self)

        def __format__(self, spec: str) -> str:
            _refuse(self)

        def __add__(self, other: object) -> NoReturn:
            _refuse(self)

        def __radd__(self, other: object) -> NoReturn:
            _refuse(self)

        def __mod__(self, other: object) -> NoReturn:
            _refuse(self)


def handle_hint(error: BaseException) -> str:
    """What to type if a node was used as if it were its output, or nothing."""
    if isinstance(error, AttributeError):
        node = error.obj
        return _hint(node.id) if isinstance(node, Handle) else ""
    if isinstance(error, TypeError) and _OF_A_NODE.search(str(error)):
        return _hint(None)
    return ""


def _refuse(node: Handle) -> NoReturn:
    name = type(node).__name__
    which = f"{name} {node.id!r}" if node.id is not None else f"this {name}"
    raise AuthorError(
        f"{which} is used as text, but it is a node and not its output",
        place=here().place,
        hint=_hint(node.id),
    )


def _hint(id: str | None) -> str:
    name = "task" if id is None or not id.isidentifier() else id
    return f'write ctx[{name}] for its output, in a callable: prompt=lambda: f"... {{ctx[{name}]}}"'
