"""A try catches the failure of its body, and cleans up whenever the body began."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from smithers import (
    Approval,
    Caught,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Try,
    Workflow,
    workflow,
)
from smithers.changes import AttemptStarted, Key
from smithers.errors import AuthorError
from tests.rules.resuming import check_every_crash
from tests.rules.runs import Run


def boom() -> str:
    raise ValueError("boom")


def flow_of(make: Callable[[], Node[Any]]) -> Workflow[NoInput, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return make()

    return flow


def started(run: Run) -> list[str]:
    changes = (change for frame in run.watch.frames for change in frame.changes)
    return [change.key.id for change in changes if isinstance(change, AttemptStarted)]


def step(id: str) -> Step[str]:
    return Step(id, lambda: id)


def outcomes(run: Run) -> dict[str, str]:
    return {str(key): ended.outcome for key, ended in run.state.ended.items()}


def test_a_failure_that_is_caught_fails_nothing_and_what_catches_it_runs() -> None:
    run = Run(
        flow_of(lambda: Sequence(Try(Step("a", boom), step("b"), catch=step("c")), step("z")))
    )
    assert run.go().status == "finished"
    assert started(run) == ["a", "c", "z"]
    assert outcomes(run) == {"a": "failed", "b": "cancelled", "c": "finished", "z": "finished"}


def test_a_body_that_finishes_skips_what_catches() -> None:
    run = Run(flow_of(lambda: Try(step("a"), catch=step("c"), finally_=step("f"))))
    assert run.go().status == "finished"
    assert outcomes(run) == {"a": "finished", "c": "skipped", "f": "finished"}


def test_a_function_that_catches_gets_the_key_the_class_and_the_error() -> None:
    seen: list[Caught] = []

    def mend(caught: Caught) -> Node:
        seen.append(caught)
        return Step(f"mend {caught.key}", lambda: caught.error.message)

    def body() -> Node:
        return Try(Loop(Step("a", boom), until=lambda: True, max_iterations=2), catch=mend)

    run = Run(flow_of(body))
    assert run.go().status == "finished"
    assert (seen[0].key, seen[0].error_class, seen[0].error.message) == (
        "a[0]",
        "ValueError",
        "ValueError: boom",
    )
    assert run.state.ended[Key("mend a[0]")].output == '"ValueError: boom"'


def test_a_function_that_raises_fails_the_try_after_it_was_cleaned_up() -> None:
    def mend(caught: Caught) -> Node:
        raise RuntimeError("no idea")

    run = Run(flow_of(lambda: Try(Step("a", boom), catch=mend, finally_=step("f"))))
    status = run.go()
    assert status.status == "failed"
    assert status.error is not None
    assert "no idea" in status.error.message
    assert outcomes(run)["f"] == "finished"


def test_the_run_is_not_blamed_on_an_error_that_was_caught() -> None:
    def fails_later() -> Node:
        return Sequence(
            Try(Step("a", boom), catch=Step("c", lambda: int("x"))),
        )

    status = Run(flow_of(fails_later)).go()
    assert status.error is not None
    assert status.error.message.startswith("c failed: ")


def test_what_was_caught_is_not_run_again_by_a_resume_nor_what_catches_it() -> None:
    fails = [True]

    def last() -> str:
        return boom() if fails else "done"

    body = flow_of(
        lambda: Sequence(Try(Step("a", boom), step("b"), catch=step("c")), Step("z", last))
    )
    run = Run(body)
    assert run.go().status == "failed"
    fails.clear()
    assert run.go().status == "finished"
    assert started(run) == ["a", "c", "z", "z"]


def test_a_failure_while_a_group_around_it_stops_is_not_caught() -> None:
    release = asyncio.Event()

    async def late() -> str:
        await release.wait()
        return boom()

    async def soon() -> str:
        release.set()
        return boom()

    make = lambda: Parallel(  # noqa: E731
        Try(Step("a", late), catch=step("c"), finally_=step("f")), Step("b", soon)
    )
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    assert outcomes(run) == {"a": "failed", "b": "failed", "c": "cancelled", "f": "finished"}
    state = check_every_crash(lambda: flow_of(make))
    assert state.ended[Key("f")].outcome == "finished"


def test_a_resume_runs_again_what_was_not_caught_and_may_catch_it_then() -> None:
    release, fails = asyncio.Event(), [True]

    async def late() -> str:
        await release.wait()
        return boom()

    async def soon() -> str:
        release.set()
        return boom() if fails else "fine"

    make = lambda: Parallel(Try(Step("a", late), catch=step("c")), Step("b", soon))  # noqa: E731
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    fails.clear()
    assert run.go().status == "finished"
    assert outcomes(run) == {"a": "failed", "b": "finished", "c": "finished"}


@pytest.mark.parametrize("body", ["finishes", "fails", "is denied"])
def test_what_cleans_up_runs_once_whatever_the_body_comes_to(body: str) -> None:
    nodes: dict[str, Callable[[], Node[Any]]] = {
        "finishes": lambda: step("a"),
        "fails": lambda: Step("a", boom),
        "is denied": lambda: Approval("a", ask="May I?", on_deny="fail"),
    }
    run = Run(flow_of(lambda: Try(nodes[body](), finally_=step("f"))))
    status = run.go()
    if status.status == "waiting":
        run.answer("a", approved=False)
        status = run.go()
    assert status.status == ("finished" if body == "finishes" else "failed")
    assert started(run).count("f") == 1
    run.go()  # a failed run is resumed: what was cleaned up is not cleaned up again
    assert started(run).count("f") == 1


def test_nothing_is_cleaned_up_where_the_body_never_began() -> None:
    make = lambda: Sequence(Step("a", boom), Try(step("b"), finally_=step("f")))  # noqa: E731
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    assert outcomes(run) == {"a": "failed", "b": "cancelled", "f": "cancelled"}


def test_a_question_that_is_withdrawn_had_begun() -> None:
    asked = asyncio.Event()

    async def fails() -> str:
        await asked.wait()
        return boom()

    make = lambda: Parallel(  # noqa: E731
        Try(Approval("a", ask="May I?"), finally_=Step("f", lambda: "f")),
        Step("b", fails, needs=()),
    )
    asked.set()
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    assert outcomes(run) == {"a": "cancelled", "b": "failed", "f": "finished"}


def test_items_catch_and_clean_up_each_for_itself() -> None:
    def each(n: int) -> Node:
        return Try(
            Step(f"do {n}", lambda: boom() if n % 2 else n),
            catch=lambda caught: Step(f"mend {n}", lambda: caught.key),
            finally_=step(f"clean {n}"),
            id=f"try {n}",
        )

    make = lambda: ForEach(range(4), key=str, each=each, limit=2)  # noqa: E731
    run = Run(flow_of(make))
    assert run.go().status == "finished"
    found = outcomes(run)
    assert [found.get(f"mend {n}") for n in range(4)] == [None, "finished", None, "finished"]
    assert [found[f"clean {n}"] for n in range(4)] == ["finished"] * 4
    check_every_crash(lambda: flow_of(make))


def test_a_failing_cleanup_fails_the_try_and_the_body_is_blamed_first() -> None:
    status = Run(flow_of(lambda: Try(step("a"), finally_=Step("f", boom)))).go()
    assert status.error is not None
    assert status.error.message == "f failed: ValueError: boom"
    both = Run(flow_of(lambda: Try(Step("a", boom), finally_=Step("f", boom)))).go()
    assert both.error is not None
    assert both.error.message == "a failed: ValueError: boom"


def test_a_crash_at_any_frame_ends_the_same() -> None:
    def make() -> Node:
        inner = Try(Step("a", boom), catch=lambda caught: step("c"), finally_=step("f"))
        return Sequence(inner, Try(step("x"), step("y"), finally_=step("g")), step("z"))

    state = check_every_crash(lambda: flow_of(make))
    assert state.run_status == "finished"


ANY: Any = Try


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ANY(catch=step("c")), "this try has no body"),
        (lambda: ANY(step("a")), "this try has neither catch= nor finally_="),
        (lambda: ANY(step("a"), catch="c"), "the catch of this try must be a node or a callable"),
        (lambda: ANY(step("a"), catch=lambda: step("c")), "the catch of this try must take"),
        (lambda: ANY(step("a"), finally_=lambda: 1), "the finally_ of this try must be a node"),
        (lambda: ANY("a", finally_=step("c")), "child 1 of this try must be a node"),
    ],
)
def test_a_wrong_try_is_refused_where_it_is_written(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(AuthorError, match=said) as caught:
        make()
    assert caught.value.place is not None
    assert caught.value.hint
