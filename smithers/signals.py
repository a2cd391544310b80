"""Signals: as they are sent, as a run has them, and the queues in which they wait to be taken."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from smithers.changes import Key, SignalGiven
from smithers.values import dataclass

__all__ = ["Queues", "SentSignal", "Signal", "sent_of", "signal_of"]


@dataclass(frozen=True, kw_only=True)
class SentSignal:
    """A signal. `data` is JSON text; `by` is who sent it, and `login` the name of the user whose
    process that was.
    """

    id: str
    event: str
    correlation: str | None
    data: str
    by: str
    login: str

    def body(self) -> str:
        """The body of its row in the inbox."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @property
    def on(self) -> tuple[str, ...]:
        """What a wait for it names as `on`."""
        return _on(self.event, self.correlation)

    def is_same(self, other: SentSignal) -> bool:
        """Whether another signal with its id says the same."""
        said, told = json.loads(self.data), json.loads(other.data)
        return self.on == other.on and json.dumps(said, sort_keys=True) == json.dumps(
            told, sort_keys=True
        )


def _on(event: str, correlation: str | None) -> tuple[str, ...]:
    return (event,) if correlation is None else (event, correlation)


def sent_of(given: SignalGiven) -> SentSignal:
    """The signal that a run was given; who was logged in is not known any more."""
    return SentSignal(
        id=given.id,
        event=given.event,
        correlation=given.correlation,
        data=given.data,
        by=given.by,
        login=given.by,
    )


def signal_of(body: str) -> SentSignal:
    """The signal of a row of the inbox."""
    row: dict[str, Any] = json.loads(body)
    return SentSignal(**row)


@dataclass(slots=True)
class Signal:
    """A signal that was sent to the run; see `SignalGiven`. It waits in its queue until a node has
    taken it, or has set it aside since it did not fit. `data` is None once it was taken.
    """

    number: int
    id: str
    event: str
    correlation: str | None
    data: str | None
    by: str
    at: datetime
    given: int
    """The frame in which the run got it."""
    taken: Key | None = None
    misfit: str | None = None

    @classmethod
    def of(cls, given: SignalGiven, frame: int) -> Signal:
        return cls(
            number=given.number,
            id=given.id,
            event=given.event,
            correlation=given.correlation,
            data=given.data,
            by=given.by,
            at=given.at,
            given=frame,
        )

    @property
    def on(self) -> tuple[str, ...]:
        """What a wait for it names as `on`."""
        return _on(self.event, self.correlation)


class Queues:
    """The signals that wait to be taken, and the waits for signals, by the event and correlation
    that both have. It costs little to take one, however many there are: both are heaps, in which
    what was taken and what is over stay until they come up.
    """

    def __init__(self) -> None:
        self._signals: dict[tuple[str, ...], list[tuple[int, Signal]]] = {}
        self._waits: dict[tuple[str, ...], list[tuple[int, Key]]] = {}

    def add(self, signal: Signal) -> None:
        heapq.heappush(self._signals.setdefault(signal.on, []), (signal.number, signal))

    def oldest(self, on: tuple[str, ...]) -> Signal | None:
        """The first signal that no node has taken."""
        queue = self._signals.get(on, [])
        while queue and queue[0][1].taken is not None:
            heapq.heappop(queue)
        return queue[0][1] if queue else None

    def listen(self, on: tuple[str, ...], frame: int, key: Key) -> None:
        """A node waits for a signal since this frame."""
        heapq.heappush(self._waits.setdefault(on, []), (frame, key))

    def listeners(self, on: tuple[str, ...], listens: Callable[[int, Key], bool]) -> Iterator[Key]:
        """The nodes that wait for a signal, in the order in which they began to; `listens` says
        whether one still does.
        """
        heap = self._waits.get(on, [])
        while heap and not listens(*heap[0]):
            heapq.heappop(heap)
        if not heap:
            return
        yield heap[0][1]
        for frame, key in sorted(set(heap))[1:]:  # for the rare one that the first cannot take
            if listens(frame, key):
                yield key
