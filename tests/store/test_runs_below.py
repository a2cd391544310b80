"""Every store: which runs may be started below a run, what they have used, and how they end."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from smithers.allowed import NO_RUNS, AllowRuns
from smithers.amounts import Amounts
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    BudgetSet,
    Change,
    Key,
    RunStatus,
    StatusChanged,
    UsageCounted,
)
from smithers.errors import Refused
from smithers.store import Claim, NewRun, Parent, Store
from tests.store.samples import (
    START,
    answer,
    approval,
    dead_owner,
    first_frame,
    frame,
    live_owner,
    new_run,
)

pytestmark = pytest.mark.anyio

WORK = Key("work", (2,))


def run_below(
    run_id: str, parent: str, allows: AllowRuns = NO_RUNS, *, waits: bool = False
) -> NewRun:
    above = Parent(run_id=parent, key=WORK, waits=waits)
    return replace(new_run(run_id), parent=above, allow_runs=allows)


async def create(store: Store, run: NewRun) -> Claim:
    return await store.create(run, live_owner(), first_frame())


async def above(store: Store, allows: AllowRuns) -> Claim:
    return await create(store, replace(new_run("top"), allow_runs=allows))


async def end(store: Store, claim: Claim, status: RunStatus = "finished") -> None:
    number = (await store.load(claim.run_id)).frames[-1].number + 1
    await store.commit(claim, frame(number, StatusChanged(status=status)))


def used(serial: int, agent: str, *, prompt: str | None = "Go") -> tuple[Change, ...]:
    """An attempt of two seconds, with 7 tokens and half a dollar."""
    began = AttemptStarted(
        serial=serial, key=WORK, number=serial, agent=agent, prompt=prompt, session=None, at=START
    )
    counted = UsageCounted(
        serial=serial, tokens_in=4, tokens_out=3, tokens_cached=0, cost=Decimal("0.5"), calls=1
    )
    at = START + timedelta(seconds=2)
    return began, counted, AttemptEnded(serial=serial, state="succeeded", error=None, at=at)


async def test_the_parent_and_what_it_allows_are_kept(store: Store) -> None:
    await above(store, AllowRuns(2, 3))
    await create(store, run_below("one", "top", AllowRuns(5)))
    row = await store.run("one")
    assert row.parent == Parent(run_id="top", key=WORK, waits=False)
    assert row.allow_runs == AllowRuns(5, 1)
    assert (await store.run("top")).allow_runs == AllowRuns(2, 3)


async def test_a_claim_replaces_what_is_allowed(store: Store) -> None:
    claim = await above(store, AllowRuns(2))
    await store.release(claim)
    await store.release((await store.claim("top", live_owner(), source="s")).claim)
    assert (await store.run("top")).allow_runs == AllowRuns(2)
    await store.claim("top", live_owner(), source="s", allow_runs=NO_RUNS)
    with pytest.raises(Refused, match="whose workflow has no allow_runs="):
        await create(store, run_below("one", "top"))


async def test_no_more_runs_than_allowed_begin_also_at_once(store: Store) -> None:
    await above(store, AllowRuns(3))
    runs = [create(store, run_below(f"n{number}", "top")) for number in range(8)]
    done = await asyncio.gather(*runs, return_exceptions=True)
    assert sum(isinstance(one, Claim) for one in done) == 3
    assert sum(isinstance(one, Refused) for one in done) == 5


async def test_runs_at_any_level_count_and_those_that_a_run_has_continued_as_do_not(
    store: Store,
) -> None:
    await above(store, AllowRuns(3, 2))
    one = await create(store, run_below("one", "top", AllowRuns(9)))
    ends = frame(1, StatusChanged(status="continued", next_run="one-2"))
    again = replace(run_below("one-2", "top", AllowRuns(9)), first_run="one", number=2)
    await store.commit(one, ends, starts=again)
    await create(store, run_below("two", "one-2"))
    await create(store, run_below("three", "top"))
    with pytest.raises(Refused, match="run top allows 3 runs below it, and 3 were started"):
        await create(store, run_below("four", "one-2"))


async def test_a_run_that_is_too_deep_is_refused_also_below_a_child_run(store: Store) -> None:
    await above(store, AllowRuns(9))
    await create(store, run_below("part", "top", AllowRuns(9, 2), waits=True))
    await create(store, run_below("one", "part", AllowRuns(9, 9)))
    with pytest.raises(Refused, match="run top allows runs 1 level below it, and this one would"):
        await create(store, run_below("two", "one"))


async def test_a_child_run_that_allows_runs_needs_no_leave_of_the_run_above(store: Store) -> None:
    await above(store, NO_RUNS)
    await create(store, run_below("part", "top", AllowRuns(1), waits=True))
    await create(store, run_below("one", "part"))
    with pytest.raises(Refused, match="run part allows 1 run below it"):
        await create(store, run_below("two", "part"))


async def test_below_a_run_that_has_ended_nothing_begins(store: Store) -> None:
    await end(store, await above(store, AllowRuns(9)))
    with pytest.raises(Refused, match="run top, which started it, has ended"):
        await create(store, run_below("one", "top"))


@pytest.mark.parametrize(("status", "why"), [("cancelled", "cancel"), ("failed", "parent")])
async def test_a_run_that_ends_tells_those_below_it_and_nobody_is_told_of_their_end(
    store: Store, status: RunStatus, why: str
) -> None:
    top = await above(store, AllowRuns(9))
    claims = [await create(store, run_below(id, "top")) for id in ("one", "two")]
    part = await create(store, run_below("part", "top", waits=True))
    await end(store, claims[0])
    assert await store.inbox(top, 0) == []
    assert [one.run_id for one in await store.open_children("top")] == ["part"]
    assert await store.left_below("top") == []
    await end(store, top, status)
    assert await store.left_below("top") == ["two"]
    assert await store.inbox(claims[0], 0) == []
    assert await store.inbox(part, 0) == []
    (told,) = await store.inbox(claims[1], 0)
    assert told.kind == "cancel"
    assert json.loads(told.body)["why"] == why


async def test_what_runs_below_use_is_counted_once_by_the_node_above(store: Store) -> None:
    top = await above(store, AllowRuns(9))
    await store.commit(top, frame(1, *used(1, "echo"), *used(2, "part", prompt=None)))
    part = await create(store, run_below("part", "top", AllowRuns(9), waits=True))
    one = await create(store, run_below("one", "part"))
    await store.commit(part, frame(1, *used(1, "echo")))
    await store.commit(one, frame(1, *used(1, "echo"), *used(2, "step", prompt=None)))
    both = Amounts(tokens=14, usd=Decimal("1.0"), calls=3, time_s=4.0)
    alone = Amounts(tokens=7, usd=Decimal("0.5"), calls=2, time_s=2.0)
    below = await store.below("top")
    assert [(found.run_id, found.key, found.used) for found in below] == [("one", WORK, both)]
    every = {found.run_id: found.used for found in await store.below("top", every=True)}
    assert every == {"one": both, "part": alone}
    assert await store.below("one") == []


async def test_whether_a_run_has_a_budget_is_known(store: Store) -> None:
    top = await above(store, NO_RUNS)
    assert not await store.is_budgeted("top")
    await store.commit(top, frame(1, BudgetSet(key=WORK, caps=Amounts(calls=3))))
    assert await store.is_budgeted("top")


async def test_nobody_wakes_a_run_that_an_agent_has_started_unless_it_is_to_end(
    store: Store,
) -> None:
    top = await above(store, AllowRuns(9))
    one = await create(store, run_below("one", "top"))
    part = await create(store, run_below("part", "one", waits=True))
    for claim in (one, part):
        await store.release(claim, START)
    assert await store.wakeable() == []
    await end(store, top)
    assert [(found.run_id, found.why) for found in await store.wakeable()] == [("one", "cancel")]


@pytest.mark.parametrize("why", ["due", "left", "answer"])
async def test_a_run_is_woken_for_the_reason_of_its_child(store: Store, why: str) -> None:
    top = await create(store, new_run("top"))
    await store.commit(top, frame(1, StatusChanged(status="waiting")))
    await store.release(top)
    owner = dead_owner() if why == "left" else live_owner("part")
    part = await store.create(run_below("part", "top", waits=True), owner, first_frame())
    await store.commit(part, approval(1))
    await store.commit(part, frame(2, StatusChanged(status="waiting")))
    if why != "left":
        await store.release(part, START if why == "due" else None)
    if why == "answer":
        await store.offer(replace(answer(1), run_id="part"))
    assert [(found.run_id, found.why) for found in await store.wakeable()] == [("top", why)]
