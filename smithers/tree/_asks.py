"""What every question to a person has: a text, and the names of those who may answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from smithers.tree._checks import check_takes, wrong
from smithers.tree._handles import NODE_MARK, Handle
from smithers.tree._places import Mark

__all__ = ["check_allowed", "check_ask", "check_text"]


def check_text(given: object, what: str, mark: Mark) -> None:
    """A text does not contain a node by mistake. Raises `AuthorError`."""
    if isinstance(given, str) and NODE_MARK in given:
        wrong(
            mark,
            f"the {what} contains the repr of a node",
            "read the output of a task with ctx[task] in a callable",
        )


def check_ask(who: str, ask: object, mark: Mark) -> None:
    """A question is a text, or a callable that returns one. Raises `AuthorError`."""
    if isinstance(ask, str):
        check_text(ask, f"ask of {who}", mark)
    elif callable(ask):
        check_takes(mark, f"the ask of {who}", ask, 0)
    else:
        wrong(
            mark,
            f"the ask of {who} must be a string or a callable, not a {type(ask).__name__}",
            "pass the question as a string, or a callable that returns one",
        )


def check_allowed(who: str, names: object, mark: Mark) -> tuple[str, ...]:
    """The names of those who may answer. Raises `AuthorError`."""
    given: object = (names,) if isinstance(names, str) else names
    if isinstance(given, Iterable) and not isinstance(given, Handle):
        found = tuple(cast("Iterable[object]", given))
        if all(isinstance(name, str) and name for name in found):
            return cast("tuple[str, ...]", found)
    wrong(
        mark,
        f"the allowed_by of {who} must be a list of names, not {names!r}",
        "for example allowed_by=['ann', 'bob']",
    )
