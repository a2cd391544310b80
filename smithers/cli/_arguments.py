"""What all commands share of their arguments, and what typer cannot express."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

__all__ = [
    "AnyRun",
    "Argument",
    "Db",
    "JsonFlag",
    "Option",
    "Run",
    "age",
    "as_typed",
    "example",
    "known_runs",
]


class Argument:
    """What typer is told of a value that is typed at its place, where typer is needed."""

    def __init__(
        self,
        *,
        help: str = "",
        metavar: str | None = None,
        show_default: bool = True,
        autocompletion: Callable[[str], list[str]] | None = None,
    ) -> None:
        self.told: dict[str, Any] = {
            "help": help,
            "metavar": metavar,
            "show_default": show_default,
            "autocompletion": autocompletion,
        }


class Option:
    """What typer is told of an option, where typer is needed."""

    def __init__(
        self,
        *names: str,
        help: str = "",
        metavar: str | None = None,
        min: int | None = None,
        hidden: bool = False,
        show_default: bool = True,
    ) -> None:
        self.names, self.min = names, min
        self.told: dict[str, Any] = {
            "help": help,
            "metavar": metavar,
            "min": min,
            "hidden": hidden,
            "show_default": show_default,
        }


Db = Annotated[
    Path | None,
    Option(
        "--db",
        metavar="PATH",
        help=(
            "Use this database (default: SMITHERS_DB, or the nearest .smithers/smithers.db upward)."
        ),
        show_default=False,
    ),
]
JsonFlag = Annotated[bool, Option("--json", help="Print one JSON document on stdout.")]


def known_runs(incomplete: str) -> list[str]:
    """Run ids, for the completion of the shell."""
    from smithers.cli._places import place
    from smithers.errors import SmithersError
    from smithers.hub import Hub, RunsQuery

    try:
        found = Hub(place(None).path).run_ids(RunsQuery())
    except SmithersError:
        return []
    return [run_id for run_id in found if run_id.startswith(incomplete)]


Run = Annotated[
    str,
    Argument(
        metavar="RUN", help="The id of the run.", show_default=False, autocompletion=known_runs
    ),
]
AnyRun = Annotated[
    str | None,
    Argument(
        metavar="[RUN]",
        help="The id of a run (default: all runs).",
        show_default=False,
        autocompletion=known_runs,
    ),
]
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST_AGE_S = 100 * 366 * 86400
_AGE = re.compile(r"(\d{1,9})([smhd])")
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


def example(*lines: str, says: str) -> str:
    """The help of a command: examples first, each on a line of its own."""
    shown = "\n".join(f"  $ {line}" for line in lines)
    return f"\b\n{shown}\n\n{says}"


def age(option: str, text: str) -> timedelta:
    """A length of time that was given to an option. Raises `Usage`."""
    from smithers.cli._failures import Usage

    found = _AGE.fullmatch(text)
    if found is None or (seconds := int(found[1]) * _UNITS[found[2]]) > _MOST_AGE_S:
        hint = "write a whole number with its unit, such as 30d, 12h, 15m or 90s"
        raise Usage(f"{option} {text!r} is not an age", hint=hint)
    return timedelta(seconds=seconds)


def as_typed(arguments: Sequence[str]) -> list[str]:
    """The arguments with `--resume true`, `--resume=true` and their like made the flag it is."""
    if "up" not in arguments[:1]:
        return list(arguments)
    found: list[str] = []
    rest = list(arguments)
    while rest:
        one = rest.pop(0)
        name, equals, value = one.partition("=")
        if name != "--resume":
            found.append(one)
            continue
        if not equals and rest and rest[0].lower() in ("true", "false"):
            value, equals = rest.pop(0), "="
        if not equals or value.lower() in _TRUE:
            found.append(name)
        elif value.lower() not in _FALSE:
            found.append(one)  # typer says what is wrong with it
    return found
