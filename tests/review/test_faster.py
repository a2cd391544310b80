"""Somebody else may end a run between the moment a resume reads it and the moment it owns it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smithers.errors import Refused
from smithers.hub import Hub, Left
from smithers.store import Claimed, Owner
from smithers.store.sqlite import SqliteStore
from tests.engine.runs import Watch

FLOW = """
from smithers import Approval, Context, Node, NoInput, workflow

@workflow
def flow(ctx: Context[NoInput]) -> Node:
    return Approval("ok", ask="May I?")
"""


@pytest.fixture
def waiting(tmp_path: Path) -> Hub:
    """A hub whose run r1 waits for an approval."""
    file = tmp_path / "flow.py"
    file.write_text(FLOW)
    hub = Hub(tmp_path / "runs.db", environment={})
    left = asyncio.run(hub.start(str(file), run_id="r1", observer=Watch()))
    assert left.status == "waiting"
    return hub


def resume(hub: Hub) -> Left:
    return asyncio.run(hub.resume("r1", observer=Watch()))


def before_the_claim(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let somebody else act when the next claim is about to be made."""
    claim = SqliteStore.claim

    async def late(store: SqliteStore, run_id: str, owner: Owner, **given: Any) -> Claimed:
        monkeypatch.undo()
        await asyncio.to_thread(act)
        return await claim(store, run_id, owner, **given)

    monkeypatch.setattr(SqliteStore, "claim", late)


def test_a_run_that_is_cancelled_while_it_is_being_resumed_stays_cancelled(
    waiting: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_the_claim(monkeypatch, lambda: waiting.cancel("r1", by="ann"))
    with pytest.raises(Refused, match="r1 was cancelled"):
        resume(waiting)
    assert waiting.status("r1") == "cancelled"
    assert waiting.summary("r1").frames == 2


def test_a_run_that_finishes_while_it_is_being_resumed_is_told_and_not_written_again(
    waiting: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting.decide("r1", "ok", approved=True, by="ann")
    before_the_claim(monkeypatch, lambda: resume(waiting))
    assert resume(waiting).status == "finished"
    assert waiting.summary("r1").frames == 2
