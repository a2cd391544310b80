"""Gives a replay what came from outside, in the order of the recording, at the times of it.

The engine looks at its store when nothing of it runs on. That look is the director's turn: it sets
the clock to the next moment of the recording, and then gives what happened in it: answers, signals,
the ends of attempts. So nothing is waited for, and what came in one frame comes in one frame.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, assert_never

from smithers import inbox, waits
from smithers.changes import Frame, Key, Reset, WaitKind, WaitOpened
from smithers.clock import Clock
from smithers.engine.replaying.differences import (
    Difference,
    DifferenceKind,
    is_same_unmasked,
    new_node,
)
from smithers.engine.replaying.recording import (
    Answer,
    ChildAnswer,
    Done,
    Input,
    Moment,
    Question,
    Recording,
    SignalInput,
)
from smithers.engine.replaying.rows import ASKED, asked_of
from smithers.naming import key_name
from smithers.state import RunState
from smithers.store import Note
from smithers.texts import object_from

__all__ = ["Director", "ReadAnswer", "Turn"]

ReadAnswer = Callable[[Done], tuple[str, Any] | None]
"""The text and the data that an agent answered by its stream; None if it is not there."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TOLD = ("finished", "failed")
"""The outcomes that an attempt tells; others come from what surrounds the node."""
_TURNS = 3
"""So many turns of the loop after which an attempt that has its answer has told it."""


class Turn:
    """An attempt that waits for its end."""

    def __init__(self, key: Key, round: int) -> None:
        self.key, self.round = key, round
        self.over = asyncio.Event()
        self.is_known = True
        """Whether the recording has an end of it; it is over if not."""


class Director:
    """The outside of one replay. `state` and `ring` are those of the engine that runs now."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.differences: list[Difference] = []
        self.attempts = 0
        self.streams = {"checked": 0, "missing": 0}
        self.read_answer: ReadAnswer | None = None
        self.state: RunState = RunState()
        self.ring: Callable[[], None] = lambda: None
        self.stop: Callable[[], None] = lambda: None
        self.put: Callable[[Note], None] = lambda _: None
        self._moments: Sequence[Moment] = recording.moments
        self._next = 0
        self._is_set = False
        """Whether the clock shows the next moment already."""
        start = recording.set_up or recording.created_at
        self._now = start
        self._starts = _starts_of(recording)
        self._held: dict[int, dict[tuple[Key, int], Callable[[], None]]] = {}
        """The nodes that may not start yet, by the moment in which they started."""
        self._turns: dict[tuple[Key, int], Turn] = {}
        self._passed: set[tuple[Key, int]] = set()
        self._left: dict[tuple[Key, int], Turn] = {}
        """Those that have passed and were not told it."""
        self._resets: dict[Key, int] = {}
        self._waiting: dict[tuple[Key, WaitKind], list[tuple[int, Answer | ChildAnswer]]] = {}
        """The answers for which no question was open, numbered as they came."""
        self._early = count()
        self._opening: set[tuple[Key, WaitKind]] = set()
        """The questions that have opened since and have such an answer."""
        self._ended = 0
        """Attempts that have ended since the last frame."""
        self._news = False
        self._asked: dict[tuple[Key, WaitKind], list[Question]] = {}
        for one in recording.questions:
            self._asked.setdefault((one.key, one.kind), []).append(one)
        self._opened: dict[tuple[Key, WaitKind], int] = {}

    # -- time

    def now(self) -> datetime:
        return self._now

    @property
    def clock(self) -> Clock:
        """The clock of the recording; all three readings go together."""

        def since_ns() -> int:
            return (self._now - _EPOCH) // timedelta(microseconds=1) * 1000

        return Clock(wall=self.now, monotonic_ns=since_ns, boottime_ns=since_ns)

    # -- what the executors ask

    def round_of(self, key: Key, frame: int) -> int:
        """Which round of a node begins in the frame in the making."""
        is_reset = self.state.reset.get(key) == frame
        return self._resets.get(key, 0) + is_reset

    def find(self, key: Key, round: int) -> Done | None:
        return self.recording.done.get((key, round))

    def differs(
        self,
        kind: DifferenceKind,
        key: Key,
        message: str,
        old: str | None = None,
        new: str | None = None,
    ) -> None:
        if old is None or new is None or not is_same_unmasked(old, new):
            self.differences.append(
                Difference(kind=kind, key=key, message=message, old=old, new=new)
            )

    def holds(self, key: Key, round: int, release: Callable[[], None]) -> bool:
        """Whether a node may not start yet, since it started later in the recording; `release` is
        called when it may.
        """
        start = self._starts.get((key, round))
        if start is None or start < self._next:
            return False
        self._held.setdefault(start, {})[key, round] = release
        return True

    def begin(self, key: Key, round: int) -> Turn:
        """An attempt begins; it is over when the recording says so."""
        turn = self._turns[key, round] = Turn(key, round)
        self._left.pop((key, round), None)
        self.attempts += 1
        if (key, round) not in self.recording.done:
            self.differences.append(new_node(key))
            turn.is_known = False
            turn.over.set()
        elif (key, round) in self._passed and self.recording.done[key, round].is_kept:
            turn.over.set()
        elif (key, round) in self._passed and self.recording.done[key, round].outcome in _TOLD:
            message = f"{key_name(key)} started after the point at which it ended in the run"
            self.differs("order", key, message)
            turn.over.set()
        elif (key, round) in self._passed:
            self._left[key, round] = turn
        return turn

    def told(self) -> None:
        """An attempt has ended, and the engine has not looked at that yet."""
        self._ended += 1

    # -- what the engine tells

    def committed(self, frame: Frame) -> None:
        self._ended = 0
        self.ring()
        for change in frame.changes:
            if isinstance(change, Reset):
                self._resets[change.key] = self._resets.get(change.key, 0) + 1
            elif isinstance(change, WaitOpened):
                if (change.key, change.kind) in self._waiting:
                    self._opening.add((change.key, change.kind))
                if change.kind in ASKED:
                    self._compare_question(change)

    def _compare_question(self, wait: WaitOpened) -> None:
        at = (wait.key, wait.kind)
        number = self._opened[at] = self._opened.get(at, -1) + 1
        known = self._asked.get(at, [])
        if not known:
            if not any(key == wait.key for key, _ in self.recording.done):
                self.differences.append(new_node(wait.key))
            return
        old, new = known[min(number, len(known) - 1)].asked, asked_of(wait)
        if old != new:
            what = "input" if wait.kind == waits.CHILD else "question"
            self.differs(
                "question", wait.key, f"the {what} of {key_name(wait.key)} differs", old, new
            )

    # -- its turn

    @property
    def has_more(self) -> bool:
        return self._next < len(self._moments)

    def take_news(self) -> bool:
        """Whether the engine is to look at its plan once more, since nothing more will come."""
        news, self._news = self._news, False
        return news

    async def look(self) -> bool:
        """The engine has nothing to do: give it what comes next. Whether its inbox has changed."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        if self._ended:
            self.ring()
            return False
        if self._late():
            await self._settle_down()
            return True
        if not self.has_more:
            return self._finish()
        moment = self._moments[self._next]
        self.ring()
        if not self._is_set:
            self._now, self._is_set = max(self._now, moment.at), True
            return False
        self._next, self._is_set = self._next + 1, False
        self._give(moment)
        await self._settle_down()
        self._news = self._news or not self.has_more
        return True

    async def _settle_down(self) -> None:
        self.ring()
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    def skip(self) -> bool:
        """The run was left to what it waits for: give that. False if nothing is left to give."""
        if not self.has_more:
            return False
        self._held.clear()  # the next owner asks again
        moment = self._moments[self._next]
        self._now = max(self._now, moment.at)
        self._next, self._is_set = self._next + 1, False
        self._give(moment)
        return True

    def _finish(self) -> bool:
        """Nothing more comes: what still runs never ended in the recording."""
        open = [turn for turn in self._turns.values() if not turn.over.is_set()]
        if any(turn.key not in self.state.ended for turn in open):
            self.stop()
        self.ring()
        return False

    def _late(self) -> bool:
        """Give the answers for which no question was open when they came in the recording."""
        left = [turn for turn in self._left.values() if turn.key not in self.state.ended]
        self._left.clear()
        for turn in left:  # it was cancelled, and nothing around it did that: it waited at the time
            turn.over.set()
        open = [at for at in self._opening if self._is_open(*at)]
        self._opening.clear()
        ready = sorted(each for at in open for each in self._waiting.pop(at))
        for _, one in ready:
            self._put(one)
        return bool(ready or left)

    def _give(self, moment: Moment) -> None:
        for release in self._held.pop(self._next - 1, {}).values():
            release()
            self._news = True
        for one in moment.inputs:
            self._input(one)
        for at in moment.ended:
            self._passed.add(at)
            done = self.recording.done[at]
            if (turn := self._turns.get(at)) is None or turn.over.is_set():
                continue
            if done.outcome in _TOLD:
                turn.over.set()
            else:  # what surrounds it cancels it
                self._left[at] = turn

    def _input(self, one: Input) -> None:
        match one:
            case Answer() | ChildAnswer():
                at = one.key, self._kind(one)
                if self._is_open(*at):
                    self._put(one)
                else:
                    self._waiting.setdefault(at, []).append((next(self._early), one))
            case SignalInput():
                sent = one.sent
                self.put(
                    Note(
                        run_id=self.recording.run_id,
                        kind=inbox.SIGNAL,
                        signal=sent.id,
                        body=sent.body(),
                        at=self._now,
                    )
                )
            case _:
                assert_never(one)

    def _kind(self, one: Answer | ChildAnswer) -> WaitKind:
        return one.kind if isinstance(one, Answer) else waits.CHILD

    def _is_open(self, key: Key, kind: WaitKind) -> bool:
        wait = self.state.waits.get((key, kind))
        return wait is not None and wait.frame <= self.state.frame

    def _put(self, one: Answer | ChildAnswer) -> None:
        wait = self.state.waits[one.key, self._kind(one)]
        is_answer = isinstance(one, Answer)
        self.put(
            Note(
                run_id=self.recording.run_id,
                kind=inbox.ANSWER if is_answer else inbox.CHILD_ENDED,
                key=one.key,
                opened=wait.frame if is_answer else None,
                body=one.body if is_answer else _of_run(one.body, wait.opened.on),
                at=self._now,
            )
        )


def _of_run(body: str, on: tuple[str, ...]) -> str:
    """The end of a child run, under the name that it has here: a fork inherits that of another."""
    row = object_from(body) or {}
    return json.dumps({**row, "run": "".join(on)}, ensure_ascii=False)


def _starts_of(recording: Recording) -> dict[tuple[Key, int], int]:
    """By the nodes of a recording, the number of the moment in which each started; for one that no
    budget paid for, of the moment in which that was found.
    """
    found: dict[tuple[Key, int], int] = {}
    for number, moment in enumerate(recording.moments):
        for at in moment.started:
            found[at] = number
        for at in moment.ended:
            done = recording.done[at]
            if done.outcome == "skipped" and done.error is not None:
                found[at] = number
    return found
