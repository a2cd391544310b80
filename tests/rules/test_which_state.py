"""DESIGN 3a, Which state: what a callable sees, and when it is called again."""

from __future__ import annotations

import threading

from smithers import Branch, Context, Node, NoInput, Parallel, Retry, Sequence, Step, Task, workflow
from smithers.changes import AttemptStarted, Key, Settled
from smithers.errors import Transient
from tests.rules.agents import Scripted
from tests.rules.runs import Run

SOON = Retry(first_s=0.01, jitter=0)


def frames_of(run: Run, kind: type[Settled] | type[AttemptStarted], id: str) -> list[int]:
    return [
        frame.number
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, kind) and change.key.id == id
    ]


def test_a_node_comes_up_when_what_stands_before_it_is_settled() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(Parallel(Step("a", lambda: 1), Step("b", lambda: 2)), Step("c", lambda: 3))

    run = Run(flow)
    assert run.go().status == "finished"
    state = run.state
    assert state.came_up[Key("c")] == max(state.ended[Key(id)].frame for id in "ab")


def test_a_callable_that_missed_a_read_is_called_in_the_frame_in_which_it_settles() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: "text")
        return Parallel(Task("reader", agent=Scripted(), prompt=lambda: ctx[source]), source)

    run = Run(flow)
    assert run.go().status == "finished"
    assert frames_of(run, AttemptStarted, "reader") == frames_of(run, Settled, "source")


def test_a_retry_calls_the_prompt_again_on_the_same_reads() -> None:
    calls: list[str] = []
    agent = Scripted(Transient("cut"), "done")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: "text")

        def prompt() -> str:
            calls.append(ctx[source])
            return f"of {ctx[source]}"

        return Sequence(source, Task("reader", agent=agent, prompt=prompt, retry=SOON))

    run = Run(flow)
    assert run.go().status == "finished"
    assert calls == ["text", "text"]
    assert [ask.prompt for ask in agent.asks] == ["of text", "of text"]


def test_a_step_reads_the_first_frame_of_its_attempt() -> None:
    go = threading.Event()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        other = Step("other", lambda: "text")
        calls: list[bool] = []

        def slow() -> str | None:
            calls.append(True)
            if len(calls) == 1:
                assert go.wait(5)
                return ctx.get(other)
            return ctx.get(other)

        async def opens() -> None:
            go.set()

        return Parallel(Step("slow", slow), Sequence(other, Step("opens", opens)))

    run = Run(flow)
    assert run.go().status == "finished"
    # `other` had settled when `slow` read it, but not in the frame in which `slow` started.
    assert run.starts.count("slow#1") == 1
    assert "slow#2" in run.starts
    assert run.output("slow") == '"text"'


def test_a_step_that_missed_what_has_settled_meanwhile_runs_again() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def now() -> str:
            return "text"

        source = Step("source", now)

        async def read() -> str:
            return ctx[source]

        return Parallel(source, Step("reader", read))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["source#1", "reader#1", "reader#2"]


def test_every_reader_gets_an_object_of_its_own() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: ["a"])

        def spoil() -> int:
            ctx[source].append("b")
            return len(ctx[source])

        spoiler = Step("spoiler", spoil)
        return Sequence(source, spoiler, Step("reader", lambda: ctx[source]))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("spoiler") == "1"
    assert run.output("reader") == run.output("source") == '["a"]'


def test_a_callable_that_raises_fails_its_node_with_file_and_line() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 0)
        return Sequence(first, Task("broken", agent=Scripted(), prompt=lambda: f"{1 / ctx[first]}"))

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    error = run.state.ended[Key("broken")].error
    assert error is not None
    assert (error.kind, error.message) == (
        "ZeroDivisionError",
        "ZeroDivisionError: division by zero",
    )
    assert error.place is not None
    assert error.place.startswith(f"{__file__}:")
    assert "broken#1" not in run.starts


def test_a_test_that_raises_fails_its_branch() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 0)
        arm = Step("arm", lambda: 1)
        return Sequence(first, Branch(lambda: 1 / ctx[first] > 0, arm, id="choice"))

    run = Run(flow)
    assert run.go().status == "failed"
    error = run.state.ended[Key("choice")].error
    assert error is not None
    assert error.kind == "ZeroDivisionError"


def test_resuming_a_failed_run_calls_the_callable_again() -> None:
    broken = [True]

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def prompt() -> str:
            if broken:
                raise ValueError("not yet")
            return "now"

        return Sequence(Step("first", lambda: 0), Task("second", agent=Scripted(), prompt=prompt))

    run = Run(flow)
    assert run.go().status == "failed"
    broken.clear()
    assert run.go().status == "finished"
    assert run.starts == ["first#1", "second#1"]
