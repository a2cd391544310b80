"""The texts of large outputs, for whoever reads them: from memory, or from the store.

A state holds the size and the digest of a large output. Its text is kept here until the frame that
it is made in is durable; from then on as long as there is room for it, and the store has it.
"""

from __future__ import annotations

import threading
from typing import Protocol

from smithers.changes import Key
from smithers.errors import StoreError
from smithers.state import Ended

__all__ = ["ROOM_BYTES", "Outputs", "StoredOutputs"]

ROOM_BYTES = 8 << 20
"""So much of what was last written or read stays in memory."""

_Place = tuple[Key, int]


class StoredOutputs(Protocol):
    """Where outputs are kept: `Store.output`."""

    def output(self, run_id: str, key: Key, frame: int) -> str: ...


class Outputs:
    """Reads outputs of one run; steps read from threads of their own."""

    def __init__(self, run_id: str, room_bytes: int = ROOM_BYTES) -> None:
        self._run_id = run_id
        self._room = room_bytes
        self._lock = threading.Lock()
        self._made: dict[_Place, str] = {}
        self._kept: dict[_Place, bytes] = {}
        """The one that was used last is the last. As bytes they take no more than their size."""
        self._bytes = 0
        self.store: StoredOutputs | None = None
        self.broken: StoreError | None = None
        """Why an output could not be read, if one could not. What was made from it must not be
        written: its reader may have failed by it, or have gone on without it.
        """

    def add(self, key: Key, frame: int, text: str) -> None:
        """Keep a large output of the frame in the making."""
        with self._lock:
            self._made[key, frame] = text

    def committed(self) -> None:
        """All that was added is durable."""
        if not self._made:
            return
        with self._lock:
            for place, text in self._made.items():
                self._keep(place, text)
            self._made = {}

    def output(self, key: Key, ended: Ended, /) -> str:
        """What a node gave, as JSON text. Raises `StoreError`."""
        output = ended.output
        if isinstance(output, str):
            return output
        assert output is not None
        place = key, ended.frame
        with self._lock:
            if (made := self._made.get(place)) is not None:
                return made
            if (kept := self._kept.pop(place, None)) is not None:
                self._kept[place] = kept
        if kept is not None:
            return kept.decode(errors="surrogatepass")
        text = self._read(place)
        with self._lock:
            self._keep(place, text)
        return text

    def check(self) -> None:
        """Raise the error by which an output could not be read, if there was one."""
        if self.broken is not None:
            raise self.broken

    def _read(self, place: _Place) -> str:
        assert self.store is not None
        try:
            return self.store.output(self._run_id, *place)
        except StoreError as error:
            self.broken = error
            raise

    def _keep(self, place: _Place, text: str) -> None:
        data = text.encode(errors="surrogatepass")
        if len(data) > self._room or place in self._kept:
            return
        self._kept[place] = data
        self._bytes += len(data)
        while self._bytes > self._room:
            oldest = next(iter(self._kept))
            self._bytes -= len(self._kept.pop(oldest))
