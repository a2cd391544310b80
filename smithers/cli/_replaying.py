"""`replay`: a run against its own rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from smithers.cli._arguments import Db, JsonFlag, example
from smithers.cli._failures import Usage
from smithers.cli._places import place
from smithers.cli._recording import is_file, old_replay
from smithers.cli._streams import give, give_json, paint, shown
from smithers.hub import Hub
from smithers.wire import replay_json

if TYPE_CHECKING:
    from smithers.engine.replaying import Difference, Replayed

__all__ = ["register"]

_COLOURS = {"-": "red", "+": "green", "@": "cyan"}


def register(app: typer.Typer) -> None:
    app.command(
        "replay",
        short_help="Run a workflow against the rows of a run; tell what differs.",
        help=example(
            "smithers replay r1",
            "smithers replay r1 --json",
            says="Run the workflow of a run that has finished or failed, as its file is now,"
            " against what the run recorded: no agent is asked, no step, command or child run is"
            " started, nothing is waited for or written. Print what differs: prompts, commands,"
            " questions, new and missing tasks, their order, outputs, the end of the run. It exits"
            " with 0 if nothing differs, and with 1 if something does.",
        ),
    )(replay)


def replay(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of the run.")],
    json: JsonFlag = False,
    speed: Annotated[float, typer.Option("--speed", hidden=True)] = 0.0,
    files: Annotated[bool, typer.Option("--files", hidden=True)] = False,
    db: Db = None,
) -> int:
    if is_file(run):
        return old_replay(run, speed, files)
    if speed or files:
        option = "--files" if files else "--speed"
        raise Usage(
            f"{option} is for a recording, and {run!r} is a run",
            hint="play a recording with `smithers harness replay FILE`",
        )
    import asyncio

    found = asyncio.run(Hub(place(db).path).replay(run))
    if json:
        give_json(replay_json(found))
    else:
        for line in replay_lines(found):
            give(line)
    return 0 if found.equal else 1


def replay_lines(found: Replayed) -> Iterator[str]:
    """What differs, and of how much."""
    for one in found.differences:
        yield paint(shown(f"{one.kind}: {one.message}"), "bold", sys.stdout)
        yield from _diff_lines(one)
    missing = found.streams.missing
    streams = f"; the streams of {missing} answers are missing" if missing else ""
    attempts = f"{found.attempts} attempts answered from its rows{streams}"
    count = len(found.differences)
    if found.equal:
        yield shown(f"nothing differs from run {found.run_id}: {attempts}")
    else:
        differ = "1 difference" if count == 1 else f"{count} differences"
        yield shown(f"{differ} from run {found.run_id}: {attempts}")


def _diff_lines(one: Difference) -> Iterator[str]:
    for line in one.lines:
        colour, text = _COLOURS.get(line[:1]), shown(line)
        yield text if colour is None else paint(text, colour, sys.stdout)
