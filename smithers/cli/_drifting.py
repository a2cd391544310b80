"""`harness drift`: whether the programs of agents still speak as they did."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from smithers.cli._arguments import JsonFlag
from smithers.cli._streams import give, give_json, paint, say
from smithers.errors import NotInstalled, Refused

__all__ = ["drift"]

_ADAPTERS = "harnesses"


def drift(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="The program (default: all that are installed).",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="DIR",
            help="Compare the recordings in DIR instead of starting the program.",
        ),
    ] = None,
    json: JsonFlag = False,
) -> int:
    adapters: Any = importlib.import_module(_ADAPTERS)
    known: Sequence[str] = adapters.comparable()
    if name is not None and name not in known:
        raise Refused(f"no program {name!r} is compared", hint=f"choose one of: {', '.join(known)}")
    if name is None:
        found = _all_there(adapters, known, against)
    else:
        found = [adapters.drift_of(name, against)]
    found = [one for one in found if one.cases]
    if not found:
        raise _nothing(name, against)
    if json:
        give_json({"version": 1, "programs": [_told(one) for one in found]})
    else:
        for one in found:
            _show(one, "these recordings with" if against else "installed")
    return 1 if any(one.drift.broken for one in found) else 0


def _nothing(name: str | None, against: Path | None) -> Refused:
    if against is None:
        return Refused("no program that can be compared is installed", hint="run `smithers doctor`")
    whose = f"a session of {name}" if name else "a session of a program that is compared"
    return Refused(
        f"no recording in {against} is {whose}",
        hint="set record=DIR on an agent to record its sessions",
    )


def _all_there(adapters: Any, known: Sequence[str], against: Path | None) -> list[Any]:
    found: list[Any] = []
    for each in known:
        try:
            found.append(adapters.drift_of(each, against))
        except NotInstalled as error:
            say(f"{each}: {error.said}")
    return found


def _show(one: Any, whose: str) -> None:
    same = "the same shape" if not one.drift.broken and not one.drift.new else ""
    counted = [
        f"{len(changes)} {word}"
        for word, changes in (("broken", one.drift.broken), ("new", one.drift.new))
        if changes
    ]
    compared = f"recorded with {one.recorded_with}, {whose} {one.version}"
    give(f"{one.program}: {compared}: {same or ', '.join(counted)}")
    for change in one.drift.broken:
        give(f"  {paint('broken', 'red', sys.stdout)} {change}")
    for change in one.drift.new:
        give(f"  {paint('new', 'dim', sys.stdout)} {change}")


def _told(one: Any) -> dict[str, object]:
    return {
        "program": one.program,
        "recorded_with": one.recorded_with,
        "compared": one.version,
        "cases": list(one.cases),
        "broken": list(one.drift.broken),
        "new": list(one.drift.new),
    }
