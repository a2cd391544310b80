"""Copies of Antigravity's conversations, which its SDK cannot make itself.

A conversation is a database `ID.db`. Its steps are numbered; what else it tells of calls of the
model says, as protocol buffers, to which steps it belongs. A copy is opened only if it bears its
own id: else the SDK makes no request, and gives the last answer once more.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

__all__ = ["copy_conversation"]

_BESIDE = ("", "-wal")
"""A process that was killed may have left what is not in the file itself yet."""
_STEPS_OF_A_CALL, _LAST_STEP_OF_A_TURN = 2, 3
"""Fields of `gen_metadata` and of `executor_metadata`."""
_VARINT, _BYTES = 0, 2


def copy_conversation(
    sessions: Sequence[Path], session: str, copy: str, at: str | None = None
) -> None:
    """Makes `copy` in the first of these folders, of a conversation that is in any of them: of all
    that it has, or of its steps up to `at`.

    Nothing is made of one that is unknown, cannot be read or has no such step. Raises OSError where
    no copy can be kept.
    """
    target = sessions[0] / f"{copy}.db"
    places = (folder / f"{session}.db" for folder in sessions)
    source = next((place for place in places if place.is_file()), None)
    if source is None or Path(session).name != session:
        return
    part = target.with_suffix(".part")
    try:
        for beside in _BESIDE:
            if (file := source.with_name(source.name + beside)).is_file():
                shutil.copyfile(file, part.with_name(part.name + beside))
        with closing(sqlite3.connect(part, isolation_level=None)) as database:
            if at is not None and not _cut(database, at):
                return
            renamed = "UPDATE trajectory_meta SET trajectory_id = ?, cascade_id = ?"
            database.execute(renamed, (copy, copy))
            database.execute("PRAGMA journal_mode=DELETE")
        part.replace(target)
    except sqlite3.DatabaseError:
        return
    finally:
        for beside in (*_BESIDE, "-shm"):
            part.with_name(part.name + beside).unlink(missing_ok=True)


def _cut(database: sqlite3.Connection, at: str) -> bool:
    """Take away what follows a step; False if there is no such step."""
    is_number = at.isascii() and at.isdigit() and len(at) < 19
    known = "SELECT 1 FROM steps WHERE idx = ?"
    if not is_number or database.execute(known, (int(at),)).fetchone() is None:
        return False
    last = int(at)
    database.execute("DELETE FROM steps WHERE idx > ?", (last,))
    for table, field in (
        ("gen_metadata", _STEPS_OF_A_CALL),
        ("executor_metadata", _LAST_STEP_OF_A_TURN),
    ):
        for idx, data in database.execute(f"SELECT idx, data FROM {table}").fetchall():
            if max(_numbers(data or b"", field), default=0) > last:
                database.execute(f"DELETE FROM {table} WHERE idx = ?", (idx,))
    return True


def _numbers(data: bytes, wanted: int) -> Iterator[int]:
    """The whole numbers of one field of a message, packed or not. What is no message has none."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        field, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            number, at = _varint(data, at)
            if field == wanted:
                yield number
        elif kind == _BYTES:
            size, at = _varint(data, at)
            end = at + size
            while field == wanted and at < min(end, len(data)):
                number, at = _varint(data, at)
                yield number
            at = end
        else:
            at += {1: 8, 5: 4}.get(kind, len(data))


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(data):
        byte, at = data[at], at + 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return number, at
