"""What a task does, as values: the work of an agent, a function, a program, a person."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypeVar, overload

from pydantic import BaseModel, ConfigDict

from smithers.agent import Agent
from smithers.errors import AuthorError
from smithers.tree._nodes import OnFailure
from smithers.tree._outputs import Output
from smithers.tree._places import here
from smithers.tree._programs import Completed, Program, checked_program
from smithers.tree._results import Computed
from smithers.tree._retry import Retry
from smithers.values import dataclass

T = TypeVar("T")

__all__ = [
    "AgentWork",
    "Attempt",
    "ChildWork",
    "CommandWork",
    "Decision",
    "EventWork",
    "HumanWork",
    "PersonWork",
    "Programs",
    "StepWork",
    "TimerWork",
    "Work",
]


class Decision(BaseModel):
    """A person's answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in
    time.
    """

    model_config = ConfigDict(defer_build=True)

    approved: bool
    by: str | None = None
    note: str | None = None
    at: datetime


del Decision.model_config["defer_build"]  # for those that extend it: what is wrong is told there


class Programs(Protocol):
    """What starts programs for an attempt, and ends them with it."""

    def run(self, program: Program, /) -> Any:
        """Run it to its end, from a thread. Raises `AuthorError` in an async function."""

    def arun(self, program: Program, /) -> Coroutine[Any, Any, Any]:
        """The same for an async function. Raises `AuthorError` in a thread."""
        ...


class Attempt:
    """The running attempt of a step, passed to its function if it has a required parameter.

    `key` is the same for every attempt of this task in this iteration: pass it to any service that
    must not act twice. `number` counts from 1. After any of these was used, reading an output that
    is not settled yet is an author error, because the function may already have acted.
    """

    def __init__(
        self,
        key: str,
        number: int,
        note: Callable[[str], None],
        programs: Callable[[], Programs] | None = None,
    ) -> None:
        self._key = key
        self._number = number
        self._note = note
        self._programs = programs
        self._cancelled = False
        self.used = False

    @property
    def key(self) -> str:
        self.used = True
        return self._key

    @property
    def number(self) -> int:
        self.used = True
        return self._number

    @property
    def cancelled(self) -> bool:
        """Whether the result will be discarded: the run was cancelled, or the time is over."""
        self.used = True
        return self._cancelled

    def heartbeat(self, note: str = "") -> None:
        """Show that the step is alive: `note` is written to its log as its last activity."""
        self.used = True
        self._note(note)

    @overload
    def run(
        self,
        argv: str | Sequence[str | Path],
        *,
        shell: bool = False,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        check: bool = True,
        output: type[Completed] = ...,
        timeout_s: float | None = None,
        idle_s: float | None = None,
    ) -> Completed: ...

    @overload
    def run(
        self,
        argv: str | Sequence[str | Path],
        *,
        output: type[T],
        shell: bool = False,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        check: Literal[True] = True,
        timeout_s: float | None = None,
        idle_s: float | None = None,
    ) -> T: ...

    def run(self, argv: str | Sequence[str | Path], **options: Any) -> Any:
        """Run a program to its end, with the guard, the environment and the result of a `Command`.

        The program and all its descendants end with the attempt. Raises `CommandFailed` if the
        program cannot be started, or with `check` if it ends by a signal or another exit code than
        0; `Transient` after `timeout_s` and `Stalled` after `idle_s` seconds without output; and
        `BadOutput` if what it wrote does not match `output`. In an async step, use `arun`.
        """
        programs, program = self._program("run", argv, options)
        return programs.run(program)

    @overload
    def arun(
        self,
        argv: str | Sequence[str | Path],
        *,
        shell: bool = False,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        check: bool = True,
        output: type[Completed] = ...,
        timeout_s: float | None = None,
        idle_s: float | None = None,
    ) -> Coroutine[Any, Any, Completed]: ...

    @overload
    def arun(
        self,
        argv: str | Sequence[str | Path],
        *,
        output: type[T],
        shell: bool = False,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        check: Literal[True] = True,
        timeout_s: float | None = None,
        idle_s: float | None = None,
    ) -> Coroutine[Any, Any, T]: ...

    def arun(self, argv: str | Sequence[str | Path], **options: Any) -> Coroutine[Any, Any, Any]:
        """The same for an async step: `await attempt.arun(...)`."""
        programs, program = self._program("arun", argv, options)
        return programs.arun(program)

    def _program(
        self, name: str, argv: object, options: dict[str, Any]
    ) -> tuple[Programs, Program]:
        self.used = True
        if unknown := next((one for one in options if one not in _DEFAULTS), None):
            raise TypeError(f"Attempt.{name}() got an unexpected keyword argument {unknown!r}")
        program = checked_program(here(), f"attempt.{name}", argv, **{**_DEFAULTS, **options})
        if self._programs is None:
            said = "this Attempt was made by hand, so it runs no programs"
            raise AuthorError(said, place=here().place, hint="run the step in a workflow")
        return self._programs(), program

    def cancel(self) -> None:
        """Called only by the engine: a thread cannot be stopped, only notified."""
        self._cancelled = True


_DEFAULTS: dict[str, Any] = {
    "shell": False,
    "cwd": None,
    "env": None,
    "stdin": None,
    "check": True,
    "output": Completed,
    "timeout_s": None,
    "idle_s": None,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentWork:
    """Work of the first agent of the array, or of the next where that one cannot. `continues` or
    `forks` is the id of the task in whose session, or in a copy of it, the work begins.
    """

    agents: tuple[Agent, ...]
    prompt: str | Callable[[], str]
    retry: Retry
    idle_s: float
    cwd: Path | None
    continues: str | None = None
    forks: str | None = None

    @property
    def source(self) -> str | None:
        """The id of the task whose session is taken up, or None."""
        return self.continues if self.forks is None else self.forks

    @property
    def verb(self) -> str:
        """How that session is taken up, as a word of an error."""
        return "continues" if self.forks is None else "forks"


class StepWork(NamedTuple):  # a render makes many: a frozen dataclass costs three times as much
    """Work of a Python function; asynchronous ones run in the loop, others in a thread. One with an
    `effect` is not repeated after an interruption, unless a person decides so.
    """

    run: Callable[..., object]
    takes_attempt: bool
    retry: Retry | None
    effect: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandWork:
    """Work of a program. A part that is a callable is called before each attempt."""

    argv: object
    shell: bool
    cwd: object
    env: object
    stdin: object
    check: bool
    idle_s: float | None
    retry: Retry | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonWork:
    """A question to a person; without an answer in time it is denied or fails."""

    ask: str | Callable[[], str]
    on_deny: OnFailure
    on_timeout: Literal["deny", "fail"]
    allowed_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class HumanWork:
    """A question to a person, who answers with data, one of the choices, or a text. `answer` is the
    type of the answer; without one in time, the task fails or gives None.
    """

    ask: str | Callable[[], str]
    answer: Output[Any]
    choices: tuple[str, ...] | Callable[[], Iterable[str]] | None
    on_timeout: OnFailure
    allowed_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TimerWork:
    """Waiting for a time: so many seconds from when it comes up, or until a time with a zone. With
    `takes_now`, the callable receives the time at which it comes up.
    """

    seconds: float | None
    until: datetime | Callable[..., datetime] | None
    takes_now: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildWork:
    """A run that is started: of another workflow, or the next one of this. `input` gives its
    input, and `model` is the class of one that was given as it is.
    """

    input: Computed[Any]
    model: type[BaseModel] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EventWork:
    """A signal that is waited for. `answer` is the type of its data; without a signal in time, the
    task fails or gives None.
    """

    event: str
    answer: Output[Any]
    correlation: str | Callable[[], str] | None
    on_timeout: OnFailure


Work = (
    AgentWork | StepWork | CommandWork | PersonWork | HumanWork | TimerWork | ChildWork | EventWork
)
