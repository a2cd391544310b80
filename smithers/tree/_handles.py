"""A node is a handle of an output, not the output; what says so if one is used as the other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, NoReturn, cast

from smithers.errors import AuthorError
from smithers.tree._places import author_place, is_ours
from smithers.tree._texts import plain_text

__all__ = ["NODE_MARK", "Handle", "handle_hint", "shown"]

NODE_MARK = f": a handle, not the output, #{os.urandom(3).hex()}>"
"""The end of what `repr` gives for a handle. A text that is sent must not contain it.

It differs from process to process, so an agent may repeat what it has read in the logs of others.
"""


def shown(value: object) -> str:
    """A value as an error shows it."""
    text = plain_text(repr(value)).replace(NODE_MARK, ">")
    return text if len(text) <= 60 else f"{text[:57]}..."


_DATA = (str, bytes, int, float, list, dict, tuple, set, frozenset)


class Handle:
    """What every node, and the type of its output, refuses: to be used as if it were the output.

    `repr` stays harmless, for debuggers and logs. So does the truth of a node: `if review:` is how
    an author asks whether there is one.
    """

    id: str | None

    def __repr__(self) -> str:
        id = getattr(self, "id", None)
        return f"<{type(self).__name__}{'' if id is None else f' {id!r}'}{NODE_MARK}"

    if not TYPE_CHECKING:  # a checker refuses these by itself

        def __str__(self) -> str:
            _refuse(self, "as text")

        def __format__(self, spec: str) -> str:
            _refuse(self, "as text")

        def __add__(self, other: object) -> NoReturn:
            _refuse(self, "in an addition")

        __radd__ = __add__

        def __mod__(self, other: object) -> NoReturn:
            _refuse(self, "as text")

        def __eq__(self, other: object) -> bool:
            if isinstance(other, _DATA):
                _refuse(self, f"in a comparison with a {type(other).__name__}")
            return NotImplemented

        __hash__ = object.__hash__


def handle_hint(error: BaseException) -> str:
    """What to type if an error came of a node that was used as if it were its output, or nothing.

    Python's errors name the class of what they refuse, so that is looked for among the nodes that
    the author's code had at hand.
    """
    for given in _given_to(error):
        if isinstance(given, Handle):
            return _hint(given)
    if not isinstance(error, TypeError):
        return ""
    words = set(re.findall(r"\w+", str(error)))
    near = {id(one): one for one in _at_hand(error.__traceback__) if type(one).__name__ in words}
    return _hint(*near.values()) if near else ""


def _given_to(error: BaseException) -> Iterator[object]:
    """What an exception was made with; whose attribute is missing; the values a model refused."""
    yield from error.args
    if isinstance(error, AttributeError):
        yield error.obj
    errors = getattr(error, "errors", None)
    if isinstance(error, ValueError) and callable(errors):  # pydantic's
        for item in cast("list[Mapping[str, object]]", errors()):
            yield item.get("input")


def _at_hand(trace: TracebackType | None) -> Iterator[Handle]:
    """The nodes in the variables of the author's calls, and in what these hold."""
    while trace is not None:
        frame, trace = trace.tb_frame, trace.tb_next
        space = cast("Mapping[str, object]", frame.f_globals)
        if is_ours(space.get("__name__")):
            continue
        named = [space[name] for name in frame.f_code.co_names if name in space]
        for value in (*cast("Mapping[str, object]", frame.f_locals).values(), *named):
            for one in (value, *_held_by(value)):
                if isinstance(one, Handle):
                    yield one


def _held_by(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from cast("Mapping[object, object]", value).values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from cast("list[object]", value)
    elif not isinstance(value, type | ModuleType | Handle):
        held: object = getattr(value, "__dict__", None)
        if isinstance(held, dict):
            yield from cast("dict[str, object]", held).values()


def _refuse(node: Handle, used: str) -> NoReturn:
    name, id = type(node).__name__, getattr(node, "id", None)
    which = f"this {name}" if id is None else f"{name} {id!r}"
    raise AuthorError(
        f"{which} is used {used}, but it is a handle, not its output",
        place=author_place(),
        hint=_hint(node),
    )


def _hint(*nodes: Handle) -> str:
    id = getattr(nodes[0], "id", None) if len(nodes) == 1 else None
    name = id if isinstance(id, str) and id.isidentifier() else "task"
    return f'read its output with ctx[{name}] in a callable: prompt=lambda: f"... {{ctx[{name}]}}"'
