"""What bounds a request: silence, the whole, and the size of the pieces in which it is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import TypeVar

from smithers.agent import Ask, Said, Thought
from smithers.errors import Stalled, Transient

__all__ = ["Clock", "Pieces"]

T = TypeVar("T")

_LINES_CHARS = 400
_MOST_CHARS = 4000
_LINES_S = 1.0
_MOST_S = 5.0


class Clock:
    """Both limits of an `Ask`. Nothing is awaited under it while a caller is at work."""

    def __init__(self, ask: Ask) -> None:
        self._idle_s, self._whole_s = ask.idle_s, ask.timeout_s
        self._loop = asyncio.get_running_loop()
        whole_s = float("inf") if ask.timeout_s is None else ask.timeout_s
        self._ends_at = self._loop.time() + whole_s
        self._limit: asyncio.Timeout | None = None

    def heard(self) -> None:
        """A sign of life ends the silence."""
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(self._due())

    @property
    def is_over(self) -> bool:
        """Whether the time for the whole is up."""
        return self._loop.time() >= self._ends_at

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        """Bounds what is awaited inside. Raises `Stalled`, or `Transient` for the whole."""
        limit = asyncio.timeout_at(self._due())
        try:
            async with limit:
                self._limit = limit
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            if self.is_over:
                said = f"not finished within {self._whole_s:g} s"
                raise Transient(said, reason="timeout") from None
            raise Stalled(self._idle_s) from None
        finally:
            self._limit = None

    async def each(self, items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
        """The items as they come, each within the limits."""
        while True:
            async with self.running():
                try:
                    item = await anext(items)
                except StopAsyncIteration:
                    return
            yield item

    def _due(self) -> float:
        return min(self._loop.time() + self._idle_s, self._ends_at)


class Pieces:
    """Joins the pieces of a stream, which may be syllables, to lines and paragraphs.

    Nothing is added and nothing lost: joined, the texts that come out are those that came in.
    """

    def __init__(self) -> None:
        self._kind: type[Said | Thought] = Said
        self._text = ""
        self._since = 0.0

    def add(self, piece: Said | Thought) -> Iterator[Said | Thought]:
        """What is complete with this piece."""
        if type(piece) is not self._kind:
            yield from self.rest()
            self._kind = type(piece)
        now = time.monotonic()
        if not self._text:
            self._since = now
        self._text += piece.text
        if cut := self._cut(now - self._since):
            yield self._kind(self._text[:cut])
            self._text, self._since = self._text[cut:], now

    def rest(self) -> Iterator[Said | Thought]:
        """What is left, at the end."""
        if self._text:
            yield self._kind(self._text)
        self._text = ""

    def _cut(self, age_s: float) -> int:
        """How much to let go: whole lines if they are many or old, else words."""
        size = len(self._text)
        if size >= _LINES_CHARS or age_s >= _LINES_S:
            lines = self._text.rfind("\n") + 1
            if lines:
                return lines
        if size >= _MOST_CHARS or age_s >= _MOST_S:
            return self._text.rfind(" ") + 1 or size
        return 0
