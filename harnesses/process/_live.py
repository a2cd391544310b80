"""The program of an agent, under its guard; a replayed one has the same face (`Child`)."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from pathlib import Path

from harnesses.process._child import Tape
from harnesses.process._command import Command
from harnesses.recording import Ending
from smithers.errors import AgentError, MachineError, Permanent, Transient, may_start_later
from smithers.host import CannotStart, GuardedProcess, Launch

__all__ = ["LiveChild"]


class LiveChild(GuardedProcess):
    """Starts `command` at once.

    Raises `MachineError` if this machine cannot start anything now, and `Permanent` if it cannot
    start this. `pids` reports what happens to the program itself.
    """

    def __init__(self, command: Command, tape: Tape, folder: Path | None = None) -> None:
        launch = Launch(
            argv=command.argv,
            cwd=command.cwd,
            env=command.env,
            stdin=command.stdin,
            talks=command.talks,
            by_file=command.by_file,
        )
        try:
            super().__init__(launch, tape, folder)
        except (OSError, ValueError) as error:
            raise _no_start(command, error) from error

    async def pids(self) -> Sequence[int]:
        try:
            return await super().pids()
        except CannotStart as error:
            raise _not_started(error) from error

    async def ended(self) -> Ending:
        ending = await super().ended()
        return Ending(rc=ending.rc, signal=ending.signal)


def _not_started(error: CannotStart) -> AgentError:
    """Why the guard could not start the program, which was there when it was looked for."""
    if may_start_later(error.errno):
        return Transient(f"the program could not be started: {error}", reason="not_started")
    return Permanent(f"the program cannot be started: {error}")


def _no_start(command: Command, error: OSError | ValueError) -> MachineError | Permanent:
    if not Path(command.cwd).is_dir():
        return Permanent(f"the working folder {command.cwd} does not exist")
    if isinstance(error, ValueError) or error.errno == errno.E2BIG:
        return Permanent(f"the command line of {command.program} cannot be passed on: {error}")
    return MachineError.of(error, sys.executable, f"cannot be started for {command.program}")
