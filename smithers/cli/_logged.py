"""The log of a process that drives a run without a terminal: `owner.log` beside its streams.

Whatever it and the author's functions print goes there once the run's first frame is on disk;
until then whoever started it listens. It is cleaned of secrets and kept within bounds.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import os
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from smithers.agent import Event
from smithers.changes import Frame, Key
from smithers.errors import StoreError
from smithers.state import RunState
from smithers.store.files import inside, open_plain
from smithers.texts import plain_but_coloured

__all__ = ["OwnerLog"]

_MOST_BYTES = 1 << 20
"""A log that is longer becomes `owner.log.1`, in place of the one before."""

_LINE_BYTES = 1 << 16
"""A line that is longer is cut."""
_HELD_BYTES = 1 << 12


class OwnerLog:
    """A watcher of a run that writes nothing itself, but has all that is printed go to a file."""

    def __init__(self, path: Path, mask: Callable[[str], str], heading: str) -> None:
        self._path = path
        self._mask = mask
        self._heading = heading
        self._file = -1
        self._reader: threading.Thread | None = None
        self._faults: int | None = None

    def frame(self, frame: Frame, state: RunState) -> None:
        if self._reader is None:
            # A run without a log is better than none.
            with contextlib.suppress(OSError, StoreError):
                self._begin()

    def event(self, key: Key, event: Event) -> None:
        pass

    def note(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass

    def _begin(self) -> None:
        self._open()
        self._faults = os.dup(self._file)
        faulthandler.enable(self._faults)
        source, sink = os.pipe()
        self._write(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {self._heading}\n".encode())
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.close(sink)
        self._reader = threading.Thread(target=self._carry, args=(source,), daemon=True)
        self._reader.start()
        atexit.register(self._end)

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with inside(self._path.parent, make=True) as folder:
            self._file = open_plain(self._path, flags, folder)

    def _carry(self, source: int) -> None:
        rest = b""
        while data := os.read(source, 1 << 16):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._take(line)
            if len(rest) > _LINE_BYTES:  # what may be the beginning of a secret stays
                text = self._mask(rest.decode(errors="surrogateescape"))
                rest = text.encode(errors="surrogateescape")
                self._take(rest[:-_HELD_BYTES])
                rest = rest[-_HELD_BYTES:]
        if rest:
            self._take(rest)

    def _take(self, line: bytes) -> None:
        said = plain_but_coloured(self._mask(line.decode(errors="replace")))
        with contextlib.suppress(OSError, StoreError):
            self._write(said.encode("utf-8", "replace") + b"\n")

    def _write(self, data: bytes) -> None:
        if os.fstat(self._file).st_size > _MOST_BYTES:
            full = self._file
            os.replace(self._path, f"{self._path}.1")
            self._open()
            os.close(full)
        os.write(self._file, data)

    def _end(self) -> None:
        """The last words: our own ends of the pipe close, and what is in it is still written."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        if self._reader is not None:
            self._reader.join(timeout=1.0)  # a child of a step may hold the pipe for longer
