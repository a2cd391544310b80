"""An output of more than 4096 bytes is held as size and digest; whoever reads it gets all of it."""

from __future__ import annotations

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
    Sequence,
    Step,
    Task,
    Workflow,
    workflow,
)
from smithers.changes import Key, Large, Settled, held, text_of
from smithers.engine.outputs import Outputs
from smithers.errors import MachineError, StoreError
from smithers.state import Ended, RunState
from smithers.store.memory import MemoryStore
from tests.properties.fates import padded
from tests.rules.agents import Scripted
from tests.rules.resuming import check_every_crash
from tests.rules.runs import Run

SIZES = [4095, 4096, 4097, 100_000]
TEXT = padded("", 5000)


@pytest.mark.parametrize("size", SIZES)
def test_a_state_holds_no_output_above_the_bound_and_readers_get_it(size: int) -> None:
    text = padded("end", size)

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: text)
        reader = Step("reader", lambda: ctx[source])
        later = Step("later", lambda: ctx.get("source", str) == ctx[reader])
        return Sequence(source, reader, later, result=reader)

    run = Run(flow)
    status = run.go()
    assert status.output == run.output("reader") == run.output("source")
    assert status.output is not None
    assert len(status.output.encode()) == size
    assert run.output("later") == "true"
    for state in (run.engine.state, run.state, RunState.of(run.watch.frames)):
        output = state.ended[Key("source")].output
        assert output == held(status.output)
        assert isinstance(output, Large) == (size > 4096)
        assert (text_of(output) is None) == (size > 4096)
    assert run.engine.state.ended == run.state.ended


def all_readers() -> Workflow[Any, Any]:
    """Reads by a prompt, a test, items, an item, a loop, a render, and a ForEach as a whole."""

    @workflow(name="all-readers")
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: TEXT)
        asked = Task("asked", agent=Scripted(), prompt=lambda: f"say {len(ctx[source])}")
        skipped = Task(
            "skipped", agent=Scripted(), prompt="no", skip_if=lambda: ctx[source] == TEXT
        )
        each = ForEach(
            lambda: ["a", "b"] if ctx[source] == TEXT else [],
            key=str,
            each=lambda item: Step(f"i-{item}", lambda: item + ctx[source]),
            id="each",
        )
        turn: Step[str] = Step("turn", lambda: (ctx.previous(turn) or "") + TEXT)
        loop = Loop(
            turn, until=lambda: len(ctx[turn]) == 2 * len(TEXT), max_iterations=3, id="loop"
        )
        total = Step("total", lambda: sum(map(len, ctx[each])))
        more = [Step("more", lambda: 1)] if ctx.get(source) == TEXT else []
        return Sequence(source, asked, skipped, each, loop, total, *more, result=each)

    return flow


def test_every_way_to_read_gives_the_text_whichever_frame_the_owner_died_after() -> None:
    state = check_every_crash(all_readers)
    assert state.run_status == "finished"
    assert state.ended[Key("total")].output == str(2 * len(TEXT) + 2)
    assert state.ended[Key("skipped")].outcome == "skipped"
    assert isinstance(state.ended[Key("turn", (1,))].output, Large)
    assert "more" in state.nodes


def test_after_a_reset_a_reader_gets_the_output_of_the_new_attempt() -> None:
    given: list[str] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def source() -> str:
            given.append("first" if not given else "second")
            if len(given) == 1:
                raise ValueError("no")
            return padded(given[-1], 5000)

        def reader() -> str:
            if len(given) == 2:
                given.append("read")
                raise ValueError(ctx[made][-6:])
            return ctx[made]

        made = Step("source", source)
        return Sequence(made, Step("reader", reader))

    run = Run(flow)
    assert run.go().status == "failed"
    failed = run.go()
    assert failed.status == "failed"
    assert failed.error is not None
    assert "second" in failed.error.message
    assert run.go().status == "finished"
    assert run.output("reader") == run.output("source")


def test_what_a_node_gave_that_an_edit_took_away_stays_readable() -> None:
    def of(make: Callable[[Context[NoInput]], Node]) -> Workflow[Any, Any]:
        return workflow(input=NoInput, name="flow")(make)

    def ok() -> Approval:
        return Approval("ok", ask="Continue?")

    run = Run(of(lambda ctx: Sequence(Step("source", lambda: TEXT), ok())))
    assert run.go().status == "waiting"
    run.workflow = of(lambda ctx: Sequence(ok(), Step("late", lambda: ctx.get("source", str))))
    run.edited = True
    run.answer("ok")
    assert run.go().status == "finished"
    assert run.output("late") == f'"{TEXT}"'


class Unreadable(MemoryStore):
    """A store from which no output can be read."""

    error: StoreError = MachineError("the disk is broken", path="x", errno=5)

    def output(self, run_id: str, key: Key, frame: int) -> str:
        raise self.error


def swallowing(read: Callable[[], object]) -> None:
    try:
        read()
    except StoreError:
        return


READERS: dict[str, Callable[[Context[NoInput], Step[str]], Node]] = {
    "a step": lambda ctx, source: Step("reader", lambda: ctx[source]),
    "a step that swallows it": lambda ctx, source: Step(
        "reader", lambda: swallowing(lambda: ctx[source])
    ),
    "a prompt": lambda ctx, source: Task("reader", agent=Scripted(), prompt=lambda: ctx[source]),
    "items": lambda ctx, source: ForEach(
        lambda: ctx[source], key=str, each=lambda item: Step(f"i-{item}", lambda: 1), id="reader"
    ),
    "an item": lambda ctx, source: ForEach(
        lambda: ["a"],
        key=str,
        each=lambda item: Step(f"i-{ctx.get(source) == TEXT}", lambda: 1),
        id="reader",
    ),
    "a render": lambda ctx, source: Parallel(
        Step("reader", lambda: 1), *([Step("more", lambda: 1)] if ctx.get(source) else [])
    ),
}


@pytest.mark.parametrize("error", [Unreadable.error, StoreError("it was replaced")])
@pytest.mark.parametrize("how", READERS)
def test_an_output_that_cannot_be_read_ends_the_owner_and_nothing_of_its_reader_is_written(
    how: str, error: StoreError
) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: TEXT)
        return Sequence(source, Approval("ok", ask="Go on?"), READERS[how](ctx, source))

    run = Run(flow)
    assert run.go().status == "waiting"
    kept = run.store
    run.answer("ok")
    run.store = Unreadable()
    vars(run.store).update(vars(kept))
    run.store.error = error
    with pytest.raises(type(error), match=str(error.said)):
        run.go()
    assert run.outcome("reader") is None
    run.store = kept
    if how != "items":  # each letter would be an item
        assert run.go().status == "finished"


class Counting(MemoryStore):
    """Counts what is read from it."""

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__()
        self.texts = texts
        self.read: list[str] = []

    def output(self, run_id: str, key: Key, frame: int) -> str:
        self.read.append(key.id)
        return self.texts[key.id]


def test_outputs_that_were_written_or_read_last_stay_in_memory_while_there_is_room() -> None:
    texts = {id: id * 5000 for id in "abcd"} | {"e": "e" * 20_000}
    store = Counting(texts)
    outputs = Outputs("r1", room_bytes=15_000)
    outputs.store = store

    def read(id: str) -> int:
        """How often the store was asked."""
        before, output = len(store.read), held(texts[id])
        ended = Ended("finished", 1, None, output)
        assert outputs.output(Key(id), ended) == texts[id]
        return len(store.read) - before

    outputs.add(Key("e"), 1, texts["e"])
    assert read("e") == 0  # not durable yet
    outputs.committed()
    assert read("e") == 1  # larger than the room
    for id in "abc":
        outputs.add(Key(id), 1, texts[id])
    outputs.committed()
    assert [read(id) for id in "abca"] == [0, 0, 0, 0]
    assert read("d") == 1
    assert [read(id) for id in "adc"] == [0, 0, 0]
    assert read("b") == 1  # the one that was not used for longest had to go
    assert read("a") == 1


def test_a_frame_that_was_made_and_one_that_was_loaded_compare_equal() -> None:
    made = Settled(key=Key("a"), outcome="finished", output=held(TEXT))
    output = made.output
    assert isinstance(output, Large)
    loaded = Settled(key=Key("a"), outcome="finished", output=output.without_text())
    assert made == loaded
    assert hash(made) == hash(loaded)
    assert TEXT not in repr(made)
    other = Settled(key=Key("a"), outcome="finished", output=held(TEXT.replace("x", "y") + "z"))
    assert made != other
