"""Starting a program under its guard: tried again for what passes, else a clear error."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from pathlib import Path
from typing import Literal

from smithers.errors import CommandFailed, MachineError, Transient, may_start_later
from smithers.host import CannotStart, Chunk, GuardedProcess, Launch, now, to_the_end

__all__ = ["start_program"]

_PATIENCE_S = 10.0
"""How long a start is tried again if this machine refuses it, as for lack of descriptors."""
_REPLACED_S = 1.0
"""The same for a program that was found, and cannot be executed: it may be being replaced."""
_OF_THE_FILE = (errno.ENOENT, errno.ENOEXEC)
_ARGUMENT_BYTES = 131_071
"""The most bytes that Linux takes in one argument or variable."""


class _Unheard:
    """Nobody records what passes between the program and us."""

    def chunk(self, stream: Literal["in", "out", "err"], data: bytes, /) -> Chunk:
        return Chunk(now(), "err" if stream == "err" else "out", data)

    def signal(self, number: int, /) -> None: ...


async def start_program(launch: Launch, shown: str) -> GuardedProcess:
    """Start it. Raises `CommandFailed` if it cannot be started, `Transient` if that may pass, and
    `MachineError` if this machine can start nothing.
    """
    began, pause_s = now(), 0.05
    while True:
        try:
            process = GuardedProcess(launch, _Unheard())
        except (OSError, ValueError) as error:
            if (failure := _refused(launch, shown, error)) is not None:
                raise failure from error
            if now() > began + _PATIENCE_S:
                what = f"cannot be started for `{shown}`"
                raise MachineError.of(error, sys.executable, what) from error
        else:
            try:
                await process.pids()
                return process
            except CannotStart as error:
                await to_the_end(process.destroy())
                if (failure := _not_executed(launch, shown, error)) is not None:
                    raise failure from error
                patience_s = _REPLACED_S if error.errno in _OF_THE_FILE else _PATIENCE_S
                if now() > began + patience_s:
                    raise _given_up(shown, error) from error
            except BaseException:
                await to_the_end(process.destroy())
                raise
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, 1.0)


def _refused(launch: Launch, shown: str, error: OSError | ValueError) -> CommandFailed | None:
    """Why not even the guard can be started with these words; None if it may in a moment."""
    if not launch.cwd.is_dir():
        said = f"`{shown}` was not started: the folder {launch.cwd} does not exist"
        return CommandFailed(said, hint="make it first, or change cwd=")
    if not os.access(launch.cwd, os.X_OK):
        said = f"`{shown}` was not started: the folder {launch.cwd} may not be entered"
        return CommandFailed(said, hint=f"chmod u+x {launch.cwd}, or change cwd=")
    if isinstance(error, OSError) and error.errno == errno.E2BIG:
        largest = max(map(_size, (*launch.argv, *launch.env.values())))
        what = f"one of its words or variables has {largest} bytes"
        if largest <= _ARGUMENT_BYTES:
            what = "its words and variables are too many"
        said = f"`{shown}` was not started: {what}, more than the system can pass on"
        return CommandFailed(said, hint="pass the text with stdin=, or in a file")
    if isinstance(error, OSError) and may_start_later(error.errno):
        return None
    return CommandFailed(f"`{shown}` was not started: {error}")


def _size(text: str) -> int:
    return len(os.fsencode(text))


def _not_executed(launch: Launch, shown: str, error: CannotStart) -> CommandFailed | None:
    """Why the system does not execute the program; None if it may in a moment."""
    name = launch.argv[0]
    if error.errno == errno.ENOENT and (hint := _missing(launch, name)):
        return CommandFailed(f"`{shown}` was not started: {name!r} was not found", hint=hint)
    if error.errno == errno.EACCES:
        said = f"`{shown}` was not started: {name!r} is not executable"
        return CommandFailed(said, hint=f"chmod +x {name}, or name its interpreter before it")
    if may_start_later(error.errno):
        return None
    return CommandFailed(f"`{shown}` was not started: {error}")


def _missing(launch: Launch, name: str) -> str:
    """What to do about a program that is not there; nothing if it is."""
    from shutil import which

    if "/" in name:
        path = launch.cwd / name
        return "" if path.exists() else f"{path} does not exist: correct the path, or cwd="
    if which(name, path=launch.env.get("PATH")) is not None:
        return ""
    if (Path(launch.cwd) / name).exists():
        return f"it is in the folder of the command: write './{name}'"
    if " " in name:
        return "write each word as an item of the list, or one string with shell=True"
    return "install it, or write its whole path; PATH is that of the run"


def _given_up(shown: str, error: CannotStart) -> CommandFailed | Transient:
    said = f"`{shown}` was not started: {error}"
    if error.errno == errno.ENOENT:
        return CommandFailed(f"{said}: the interpreter in its first line was not found")
    if error.errno == errno.ENOEXEC:
        hint = "begin the script with a line such as #!/bin/sh, or name its interpreter before it"
        return CommandFailed(said, hint=hint)
    return Transient(said, reason="not_started")
