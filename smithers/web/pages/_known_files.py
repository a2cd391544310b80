"""The files that tasks have changed, kept for a short time: a page that is live is made again at
each event, and git is asked for all of its files.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.views import ChangedFiles

__all__ = ["KnownFiles"]

_LEAST_S = 3.0
_TIMES = 4
"""They count for this many times as long as it took to find them."""
_MOST_BYTES = 16 << 20
_BYTES_EACH = 500
"""What a file takes beside its diff, at least."""

Place = tuple[str, ...]


class _Known(NamedTuple):
    until: float
    files: ChangedFiles | None
    size: int


@dataclass(kw_only=True)
class _Busy:
    """One caller looks for the files of a task, and `callers` wait for that."""

    lock: Lock = field(default_factory=Lock)
    callers: int = 0


class KnownFiles:
    """What was found last, the oldest first; bounded in bytes."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, most_bytes: int = _MOST_BYTES
    ) -> None:
        self._clock, self._most_bytes = clock, most_bytes
        self._lock = Lock()
        self._known: dict[Place, _Known] = {}
        self._busy: dict[Place, _Busy] = {}

    @property
    def size(self) -> int:
        with self._lock:
            return sum(one.size for one in self._known.values())

    def find(self, place: Place, look: Callable[[], ChangedFiles | None]) -> ChangedFiles | None:
        """The files of a task, by one look for all who ask at the same time."""
        with self._lock:
            busy = self._busy.setdefault(place, _Busy())
            busy.callers += 1
        try:
            with busy.lock:
                known = self._known.get(place)
                if known is not None and known.until > self._clock():
                    return known.files
                began = self._clock()
                files = look()
                self._keep(place, files, self._clock() - began)
                return files
        finally:
            with self._lock:
                busy.callers -= 1
                if not busy.callers:
                    del self._busy[place]

    def _keep(self, place: Place, files: ChangedFiles | None, took_s: float) -> None:
        now = self._clock()
        until = now + max(_LEAST_S, _TIMES * took_s)
        with self._lock:
            self._known.pop(place, None)
            self._known[place] = _Known(until, files, _size_of(files))
            total = sum(one.size for one in self._known.values())
            for oldest, one in list(self._known.items()):
                if one.until > now and total <= self._most_bytes:
                    continue
                total -= one.size
                del self._known[oldest]


def _size_of(files: ChangedFiles | None) -> int:
    if files is None:
        return _BYTES_EACH
    texts = [*files.later, *(one.path + one.diff for one in files.files)]
    return _BYTES_EACH + sum(_BYTES_EACH + 2 * len(text) for text in texts)
