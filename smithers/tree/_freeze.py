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
from typing import Any, NamedTuple, TypeVar, cast

from smithers.errors import AuthorError
from smithers.tree._places import Mark

__all__ = ["RENDERING", "Bindings", "freeze"]

F = TypeVar("F")
_EMPTY = object()
_FROZEN: tuple[type, ...] = (FunctionType, MethodType, functools.partial)


class _Waiting(NamedTuple):
    """A copied cell that waits for the value of a variable, and where its callable was written."""

    copy: CellType
    mark: Mark


class _Variable:
    """A variable of the author's function that has no value yet, and who waits for it."""

    __slots__ = ("cell", "name", "waiting")

    def __init__(self, name: str, cell: CellType) -> None:
        self.name = name
        self.cell = cell
        self.waiting: list[_Waiting] = []


def _value(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


class Bindings:
    """The captured variables of one render."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[CellType, object]] = {}
        """The first value that a callable saw in a variable. All here is by the id of its cell,
        which is kept, so that no other has this id.
        """
        self._changed: set[int] = set()
        """The variables in which another callable saw another value."""
        self._late: dict[int, _Variable] = {}

    def freeze(self, call: F, mark: Mark) -> F:
        """`call` with its variables as they are now; other values than functions as they are."""
        return cast("F", self._freeze(call, mark, {}))

    def _freeze(self, call: object, mark: Mark, done: dict[int, object]) -> object:
        if isinstance(call, FunctionType):
            if not call.__closure__:
                return call
            known = done.get(id(call))
            return self._copy(call, call.__closure__, mark, done) if known is None else known
        if isinstance(call, MethodType):
            return MethodType(cast("Any", self._freeze(call.__func__, mark, done)), call.__self__)
        if isinstance(call, functools.partial):
            part = cast("functools.partial[object]", call)
            return functools.partial(
                cast("Any", self._freeze(part.func, mark, done)),
                *(self._freeze(value, mark, done) for value in part.args),
                **{name: self._freeze(value, mark, done) for name, value in part.keywords.items()},
            )
        return call

    def _copy(
        self,
        call: FunctionType,
        closure: tuple[CellType, ...],
        mark: Mark,
        done: dict[int, object],
    ) -> FunctionType:
        cells = tuple([CellType() for _ in closure])
        code = call.__code__
        copy = FunctionType(code, call.__globals__, call.__name__, call.__defaults__, cells)
        if call.__kwdefaults__:
            copy.__kwdefaults__ = call.__kwdefaults__
        if call.__annotations__:
            copy.__annotations__ = call.__annotations__
        if call.__dict__:
            copy.__dict__.update(call.__dict__)
        copy.__qualname__, copy.__module__ = call.__qualname__, call.__module__
        done[id(call)] = copy
        for place, cell in enumerate(closure):
            seen, new = _value(cell), cells[place]
            if seen is _EMPTY:
                variable = self._late.get(id(cell))
                if variable is None:
                    variable = self._late[id(cell)] = _Variable(code.co_freevars[place], cell)
                variable.waiting.append(_Waiting(new, mark))
            else:
                self._see(cell, seen)
                is_call = isinstance(seen, _FROZEN)
                new.cell_contents = self._freeze(seen, mark, done) if is_call else seen
        return copy

    def _see(self, cell: CellType, value: object) -> None:
        if self._seen.setdefault(id(cell), (cell, value))[1] is not value:
            self._changed.add(id(cell))

    def close(self) -> None:
        """Fill in what was bound further down. Raises `AuthorError` where that is ambiguous."""
        while bound := [one for one in self._late.values() if _value(one.cell) is not _EMPTY]:
            for variable in bound:
                del self._late[id(variable.cell)]
            for variable in bound:
                self._bind(variable)

    def _bind(self, variable: _Variable) -> None:
        final = _value(variable.cell)
        self._see(variable.cell, final)
        if id(variable.cell) in self._changed:
            raise AuthorError(
                f"{variable.name} is read before it is assigned inside a Python loop",
                place=variable.waiting[0].mark.place,
                hint=(
                    "use ForEach, or one function per item, so that each item has its own variable"
                ),
            )
        for copy, mark in variable.waiting:
            copy.cell_contents = self._freeze(final, mark, {})


RENDERING: ContextVar[Bindings | None] = ContextVar("RENDERING", default=None)


def freeze(call: F, mark: Mark) -> F:
    """`call` frozen for the render that is going on; outside a render it stays as it is."""
    if call is None or (isinstance(call, FunctionType) and not call.__closure__):
        return call
    bindings = RENDERING.get()
    return call if bindings is None else bindings.freeze(call, mark)
