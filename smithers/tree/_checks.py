"""What every constructor of a node checks, so that the author hears of it on their own line."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from types import FunctionType, MethodType
from typing import NoReturn, cast

from smithers.errors import AuthorError
from smithers.tree._handles import Handle
from smithers.tree._places import Mark

__all__ = [
    "check_choice",
    "check_count",
    "check_items",
    "check_name",
    "check_number",
    "check_takes",
    "check_whole",
    "is_async",
    "requires_argument",
    "wrong",
]

_MOST_S = 100 * 365 * 86400
"""A time that is added to any date of this century stays a date that Python has."""


def wrong(mark: Mark, said: str, hint: str = "") -> NoReturn:
    """Refuse what an author wrote, at its place. Raises `AuthorError`."""
    raise AuthorError(said, place=mark.place, hint=hint)


def check_number(mark: Mark, name: str, value: float | None, least: float) -> None:
    """None, or a number of at least `least`. Raises `AuthorError`."""
    number = cast("object", value)
    if number is None:
        return
    in_s = name.endswith("_s") or name == "seconds"
    if isinstance(number, bool) or not isinstance(number, int | float) or not number >= least:
        hint = f"for example {name}=300" if in_s else f"for example {name}=3"
        unit = " of seconds" if in_s and name != "seconds" else ""
        wrong(mark, f"{name} must be a number{unit} of at least {least:g}, not {value!r}", hint)
    if in_s and number > _MOST_S:
        said = f"{name} must be at most {_MOST_S} (a hundred years), not {value!r}"
        wrong(mark, said, f"for example {name}=300")


def check_count(mark: Mark, name: str, value: int | None) -> None:
    """None, or a whole number from 1. Raises `AuthorError`."""
    if value is not None and not isinstance(cast("object", value), int):
        wrong(
            mark,
            f"{name} must be a whole number of at least 1, not {value!r}",
            f"for example {name}=3",
        )
    check_number(mark, name, value, 1)


def check_whole(mark: Mark, what: str, value: object) -> None:
    """A whole number. Raises `AuthorError`."""
    if isinstance(value, bool) or not isinstance(value, int):
        wrong(mark, f"{what} must be a whole number, not {value!r}", "for example priority=10")


def check_name(mark: Mark, what: str, value: object) -> str:
    """A name of something that several nodes share. Raises `AuthorError`."""
    if not isinstance(value, str) or not value:
        wrong(mark, f"{what} must be a name, not {value!r}", "for example pool='database'")
    return value


def check_takes(mark: Mark, what: str, call: object, given: int, argument: str = "item") -> None:
    """A callable of the author's takes what it is called with, and gives its value at once."""
    if isinstance(call, FunctionType):  # at once: there is one in most nodes
        code = call.__code__
        required = code.co_argcount - len(call.__defaults__ or ())
        fits = required <= given <= code.co_argcount and not code.co_kwonlyargcount
        if fits and not code.co_flags & inspect.CO_COROUTINE:
            return
    if not _takes(call, given):
        taken = f"one argument, the {argument}" if given else "no arguments"
        name = "ctx" if argument == "context" else argument
        hint = f"write {f'lambda {name}: ...' if given else 'lambda: ...'}"
        wrong(mark, f"{what} must take {taken}", hint)
    if is_async(call):
        hint = "write a plain function; async work belongs in a Step"
        wrong(mark, f"{what} is async", hint)


def is_async(call: object) -> bool:
    """As `inspect.iscoroutinefunction` says, without its walk for a plain function or method; one
    that has attributes may be marked as a coroutine's.
    """
    plain: object = call.__func__ if isinstance(call, MethodType) else call
    if isinstance(plain, FunctionType) and not plain.__dict__:
        return bool(plain.__code__.co_flags & inspect.CO_COROUTINE)
    return inspect.iscoroutinefunction(call)


def _takes(call: object, given: int) -> bool:
    try:
        inspect.signature(cast("Callable[..., object]", call)).bind(*[None] * given)
    except ValueError:  # a callable of C that does not tell
        return True
    except TypeError:
        return False
    return True


def requires_argument(call: object) -> bool:
    """Whether a callable of the author's cannot be called without an argument."""
    return callable(call) and not _takes(call, 0)


def check_choice(mark: Mark, name: str, value: str, allowed: tuple[str, ...]) -> None:
    """One of the allowed values. Raises `AuthorError`."""
    if value not in allowed:
        listed = " or ".join(repr(one) for one in allowed)
        hint = f"write {' or '.join(f'{name}={one!r}' for one in allowed)}"
        wrong(mark, f"{name} must be {listed}, not {value!r}", hint)


def check_items(items: object, named: str, mark: Mark) -> None:
    """Items have an order, which another process gives again after a crash."""
    name = type(items).__name__
    hint = "pass a list, or a callable that returns one"
    if isinstance(items, set | frozenset):
        hint = "the order of a set differs between processes: write sorted(...)"
    elif isinstance(items, Handle):
        hint = "read its output with ctx[task] in a callable: items=lambda: ctx[task]"
    elif isinstance(items, Iterable) and not isinstance(items, str | bytes):
        return
    wrong(mark, f"the items of {named} must be a list, not a {name}", hint)
