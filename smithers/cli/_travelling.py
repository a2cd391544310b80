"""A run as it was at a frame, and what differs from there: `show`, `diff`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from smithers.cli._arguments import Db, JsonFlag, example
from smithers.cli._failures import Usage
from smithers.cli._places import place
from smithers.cli._reading import give_inspection
from smithers.cli._streams import give, give_json, paint, shown
from smithers.hub import Hub
from smithers.naming import key_name
from smithers.wire import diff_json

if TYPE_CHECKING:
    from smithers.views import DiffView

__all__ = ["register", "run_and_frame"]

_COLOURS = {"-": "red", "+": "green", "@": "cyan"}
_FRAMES = "frames are numbered from 0, for example r1@3, and r1@last is the last one"

RunAtFrame = Annotated[
    str,
    typer.Argument(metavar="RUN[@FRAME]", help="Id of the run, and a frame (default: the last)."),
]


def register(app: typer.Typer) -> None:
    app.command(
        "show",
        short_help="Show a run as it was at a frame.",
        help=example(
            "smithers show r1@3",
            "smithers show r1@3 --json",
            says="Show what `inspect` showed of a run when a frame was its last one: its tasks,"
            " their attempts and outputs, and what it was waiting for. `smithers timeline RUN`"
            " shows the frames. Without a frame, show the run as it is now.",
        ),
    )(show)

    app.command(
        "diff",
        short_help="Show what differs between two runs or frames.",
        help=example(
            "smithers diff r1 r2",
            "smithers diff r1@3 r1@last --json",
            says="Show what differs from one run to another, or from one frame of a run to another:"
            " states, outputs, prompts, the tree and the digest of the workflow's source. Times,"
            " attempts, cost and run ids count with --all. It exits with 0 if nothing differs, and"
            " with 1 if something does.",
        ),
    )(diff)


def show(run: RunAtFrame, json: JsonFlag = False, db: Db = None) -> int:
    run_id, frame = run_and_frame(run)
    give_inspection(Hub(place(db).path), run_id, frame=frame, json=json)
    return 0


def diff(
    old: RunAtFrame,
    new: RunAtFrame,
    every: Annotated[
        bool, typer.Option("--all", help="Compare times, attempts, cost and run ids as well.")
    ] = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    hub = Hub(place(db).path)
    found = hub.compare(run_and_frame(old), run_and_frame(new), everything=every)
    if json:
        give_json(diff_json(found))
    else:
        for line in _diff_lines(found):
            give(line)
    return 0 if found.equal else 1


def _diff_lines(found: DiffView) -> Iterator[str]:
    old, new = (f"{run_id}@{frame}" for run_id, frame in (found.old, found.new))
    if found.equal:
        yield f"nothing differs between {old} and {new}"
        return
    yield shown(f"--- {old}")
    yield shown(f"+++ {new}")
    for one in found.differences:
        whose = "" if one.key is None else f"{key_name(one.key)} "
        yield paint(shown(f"{whose}{one.part}"), "bold", sys.stdout)
        for line in one.lines:
            colour = _COLOURS.get(line[:1])
            text = shown(line)
            yield text if colour is None else paint(text, colour, sys.stdout)


def run_and_frame(given: str) -> tuple[str, int | None]:
    """The two parts of RUN@FRAME; None for the last frame.

    >>> run_and_frame("r1@3"), run_and_frame("r1"), run_and_frame("r1@last")
    (('r1', 3), ('r1', None), ('r1', None))
    """
    run_id, at, frame = given.partition("@")
    if not at or frame == "last":
        return run_id, None
    if not (frame.isascii() and frame.isdecimal()):
        raise Usage(f"{frame!r} in {given!r} is not a frame", hint=_FRAMES)
    return run_id, int(frame)
