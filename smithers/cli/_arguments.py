"""What all commands share of their arguments, and what typer cannot express."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AnyRun", "Db", "JsonFlag", "Run", "as_typed", "example"]

Db = Annotated[
    Path | None,
    typer.Option(
        "--db",
        metavar="PATH",
        help=(
            "Use this database (default: SMITHERS_DB, or the nearest .smithers/smithers.db upward)."
        ),
        show_default=False,
    ),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def _known_runs(incomplete: str) -> list[str]:
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
    typer.Argument(
        metavar="RUN", help="The id of the run.", show_default=False, autocompletion=_known_runs
    ),
]
AnyRun = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        help="The id of a run (default: all runs).",
        show_default=False,
        autocompletion=_known_runs,
    ),
]
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


def example(*lines: str, says: str) -> str:
    """The help of a command: examples first, each on a line of its own."""
    shown = "\n".join(f"  $ {line}" for line in lines)
    return f"\b\n{shown}\n\n{says}"


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
