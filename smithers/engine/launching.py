"""Runs that live in a process of their own: started, and left to themselves once they are there.

The process is the command line's: it has a session of its own, so that neither the end of the
terminal nor of whoever started it reaches it. It says on a pipe when the run's first frame is on
disk, or why there will be none; from then on what it says goes to the run's log. What this process
launches outlives it. What the program of an attempt launches, in another database, ends with the
attempt like everything else that it has started; the run can be resumed.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

from smithers import errors
from smithers.errors import (
    AgentError,
    AuthorError,
    MachineError,
    Place,
    Refused,
    SmithersError,
    may_start_later,
)
from smithers.store.lease import started_of
from smithers.values import dataclass

__all__ = [
    "ATTEMPT",
    "DETACHED",
    "MACHINE_FAILED",
    "RUN",
    "RUN_DATABASE",
    "Launcher",
    "Owning",
    "as_told",
    "how_it_ended",
    "launched",
    "unmarked",
]

ATTEMPT, RUN = "SMITHERS_ATTEMPT", "SMITHERS_RUN"
"""In the environment of whatever an attempt, and of whatever a run has started."""

RUN_DATABASE = "SMITHERS_RUN_DATABASE"
"""In the same environment: the real path of the database that the run is in."""

DETACHED = "SMITHERS_DETACHED"
"""In the environment of a process that was started to drive a run. A row names its folder, so the
current folder says nothing about what a person trusts. The variable only restricts.
"""

MACHINE_FAILED = 75
"""The exit code of such a process if a `MachineError` ended it, where others end with 2: nobody but
the process that started it sees the code, and the database may not take another row. In sysexits.h
it means that the user should try again later.
"""

_PATIENCE_S = 3.0
"""How long a start is tried again if it failed for a reason that may pass by itself."""

_MOST_SAID = 64 * 1024
_LOOK_S = 0.25


def unmarked(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what tells from which run a process comes."""
    marks = (ATTEMPT, RUN, RUN_DATABASE, DETACHED)
    return {name: value for name, value in environment.items() if name not in marks}


def launched() -> list[int]:
    """The processes that this one has launched and that still live."""
    return [pid for pid, at in _launched.items() if at is not None and started_of(pid) == at]


_launched: dict[int, str | None] = {}
"""By pid, with the start time, which tells a reused pid from the old one."""


@dataclass(frozen=True, kw_only=True)
class Owning:
    """A process that drives a run by itself; `said` is what it told before the run was there."""

    run_id: str
    pid: int
    said: str


class Launcher:
    """Starts such processes, and hears how those end that end before it."""

    def __init__(self, database: Path, environment: Mapping[str, str]) -> None:
        self._database = database.absolute()
        self._environment = environment
        self._children: dict[int, str] = {}
        self._left = threading.Event()

    def leave(self) -> None:
        """Wait for no run to begin any more; what was started goes on."""
        self._left.set()

    def launch(
        self,
        run_id: str,
        arguments: Sequence[str],
        *,
        folder: Path,
        interpreter: str,
        input: str | None = None,
        within_s: float = 60.0,
    ) -> Owning:
        """Start `smithers ARGUMENTS` and wait until its run is there.

        Raises what prevented that, as it would have been raised here, or `Refused`.
        """
        child = self._start(run_id, arguments, folder, interpreter, input)
        try:
            said = _Handshake(child, None if input is None else input.encode()).wait(
                within_s, self._left
            )
        except BaseException:
            child.kill()
            child.wait()
            raise
        child.returncode = 0  # it is no child to be waited for, and must not be warned of
        self._children[child.pid] = run_id
        return Owning(run_id=run_id, pid=child.pid, said=said)

    def ended(self) -> list[tuple[str, int]]:
        """The runs whose processes have ended since, each with the exit code, or minus a signal."""
        done: list[tuple[str, int]] = []
        for pid in list(self._children):
            try:
                gone, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:  # someone else has waited for all children
                del self._children[pid]
                continue
            if gone:
                done.append((self._children.pop(pid), os.waitstatus_to_exitcode(status)))
        return done

    def is_dying(self, run_id: str) -> bool:
        """Whether a process of the run is dead whose end cannot be heard of quite yet."""
        return any(one == run_id and started_of(pid) is None for pid, one in self._children.items())

    def _start(
        self,
        run_id: str,
        arguments: Sequence[str],
        folder: Path,
        interpreter: str,
        input: str | None,
    ) -> subprocess.Popen[bytes]:
        # -P: no folder of the project may stand in for one of our packages.
        command = [interpreter, "-P", "-m", "smithers", arguments[0]]
        command += ["--db", str(self._database), "--events", "--detached", *arguments[1:]]
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                child = subprocess.Popen(
                    command,
                    cwd=folder,
                    env={**unmarked(self._environment), DETACHED: run_id},
                    stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
            except OSError as error:
                self._check_start(error, run_id, folder, interpreter, until)
                self._left.wait(_LOOK_S)
            else:
                _launched[child.pid] = started_of(child.pid)
                return child

    def _check_start(
        self, error: OSError, run_id: str, folder: Path, interpreter: str, until: float
    ) -> None:
        """Return if the start may be tried again. Raises `MachineError` or `Refused`."""
        if not folder.is_dir():
            raise Refused(f"the folder of run {run_id} no longer exists: {folder}") from error
        passes = may_start_later(error.errno)
        if passes and time.monotonic() < until and not self._left.is_set():
            return
        if passes and error.errno not in (errno.ENOENT, errno.ENOEXEC):
            raise MachineError.of(error, interpreter, "cannot be started") from error
        raise Refused(
            f"the interpreter of run {run_id} cannot be started: {interpreter}: {error.strerror}",
            hint=f"restore it, or use another interpreter: `smithers resume {run_id}`",
        ) from error


class _Handshake:
    """Reads what a new process says until its run is there, or will not be."""

    def __init__(self, child: subprocess.Popen[bytes], input: bytes | None) -> None:
        self._child = child
        self._input = memoryview(input or b"")
        self._out = b""
        self._said = b""
        self._begun = False
        self._failure: SmithersError | None = None

    def wait(self, within_s: float, left: threading.Event) -> str:
        """What it said on stderr, once its run is there."""
        end = time.monotonic() + within_s
        with self._pipes() as pipes:
            while pipes.get_map() and not self._begun and self._failure is None:
                if left.is_set():
                    break
                if time.monotonic() > end:
                    raise Refused(
                        f"the run did not start within {within_s:g} s",
                        hint="check what its file does when it is imported",
                    )
                for key, _ in pipes.select(_LOOK_S):
                    self._take(pipes, cast("IO[bytes]", key.fileobj))
        said = self._said.decode(errors="replace")
        if self._failure is not None:
            self._child.wait()
            raise self._failure
        if not self._begun and not left.is_set():
            raise _died(self._child.wait(), said)
        return said

    @contextlib.contextmanager
    def _pipes(self) -> Generator[selectors.DefaultSelector]:
        child = self._child
        pipes = selectors.DefaultSelector()
        files = [one for one in (child.stdin, child.stdout, child.stderr) if one is not None]
        for one in files:
            os.set_blocking(one.fileno(), False)
            pipes.register(one, _WRITE if one is child.stdin else _READ)
        try:
            yield pipes
        finally:
            pipes.close()
            for one in files:
                with contextlib.suppress(OSError):
                    one.close()

    def _take(self, pipes: selectors.BaseSelector, file: IO[bytes]) -> None:
        if file is self._child.stdin:
            self._give(pipes, file)
            return
        if not (data := os.read(file.fileno(), 1 << 16)):
            pipes.unregister(file)
        elif file is self._child.stderr:
            self._said = (self._said + data)[-_MOST_SAID:]
        else:
            *lines, self._out = (self._out + data).split(b"\n")
            for line in lines:
                self._hear(line)

    def _give(self, pipes: selectors.BaseSelector, file: IO[bytes]) -> None:
        try:
            self._input = self._input[os.write(file.fileno(), self._input[: 1 << 16]) :]
        except BrokenPipeError:
            self._input = self._input[:0]
        if not self._input:
            pipes.unregister(file)
            file.close()

    def _hear(self, line: bytes) -> None:
        if self._begun:  # how it goes on is another story
            return
        try:
            told: dict[str, Any] = json.loads(line)
        except ValueError:
            return
        if told.get("event") == "end" and told.get("error"):
            self._failure = as_told(told["error"])
        elif told.get("event") in ("frame", "end"):
            self._begun = True


_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


def as_told(told: Mapping[str, Any]) -> SmithersError:
    """The error that another process has told."""
    kind = getattr(errors, str(told.get("kind")), None)
    said, hint = str(told.get("message")), str(told.get("hint") or "")
    if kind is AuthorError:
        return AuthorError(said, place=_place(told.get("place")), hint=hint)
    if isinstance(kind, type) and issubclass(kind, SmithersError):
        return Refused(said, hint=hint) if issubclass(kind, AgentError) else kind(said, hint=hint)
    return Refused(said, hint=hint)


def _place(told: object) -> Place | None:
    file, _, rest = str(told or "").rpartition(":")
    file, _, line = file.rpartition(":")
    if not (file and line.isdigit() and rest.isdigit()):
        return None
    return Place(file=file, line=int(line), column=int(rest))


def how_it_ended(code: int) -> str:
    """The end of a process in words."""
    if code == MACHINE_FAILED:
        return "this machine failed while its process was running; see its log"
    if code >= 0:
        return f"its process exited with code {code}"
    with contextlib.suppress(ValueError):
        return f"its process was killed by {signal.Signals(-code).name}"
    return f"its process was killed by signal {-code}"


def _died(code: int, said: str) -> Refused:
    last = [line.strip() for line in said.splitlines() if line.strip()]
    why = f": {last[-1]}" if last else ""
    return Refused(f"{how_it_ended(code)} before the run started{why}")
