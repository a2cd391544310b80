"""A step with an effect is not repeated after an interruption, unless a person decides so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from smithers import (
    Approval,
    Attempt,
    Context,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    workflow,
)
from smithers.changes import Frame, Key, WaitClosed, WaitOpened
from smithers.engine.requesting import requested
from smithers.kinds.task import was_interrupted
from smithers.state import RunState
from tests.rules.resuming import crashed
from tests.rules.runs import Run

PAY = Key("pay")


class Ledger:
    """What happened outside of the run."""

    def __init__(self) -> None:
        self.paid: list[int] = []


def paying(ledger: Ledger, **options: Any) -> Run:
    """A run whose step pays."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def pay(attempt: Attempt) -> int:
            ledger.paid.append(attempt.number)
            return attempt.number

        return Sequence(Step("pay", pay, effect=True, **options), Step("after", lambda: 1))

    return Run(flow)


def start_of(run: Run, id: str, number: int = 1) -> int:
    """How many frames there are once this attempt has started."""
    return next(
        count
        for count, frame in enumerate(run.watch.frames, 1)
        if any(
            getattr(change, "number", 0) == number and getattr(change, "key", None) == Key(id)
            for change in frame.changes
        )
    )


def interrupted(run: Run, id: str = "pay", number: int = 1) -> Run:
    """The run, whose owner died while this attempt ran."""
    return crashed(run, start_of(run, id, number))


def ask_again(run: Run, key: Key = PAY) -> WaitOpened:
    return run.state.waits[key, "repeat"].opened


def answer(run: Run, *, approved: bool, id: str = "pay", note: str | None = None) -> None:
    run.answer(id, approved=approved, note=note)


def attempts(run: Run, id: str = "pay") -> list[str]:
    return [one.state for one in run.state.tries.get(Key(id), ())]


def paid_once() -> tuple[Run, Ledger]:
    ledger = Ledger()
    whole = paying(ledger)
    assert whole.go().status == "finished"
    assert ledger.paid == [1]
    return whole, ledger


def test_a_step_that_was_interrupted_asks_a_person_and_does_not_start() -> None:
    whole, ledger = paid_once()
    run = interrupted(whole)
    assert run.go().status == "waiting"
    assert ledger.paid == [1]
    assert attempts(run) == ["interrupted"]
    asked = ask_again(run)
    assert asked.asked is not None
    first, what, answers = asked.asked.splitlines()
    assert first == "Run pay again?"
    assert what.startswith("Attempt 1 began at 20")
    assert "UTC and was interrupted at 20" in what
    assert answers == (
        "If you approve, pay runs again, as attempt 2. If you deny, it fails, and resuming the run"
        " does not ask again."
    )
    before = len(run.watch.frames)
    assert run.go().status == "waiting"  # the question is the same after each resume
    assert ask_again(run) == asked
    opened = [
        change
        for frame in run.watch.frames[before:]
        for change in frame.changes
        if isinstance(change, WaitOpened)
    ]
    assert opened == []


def test_an_approval_runs_it_again_once() -> None:
    whole, ledger = paid_once()
    run = interrupted(whole)
    run.go()
    answer(run, approved=True)
    assert run.go().status == "finished"
    assert ledger.paid == [1, 2]
    assert attempts(run) == ["interrupted", "succeeded"]
    assert run.outcome("after") == "finished"


def test_a_denial_fails_it_and_no_resume_asks_again() -> None:
    whole, ledger = paid_once()
    run = interrupted(whole)
    run.go()
    answer(run, approved=False, note="it was paid")
    ended = run.go()
    assert ended.error is not None
    assert (ended.status, ended.error.kind) == ("failed", "Denied")
    assert ended.error.message == "pay failed: denied by ann: it was paid"
    assert run.go().status == "failed"
    assert ledger.paid == [1]
    assert attempts(run) == ["interrupted"]
    assert run.state.waits == {}


def test_a_retry_after_a_denial_asks_again_and_repeats_nothing_by_itself() -> None:
    whole, ledger = paid_once()
    run = interrupted(whole)
    run.go()
    answer(run, approved=False)
    assert run.go().status == "failed"
    before = run.settings
    for _ in range(2):  # a retry of what is asked asks it
        run.settings = replace(before, again=requested("r1", again=["pay"], readers=False))
        assert run.go().status == "waiting"
        run.settings = before
    assert ledger.paid == [1]
    answer(run, approved=True)
    assert run.go().status == "finished"
    assert ledger.paid == [1, 2]


def test_a_denial_that_its_author_tolerates_fails_nothing_else() -> None:
    ledger = Ledger()
    whole = paying(ledger, on_failure="continue")
    whole.go()
    run = interrupted(whole)
    run.go()
    answer(run, approved=False)
    assert run.go().status == "finished"
    assert run.outcome("after") == "finished"
    assert ledger.paid == [1]


def test_an_attempt_that_is_interrupted_again_is_asked_for_again() -> None:
    whole, ledger = paid_once()
    run = interrupted(whole)
    run.go()
    answer(run, approved=True)
    run.go()
    again = interrupted(run, number=2)
    assert again.go().status == "waiting"
    assert attempts(again) == ["interrupted", "interrupted"]
    assert (ask_again(again).asked or "").splitlines()[1].startswith("Attempt 2 began at")
    answer(again, approved=True)
    assert again.go().status == "finished"
    assert ledger.paid == [1, 2, 3]


@pytest.mark.parametrize("approved", [True, False])
def test_a_crash_at_any_frame_between_the_answer_and_the_end_asks_nobody_again(
    approved: bool,
) -> None:
    whole, _ = paid_once()
    run = interrupted(whole)
    run.go()
    asked = len(run.watch.frames)
    answer(run, approved=approved)
    expected = run.go().status
    for count in range(asked, len(run.watch.frames) + 1):
        before = RunState.of(run.watch.frames[:count])
        if any(one.state == "running" for one in before.tries[PAY]):
            continue  # attempt 2 is interrupted as well, and that is asked
        after = crashed(run, count)
        if before.run_status in ("running", "waiting"):
            assert ((PAY, "repeat") in before.waits) == (count == asked)
            if count == asked:  # the answer was in the inbox alone
                answer(after, approved=approved)
            assert after.go().status == expected
        closed = [one for one in changes(after.watch.frames) if isinstance(one, WaitClosed)]
        assert len(closed) == 1


def changes(frames: list[Frame]) -> list[Any]:
    return [change for frame in frames for change in frame.changes]


def test_an_exception_is_no_interruption_and_retries_as_usual() -> None:
    ledger = Ledger()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def pay(attempt: Attempt) -> int:
            ledger.paid.append(attempt.number)
            if attempt.number < 3:
                raise ConnectionError("no")
            return 1

        return Step("pay", pay, effect=True, retry=Retry(first_s=0.001))

    assert Run(flow).go().status == "finished"
    assert ledger.paid == [1, 2, 3]


def test_a_failed_step_with_an_effect_runs_again_when_the_run_is_resumed() -> None:
    broken = [True]

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def pay() -> int:
            if broken:
                raise ConnectionError("no")
            return 1

        return Step("pay", pay, effect=True)

    run = Run(flow)
    assert run.go().status == "failed"
    error = run.state.ended[PAY].error
    assert error is not None  # every face prints its hint beside the command that resumes the run
    logs = "for the traceback and the output, type `smithers logs r1 pay`"
    assert error.hint == f"{logs}; if the run is resumed, pay runs again, with its effect"
    broken.clear()
    assert run.go().status == "finished"


def test_a_wrong_result_of_a_step_with_an_effect_says_that_it_runs_again() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("pay", lambda: "much", effect=True, output=int)

    run = Run(flow)
    assert run.go().status == "failed"
    error = run.state.ended[PAY].error
    assert error is not None
    assert error.hint.endswith("; if the run is resumed, pay runs again, with its effect")


def test_a_step_that_only_read_what_was_missing_is_not_asked_for() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        ok = Approval("ok", ask="?")
        return Parallel(ok, Step("pay", lambda: ctx[ok].approved, effect=True))

    run = Run(flow)
    assert run.go().status == "waiting"
    assert attempts(run) == ["deferred"]
    run.answer("ok")
    assert run.go().status == "finished"
    assert attempts(run) == ["deferred", "succeeded"]


@pytest.mark.parametrize("retry", [None, Retry(first_s=0.001)])
def test_a_step_that_was_not_done_in_time_asks_instead_of_trying_again(
    retry: Retry | None,
) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def pay(attempt: Attempt) -> int:
            if attempt.number == 1:
                await asyncio.Event().wait()
            return attempt.number

        return Step("pay", pay, effect=True, timeout_s=0.01, retry=retry)

    run = Run(flow)
    assert run.go().status == "waiting"
    assert attempts(run) == ["interrupted"]
    assert "(no result within 0.01 s)" in (ask_again(run).asked or "")
    assert "may still be running" in (ask_again(run).asked or "")
    answer(run, approved=True)
    assert run.go().status == "finished"
    assert attempts(run) == ["interrupted", "succeeded"]


def test_a_step_that_a_stop_interrupted_is_asked_for_when_the_run_is_resumed() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def pay(attempt: Attempt) -> int:
            if attempt.number == 1:
                run.engine.stop("SIGINT")
                await asyncio.Event().wait()
            return attempt.number

        return Step("pay", pay, effect=True)

    run = Run(flow)
    run.go()
    assert attempts(run) == ["interrupted"]
    assert run.go().status == "waiting"
    answer(run, approved=True)
    assert run.go().status == "finished"


def test_a_step_that_its_group_stopped_is_asked_for_when_the_run_is_resumed() -> None:
    broken = [True]

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        started = asyncio.Event()

        async def pay(attempt: Attempt) -> int:
            started.set()
            if broken:
                await asyncio.Event().wait()
            return attempt.number

        async def other() -> int:
            if broken:
                await started.wait()
                raise ValueError("no")
            return 1

        both = [Step("pay", pay, effect=True), Step("other", other)]
        return Parallel(*both, on_failure="cancel")

    run = Run(flow)
    assert run.go().status == "failed"
    assert attempts(run) == ["cancelled"]
    broken.clear()
    assert run.go().status == "waiting"  # the other one ran again, this one is asked for
    assert run.outcome("other") == "finished"
    answer(run, approved=True)
    assert run.go().status == "finished"


def test_a_question_takes_the_slot_of_its_step_and_no_place_of_the_run() -> None:
    ledger = Ledger()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def pay() -> int:
            ledger.paid.append(1)
            return 1

        group = Parallel(Step("pay", pay, effect=True), Step("beside", lambda: 1), limit=1)
        return Parallel(group, Step("free", lambda: 1))

    whole = Run(flow)
    whole.limit(1)
    whole.go()
    run = interrupted(whole)
    run.limit(1)
    assert run.go().status == "waiting"
    assert run.outcome("free") == "finished"
    assert run.outcome("beside") is None
    answer(run, approved=True)
    assert run.go().status == "finished"


def test_each_iteration_asks_for_itself() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        pay = Step("pay", lambda: 1, effect=True)
        return Loop(pay, until=lambda: False, max_iterations=2, on_exhausted="finish")

    whole = Run(flow)
    whole.go()
    starts = [
        count
        for count, frame in enumerate(whole.watch.frames, 1)
        for change in frame.changes
        if getattr(change, "key", None) == Key("pay", (1,)) and hasattr(change, "serial")
    ]
    run = crashed(whole, starts[0])
    assert run.go().status == "waiting"
    key = Key("pay", (1,))
    assert (ask_again(run, key).asked or "").startswith("Run pay[1] again?")
    run.answer("pay", path=(1,))
    assert run.go().status == "finished"


def test_a_step_without_an_effect_runs_again_unasked() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("pay", lambda: 1)

    whole = Run(flow)
    whole.go()
    run = interrupted(whole)
    assert run.go().status == "finished"
    assert attempts(run) == ["interrupted", "succeeded"]


def test_what_was_stopped_while_it_ran_was_interrupted_and_what_ended_was_not() -> None:
    whole, _ = paid_once()
    assert not was_interrupted(whole.state, PAY)
    assert not was_interrupted(whole.state, Key("never"))
    run = interrupted(whole)
    assert not was_interrupted(run.state, PAY)  # nobody has seen yet that its owner is dead
    run.go()
    assert was_interrupted(run.state, PAY)
