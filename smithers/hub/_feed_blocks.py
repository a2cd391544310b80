"""The events that a feed keeps: texts, by run and by blocks of frames, up to a number of bytes."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from smithers.reports import frames_between
from smithers.wire import event_json

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.hub import Hub

__all__ = ["Blocks", "Place", "Unit", "encode", "masked_text"]

FRAMES = 256
"""How many frames are read and kept together: those from a multiple of it."""
_EVENTS = 1000
_BYTES = 256 << 10
"""How many events a client takes at once, or how many bytes of them."""

Place = tuple[int, int]
"""A frame and the number of an event in it: the id of the last event that a client has."""


class Unit(NamedTuple):
    """A frame, or a part of one that has many changes, as one JSON text."""

    frame: int
    last: int
    """The number of its last event."""
    text: str
    changed: tuple[Key, ...]
    masked: tuple[str, ...]

    @property
    def place(self) -> Place:
        return self.frame, self.last

    def after(self, seen: Place) -> Unit:
        """The part of it that comes after a place."""
        event = json.loads(self.text)
        if self.frame != seen[0] or event["changes"][0]["n"] > seen[1]:
            return self
        event["changes"] = [change for change in event["changes"] if change["n"] > seen[1]]
        return self._replace(text=_dumped(event))


def encode(hub: Hub, run_id: str, first: int, last: int) -> list[Unit]:
    """Frames of a run as units: read and masked once, for all clients."""
    units: list[Unit] = []
    for view, keys in frames_between(hub.database, run_id, first, last):
        for start in range(0, len(view.changes), _EVENTS):
            page = view.page(start, _EVENTS)
            text, masked = masked_text(hub, event_json(page))
            number = start + len(page.changes) - 1
            changed = () if start else tuple(keys)
            units.append(Unit(view.number, number, text, changed, masked))
    return units


def masked_text(hub: Hub, data: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """JSON text with `${NAME}` instead of each secret, and the names of those."""
    found = set[str]()
    text = _dumped(hub.secrets.mask_data(data, found))
    return text, tuple(sorted(found))


def _dumped(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


class _Block:
    def __init__(self) -> None:
        self.known = -1
        """The last frame that was read."""
        self.units: list[Unit] = []
        self.places: list[Place] = []
        self.size = 0


class Blocks:
    """The blocks that are kept; those that were used longest ago make room for others."""

    def __init__(self, room_bytes: int) -> None:
        self._room = room_bytes
        self._blocks: OrderedDict[tuple[str, int], _Block] = OrderedDict()
        self.held = 0
        """Their size in bytes."""

    @staticmethod
    def numbers(seen: Place, newest: int) -> Iterator[int]:
        """The blocks with what comes after a place, up to the newest frame."""
        return iter(range(max(seen[0], 0) // FRAMES, newest // FRAMES + 1))

    def missing(self, run_id: str, number: int, newest: int) -> tuple[int, int] | None:
        """The first and last frame of a block that are still to be read, if any are."""
        block = self._blocks.get((run_id, number))
        first = number * FRAMES if block is None else block.known + 1
        last = min(newest, (number + 1) * FRAMES - 1)
        return (first, last) if first <= last else None

    def add(self, run_id: str, number: int, known: int, units: list[Unit]) -> None:
        """Put what was read into a block, which is complete up to the frame `known`."""
        block = self._blocks.setdefault((run_id, number), _Block())
        self._blocks.move_to_end((run_id, number))
        size = sum(len(unit.text) for unit in units)
        block.known, block.size = known, block.size + size
        block.units += units
        block.places += [unit.place for unit in units]
        self.held += size
        while self.held > self._room and len(self._blocks) > 1:
            _, oldest = self._blocks.popitem(last=False)
            self.held -= oldest.size

    def has(self, run_id: str, number: int, place: Place) -> bool:
        """Whether a block has an event of this id."""
        block = self._blocks[run_id, number]
        at = bisect_right(block.places, (place[0], place[1] - 1))
        return at < len(block.units) and block.units[at].frame == place[0]

    def after(self, run_id: str, number: int, seen: Place) -> tuple[Unit, ...]:
        """The next units of a block after a place."""
        block = self._blocks[run_id, number]
        self._blocks.move_to_end((run_id, number))
        found: list[Unit] = []
        events = size = 0
        for unit in block.units[bisect_right(block.places, seen) :]:
            events += unit.text.count('"n":')
            size += len(unit.text)
            if found and (events > _EVENTS or size > _BYTES):
                break
            found.append(unit)
        if found:
            found[0] = found[0].after(seen)
        return tuple(found)

    def forget(self, run_id: str) -> None:
        """Keep nothing of a run."""
        for key in [key for key in self._blocks if key[0] == run_id]:
            self.held -= self._blocks.pop(key).size
