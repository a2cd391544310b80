"""What every constructor of a node checks, so that the author hears of it on their own line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn, cast

from smithers.errors import AuthorError
from smithers.tree._handles import Handle
from smithers.tree._places import Mark

__all__ = ["check_choice", "check_count", "check_items", "check_number", "wrong"]


def wrong(mark: Mark, said: str, hint: str = "") -> NoReturn:
    raise AuthorError(said, place=mark.place, hint=hint)


def check_number(mark: Mark, name: str, value: float | None, least: float) -> None:
    number = cast("object", value)
    if number is None:
        return
    if isinstance(number, bool) or not isinstance(number, int | float) or not number >= least:
        wrong(mark, f"{name} must be a number of at least {least:g}, not {value!r}")


def check_count(mark: Mark, name: str, value: int | None) -> None:
    if value is not None and not isinstance(cast("object", value), int):
        wrong(mark, f"{name} must be a whole number of at least 1, not {value!r}")
    check_number(mark, name, value, 1)


def check_choice(mark: Mark, name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        listed = " or ".join(repr(one) for one in allowed)
        wrong(mark, f"{name} must be {listed}, not {value!r}")


def check_items(items: object, named: str, mark: Mark) -> None:
    """Items have an order, which another process gives again after a crash."""
    name = type(items).__name__
    hint = "give a list, or a callable that gives one"
    if isinstance(items, set | frozenset):
        hint = "a set has another order in each process: write sorted(...)"
    elif isinstance(items, Handle):
        hint = "write ctx[task] for its output, in a callable: items=lambda: ctx[task]"
    elif isinstance(items, Iterable) and not isinstance(items, str | bytes):
        return
    wrong(mark, f"the items of {named} are a {name}, not a list", hint)
