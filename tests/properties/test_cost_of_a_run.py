"""What a step costs the engine, in turns, timers, instructions and renders: never in time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextvars import Context as ContextVars
from pathlib import Path
from types import FrameType
from typing import Any, TypeVarTuple

import pytest

from smithers import Context, ForEach, Node, NoInput, Parallel, Sequence, Step, Workflow, workflow
from smithers.engine import engine
from tests.engine.runs import Run
from tests.plans import renders_counted

Ts = TypeVarTuple("Ts")
OURS = str(Path(engine.__file__).parent)


async def trivial() -> int:
    return 1


def steps(shape: str, count: int) -> Workflow[NoInput, Any]:
    @workflow
    def many(ctx: Context[NoInput]) -> Node:
        tasks = [Step(f"s{number}", trivial) for number in range(count)]
        return Sequence(*tasks) if shape == "sequence" else Parallel(*tasks)

    return many


class Counting(asyncio.SelectorEventLoop):
    """A loop that counts what is put on it."""

    calls = timers = 0

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: ContextVars | None = None,
    ) -> asyncio.Handle:
        self.calls += 1
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: ContextVars | None = None,
    ) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(when, callback, *args, context=context)


def on_the_loop(shape: str, count: int) -> tuple[int, int]:
    """The calls and timers of a run of `count` steps."""
    loop = Counting()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(Run(steps(shape, count)).drive())
        return loop.calls, loop.timers


@pytest.mark.parametrize(("shape", "most"), [("sequence", 4.2), ("parallel", 3.6)])
def test_a_step_is_few_calls_of_the_loop_and_no_timer(shape: str, most: float) -> None:
    few, many = on_the_loop(shape, 20), on_the_loop(shape, 120)
    assert many[0] - few[0] <= 100 * most
    assert many[1] <= 30  # the engine's own look at its inbox, four times a second


def instructions(run: Callable[[], object]) -> int:
    """How many bytecode instructions of the engine a call executes."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if event == "call":
            if not frame.f_code.co_filename.startswith(OURS):
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.long
@pytest.mark.parametrize("shape", ["sequence", "parallel"])
def test_a_step_of_a_run_of_600_costs_the_engine_what_one_of_60_does(shape: str) -> None:
    runs = {count: Run(steps(shape, count)) for count in (10, 60, 600)}
    few, some, many = (instructions(runs[count].go) for count in (10, 60, 600))
    assert (many - some) / 540 <= (some - few) / 50 * 1.1


def counted_renders(structure: Callable[[Context[NoInput]], Node[Any]]) -> tuple[Run, list[int]]:
    renders: list[int] = []

    @workflow
    def reading(ctx: Context[NoInput]) -> Node:
        renders.append(1)
        return structure(ctx)

    return Run(reading, max_concurrency=32), renders


def test_steps_that_settle_in_one_frame_make_one_render() -> None:
    def structure(ctx: Context[NoInput]) -> Node[Any]:
        tasks = [Step(f"s{number}", trivial) for number in range(32)]
        done = sum(ctx.get(one) is not None for one in tasks)
        return Parallel(*tasks, *(Step(f"after {number}", trivial) for number in range(done)))

    run, renders = counted_renders(structure)
    with renders_counted():
        assert run.go().status == "finished"
    assert len(run.starts) == 64
    assert len(renders) <= len(run.watch.frames) + 1


def test_a_resumed_run_whose_structure_reads_nothing_is_rendered_at_its_start_alone() -> None:
    broken = [True]

    def fails_once() -> int:
        if broken:
            raise OSError(broken.pop())
        return 1

    run, renders = counted_renders(
        lambda _: Sequence(
            ForEach(lambda: ["a", "b"], key=str, each=lambda item: Step(item, trivial), id="all"),
            Step("last", fails_once),
        )
    )
    assert run.go().status == "failed"
    renders.clear()
    assert run.go().status == "finished"
    assert run.starts == ["a#1", "b#1", "last#1", "last#2"]
    assert len(renders) == 2, "twice at the start, to see that it gives the same"
