"""What a resume does again in a flow: what failed it, and nothing that it has handled."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from smithers import (
    CallFailed,
    Context,
    Flow,
    Node,
    NoInput,
    Parallel,
    Step,
    Try,
    Workflow,
    workflow,
)
from smithers import Run as FlowRun
from smithers import Sequence as InOrder
from smithers.changes import Key, NodeGone
from smithers.engine.edited import Edited
from smithers.engine.reworking import Again
from smithers.errors import AuthorError
from tests.rules.resuming import crashed
from tests.rules.runs import Clock, Run
from tests.rules.test_resume_of_a_failed_run import Switch

Nothing = FlowRun[NoInput]
Body = Callable[[Nothing], Coroutine[Any, Any, Any]]


def of(run: Body) -> Workflow[Any, Any]:
    return workflow(name="flow")(run)


def failing() -> str:
    raise OSError("boom")


def started(run: Run, since: int = 0) -> list[str]:
    return [start.partition("#")[0] for start in run.starts[since:]]


def resumed(run: Run, body: Body | None = None, again: Again | None = None) -> list[str]:
    """Go on to the end, perhaps after an edit; gives what started."""
    done = len(run.starts)

    def request(_: object) -> Again:
        assert again is not None
        return again

    if body is not None:
        run.workflow, run.edited = of(body), True
    if again is not None:
        before, run.settings = run.settings, replace(run.settings, again=request)
        run.go()
        run.settings = before
    run.go()
    return started(run, done)


def gone(run: Run) -> set[str]:
    changes = (change for frame in run.watch.frames for change in frame.changes)
    found = {change.id for change in changes if isinstance(change, NodeGone)}
    return found - set(run.state.nodes)  # a node that has moved is there again


def test_a_failure_that_nobody_caught_is_run_again_and_nothing_else() -> None:
    switch = Switch()

    async def flow(run: Nothing) -> str:
        await run.step("a", lambda: "a")
        await run.step("bad", switch)
        return await run.step("z", lambda: "z")

    run = Run(of(flow))
    assert run.go().status == "failed"
    switch.broken = False
    assert resumed(run) == ["bad", "z"]
    assert run.state.run_status == "finished"


def test_a_failure_that_was_caught_is_final() -> None:
    bad, last = Switch(), Switch()

    async def flow(run: Nothing) -> str:
        try:
            await run.step("bad", bad)
        except CallFailed:
            await run.step("plan b", lambda: "b")
        else:
            await run.step("plan a", lambda: "a")
        return await run.step("z", last)

    run = Run(of(flow))
    assert run.go().status == "failed"
    bad.broken = last.broken = False
    assert resumed(run) == ["z"]
    assert run.state.run_status == "finished"
    assert started(run) == ["bad", "plan b", "z", "z"]


@pytest.mark.parametrize("how", ["finally", "raise", "from", "other"])
def test_a_failure_that_passed_a_cleanup_is_run_again_and_the_cleanup_is_not(how: str) -> None:
    bad = Switch()

    async def flow(run: Nothing) -> str:
        try:
            await run.step("bad", bad)
        except CallFailed as error:
            if how == "raise":
                await run.step("clean", lambda: 1)
                raise
            if how == "from":
                await run.step("clean", lambda: 1)
                raise ValueError("no") from error
            if how == "other":
                await run.step("clean", lambda: 1)
                raise ValueError("no")  # noqa: B904  # it was raised while the other was handled
            raise
        finally:
            if how == "finally":
                await run.step("clean", lambda: 1)
        return await run.step("z", lambda: "z")

    run = Run(of(flow))
    assert run.go().status == "failed"
    for _ in range(2):
        assert resumed(run) == ["bad"]
        assert run.state.run_status == "failed"
    bad.broken = False
    assert resumed(run) == ["bad", "z"]
    assert run.state.run_status == "finished"


def test_all_failures_of_a_gather_are_run_again() -> None:
    one, two = Switch(), Switch()

    async def part(run: Nothing, name: str, switch: Switch) -> str:
        await run.step(f"{name} first", lambda: 1)
        return await run.step(f"{name} bad", switch)

    async def flow(run: Nothing) -> str:
        await run.gather(part(run, "one", one), part(run, "two", two), run.step("ok", lambda: 1))
        return await run.step("z", lambda: "z")

    run = Run(of(flow))
    assert run.go().status == "failed"
    one.broken = two.broken = False
    assert sorted(resumed(run)) == ["one bad", "two bad", "z"]
    assert run.state.run_status == "finished"


def test_a_failure_in_an_inner_flow_is_run_again_through_both() -> None:
    bad = Switch()

    async def inner(run: FlowRun[int]) -> str:
        await run.step("a", lambda: "a")
        return await run.step("bad", bad)

    async def flow(run: Nothing) -> str:
        try:
            await run.flow("in", inner, input=1)
        finally:
            await run.step("clean", lambda: 1)
        return await run.step("z", lambda: "z")

    run = Run(of(flow))
    assert run.go().status == "failed"
    bad.broken = False
    assert resumed(run) == ["in/bad", "z"]
    assert run.state.run_status == "finished"


def test_an_inner_flow_whose_failure_was_caught_is_final() -> None:
    bad, last = Switch(), Switch()

    async def inner(run: FlowRun[int]) -> str:
        await run.step("bad", bad)
        raise ValueError("never")

    async def flow(run: Nothing) -> str:
        try:
            await run.flow("in", inner, input=1)
        except CallFailed:
            await run.step("caught", lambda: 1)
        return await run.step("z", last)

    run = Run(of(flow))
    assert run.go().status == "failed"
    bad.broken = last.broken = False
    assert resumed(run) == ["z"]
    assert run.state.run_status == "finished"


def test_a_failure_that_passed_a_cleanup_and_was_caught_outside_is_final() -> None:
    bad, last = Switch(), Switch()

    async def inner(run: FlowRun[Any]) -> str:
        try:
            return await run.step("bad", bad)
        finally:
            await run.step("clean", lambda: 1)

    async def outer(run: Nothing) -> str:
        try:
            await run.flow("in", inner, input=1)
        except CallFailed:
            await run.step("caught", lambda: 1)
        return await run.step("z", last)

    @workflow(name="flow")
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        tried = Try(Flow("in", inner, input=1), catch=Step("caught", lambda: 1))
        return InOrder(tried, Step("z", last))

    for flow in (of(outer), tree):
        bad.broken = last.broken = True
        run = Run(flow)
        assert run.go().status == "failed"
        bad.broken = last.broken = False
        assert resumed(run) == ["z"]
        assert run.state.run_status == "finished"


def test_a_flow_that_raised_by_itself_runs_on_after_an_edit() -> None:
    async def raises(run: Nothing) -> str:
        await run.step("a", lambda: "a")
        raise ValueError("oops")

    async def mended(run: Nothing) -> str:
        await run.step("a", lambda: "a")
        return await run.step("z", lambda: "z")

    run = Run(of(raises))
    status = run.go()
    assert status.error is not None
    assert status.error.kind == "ValueError"
    assert resumed(run) == []
    assert resumed(run, mended) == ["z"]
    assert run.state.run_status == "finished"


def test_a_failed_tree_inside_a_flow_is_run_again_where_it_failed() -> None:
    bad = Switch()

    async def flow(run: Nothing) -> str:
        first = Step("first", lambda: 1)
        await run.node(
            InOrder(first, Parallel(Step("beside", lambda: 2), Step("bad", bad)), id="t")
        )
        return await run.step("z", lambda: "z")

    run = Run(of(flow))
    assert run.go().status == "failed"
    bad.broken = False
    assert resumed(run) == ["bad", "z"]
    assert run.state.run_status == "finished"


async def five(run: Nothing) -> str:
    """Five calls: a and b at once, c after both, then d and e."""
    a, b = await run.gather(run.step("a", lambda: "a"), run.step("b", lambda: "b"))
    c = await run.step("c", lambda: a + b)
    d = await run.step("d", lambda: c + "d")
    return await run.step("e", lambda: d + "e")


def test_a_call_that_is_done_again_takes_with_it_what_was_awaited_after_it() -> None:
    run = Run(of(five))
    assert run.go().status == "finished"
    assert resumed(run, again=Again(keys=[Key("c")])) == ["c", "d", "e"]
    assert resumed(run, again=Again(keys=[Key("a")])) == ["a", "c", "d", "e"]
    assert run.state.run_status == "finished"


def test_a_call_may_be_done_again_alone() -> None:
    run = Run(of(five))
    assert run.go().status == "finished"
    assert resumed(run, again=Again(alone=[Key("c")])) == ["c"]
    assert run.state.run_status == "finished"


def test_a_caught_failure_that_is_done_again_may_take_the_other_way() -> None:
    bad = Switch()

    async def flow(run: Nothing) -> str:
        try:
            await run.step("bad", bad)
        except CallFailed:
            return await run.step("plan b", lambda: "b")
        return await run.step("plan a", lambda: "a")

    run = Run(of(flow))
    assert run.go().status == "finished"
    bad.broken = False
    assert resumed(run, again=Again(keys=[Key("bad")])) == ["bad", "plan a"]
    assert run.state.run_status == "finished"
    assert "plan b" in gone(run)
    assert run.state.choices[Key("flow"), "result"].value == '{"type":null,"value":"a"}'


def test_a_call_of_a_finished_flow_in_a_tree_is_done_again_with_the_readers_of_the_flow() -> None:
    async def part(run: FlowRun[str]) -> str:
        first = await run.step("first", lambda: run.input)
        return await run.step("second", lambda: first + "!")

    @workflow(name="flow")
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        before, beside = Step("before", lambda: "b"), Step("beside", lambda: 1)
        flow = Flow("part", part, input=lambda: ctx[before])
        return InOrder(before, beside, flow, Step("after", lambda: ctx[flow]))

    run = Run(tree)
    assert run.go().status == "finished"
    second = [Key("part/second")]
    assert resumed(run, again=Again(keys=second)) == ["part/second", "after"]
    every = ["before", "part/first", "part/second", "after"]
    assert resumed(run, again=Again(keys=[Key("before")])) == every
    assert run.state.run_status == "finished"


async def waiting(run: Nothing) -> str:
    a = await run.step("a", lambda: "a")
    await run.approval("ok", ask="Go on?")
    return await run.step("z", lambda: a + "z")


def edited(body: Body) -> tuple[Run, list[str]]:
    """A run that is edited while it waits for a person, and what starts after that."""
    run = Run(of(waiting))
    assert run.go().status == "waiting"
    run.workflow, run.edited = of(body), True
    run.answer("ok")
    return run, resumed(run)


def test_a_new_call_in_the_middle_runs_and_no_finished_one_does() -> None:
    async def longer(run: Nothing) -> str:
        a = await run.step("a", lambda: "a")
        b = await run.step("b", lambda: a + "b")
        await run.approval("ok", ask="Go on?")
        return await run.step("z", lambda: b + "z")

    run, started = edited(longer)
    assert started == ["b", "z"]
    assert run.state.run_status == "finished"


def test_a_call_that_is_not_reached_any_longer_is_gone() -> None:
    async def shorter(run: Nothing) -> str:
        await run.approval("ok", ask="Go on?")
        return await run.step("z", lambda: "z")

    run, started = edited(shorter)
    assert started == ["z"]
    assert gone(run) == {"a"}
    assert run.state.run_status == "finished"


def test_a_question_that_is_not_asked_any_longer_is_withdrawn() -> None:
    async def shorter(run: Nothing) -> str:
        return await run.step("a", lambda: "a")

    run, started = edited(shorter)
    assert started == []
    assert gone(run) == {"ok"}
    assert run.state.run_status == "finished"
    assert not run.state.waits


def test_a_new_call_of_a_flow_that_has_finished_does_not_run() -> None:
    async def longer(run: Nothing) -> str:
        value = await five(run)
        return value + await run.step("f", lambda: "f")

    run = Run(of(five))
    assert run.go().status == "finished"
    assert resumed(run, longer) == []
    assert run.state.run_status == "finished"


def test_what_an_edit_changes_is_reported_and_done_again_only_if_somebody_asks() -> None:
    def made(output: str) -> Body:
        async def flow(run: Nothing) -> str:
            a, b = await run.gather(run.step("a", lambda: "a"), run.step("b", lambda: "b"))
            c = await run.command("c", ["echo", output], output=str)
            return await run.step("d", lambda: a + b + c)

        return flow

    run = Run(of(made("one")))
    assert run.go().status == "finished"
    run.workflow, run.edited = of(made("two")), True
    asked = Edited("r1", tuple(run.watch.frames), None)
    run.settings = replace(run.settings, again=asked)
    assert resumed(run) == []
    assert asked.comparison is not None
    assert {str(one.key) for one in asked.comparison.changed} == {"c"}
    again = Edited("r1", tuple(run.watch.frames), ["c"])
    run.settings = replace(run.settings, again=again)
    assert resumed(run) == ["c", "d"]


class _Ticking(Clock):
    """Time that passes whenever somebody looks."""

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


def test_the_time_that_a_flow_has_read_is_the_same_when_it_runs_again() -> None:
    async def flow(run: Nothing) -> str:
        seen: list[str] = []
        for number in range(3):
            now = run.now().isoformat()
            seen.append(await run.choose(f"now {number}", partial(str, now)))
            assert seen[-1] == now
            await run.step(f"step {number}", lambda: 1)
        return " ".join(seen)

    whole = Run(of(flow), now=_Ticking())
    assert whole.go().status == "finished"
    for after in range(1, len(whole.watch.frames)):
        run = crashed(whole, after)
        assert run.go().status == "finished", after


def test_calls_that_a_failure_kept_from_starting_are_not_missed() -> None:
    async def flow(run: Nothing) -> str:
        steps = [run.step(f"step {number}", failing) for number in range(3)]
        try:
            await run.gather(*steps, limit=1)
        except CallFailed as error:
            return error.id
        return "none"

    run = Run(of(flow))
    assert run.go().status == "finished"
    assert started(run) == ["step 0"]


def test_a_failed_tree_in_a_flow_has_the_id_that_its_author_wrote() -> None:
    async def part(run: FlowRun[int]) -> str:
        try:
            await run.node(InOrder(Step("part/bad", failing), id="part/tree"))
        except CallFailed as error:
            return error.id
        return "none"

    @workflow(name="flow")
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        return Flow("part", part, input=1)

    run = Run(tree)
    assert run.go().status == "finished"
    assert run.state.choices[Key("part"), "result"].value == '{"type":null,"value":"part/tree"}'


def test_an_output_that_no_longer_fits_is_an_error_with_its_line() -> None:
    def body(kind: Any) -> Body:
        async def flow(run: Nothing) -> str:
            await run.step("a", lambda: kind(), output=kind)
            await run.approval("ok", ask="ok?")
            return "done"

        return flow

    run = Run(of(body(str)))
    assert run.go().status == "waiting"
    with pytest.raises(AuthorError, match="what 'a' gave no longer fits its output=") as refused:
        resumed(run, body(int))
    assert refused.value.place is not None
    assert refused.value.hint.endswith("run the call again with --rerun-changed")
