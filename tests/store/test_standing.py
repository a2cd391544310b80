"""What a request from outside reads is what the whole run says, at the price of a short one."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smithers import inbox
from smithers.amounts import Amounts
from smithers.changes import (
    ENDED,
    AttemptEnded,
    AttemptStarted,
    BudgetSet,
    CameUp,
    Change,
    Frame,
    Key,
    NodeMounted,
    Reset,
    SessionSeen,
    Settled,
    StatusChanged,
    WaitClosed,
    WaitOpened,
)
from smithers.errors import UnknownRun
from smithers.state import Ended, RunState
from smithers.store import Note, Store
from smithers.store.asked import MOST_LISTED
from smithers.store.memory import MemoryStore
from smithers.store.sqlite import SqliteStore
from smithers.store.standing import holding_of, task_of
from smithers.views import Snapshot, TaskView, explain, task_lines, view_task
from tests.store.samples import START, first_frame, frame, live_owner, new_run
from tests.store.test_load_gives_what_was_committed import Author

pytestmark = pytest.mark.anyio
WORK, SHIP = Key("work"), Key("ship")


@asynccontextmanager
async def stores() -> AsyncGenerator[Sequence[Store]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.db"
        async with await SqliteStore.open(path, synchronous="normal") as store:
            yield MemoryStore(), store


async def commit(store: Store, frames: Sequence[Frame]) -> RunState:
    claim = await store.create(new_run(), live_owner(), frames[0])
    for each in frames[1:]:
        await store.commit(claim, each)
    return RunState.of((await store.load("r1")).frames)


def check_run(part: RunState, whole: RunState) -> None:
    assert (part.status, part.status_frame) == (whole.status, whole.status_frame)
    assert (part.frame, part.inbox, part.at) == (whole.frame, whole.inbox, whole.at)


def check_nodes(part: RunState, whole: RunState, keys: set[Key], *, tries: bool = True) -> None:
    """A part of a run says of these nodes what the whole does."""
    for key in keys:
        assert part.ended.get(key) == whole.ended.get(key)
        assert part.came_up.get(key) == whole.came_up.get(key)
        assert part.answers.get(key) == whole.answers.get(key)
        assert part.reset.get(key) == whole.reset.get(key)
        if tries:
            assert part.tries.get(key) == whole.tries.get(key)
    found = {one: wait for one, wait in part.waits.items() if one[0] in keys}
    assert found == {one: wait for one, wait in whole.waits.items() if one[0] in keys}


def begun(frames: Sequence[Frame]) -> set[Key]:
    """The nodes that ever came up; only such a one is tried."""
    changes = [one for each in frames for one in each.changes]
    return {one.key for one in changes if isinstance(one, CameUp)}


async def check_parts(store: Store, frames: Sequence[Frame]) -> None:
    whole = await commit(store, frames)
    came_up = begun(frames)
    waiting = {key for key, _ in whole.waits}
    open_ = {key for key in (*whole.came_up, *whole.tries) if key not in whole.ended} & came_up
    open_ |= waiting | {one.key for one in whole.running()}

    standing = RunState.of((await store.standing("r1")).frames)
    check_run(standing, whole)
    check_nodes(standing, whole, open_)
    assert standing.waits == whole.waits
    assert standing.running() == whole.running()
    open_now = [key for key in standing.came_up if key not in standing.ended]
    assert open_now == [key for key in whole.came_up if key not in whole.ended]

    waits = RunState.of((await store.waits("r1")).frames)
    check_run(waits, whole)
    check_nodes(waits, whole, waiting, tries=False)
    assert waits.waits == whole.waits

    for key in [*came_up, *whole.tries, *whole.ended][:6]:
        about = RunState.of((await store.about("r1", str(key))).frames)
        check_run(about, whole)
        check_nodes(about, whole, {key})
        check_nodes(about, whole, {one for one in whole.ended if str(key) in (one.id, str(one))})
        assert about.nodes.get(key.id) == whole.nodes.get(key.id)

    budgets = RunState.of((await store.budgets("r1")).frames)
    check_run(budgets, whole)
    assert (budgets.budgets, budgets.raised) == (whole.budgets, whole.raised)
    assert budgets.waits == whole.waits
    kinds = {node.kind for node in whole.nodes.values()}
    assert set(await store.kinds("r1")) == kinds
    if isinstance(store, SqliteStore):
        await check_shown(store, whole)


async def check_shown(store: SqliteStore, whole: RunState) -> None:
    """What is shown of a part is what is shown of the whole."""
    db = store._db  # pyright: ignore[reportPrivateUsage]
    if whole.run_status not in ENDED:
        part = RunState.of(await db.call(partial(holding_of, run_id="r1")))
        assert explain(of_state(part)) == explain(of_state(whole))
    for line in list(task_lines(of_state(whole)))[:6]:
        for name in {line.key.id, str(line.key)}:
            part = RunState.of(await db.call(partial(task_of, run_id="r1", name=name)))
            assert without_texts(part, name) == without_texts(whole, name)


def of_state(state: RunState) -> Snapshot:
    return Snapshot(run=new_run(), state=replace(state, budgets={}), now=START)


def without_texts(state: RunState, name: str) -> tuple[TaskView | None, Ended | None]:
    found = view_task(of_state(state), name)
    if found is None:
        return None, None
    return replace(found, output=None), state.ended.get(found.line.key)


@pytest.mark.long
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_part_of_a_run_says_what_the_whole_does(data: st.DataObject) -> None:
    author = Author(data)
    frames = [author.frame(k) for k in range(data.draw(st.integers(1, 6)))]

    async def check() -> None:
        async with stores() as opened:
            for store in opened:
                await check_parts(store, frames)

    asyncio.run(check())


def long_run(steps: int, *, ups: int = 0) -> list[Frame]:
    """So many steps have finished; one agent is at work beside an open approval."""
    done: list[Change] = []
    for number in range(steps):
        key = Key(f"step {number}")
        done += [
            NodeMounted(id=key.id, kind="step", parent="root", place=number),
            CameUp(key=key),
            started(number + 1, key),
            AttemptEnded(serial=number + 1, state="succeeded", error=None, at=START),
            Settled(key=key, outcome="finished", output="1", came_up=1),
        ]
    serial = steps + 1
    ask = WaitOpened(key=SHIP, kind="approval", asked="Ship it?", digest="ab12")
    mounted = [
        NodeMounted(id=key.id, kind=kind, parent="root", place=steps + place)
        for place, (key, kind) in enumerate([(WORK, "task"), (SHIP, "approval")])
    ]
    capped = BudgetSet(key=Key("root"), caps=Amounts(calls=3))
    more = [CameUp(key=Key("later", (number,))) for number in range(ups)]
    return [
        first_frame(),
        frame(1, *done),
        frame(2, *mounted, capped, CameUp(key=WORK), started(serial, WORK), CameUp(key=SHIP), ask),
        frame(3, SessionSeen(serial=serial, session="s1"), *more),
    ]


def started(serial: int, key: Key) -> AttemptStarted:
    return AttemptStarted(
        serial=serial, key=key, number=1, agent="agent", prompt="Do it", session=None, at=START
    )


PARTS = ("standing", "waits", "budgets")
SHOWN: dict[str, Callable[[sqlite3.Connection], Sequence[Frame]]] = {
    "holding": partial(holding_of, run_id="r1"),
    "task": partial(task_of, run_id="r1", name="step 1"),
}
"""What is read of a run for `why`, and for one task."""


async def asked_of(store: Store, part: str) -> Sequence[Frame]:
    if part in SHOWN:
        assert isinstance(store, SqliteStore)
        return await store._db.call(SHOWN[part])  # pyright: ignore[reportPrivateUsage]
    match part:
        case "standing":
            return (await store.standing("r1")).frames
        case "waits":
            return (await store.waits("r1")).frames
        case "budgets":
            return (await store.budgets("r1")).frames
        case _:
            return (await store.about("r1", part)).frames


def traced(tell: Callable[[str], None] | None, db: sqlite3.Connection) -> None:
    db.set_trace_callback(tell)


async def test_a_long_run_is_asked_at_the_price_of_a_short_one(tmp_path: Path) -> None:
    """By the statements, and by the changes that are read."""
    found: dict[str, list[tuple[int, int]]] = {}
    for steps in (3, 400):
        async with await SqliteStore.open(tmp_path / f"{steps}.db") as store:
            await commit(store, long_run(steps))
            for part in (*PARTS, *SHOWN, "work", "step 1", "no such task"):
                statements: list[str] = []
                db = store._db  # pyright: ignore[reportPrivateUsage]
                await db.call(partial(traced, statements.append))
                frames = await asked_of(store, part)
                await db.call(partial(traced, None))
                read = sum(len(each.changes) for each in frames)
                found.setdefault(part, []).append((len(statements), read))
    assert all(few == many for few, many in found.values()), found
    assert all(read < 12 for ((_, read), _) in found.values()), found


async def test_more_may_be_open_than_can_be_listed_in_a_query(store: Store) -> None:
    whole = await commit(store, long_run(2, ups=MOST_LISTED + 1))
    standing = RunState.of((await store.standing("r1")).frames)
    open_ = {key for key in standing.came_up if key not in standing.ended}
    assert open_ == {key for key in whole.came_up if key not in whole.ended}
    assert standing.running() == whole.running()


async def test_a_task_that_was_renamed_before_its_end_is_open(store: Store) -> None:
    """It has attempts without having come up."""
    renamed = replace(started(1, WORK), origin="")
    ended = AttemptEnded(serial=1, state="interrupted", error=None, at=START)
    await commit(store, [first_frame(), frame(1, renamed, ended)])
    standing = RunState.of((await store.standing("r1")).frames)
    assert [one.serial for one in standing.tries[WORK]] == [1]


async def test_a_task_that_is_done_again_is_open(store: Store) -> None:
    done: list[Change] = [CameUp(key=WORK), started(1, WORK)]
    ended = AttemptEnded(serial=1, state="succeeded", error=None, at=START)
    settled = Settled(key=WORK, outcome="finished", output="1", came_up=1)
    await commit(
        store,
        [first_frame(), frame(1, *done), frame(2, ended, settled), frame(3, Reset(key=WORK))],
    )
    standing = RunState.of((await store.standing("r1")).frames)
    assert WORK not in standing.ended
    assert [one.counts for one in standing.tries[WORK]] == [False]


async def test_the_question_that_was_answered_last_is_known(store: Store) -> None:
    ask = WaitOpened(key=SHIP, kind="approval", asked="Ship it?", digest="ab12")
    answer = WaitClosed(key=SHIP, kind="approval", opened=1, answer='{"approved": true}')
    other = Key("other")
    first: list[Change] = [
        WaitOpened(key=other, kind="approval", asked="?", digest="cd"),
        CameUp(key=other),
    ]
    void = WaitClosed(key=other, kind="approval", opened=1)
    await commit(
        store, [first_frame(), frame(1, CameUp(key=SHIP), ask, *first), frame(2, answer, void)]
    )
    assert RunState.of((await store.waits("r1")).frames).answers == {SHIP: '{"approved": true}'}


async def test_a_part_of_an_unknown_run_is_refused(store: Store) -> None:
    for part in (*PARTS, "work"):
        with pytest.raises(UnknownRun):
            await asked_of(store, part)


async def test_a_part_ends_with_the_last_frame(store: Store) -> None:
    """Its number tells until which note the inbox was taken."""
    claim = await store.create(new_run(), live_owner(), first_frame())
    note = await store.offer(Note(run_id="r1", kind=inbox.CANCEL, body="{}", at=START))
    await store.commit(claim, frame(1, StatusChanged(status="waiting"), inbox=note.id))
    for part in (*PARTS, "work"):
        state = RunState.of(await asked_of(store, part))
        assert (state.frame, state.inbox, state.run_status) == (1, note.id, "waiting")
