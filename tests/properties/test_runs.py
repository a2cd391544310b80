"""Random workflows on the real engine end as the reference says, crashed in the middle or not."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smithers import Context, Node, NoInput, Workflow, waits, workflow
from smithers.changes import AttemptStarted, Frame, Key
from smithers.state import RunState
from smithers.store import Note
from smithers.tree import Decision
from tests.engine.runs import Run
from tests.properties.fates import Expected, Fates, Working
from tests.properties.judging import Comparing, Made, check_end, check_frames
from tests.properties.trees import Shape, build, plain_trees

FATES = st.builds(Fates, seed=st.integers(0, 1 << 20), failing=st.sampled_from([0, 10, 30]))
CONCURRENCY = st.sampled_from([1, 2, 8])


def flow_of(shape: Shape, fates: Fates) -> Workflow[NoInput, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return build(shape, Working(ctx, fates))

    return flow


def running(
    flow: Workflow[NoInput, Any],
    concurrency: int,
    frames: Sequence[Frame] = (),
    crashed: Run | None = None,
) -> Run:
    """A run, from the start or from what a crash left of it, with the notes that it had taken."""
    run = Run(flow, max_concurrency=concurrency)
    run.watch = Comparing(frames=list(frames), fold=RunState.of(frames))

    async def restore() -> None:
        claim = await run.store.create(run.new, run.owner, frames[0])
        for frame in frames[1:]:
            await run.store.commit(claim, frame)
        await run.store.release(claim)
        if crashed is not None:
            taken = crashed.store._inbox[: frames[-1].inbox]  # pyright: ignore[reportPrivateUsage]
            run.store._inbox.extend(taken)  # pyright: ignore[reportPrivateUsage]

    if frames:
        asyncio.run(restore())
    return run


def ends(run: Run) -> None:
    """Drive it to its end, and let each step with an effect run again."""
    try:
        while run.go().status == "waiting":
            for (key, kind), wait in run.state.waits.items():
                assert kind == waits.REPEAT
                asyncio.run(approve(run, key, wait.frame))
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)


async def approve(run: Run, key: Key, opened: int) -> None:
    """A person lets a step with an effect run again."""
    now = run.now()
    body = Decision(approved=True, by="ann", at=now).model_dump_json()
    note = Note(run_id="r1", kind="answer", key=key, opened=opened, body=body, at=now)
    await run.store.offer(note)


@given(plain_trees(), FATES, CONCURRENCY)
@settings(max_examples=settings().max_examples // 3)
def test_a_run_ends_as_the_reference_says(shape: Shape, fates: Fates, concurrency: int) -> None:
    flow = flow_of(shape, fates)
    run, made = running(flow, concurrency), Made(flow)
    ends(run)
    assert run.state == RunState.of(run.watch.frames)
    check_end(run.state, made, Expected(shape, fates))
    check_frames(run.watch.frames, made)


@pytest.mark.long
@given(plain_trees(), FATES, CONCURRENCY, st.floats(0, 1, exclude_max=True))
@settings(max_examples=settings().max_examples // 3)
def test_a_crash_at_any_frame_changes_no_end_and_repeats_no_finished_task(
    shape: Shape, fates: Fates, concurrency: int, where: float
) -> None:
    flow = flow_of(shape, fates)
    whole = running(flow, concurrency)
    ends(whole)
    left = whole.watch.frames[: 1 + int(where * (len(whole.watch.frames) - 1))]
    settled = set(RunState.of(left).ended)
    if RunState.of(left).run_status != "running":
        return  # all of it was one frame
    resumed = running(flow, concurrency, left, whole)
    ends(resumed)
    check_end(resumed.state, Made(flow), Expected(shape, fates))
    again = [
        change.key
        for frame in resumed.watch.frames[len(left) :]
        for change in frame.changes
        if isinstance(change, AttemptStarted)
    ]
    assert settled.isdisjoint(again)
    check_frames(resumed.watch.frames, Made(flow))


@pytest.mark.long
@given(plain_trees(), FATES, CONCURRENCY, st.integers(0, 1 << 20))
@settings(max_examples=settings().max_examples // 6)
def test_the_order_of_the_changes_of_a_frame_does_not_matter(
    shape: Shape, fates: Fates, concurrency: int, seed: int
) -> None:
    run, random = running(flow_of(shape, fates), concurrency), Random(seed)
    for _ in range(2):  # the second time a failed run is reset, and fails again
        run.go()
    shutil.rmtree(run.folder, ignore_errors=True)
    mixed = [shuffled(frame, random) for frame in run.watch.frames]
    assert RunState.of(mixed) == RunState.of(run.watch.frames)


def shuffled(frame: Frame, random: Random) -> Frame:
    changes = list(frame.changes)
    random.shuffle(changes)
    return Frame(number=frame.number, at=frame.at, changes=tuple(changes), inbox=frame.inbox)
