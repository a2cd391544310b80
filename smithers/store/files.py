"""Where the streams of attempts are: files beside the database, found from the attempt's row.

The engine writes there and reports read. Ids never become file names, but for a run's own.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["events_file", "owner_log", "raw_file", "streams_folder"]


def streams_folder(database: Path, run_id: str) -> Path:
    """The folder of a run's streams: `smithers.runs/RUN` beside `smithers.db`."""
    return database.resolve().with_suffix(".runs") / run_id


def events_file(folder: Path, serial: int) -> Path:
    """What an attempt said, as our events."""
    return folder / f"{serial}.events.jsonl"


def raw_file(folder: Path, serial: int) -> Path:
    """The program's own stream."""
    return folder / f"{serial}.raw.jsonl"


def owner_log(folder: Path) -> Path:
    """What the processes said that drove the run without a terminal."""
    return folder / "owner.log"
