"""A denial sends back what it names and all that has read it, however often the owner dies."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Rework,
    Sequence,
    Step,
    Workflow,
    workflow,
)
from smithers.changes import Reset
from smithers.state import RunState
from tests.rules.resuming import crashed
from tests.rules.runs import Run


@dataclass(frozen=True)
class Part:
    """A part of a tree: a step, or a container around others. `reads` are the numbers of parts
    before it, as far as there are so many: what the step, the test or the items read.
    """

    kind: str
    reads: frozenset[int] = frozenset()
    below: tuple[Part, ...] = ()


READS = st.frozensets(st.integers(0, 9), max_size=2)
STEPS = st.builds(Part, kind=st.just("step"), reads=READS)
PARTS = st.recursive(
    STEPS,
    lambda inner: st.builds(
        Part,
        kind=st.sampled_from(["sequence", "parallel", "branch", "foreach", "loop"]),
        reads=READS,
        below=st.lists(inner, min_size=1, max_size=3).map(tuple),
    ),
    max_leaves=8,
)


class Built:
    """The workflow of a part, what its steps have read, and which of them ran."""

    def __init__(self, part: Part, named: int, rounds: int) -> None:
        self.ran: Counter[str] = Counter()
        self.sources: dict[str, set[str]] = {}
        """What each step has read, or the containers that were made from reads around it."""
        self.named = ""
        self._named, self._rounds, self._part = named, rounds, part
        self._steps: list[Step[str]] = []
        self._fans = 0
        """The fan-outs so far, in the item that is made: their steps have ids of their own."""

    @property
    def flow(self) -> Workflow[NoInput, Any]:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            self._steps, self._fans = [], 0
            first = self._node(ctx, Part("step"), frozenset(), "")
            node = self._node(ctx, self._part, frozenset(), "")
            self.named = self._steps[self._named % len(self._steps)].id
            rework = Rework(self.named, max_rounds=self._rounds + 1)
            return Sequence(first, node, Approval("ok", ask="ok?", on_deny=rework))

        return flow

    def _node(
        self, ctx: Context[NoInput], part: Part, around: frozenset[str], item: str
    ) -> Node[Any]:
        known = list(self._steps)
        seen = [known[number] for number in sorted(part.reads) if number < len(known)]
        ids = {one.id for one in seen}

        def read() -> list[str]:
            return [ctx[one] for one in seen]

        if part.kind == "step":
            id = f"s{len(self._steps)}{item}"
            self.sources[id] = ids | around
            made = Step(id, self._work(id, read))
            self._steps.append(made)
            return made
        if part.kind == "foreach":
            return self._fan_out(ctx, part, around | ids, read, item)
        nodes = [self._node(ctx, one, around, item) for one in part.below]
        match part.kind:
            case "branch":
                return Branch(lambda: len(read()) < 99, Sequence(*nodes))
            case "loop":
                return Loop(*nodes, until=lambda: len(read()) < 99, max_iterations=2)
            case "parallel":
                return Parallel(*nodes)
            case _:
                return Sequence(*nodes)

    def _fan_out(
        self,
        ctx: Context[NoInput],
        part: Part,
        around: frozenset[str],
        read: Callable[[], list[str]],
        outer: str,
    ) -> Node[Any]:
        before = len(self._steps)
        self._fans += 1
        inner = f"{outer}@{self._fans}"

        def each(item: str) -> Node[Any]:
            outside, self._steps = (self._steps, self._fans), self._steps[:before]
            self._fans = 0
            node = Sequence(*[self._node(ctx, one, around, inner + item) for one in part.below])
            self._steps, self._fans = outside
            return node

        return ForEach(lambda: [f"i{len(read())}"], key=str, each=each)

    def _work(self, id: str, read: Callable[[], list[str]]) -> Callable[[], Any]:
        async def work() -> str:
            read()
            await asyncio.sleep(0)
            self.ran[id] += 1
            return f"{id} {self.ran[id]}"

        return work

    def expected(self) -> set[str]:
        """The steps that are done again, by what they have read."""
        found = {self.named}
        while (
            more := {id for id, reads in self.sources.items() if reads & found and id in self.ran}
            - found
        ):
            found |= more
        return found


def finish(run: Run, rounds: int) -> None:
    """Deny so often, then approve."""
    while run.go().status == "waiting":
        state = run.state
        (key,) = [key for key, kind in state.waits if kind == "approval"]
        before = sum(change.key == key for change in resets(run))
        run.answer(key.id, path=key.path, approved=before == rounds)
    assert run.state.run_status == "finished"


def resets(run: Run) -> list[Reset]:
    return [
        change
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, Reset) and change.cause is not None
    ]


@given(PARTS, st.integers(0, 9), st.integers(1, 2), st.integers(1, 3), st.floats(0, 1))
@settings(max_examples=settings().max_examples // 3)
def test_what_is_named_and_its_readers_run_again_and_nothing_else(
    part: Part, named: int, rounds: int, concurrency: int, where: float
) -> None:
    built = Built(part, named, rounds)
    whole = Run(built.flow)
    whole.limit(concurrency)
    finish(whole, rounds)
    again = built.expected()
    assert built.ran == {id: 1 + rounds * (id in again) for id in built.ran}
    expected = Counter({id: rounds for id in {*again, "ok"}})
    assert Counter(one.key.id for one in resets(whole)) == expected

    frames = 1 + int(where * (len(whole.watch.frames) - 1))
    if RunState.of(whole.watch.frames[:frames]).run_status != "finished":
        after = crashed(whole, frames, Built(part, named, rounds).flow)
        finish(after, rounds)
        assert Counter(one.key.id for one in resets(after)) == expected
