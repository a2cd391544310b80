"""`record` and `replay`: one session of a program, kept and played again."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from smithers.cli._arguments import example
from smithers.cli._signals import SIGNALS
from smithers.cli._streams import say
from smithers.errors import Refused

__all__ = ["register"]

_ADAPTERS = "harnesses"


def register(app: typer.Typer) -> None:
    app.command(
        "record",
        context_settings={"allow_interspersed_args": False},
        short_help="Run a program and keep its session as a recording.",
        help=example(
            'smithers record --to hello.jsonl -- PROGRAM "Say hello"',
            says="Run a program of an agent as it is, and keep what went in and came out of it, and"
            " when, how it ended and what it wrote, without secrets and names of this machine. The"
            " exit code is the program's.",
        ),
    )(record)
    app.command(
        "replay",
        short_help="Play a recording in place of its program.",
        help=example(
            "smithers replay hello.jsonl",
            "smithers replay hello.jsonl --speed 1",
            says="Print what a recorded program printed, byte for byte, on stdout and stderr, and"
            " end as it ended. No program is started.",
        ),
    )(replay)


def record(
    words: Annotated[
        list[str], typer.Argument(metavar="[--] COMMAND...", help="The program and its arguments.")
    ],
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="FILE|DIR",
            help="A file whose name ends in .jsonl, or a folder for one with a name of its own.",
        ),
    ] = Path("recordings"),
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that exists already.")
    ] = False,
) -> int:
    adapters: Any = importlib.import_module(_ADAPTERS)

    def told(path: Path) -> None:
        say(f"recording to {path}")

    try:
        code: int = adapters.record_program(words, to, force=force, told=told)
    finally:
        SIGNALS.catch()  # meanwhile they went to the program
    return code


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The recording.")],
    speed: Annotated[
        float,
        typer.Option(
            "--speed", metavar="N", help="N times as fast as it was; 0 waits for nothing."
        ),
    ] = 0.0,
    files: Annotated[
        bool, typer.Option("--files", help="Write the files again that the program wrote.")
    ] = False,
) -> int:
    if speed < 0:
        raise Refused(f"--speed {speed:g} is negative", hint="0 waits for nothing, 1 is real time")
    adapters: Any = importlib.import_module(_ADAPTERS)
    code: int = adapters.play_recording(file, speed=speed, writes=files)
    return code
