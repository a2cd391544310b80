"""What a container gives: the output of a node inside it, or what a callable of the author returns.

What a callable returned is a choice, so it is called once and its value is a row: JSON text with
the class to read it back as, where none was declared.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any, Generic, TypeVar, cast, get_type_hints
from weakref import WeakKeyDictionary

from pydantic import ValidationError

from smithers.errors import AuthorError
from smithers.tree._checks import check_takes, wrong
from smithers.tree._exact import NotExact
from smithers.tree._freeze import freeze
from smithers.tree._handles import Handle, shown
from smithers.tree._outputs import Output, output_of, problem
from smithers.tree._places import Mark
from smithers.values import dataclass

__all__ = ["Computed", "check_output", "computed", "returned"]

T = TypeVar("T")
_TYPE, _VALUE = '{"type":', ',"value":'


@dataclass(frozen=True, slots=True)
class Computed(Generic[T]):
    """A callable whose value is kept as a choice. `what` names it in errors."""

    call: Callable[..., T]
    output: Output[T]
    what: str
    mark: Mark

    def row(self, value: object) -> str:
        """`value` as the JSON text of its row. Raises `AuthorError` if it cannot be stored."""
        if isinstance(value, Handle):
            hint = "write ctx[task] for the output of a task"
            raise AuthorError(
                f"{self.what} returned {shown(value)}", place=self.mark.place, hint=hint
            )
        try:
            text, kind = self.output.dump_typed(value)
        except (ValidationError, NotExact) as error:
            why = problem(error) if isinstance(error, ValidationError) else str(error)
            raise AuthorError(
                f"the value of {self.what} cannot be stored: {why}",
                place=self.mark.place,
                hint="return plain JSON data, or annotate the function with a model that fits",
            ) from error
        return f"{_TYPE}{json.dumps(kind)}{_VALUE}{text}}}"

    def parse(self, row: str) -> T:
        """The value of a row, as a fresh object. Raises `AuthorError` if its class is gone."""
        text, kind = _parts(row)
        try:
            return self.output.parse_as(text, kind)
        except (ValidationError, NotExact) as error:
            why = problem(error) if isinstance(error, ValidationError) else str(error)
            raise AuthorError(f"the value of {self.what}: {why}", place=self.mark.place) from error

    @staticmethod
    def text(row: str) -> str:
        """The value of a row as JSON text."""
        return _parts(row)[0]

    @staticmethod
    def type_name(row: str) -> str | None:
        """The class to read the value of a row back as, if none was declared."""
        return _parts(row)[1]


def _parts(row: str) -> tuple[str, str | None]:
    kind, end = json.JSONDecoder().raw_decode(row, len(_TYPE))
    return row[end + len(_VALUE) : -1], cast("str | None", kind)


def computed(call: Any, what: str, mark: Mark, *, takes: str = "") -> Computed[Any]:
    """A callable of the author's, checked and frozen; `takes` names its argument, if it has one."""
    check_takes(mark, what, call, 1 if takes else 0, takes)
    return Computed(freeze(call, mark), check_output(returned(call), mark), what, mark)


def check_output(kind: Any, mark: Mark) -> Output[Any]:
    """The `Output` of a type that the author wrote."""
    if isinstance(kind, str):
        said = f"output= must be a type, not the string {kind!r}"
        wrong(mark, said, f"write output={kind} without quotes")
    if type(kind) in (dict, list, tuple):
        said = f"output= must be a type, not the {type(kind).__name__} {shown(kind)}"
        wrong(mark, said, "write a model: class Answer(BaseModel): ..., and output=Answer")
    try:
        return output_of(kind)
    except AuthorError as error:
        wrong(mark, error.said, error.hint)


_RETURNS: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""Return types by function: resolving an annotation compiles it."""


def returned(run: Callable[..., object]) -> Any:
    """The annotated return type, or Any where there is none."""
    if isinstance(run, FunctionType) and run.__closure__ is None:
        return _returned_once(run)
    return _returned(run)


def _returned(run: Callable[..., object]) -> Any:
    function: Any = run
    if not isinstance(run, FunctionType) or "__wrapped__" in run.__dict__:
        function = inspect.unwrap(run)
        function = getattr(function, "__func__", getattr(function, "func", function))
    if "return" not in getattr(function, "__annotations__", {}):
        return Any
    if function not in _RETURNS:
        try:
            _RETURNS[function] = get_type_hints(function)["return"]
        except (NameError, TypeError, KeyError):
            _RETURNS[function] = Any
    return _RETURNS[function]


# A function without variables around it keeps nothing alive but its module.
_returned_once = lru_cache(maxsize=1024)(_returned)
