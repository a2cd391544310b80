"""`doctor`: how this installation stands, and what is missing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from smithers.cli._arguments import Db, JsonFlag, example
from smithers.cli._places import place
from smithers.cli._streams import give, give_json, paint, say, shown
from smithers.hub import Hub

if TYPE_CHECKING:
    import typer

__all__ = ["register"]

_MARKS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "problem": ("✗", "red")}


def register(app: typer.Typer) -> None:
    app.command(
        "doctor",
        short_help="Check this installation and report what is missing.",
        help=example(
            "smithers doctor",
            "smithers doctor --json",
            says="Check the agents (installed, version, sign-in), Python, SQLite, the"
            " packages of Smithers and the database. It changes nothing, spends"
            " nothing and uses no network. It exits 1 if something prevents runs"
            " from working.",
        ),
    )(doctor)


def doctor(json: JsonFlag = False, db: Db = None) -> int:
    found = Hub(place(db, checked=False).path).doctor()
    if json:
        give_json(found.as_json())
        return 0 if found.ok else 1
    for one in found.findings:
        mark, colour = _MARKS[one.state]
        give(f"{paint(mark, colour, sys.stdout)} {one.check:9} {shown(one.said)}")
        if one.hint:
            give(f"    hint: {shown(one.hint)}")
    problems = sum(one.state == "problem" for one in found.findings)
    if problems:
        say(f"{problems} problem{'s'[: problems != 1]}: see ✗ above")
        return 1
    say("nothing prevents runs from working")
    return 0
