"""`replay` and `freeze`: a run against its own rows, once or in a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Db, JsonFlag, Option, Run, example
from smithers.cli._deciding import By, login
from smithers.cli._failures import Usage
from smithers.cli._given import file_and_name
from smithers.cli._places import place
from smithers.cli._recording import is_file, old_replay
from smithers.cli._streams import give, give_json, paint, say, shown
from smithers.errors import SmithersError
from smithers.hub import Hub
from smithers.naming import key_name
from smithers.wire import live_replay_json, replay_json

if TYPE_CHECKING:
    import typer

    from smithers.engine.replaying import LiveReplay, Replayed

__all__ = ["register"]

_COLOURS = {"-": "red", "+": "green", "@": "cyan"}


def register(app: typer.Typer) -> None:
    app.command(
        "replay",
        short_help="Run a workflow against the rows of a run; show what differs.",
        help=example(
            "smithers replay r1",
            "smithers replay r1 --file branch/ship_it.py",
            "smithers replay r1 --from 3 --live review",
            says="Run the workflow of a run that has finished or failed, as its file is now,"
            " against what the run recorded: no agent is asked, no step, command or child run is"
            " started, nothing is waited for or written. Print what differs: prompts, commands,"
            " questions, new and missing tasks, their order, outputs, the end of the run. It exits"
            " with 0 if nothing differs, and with 1 if something does. With --live, one task is"
            " executed again in a fork, and the rest is replayed with its new output.",
        ),
    )(replay)
    app.command(
        "freeze",
        short_help="Write a test that replays a run.",
        help=example(
            "smithers freeze r1 -o tests/test_release.py",
            says="Write a test for pytest that replays a run that has finished or failed, and its"
            " recording beside it, without secrets. The test needs neither the database nor an"
            " agent; it fails with what differs when the workflow no longer does what it did, for"
            " example since a prompt was edited.",
        ),
    )(freeze)


def replay(
    run: Run,
    start: Annotated[
        int | None,
        Option(
            "--from",
            min=0,
            metavar="FRAME",
            help="With --live: the attempt that started in this frame or later (default: 0).",
            show_default=False,
        ),
    ] = None,
    live: Annotated[
        str | None,
        Option(
            "--live",
            metavar="TASK",
            help="Execute this task again, in a fork, and show what would differ.",
            show_default=False,
        ),
    ] = None,
    by: By = None,
    file: Annotated[
        str | None,
        Option(
            "--file",
            metavar="FILE[:NAME]",
            help="Run another version of the workflow (default: the file of the run).",
            show_default=False,
        ),
    ] = None,
    json: JsonFlag = False,
    speed: Annotated[float, Option("--speed", hidden=True)] = 0.0,
    files: Annotated[bool, Option("--files", hidden=True)] = False,
    db: Db = None,
) -> int:
    if is_file(run) and (speed or files or not _is_run(run, db)):
        return old_replay(run, speed, files)
    if speed or files:
        option = "--files" if files else "--speed"
        raise Usage(
            f"{option} is for a recording, and {run!r} is a run",
            hint="play a recording with `smithers harness replay FILE`",
        )
    hub = Hub(place(db).path)
    if live is not None and file is not None:
        raise Usage("--file and --live cannot be combined", hint="leave out --live")
    if live is not None:
        return _told_live(hub.replay_live(run, live, frame=start or 0, by=by or login()), json)
    if start is not None:
        raise Usage("--from needs --live", hint="name the task to execute, for example --live plan")
    import asyncio

    path, name = (None, None) if file is None else file_and_name(file)
    found = asyncio.run(hub.replay(run, file=path, name=name))
    if json:
        give_json(replay_json(found))
    else:
        for line in _lines(found):
            give(line)
    return 0 if found.equal else 1


def _is_run(run: str, db: Path | None) -> bool:
    """Whether there is a run of this id: it comes before a file of that name."""
    with suppress(SmithersError):
        return "/" not in run and Hub(place(db).path).status(run) is not None
    return False


def _told_live(live: LiveReplay, json: bool) -> int:
    for note in live.fork.notes:
        say(note)
    say(
        f"{key_name(live.key)} was executed in {live.fork.run_id}, a fork at frame"
        f" {live.fork.frame}; to continue it, type: smithers resume {quote(live.fork.run_id)}"
    )
    if json:
        give_json(live_replay_json(live))
    else:
        for line in _lines(live.replayed):
            give(line)
    return 0 if live.replayed.equal else 1


def _lines(found: Replayed) -> Iterator[str]:
    """What differs, and of how much."""
    from smithers.engine.replaying import describe_sum

    for one in found.differences:
        yield paint(shown(f"{one.kind}: {one.message}"), "bold", sys.stdout)
        for line in one.lines:
            colour, text = _COLOURS.get(line[:1]), shown(line)
            yield text if colour is None else paint(text, colour, sys.stdout)
    yield shown(describe_sum(found))


def freeze(
    run: Run,
    out: Annotated[
        Path,
        Option(
            "-o",
            "--output",
            metavar="FILE",
            help="The test to write, for example tests/test_release.py.",
            show_default=False,
        ),
    ],
    force: Annotated[bool, Option("--force", help="Overwrite existing files.")] = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    import asyncio

    files = asyncio.run(Hub(place(db).path).freeze(run, out, force=force))
    if json:
        paths = {"test": str(files.test), "recording": str(files.recording)}
        give_json({"version": 1, "run_id": run, **paths})
    else:
        say(f"wrote {files.test} and {files.recording}; run it with `pytest {files.test}`")
    return 0
