"""What a watcher knows of the tasks of a run while it goes on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import get_args

from smithers.agent import Answered, Event, Said, Started, Thought, ToolCalled, ToolReturned, Used
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    CameUp,
    Change,
    FailureHandled,
    Frame,
    Key,
    NodeGone,
    NodeMounted,
    Reset,
    Settled,
    WaitClosed,
    WaitKind,
    WaitOpened,
)
from smithers.state import RunState

__all__ = ["Board", "Row", "duration", "money", "tokens"]

TASKS = ("task", "step", "approval")
_MOVES = CameUp | Reset | Settled | FailureHandled | AttemptStarted | WaitOpened | WaitClosed
"""The changes after which their node may stand another way."""
_SETTLED = ("finished", "failed", "skipped", "cancelled")


def duration(seconds: float) -> str:
    """A time as a person reads it.

    >>> duration(3.21), duration(75), duration(3700)
    ('3.2 s', '1 m 15 s', '1 h 01 m')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} m"


def tokens(number: int) -> str:
    """A number of tokens as a person reads it.

    >>> tokens(1), tokens(950), tokens(12345), tokens(2_500_000)
    ('1 token', '950 tokens', '12.3k tokens', '2.5M tokens')
    """
    if number < 1000:
        return f"{number} token{'s'[: number != 1]}"
    return f"{number / 1000:.1f}k tokens" if number < 1_000_000 else f"{number / 1e6:.1f}M tokens"


def money(dollars: Decimal | float | None) -> str:
    """US dollars, or nothing where nobody said.

    >>> money(Decimal("0.0312")), money(None)
    ('$0.0312', '')
    """
    return "" if dollars is None else f"${dollars:.4f}"


@dataclass(slots=True)
class Row:
    """A task in one iteration, as it stands and as far as this process saw it."""

    key: Key
    state: str = "pending"
    tolerated: bool = False
    attempt: int = 0
    agent: str = ""
    began: float | None = None
    took_s: float | None = None
    tokens: int = 0
    cost: Decimal | None = None
    said: str = ""

    def elapsed_s(self, now: float) -> float | None:
        if self.began is not None:
            return now - self.began
        return self.took_s


class Board:
    """The rows of a run by key, fed with frames and events; `clock` gives seconds."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.rows: dict[Key, Row] = {}
        self.nodes: dict[str, NodeMounted] = {}
        self.status = "running"
        self.tokens = 0
        self.cost: Decimal | None = None
        self.grown = 0
        """Counts changes of the tree and of the set of rows."""
        self._by_serial: dict[int, Key] = {}
        self._begun = False

    def row(self, key: Key) -> Row:
        if (row := self.rows.get(key)) is None:
            row = self.rows[key] = Row(key)
            self.grown += 1
        return row

    def frame(self, frame: Frame, state: RunState) -> None:
        """Take a frame in; `state` is the run's after it, of which the first brings all."""
        if not self._begun:
            self._begin(state)
        touched = set[Key]()
        for change in frame.changes:
            self._take(change)
            if isinstance(change, _MOVES):
                touched.add(change.key)
            elif isinstance(change, AttemptEnded):
                touched.add(state.attempts[change.serial].key)
        self._stand(touched, state)
        self.status = state.run_status
        self.tokens = state.usage.tokens_in + state.usage.tokens_out
        self.cost = state.usage.cost

    def _take(self, change: Change) -> None:
        match change:
            case NodeMounted():
                self.nodes[change.id] = change
                self.grown += 1
            case NodeGone():
                self.nodes.pop(change.id, None)
                self.grown += 1
            case AttemptStarted():
                self._started(change)
            case AttemptEnded():
                self._ended(change)
            case WaitOpened(key=key) if self._is_task(key):
                self.row(key).said = _awaited(change)
            case WaitClosed(key=key) if self._is_task(key):
                self.row(key).said = ""
            case _:
                pass

    def _begin(self, state: RunState) -> None:
        """What was there before this process came."""
        self._begun = True
        self.nodes = dict(state.nodes)
        for serial, attempt in state.attempts.items():
            self._by_serial[serial] = attempt.key
            row = self.row(attempt.key)
            row.attempt, row.agent = attempt.number, attempt.agent
        self._stand({*state.came_up, *state.ended, *(key for key, _ in state.waits)}, state)

    def _stand(self, keys: Iterable[Key], state: RunState) -> None:
        for key in keys:
            if self._is_task(key):
                row = self.row(key)
                row.state, row.tolerated = _state_of(key, state), key in state.handled

    def state_of(self, row: Row) -> str:
        """As it stands; what had not settled when the run ended is not to come any more."""
        if row.state in _SETTLED or self.status in ("running", "waiting"):
            return row.state
        return "skipped" if self.status == "finished" else "cancelled"

    def event(self, key: Key, event: Event) -> None:
        row = self.row(key)
        if isinstance(event, Used):
            row.tokens += event.tokens_in + event.tokens_out
            if event.cost is not None:
                row.cost = (row.cost or Decimal(0)) + event.cost
        elif said := activity(event):
            row.said = said

    def _is_task(self, key: Key) -> bool:
        node = self.nodes.get(key.id)
        return node is not None and node.kind in TASKS

    def _started(self, change: AttemptStarted) -> None:
        self._by_serial[change.serial] = change.key
        row = self.row(change.key)
        row.attempt, row.agent = change.number, change.agent
        row.began, row.took_s, row.said = time.monotonic(), None, ""
        row.tokens, row.cost = 0, None

    def _ended(self, change: AttemptEnded) -> None:
        if (key := self._by_serial.get(change.serial)) is None:
            return
        row = self.row(key)
        row.took_s, row.began = row.elapsed_s(time.monotonic()), None
        row.said = change.error.message if change.error else ""


def _state_of(key: Key, state: RunState) -> str:
    """How a task stands in the state of its run."""
    if (ended := state.ended.get(key)) is not None:
        return ended.outcome
    if (tries := state.tries.get(key)) and tries[-1].state == "running":
        return "running"
    if any((key, kind) in state.waits for kind in get_args(WaitKind)):
        return "waiting"
    return "ready" if key in state.came_up else "pending"


def activity(event: Event) -> str:
    """What an event says of its task, in a few words on one line."""
    match event:
        case Started(session):
            return f"session {session}"
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
    return " ".join(text[:400].split())


def _awaited(change: WaitOpened) -> str:
    if change.kind == "approval":
        return "waits for a person's decision"
    if change.kind == "agents":
        return f"waits for an agent to be set up: {_line(change.asked or '')}"
    if change.kind == "attached":
        return f"{_line(change.asked or 'someone')} is in its session"
    return (
        f"waits for {', '.join(change.on)}" if change.kind == "data" else f"waits ({change.kind})"
    )
