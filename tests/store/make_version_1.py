"""Writes version_1.sql, a dump of a file of version 1. To be run by hand before 1 is published."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from smithers.store.migrations import APPLICATION_ID
from smithers.store.sqlite import SqliteStore
from tests.store.samples import ANALYSIS, dead_owner, new_run, whole_run


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.db"
        async with await SqliteStore.open(path) as store:
            first, *rest = whole_run()
            claim = await store.create(new_run(), dead_owner(), first, [ANALYSIS])
            for each in rest:
                await store.commit(claim, each)
        with closing(sqlite3.connect(path)) as db:
            lines = [f"PRAGMA application_id = {APPLICATION_ID};", "PRAGMA user_version = 1;"]
            lines += db.iterdump()
    dump = Path(__file__).with_name("version_1.sql")
    dump.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
