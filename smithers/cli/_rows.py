"""One task in one iteration as a row for a person: a pure function of the run's state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from smithers import waits
from smithers.agent import Answered, Event, Said, Started, Thought, ToolCalled, ToolReturned
from smithers.changes import Failure, Key, WaitKind, WaitOpened
from smithers.state import Attempted, RunState
from smithers.views import clock

__all__ = ["Row", "activity", "row_of"]

_MOST = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A task in one iteration. `took_s` is the time of an attempt that has ended, `began` the start
    of one that runs. `note` is an error, or what the task waits for.
    """

    key: Key
    state: str = "pending"
    tolerated: bool = False
    attempt: int = 0
    agent: str = ""
    began: datetime | None = None
    took_s: float | None = None
    tokens: int = 0
    cost: Decimal | None = None
    note: str = ""
    wait: WaitKind | None = None
    asked: str = ""
    """The whole question, if it waits for a decision."""

    @property
    def for_a_person(self) -> bool:
        """Whether it waits for somebody to do something."""
        return self.wait is not None and waits.traits(self.wait).is_for_person

    @property
    def who(self) -> str:
        """The agent at work, with the number of an attempt that is not the first."""
        return f"{self.agent} #{self.attempt}" if self.attempt > 1 else self.agent

    def elapsed_s(self, now: datetime) -> float | None:
        return self.took_s if self.began is None else (now - self.began).total_seconds()


def row_of(key: Key, state: RunState) -> Row:
    """The row of a task in the state of its run."""
    ended, tries = state.ended.get(key), state.tries.get(key)
    last = tries[-1] if tries else None
    name, wait = _state_of(key, state, last)
    error = last.error if last is not None else None
    if error is None and ended is not None:
        error = ended.error
    note = _message(error) if wait is None else _awaited(wait)
    row = Row(
        key=key,
        state=name,
        tolerated=key in state.handled,
        note=note,
        wait=None if wait is None else wait.kind,
        asked=(wait.asked or "") if wait is not None and wait.kind == waits.APPROVAL else "",
    )
    if last is None:
        return row
    until = last.ended_at
    return replace(
        row,
        attempt=last.number,
        agent=last.agent,
        began=last.started_at if until is None else None,
        took_s=None if until is None else (until - last.started_at).total_seconds(),
        tokens=0 if last.used is None else last.used.tokens_in + last.used.tokens_out,
        cost=None if last.used is None else last.used.cost,
    )


def _state_of(key: Key, state: RunState, last: Attempted | None) -> tuple[str, WaitOpened | None]:
    """The state of a task, and what it waits for if it waits."""
    if (ended := state.ended.get(key)) is not None:
        return ended.outcome, None
    if last is not None and last.state == "running":
        return "running", None
    if state.waits:
        for kind in waits.KINDS:
            if (wait := state.waits.get((key, kind))) is not None:
                return "waiting", wait.opened
    return ("ready" if key in state.came_up else "pending"), None


def _message(error: Failure | None) -> str:
    return "" if error is None else _line(error.message)


def activity(event: Event) -> str:
    """What an event says of its task, in a few words on one line."""
    match event:
        case Started():
            return "started"
        case Said(text) | Thought(text) | Answered(text):
            return _line(text)
        case ToolCalled():
            inner = next((str(value) for value in event.arguments.values()), "")
            return _line(f"{event.name}: {inner}" if inner else event.name)
        case ToolReturned():
            return _line(event.text)
        case _:
            return ""


def _line(text: str) -> str:
    return " ".join(text[:_MOST].split())


def _awaited(wait: WaitOpened) -> str:
    until = "" if wait.due is None else f" until {clock(wait.due)}"
    return waits.words_of(
        waits.traits(wait.kind).words.row,
        until=until,
        asked=wait.asked,
        line=_line(wait.asked or ""),
        on=", ".join(wait.on),
    )
