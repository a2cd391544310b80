"""What is kept beside the runs: a database that refuses it is to blame, as for a row of a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smithers.callers import AuditRow
from smithers.errors import StoreError
from smithers.store.audit import put_audit
from smithers.store.cached import clear_cached
from smithers.store.deliveries import claim_delivery
from smithers.store.opening import open_database

_REST = {"about": "", "who": "ann", "claimed": "", "face": "", "address": "", "credential": ""}


def _record(database: Path) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    put_audit(database, AuditRow(at=at, run_id="r1", what="cancel", **_REST))


def _deliver(database: Path) -> object:
    return claim_delivery(database, "github", ["one"])


def _clear(database: Path) -> object:
    return clear_cached(database, before=None, task=None)


@pytest.mark.parametrize("write", [_record, _deliver, _clear])
def test_a_write_that_fails_is_an_error_of_the_database(
    tmp_path: Path, write: Callable[[Path], object]
) -> None:
    database = tmp_path / "runs.db"
    open_database(database).close()
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        for table in ("audit", "cache", "inbox"):
            db.execute(f"DROP TABLE {table}")
    with pytest.raises(StoreError, match="no such table"):
        write(database)
