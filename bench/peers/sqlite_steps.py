"""Trivial steps on raw SQLite: `python sqlite_steps.py SHAPE KIND N FOLDER`.

The floor: WAL with synchronous=FULL, one row and one commit a step, and nothing that could resume.
SHAPE and KIND change nothing: a loop without an engine has neither.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path


def step() -> int:
    return 1


def main(count: int, folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / "sqlite.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE steps (number INTEGER PRIMARY KEY, result TEXT)")
        before = time.process_time()
        for number in range(count):
            db.execute("INSERT INTO steps VALUES (?, ?)", (number, json.dumps(step())))
        cpu_s = time.process_time() - before
    print(json.dumps({"cpu_s": cpu_s}))


if __name__ == "__main__":
    main(int(sys.argv[3]), Path(sys.argv[4]) / "run")
