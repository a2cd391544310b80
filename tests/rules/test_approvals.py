"""DESIGN 3, 5, 6: what a person is asked, what they may answer, and when it is too late."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest

from smithers import Approval, Branch, Context, Node, NoInput, Parallel, Sequence, Step, workflow
from smithers.changes import Key, WaitClosed
from smithers.errors import AlreadyDecided, Refused
from smithers.tree import Decision
from tests.rules.runs import Clock, Run


def asks(clock: Clock | None = None, **options: Any) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        draft = Step("draft", lambda: "the draft")
        ok = Approval("ok", ask=lambda: f"Ship {ctx[draft]}?", **options)
        return Sequence(draft, ok, Step("after", lambda: ctx[ok].approved))

    return Run(flow) if clock is None else Run(flow, now=clock, linger_s=1)


def test_the_wait_keeps_what_was_asked_and_its_digest() -> None:
    run = asks(allowed_by=["ann", "bob"])
    assert run.go().status == "waiting"
    wait = run.state.waits[Key("ok"), "approval"].opened
    assert wait.asked == "Ship the draft?"
    assert wait.digest == hashlib.sha256(b"Ship the draft?").hexdigest()
    assert wait.allowed_by == ("ann", "bob")
    assert wait.due is None


def test_an_approval_goes_on_and_its_decision_is_the_output() -> None:
    run = asks()
    run.go()
    run.answer("ok", note="fine")
    assert run.go().status == "finished"
    decision = Decision.model_validate_json(run.output("ok") or "")
    assert (decision.approved, decision.by, decision.note) == (True, "ann", "fine")
    assert run.output("after") == "true"
    closed = [
        change.answer
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, WaitClosed) and change.kind == "approval"
    ]
    assert len(closed) == 1
    assert closed[0] is not None


def test_a_denial_fails_the_run_by_default() -> None:
    run = asks()
    run.go()
    run.answer("ok", approved=False, note="not yet")
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert (ended.error.kind, ended.error.message) == (
        "Denied",
        "ok failed: denied by ann: not yet",
    )
    assert run.outcome("after") == "cancelled"


def test_a_denial_goes_on_where_the_author_says_so() -> None:
    run = asks(on_deny="continue")
    run.go()
    run.answer("ok", approved=False)
    assert run.go().status == "finished"
    assert run.output("after") == "false"


def test_a_second_decision_is_refused_with_the_first_one() -> None:
    run = asks()
    run.go()
    run.answer("ok", approved=False)
    opened = 1
    for _ in range(2):
        with pytest.raises(AlreadyDecided, match="was denied by ann") as caught:
            run.answer("ok", opened=opened)
        assert caught.value.hint == "the first answer counts"
        run.go()


def test_the_question_is_asked_once_and_stays_as_it_was() -> None:
    run = asks()
    assert run.go().status == "waiting"
    first = run.state.waits[Key("ok"), "approval"]
    assert run.go().status == "waiting"
    assert run.state.waits[Key("ok"), "approval"] == first


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ({"on_timeout": "deny"}, "failed"),
        ({"on_timeout": "deny", "on_deny": "continue"}, "finished"),
        ({"on_timeout": "fail"}, "failed"),
        ({"on_timeout": "fail", "on_deny": "continue"}, "failed"),
    ],
)
def test_when_time_is_up_it_is_denied_or_fails(options: dict[str, str], outcome: str) -> None:
    clock = Clock()
    run = asks(clock, timeout_s=100, **options)
    assert run.go().status == "waiting"
    assert run.state.waits[Key("ok"), "approval"].opened.due == clock() + timedelta(seconds=100)
    clock.pass_s(100)
    assert run.go().status == ("finished" if outcome == "finished" else "failed")
    ended = run.state.ended[Key("ok")]
    assert ended.outcome == outcome
    if outcome == "finished":
        decision = Decision.model_validate_json(run.output("ok") or "")
        assert (decision.approved, decision.by, decision.at) == (False, None, clock())
    else:
        assert ended.error is not None
        kind = "Denied" if options["on_timeout"] == "deny" else "TimedOut"
        assert ended.error.kind == kind


def test_an_answer_after_the_due_time_is_refused_even_if_nobody_took_the_time_out() -> None:
    clock = Clock()
    run = asks(clock, timeout_s=100)
    run.go()
    clock.pass_s(100)
    with pytest.raises(Refused, match="the time to answer ok"):
        run.answer("ok")


def test_an_answer_from_before_the_due_time_wins() -> None:
    clock = Clock()
    run = asks(clock, timeout_s=100)
    run.go()
    clock.pass_s(99)
    run.answer("ok")
    clock.pass_s(1000)
    assert run.go().status == "finished"
    assert run.output("after") == "true"


def test_an_answer_from_before_wins_while_an_owner_is_up_too() -> None:
    clock = Clock()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Approval("ok", ask="ok?", timeout_s=100)

    run = Run(flow, now=clock, linger_s=1000)

    async def main() -> str:
        async with asyncio.timeout(10):
            driving = asyncio.ensure_future(run.drive())
            await run.until_frames(1)
            clock.pass_s(99)
            await run.offer_answer("ok")
            clock.pass_s(10)
            return (await driving).status.status

    assert asyncio.run(main()) == "finished"


def test_an_owner_that_is_up_takes_the_answer_of_another_process() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        gate = asyncio.Event()

        async def slow() -> None:
            await gate.wait()

        async def opens() -> None:
            gate.set()

        ok = Approval("ok", ask="ok?")
        return Parallel(Step("slow", slow), Sequence(ok, Step("opens", opens)))

    run = Run(flow)

    async def main() -> str:
        async with asyncio.timeout(10):
            driving = asyncio.ensure_future(run.drive())
            await run.until_frames(1)
            await run.offer_answer("ok")
            return (await driving).status.status

    assert asyncio.run(main()) == "finished"


def test_an_approval_in_an_arm_that_was_not_chosen_is_not_asked() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Branch(lambda: False, Approval("ok", ask="ok?"))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.outcome("ok") == "skipped"


def test_several_approvals_wait_at_once_and_are_decided_one_by_one() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(*(Approval(id, ask=f"{id}?") for id in "abc"))

    run = Run(flow)
    assert run.go().status == "waiting"
    for id, status in (("b", "waiting"), ("c", "waiting"), ("a", "finished")):
        assert run.outcome(id) is None
        run.answer(id)
        assert run.go().status == status


def test_an_approval_whose_ask_raises_fails() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 0)
        return Sequence(first, Approval("ok", ask=lambda: f"{1 / ctx[first]}"))

    run = Run(flow)
    assert run.go().status == "failed"
    error = run.state.ended[Key("ok")].error
    assert error is not None
    assert error.kind == "ZeroDivisionError"


@pytest.mark.parametrize("on_timeout", ["fail", "deny"])
def test_a_question_that_nobody_answered_in_time_is_asked_again_as_the_file_has_it_now(
    on_timeout: str,
) -> None:
    clock = Clock()
    run = asks(clock, timeout_s=100, on_timeout=on_timeout)
    run.go()
    clock.pass_s(100)
    assert run.go().status == "failed"

    edited = asks(clock, timeout_s=600, on_timeout=on_timeout, allowed_by=["ann"])
    run.workflow = edited.workflow
    assert run.go().status == "waiting"
    wait = run.state.waits[Key("ok"), "approval"].opened
    assert wait.due == clock() + timedelta(seconds=600)
    assert wait.allowed_by == ("ann",)
    run.answer("ok")
    assert run.go().status == "finished"
    assert run.output("after") == "true"


def test_a_denial_of_a_person_stands_when_the_run_is_resumed() -> None:
    run = asks()
    run.go()
    run.answer("ok", approved=False)
    assert run.go().status == "failed"
    assert run.go().status == "failed"
    assert not run.state.waits


def test_a_question_that_counts_as_denied_and_failed_nothing_is_not_asked_again() -> None:
    clock = Clock()
    broken = [True]

    def after() -> bool:
        if broken:
            raise ValueError("broken")
        return False

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        ok = Approval("ok", ask="Ship?", timeout_s=100, on_timeout="deny", on_deny="continue")
        return Sequence(ok, Step("after", after))

    run = Run(flow, now=clock, linger_s=1)
    run.go()
    clock.pass_s(100)
    assert run.go().status == "failed"
    broken.clear()
    assert run.go().status == "finished"
    decision = Decision.model_validate_json(run.output("ok") or "")
    assert (decision.approved, decision.by) == (False, None)
