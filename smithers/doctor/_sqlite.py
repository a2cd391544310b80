"""SQLite's version, and whether it has the bug by which a reset of the WAL can damage a database.

From 3.7.0 to 3.51.2, two checkpoints close together and a commit between them, by several
connections, could corrupt the file; 3.51.3 mended it, and 3.50.7 and 3.44.6 for those lines.
"""

from __future__ import annotations

import sqlite3

from smithers.doctor._finding import Finding

__all__ = ["has_wal_reset_bug", "look_at_sqlite"]

Version = tuple[int, int, int]

_MENDED: dict[tuple[int, int], int] = {(3, 51): 3, (3, 50): 7, (3, 44): 6}


def has_wal_reset_bug(version: Version) -> bool:
    """Whether that version of SQLite has the bug.

    >>> has_wal_reset_bug((3, 51, 2)), has_wal_reset_bug((3, 51, 3)), has_wal_reset_bug((3, 44, 6))
    (True, False, False)
    """
    if not (3, 7, 0) <= version < (3, 52, 0):
        return False
    mended = _MENDED.get(version[:2])
    return mended is None or version[2] < mended


def look_at_sqlite(version: Version = sqlite3.sqlite_version_info) -> Finding:
    """What is to be said of the SQLite of this Python."""
    number = ".".join(map(str, version))
    bug = has_wal_reset_bug(version)
    facts = {"version": number, "wal_reset_bug": bug}
    if not bug:
        return Finding("sqlite", "ok", number, facts=facts)
    return Finding(
        "sqlite",
        "note",
        f"{number} has the WAL-reset bug; to avoid it, Smithers lets only one process at a"
        " time checkpoint, with all writers locked out",
        "use a Python with SQLite 3.51.3, 3.50.7 or 3.44.6, which do not have it; let no"
        " other program checkpoint the database while runs are active",
        facts,
    )
