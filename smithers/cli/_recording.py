"""`harness record` and `harness replay`: one session of a program, kept and played again.

The old spellings `record` and `replay FILE` do the same, and say what to type instead.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from smithers.cli._arguments import Argument, Option, example
from smithers.cli._signals import SIGNALS
from smithers.cli._streams import say
from smithers.errors import Refused

if TYPE_CHECKING:
    import typer

__all__ = ["is_file", "old_replay", "register", "register_in"]

_ADAPTERS = "harnesses"
Words = Annotated[
    list[str], Argument(metavar="[--] COMMAND...", help="The program and its arguments.")
]
To = Annotated[
    Path,
    Option(
        "--to",
        metavar="FILE|DIR",
        help="File ending in .jsonl, or a folder in which a new file gets a generated name.",
    ),
]
Force = Annotated[bool, Option("--force", help="Overwrite an existing file.")]
Speed = Annotated[
    float,
    Option(
        "--speed", metavar="N", help="Play N times as fast as recorded; 0 does not wait at all."
    ),
]
Files = Annotated[bool, Option("--files", help="Also write the files that the program wrote.")]


def register(app: typer.Typer) -> None:
    app.command(
        "record",
        context_settings={"allow_interspersed_args": False},
        hidden=True,
        help=example(
            'smithers record --to hello.jsonl -- PROGRAM "Say hello"',
            says="The old spelling of `smithers harness record -- COMMAND`.",
        ),
    )(_old_record)


def register_in(harness: typer.Typer) -> None:
    """The commands of the group `harness`."""
    harness.command(
        "record",
        context_settings={"allow_interspersed_args": False},
        short_help="Run a program and record its session.",
        help=example(
            'smithers harness record --to hello.jsonl -- PROGRAM "Say hello"',
            says="Run an agent's program unchanged and record its input and output with"
            " times, its exit code and the files it wrote, without secrets and names"
            " of this machine. The exit code is the program's.",
        ),
    )(record)
    harness.command(
        "replay",
        short_help="Play a recording instead of its program.",
        help=example(
            "smithers harness replay hello.jsonl",
            "smithers harness replay hello.jsonl --speed 1",
            says="Print what a recorded program printed to stdout and stderr, byte for"
            " byte, and exit as it did. No program is started.",
        ),
    )(replay)


def record(words: Words, to: To = Path("recordings"), force: Force = False) -> int:
    adapters: Any = importlib.import_module(_ADAPTERS)

    def told(path: Path) -> None:
        say(f"recording to {path}")

    try:
        code: int = adapters.record_program(words, to, force=force, told=told)
    finally:
        SIGNALS.catch()  # meanwhile they went to the program
    return code


def _old_record(words: Words, to: To = Path("recordings"), force: Force = False) -> int:
    say(
        "note: `smithers record -- COMMAND` is now `smithers harness record -- COMMAND`;"
        " this spelling will go"
    )
    return record(words, to, force)


def replay(
    file: Annotated[Path, Argument(metavar="FILE", help="The recording.")],
    speed: Speed = 0.0,
    files: Files = False,
) -> int:
    if speed < 0:
        raise Refused(
            f"--speed {speed:g} is negative", hint="use 0 to play without waiting, 1 for real time"
        )
    adapters: Any = importlib.import_module(_ADAPTERS)
    code: int = adapters.play_recording(file, speed=speed, writes=files)
    return code


def is_file(given: str) -> bool:
    """Whether `smithers replay X` is to play a recording: a run id has no slash.

    >>> is_file("nowhere.jsonl"), is_file("kept/hello"), is_file("r1")
    (True, True, False)
    """
    return given.endswith(".jsonl") or "/" in given or Path(given).is_file()


def old_replay(file: str, speed: float, files: bool) -> int:
    """Play a recording, and say what to type instead."""
    say("note: `smithers replay FILE` is now `smithers harness replay FILE`; this spelling will go")
    return replay(Path(file), speed, files)
