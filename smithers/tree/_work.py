"""What a task does, as values: the work of an agent, of a function, of a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from smithers.agent import Agent
from smithers.tree._nodes import OnFailure
from smithers.tree._retry import Retry

__all__ = [
    "AgentWork",
    "Attempt",
    "Decision",
    "PersonWork",
    "StepWork",
    "Work",
]


class Decision(BaseModel):
    """A person's answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in
    time.
    """

    approved: bool
    by: str | None = None
    note: str | None = None
    at: datetime


class Attempt:
    """The running attempt of a step, passed to its function if it has a required parameter.

    `key` is the same for every attempt of this task in this iteration: pass it to any service that
    must not act twice. `number` counts from 1. After any of these was used, reading an output that
    is not settled yet is an author error, because the function may already have acted.
    """

    def __init__(self, key: str, number: int, note: Callable[[str], None]) -> None:
        self._key = key
        self._number = number
        self._note = note
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

    def cancel(self) -> None:
        """Called only by the engine: a thread cannot be stopped, only notified."""
        self._cancelled = True


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


@dataclass(frozen=True, kw_only=True, slots=True)
class StepWork:
    """Work of a Python function; asynchronous ones run in the loop, others in a thread. One with an
    `effect` is not repeated after an interruption, unless a person decides so.
    """

    run: Callable[..., object]
    takes_attempt: bool
    retry: Retry | None
    effect: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonWork:
    """A question to a person; without an answer in time it is denied or fails."""

    ask: str | Callable[[], str]
    on_deny: OnFailure
    on_timeout: Literal["deny", "fail"]
    allowed_by: tuple[str, ...]


Work = AgentWork | StepWork | PersonWork
