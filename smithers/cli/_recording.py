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
        short_help="Run a program and record its session.",
        help=example(
            'smithers record --to hello.jsonl -- PROGRAM "Say hello"',
            says="Run an agent's program unchanged and record its input and output with"
            " times, its exit code and the files it wrote, without secrets and names"
            " of this machine. The exit code is the program's.",
        ),
    )(record)
    app.command(
        "replay",
        short_help="Play a recording instead of its program.",
        help=example(
            "smithers replay hello.jsonl",
            "smithers replay hello.jsonl --speed 1",
            says="Print what a recorded program printed to stdout and stderr, byte for"
            " byte, and exit as it did. No program is started.",
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
            help="File ending in .jsonl, or a folder in which a new file gets a generated name.",
        ),
    ] = Path("recordings"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
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
            "--speed", metavar="N", help="Play N times as fast as recorded; 0 does not wait at all."
        ),
    ] = 0.0,
    files: Annotated[
        bool, typer.Option("--files", help="Also write the files that the program wrote.")
    ] = False,
) -> int:
    if speed < 0:
        raise Refused(
            f"--speed {speed:g} is negative", hint="use 0 to play without waiting, 1 for real time"
        )
    adapters: Any = importlib.import_module(_ADAPTERS)
    code: int = adapters.play_recording(file, speed=speed, writes=files)
    return code
