"""`harness`: what adapters make of their programs; none of them is known here by name."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Annotated, cast

import typer

from smithers.adapters import installed
from smithers.cli import _recording
from smithers.cli._arguments import Argument, Option, example
from smithers.cli._drifting import drift
from smithers.cli._streams import finite, give, quiet_end
from smithers.errors import Refused
from smithers.texts import json_text, strict_json

__all__ = ["register"]

_AT_ONCE = 1 << 16
_STDERR_KEPT = 1 << 16

Stderr = Annotated[
    Path | None,
    Option("--stderr", metavar="FILE", help="File with what the program wrote to stderr."),
]
ExitCode = Annotated[
    int | None,
    Option("--exit-code", metavar="N", help="The program's exit code; -15 is signal 15."),
]
Stopped = Annotated[
    bool, Option("--stopped", help="Read the stream as one that Smithers asked to stop.")
]
Schema = Annotated[
    Path | None,
    Option("--schema", metavar="FILE", help="JSON Schema that the answer must match."),
]


def register(app: typer.Typer) -> None:
    harness = typer.Typer(
        name="harness",
        rich_markup_mode=None,
        no_args_is_help=True,
        short_help="Record agents' programs, and inspect how adapters read them.",
        help=example(
            "smithers harness parse NAME kept.jsonl",
            says=(
                "Record and play sessions of agents' programs, and inspect how an adapter reads its"
                " program's output and whether that output has changed."
            ),
        ),
    )
    harness.command(
        "parse",
        short_help="Read a program's own stream; print its events and the verdict.",
        help=example(
            "smithers harness parse NAME kept.jsonl --stderr kept.err --exit-code 1",
            "PROGRAM ... | smithers harness parse NAME",
            says="Read what a program wrote to stdout and print the adapter's events as"
            " JSON lines; the last line is the verdict. It exits 0 whatever the"
            " verdict is.",
        ),
    )(parse)
    harness.command(
        "drift",
        short_help="Check whether an installed program's output has changed.",
        help=example(
            "smithers harness drift",
            "smithers harness drift NAME --against recordings",
            says="Compare the output of an installed program with the recordings that its"
            " adapter was written for: types of events, keys, types of values, the"
            " last event. The program talks to a small model server on this machine,"
            " so it needs no account and spends nothing. It exits 1 if something"
            " that the adapter reads is missing or has another type; other"
            " differences are only listed.",
        ),
    )(drift)
    _recording.register_in(harness)
    app.add_typer(harness)


def parse(
    name: Annotated[str, Argument(metavar="NAME", help="The program.", show_default=False)],
    file: Annotated[
        str,
        Argument(metavar="[FILE|-]", help="File with its stream; - is stdin.", show_default=False),
    ] = "-",
    stderr: Stderr = None,
    exit_code: ExitCode = None,
    stopped: Stopped = False,
    schema: Schema = None,
) -> int:
    readers = {key: one.read_stream for key, one in installed().adapters.items()}
    read_stream = readers.get(name)
    if name in installed().broken:
        raise installed().broken[name]
    if read_stream is None:
        known = ", ".join(key for key, one in readers.items() if one) or "none"
        raise Refused(
            f"no program {name!r} has a stream that an adapter reads",
            hint=f"choose one of: {known}",
        )
    asked = _schema_in(schema) if schema is not None else None
    said = _tail_of(stderr) if stderr is not None else ""
    try:
        events = read_stream(
            _chunks(file),
            stderr=said,
            exit_code=exit_code,
            stopped=stopped,
            schema=asked,
        )
        for event in events:
            give(_line(event), flush=False)
        sys.stdout.flush()
    except ValueError as error:
        raise Refused(f"{schema} is not a JSON Schema: {error}") from error
    except BrokenPipeError:  # typer would make it a failure
        quiet_end()
    return 0


def _schema_in(path: Path) -> object:
    try:
        found = strict_json(path.read_text("utf-8-sig"))
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path} is not JSON: {error}", hint="write a JSON Schema there") from error
    if found is None:
        raise Refused(f"{path} is not a JSON Schema: it is null", hint="write a JSON Schema there")
    return found


def _tail_of(path: Path) -> str:
    """The last of it, as an adapter keeps it: the complaint stands there."""
    try:
        with path.open("rb") as file:
            kept = b""
            while data := file.read(_STDERR_KEPT):
                kept = (kept + data)[-_STDERR_KEPT:]
    except OSError as error:
        raise _unreadable(path, error) from error
    return kept.decode("utf-8", "replace")


def _chunks(name: str) -> Iterator[bytes]:
    """The bytes of a file as they come; what was read is shown before more is waited for."""
    with _opened(name) as file:
        while True:
            sys.stdout.flush()
            try:
                data = file.read1(_AT_ONCE)
            except OSError as error:
                raise _unreadable(name, error) from error
            if not data:
                return
            yield data


@contextlib.contextmanager
def _opened(name: str) -> Generator[BufferedReader]:
    if name == "-":
        yield cast("BufferedReader", sys.stdin.buffer)
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 (errors of the body are others')
    except OSError as error:
        raise _unreadable(name, error) from error
    with file:
        yield file


def _unreadable(path: object, error: OSError) -> Refused:
    return Refused(f"{path} cannot be read: {error.strerror}", hint="name an existing file")


def _line(event: Mapping[str, object]) -> str:
    """An event as one line. JSON knows no infinity and no NaN, which some programs write."""
    try:
        return json_text(event, allow_nan=False)
    except ValueError:
        return json_text(finite(event))
