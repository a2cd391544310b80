"""Lines of a program's output, of at most 64 MB each; of a longer one only the size is reported."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from smithers.agent import Dropped

__all__ = ["LINE_LIMIT_BYTES", "Lines", "lines_in"]

LINE_LIMIT_BYTES = 64 * 2**20
"""No program writes longer lines as events, and they would not fit into memory."""


class Lines:
    """Splits chunks on LF alone. It holds at most one line of `limit_bytes`, and no other copy."""

    def __init__(self, limit_bytes: int = LINE_LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._begun = io.BytesIO()
        self._size = 0

    def feed(self, data: bytes) -> Iterator[bytes | Dropped]:
        """The lines that end in this chunk, without their LF."""
        if b"\n" not in data:
            self._add(data)
            return
        first, *more = data.split(b"\n")
        self._add(first)
        for piece in more:
            yield self._take()
            self._add(piece)

    def rest(self) -> bytes | Dropped | None:
        """The last line, if it has no LF."""
        return self._take() if self._size else None

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._limit:
            self._begun.write(piece)
        elif self._begun.tell():
            self._begun = io.BytesIO()

    def _take(self) -> bytes | Dropped:
        size, self._size = self._size, 0
        if size > self._limit:
            return Dropped(size)
        line = self._begun.getvalue()  # shares the bytes of the buffer, which is given up
        self._begun = io.BytesIO()
        return line


def lines_in(
    chunks: Iterable[bytes], limit_bytes: int = LINE_LIMIT_BYTES
) -> Iterator[bytes | Dropped]:
    """The lines of a whole stream; the last may lack its LF."""
    lines = Lines(limit_bytes)
    for chunk in chunks:
        yield from lines.feed(chunk)
    if (rest := lines.rest()) is not None:
        yield rest
