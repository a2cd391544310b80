"""DESIGN 3a, Steps read first, then act."""

from __future__ import annotations

import contextlib

from smithers import Attempt, Context, Node, NoInput, Parallel, Sequence, Step, workflow
from smithers.changes import AttemptEnded, Key
from tests.rules.runs import Run


def ends(run: Run) -> list[str]:
    return [
        change.state
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, AttemptEnded)
    ]


def test_a_step_that_reads_what_is_not_there_ends_as_deferred_and_spends_no_try() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: "text")
        return Parallel(Step("early", lambda: ctx[late].upper()), late)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("early") == '"TEXT"'
    assert ends(run).count("deferred") == 1
    assert "early#2" in run.starts
    assert "failed" not in ends(run)


def test_no_except_exception_catches_the_control_flow() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: "text")

        def early() -> str:
            try:
                return ctx[late]
            except Exception:
                return "caught"

        return Parallel(Step("early", early), late)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("early") == '"text"'


def test_a_step_that_swallows_even_the_base_exception_is_deferred_nevertheless() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: "text")

        def early() -> str:
            with contextlib.suppress(BaseException):
                return ctx[late]
            return "swallowed"

        def angry() -> str:
            try:
                return ctx[late]
            except BaseException:
                raise ValueError("something else") from None

        return Parallel(Step("early", early), Step("angry", angry), late)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("early") == run.output("angry") == '"text"'


def test_the_function_runs_again_from_its_top() -> None:
    calls: list[str] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: "text")

        def early() -> str:
            calls.append("top")
            value = ctx[late]
            calls.append("end")
            return value

        return Parallel(Step("early", early), late)

    assert Run(flow).go().status == "finished"
    assert calls == ["top", "top", "end"]


def test_after_the_first_use_of_its_attempt_a_missing_read_is_an_author_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: "text")

        def early(attempt: Attempt) -> str:
            attempt.heartbeat("acting")
            return ctx[late]

        return Parallel(Step("early", early), late)

    run = Run(flow)
    assert run.go().status == "failed"
    error = run.state.ended[Key("early")].error
    assert error is not None
    assert error.kind == "AuthorError"
    assert "after it had used its Attempt" in error.message
    assert (error.place or "").startswith(__file__)


def test_before_the_first_use_a_step_with_an_attempt_may_wait() -> None:
    keys: list[str] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: "text")

        def early(attempt: Attempt) -> int:
            read = ctx[late]
            keys.append(f"{read} {attempt.key}")
            return attempt.number

        return Parallel(Step("early", early), late)

    run = Run(flow)
    assert run.go().status == "finished"
    assert keys == ["text r1/early"]
    assert run.output("early") == "2"


def test_a_step_deferred_while_its_group_fails_is_cancelled() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def boom() -> None:
            raise ValueError("no")

        late = Step("late", lambda: "text")

        async def read() -> str:
            return ctx[late]

        bad = Step("boom", boom)
        return Parallel(bad, Step("reader", read), Sequence(Step("slow", lambda: 1), late))

    run = Run(flow)
    assert run.go().status == "failed"
    assert run.outcome("boom") == "failed"
    assert run.outcome("reader") == "cancelled"
    assert run.outcome("late") == "cancelled"


def test_a_deferred_step_is_not_called_again_before_its_data_is_there() -> None:
    from smithers import Approval

    calls: list[int] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def work() -> int:
            return 1

        ok = Approval("ok", ask="ok?")
        other = Step("other", work)
        ctx.get(other)  # renders again when `other` settles

        async def read() -> bool:
            calls.append(1)
            return ctx[ok].approved

        return Parallel(Step("reader", read), ok, other)

    run = Run(flow)
    assert run.go().status == "waiting"
    assert len(calls) == 2, "once more after its scope rendered: it may read something else now"
    assert run.go().status == "waiting"
    assert len(calls) == 2
    run.answer("ok")
    assert run.go().status == "finished"
    assert len(calls) == 3
