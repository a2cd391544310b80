"""`harness drift`: whether the programs of agents still speak as they did."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from smithers.adapters import installed
from smithers.cli._arguments import Argument, JsonFlag, Option
from smithers.cli._streams import give, give_json, paint, say
from smithers.errors import NotInstalled, Refused

__all__ = ["drift"]

_Drift = Callable[[Path | None], Any]


def drift(
    name: Annotated[
        str | None,
        Argument(
            metavar="[NAME]",
            help="The program (default: all that are installed).",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        Path | None,
        Option(
            "--against",
            metavar="DIR",
            help="Compare the recordings in DIR instead of starting the program.",
        ),
    ] = None,
    json: JsonFlag = False,
) -> int:
    known = {key: one.drift for key, one in installed().adapters.items() if one.drift}
    for key, error in installed().broken.items():
        if key == name or not known:
            raise error
    if name is not None and name not in known:
        listed = ", ".join(known) or "none"
        raise Refused(f"no program {name!r} is compared", hint=f"choose one of: {listed}")
    found = _all_there(known, against) if name is None else [known[name](against)]
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


def _all_there(known: Mapping[str, _Drift], against: Path | None) -> list[Any]:
    found: list[Any] = []
    for name, drift_of in known.items():
        try:
            found.append(drift_of(against))
        except NotInstalled as error:
            say(f"{name}: {error.said}")
    return found


def _show(one: Any, whose: str) -> None:
    same = "the same shape" if not any(changes for _, changes in _by_word(one)) else ""
    counted = [f"{len(changes)} {word}" for word, changes in _by_word(one) if changes]
    compared = f"recorded with {one.recorded_with}, {whose} {one.version}"
    give(f"{one.program}: {compared}: {same or ', '.join(counted)}")
    for word, changes in _by_word(one):
        for change in changes:
            give(f"  {paint(word, 'red' if word == 'broken' else 'dim', sys.stdout)} {change}")


def _by_word(one: Any) -> list[tuple[str, Sequence[str]]]:
    """What the adapter reads first, then what it does not."""
    return [("broken", one.drift.broken), ("gone", one.drift.gone), ("new", one.drift.new)]


def _told(one: Any) -> dict[str, object]:
    return {
        "program": one.program,
        "recorded_with": one.recorded_with,
        "compared": one.version,
        "cases": list(one.cases),
        "broken": list(one.drift.broken),
        "gone": list(one.drift.gone),
        "new": list(one.drift.new),
    }
