"""An owner that was stopped past its lease: its own work ends as soon as it wakes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from smithers.errors import Fenced
from smithers.hub import Hub
from smithers.store.lease import this_process
from smithers.store.sqlite import SqliteStore
from tests.engine.runs import Watch

pytestmark = pytest.mark.anyio

FLOW = """
import asyncio
from pathlib import Path
from smithers import Context, Node, NoInput, Step, workflow

HERE = Path(__file__).parent

async def for_ever() -> str:
    (HERE / "begun").touch()
    try:
        await asyncio.Event().wait()
    finally:
        (HERE / "ended").touch()
    return ""

@workflow
def flow(ctx: Context[NoInput]) -> Node:
    return Step("slow", for_ever, output=str)
"""


async def take_over(database: Path) -> None:
    """Claim run r1 from its live owner, by a clock that is past every lease."""
    later = time.monotonic_ns() + int(3600e9)
    async with await SqliteStore.open(database, monotonic_ns=lambda: later) as store:
        await store.claim("r1", replace(this_process(), id="another"), source="s")


async def test_a_body_in_the_owner_itself_is_ended_though_it_writes_nothing(tmp_path: Path) -> None:
    file, database = tmp_path / "flow.py", tmp_path / "runs.db"
    file.write_text(FLOW)
    hub = Hub(database, environment={})
    async with asyncio.timeout(20):
        driving = asyncio.ensure_future(hub.start(str(file), run_id="r1", observer=Watch()))
        while not (tmp_path / "begun").exists():  # noqa: ASYNC110  # a file tells it
            await asyncio.sleep(0.01)
        await take_over(database)
        with pytest.raises(Fenced, match="claimed by another"):
            await driving
    assert (tmp_path / "ended").exists()
