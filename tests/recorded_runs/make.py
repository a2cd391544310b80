"""Writes the databases and what is read from them: both with the code of one commit.

    git worktree add --detach /tmp/old 462129b
    ln -s "$PWD/tests/recorded_runs" /tmp/old/tests/recorded_runs
    (cd /tmp/old && PYTHONPATH=/tmp/old python -m tests.recorded_runs.make [NAME ...])

With names, only those databases are written. They say what was read before the reports were
rewritten, so they are never written with newer code: that is why the version is checked.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from smithers.store.lease import this_process
from smithers.store.rows import time_text
from smithers.store.sqlite import SqliteStore
from tests.recorded_runs import (
    scenes_agents,
    scenes_ends,
    scenes_nested,
    scenes_trees,
    scenes_waits,
)
from tests.recorded_runs.driving import HOST, SCENES, Driver, Scene
from tests.recorded_runs.reading import PROJECT, RECORDED, compact, database_in, read_all
from tests.rules.runs import Clock

VERSION = 5
_WRITTEN, _AT = re.compile(r'"at": "[-0-9T:.]+Z"'), '"at": "2026-01-02T03:04:05.000Z"'
MODULES = (scenes_agents, scenes_ends, scenes_nested, scenes_trees, scenes_waits)
"""They are imported for the scenes that they add to `SCENES`."""


async def drive(folder: Path, play: Scene) -> dict[str, Any]:
    """Make the database of a scene; when it is read, and whether that is long."""
    clock = Clock()
    database = database_in(folder)
    database.parent.mkdir()
    async with await SqliteStore.open(
        database, now=clock, monotonic_ns=lambda: 0, synchronous="normal"
    ) as store:
        driver = Driver(folder, store, clock)
        await play(driver)
    now = time_text(clock() + timedelta(seconds=driver.read_after_s))
    return {"now": now, "is_long": driver.is_long}


def lines_of(database: Path) -> list[str]:
    """The database as SQL, without its views of outputs, which no command reads."""
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
        db.execute("UPDATE identity SET id = 'recorded'")
        return [line for line in db.iterdump() if not line.startswith('CREATE VIEW "out_')]


def grouped(lines: list[str]) -> Iterator[str]:
    """The same with one statement for all rows of a table."""
    for table, found in groupby(lines, key=lambda line: line.partition(" VALUES(")[0]):
        if table.startswith("INSERT "):
            rows = (line.removeprefix(f"{table} VALUES").removesuffix(";") for line in found)
            yield f"{table} VALUES\n" + ",\n".join(rows) + ";"
        else:
            yield from found


def cleaned(text: str, folder: Path) -> str:
    """A text with other names for this machine's folders and for this process."""
    mine = this_process()
    for found, kept in (
        (str(folder), PROJECT),
        (str(Path(__file__).parent), PROJECT),
        (mine.host, HOST),
        (mine.id, "ann"),
        (f'"{mine.pid}", "{mine.started}"', '"99", "1"'),
        (f'"pid": {mine.pid}, "started": "{mine.started}"', '"pid": 99, "started": "1"'),
    ):
        text = text.replace(found, kept)
    return text


def schema() -> list[str]:
    """A database without runs, as SQL: what all databases share."""
    with tempfile.TemporaryDirectory() as made:
        database = Path(made) / "smithers.db"

        async def make() -> None:
            await (await SqliteStore.open(database)).close()

        asyncio.run(make())
        return lines_of(database)


def plain(value: object) -> Any:
    """What `Hub` gave at that commit as JSON data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    return json.loads(json.dumps(value))


def record(name: str, common: list[str]) -> None:
    """Write the two files of a scene."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        head = asyncio.run(drive(folder, SCENES[name]))
        lines = [line for line in lines_of(database_in(folder)) if line not in common]
        sql = cleaned("\n".join(grouped(lines)) + "\n", folder)
        streams = {
            str(path.relative_to(folder)): _WRITTEN.sub(
                _AT, cleaned(path.read_text("utf-8"), folder)
            )
            for path in sorted((folder / ".smithers").rglob("*"))
            if path.is_file() and path.suffix == ".jsonl"
        }
    (RECORDED / f"{name}.sql").write_text(sql, "utf-8")
    head["streams"] = streams
    found = read_all(name, head, plain)
    (RECORDED / f"{name}.json").write_text(compact({**head, "reads": found}), "utf-8")


def main() -> None:
    RECORDED.mkdir(exist_ok=True)
    common = schema()
    (RECORDED / "schema.sql").write_text("\n".join(common) + "\n", "utf-8")
    for name in sys.argv[1:] or sorted(SCENES):
        record(name, common)
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
