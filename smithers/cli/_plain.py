"""Commands whose arguments are typed in the plainest way, which most are: they come without typer.

Typer and what it imports would be most of the time of a `ps`, and a fifth of that of an `up`. Where
anything is missing, unknown, wrong or asks for help, typer reads the same arguments, and says so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from smithers.cli._arguments import Argument, Option, as_typed

__all__ = ["COMMANDS", "plain_call", "plainly"]

COMMANDS = {
    "answer": "_answering",
    "approve": "_deciding",
    "asks": "_asking",
    "attach": "_attaching",
    "audit": "_auditing",
    "budget": "_raising",
    "cancel": "_deciding",
    "check": "_checking",
    "config": "_configuring",
    "cost": "_reading",
    "demo": "_demo",
    "deny": "_deciding",
    "diff": "_travelling",
    "docs": "_manual",
    "doctor": "_doctor",
    "eval": "_evaluating:evaluate",
    "events": "_reading",
    "fork": "_forking",
    "freeze": "_replaying",
    "graph": "_graphing",
    "init": "_initializing",
    "inspect": "_reading",
    "logs": "_reading",
    "mcp": "_serving:serve",
    "new": "_authoring",
    "patterns": "_patterns",
    "ps": "_listing",
    "receipt": "_proving",
    "replay": "_replaying",
    "resume": "_running",
    "retry": "_forking",
    "rewind": "_forking",
    "send": "_sending",
    "serve": "_web",
    "show": "_travelling",
    "sql": "_reading",
    "steer": "_steering",
    "supervise": "_supervising",
    "timeline": "_reading",
    "trust": "_trusting",
    "ui": "_opening",
    "up": "_running",
    "verify": "_proving",
    "why": "_reading",
    "workflows": "_workflows",
}
"""The module of each command, and its function where that has another name than the command."""
_SHAPES = {int: re.compile(r"[0-9]+"), float: re.compile(r"[0-9]+(\.[0-9]+)?")}
_READ: dict[object, Callable[[str], object]] = {str: str, Path: Path, int: int, float: float}


def plain_call(arguments: Sequence[str]) -> Callable[[], int] | None:
    """The command that was typed with its arguments, or None if typer has to read them."""
    if not arguments or "_SMITHERS_COMPLETE" in os.environ:
        return None
    name, *words = as_typed(arguments)
    if (home := COMMANDS.get(name)) is None:
        return None
    module, _, function = home.partition(":")
    command = getattr(import_module(f"smithers.cli.{module}"), function or name)
    if (given := plainly(command, words)) is None:
        return None
    return partial(_code, partial(command, **given))


def _code(command: Callable[[], object]) -> int:
    code = command()
    return code if isinstance(code, int) else 0


def plainly(command: Callable[..., object], words: Sequence[str]) -> dict[str, object] | None:
    """What the words give to the parameters of a command; None where they do not fit exactly."""
    options, places = _parameters(command)
    given: dict[str, Any] = {}
    rest = list(words)
    while rest:
        taken = _option(rest, options) if rest[0].startswith("-") else _place(rest, places)
        if taken is None:
            return None
        name, kind, read = taken
        if _is_list(kind):
            given.setdefault(name, []).append(read)
        else:
            given[name] = read
    return given if _needed(command) <= given.keys() else None


_Options = dict[str, tuple[str, Any, int | None]]


_Taken = tuple[str, Any, object]
"""A parameter, its type, and what was read for it."""


def _option(rest: list[str], options: _Options) -> _Taken | None:
    word, equals, value = rest.pop(0).partition("=")
    if word not in options or (equals and not word.startswith("--")):
        return None
    name, kind, least = options[word]
    if kind is bool:
        return None if equals else (name, kind, True)
    if not equals and not rest:
        return None
    read = _read(value if equals else rest.pop(0), kind, least)
    return None if read is None else (name, kind, read)


def _place(rest: list[str], places: list[tuple[str, Any]]) -> _Taken | None:
    if not places:
        return None
    name, kind = places[0]
    if not _is_list(kind):
        places.pop(0)
    read = _read(rest.pop(0), kind, None)
    return None if read is None else (name, kind, read)


def _parameters(command: Callable[..., object]) -> tuple[_Options, list[tuple[str, Any]]]:
    """The parameter, the type and the least value of each option; and of what has a place."""
    options: _Options = {}
    places: list[tuple[str, Any]] = []
    for name, hint in get_type_hints(command, include_extras=True).items():
        match get_args(hint):
            case (kind, Option() as told):
                options |= {one: (name, _bare(kind), told.min) for one in told.names}
            case (kind, Argument()):
                places.append((name, _bare(kind)))
            case _:
                pass
    return options, places


def _bare(kind: Any) -> Any:
    """A type without its None."""
    found = [one for one in get_args(kind) if one is not NoneType]
    return found[0] if NoneType in get_args(kind) else kind


def _is_list(kind: object) -> bool:
    return get_origin(kind) is list


def _needed(command: Callable[..., Any]) -> set[str]:
    """The parameters that have no default."""
    code, defaults = command.__code__, command.__defaults__ or ()
    return {*code.co_varnames[: code.co_argcount - len(defaults)]}


def _read(word: str, kind: Any, least: int | None) -> object | None:
    """The value of a word, or None if it is anything but plain."""
    if _is_list(kind):
        (kind,) = get_args(kind)
    if not word or word.startswith("-") or kind not in _READ:
        return None
    if (shape := _SHAPES.get(kind)) is not None and not shape.fullmatch(word):
        return None
    read = _READ[kind](word)
    return None if least is not None and float(word) < least else read
