"""What attempts say while they run: files beside the database, appended and not synced.

Each attempt has `<serial>.events.jsonl`, our events one a line, and `<serial>.raw.jsonl`, the
program's own stream as its adapter keeps it. Both are found from the attempt's row, and the last
activity of an attempt is the time of its newest file. Ids never become file names.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from types import NoneType
from typing import Any, assert_never, cast

from smithers.agent import (
    Answered,
    Dropped,
    Event,
    Said,
    Spawned,
    Started,
    Steered,
    Thought,
    ToolCalled,
    ToolReturned,
    Used,
)
from smithers.engine.hearing import plain_data
from smithers.errors import MachineError, StoreError, keeping
from smithers.store.files import (
    check_plain,
    events_file,
    inside,
    last_written,
    open_plain,
    raw_file,
)
from smithers.texts import escaped
from smithers.tree import clean

__all__ = ["Stream", "as_json", "event_name", "last_heard", "masked_event"]


_TEXT_CHARS = 1 << 20
"""How much of one text an event shows."""
_PLAIN = (str, int, NoneType)
"""Most of what events have; to ask whether a value is any kind of mapping takes longer."""
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


def as_json(event: Event) -> dict[str, object]:
    """An event as JSON data: its name as `event`, then its fields."""
    data: dict[str, object] = {"event": event_name(event)}
    for name in event.__dataclass_fields__:
        value: object = getattr(event, name)
        if value is None and name == "turn":
            continue  # few agents name one
        data[name] = value if isinstance(value, _PLAIN) else _plain(value)
    return data


def event_name(event: Event) -> str:  # noqa: C901  # one case a kind of event
    """What an event is called in its file and on the wire."""
    match event:
        case Spawned():
            return "spawned"
        case Started():
            return "started"
        case Steered():
            return "steered"
        case Said():
            return "said"
        case Thought():
            return "thought"
        case ToolCalled():
            return "toolcalled"
        case ToolReturned():
            return "toolreturned"
        case Used():
            return "used"
        case Dropped():
            return "dropped"
        case Answered():
            return "answered"
        case _:
            assert_never(event)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return dict(cast("Mapping[str, object]", value)) if _is_mapping(value) else value


def _is_mapping(value: object) -> bool:
    return not isinstance(value, _PLAIN) and isinstance(value, Mapping)


def masked_event(event: Event, mask: Callable[[str], str]) -> Event:
    """The event for looking: its texts masked and shortened if they are very long, and structured
    data within bounds. The program's own stream keeps all of it.
    """
    shown: dict[str, Any] = {}
    for name in event.__dataclass_fields__:
        value: Any = getattr(event, name)
        if isinstance(value, str):
            if (text := _shorten(mask(value))) != value:
                shown[name] = text
        elif value is not None and (name == "data" or _is_mapping(value)):
            data = plain_data(cast("object", value))
            shown[name] = clean(data, lambda text: _shorten(mask(text)))
    return replace(event, **shown) if shown else event


def _shorten(text: str) -> str:
    if len(text) <= _TEXT_CHARS:
        return text
    return f"{text[:_TEXT_CHARS]}… [{len(text) - _TEXT_CHARS} more characters]"


def last_heard(folder: Path, serial: int, since: datetime, until: datetime) -> datetime:
    """When an attempt was last heard of, whose end nobody saw: between these two times."""
    written = last_written(folder, serial)
    return min(since if written is None else max(since, written), until)


class Stream:
    """The events file of one attempt; made with its first line, readable by its owner alone.

    Raises `MachineError` if it cannot be made or written: an attempt without a log does not start.
    """

    def __init__(self, folder: Path, serial: int, scrub: Callable[[str], str]) -> None:
        self._folder = folder
        self._serial = serial
        self._scrub = scrub
        self._fd = -1
        self._closed = False
        self._torn = False
        """Whether the last line was written in part, because the disk was full."""
        self._lock = threading.Lock()
        """A step's thread may write when its attempt has ended: never into a descriptor that is
        another file's by then.
        """

    @property
    def _path(self) -> Path:
        return events_file(self._folder, self._serial)

    @cached_property
    def raw(self) -> Path:
        """The file of the program's own stream."""
        return raw_file(self._folder, self._serial)

    def open(self) -> None:
        """Make the file. Raises `MachineError`, also where it or the program's stream is a link."""
        if self._fd < 0:
            flags, path = os.O_WRONLY | os.O_CREAT | os.O_APPEND, self._path
            try:
                with keeping(path), inside(self._folder, make=True) as folder:
                    check_plain(self.raw, folder)
                    self._fd = open_plain(path, flags, folder)
            except MachineError:
                raise
            except StoreError as error:  # no attempt is at fault: the owner stops
                said, hint = error.said, error.hint
                raise MachineError(said, hint=hint, path=str(path)) from error

    def write(self, data: Mapping[str, object]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = _encode({"at": at, **data})
        # Escaped last: a secret is looked for in the words that JSON has for it.
        said = escaped(self._scrub(line)).encode("utf-8", "replace") + b"\n"
        with self._lock:
            if not self._closed:  # else by a thread that nobody hears any more
                self.open()
                self._append(said)

    def _append(self, line: bytes) -> None:
        left = b"\n" + line if self._torn else line
        try:
            while left:  # a disk that is nearly full takes a part
                left = left[os.write(self._fd, left) :]
                self._torn = bool(left)
        except (OSError, MemoryError) as error:
            raise MachineError.of(error, self._path, "cannot be written") from error

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
