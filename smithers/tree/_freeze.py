"""Callables see their variables as they were where they were written.

A Python closure looks its variables up when it is called, so a lambda in a loop would see the last
round's. `Bindings.freeze` copies a callable with the values of that moment. A variable that is
bound further down has no value yet; it is filled in when the render ends, and must then be the one
object that every callable sharing the variable means.
"""

from __future__ import annotations

import functools
from contextvars import ContextVar
from types import CellType, FunctionType, MethodType
from typing import Any, TypeVar, cast

from smithers.errors import AuthorError
from smithers.tree._places import Mark
from smithers.values import dataclass

__all__ = ["RENDERING", "Bindings", "freeze"]

F = TypeVar("F")
_EMPTY = object()


@dataclass(slots=True)
class _Capture:
    """What one callable saw in a variable: the value then, or the copied cell that waits for it."""

    value: object
    copy: CellType
    mark: Mark


@dataclass(slots=True)
class _Variable:
    """A variable of the author's function, and everyone who captured it in this render."""

    name: str
    cell: CellType
    captures: list[_Capture]


def _value(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


class Bindings:
    """The captured variables of one render."""

    def __init__(self) -> None:
        self._variables: dict[int, _Variable] = {}

    def freeze(self, call: F, mark: Mark) -> F:
        """`call` with its variables as they are now; other values than functions as they are."""
        return cast("F", self._freeze(call, mark, {}))

    def _freeze(self, call: object, mark: Mark, done: dict[int, object]) -> object:
        if (known := done.get(id(call))) is not None:
            return known
        if isinstance(call, MethodType):
            return MethodType(cast("Any", self._freeze(call.__func__, mark, done)), call.__self__)
        if isinstance(call, functools.partial):
            part = cast("functools.partial[object]", call)
            return functools.partial(
                cast("Any", self._freeze(part.func, mark, done)),
                *(self._freeze(value, mark, done) for value in part.args),
                **{name: self._freeze(value, mark, done) for name, value in part.keywords.items()},
            )
        if not isinstance(call, FunctionType) or not call.__closure__:
            return call
        cells = tuple(CellType() for _ in call.__closure__)
        copy = FunctionType(
            call.__code__, call.__globals__, call.__name__, call.__defaults__, cells
        )
        copy.__kwdefaults__ = call.__kwdefaults__
        copy.__annotations__ = call.__annotations__
        copy.__dict__.update(call.__dict__)
        copy.__qualname__, copy.__module__ = call.__qualname__, call.__module__
        done[id(call)] = copy
        for name, cell, new in zip(call.__code__.co_freevars, call.__closure__, cells, strict=True):
            value = _value(cell)
            variable = self._variables.setdefault(id(cell), _Variable(name, cell, []))
            variable.captures.append(_Capture(value, new, mark))
            if value is not _EMPTY:
                new.cell_contents = self._freeze(value, mark, done)
        return copy

    def close(self) -> None:
        """Fill in what was bound further down. Raises `AuthorError` where that is ambiguous."""
        while late := [
            variable
            for variable in self._variables.values()
            if any(capture.value is _EMPTY for capture in variable.captures)
            and _value(variable.cell) is not _EMPTY
        ]:
            for variable in late:
                self._bind(variable)

    def _bind(self, variable: _Variable) -> None:
        final = _value(variable.cell)
        first = next(capture for capture in variable.captures if capture.value is _EMPTY)
        if any(seen.value is not _EMPTY and seen.value is not final for seen in variable.captures):
            raise AuthorError(
                f"{variable.name} is read before it is assigned inside a Python loop",
                place=first.mark.place,
                hint=(
                    "use ForEach, or one function per item, so that each item has its own variable"
                ),
            )
        for capture in variable.captures:
            if capture.value is _EMPTY:
                capture.value = final
                capture.copy.cell_contents = self._freeze(final, capture.mark, {})


RENDERING: ContextVar[Bindings | None] = ContextVar("RENDERING", default=None)


def freeze(call: F, mark: Mark) -> F:
    """`call` frozen for the render that is going on; outside a render it stays as it is."""
    if call is None or (isinstance(call, FunctionType) and not call.__closure__):
        return call
    bindings = RENDERING.get()
    return call if bindings is None else bindings.freeze(call, mark)
