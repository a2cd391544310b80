"""A program, or a recording in its place, on this process's own stdin, stdout and stderr."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harnesses._reading import readable
from harnesses.process import Command
from harnesses.process._child import Child, Tape
from harnesses.process._command import scrub_of, version_of
from harnesses.process._files import files_in, with_files
from harnesses.process._live import LiveChild
from harnesses.process._replay import ReplayChild
from harnesses.recording import Ending, Header, Recorder, Recording, read_sessions
from smithers.errors import MachineError, Refused

__all__ = ["play_recording", "record_program"]

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NAMES = {"claude": "claude-code"}
"""Programs whose adapter has another name."""
_READ_BYTES = 1 << 16


def record_program(
    words: Sequence[str], to: Path, *, force: bool = False, told: Callable[[Path], None]
) -> int:
    """Runs a program on this process's streams and records it; gives its exit code.

    `to` is the file, or else the folder for one with a name of its own; `told` hears of it before
    the program starts. Raises `Refused` where there is no such program, or `to` exists already.
    """
    command = _command_of(words)
    path = to
    if to.suffix != ".jsonl":
        path = to / f"{command.program}-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}.jsonl"
    if path.exists() and not force:
        raise Refused(f"{path} already exists", hint="name another file, or add --force")
    header = replace(_header_of(command, words), version=_version_of(command))
    try:
        path.unlink(missing_ok=True)
        recorder = Recorder(path, header, scrub_of(command))
    except (OSError, MachineError) as error:
        said = (
            error.said
            if isinstance(error, MachineError)
            else f"{path} cannot be written: {error.strerror}"
        )
        raise Refused(said, hint="choose another file with --to") from error
    told(path)
    return asyncio.run(_recorded(command, recorder, path.absolute()))


async def _recorded(command: Command, recorder: Recorder, path: Path) -> int:
    before = files_in(command.cwd, [path])
    tape = Tape([recorder])
    try:
        ending = await _passed_on(LiveChild(command, tape), tape)
        tape.end(*with_files(ending, command.cwd, before, [path]))
    finally:
        recorder.close()
    if tape.failure is not None:
        raise tape.failure
    return _exit_code(ending)


def play_recording(path: Path, *, speed: float = 0.0, writes: bool = False) -> int:
    """Plays the sessions in `path` on this process's streams; gives the exit code of the last.

    `speed` is as in `Replay`. With `writes` the files that the program wrote are written again, in
    the current folder. Raises `Refused` where `path` is no recording.
    """
    try:
        sessions = list(read_sessions(path))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise Refused(f"{path} cannot be read as a recording: {error}") from error
    if not sessions:
        raise Refused(
            f"{path} is not a recording", hint="make one with `smithers harness record -- COMMAND`"
        )
    code = 0
    for session in sessions:
        found = session if writes else replace(session, writes={})
        code = asyncio.run(_played(found, speed))
    return code


async def _played(recording: Recording, speed: float) -> int:
    header = recording.header
    tape = Tape([])
    command = _command(header.program, header.program, (), {})
    return _exit_code(await _passed_on(ReplayChild(recording, command, tape, speed), tape))


def _command(program: str, executable: str, flags: tuple[str, ...], env: dict[str, str]) -> Command:
    return Command(
        program=program,
        executable=executable,
        flags=flags,
        prompt="",
        cwd=Path.cwd(),
        env=env,
        session=None,
        resumes=False,
        dialogue=True,
    )


def _command_of(words: Sequence[str]) -> Command:
    found = shutil.which(words[0])
    if found is None:
        raise Refused(
            f"{words[0]!r} was not found on PATH", hint="install it, or put its folder on PATH"
        )
    name = Path(words[0]).name
    return _command(
        _NAMES.get(name, name), str(Path(found).absolute()), tuple(words[1:]), dict(os.environ)
    )


def _header_of(command: Command, words: Sequence[str]) -> Header:
    """What stands behind `--` is the prompt, as all programs of agents have it."""
    if "--" not in words:
        return command.header()
    at = words.index("--")
    shown = replace(command, flags=tuple(words[1:at]), prompt=" ".join(words[at + 1 :]))
    return shown.header()


def _version_of(command: Command) -> str | None:
    """Only programs that are known take the question for what it is."""
    return version_of(command) if command.program in readable() else None


async def _passed_on(child: Child, tape: Tape) -> Ending:
    """Lets streams and signals through until the program has ended, and nothing of it lives."""
    loop = asyncio.get_running_loop()
    caught = [one for one in _FORWARDED if signal.getsignal(one) is not signal.SIG_IGN]
    for number in caught:
        loop.add_signal_handler(number, child.signal, number)
    try:
        await child.pids()
        _feed(child, loop)
        while (chunk := await child.read()) is not None:
            if not _written(2 if chunk.stream == "err" else 1, chunk.data):
                child.signal(signal.SIGPIPE)
            if tape.failure is not None:
                raise tape.failure
        return await child.ended()
    finally:
        await child.destroy()
        for number in caught:
            loop.remove_signal_handler(number)


def _feed(child: Child, loop: asyncio.AbstractEventLoop) -> None:
    """What comes by a pipe or a file goes on to the program; of a terminal it gets nothing.

    A program that waits for the end of its input would wait for ever there.
    """
    if os.isatty(0):
        child.close_stdin()
        return

    def pump() -> None:
        with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: the loop has ended
            while data := os.read(0, _READ_BYTES):
                loop.call_soon_threadsafe(child.write, data)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(child.close_stdin)

    threading.Thread(target=pump, daemon=True).start()


def _written(stream: int, data: bytes) -> bool:
    """Whether anybody still reads there."""
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(stream, left) :]
    except BrokenPipeError:
        return False
    return True


def _exit_code(ending: Ending) -> int:
    """As a shell tells it."""
    if ending.signal is not None:
        return 128 + ending.signal
    return ending.rc if ending.rc is not None else 1
