"""Random flows, on real engines that die, end as the same code does on a stand-in in memory."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smithers.changes import AttemptEnded, AttemptStarted, Frame, Key, NodeGone, Settled
from smithers.state import RunState
from tests import plans
from tests.engine.runs import Watch
from tests.properties.programs import (
    Ending,
    Part,
    Seeds,
    World,
    flow_of,
    is_shared,
    programs,
    run_in_memory,
)
from tests.rules.runs import Died, Run

SEEDS = st.integers(0, 1 << 20)
CONCURRENCY = st.sampled_from([1, 2, 8])
FEW = max(15, settings().max_examples // 20)
MANY = max(400, settings().max_examples)
MOST_OWNERS = 400
MOST_RESUMES = 5
ROOT = Key("flow")


class Dying(Watch):
    """Ends its owner after so many frames, after it has held the plan against one from the rows."""

    def __init__(self, run: Run, left: int) -> None:
        super().__init__(run.watch.frames, run.watch.events)
        self.left = left

    def frame(self, frame: Frame, state: RunState) -> None:
        super().frame(frame, state)
        assert self.engine is not None
        plans.check(self.engine)
        self.left -= 1
        if not self.left:
            raise Died


@dataclass
class Story:
    """A program on real engines: `die` are the frames after which each owner dies."""

    parts: Sequence[Part]
    concurrency: int = 8
    frames: list[Frame] = field(default_factory=list[Frame])
    world: World = field(default_factory=World)

    def cancel(self, after: int, random: Random) -> str:
        """Cancel it after so many frames, with owners that die; how it ends."""
        run = Run(flow_of(self.parts, self.world), max_concurrency=self.concurrency)
        try:
            self._go(run, after)
            if run.state.run_status == "running":
                asyncio.run(run.cancel())
                self._go_to_end(run, random)
            self.frames = run.watch.frames
            return run.state.run_status
        finally:
            shutil.rmtree(run.folder, ignore_errors=True)

    def mend(self, random: Random) -> tuple[Sequence[str], str]:
        """Let it fail, mend the world, and resume it; what failed, and how it ends."""
        run = Run(flow_of(self.parts, self.world), max_concurrency=self.concurrency)
        try:
            self._go_to_end(run, random)
            before = len(run.watch.frames)
            failed = [str(key) for key, end in run.state.ended.items() if end.outcome == "failed"]
            self.world.is_mended = True
            for _ in range(MOST_RESUMES):  # a cleanup that failed hides what failed before it
                if run.state.run_status == "failed" and _kind_of_failure(run) == "OSError":
                    self._go(run, 1)
                    self._go_to_end(run, random)
            self.frames = run.watch.frames
            assert before <= len(self.frames)
            return failed, run.state.run_status
        finally:
            shutil.rmtree(run.folder, ignore_errors=True)

    def _go(self, run: Run, left: int) -> None:
        run.watch = Dying(run, left)
        with suppress(Died):
            asyncio.run(_bounded(run))

    def _go_to_end(self, run: Run, random: Random | None) -> None:
        for _ in range(MOST_OWNERS):
            self._go(run, 0 if random is None else random.randint(1, 6))
            if run.state.run_status in ("finished", "failed", "cancelled"):
                return

    def live(self, random: Random | None) -> Ending:
        """To its end; with `random`, the owners die after a few frames."""
        run = Run(flow_of(self.parts, self.world), max_concurrency=self.concurrency)
        try:
            self._go_to_end(run, random)
            self.frames = run.watch.frames
            return self._ending(run)
        finally:
            shutil.rmtree(run.folder, ignore_errors=True)

    def _ending(self, run: Run) -> Ending:
        status = run.state.status
        assert not run.state.running()
        assert not run.state.waits
        if status.status == "failed":
            assert status.error is not None
            return Ending(None, status.error.kind)
        assert status.status == "finished"
        chosen = run.state.choices[ROOT, "result"]
        return Ending(json.loads(chosen.value)["value"], None)

    @property
    def seeds(self) -> Seeds:
        choices = RunState.of(self.frames).choices
        return {
            "" if key == ROOT else key.id: json.loads(chosen.value)["seed"]
            for (key, kind), chosen in choices.items()
            if kind == "started"
        }

    def check_rows(self) -> None:
        """Nothing runs again that has ended, and nothing is gone."""
        changes = [change for frame in self.frames for change in frame.changes]
        assert not [one for one in changes if isinstance(one, NodeGone)]
        ends = Counter(one.key for one in changes if isinstance(one, Settled))
        assert not {key: count for key, count in ends.items() if count > 1}
        ended: set[Key] = set()
        for change in changes:
            if isinstance(change, AttemptStarted):
                assert change.key not in ended, change.key
            elif isinstance(change, Settled):
                ended.add(change.key)


def _kind_of_failure(run: Run) -> str | None:
    error = run.state.status.error
    return None if error is None else error.kind


async def _bounded(run: Run) -> None:
    async with asyncio.timeout(20):
        await run.drive()


def check(parts: Sequence[Part], concurrency: int, seed: int) -> None:
    for random in (None, Random(seed)):
        story = Story(parts, concurrency)
        ending = story.live(random)
        story.check_rows()
        if not is_shared(parts):
            expected, stand_in = run_in_memory(parts, story.seeds, Random(seed))
            assert ending == expected
            del stand_in


@given(programs(), CONCURRENCY, SEEDS)
@settings(max_examples=FEW)
def test_a_flow_ends_as_the_same_code_in_memory(
    parts: tuple[Part, ...], concurrency: int, seed: int
) -> None:
    check(parts, concurrency, seed)


def check_cancelled(parts: Sequence[Part], concurrency: int, seed: int) -> None:
    random = Random(seed)
    story = Story(parts, concurrency)
    assert story.cancel(random.randint(1, 30), random) in ("cancelled", "finished", "failed")
    story.check_rows()


@given(programs(), CONCURRENCY, SEEDS)
@settings(max_examples=FEW)
def test_a_flow_that_is_cancelled_does_nothing_twice(
    parts: tuple[Part, ...], concurrency: int, seed: int
) -> None:
    check_cancelled(parts, concurrency, seed)


def check_mended(parts: Sequence[Part], concurrency: int, seed: int) -> None:
    story = Story(parts, concurrency)
    failed, status = story.mend(Random(seed))
    error = RunState.of(story.frames).status.error
    assert status == "finished" or (error is not None and error.kind == "ValueError"), error
    ended: Counter[Key] = Counter()
    keys: dict[int, Key] = {}
    for change in (change for frame in story.frames for change in frame.changes):
        if isinstance(change, AttemptStarted):
            keys[change.serial] = key = change.key
            assert not ended[key] or (str(key) in failed and ended[key] == 1), key
        elif isinstance(change, AttemptEnded) and change.state in ("succeeded", "failed"):
            ended[keys[change.serial]] += 1


@given(programs(), CONCURRENCY, SEEDS)
@settings(max_examples=FEW)
def test_a_failed_flow_runs_what_failed_again_and_nothing_else(
    parts: tuple[Part, ...], concurrency: int, seed: int
) -> None:
    check_mended(parts, concurrency, seed)


@pytest.mark.trust
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("checked", [check, check_cancelled, check_mended])
def test_many_flows(checked: Callable[[Sequence[Part], int, int], None]) -> None:
    @given(programs(), CONCURRENCY, SEEDS)
    @settings(max_examples=MANY)
    def holds(parts: tuple[Part, ...], concurrency: int, seed: int) -> None:
        checked(parts, concurrency, seed)

    holds()
