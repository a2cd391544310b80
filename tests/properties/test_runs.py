"""Random workflows on the real engine end as the reference says, crashed in the middle or not."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from smithers import Context, ForEach, Node, NoInput, Task, Workflow, workflow
from smithers.changes import AttemptStarted, Frame, Key
from smithers.engine.mount import Definition, mount
from smithers.state import RunState
from tests.engine.runs import Run, Watch
from tests.properties.fates import Expected, Fates, Working
from tests.properties.reference import Reference
from tests.properties.trees import Shape, build, plain_trees

FATES = st.builds(Fates, seed=st.integers(0, 1 << 20), failing=st.sampled_from([0, 10, 30]))
CONCURRENCY = st.sampled_from([1, 2, 8])


@dataclass
class Comparing(Watch):
    """Holds the engine's state, after each frame, against the fold of the frames."""

    fold: RunState = field(default_factory=RunState)

    def frame(self, frame: Frame, state: RunState) -> None:
        super().frame(frame, state)
        self.fold.apply_frame(frame)
        assert state == self.fold


def flow_of(shape: Shape, fates: Fates) -> Workflow[NoInput, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return build(shape, Working(ctx, fates))

    return flow


class Made:
    """The same tree once more, for the reference."""

    def __init__(self, flow: Workflow[NoInput, Any]) -> None:
        self.root = mount(flow.function(Context(NoInput(), "r1")))
        self._subtrees: dict[tuple[int, tuple[int, ...]], list[Definition]] = {}

    def reference(self, state: RunState) -> Reference:
        def expand(one: Definition, path: tuple[int, ...]) -> Sequence[Definition]:
            if (id(one), path) not in self._subtrees:
                node = cast("ForEach[Any]", one.node)
                chosen = state.choices[Key(one.id, path), "items"]
                keys: list[str] = json.loads(chosen.value)["keys"]
                self._subtrees[id(one), path] = [
                    mount(node.each(key), parent=one, item=key, place=place)
                    for place, key in enumerate(keys)
                ]
            return self._subtrees[id(one), path]

        return Reference(self.root, state, expand)


def running(flow: Workflow[NoInput, Any], concurrency: int, frames: Sequence[Frame] = ()) -> Run:
    """A run, from the start or from what a crash left of it."""
    run = Run(flow, max_concurrency=concurrency)
    run.watch = Comparing(frames=list(frames), fold=RunState.of(frames))

    async def restore() -> None:
        claim = await run.store.create(run.new, run.owner, frames[0])
        for frame in frames[1:]:
            await run.store.commit(claim, frame)
        await run.store.release(claim)

    if frames:
        asyncio.run(restore())
    return run


def ends(run: Run) -> str:
    try:
        return run.go().status
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)


def check_end(run: Run, status: str, made: Made, expected: Expected) -> None:
    """The run has ended as its fates want it, and as the reference reads its rows."""
    state = run.state
    assert status == ("failed" if expected.fails else "finished")
    said = made.reference(state)
    if not isinstance(made.root.node, Task):  # one that is tolerated has failed, and fails nothing
        assert said.root == status or (said.root == "cancelled" and expected.fails)
    assert not said.asks
    assert not said.drops
    loops = {id for id, row in state.nodes.items() if row.kind == "loop"}
    ended = {key: end.outcome for key, end in state.ended.items() if key.id not in loops}
    for key in ended.keys() | expected.allowed.keys():
        assert ended.get(key) in expected.allowed.get(key, set()), key


def check_frames(frames: Sequence[Frame], made: Made) -> None:
    """At the end of each frame nothing is left to drop, and no limit is exceeded."""
    state = RunState()
    for frame in frames:
        state.apply_frame(frame)
        said = made.reference(state)
        assert set(said.drops.values()) <= {"stop"}
        for key, limit in said.limited.items():
            assert said.open_slots(key) <= limit


@given(plain_trees(), FATES, CONCURRENCY)
@settings(max_examples=max(100, settings().max_examples // 3))
def test_a_run_ends_as_the_reference_says(shape: Shape, fates: Fates, concurrency: int) -> None:
    flow = flow_of(shape, fates)
    run, made = running(flow, concurrency), Made(flow)
    check_end(run, ends(run), made, Expected(shape, fates))
    check_frames(run.watch.frames, made)


@given(plain_trees(), FATES, CONCURRENCY, st.floats(0, 1, exclude_max=True))
@settings(max_examples=max(100, settings().max_examples // 3))
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
    resumed = running(flow, concurrency, left)
    check_end(resumed, ends(resumed), Made(flow), Expected(shape, fates))
    again = [
        change.key
        for frame in resumed.watch.frames[len(left) :]
        for change in frame.changes
        if isinstance(change, AttemptStarted)
    ]
    assert settled.isdisjoint(again)
    check_frames(resumed.watch.frames, Made(flow))


@given(plain_trees(), FATES, CONCURRENCY, st.integers(0, 1 << 20))
@settings(max_examples=max(50, settings().max_examples // 6))
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
