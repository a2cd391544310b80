"""A saga undoes what was done, last first, if its body fails or is cancelled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest

from smithers import (
    Approval,
    Attempt,
    Compensated,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Saga,
    Sequence,
    Step,
    Try,
    Workflow,
    workflow,
)
from smithers.changes import AttemptStarted, Key
from smithers.errors import AuthorError
from smithers.state import RunState
from smithers.views import Board, changed_keys
from tests.boards import check_agrees, facts_of
from tests.rules.resuming import check_every_crash, crashed, finish
from tests.rules.runs import Run

Decorator = Callable[[Callable[[Context[NoInput]], Node[Any]]], Workflow[NoInput, Any]]

DAY_S = 86_400.0


def boom() -> str:
    raise ValueError("boom")


async def forever() -> None:
    await asyncio.sleep(DAY_S)


def flow_of(make: Callable[[], Node[Any]], **limits: Any) -> Workflow[NoInput, Any]:
    decorate = cast("Decorator", workflow(**limits))

    def flow(ctx: Context[NoInput]) -> Node:
        return make()

    return decorate(flow)


def step(id: str) -> Step[str]:
    return Step(id, lambda: id)


def number(attempt: Attempt) -> str:
    return f"room {attempt.key[-2]}"


def done(id: str) -> Compensated:
    """An action that is done at once, and what undoes it."""
    return Compensated(step(id), undo=step(f"un{id}"))


def starts(run: Run) -> list[str]:
    changes = (change for frame in run.watch.frames for change in frame.changes)
    return [str(change.key) for change in changes if isinstance(change, AttemptStarted)]


def outcomes(run: Run) -> dict[str, str]:
    return {str(key): ended.outcome for key, ended in run.state.ended.items()}


def failure(run: Run, id: str = "s") -> str:
    error = run.state.ended[Key(id)].error
    assert error is not None
    return error.message


def cancelled_when(run: Run, started: str) -> str:
    """Drive the run, and cancel it once a step has started."""

    async def main() -> str:
        async with asyncio.timeout(20):
            driving = asyncio.create_task(run.drive())
            while started not in starts(run):  # noqa: ASYNC110  # the run has no event for it
                await asyncio.sleep(0)
            await run.cancel()
            return (await driving).status.status

    return asyncio.run(main())


def test_a_body_that_finishes_undoes_nothing() -> None:
    run = Run(flow_of(lambda: Sequence(Saga(done("a"), done("b"), id="s"), step("z"))))
    assert run.go().status == "finished"
    assert starts(run) == ["a", "b", "z"]


def test_what_was_done_is_undone_last_first_and_the_saga_fails_by_the_first_error() -> None:
    make = lambda: Saga(  # noqa: E731
        done("flight"),
        done("hotel"),
        Compensated(Step("charge", boom), undo=step("refund")),
        done("never"),
        id="s",
    )
    run = Run(flow_of(make))
    status = run.go()
    assert status.status == "failed"
    assert starts(run) == ["flight", "hotel", "charge", "unhotel", "unflight"]
    assert failure(run) == "charge failed: ValueError: boom; undone: hotel, flight"
    assert status.error is not None
    assert status.error.message == f"s failed: {failure(run)}"
    assert status.error.kind == "ValueError"
    check_every_crash(lambda: flow_of(make))


def test_a_saga_that_was_undone_is_final() -> None:
    run = Run(flow_of(lambda: Sequence(Saga(done("a"), Step("b", boom), id="s"), step("z"))))
    assert run.go().status == "failed"
    assert run.go().status == "failed"
    assert starts(run) == ["a", "b", "una"]


def test_a_saga_with_nothing_to_undo_may_be_resumed() -> None:
    fails = [True]
    make = lambda: Saga(  # noqa: E731
        Compensated(Step("a", lambda: boom() if fails else "fine"), undo=step("una")), done("b")
    )
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    fails.clear()
    assert run.go().status == "finished"
    assert starts(run) == ["a", "a", "b"]


def test_actions_are_undone_in_reverse_order_of_their_ends_then_of_the_document() -> None:
    make = lambda: Saga(  # noqa: E731
        Parallel(
            Compensated(Step("a", lambda: 1, needs=("c",)), undo=step("una")),
            Compensated(step("c"), undo=step("unc")),
        ),
        Parallel(done("x"), done("y")),
        Step("fail", boom),
    )
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    ends = {id: (run.state.ended[Key(id)].frame, place) for place, id in enumerate("acxy")}
    assert starts(run)[-4:] == [f"un{id}" for id in sorted(ends, key=ends.__getitem__)[::-1]]
    assert ends["a"] > ends["c"]


def test_an_undo_reads_the_output_of_its_action_in_its_iteration() -> None:
    undone: list[str] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        book = Step("book", number)
        undo = Step("cancel", lambda: undone.append(ctx[book]))
        body = Loop(Compensated(book, undo), until=lambda: False, max_iterations=3)
        return Saga(body, id="s")

    run = Run(flow)
    assert run.go().status == "failed"
    assert undone == ["room 2", "room 1", "room 0"]
    assert failure(run).endswith("undone: book[2], book[1], book[0]")


def test_items_of_a_fan_out_are_undone() -> None:
    def make() -> Node:
        def each(n: int) -> Node:
            return done(f"a{n}")

        return Saga(ForEach(range(3), key=str, each=each, limit=1), Step("fail", boom), id="s")

    run = Run(flow_of(make))
    assert run.go().status == "failed"
    assert starts(run)[-3:] == ["una2", "una1", "una0"]
    check_every_crash(lambda: flow_of(make))


def test_a_group_around_it_that_stops_has_it_undone_and_cancelled() -> None:
    release = asyncio.Event()

    async def fails() -> str:
        await release.wait()
        return boom()

    async def slow() -> None:
        release.set()
        await forever()

    make = lambda: Parallel(  # noqa: E731
        Saga(
            done("a"),
            Compensated(Step("slow", slow), undo=step("unslow")),
            Compensated(step("never"), undo=step("unnever")),
            id="s",
        ),
        Step("b", fails),
        on_failure="cancel",
    )
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    assert starts(run)[-2:] == ["unslow", "una"]
    assert run.state.ends[Key("s")].outcome == "cancelled"
    before = starts(run)
    assert run.go().status == "failed"  # b runs again, and what was undone is final
    assert [one for one in starts(run)[len(before) :] if one != "b"] == []


def test_a_saga_that_leaves_what_was_done_undoes_nothing_when_it_is_cancelled() -> None:
    release, fails = asyncio.Event(), [True]

    async def fails_late() -> str:
        await release.wait()
        return boom() if fails else "fine"

    async def slow() -> str:
        release.set()
        await asyncio.sleep(DAY_S if fails else 0)
        return boom()

    make = lambda: Parallel(  # noqa: E731
        Saga(done("a"), Step("slow", slow), on_cancel="leave", id="s"),
        Step("b", fails_late),
        on_failure="cancel",
    )
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    assert starts(run).count("una") == 0
    fails.clear()
    assert run.go().status == "failed"  # resumed: now the body fails by itself
    assert starts(run) == ["a", "b", "slow", "b", "slow", "una"] or starts(run)[-1] == "una"
    assert starts(run).count("a") == 1


def test_a_cancelled_run_is_undone_before_it_ends() -> None:
    make = lambda: Saga(done("a"), Step("slow", forever), id="s")  # noqa: E731
    run = Run(flow_of(make))
    assert cancelled_when(run, "slow") == "cancelled"
    assert starts(run) == ["a", "slow", "una"]
    left = Run(flow_of(lambda: Saga(done("a"), Step("slow", forever), on_cancel="leave", id="s")))
    assert cancelled_when(left, "slow") == "cancelled"
    assert starts(left) == ["a", "slow"]


def test_a_crash_while_a_cancelled_run_is_undone_undoes_each_once() -> None:
    make = lambda: Saga(done("a"), done("b"), Step("slow", forever), id="s")  # noqa: E731
    whole = Run(flow_of(make))
    assert cancelled_when(whole, "slow") == "cancelled"
    first = next(
        number
        for number, frame in enumerate(whole.watch.frames)
        if any(getattr(change, "kind", "") == "ending" for change in frame.changes)
    )
    for frames in range(first + 1, len(whole.watch.frames)):
        run = crashed(whole, frames, flow_of(make))
        assert run.go().status == "cancelled"
        ended = {key: one for key, one in outcomes(run).items() if key.startswith("un")}
        assert ended == {"una": "finished", "unb": "finished"}
        assert sorted(set(starts(run))) == ["a", "b", "slow", "una", "unb"]


def test_part_of_an_action_that_was_cut_off_is_undone() -> None:
    make = lambda: Saga(  # noqa: E731
        Compensated(Sequence(step("a"), Step("b", boom), step("c")), undo=step("undo")),
        id="s",
    )
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    assert starts(run) == ["a", "b", "undo"]


def effect(id: str, run: Callable[[], Any] = forever) -> Compensated:
    return Compensated(Step(id, run, effect=True), undo=step(f"un{id}"))


def interrupted_effect() -> Node:
    release = asyncio.Event()

    async def slow() -> None:
        release.set()
        await forever()

    async def fails() -> str:
        await release.wait()
        return boom()

    return Parallel(
        Saga(done("a"), effect("charge", slow), id="s"),
        Step("b", fails),
        on_failure="cancel",
    )


@pytest.mark.parametrize("approved", [True, False])
def test_a_person_decides_whether_an_effect_that_was_interrupted_is_undone(approved: bool) -> None:
    run = Run(flow_of(interrupted_effect))
    assert run.go().status == "waiting"
    ((key, kind),) = run.state.waits
    assert kind == "repeat"
    asked = run.state.waits[key, kind].opened.asked
    assert asked is not None
    assert asked.startswith("Undo charge?\ncharge was interrupted and may have happened")
    run.answer(key.id, approved=approved, opened=run.state.waits[key, kind].frame)
    assert run.go().status == "failed"
    assert starts(run)[3:] == (["uncharge", "una"] if approved else ["una"])
    assert outcomes(run)["uncharge"] == ("finished" if approved else "skipped")


def decides(run: Run, *, approved: bool) -> bool:
    waits = [key for key, kind in run.state.waits if kind == "repeat"]
    for key in waits:
        opened = run.state.waits[key, "repeat"].frame
        run.answer(key.id, path=key.path, approved=approved, opened=opened)
    return bool(waits)


@pytest.mark.parametrize("approved", [True, False])
def test_a_crash_around_the_question_asks_once_and_undoes_once(approved: bool) -> None:
    whole = Run(flow_of(interrupted_effect))
    answers = partial(decides, approved=approved)
    assert finish(whole, answers) == "failed"
    first = next(
        number
        for number, frame in enumerate(whole.watch.frames)
        if any(getattr(change, "kind", "") == "undoing" for change in frame.changes)
    )
    for frames in range(first + 1, len(whole.watch.frames)):
        run = crashed(whole, frames, flow_of(interrupted_effect))
        assert finish(run, answers) == "failed"
        assert outcomes(run) == outcomes(whole)
        assert starts(run).count("uncharge") <= 2


def test_an_approval_in_an_action_is_no_effect() -> None:
    make = lambda: Saga(  # noqa: E731
        Compensated(Sequence(Approval("ok", ask="ok?"), Step("b", boom)), undo=step("undo")),
        id="s",
    )
    run = Run(flow_of(make))
    assert finish(run) == "failed"
    assert starts(run) == ["b"]


def test_an_undo_that_fails_stops_the_saga_and_a_resume_goes_on_with_it() -> None:
    fails = [True]

    def unb() -> str:
        return boom() if fails else "fine"

    make = lambda: Saga(  # noqa: E731
        done("a"),
        Compensated(step("b"), undo=Step("unb", unb)),
        done("c"),
        Step("fail", boom),
        id="s",
    )
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    assert failure(run) == "unb failed: ValueError: boom; still done: b, a; undone: c"
    assert starts(run) == ["a", "b", "c", "fail", "unc", "unb"]
    fails.clear()
    assert run.go().status == "failed"
    assert starts(run)[6:] == ["unb", "una"]
    assert failure(run) == "fail failed: ValueError: boom; undone: c, b, a"
    assert run.go().status == "failed"
    assert len(starts(run)) == 8
    fails.append(True)
    check_every_crash(lambda: flow_of(make))


def test_a_saga_that_is_tolerated_fails_nothing_and_stays_undone() -> None:
    fails = [True]
    make = lambda: Sequence(  # noqa: E731
        Saga(done("a"), Step("b", boom), id="s", on_failure="continue"),
        Step("z", lambda: boom() if fails else "fine"),
    )
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    fails.clear()
    assert run.go().status == "finished"
    assert starts(run) == ["a", "b", "una", "z", "z"]


def test_a_tolerated_saga_that_could_not_undo_is_final_as_well() -> None:
    fails = [True]
    make = lambda: Sequence(  # noqa: E731
        Saga(
            done("a"),
            Compensated(step("b"), undo=Step("unb", boom)),
            Step("c", boom),
            id="s",
            on_failure="continue",
        ),
        Step("z", lambda: boom() if fails else "fine"),
    )
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    fails.clear()
    assert run.go().status == "finished"
    assert starts(run) == ["a", "b", "c", "unb", "z", "z"]


def test_a_try_catches_a_saga_after_it_was_undone() -> None:
    make = lambda: Try(Saga(done("a"), Step("b", boom), id="s"), catch=step("c"))  # noqa: E731
    run = Run(flow_of(make))
    assert run.go().status == "finished"
    assert starts(run) == ["a", "b", "una", "c"]
    check_every_crash(lambda: flow_of(make))


def test_a_failure_that_is_caught_inside_undoes_nothing() -> None:
    make = lambda: Saga(done("a"), Try(Step("b", boom), catch=step("c")), done("d"))  # noqa: E731
    run = Run(flow_of(make))
    assert run.go().status == "finished"
    assert starts(run) == ["a", "b", "c", "d"]


def test_a_saga_inside_one_that_fails_is_undone_with_it() -> None:
    make = lambda: Saga(  # noqa: E731
        done("a"), Saga(done("b"), done("c"), id="inner"), Step("d", boom), id="s"
    )
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    assert starts(run) == ["a", "b", "c", "d", "unc", "unb", "una"]


def test_what_a_saga_inside_has_undone_is_not_undone_again() -> None:
    make = lambda: Saga(  # noqa: E731
        done("a"), Saga(done("b"), Step("c", boom), id="inner"), done("d"), id="s"
    )
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    assert starts(run) == ["a", "b", "c", "unb", "una"]
    check_every_crash(lambda: flow_of(make))


def test_a_saga_waits_with_its_own_until_one_inside_has_undone_all() -> None:
    fails = [True]

    def unb() -> str:
        return boom() if fails else "fine"

    def inner() -> Node:
        return Saga(Compensated(step("b"), undo=Step("unb", unb)), Step("c", boom), id="inner")

    run = Run(flow_of(lambda: Saga(done("a"), inner(), id="s")))
    assert run.go().status == "failed"
    assert starts(run) == ["a", "b", "c", "unb"]
    fails.clear()
    assert run.go().status == "failed"
    assert starts(run)[4:] == ["unb", "una"]


def test_an_undo_may_be_a_saga_and_a_group() -> None:
    def undo() -> Node:
        return Saga(done("x"), Step("y", boom), id="inner", on_failure="continue")

    make = lambda: Saga(  # noqa: E731
        done("a"), Compensated(step("b"), undo=Sequence(undo(), step("w"))), Step("c", boom)
    )
    run = Run(flow_of(make))
    assert run.go().status == "failed"
    assert starts(run) == ["a", "b", "c", "x", "y", "unx", "w", "una"]


@pytest.mark.parametrize("fails", [True, False])
def test_who_reads_an_undo_waits_for_the_saga(fails: bool) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        undo, action = step("undo"), step("a")
        after = Step("b", lambda: boom() if fails else "fine", needs=("early",))
        late = Step("late", lambda: str(ctx.get(undo)), needs=("a",))
        return Parallel(
            Saga(Compensated(action, undo), after, id="s", on_failure="continue"),
            Step("early", lambda: ctx[action]),
            Step("r", lambda: str(ctx.get(undo))),
            late,
        )

    run = Run(flow)
    assert run.go().status == "finished"
    for reader in ("r", "late"):
        assert run.state.ended[Key(reader)].output == ('"undo"' if fails else '"None"')


def test_the_choice_lists_what_is_undone_in_order() -> None:
    run = Run(flow_of(lambda: Saga(done("a"), done("b"), Step("c", boom), id="s")))
    run.go()
    chosen = json.loads(run.state.choices[Key("s"), "undoing"].value)
    assert chosen == [["b/compensated1", [], False], ["a/compensated1", [], False]]


ANY: Any = Saga
COMPENSATED: Any = Compensated


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ANY(), "this saga has no body"),
        (lambda: ANY("a"), "child 1 of this saga must be a node"),
        (lambda: ANY(step("a"), on_cancel="keep"), "on_cancel must be 'undo' or 'leave'"),
        (lambda: ANY(step("a"), on_failure="cancel"), "on_failure must be 'fail' or 'continue'"),
        (lambda: COMPENSATED("a", step("b")), "the action of this compensated must be a node"),
        (lambda: COMPENSATED(step("a"), boom), "the undo of this compensated must be a node"),
    ],
)
def test_a_wrong_saga_is_refused_where_it_is_written(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(AuthorError, match=said) as caught:
        make()
    assert caught.value.place is not None
    assert caught.value.hint


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Sequence(done("a"), Step("b", boom)), "not inside a Saga"),
        (
            lambda: Saga(Compensated(step("a"), undo=Sequence(done("b")))),
            "not inside a Saga that could undo it",
        ),
    ],
)
def test_a_compensated_action_outside_of_a_saga_is_refused_before_anything_runs(
    make: Callable[[], Node[Any]], said: str
) -> None:
    run = Run(flow_of(make))
    with pytest.raises(AuthorError, match=said) as caught:
        run.go()
    assert caught.value.place is not None
    assert caught.value.hint
    assert starts(run) == []


def shown(run: Run) -> dict[str, tuple[str, bool]]:
    """The nodes that did not finish, each with its state and whether its failure is tolerated, as
    a board shows them that looks on from the first frame; one that begins later shows the same.
    """
    state, board = RunState(), Board()
    for frame in run.watch.frames:
        state.apply_frame(frame)
        board = board.after(changed_keys(frame, state.attempts), state)
        assert facts_of(board) == facts_of(Board.of(state)), frame.number
    check_agrees(board, state)
    states = {key.id: board.state(Key(key.id)) for key in (*state.ended, *state.ends)}
    bad = {name: one for name, one in states.items() if one.state != "finished"}
    return {name: (one.state, one.tolerated) for name, one in bad.items()}


def test_what_made_a_saga_fail_is_not_tolerated() -> None:
    allowed = Step("allowed", boom, on_failure="continue")
    group = Parallel(step("c"), Step("b", boom))
    run = Run(flow_of(lambda: Saga(allowed, done("a"), group, id="s")))
    assert run.go().status == "failed"
    found = shown(run)
    assert found.pop("allowed") == ("failed", True), "its author allows this one"
    assert set(found) >= {"s", "b"}
    assert set(found.values()) == {("failed", False)}


def tolerated_saga() -> Node[Any]:
    return Saga(done("a"), Step("b", boom), step("c"), id="s", on_failure="continue")


def caught_saga() -> Node[Any]:
    return Try(Saga(done("a"), Step("b", boom), id="s"), catch=step("d"))


@pytest.mark.parametrize("make", [tolerated_saga, caught_saga])
def test_what_made_a_saga_fail_is_tolerated_if_the_saga_is(make: Callable[[], Node[Any]]) -> None:
    run = Run(flow_of(make))
    assert run.go().status == "finished"
    found = shown(run)
    assert found["b"] == found["s"] == ("failed", True)


def test_what_a_saga_inside_one_has_handled_is_as_that_one_is() -> None:
    inner = Saga(done("b"), Step("c", boom), id="inner")
    run = Run(flow_of(lambda: Saga(done("a"), inner, id="s")))
    assert run.go().status == "failed"
    assert {shown(run)[name] for name in ("c", "inner", "s")} == {("failed", False)}
