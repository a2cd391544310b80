"""A node is activated only when everything before it is settled, however the tree was edited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from smithers import (
    Approval,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Task,
    Workflow,
    workflow,
)
from smithers.changes import Key
from smithers.errors import AuthorError, Transient
from tests.rules.agents import Scripted
from tests.rules.runs import Clock, Run

Make = Callable[[Context[NoInput]], Node[Any]]
Wrap = Callable[..., Node[Any]]


def of(make: Make) -> Workflow[Any, Any]:
    return workflow(input=NoInput, name="flow")(make)


def edit(run: Run, make: Make) -> None:
    run.workflow, run.edited = of(make), True


async def until(there: Callable[[], bool]) -> None:
    """Return when something has happened in another task of the loop; the run has a time limit."""
    while not there():  # noqa: ASYNC110  # a list has no event
        await asyncio.sleep(0)


def step(id: str) -> Step[str]:
    return Step(id, lambda: id)


def red(id: str = "tests") -> Step[str]:
    def check() -> str:
        raise RuntimeError("the tests are red")

    return Step(id, check)


def in_order(*nodes: Node[Any]) -> Node[Any]:
    return Sequence(*nodes)


def nested(build: Node[Any], *rest: Node[Any]) -> Node[Any]:
    *checks, gate, deploy = rest
    return Sequence(build, *checks, Sequence(Parallel(gate), deploy))


def guarded(build: Node[Any], *rest: Node[Any]) -> Node[Any]:
    return Sequence(build, Sequence(Sequence(*rest[:-1]), rest[-1]))


def looped(*nodes: Node[Any]) -> Node[Any]:
    return Loop(*nodes, until=lambda: True, max_iterations=3, id="loop")


def fanned(build: Node[Any], *rest: Node[Any]) -> Node[Any]:
    *checks, gate, deploy = rest
    fan = ForEach(["x"], key=str, each=lambda item: gate, id="fan")
    return Sequence(build, *checks, fan, deploy)


SHAPES = [in_order, nested, guarded, looped, fanned]


@pytest.mark.parametrize("wrap", SHAPES)
@pytest.mark.parametrize("approved_first", [True, False])
def test_a_failed_check_before_an_open_gate_stops_what_comes_after_it(
    wrap: Wrap, *, approved_first: bool
) -> None:
    path = (0,) if wrap is looped else ()

    def gate() -> Approval:
        return Approval("gate", ask="deploy?")

    run = Run(of(lambda ctx: wrap(step("build"), gate(), step("deploy"))))
    assert run.go().status == "waiting"
    if approved_first:
        run.answer("gate", path=path)
    run.workflow, run.edited = (
        of(lambda ctx: wrap(step("build"), red(), gate(), step("deploy"))),
        True,
    )
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert "the tests are red" in ended.error.message
    assert run.outcome("deploy", *path) == "cancelled"
    assert not [start for start in run.starts if start.startswith("deploy")]
    assert run.outcome("gate", *path) == ("finished" if approved_first else "cancelled")
    assert not run.state.waits


@pytest.mark.parametrize("wrap", SHAPES)
def test_an_open_gate_stays_open_while_a_new_gate_before_it_is(wrap: Wrap) -> None:
    path = (0,) if wrap is looped else ()

    def gate() -> Approval:
        return Approval("gate", ask="deploy?", on_deny="continue")

    run = Run(of(lambda ctx: wrap(step("build"), gate(), step("deploy"))))
    assert run.go().status == "waiting"
    opened = run.state.waits[Key("gate", path), "approval"].frame
    new = Approval("legal", ask="may we?")
    run.workflow, run.edited = (
        of(lambda ctx: wrap(step("build"), new, gate(), step("deploy"))),
        True,
    )
    assert run.go().status == "waiting"
    assert run.state.waits[Key("gate", path), "approval"].frame == opened
    run.answer("gate", path=path, approved=False)
    assert run.go().status == "waiting"
    assert not [start for start in run.starts if start.startswith("deploy")]
    assert run.outcome("gate", *path) == "finished", "a denial that its author allows"
    run.answer("legal", path=path)
    assert run.go().status == "finished"
    assert run.outcome("deploy", *path) == "finished"


def test_the_time_of_an_open_gate_goes_on_while_a_check_before_it_runs() -> None:
    clock = Clock()

    def gate() -> Approval:
        return Approval("gate", ask="?", timeout_s=100, on_timeout="fail")

    run = Run(of(lambda ctx: Sequence(gate(), step("deploy"))), now=clock)
    assert run.go().status == "waiting"
    new = Approval("legal", ask="may we?")
    edit(run, lambda ctx: Sequence(new, Sequence(gate(), step("deploy"))))
    clock.pass_s(101)
    assert run.go().status == "waiting"
    assert run.outcome("gate") == "failed"
    assert not run.outcome("deploy")
    run.answer("legal")
    assert run.go().status == "failed"
    assert run.starts == []


def test_a_retry_that_is_due_waits_for_a_check_that_was_put_before_it() -> None:
    clock = Clock()
    agent = Scripted(Transient("cut"), "done")
    slow = Retry(first_s=100, max_s=100, jitter=0)

    def task() -> Task[str]:
        return Task("work", agent=agent, prompt="p", retry=slow)

    run = Run(of(lambda ctx: Sequence(task(), step("after"))), now=clock)
    assert run.go().status == "waiting"
    new = Approval("legal", ask="may we?")
    edit(run, lambda ctx: Sequence(new, Sequence(task(), step("after"))))
    clock.pass_s(200)
    assert run.go().status == "waiting"
    assert run.starts == ["work#1"]
    run.answer("legal")
    assert run.go().status == "finished"
    assert run.starts == ["work#1", "work#2", "after#1"]


def test_a_retry_that_is_not_due_yet_is_kept_for_when_its_turn_comes() -> None:
    clock = Clock()
    agent = Scripted(Transient("cut"), "done")
    slow = Retry(first_s=100, max_s=100, jitter=0)

    def task() -> Task[str]:
        return Task("work", agent=agent, prompt="p", retry=slow)

    run = Run(of(lambda ctx: Sequence(task())), now=clock)
    assert run.go().status == "waiting"
    edit(run, lambda ctx: Sequence(step("check"), Sequence(task())))
    assert run.go().status == "waiting"
    assert run.starts == ["work#1", "check#1"]
    clock.pass_s(200)
    assert run.go().status == "finished"


def test_an_answer_for_an_item_that_cannot_be_mounted_yet_counts_once_it_is() -> None:
    def fan(ctx: Context[NoInput]) -> Node[Any]:
        names = Step("names", lambda: ["x"])

        def each(name: str) -> Node[Any]:
            return Approval(f"gate-{name}", ask="?", on_deny="continue")

        return Sequence(names, ForEach(lambda: ctx[names], key=str, each=each, id="fan"))

    run = Run(of(fan))
    assert run.go().status == "waiting"
    edit(run, lambda ctx: Sequence(Approval("legal", ask="may we?"), fan(ctx)))
    run.answer("gate-x", approved=False)
    assert run.go().status == "waiting"
    run.answer("legal")
    assert run.go().status == "finished"
    assert run.outcome("gate-x") == "finished"


def test_an_iteration_that_is_over_stays_as_it_was() -> None:
    def body(*more: Node[Any]) -> Make:
        gate = Approval("gate", ask="?")
        body = [step("a"), *more, gate]
        return lambda ctx: Loop(*body, until=lambda: False, max_iterations=2, id="loop")

    run = Run(of(body()))
    assert run.go().status == "waiting"
    run.answer("gate", path=(0,))
    assert run.go().status == "waiting"
    edit(run, body(red()))
    run.answer("gate", path=(1,))
    assert run.go().status == "failed"
    assert run.starts == ["a[0]#1", "a[1]#1", "tests[1]#1"]
    assert run.outcome("tests", 0) == "skipped"


def gated_work(gate: asyncio.Event, log: list[str], id: str) -> Step[str]:
    async def work() -> str:
        log.append(f"{id} starts")
        await gate.wait()
        log.append(f"{id} ends")
        return id

    return Step(id, work)


def quick(id: str, log: list[str] | None = None) -> Step[str]:
    async def work() -> str:
        if log is not None:
            log.append(f"{id} runs")
        return id

    return Step(id, work)


def test_a_render_puts_a_failing_check_before_what_runs() -> None:
    log: list[str] = []
    running = asyncio.Event()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def look() -> int:
            await until(lambda: "c starts" in log)
            return 1

        async def check() -> None:
            running.set()
            raise RuntimeError("red")

        x = Step("x", look)
        new = [Step("check", check)] if ctx.get(x) is not None else []
        return Parallel(x, Sequence(*new, Sequence(gated_work(running, log, "c")), quick("d", log)))

    run = Run(flow)
    assert run.go().status == "failed"
    assert log == ["c starts", "c ends"], "what runs may end, and nothing starts after it"
    assert run.output("c") == '"c"'
    assert run.outcome("d") == "cancelled"


def test_a_render_that_adds_to_what_has_finished_is_an_author_error() -> None:
    log: list[str] = []
    running = asyncio.Event()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def look() -> int:
            await until(lambda: "c starts" in log)
            running.set()
            return 1

        x = Step("x", look)
        more = [quick("b", log)] if ctx.get(x) is not None else []
        first = Parallel(quick("a"), *more)
        return Parallel(x, Sequence(first, gated_work(running, log, "c"), quick("d", log)))

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert (
        "'b' was added to 'parallel/sequence1/parallel1', which has finished" in ended.error.message
    )
    assert (ended.error.place or "").startswith(__file__)
    assert run.output("c") == '"c"', "what runs is paid for"
    assert "d runs" not in log
    assert "b runs" not in log
    assert run.go().status == "finished", "a resume takes the tree as it is"
    assert log[2:] == ["b runs", "d runs"]


@pytest.mark.parametrize("is_put_off", [False, True])
def test_a_render_that_adds_to_the_body_of_a_loop_that_has_finished_is_an_author_error(
    is_put_off: bool,
) -> None:
    turns: list[int] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        other = Approval("other", ask="?")
        is_there = ctx.get(other) is not None
        b = step("b") if is_there else None
        gate = Approval("gate", ask="?") if is_there and is_put_off else None
        a = Step("a", lambda: turns.append(1))
        loop = Loop(b, a, until=lambda: len(turns) > 1, max_iterations=3, id="loop")
        return Parallel(other, Sequence(gate, loop, Approval("after", ask="?")), id="flow")

    run = Run(flow)
    assert run.go().status == "waiting"
    run.answer("other")
    with pytest.raises(AuthorError, match="'b' was added to 'loop', which has finished"):
        run.go()
    assert len(turns) == 2


def test_a_body_that_grows_leaves_the_iterations_before_as_they_were() -> None:
    log: list[str] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def work(attempt: Any) -> str:
            log.append(attempt.key.partition("/")[2])
            await until(lambda: log[-1] != "a[1]" or bool(looked))
            return "a"

        async def look() -> int:
            await until(lambda: "a[1]" in log)
            looked.append(1)
            return 1

        x = Step("x", look)
        more = [quick("b", log)] if ctx.get(x) is not None else []
        body = [Step("a", work), *more]
        return Parallel(x, Loop(*body, until=lambda: len(log) > 2, max_iterations=4, id="loop"))

    looked: list[int] = []
    run = Run(flow)
    assert run.go().status == "finished"
    assert log == ["a[0]", "a[1]", "b runs"]
    assert run.outcome("b", 0) == "skipped"
    assert run.outcome("b", 1) == "finished"


def test_a_task_that_has_started_keeps_its_kind() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        x = quick("x")
        y: Node[Any] = quick("y") if ctx.get(x) is None else Approval("y", ask="?")
        return Parallel(Sequence(x, step("z")), y)

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.kind == "AuthorError"
    assert "'y' started as a step and is now an approval" in ended.error.message
    assert (ended.error.place or "").startswith(__file__)
    with pytest.raises(AuthorError, match="started as a step"):
        run.go()


def test_a_step_that_waits_is_called_again_once_its_scope_rendered() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def late() -> int:
            await asyncio.sleep(0)
            return 1

        async def fails() -> int:
            raise RuntimeError("y fails")

        async def other() -> Any:
            return ctx[y] if rendered is None else ctx[x]

        x, ok = Step("x", late), Approval("ok", ask="?")
        y = Step("y", fails)
        rendered = ctx.get(x)
        return Parallel(x, Sequence(ok, y), Step("t", other, output=int))

    run = Run(flow)
    assert run.go().status == "waiting"
    assert run.output("t") == "1"
