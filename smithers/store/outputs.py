"""The text of one output, read on a connection that cannot write; commits do not wait for it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from smithers.changes import Change, Frame, Key, Large, Settled
from smithers.errors import StoreError
from smithers.store.failures import telling
from smithers.store.looking import connect_reader
from smithers.store.rows import path_text

__all__ = ["OutputReader", "no_output", "output_of", "prompt_of", "with_outputs"]

_PROMPT = "SELECT prompt FROM attempts WHERE run_id = ? AND serial = ?"
_OUTPUT = "SELECT json FROM outputs WHERE run_id = ? AND task = ? AND path = ? AND born = ?"


def output_of(db: sqlite3.Connection, run_id: str, key: Key, frame: int) -> str | None:
    """What a node gave when it ended in that frame, as JSON text; None if it gave nothing."""
    rows = db.execute(_OUTPUT, (run_id, key.id, path_text(key.path), frame)).fetchall()
    return str(rows[0][0]) if rows else None


def prompt_of(db: sqlite3.Connection, run_id: str, serial: int) -> str | None:
    """What the agent of an attempt was asked; None if no agent was."""
    row = db.execute(_PROMPT, (run_id, serial)).fetchone()
    return None if row is None else row[0]


def with_outputs(db: sqlite3.Connection, run_id: str, frame: Frame) -> Frame:
    """A frame that was read back, with the texts of its large outputs."""

    def filled(change: Change) -> Change:
        if not isinstance(change, Settled) or not isinstance(change.output, Large):
            return change
        text = output_of(db, run_id, change.key, frame.number)
        return replace(change, output=replace(change.output, text=text))

    return replace(frame, changes=tuple(map(filled, frame.changes)))


def no_output(run_id: str, key: Key, frame: int) -> StoreError:
    return StoreError(f"run {run_id} has no output of {key} in frame {frame}")


class OutputReader:
    """Reads outputs of the database at `path`, from any thread; it connects with the first read.

    `check` raises `StoreError` if another database lies at `path` by now.
    """

    def __init__(self, path: Path, check: Callable[[], None]) -> None:
        self._path = path
        self._check = check
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._is_closed = False

    def read(self, run_id: str, key: Key, frame: int) -> str:
        """The text of an output. Raises `StoreError`."""
        with self._lock:
            if self._is_closed:  # a thread of a step may outlive its run
                raise StoreError(f"{self._path}: the store is closed")
            self._check()
            with telling(self._path):
                if self._db is None:
                    self._db = connect_reader(self._path, any_thread=True)
                text = output_of(self._db, run_id, key, frame)
            self._check()
        if text is None:
            raise no_output(run_id, key, frame)
        return text

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            if self._db is not None:
                self._db.close()
                self._db = None
