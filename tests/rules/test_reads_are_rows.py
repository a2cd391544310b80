"""DESIGN 3a, Reads are rows: task, path and frame of each read, written with what it led to."""

from __future__ import annotations

from smithers import (
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.changes import AttemptStarted, ChoiceMade, Frame, Key, ReadMade, Settled
from tests.rules.agents import Scripted
from tests.rules.runs import Run


def frame_with(run: Run, kind: type, id: str) -> Frame:
    return next(
        frame
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, kind) and getattr(change, "key").id == id  # noqa: B009
    )


def reads(frame: Frame, reader: Key) -> dict[Key, int]:
    return {
        change.source: change.at
        for change in frame.changes
        if isinstance(change, ReadMade) and change.reader == reader
    }


def test_the_reads_of_a_prompt_are_written_with_the_start_of_its_attempt() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: "text")
        other = Step("other", lambda: "text")
        reader = Task("reader", agent=Scripted(), prompt=lambda: ctx[source])
        return Sequence(source, other, reader)

    run = Run(flow)
    assert run.go().status == "finished"
    frame = frame_with(run, AttemptStarted, "reader")
    at = run.state.ended[Key("source")].frame
    assert reads(frame, Key("reader")) == {Key("source"): at}


def test_the_reads_of_choices_are_written_with_them() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: ["a"])
        branch = Branch(lambda: bool(ctx[source]), Step("arm", lambda: 1), id="branch")
        items = ForEach(
            lambda: ctx[source], key=str, each=lambda item: Step(f"i {item}", lambda: 1), id="items"
        )
        body = Step("body", lambda: 1)
        loop = Loop(body, until=lambda: ctx[body] == 1, max_iterations=2, id="loop")
        skip = Task("skip", agent=Scripted(), prompt="p", skip_if=lambda: bool(ctx[source]))
        return Sequence(source, branch, items, loop, skip)

    run = Run(flow)
    assert run.go().status == "finished"
    for id in ("branch", "items", "skip"):
        assert reads(frame_with(run, ChoiceMade, id), Key(id)).keys() == {Key("source")}
    until = reads(frame_with(run, ChoiceMade, "loop"), Key("loop", (0,)))
    assert until == {Key("body", (0,)): run.state.ended[Key("body", (0,))].frame}


def test_the_reads_of_a_step_are_written_at_its_end() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: "text")
        return Sequence(source, Step("reader", lambda: ctx[source]))

    run = Run(flow)
    assert run.go().status == "finished"
    assert reads(frame_with(run, AttemptStarted, "reader"), Key("reader")) == {}
    assert reads(frame_with(run, Settled, "reader"), Key("reader")).keys() == {Key("source")}


def test_the_reads_of_a_step_that_failed_are_written_too() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: 0)
        return Sequence(source, Step("reader", lambda: 1 / ctx[source]))

    run = Run(flow)
    assert run.go().status == "failed"
    assert run.state.reads[Key("reader")].keys() == {Key("source")}


def test_a_read_of_what_was_skipped_is_a_row_too() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Task("source", agent=Scripted(), prompt="p", skip_if=lambda: True)
        return Sequence(source, Step("reader", lambda: ctx.get(source)))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.state.reads[Key("reader")].keys() == {Key("source")}


def test_two_callables_of_a_node_that_read_the_same_output_make_one_row() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source: Step[int] = Step("source", lambda: (ctx.previous(source) or 0) + 1)
        return Loop(
            source,
            until=lambda: ctx[source] == 2,
            stop_if_same=lambda: ctx[source],
            max_iterations=3,
            id="loop",
        )

    run = Run(flow)
    assert run.go().status == "finished"
    for frame in run.watch.frames:
        made = [change for change in frame.changes if isinstance(change, ReadMade)]
        assert len(made) == len(set(made)), made
