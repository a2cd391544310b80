"""An application starts runs, waits for them, answers them, and follows what happens."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from smithers import Context, Node, Step, workflow
from smithers.errors import (
    AlreadyDecided,
    NotFinished,
    Owned,
    Refused,
    RunExists,
    UnknownRun,
)
from smithers.hub import Hub, RunResult
from tests.embedding.flows import Brief, Count, Note, counting, failing, importable

pytestmark = pytest.mark.anyio
WHALES = Brief(topic="whales")


def approve(hub: Hub, result: RunResult[Note], by: str = "ann") -> None:
    (question,) = result.questions
    hub.decide(result.run_id, str(question.key), approved=True, by=by, digest=question.digest)


async def test_a_run_waits_is_answered_and_gives_its_typed_output(hub: Hub) -> None:
    waiting = await hub.run(importable, WHALES, run_id="r1")
    assert (waiting.status, waiting.questions[0].asked) == ("waiting", "Send?\nabout whales")
    approve(hub, waiting)
    done = await hub.resume("r1", workflow=importable)
    assert done.output == Note(text="about whales, sent by ann")
    assert (await hub.wait("r1", workflow=importable)).output == done.output
    assert (await hub.wait("r1")).output == {"text": "about whales, sent by ann"}


async def test_a_run_without_output_says_why_and_what_to_type(hub: Hub) -> None:
    waiting = await hub.run(importable, WHALES, run_id="r1")
    with pytest.raises(NotFinished, match="run r1 has no output: send has been waiting") as caught:
        _ = waiting.output
    assert "`smithers approve r1 send --digest" in str(caught.value.hint)
    failed = await hub.run(failing, run_id="r2")
    assert (failed.status, failed.error is not None) == ("failed", True)
    with pytest.raises(NotFinished, match="broken"):
        _ = failed.output


async def test_runs_that_were_begun_are_driven_at_once(hub: Hub) -> None:
    async with hub:
        handles = [await hub.begin(importable, Brief(topic=str(n))) for n in range(3)]
        results = await asyncio.gather(*(handle.wait() for handle in handles))
        for result in results:
            approve(hub, result)
        again = [await hub.begin_again(one.run_id, workflow=importable) for one in results]
        texts = [(await handle.wait()).output.text for handle in again]
    assert texts == [f"about {n}, sent by ann" for n in range(3)]


async def test_a_request_starts_one_run_however_often_it_is_made(hub: Hub, tmp_path: Path) -> None:
    other = Hub(tmp_path / "app.db")
    async with hub, other:
        first, second = await asyncio.gather(
            hub.begin(importable, WHALES, request_id="k"),
            other.begin(importable, WHALES, request_id="k"),
        )
        assert first.run_id == second.run_id
        waiting = await first.wait()
        await second.wait()
        approve(hub, waiting)
        done = await other.run(importable, WHALES, request_id="k")
        assert done.output.text == "about whales, sent by ann"
        frames = len(hub.timeline(done.run_id).frames)
        assert (await hub.run(importable, WHALES, request_id="k")).output == done.output
        assert len(hub.timeline(done.run_id).frames) == frames
        with pytest.raises(Refused, match="different input") as caught:
            await hub.begin(importable, Brief(topic="other"), request_id="k")
        assert caught.value.hint == "use another request_id for another input"


async def test_a_request_whose_run_has_failed_is_not_tried_again(hub: Hub) -> None:
    failed = await hub.run(failing, request_id="k")
    frames = len(hub.timeline(failed.run_id).frames)
    again = await hub.run(failing, request_id="k")
    assert (again.status, len(hub.timeline(again.run_id).frames)) == ("failed", frames)


async def test_a_run_that_continues_as_others_is_driven_to_the_last(hub: Hub) -> None:
    result = await hub.run(counting, Count(left=2), run_id="r1")
    assert (result.output, result.run_id == "r1") == ("done", False)
    assert (await hub.wait("r1")).output == "done"


async def test_events_come_as_they_happen_until_the_run_has_ended(hub: Hub) -> None:
    async def collect() -> list[str]:
        return [frame.cursor async for frame in hub.stream("r1", until_ended=True)]

    async with hub, asyncio.timeout(60):
        handle = await hub.begin(importable, WHALES, run_id="r1")
        collected = asyncio.create_task(collect())
        approve(hub, await handle.wait())
        await (await hub.begin_again("r1", workflow=importable)).wait()
        cursors = await collected
    assert cursors == [frame.cursor for frame in hub.events("r1").frames]
    rest = [frame.cursor async for frame in hub.stream("r1", cursors[1])]
    assert rest == cursors[2:]


async def test_what_is_wrong_is_named_with_the_fix(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="must be a Brief, not 7") as caught:
        await hub.run(importable, cast("Any", 7))
    assert caught.value.hint == "pass Brief(...)"
    with pytest.raises(Refused, match="topic: Field required"):
        await hub.run(importable)
    assert not (tmp_path / "app.db").exists(), "nothing was written"
    with pytest.raises(UnknownRun):
        await hub.resume("r1", workflow=importable)
    await hub.run(importable, WHALES, run_id="r1")
    with pytest.raises(RunExists, match="r1"):
        await hub.run(importable, WHALES, run_id="r1")
    with pytest.raises(UnknownRun):
        await hub.wait("r2")
    with pytest.raises(Refused, match="run r1 is of workflow gate, not failing"):
        await hub.resume("r1", workflow=failing)
    with pytest.raises(Refused, match="is not open, so run r3 cannot outlast this call"):
        await hub.begin(importable, WHALES, run_id="r3")
    with pytest.raises(Refused, match="run_id and request_id cannot be combined"):
        await hub.run(importable, WHALES, run_id="r4", request_id="k")
    with pytest.raises(Refused, match="the request id is empty"):
        await hub.run(importable, WHALES, request_id=" ")
    for start in (hub.run, hub.begin):
        with pytest.raises(Refused, match="is not a workflow") as caught:
            await start(cast("Any", print))
        assert caught.value.hint.startswith("put @workflow above its def")
    with pytest.raises(Refused, match="neither a workflow nor an observer is given"):
        await cast("Any", hub.resume)("r1")
    assert (await Hub(str(tmp_path / "app.db")).wait("r1")).status == "waiting"


async def test_an_answer_to_what_does_not_wait_is_refused(hub: Hub) -> None:
    waiting = await hub.run(importable, WHALES, run_id="r1")
    with pytest.raises(Refused, match="draft"):
        hub.decide("r1", "draft", approved=True, by="ann")
    approve(hub, waiting)
    with pytest.raises(AlreadyDecided):
        approve(hub, waiting, by="ben")


async def test_a_wait_is_bounded_and_then_tells_how_the_run_is(hub: Hub) -> None:
    from tests.embedding.flows import sleeping

    async with hub, asyncio.timeout(60):
        handle = await hub.begin(sleeping, run_id="r1")
        assert (await hub.wait("r1", timeout_s=0.2)).status == "running"
        with pytest.raises(RunExists, match="run r1 exists already"):
            await hub.begin(sleeping, run_id="r1")
        other = Hub(hub.database)
        with pytest.raises(Owned, match=r"process \d+"):
            await other.resume("r1", workflow=sleeping)
        handle.stop()
        assert (await handle.wait()).status == "stale"


async def test_an_output_is_read_as_the_workflow_of_the_run_declares_it(hub: Hub) -> None:
    await hub.run(counting, Count(left=0), run_id="r1")

    @workflow(input=Count, name="counting")
    def edited(ctx: Context[Count]) -> Node[int]:
        return Step("last", lambda: 1)

    with pytest.raises(Refused, match="does not fit its workflow any longer"):
        await hub.wait("r1", workflow=edited)
    assert (await hub.wait("r1")).output == "done"
    with pytest.raises(Refused, match="run r1 is of workflow counting, not failing"):
        await hub.wait("r1", workflow=failing)
