"""Everything that can go wrong, and what happens next.

SmithersError            `hint` says what to type
├── AuthorError          the workflow is wrong; file, line and column        (exit 2)
├── CommandFailed        a program did not start, or did not end well
├── Refused              the request cannot be granted now                   (exit 2)
│   ├── UnknownRun       no run with that id in this store
│   ├── RunExists        a run with that id already exists
│   ├── Owned            another live process owns the run
│   ├── AlreadyDecided   the wait has its answer; the first answer counts
│   ├── AlreadySent      the same signal was sent to the run before
│   ├── NotFinished      the run has no output, or none yet
│   ├── QuestionChanged  the question is not the one that was shown
│   ├── WrongAnswer      the answer is not what the question asks for
│   ├── NotThere         no such file, folder or workflow to start
│   ├── Ambiguous        several things have the name
│   ├── OutsideRoots     the path is not below the folders of a server
│   ├── TooManyClients   as many listen to runs already as a server allows
│   └── Untrusted        this user does not trust the database or the folder
├── StoreError           the database cannot be used                         (exit 2)
│   ├── Fenced           another owner took the run; this one must stop
│   └── MachineError     this machine cannot store what a run needs          (exit 2)
└── AgentError           an attempt failed; `then` is what the engine does
    ├── Permanent        this agent cannot do this task, now or in an hour   (next agent)
    │   ├── NotInstalled the program is not on PATH                          (set up)
    │   └── NotSignedIn  the program or the provider refused the credentials (set up)
    ├── Busy             rate limit, quota or overload; `resumes_at` if known (cool down)
    ├── Transient        network, timeout, a stream cut short                (retry)
    │   └── Stalled      no event for longer than the idle limit
    ├── ContextOverflow  the request is larger than the model's window       (next agent)
    └── BadOutput        the answer does not match the task's model          (repair)

Cancellation is not an error of the agent: it arrives as `asyncio.CancelledError` and passes
through.
"""

from __future__ import annotations

import errno
import os
from datetime import datetime
from typing import ClassVar, Literal

from smithers.values import dataclass

__all__ = [
    "AgentError",
    "AlreadyDecided",
    "AlreadySent",
    "Ambiguous",
    "AuthorError",
    "BadOutput",
    "Busy",
    "CommandFailed",
    "ContextOverflow",
    "Fenced",
    "MachineError",
    "NotFinished",
    "NotInstalled",
    "NotSignedIn",
    "NotThere",
    "OutsideRoots",
    "Owned",
    "Permanent",
    "Place",
    "QuestionChanged",
    "Refused",
    "RunExists",
    "SmithersError",
    "Stalled",
    "StoreError",
    "Then",
    "TooManyClients",
    "Transient",
    "UnknownRun",
    "Untrusted",
    "is_of_the_machine",
    "keeping",
    "may_start_later",
]

Then = Literal["next agent", "set up", "cool down", "retry", "repair"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A position in an author's file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class SmithersError(Exception):
    """Base of all errors of Smithers. `hint` is what a person can do about it, or empty."""

    for_resume: ClassVar[bool] = False
    """Whether its hints are about resuming the run that it failed."""

    def __init__(self, said: str, *, hint: str = "") -> None:
        super().__init__(said)
        self.hint = hint

    @property
    def said(self) -> str:
        """The message alone, without its hint."""
        return super().__str__()

    def __str__(self) -> str:
        return f"{self.said}\nhint: {self.hint}" if self.hint else self.said


class AuthorError(SmithersError):
    """The workflow is wrong. `place` is where, or None if no line can be named."""

    def __init__(self, said: str, *, place: Place | None = None, hint: str = "") -> None:
        super().__init__(f"{place}: {said}" if place else said, hint=hint)
        self.place = place


class CommandFailed(SmithersError):
    """A program of a command or a step could not be started, or did not end well.

    `exit_code` is minus the number of the signal for one that a signal ended, and None for one that
    was not started. `stdout` and `stderr` are what it wrote, as in `Completed`.
    """

    def __init__(
        self,
        said: str,
        *,
        hint: str = "",
        exit_code: int | None = None,
        stdout: str = "",
        stderr: str = "",
    ) -> None:
        super().__init__(said, hint=hint)
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr


class Refused(SmithersError):
    """The request cannot be granted now; nothing was changed."""


class Untrusted(Refused):
    """A row that another user may have written names something to execute or write."""


class UnknownRun(Refused):
    """No run with that id in this store."""


class RunExists(Refused):
    """A run with that id already exists."""


class Owned(Refused):
    """Another live process owns the run."""


class AlreadyDecided(Refused):
    """The wait has its answer; the first answer counts."""


class NotFinished(Refused):
    """The run has no output, or none yet."""


class AlreadySent(Refused):
    """The same signal, of the same id, was sent to the run before; it is kept once. `had_by` is the
    run that has it: another one if that has continued as this one.
    """

    had_by: str = ""


class QuestionChanged(Refused):
    """The question that waits is not the one that was shown; nothing was recorded."""


class WrongAnswer(Refused):
    """The answer is not what the question asks for; the message names each field."""


class NotThere(Refused):
    """There is no such file, folder or workflow to start."""


class Ambiguous(Refused):
    """Several things have the name that was given."""


class OutsideRoots(Refused):
    """The path is not below the folders that a server may use."""


class TooManyClients(Refused):
    """As many clients listen already as may; there is room once one of them leaves."""


class StoreError(SmithersError):
    """The database cannot be used; the message names the file and the reason."""


class Fenced(StoreError):
    """Another owner has claimed the run; nothing of this write was stored."""


class MachineError(StoreError):
    """A file or a process of Smithers failed because of this machine: no space, no memory, a disk
    error. Neither the agent nor the step caused it, so no attempt ends as failed: the owner stops,
    and the run can be resumed. `path` names the file, `errno` is the system's number, if known.
    """

    def __init__(
        self, said: str, *, hint: str = "", path: str = "", errno: int | None = None
    ) -> None:
        super().__init__(said, hint=hint)
        self.path = path
        self.errno = errno

    @classmethod
    def of(cls, error: BaseException, path: object, what: str = "cannot be used") -> MachineError:
        """A system error as a `MachineError`: `path`, `what`, and the reason."""
        number = _number_of(error)
        reason = "" if number is None else f"{os.strerror(number)} ({errno.errorcode[number]})"
        hint = _HINTS.get(number, "") if number is not None else ""
        hint = hint or "make it usable by this user, then resume the run"
        said = f"{path} {what}: {reason or error}"
        return cls(said, hint=hint, path=str(path), errno=number)


_SPACE = "free some space, then resume the run; what was committed is safe"
_FILES = "raise the limit on open files (ulimit -n) or end other processes, then resume the run"
_HINTS = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EIO: "check the disk, then resume the run; what was committed is safe",
    errno.EROFS: "mount the file system writable, then resume the run",
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.ENOMEM: "free some memory, then resume the run",
    errno.EAGAIN: "end other processes or raise their limit (ulimit -u), then resume the run",
}
_OF_THE_MACHINE = frozenset(_HINTS) - {errno.EAGAIN}
_MAY_START_LATER = frozenset(
    {
        *(errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO),
        # Its file is being written, or replaced: a half-written file cannot be executed, and that
        # of its interpreter may be missing for a moment.
        *(errno.ETXTBSY, errno.ENOEXEC, errno.ENOENT, errno.ESTALE),
    }
)


def _number_of(error: BaseException) -> int | None:
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    number = error.errno if isinstance(error, OSError) else None
    return number if number in errno.errorcode else None


def is_of_the_machine(error: BaseException) -> bool:
    """Whether a system error is about this machine as a whole, independent of the operation: no
    space, no memory, no descriptors, a disk error, a read-only file system.
    """
    return _number_of(error) in _OF_THE_MACHINE


def may_start_later(number: int | None) -> bool:
    """Whether a program whose start failed with this errno may start in a moment."""
    return number in _MAY_START_LATER


class keeping:  # it reads as `suppress`; a generator would take four times as long
    """Inside it, a failing operation on a file of Smithers raises `MachineError`."""

    def __init__(self, path: object, what: str = "cannot be written") -> None:
        self._path, self._what = path, what

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError | MemoryError):
            raise MachineError.of(error, self._path, self._what) from error


class AgentError(SmithersError):
    """Base of every failure of an attempt.

    `then` is what the engine does next, so it never matches text; `hint` is what a person can do.
    `reason` is one short word for the cause, such as `rate_limit`: the same for all agents, and
    empty if no cause is known.
    """

    then: ClassVar[Then] = "retry"

    def __init__(self, said: str = "", *, hint: str = "", reason: str = "") -> None:
        super().__init__(said, hint=hint)
        self.reason = reason


class Permanent(AgentError):
    """This agent cannot do this task; another try would fail in the same way."""

    then: ClassVar[Then] = "next agent"


class NotInstalled(Permanent):
    """The agent's program is not on PATH. `install` is the command that installs it.

    `looked_for` is the name or path that was not found.
    """

    then: ClassVar[Then] = "set up"

    def __init__(self, program: str, install: str, *, looked_for: str = "") -> None:
        where = f": {looked_for!r} was not found" if looked_for else ""
        hint = f"install it with `{install}`"
        super().__init__(f"{program} is not installed{where}", hint=hint, reason="not_installed")
        self.program = program


class NotSignedIn(Permanent):
    """The program was found, but its credentials were refused."""

    then: ClassVar[Then] = "set up"

    def __init__(self, said: str = "", *, hint: str = "", reason: str = "not_signed_in") -> None:
        super().__init__(said, hint=hint, reason=reason)


class Busy(AgentError):
    """The provider is over its limit. The agent cools down, and no try is spent.

    `resumes_at` is aware UTC as reported by the provider, or None if it did not report a time.
    """

    then = "cool down"

    def __init__(
        self,
        provider: str,
        resumes_at: datetime | None = None,
        *,
        why: str = "",
        reason: str = "rate_limit",
    ) -> None:
        when = f"until {resumes_at:%Y-%m-%d %H:%M} UTC" if resumes_at else "for an unknown time"
        said = f"{provider} is over its limit {when}" + (f": {why}" if why else "")
        super().__init__(said, reason=reason)
        self.resumes_at = resumes_at


class Transient(AgentError):
    """The same request may succeed in a moment."""


class Stalled(Transient):
    """The agent sent no event for `idle_s` seconds and was stopped.

    `what` is what did not come: of a command it is its output.
    """

    def __init__(self, idle_s: float, *, why: str = "", what: str = "event") -> None:
        said = f"no {what} for {idle_s:g} s" + (f": {why}" if why else "")
        super().__init__(said, reason="silence")
        self.idle_s = idle_s


class ContextOverflow(AgentError):
    """The request does not fit into the model's context window; an agent with a larger one may
    succeed.
    """

    then = "next agent"

    def __init__(self, said: str = "", *, hint: str = "", reason: str = "context_window") -> None:
        super().__init__(said, hint=hint, reason=reason)


class BadOutput(AgentError):
    """The agent's answer does not match the task's model."""

    then = "repair"
