"""A run as it was at a frame: `show`."""

from __future__ import annotations

from typing import Annotated

import typer

from smithers.cli._arguments import Db, JsonFlag, example
from smithers.cli._drawing import inspected
from smithers.cli._failures import Usage
from smithers.cli._places import place
from smithers.cli._streams import give, give_json_parts, shown
from smithers.hub import Hub
from smithers.wire import inspection_parts

__all__ = ["register", "run_and_frame"]

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


def show(run: RunAtFrame, json: JsonFlag = False, db: Db = None) -> int:
    run_id, frame = run_and_frame(run)
    with Hub(place(db).path).inspecting(run_id, frame=frame) as found:
        if json:
            give_json_parts(inspection_parts(found))
        else:
            for line in inspected(found):
                give(shown(line))
    return 0


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
