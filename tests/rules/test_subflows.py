"""A subflow is a run of another workflow, driven, resumed and ended with the one that starts it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Container
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from harnesses import Echo
from smithers import (
    Approval,
    Budget,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Subflow,
    Task,
    Workflow,
    workflow,
)
from smithers.changes import Frame, Key, StatusChanged
from smithers.engine import children, timers
from smithers.engine.engine import Engine
from smithers.engine.settings import Unwatched
from smithers.sources import Sources
from smithers.state import RunState
from smithers.store import Claim, Note, Owner
from smithers.tree import Decision
from tests.rules.runs import Clock, Run


class Part(BaseModel):
    n: int


def doubling(log: list[str], *, asks: bool = False, fails: Container[int] = ()) -> Any:
    def double(n: int) -> int:
        log.append(f"double {n}")
        if n in fails:
            raise OSError(f"{n} is broken")
        return 2 * n

    def first(n: int) -> int:
        log.append(f"first {n}")
        return n

    @workflow(input=Part)
    def part(ctx: Context[Part]) -> Node[int]:
        n = ctx.input.n
        ok = Approval("ok", ask=f"double {n}?") if asks else None
        last: Step[int] = Step("double", lambda: double(n))
        return Sequence(Step("first", lambda: first(n)), ok, last, result=last)

    return part


def child(run: Run, id: str) -> RunState:
    async def load() -> RunState:
        return RunState.of((await run.store.load(id)).frames)

    return asyncio.run(load())


def approve(run: Run, id: str, task: str = "ok") -> None:
    wait = child(run, id).waits[Key(task), "approval"]
    body = Decision(approved=True, by="ann", at=run.now()).model_dump_json()
    key, at = Key(task), run.now()
    note = Note(run_id=id, kind="answer", key=key, opened=wait.frame, body=body, at=at)
    asyncio.run(run.store.offer(note))


def ids(run: Run) -> list[str]:
    return sorted(run.store._runs)  # pyright: ignore[reportPrivateUsage]


def test_a_subflow_gives_what_its_workflow_gives() -> None:
    log: list[str] = []
    part = doubling(log)

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[int]:
        one = Subflow("one", part, input=Part(n=4))
        two = Subflow("two", part, input=lambda: Part(n=ctx[one]))
        return Sequence(one, two, result=two)

    run = Run(whole)
    assert run.go().output == "16"
    assert log == ["first 4", "double 4", "first 8", "double 8"]
    assert ids(run) == ["r1", "r1.one", "r1.two"]


def test_a_run_whose_child_waits_is_left_and_both_continue_with_the_answer() -> None:
    log: list[str] = []
    part = doubling(log, asks=True)

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[int]:
        return Subflow("one", part, input=Part(n=4))

    run = Run(whole)
    assert run.go().status == "waiting"
    assert child(run, "r1.one").run_status == "waiting"
    approve(run, "r1.one")
    assert run.go().output == "8"
    assert log == ["first 4", "double 4"]


def test_a_child_that_is_answered_while_its_parent_is_driven_continues_at_once() -> None:
    part = doubling([], asks=True)

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[int]:
        one = Subflow("one", part, input=Part(n=4))

        async def wait() -> int:
            while True:
                try:
                    state = RunState.of((await run.store.load("r1.one")).frames)
                except Exception:
                    state = RunState()
                if state.run_status == "waiting":
                    break
                await asyncio.sleep(0)
            wait = state.waits[Key("ok"), "approval"]
            body = Decision(approved=True, by="ann", at=run.now()).model_dump_json()
            key, at = Key("ok"), run.now()
            note = Note(
                run_id="r1.one", kind="answer", key=key, opened=wait.frame, body=body, at=at
            )
            await run.store.offer(note)
            state = RunState()
            while state.run_status != "finished":  # the store has no event
                await asyncio.sleep(0.01)
                state = RunState.of((await run.store.load("r1.one")).frames)
            return 1

        return Parallel(one, Step("answers", wait), result=one)

    run = Run(whole)
    assert run.go().output == "8"


def test_a_failed_child_fails_its_node_and_is_resumed_with_its_parent() -> None:
    broken = {4}
    log: list[str] = []
    part = doubling(log, fails=broken)

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[int]:
        return Subflow("one", part, input=Part(n=4))

    run = Run(whole)
    status = run.go()
    assert status.status == "failed"
    assert status.error is not None
    assert status.error.kind == "OSError"
    assert "child run r1.one failed: double failed: OSError: 4 is broken" in status.error.message
    broken.clear()
    assert run.go().output == "8"
    assert log == ["first 4", "double 4", "double 4"]
    assert ids(run) == ["r1", "r1.one"]


def test_a_child_with_another_input_is_another_run() -> None:
    broken, inputs = {4}, iter([4, 5])
    part = doubling([], fails=broken)

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[int]:
        return Subflow("one", part, input=lambda: Part(n=next(inputs)))

    run = Run(whole)
    assert run.go().status == "failed"
    assert run.go().output == "10"
    assert ids(run) == ["r1", "r1.one", "r1.one.run2"]


def test_in_loops_and_fan_outs_each_iteration_and_item_has_a_run_of_its_own() -> None:
    part = doubling([])

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[list[list[int]]]:
        each = ForEach(["a", "b"], key=str, each=lambda k: Subflow(k, part, input=Part(n=1)))
        twice = iter(range(9))
        return Loop(each, until=lambda: next(twice) == 1, max_iterations=3, result=each)

    run = Run(whole)
    assert json.loads(run.go().output or "") == [2, 2]
    assert ids(run) == ["r1", "r1.a.0", "r1.a.1", "r1.b.0", "r1.b.1"]


def test_a_cancelled_run_cancels_its_children_first() -> None:
    log: list[str] = []
    part = doubling(log, asks=True)

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[int]:
        return Subflow("one", part, input=Part(n=4))

    run = Run(whole)
    run.go()
    asyncio.run(run.store.offer(Note(run_id="r1", kind="cancel", body="{}", at=run.now())))
    assert run.go().status == "cancelled"
    assert child(run, "r1.one").run_status == "cancelled"
    assert log == ["first 4"]


def test_a_group_that_fails_stops_its_child_which_is_resumed_later() -> None:
    log: list[str] = []
    broken, part = [True], doubling(log, asks=True)

    def boom() -> int:
        if broken:
            raise OSError("boom")
        return 1

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[int]:
        one = Subflow("one", part, input=Part(n=4))
        ok = Approval("may", ask="?")
        last = Sequence(ok, Step("boom", boom))
        return Parallel(one, last, on_failure="cancel", result=one)

    run = Run(whole)
    run.go()
    run.answer("may")
    assert run.go().status == "failed"
    assert child(run, "r1.one").run_status == "failed"
    broken.clear()
    assert run.go().status == "waiting"
    approve(run, "r1.one")
    assert run.go().output == "8"
    assert log == ["first 4", "double 4"]
    assert ids(run) == ["r1", "r1.one"]


@pytest.mark.parametrize("frames", range(1, 9))
def test_a_run_that_dies_at_any_frame_starts_its_child_once(frames: int) -> None:
    part = doubling([])

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[int]:
        one = Subflow("one", part, input=Part(n=4))
        last: Step[int] = Step("last", lambda: ctx[one] + 1)
        return Sequence(one, last, result=last)

    run = Run(whole)
    run.go_frames(frames)
    assert run.go().output == "9"
    assert ids(run) == ["r1", "r1.one"]
    assert child(run, "r1.one").run_status == "finished"


def test_a_workflow_that_gives_nothing_gives_none() -> None:
    @workflow
    def inner(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("s", lambda: 1))

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[str]:
        one = Subflow("one", inner)
        last: Task[str] = Step("last", lambda: repr(ctx[one]))
        return Sequence(one, last, result=last)

    assert Run(whole).go().output == '"None"'


def test_a_child_that_a_person_cancels_fails_its_node_and_another_starts() -> None:
    part = doubling([], asks=True)

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[int]:
        return Subflow("one", part, input=Part(n=4))

    run = Run(whole)
    run.go()
    asyncio.run(run.store.offer(Note(run_id="r1.one", kind="cancel", body="{}", at=run.now())))
    status = run.go()
    assert status.error is not None
    assert status.error.kind == "ChildCancelled"
    assert status.error.message == "one failed: its child run r1.one was cancelled"
    assert run.go().status == "waiting"
    approve(run, "r1.one.run2")
    assert run.go().output == "8"


def test_a_run_that_has_the_id_of_a_child_already_fails_its_node() -> None:
    part, id = doubling([]), ["one"]

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[int]:
        return Subflow(id[0], part, input=Part(n=4))

    run = Run(whole)
    alone = replace(run.new, run_id="r1.one", workflow="other")
    begun = Frame(number=0, at=run.now(), changes=(StatusChanged(status="running"),))
    asyncio.run(run.store.create(alone, run.owner, begun))
    status = run.go()
    assert status.error is not None
    said = "run r1.one exists already, and one has not started it"
    assert said in status.error.message
    id[0] = "another"
    assert run.go().output == "8"
    assert ids(run) == ["r1", "r1.another", "r1.one"]


@workflow(input=Part)
def asking_agents(ctx: Context[Part]) -> Node[str]:
    return Task("look", agent=Echo(), prompt=f"look {ctx.input.n}")


def looking(calls: int, on_exhausted: Literal["wait", "fail", "finish"] = "wait") -> Run:
    @workflow(max_concurrency=2)
    def whole(ctx: Context[NoInput]) -> Node[list[str]]:
        def each(n: int) -> Node[str]:
            return Subflow(f"look-{n}", asking_agents, input=Part(n=n))

        capped = Budget(calls=calls, on_exhausted=on_exhausted)
        looks = ForEach(range(4), key=str, each=each, on_failure="continue", id="looks")
        return Sequence(looks, result=looks, budget=capped, id="all")

    return Run(whole)


def calls_of(run: Run) -> int:
    children = [child(run, id) for id in ids(run) if id != "r1"]
    return sum(one.is_call for state in children for one in state.attempts.values())


def test_what_child_runs_use_counts_for_the_budgets_around_their_nodes() -> None:
    run = looking(3)
    assert run.go().status == "waiting"
    assert calls_of(run) == 3
    assert run.state.usage.calls == 3
    run.raise_budget("all", calls=2)
    assert run.go().status == "finished"
    assert calls_of(run) == 4
    assert run.state.usage.calls == 4
    assert run.state.usage.tokens_in == sum(
        child(run, id).usage.tokens_in for id in ids(run) if id != "r1"
    )


def test_a_budget_that_is_raised_while_others_run_lets_the_children_continue() -> None:
    run = looking(1)
    assert run.go().status == "waiting"
    for _ in range(3):
        run.raise_budget("all", calls=1)
    assert run.go().status == "finished"
    assert calls_of(run) == 4


def test_at_the_cap_of_a_budget_that_finishes_child_runs_skip_what_is_not_paid_for() -> None:
    run = looking(2, "finish")
    assert run.go().status == "finished"
    assert calls_of(run) == 2


def test_a_child_run_has_its_own_budget_as_well() -> None:
    @workflow(budget=Budget(calls=1))
    def twice(ctx: Context[NoInput]) -> Node:
        return Sequence(*(Task(f"t{n}", agent=Echo(), prompt="p") for n in range(2)))

    @workflow(budget=Budget(calls=5))
    def whole(ctx: Context[NoInput]) -> Node:
        return Subflow("one", twice)

    run = Run(whole)
    assert run.go().status == "waiting"
    assert child(run, "r1.one").waits[Key(""), "budget"].opened.asked is not None


def test_usage_is_counted_once_wherever_its_owner_dies() -> None:
    @workflow
    def whole(ctx: Context[NoInput]) -> Node:
        one = Subflow("one", asking_agents, input=Part(n=1))
        return Sequence(one, Step("last", lambda: 1), budget=Budget(calls=5))

    for frames in range(1, 7):
        run = Run(whole)
        run.go_frames(frames)
        assert run.go().status == "finished"
        used, counted = child(run, "r1.one").usage, run.state.usage
        assert (counted.tokens_in, counted.calls) == (used.tokens_in, calls_of(run))


def test_a_child_that_another_process_drives_is_waited_for_and_nothing_runs_twice() -> None:
    log: list[str] = []
    part = doubling(log, asks=True)

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[int]:
        return Subflow("one", part, input=Part(n=4))

    run = Run(whole)
    run.go()
    approve(run, "r1.one")

    async def both() -> None:
        other = Owner(id="other", host="here", pid=2, started="0")
        claimed = await run.store.claim("r1.one", other, source="1")
        history = await run.store.load("r1.one")
        state = RunState.of(history.frames)
        nobody = Claim(run_id="r1.one", owner="", fence=0)
        engine = Engine(
            part,
            Part(n=4),
            run=history.run,
            state=state,
            settings=run.settings,
            observer=Unwatched(),
            inbox=await run.store.inbox(nobody, state.inbox),
        )
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            parent = group.create_task(run.drive())
            await asyncio.sleep(0.3)  # it has looked at the child once
            assert not parent.done()
            await engine.run(run.store, claim=claimed.claim)
            await run.store.release(claimed.claim)
        assert parent.result().status.output == "8"

    asyncio.run(both())
    assert log == ["first 4", "double 4"]


def test_a_child_that_waits_has_the_edited_code_when_it_is_resumed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def part(edited: bool) -> Workflow[Part, int]:
        @workflow(input=Part)
        def part(ctx: Context[Part]) -> Node[int]:
            first = Step("first", lambda: ctx.input.n)
            last: Step[int] = Step("last", lambda: ctx[first] * (100 if edited else 2))
            more = Step("more", lambda: 1) if edited else None
            return Sequence(first, Approval("ok", ask="?"), more, last, result=last)

        return part

    def whole(edited: bool) -> Workflow[NoInput, int]:
        @workflow(name="whole")
        def whole(ctx: Context[NoInput]) -> Node[int]:
            return Subflow("one", part(edited), input=Part(n=4))

        return whole

    run = Run(whole(False))
    run.go()
    run.workflow, run.edited = whole(True), True

    def edited_files(file: Path) -> Sources:
        return Sources(digest=f"edited {file.name}", files=())

    monkeypatch.setattr(children, "sources_of", edited_files)
    approve(run, "r1.one")
    assert run.go().output == "400"
    assert "r1.one: its code has changed since it was last driven" in run.reports
    assert child(run, "r1.one").outcome(Key("more")) == "finished"


def test_at_the_deadline_children_are_stopped_and_resumed_with_their_parent() -> None:
    now, part = Clock(), doubling([], asks=True)

    def whole(deadline_s: float) -> Workflow[NoInput, int]:
        @workflow(name="whole", deadline_s=deadline_s)
        def whole(ctx: Context[NoInput]) -> Node[int]:
            return Subflow("one", part, input=Part(n=4))

        return whole

    run = Run(whole(100), now=now)
    assert run.go().status == "waiting"
    now.pass_s(101)
    status = run.go()
    assert status.error is not None
    assert status.error.kind == "DeadlineExceeded"
    assert child(run, "r1.one").run_status == "failed"
    run.workflow = whole(10_000)
    assert run.go().status == "waiting"
    approve(run, "r1.one")
    assert run.go().output == "8"
    assert ids(run) == ["r1", "r1.one"]


def test_children_in_a_loop_of_fan_outs_are_cancelled_with_their_run() -> None:
    part = doubling([], asks=True)

    @workflow
    def whole(ctx: Context[NoInput]) -> Node:
        def each(key: str) -> Node[int]:
            return Subflow(key, part, input=Part(n=1))

        every = ForEach(["a", "b"], key=str, each=each, id="every")
        return Loop(every, until=lambda: False, max_iterations=2, id="loop")

    run = Run(whole)
    run.go()
    for id in ("r1.a.0", "r1.b.0"):
        approve(run, id)
    assert run.go().status == "waiting"
    asyncio.run(run.store.offer(Note(run_id="r1", kind="cancel", body="{}", at=run.now())))
    assert run.go().status == "cancelled"
    statuses = {id: child(run, id).run_status for id in ids(run)}
    assert statuses == {
        "r1": "cancelled",
        "r1.a.0": "finished",
        "r1.a.1": "cancelled",
        "r1.b.0": "finished",
        "r1.b.1": "cancelled",
    }


def test_the_output_has_the_type_that_the_author_wrote() -> None:
    @workflow(input=Part)
    def gives(ctx: Context[Part]) -> Task[Part]:
        return Step("part", lambda: Part(n=ctx.input.n + 1))

    @workflow
    def whole(ctx: Context[NoInput]) -> Node[str]:
        one = Subflow("one", gives, input=Part(n=1))
        last: Task[str] = Step("last", lambda: f"{type(ctx[one]).__name__} {ctx[one].n}")
        return Sequence(one, last, result=last)

    assert Run(whole).go().output == '"Part 2"'


def test_an_end_that_is_read_twice_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "POLL_S", 0.0)  # an owner looks in each frame, read or not
    part = doubling([])

    @workflow(input=NoInput)
    def whole(ctx: Context[NoInput]) -> Node[Any]:
        def each(n: int) -> Node[Any]:
            return Sequence(Step(f"s{n}", lambda: n), Subflow(f"c{n}", part, input=Part(n=n)))

        return ForEach(range(8), key=str, each=each, id="each")

    run = Run(whole, max_concurrency=1)
    assert run.go().status == "finished"
    assert [run.output(f"c{n}") for n in range(8)] == [str(2 * n) for n in range(8)]
