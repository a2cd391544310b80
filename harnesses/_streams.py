"""The shape of a reader: a program's own lines go in, our events come out, at the end the answer.

A reader is pure: it starts nothing, waits for nothing and knows no clock but that of its lines. An
adapter uses it on a live program, `smithers harness parse` on a stream that was kept.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Protocol

from harnesses.recording import Ending
from smithers.agent import Answered, Ask, Event
from smithers.errors import AgentError, Permanent, Transient

__all__ = [
    "RECORDED",
    "Stream",
    "UnknownSession",
    "broken_off",
    "complaint",
    "in_itself",
    "refuses",
    "was_killed",
    "ways",
]

RECORDED = "recorded"
"""What the turn of a replayed answer is called, where only the file of its session has the name."""
_SAID_LIMIT = 2000
_REFUSES = re.compile(r"^error\b", re.IGNORECASE | re.MULTILINE)
_ASKED_TO_END = [128 + int(number) for number in (signal.SIGINT, signal.SIGKILL, signal.SIGTERM)]


class Stream(Protocol):
    """`over` is whether the program has said its last word; `notice` is its last complaint."""

    @property
    def over(self) -> bool: ...

    @property
    def notice(self) -> str: ...

    def hear(self, line: bytes) -> Iterator[Event]:
        """What a line says, which may be nothing. No line of any kind is an error."""
        ...

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the request. `ending` may be wholly unknown."""
        ...


class UnknownSession(Permanent):
    """The program has no session of this id."""

    def __init__(self, said: str = "") -> None:
        super().__init__(said, reason="unknown_session")


def ways(ask: Ask) -> list[Ask]:
    """The ways in which a request may be asked, best first: in its session, in a copy of another,
    in a new one. The next is for a program that does not know the session.
    """
    copy = partial(replace, ask, prompt=ask.given_prompt)
    in_its_own = [copy(forks=None, at=None)] if ask.session is not None else []
    in_a_copy = [copy(session=None)] if ask.forks is not None else []
    anew = copy(session=None, forks=None, at=None, followup=None)
    return [*in_its_own, *in_a_copy, anew]


def in_itself(ask: Ask) -> Ask | None:
    """A request in a copy of a session as it was at a turn, as one in that session; else None."""
    if ask.at is None or ask.session is not None:
        return None
    return replace(ask, prompt=ask.given_prompt, session=ask.forks, forks=None, at=None)


def was_killed(ending: Ending) -> bool:
    """Whether the program was made to end, so that what it complained of before is no reason."""
    return ending.signal is not None or ending.rc in _ASKED_TO_END


def complaint(stderr: str, noise: re.Pattern[str]) -> str:
    """What stderr says beyond lines that match `noise`, which these programs print on good days."""
    lines = stderr.partition("Stack backtrace:")[0].splitlines()
    kept = [line for line in lines if line.strip() and not noise.search(line)]
    return "\n".join(kept).strip()[-_SAID_LIMIT:]


def refuses(said: str) -> bool:
    """Whether it is called an error by the program itself, whatever its exit code."""
    return _REFUSES.search(said) is not None


def broken_off(program: str, ending: Ending, why: str = "") -> AgentError:
    """No terminal event came, so the request was not finished, whatever the exit code says."""
    told = ending.rc is not None or ending.signal is not None
    how = f" ({ending})" if told else ""
    said = f"{program} ended without a result{how}" + (f": {why}" if why else "")
    return Transient(said, reason="no_terminal_event")
