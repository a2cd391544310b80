"""Both stores, opened fresh for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smithers.store import Store
from smithers.store.lease import is_running
from smithers.store.memory import MemoryStore
from smithers.store.sqlite import SqliteStore
from tests.store.samples import Clock


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore(now=clock, alive=is_running)
    else:
        async with await SqliteStore.open(tmp_path / "runs.db", now=clock) as opened:
            yield opened
