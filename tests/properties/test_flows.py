"""Random flows, on real engines that die, end as the same code does on a stand-in in memory."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from smithers.changes import AttemptStarted, Frame, Key, NodeGone, Settled
from smithers.state import RunState
from tests import plans
from tests.engine.runs import Watch
from tests.properties.programs import (
    Ending,
    Part,
    Seeds,
    flow_of,
    is_shared,
    programs,
    run_in_memory,
)
from tests.rules.runs import Died, Run

SEEDS = st.integers(0, 1 << 20)
CONCURRENCY = st.sampled_from([1, 2, 8])
MOST_OWNERS = 400
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

    def live(self, random: Random | None) -> Ending:
        """To its end; with `random`, the owners die after a few frames."""
        run = Run(flow_of(self.parts), max_concurrency=self.concurrency)
        try:
            for _ in range(MOST_OWNERS):
                left = 0 if random is None else random.randint(1, 6)
                run.watch = Dying(run, left)
                with suppress(Died):
                    asyncio.run(_bounded(run))
                if run.state.run_status in ("finished", "failed"):
                    break
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
@settings(max_examples=max(40, settings().max_examples // 8))
def test_a_flow_ends_as_the_same_code_in_memory(
    parts: tuple[Part, ...], concurrency: int, seed: int
) -> None:
    check(parts, concurrency, seed)
