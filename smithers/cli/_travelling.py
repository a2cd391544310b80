"""A run as it was at a frame, with its source, and what differs from there: `show`, `diff`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Argument, Db, JsonFlag, Option, example
from smithers.cli._failures import Usage
from smithers.cli._places import place
from smithers.cli._reading import give_inspection
from smithers.cli._streams import give, give_json, paint, shown
from smithers.errors import Refused
from smithers.hub import Hub
from smithers.naming import key_name
from smithers.texts import plain
from smithers.wire import diff_json, source_json

if TYPE_CHECKING:
    import typer

    from smithers.sources import SourceView
    from smithers.views import DiffView

__all__ = ["register", "run_and_frame"]

_COLOURS = {"-": "red", "+": "green", "@": "cyan"}
_FRAMES = "frames are numbered from 0, for example r1@3, and r1@last is the last one"

RunAtFrame = Annotated[
    str,
    Argument(metavar="RUN[@FRAME]", help="Id of the run, and a frame (default: the last)."),
]


def register(app: typer.Typer) -> None:
    app.command(
        "show",
        short_help="Show a run as it was at a frame.",
        help=example(
            "smithers show r1@3",
            "smithers show r1@3 --source flow.py",
            says="Show what `inspect` showed of a run when a frame was its last one: its tasks,"
            " their attempts and outputs, and what it was waiting for. `smithers timeline RUN`"
            " shows the frames. Without a frame, show the run as it is now. With --source, print"
            " the workflow's file and the modules beside it that it imported, as they were then.",
        ),
    )(show)

    app.command(
        "diff",
        short_help="Show what differs between two runs or frames.",
        help=example(
            "smithers diff r1 r2",
            "smithers diff r1@3 r1@last --json",
            says="Show what differs from one run to another, or from one frame of a run to another:"
            " states, outputs, prompts, the tree and the workflow's source. Times, attempts,"
            " cost and run ids count with --all. It exits with 0 if nothing differs, and"
            " with 1 if something does.",
        ),
    )(diff)


def show(
    run: RunAtFrame,
    file: Annotated[
        str | None,
        Argument(metavar="[FILE]", help="With --source: print only this file.", show_default=False),
    ] = None,
    source: Annotated[
        bool, Option("--source", help="Print the files of the workflow instead.")
    ] = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    run_id, frame = run_and_frame(run)
    hub = Hub(place(db).path)
    if file is not None and not source:
        raise Usage(f"{file!r} is one argument too many", hint="to print a file, add --source")
    if source:
        _give_source(hub.source(run_id, frame=frame), file, json=json)
    else:
        give_inspection(hub, run_id, frame=frame, json=json)
    return 0


def _give_source(found: SourceView, file: str | None, *, json: bool) -> None:
    """Print the files, or one of them. Raises `Refused` if there is nothing to print."""
    if not json and not found.files:
        raise Refused(
            f"the source of {found.run_id} at frame {found.frame} is not stored: a run of an"
            f" earlier version has only its digest, {found.source}"
        )
    chosen = [one for one in found.files if file in (None, one.path)]
    if file is not None and not chosen:
        names = ", ".join(one.path for one in found.files) or "none"
        raise Refused(f"{file!r} is not a file of {found.run_id}", hint=f"its files are: {names}")
    if json:
        give_json(source_json(replace(found, files=tuple(chosen))))
        return
    for one in chosen:
        if len(chosen) > 1:
            give(paint(plain(f"==> {one.path} <=="), "bold", sys.stdout))
        if one.text is not None:
            give(one.text, end="" if one.text.endswith("\n") else "\n")
        elif file is None:
            give(f"not stored: it is large or not UTF-8 (sha256 {one.digest})")
        else:
            raise Refused(
                f"the text of {one.path} is not stored: it is large or not UTF-8 (sha256"
                f" {one.digest})"
            )


def diff(
    old: RunAtFrame,
    new: RunAtFrame,
    every: Annotated[
        bool, Option("--all", help="Compare times, attempts, cost and run ids as well.")
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
        what = one.part if one.file is None else f"{one.part} {one.file}"
        yield paint(shown(f"{whose}{what}"), "bold", sys.stdout)
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
