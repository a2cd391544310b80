"""The texts of large outputs, for whoever reads them: from memory, or from the store.

A state holds the size and the digest of a large output. Its text is kept here until the frame that
it is made in is durable; from then on as long as there is room for it, and the store has it.
"""

from __future__ import annotations

import threading

from smithers.changes import Key, Large
from smithers.errors import StoreError
from smithers.state import Ended
from smithers.store import Store

__all__ = ["ROOM_BYTES", "Outputs"]

ROOM_BYTES = 8 << 20
"""So much of what was last written or read stays in memory."""

_Place = tuple[Key, int]


class Outputs:
    """Reads outputs of one run; steps read from threads of their own."""

    def __init__(self, run_id: str, room_bytes: int = ROOM_BYTES) -> None:
        self._run_id = run_id
        self._room = room_bytes
        self._lock = threading.Lock()
        self._made: dict[_Place, Large] = {}
        self._kept: dict[_Place, Large] = {}
        """The one that was used last is the last."""
        self._bytes = 0
        self.store: Store | None = None
        self.broken: StoreError | None = None
        """Why an output could not be read, if one could not. What was made from it must not be
        written: its reader may have failed by it, or have gone on without it.
        """

    def add(self, key: Key, frame: int, output: Large) -> None:
        """Keep the text of an output of the frame in the making."""
        with self._lock:
            self._made[key, frame] = output

    def committed(self) -> None:
        """All that was added is durable."""
        if not self._made:
            return
        with self._lock:
            for place, output in self._made.items():
                self._keep(place, output)
            self._made = {}

    def output(self, key: Key, ended: Ended, /) -> str:
        """What a node gave, as JSON text. Raises `StoreError`."""
        output, place = ended.output, (key, ended.frame)
        assert output is not None
        if isinstance(output, str):
            return output
        with self._lock:
            known = self._made.get(place)
            if known is None and (known := self._kept.pop(place, None)) is not None:
                self._kept[place] = known
        if known is not None and known.text is not None:
            return known.text
        text = self._read(place)
        with self._lock:
            self._keep(place, Large(output.size, output.digest, text))
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

    def _keep(self, place: _Place, output: Large) -> None:
        if output.size > self._room or place in self._kept:
            return
        self._kept[place] = output
        self._bytes += output.size
        while self._bytes > self._room:
            oldest = next(iter(self._kept))
            self._bytes -= self._kept.pop(oldest).size
