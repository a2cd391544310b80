"""Every store keeps the same promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from smithers.changes import (
    AttemptEnded,
    CameUp,
    Change,
    Key,
    NodeGone,
    NodeMounted,
    ReadMade,
    Reset,
    StatusChanged,
    WaitClosed,
)
from smithers.errors import (
    AlreadyDecided,
    AlreadySent,
    Fenced,
    Owned,
    Refused,
    RunExists,
    StoreError,
    UnknownRun,
    WrongAnswer,
)
from smithers.state import ContainerEnd, RunState
from smithers.store import Cooldown, InboxRow, Note, ProcessRow, RunRow, Store
from tests.store.samples import (
    SHIP,
    START,
    Clock,
    answer,
    approval,
    begin,
    dead_owner,
    ended,
    first_frame,
    frame,
    live_owner,
    new_run,
    reopened,
    settled,
    signal,
    started,
    taken,
    told,
    waiting_for,
)

pytestmark = pytest.mark.anyio

CANCEL = Note(run_id="r1", kind="cancel", body='"enough"', at=START)


async def test_a_run_is_loaded_as_it_was_created(store: Store) -> None:
    claim = await begin(store)
    run = (await store.load("r1")).run
    assert isinstance(run, RunRow)
    assert vars(run) == {**vars(new_run()), "owner": "live", "fence": 1}
    assert (claim.run_id, claim.owner, claim.fence) == ("r1", "live", 1)


async def test_a_run_is_created_once(store: Store) -> None:
    await begin(store)
    with pytest.raises(RunExists, match="r1"):
        await begin(store, live_owner("other"))
    assert (await store.load("r1")).run.owner == "live"


async def test_frames_come_back_in_order(store: Store) -> None:
    claim = await begin(store)
    frames = [first_frame(), *(frame(n, CameUp(key=Key(f"t{n}", (n, 0)))) for n in range(1, 30))]
    for each in frames[1:]:
        await store.commit(claim, each)
    assert told((await store.load("r1")).frames) == told(frames)


async def test_an_unknown_run_is_refused_everywhere(store: Store) -> None:
    claim = await begin(store)
    with pytest.raises(UnknownRun, match="r2"):
        await store.load("r2")
    with pytest.raises(UnknownRun):
        await store.claim("r2", live_owner(), source="s")
    with pytest.raises(UnknownRun):
        await store.commit(replace(claim, run_id="r2"), frame(1))
    with pytest.raises(UnknownRun):
        await store.offer(replace(CANCEL, run_id="r2"))


@pytest.mark.parametrize("number", [0, 2, 7])
async def test_a_frame_must_be_the_next_one(store: Store, number: int) -> None:
    claim = await begin(store)
    with pytest.raises(StoreError, match="cannot follow frame 0"):
        await store.commit(claim, frame(number))
    await store.commit(claim, frame(1))


async def test_an_attempt_keeps_the_limits_for_which_agents_were_passed_over(store: Store) -> None:
    claim = await begin(store)
    begun = frame(1, CameUp(key=Key("a")), replace(started(1, "a"), skipped=("acme", "ä, b")))
    await store.commit(claim, begun)
    assert told((await store.load("r1")).frames)[1:] == told([begun])


async def test_a_run_begins_with_frame_zero(store: Store) -> None:
    with pytest.raises(StoreError, match="frame 1"):
        await store.create(new_run(), live_owner(), frame(1))
    with pytest.raises(UnknownRun):
        await store.load("r1")


IMPOSSIBLE: dict[str, tuple[Change, ...]] = {
    "a task that never came up settles": (settled("a", came_up=0),),
    "a task comes up twice": (CameUp(key=SHIP), CameUp(key=SHIP)),
    "an attempt that never started ends": (
        AttemptEnded(serial=9, state="failed", error=None, at=START),
    ),
    "an attempt starts twice": (started(1, "a"), replace(started(1, "b"), number=2)),
    "a node that is not there leaves": (NodeGone(id="nowhere"),),
    "a wait that never opened closes": (WaitClosed(key=SHIP, kind="approval", opened=0),),
    "a container that never ended is reopened": (reopened("root"),),
    "a container ends twice": (ended("root"), ended("root", outcome="failed")),
    "a container ends and is reopened": (ended("root"), reopened("root")),
    "two statuses": (StatusChanged(status="waiting"), StatusChanged(status="failed")),
}


@pytest.mark.parametrize("changes", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
async def test_an_impossible_frame_leaves_nothing_behind(
    store: Store, changes: tuple[Change, ...]
) -> None:
    claim = await begin(store)
    good = CameUp(key=Key("good"))
    with pytest.raises(StoreError):
        await store.commit(claim, frame(1, good, *changes))
    assert told((await store.load("r1")).frames) == told([first_frame()])
    await store.commit(claim, frame(1, good))


async def test_what_has_ended_does_not_end_again(store: Store) -> None:
    claim = await begin(store)
    await store.commit(claim, frame(1, CameUp(key=Key("a")), settled("a", came_up=1)))
    with pytest.raises(StoreError):
        await store.commit(claim, frame(2, settled("a", came_up=1)))
    without = replace(settled("b", came_up=0), came_up=None)
    await store.commit(claim, frame(2, without))
    with pytest.raises(StoreError):
        await store.commit(claim, frame(3, settled("b", came_up=2)))


async def test_a_node_may_leave_and_join_in_one_frame(store: Store) -> None:
    claim = await begin(store)
    moved = NodeMounted(id="root", kind="parallel", parent=None, place=0)
    again = frame(1, moved, NodeGone(id="root"))
    await store.commit(claim, again)
    await store.commit(claim, frame(2, NodeGone(id="root")))
    frames = (await store.load("r1")).frames
    assert told(frames)[1:] == told([again, frame(2, NodeGone(id="root"))])
    # Whoever folds the changes one by one must see the node leave before it joins.
    assert [type(change) for change in frames[1].changes] in (
        [NodeGone, NodeMounted],
        [NodeMounted, NodeGone],
    )


async def test_a_container_may_be_reopened_and_end_in_one_frame(store: Store) -> None:
    claim = await begin(store)
    await store.commit(claim, frame(1, ended("root", outcome="failed"), ended("root", 0)))
    again = frame(2, ended("root"), reopened("root"))
    await store.commit(claim, again)
    await store.commit(claim, frame(3, reopened("root")))
    with pytest.raises(StoreError):
        await store.commit(claim, frame(4, reopened("root")))
    frames = (await store.load("r1")).frames
    assert told(frames)[2:] == told([again, frame(3, reopened("root"))])
    ends = [RunState.of(frames[: last + 1]).ends for last in range(4)]
    loop = {Key("root", (0,)): ContainerEnd("finished", 1)}
    assert ends == [
        {},
        {Key("root"): ContainerEnd("failed", 1), **loop},
        {Key("root"): ContainerEnd("finished", 2), **loop},
        loop,
    ]


async def test_a_read_told_twice_is_kept_once(store: Store) -> None:
    claim = await begin(store)
    read = ReadMade(reader=SHIP, source=Key("a"), at=0)
    await store.commit(claim, frame(1, read, read))
    assert told((await store.load("r1")).frames)[1:] == told([frame(1, read)])


async def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    claim = await begin(store)
    with pytest.raises(ValueError, match="without a time zone"):
        await store.commit(claim, replace(frame(1), at=datetime(2026, 1, 1)))
    await store.commit(claim, frame(1))


@pytest.mark.parametrize("size", [0, 5_000_000])
async def test_an_output_of_any_size_comes_back(store: Store, size: int) -> None:
    claim = await begin(store)
    text = '"' + "ä\\u0000\x00 " * (size // 10) + '"'
    last = frame(1, CameUp(key=Key("a")), settled("a", came_up=1, output=text))
    await store.commit(claim, last)
    assert told((await store.load("r1")).frames)[1:] == told([last])


async def test_a_live_owner_keeps_its_run(store: Store) -> None:
    await begin(store)
    with pytest.raises(Owned, match=f"process {live_owner().pid} ") as caught:
        await store.claim("r1", live_owner("second"), source="s")
    assert "end process" in caught.value.hint


async def test_an_owner_cannot_claim_its_own_run_again(store: Store) -> None:
    await begin(store)
    with pytest.raises(Owned):
        await store.claim("r1", live_owner(), source="s")


async def test_a_run_of_a_dead_process_is_taken_over_at_once(store: Store) -> None:
    old = await begin(store, dead_owner())
    row = ProcessRow(owner="dead", run_id="r1", serial=1, pid=12, started="34")
    await store.add_processes([row])
    claimed = await store.claim("r1", live_owner(), source="digest-2")
    assert claimed.claim.fence == old.fence + 1
    assert claimed.processes == (row,)
    run = (await store.load("r1")).run
    assert (run.owner, run.source, run.fence) == ("live", "digest-2", 2)


async def test_a_stale_owner_can_write_nothing(store: Store) -> None:
    old = await begin(store, dead_owner())
    claimed = await store.claim("r1", live_owner(), source="s")
    with pytest.raises(Fenced, match="claimed by live"):
        await store.commit(old, frame(1))
    with pytest.raises(Fenced, match="claimed by live"):
        await store.inbox(old, 0)
    await store.release(old)
    assert (await store.load("r1")).run.owner == "live"
    await store.commit(claimed.claim, frame(1))


async def test_a_run_that_was_given_back_can_be_claimed(store: Store) -> None:
    first = await begin(store)
    await store.release(first)
    assert (await store.load("r1")).run.owner is None
    with pytest.raises(Fenced, match="released"):
        await store.commit(first, frame(1))
    second = await store.claim("r1", live_owner(), source="s")
    assert second.claim.fence == 2
    await store.commit(second.claim, frame(1))


async def test_processes_are_forgotten_with_their_attempt(store: Store) -> None:
    await begin(store, dead_owner())
    rows = [
        ProcessRow(owner="dead", run_id="r1", serial=serial, pid=serial, started="1")
        for serial in (1, 2, 2, 3)
    ]
    await store.add_processes(rows)
    await store.remove_processes("dead", "r1", 2)
    claimed = await store.claim("r1", live_owner(), source="s")
    assert [row.serial for row in claimed.processes] == [1, 3]


async def test_processes_on_another_host_are_not_ours_to_kill(store: Store, clock: Clock) -> None:
    elsewhere = replace(dead_owner(), id="elsewhere", host="moon")
    await store.release(await begin(store, elsewhere))
    row = ProcessRow(owner="elsewhere", run_id="r1", serial=1, pid=1, started="1")
    await store.add_processes([row])
    assert (await store.claim("r1", live_owner(), source="s")).processes == ()


async def test_a_commit_brings_the_notes_that_were_not_taken(store: Store) -> None:
    claim = await begin(store)
    assert await store.commit(claim, approval(1)) == []
    first = await store.offer(answer(1))
    second = await store.offer(CANCEL)
    assert second.id > first.id
    assert await store.commit(claim, frame(2)) == [first, second]
    assert await store.commit(claim, frame(3, inbox=first.id)) == [second]
    assert await store.inbox(claim, second.id) == []
    assert await store.inbox(claim, 0) == [first, second]
    assert isinstance(first, InboxRow)
    assert vars(first) == {**vars(answer(1)), "id": first.id}


async def test_notes_reach_their_own_run_only(store: Store) -> None:
    claim = await begin(store)
    other = await store.create(new_run("r2"), live_owner(), first_frame())
    kept = await store.offer(replace(CANCEL, run_id="r2"))
    assert await store.inbox(claim, 0) == []
    assert await store.commit(other, frame(1)) == [kept]


async def test_a_second_decision_is_refused_with_the_first(store: Store) -> None:
    claim = await begin(store)
    await store.commit(claim, approval(1))
    first = await store.offer(answer(1))
    with pytest.raises(AlreadyDecided, match="ship was approved by ana at 2026-01-02T03:04:05Z"):
        await store.offer(answer(1, by="bob", approved=False))
    taken = frame(2, WaitClosed(key=SHIP, kind="approval", opened=1, answer=first.body))
    await store.commit(claim, replace(taken, inbox=first.id))
    with pytest.raises(AlreadyDecided, match="approved by ana"):
        await store.offer(answer(1, by="bob"))
    assert await store.inbox(claim, 0) == [first]


async def test_a_question_that_nobody_asked_takes_no_answer(store: Store) -> None:
    claim = await begin(store)
    with pytest.raises(Refused, match="is not waiting for an answer"):
        await store.offer(answer(1))
    with pytest.raises(Refused, match="must name"):
        await store.offer(replace(answer(1), opened=None))
    await store.commit(claim, approval(1))
    with pytest.raises(Refused, match="is not waiting for an answer"):
        await store.offer(answer(0))


async def test_a_question_that_is_over_takes_no_answer(store: Store) -> None:
    claim = await begin(store)
    await store.commit(claim, approval(1))
    await store.commit(claim, frame(2, WaitClosed(key=SHIP, kind="approval", opened=1)))
    with pytest.raises(Refused, match="no longer waiting"):
        await store.offer(answer(1))


async def test_a_question_that_was_reset_is_asked_anew(store: Store) -> None:
    claim = await begin(store)
    await store.commit(claim, approval(1))
    again = approval(2)
    await store.commit(claim, replace(again, changes=(*again.changes, Reset(key=SHIP))))
    with pytest.raises(Refused, match="no longer waiting"):
        await store.offer(answer(1))
    assert (await store.offer(answer(2))).opened == 2


async def test_an_answer_after_the_due_time_is_refused(store: Store, clock: Clock) -> None:
    claim = await begin(store)
    await store.commit(claim, approval(1, due=START + timedelta(seconds=60)))
    await store.release(claim)
    clock.move(60)
    with pytest.raises(Refused, match="ended at 2026-01-02 03:05:05 UTC"):
        await store.offer(answer(1))
    claimed = await store.claim("r1", live_owner("other"), source="s")
    assert await store.inbox(claimed.claim, 0) == []


async def test_while_a_process_drives_the_run_the_wall_clock_refuses_no_answer(
    store: Store, clock: Clock
) -> None:
    claim = await begin(store)
    await store.commit(claim, approval(1, due=START + timedelta(seconds=60)))
    clock.move(3600)
    assert (await store.offer(answer(1))).opened == 1


async def test_an_answer_before_the_due_time_wins(store: Store, clock: Clock) -> None:
    claim = await begin(store)
    await store.commit(claim, approval(1, due=START + timedelta(seconds=60)))
    clock.move(59.9)
    kept = await store.offer(answer(1))
    clock.move(60)
    assert await store.commit(claim, frame(2)) == [kept]
    with pytest.raises(AlreadyDecided):
        await store.offer(answer(1))


async def test_a_signal_is_kept_once_by_its_id(store: Store) -> None:
    claim = await begin(store)
    kept = await store.offer(signal())
    with pytest.raises(AlreadySent, match="signal one was already sent to run r1"):
        await store.offer(signal())
    for other in (signal(data="2"), signal(event="other"), signal(data="true")):
        with pytest.raises(Refused, match="another signal with the id 'one'"):
            await store.offer(other)
    second = await store.offer(signal("two"))
    assert await store.inbox(claim, 0) == [kept, second]
    await store.create(new_run("r2"), live_owner(), first_frame())
    assert (await store.offer(signal(run_id="r2"))).signal == "one"


async def test_a_wait_is_for_the_first_signal_that_fits_and_later_ones_are_early(
    store: Store,
) -> None:
    claim = await begin(store)
    await store.commit(claim, waiting_for(1))
    with pytest.raises(WrongAnswer, match="does not fit ship"):
        await store.offer(signal(data='"x"'))
    first = await store.offer(signal())
    early = await store.offer(signal("two", data='"x"'))
    assert await store.inbox(claim, 0) == [first, early]
    given, took = taken(first)
    await store.commit(claim, frame(2, given, inbox=early.id - 1))
    await store.offer(signal("three", data='"x"'))  # the run has the first, and no node took it
    closed, read = WaitClosed(key=SHIP, kind="event", opened=1), early.id - 1
    await store.commit(claim, frame(3, took, closed, inbox=read))
    await store.commit(claim, replace(waiting_for(4), inbox=read))
    with pytest.raises(WrongAnswer, match="does not fit ship"):
        await store.offer(signal("four", data='"x"'))


async def test_a_signal_to_a_run_that_has_ended_is_refused(store: Store) -> None:
    claim = await begin(store)
    kept = await store.offer(signal())
    await store.commit(claim, frame(1, StatusChanged(status="finished")))
    with pytest.raises(AlreadySent):  # it was there in time
        await store.offer(signal())
    with pytest.raises(Refused, match="run r1 has ended: it is finished"):
        await store.offer(signal("two"))
    assert await store.inbox(claim, 0) == [kept]


async def test_a_signal_must_fit_one_of_the_waits_that_are_open_for_it(store: Store) -> None:
    claim = await begin(store)
    await store.commit(claim, waiting_for(1))
    with pytest.raises(WrongAnswer, match="the data does not fit ship") as caught:
        await store.offer(signal(data='"x"'))
    assert "the data: 'x' is not of type 'integer'" in caught.value.said
    await store.offer(signal("other", event="other", data='"x"'))
    kept = await store.offer(signal())
    closed = WaitClosed(key=SHIP, kind="event", opened=1)
    await store.commit(claim, frame(2, *taken(kept), closed, inbox=kept.id))
    await store.offer(signal("early", data='"x"'))  # nothing waits any more


async def test_a_wait_that_was_reset_refuses_no_signal(store: Store) -> None:
    claim = await begin(store)
    await store.commit(claim, waiting_for(1))
    await store.commit(claim, frame(2, Reset(key=SHIP)))
    await store.offer(signal(data='"x"'))


async def test_a_run_is_woken_for_a_signal_that_a_wait_is_open_for(store: Store) -> None:
    claim = await begin(store)
    wait = waiting_for(1)
    waiting = replace(wait, changes=(*wait.changes, StatusChanged(status="waiting")))
    await store.commit(claim, waiting)
    await store.release(claim)
    await store.offer(signal("early", event="other"))
    assert await store.wakeable() == []
    assert await store.called(["r1"]) == set()
    kept = await store.offer(signal())
    assert [(one.run_id, one.why) for one in await store.wakeable()] == [("r1", "answer")]
    claimed = await store.claim("r1", live_owner("other"), source="s")
    await store.commit(claimed.claim, frame(2, *taken(kept), inbox=kept.id))
    await store.release(claimed.claim)
    assert await store.wakeable() == []


async def test_a_signal_is_taken_once_by_one_owner(store: Store) -> None:
    claim = await begin(store)
    await store.commit(claim, waiting_for(1))
    kept = await store.offer(signal())
    await store.release(claim)
    claimed = await store.claim("r1", live_owner("other"), source="s")
    with pytest.raises(Fenced):
        await store.commit(claim, frame(2, *taken(kept), inbox=kept.id))
    assert RunState.of((await store.load("r1")).frames).signals == {}
    await store.commit(claimed.claim, frame(2, *taken(kept), inbox=kept.id))
    with pytest.raises(StoreError):
        await store.commit(claimed.claim, frame(3, taken(kept)[1]))
    with pytest.raises(StoreError):
        await store.commit(claimed.claim, frame(3, taken(kept)[0]))
    (one,) = RunState.of((await store.load("r1")).frames).signals.values()
    assert (one.taken, one.data, one.misfit) == (SHIP, None, None)


async def test_the_next_run_gets_the_signals_that_none_has_taken(store: Store) -> None:
    claim = await begin(store)
    first, second = [await store.offer(signal(id)) for id in ("one", "two")]
    given = taken(second)[0]
    await store.commit(claim, frame(1, *taken(first), given, inbox=second.id))
    await store.offer(signal("three"))
    ended = StatusChanged(status="continued", next_run="r1-2")
    await store.commit(claim, frame(2, ended, inbox=second.id), starts=new_run("r1-2"))
    claimed = await store.claim("r1-2", live_owner("other"), source="s")
    rows = await store.inbox(claimed.claim, 0)
    assert [(row.signal, row.kind, row.at) for row in rows] == [
        ("two", "signal", START),
        ("three", "signal", START),
    ]
    with pytest.raises(AlreadySent):
        await store.offer(signal("two", run_id="r1-2"))
    with pytest.raises(Refused, match="run r1 has ended: it is continued") as caught:
        await store.offer(signal("four"))
    assert caught.value.hint == "send it to r1-2, as which the run has continued"


async def test_an_offer_shows_as_a_change_once(store: Store) -> None:
    claim = await begin(store)
    await store.changed()
    await store.commit(claim, frame(1))
    assert not await store.changed()
    await store.offer(CANCEL)
    assert await store.changed()
    assert not await store.changed()


def cooldown(key: str = "acme", *, minutes: int = 5, refused: int = 1) -> Cooldown:
    return Cooldown(
        key=key,
        agent=f"{key}/large",
        until=START + timedelta(minutes=minutes),
        told=True,
        refused=refused,
        reason="over its limit",
        run_id="r1",
        at=START,
    )


async def test_a_cooldown_is_kept_with_the_frame_that_tells_of_it(store: Store) -> None:
    claim = await begin(store)
    assert await store.cooldowns() == []
    await store.commit(claim, frame(1), (), [cooldown("b"), cooldown("a")])
    assert await store.cooldowns() == [cooldown("a"), cooldown("b")]
    assert await store.cooldowns(here=True) == [cooldown("a"), cooldown("b")]


async def test_a_cooldown_only_grows(store: Store) -> None:
    claim = await begin(store)
    await store.commit(claim, frame(1), (), [cooldown(minutes=5)])
    await store.commit(claim, frame(2), (), [cooldown(minutes=4, refused=2)])
    assert await store.cooldowns() == [cooldown(minutes=5)]
    await store.commit(claim, frame(3), (), [cooldown(minutes=6, refused=3)])
    assert await store.cooldowns() == [cooldown(minutes=6, refused=3)]


async def test_a_frame_that_is_refused_brings_no_cooldown(store: Store) -> None:
    claim = await begin(store)
    with pytest.raises(StoreError):
        await store.commit(claim, frame(7), (), [cooldown()])
    with pytest.raises(Fenced):
        await store.commit(replace(claim, fence=0), frame(1), (), [cooldown()])
    assert await store.cooldowns() == []


async def test_a_person_may_end_a_cooldown(store: Store) -> None:
    claim = await begin(store)
    await store.commit(claim, frame(1), (), [cooldown("a"), cooldown("b")])
    assert await store.end_cooldown("a")
    assert not await store.end_cooldown("a")
    assert await store.cooldowns() == [cooldown("b")]
