"""After any edit of any tree exactly the changed steps and their readers run again, if asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from smithers import Context, Node, NoInput, Sequence, Workflow, workflow
from smithers.changes import Frame, Reset
from smithers.engine.edited import Edited
from smithers.state import RunState
from tests.properties.test_rework import PARTS, Built, Part
from tests.rules.resuming import crashed
from tests.rules.runs import Run


class Version(Built):
    """The workflow of a part, in which some steps are written otherwise."""

    def __init__(self, part: Part, edited: Collection[str] = ()) -> None:
        super().__init__(part, named=0, rounds=0)
        self.edited = edited

    @property
    def flow(self) -> Workflow[NoInput, Any]:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            self._steps, self._fans = [], 0
            first = self._node(ctx, Part("step"), frozenset(), "")
            return Sequence(first, self._node(ctx, self._part, frozenset(), ""))

        return flow

    def _work(self, id: str, read: Callable[[], list[str]]) -> Callable[[], Any]:
        word = "edited" if id in self.edited else "first"

        async def work() -> str:
            read()
            await asyncio.sleep(0)
            self.ran[id] += 1
            return f"{id} {word}"

        return work

    def affected(self, named: Collection[str]) -> set[str]:
        """What must run again with the steps of these names, by what each has read."""
        found = set(named)
        while more := {id for id, reads in self.sources.items() if reads & found} - found:
            found |= more
        return found


def resets(frames: Collection[Frame]) -> Counter[str]:
    return Counter(
        change.key.id for frame in frames for change in frame.changes if isinstance(change, Reset)
    )


@given(PARTS, st.sets(st.integers(0, 9), max_size=3), st.integers(0, 3), st.floats(0, 1))
@settings(max_examples=settings().max_examples // 3)
def test_what_changed_and_its_readers_run_again_and_nothing_else(
    part: Part, edits: set[int], fewer: int, where: float
) -> None:
    first = Version(part)
    run = Run(first.flow)
    assert run.go().status == "finished"
    ids = sorted(first.ran)
    edited = {ids[number % len(ids)] for number in edits}
    named = sorted(edited)[: max(1, len(edited) - fewer)]
    second = Version(part, edited)
    frames = tuple(run.watch.frames)
    asked = Edited("r1", frames, named)
    run.workflow, run.settings = second.flow, replace(run.settings, again=asked)
    assert run.go().status == "finished"
    assert asked.comparison is not None
    assert {one.key.id for one in asked.comparison.changed} == edited
    affected = second.affected(named)  # all that are edited, if none is named
    assert {key.id for key in asked.rerun} == affected
    assert second.ran == dict.fromkeys(affected, 1)
    assert {key.id for key in asked.comparison.again} == second.affected(edited)

    kept = len(frames) + 1 + int(where * (len(run.watch.frames) - len(frames) - 1))
    if RunState.of(run.watch.frames[:kept]).run_status != "finished":
        after = crashed(run, kept, Version(part, edited).flow)
        assert after.go().status == "finished"
        assert resets(after.watch.frames) == dict.fromkeys(affected, 1)
