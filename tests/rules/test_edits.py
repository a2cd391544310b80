"""DESIGN 6 and 7a: a workflow that was edited between a crash and its resume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from smithers import (
    Approval,
    Branch,
    Context,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Subflow,
    Task,
    Timer,
    WaitForEvent,
    Workflow,
    workflow,
)
from smithers.changes import Key, NodeMounted, WaitOpened
from smithers.engine.edits import check_kinds
from smithers.engine.mount import mount
from smithers.errors import AuthorError
from smithers.forms import Form
from smithers.state import RunState
from smithers.store import Claimed
from tests.rules.agents import HANGS, Scripted
from tests.rules.resuming import crashed
from tests.rules.runs import Run

Make = Callable[[Context[NoInput]], Node[Any]]


def of(make: Make) -> Workflow[Any, Any]:
    return workflow(input=NoInput, name="flow")(make)


def step(id: str) -> Step[str]:
    return Step(id, lambda: id)


def edited(before: Make, after: Make) -> Run:
    run = Run(of(before))
    assert run.go().status == "waiting"
    run.workflow, run.edited = of(after), True
    return run


def finish(run: Run) -> list[str]:
    """Go on to the end; gives what started after the edit."""
    done = len(run.starts)
    status = run.go().status
    while status == "waiting":
        for key, kind in run.state.waits:
            if kind == "approval":
                run.answer(key.id, path=key.path)
        status = run.go().status
    assert status == "finished"
    return run.starts[done:]


def ok() -> Approval:
    return Approval("ok", ask="ok?")


def test_a_task_that_was_added_runs() -> None:
    run = edited(
        lambda ctx: Sequence(step("a"), ok(), step("c")),
        lambda ctx: Sequence(step("a"), ok(), step("b"), step("c")),
    )
    assert finish(run) == ["b#1", "c#1"]


def test_a_task_that_was_added_before_what_is_finished_runs_too() -> None:
    run = edited(
        lambda ctx: Sequence(step("b"), ok()), lambda ctx: Sequence(step("a"), step("b"), ok())
    )
    assert finish(run) == ["a#1"]


def test_a_task_that_was_removed_is_gone_and_what_it_gave_stays_readable() -> None:
    run = edited(
        lambda ctx: Sequence(step("a"), step("b"), ok()),
        lambda ctx: Sequence(step("b"), ok(), Step("read", lambda: ctx.get("a", str))),
    )
    assert finish(run) == ["read#1"]
    assert run.output("read") == '"a"'
    assert "a" not in run.state.nodes


def test_a_prompt_that_was_changed_does_not_run_a_finished_task_again() -> None:
    agent = Scripted()
    run = edited(
        lambda ctx: Sequence(Task("a", agent=agent, prompt="one"), ok()),
        lambda ctx: Sequence(Task("a", agent=agent, prompt="two"), ok()),
    )
    assert finish(run) == []
    assert [ask.prompt for ask in agent.asks] == ["one"]


def test_a_prompt_that_was_changed_holds_for_an_attempt_that_was_interrupted() -> None:
    agent = Scripted(HANGS, "done")
    run = Run(of(lambda ctx: Task("a", agent=agent, prompt="one")))
    run.go_frames(2)
    run.workflow, run.edited = of(lambda ctx: Task("a", agent=agent, prompt="two")), True
    assert run.go().status == "finished"
    assert agent.asks[1].session == "agent-1"
    assert "two" in agent.told[1]


def test_tasks_that_were_reordered_do_not_run_again() -> None:
    run = edited(
        lambda ctx: Sequence(step("a"), step("b"), ok(), step("c")),
        lambda ctx: Sequence(step("c"), step("b"), ok(), step("a")),
    )
    assert finish(run) == ["c#1"]


def test_a_task_that_moved_into_a_group_does_not_run_again() -> None:
    run = edited(
        lambda ctx: Sequence(step("a"), ok(), step("b")),
        lambda ctx: Sequence(Parallel(Sequence(step("a")), step("b")), ok()),
    )
    assert finish(run) == ["b#1"]


def test_an_edit_at_any_frame_of_a_run_finishes() -> None:
    def before(ctx: Context[NoInput]) -> Node:
        return Sequence(step("a"), Parallel(step("b"), step("c")), step("d"))

    def after(ctx: Context[NoInput]) -> Node:
        return Sequence(step("d"), step("e"), Parallel(step("c"), step("a")))

    run = Run(of(before))
    assert run.go().status == "finished"
    for k in range(1, len(run.watch.frames)):
        again = crashed(run, k, of(after))
        again.edited = True
        finished = {str(key) for key in again.state.ended}
        assert again.go().status == "finished"
        started = again.starts
        assert not {f"{id}#2" for id in finished} & set(started)
        assert again.outcome("e") == "finished"


def test_a_choice_stays_although_its_test_was_edited() -> None:
    run = edited(
        lambda ctx: Sequence(Branch(lambda: True, step("yes"), step("no"), id="b"), ok()),
        lambda ctx: Sequence(Branch(lambda: False, step("yes"), step("no"), id="b"), ok()),
    )
    assert finish(run) == []
    assert run.outcome("no") == "skipped"


@pytest.mark.parametrize("kind", ["branch", "loop"])
def test_an_unnamed_container_whose_children_changed_stops_and_says_what_to_write(
    kind: str,
) -> None:
    def make(*ids: str, id: str | None = None) -> Make:
        def flow(ctx: Context[NoInput]) -> Node:
            inner = Sequence(*map(step, ids))
            if kind == "branch":
                return Sequence(Branch(lambda: True, inner, id=id), ok())
            return Sequence(Loop(inner, until=lambda: True, max_iterations=2, id=id), ok())

        return flow

    run = edited(make("a"), make("a", "b"))
    with pytest.raises(AuthorError) as caught:
        run.go()
    frames = len(run.watch.frames)
    assert f'id="sequence/{kind}1"' in caught.value.hint
    assert caught.value.place is not None
    assert len(run.watch.frames) == frames, "nothing was written"
    run.workflow = of(make("a", "b", id=f"sequence/{kind}1"))
    started = finish(run)
    assert started == (["b#1"] if kind == "branch" else ["b[0]#1"])


def test_a_container_that_only_moved_keeps_its_choice() -> None:
    def before(ctx: Context[NoInput]) -> Node:
        return Sequence(Branch(lambda: False, step("yes"), step("no")), ok())

    def after(ctx: Context[NoInput]) -> Node:
        return Sequence(ok(), Branch(lambda: True, step("yes"), step("no")))

    run = edited(before, after)
    assert finish(run) == []


def test_two_edits_that_make_one_wait_twice_are_one_question() -> None:
    run = edited(
        lambda ctx: Sequence(step("a"), ok()),
        lambda ctx: Sequence(step("a"), Approval("ok", ask="another text"), step("b")),
    )
    assert run.go().status == "waiting"
    asked = [wait.opened.asked for wait in run.state.waits.values()]
    assert asked == ["ok?"], "what was asked stays as it was shown"
    assert finish(run) == ["b#1"]


def test_an_approval_that_was_removed_is_no_longer_waited_for() -> None:
    run = edited(lambda ctx: Sequence(step("a"), ok()), lambda ctx: Sequence(step("a"), step("b")))
    assert finish(run) == ["b#1"]
    assert not run.state.waits


def test_a_retry_that_waits_for_a_task_that_was_removed_holds_nothing_up() -> None:
    from smithers import Retry
    from smithers.errors import Transient
    from tests.rules.runs import Clock

    clock = Clock()
    slow = Retry(first_s=1000, max_s=1000)
    agent = Scripted(Transient("cut"))
    run = Run(of(lambda ctx: Task("a", agent=agent, prompt="p", retry=slow)), now=clock)
    assert run.go().status == "waiting"
    run.workflow, run.edited = of(lambda ctx: Sequence(step("b"))), True
    assert run.go().status == "finished"
    assert not run.state.waits


def test_a_step_that_needs_something_no_more_does_not_wait_for_it() -> None:
    run = edited(
        lambda ctx: Parallel(ok(), Step("a", lambda: "a", needs=["ok"])),
        lambda ctx: Parallel(ok(), step("a")),
    )
    assert run.go().status == "waiting"
    assert run.starts == ["a#1"]


def asks_twice(ctx: Context[NoInput], *last: Node[Any]) -> Node[Any]:
    first, second = Approval("first", ask="?"), Approval("second", ask="?")
    read = [step("read")] if ctx.get(first) is not None else []
    return Parallel(*read, first, second, *last)


def wrapped(ctx: Context[NoInput]) -> Node[Any]:
    first, second = Approval("first", ask="?"), Approval("second", ask="?")
    read = [step("read")] if ctx.get(first) is not None else []
    return Parallel(*read, first, Sequence(second))


def grown(ctx: Context[NoInput]) -> Node[Any]:
    return asks_twice(ctx, step("added"))


@pytest.mark.parametrize("after", [grown, wrapped])
def test_an_edit_and_a_render_in_one_frame_move_a_node_once(after: Make) -> None:
    run = edited(asks_twice, after)
    run.answer("first")
    assert {"read#1"} <= set(finish(run)) <= {"read#1", "added#1"}


@workflow
def asks(ctx: Context[NoInput]) -> Node:
    return Approval("inner", ask="?")


WAITING: dict[str, Callable[[], Node[Any]]] = {
    "an approval": lambda: Approval("t", ask="?"),
    "a human task": lambda: HumanTask("t", ask="?"),
    "a timer": lambda: Timer("t", seconds=1000),
    "a wait_for_event": lambda: WaitForEvent("t", event="paid"),
    "a subflow": lambda: Subflow("t", asks),
}
KINDS: dict[str, Callable[[], Node[Any]]] = {**WAITING, "a step": lambda: step("t")}


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize(("old", "new"), [(old, new) for old in WAITING for new in KINDS])
def test_what_waits_for_somebody_else_stays_what_it_is(old: str, new: str, answered: bool) -> None:
    run = edited(
        lambda ctx: Sequence(step("a"), WAITING[old](), step("b")),
        lambda ctx: Sequence(step("a"), KINDS[new](), step("b")),
    )
    if answered and old in ("an approval", "a human task"):
        run.answer("t", approved=False, sent_back=old == "a human task")
    if old == new:
        run.go()
        return
    frames = len(run.watch.frames)
    said = f"'t' started as {old} and is now {new}"
    with pytest.raises(AuthorError, match=said) as raised:
        run.go()
    assert raised.value.hint.endswith(f"another id, or make 't' {old} again")
    assert len(run.watch.frames) == frames, "nothing was written"


def test_a_question_that_was_answered_for_an_item_not_made_yet_stays_a_question() -> None:
    state = RunState()
    state.nodes["t"] = NodeMounted(id="t", parent=None, place=0, kind="approval")
    state.answers[Key("t")] = '{"approved": false}'
    with pytest.raises(AuthorError, match="'t' started as an approval and is now a step"):
        check_kinds(state, mount(step("t")))


class Number(BaseModel):
    n: int


class Name(BaseModel):
    name: str


def asking(**options: Any) -> Make:
    def make(ctx: Context[NoInput]) -> Node[Any]:
        one: HumanTask[Any] = HumanTask("wait", ask="which?", timeout_s=86400, **options)
        return Sequence(one, Step("after", lambda: repr(ctx[one])))

    return make


def listening(**options: Any) -> Make:
    def make(ctx: Context[NoInput]) -> Node[Any]:
        one: WaitForEvent[Any] = WaitForEvent("wait", timeout_s=86400, **options)
        return Sequence(one, Step("after", lambda: repr(ctx[one])))

    return make


def form_of(run: Run) -> Form:
    (wait,) = run.state.waits.values()
    return Form.from_row(wait.opened.form)


def test_a_question_that_is_open_asks_for_what_the_node_takes_now() -> None:
    run = edited(asking(output=Number), asking(output=Name))
    (before,) = run.state.waits.values()
    assert run.go().status == "waiting"
    (after,) = run.state.waits.values()
    assert form_of(run).model == "Name"
    assert replace(after.opened, form=before.opened.form) == before.opened
    frames = len(run.watch.frames)
    run.go()
    assert run.state.waits[Key("wait"), "human"].frame == after.frame
    assert frames < len(run.watch.frames)
    run.answer("wait", value={"name": "x"})
    assert run.go().status == "finished"


def test_an_answer_to_the_question_before_the_edit_is_refused_in_the_words_of_the_new_one() -> None:
    run = edited(asking(output=Number), asking(output=Name))
    run.answer("wait", value={"n": 1})
    assert run.go().status == "waiting"
    form = form_of(run)
    assert (form.model, form.given) == ("Name", {"n": 1})
    assert "name: is missing" in (form.refused or "")
    run.answer("wait", value={"name": "x"})
    assert run.go().status == "finished"


def test_an_answer_that_comes_while_the_question_is_asked_anew_counts() -> None:
    run = edited(asking(choices=["a", "b"]), asking(choices=["b", "c"]))
    claim = run.store.claim

    async def later(*given: Any, **more: Any) -> Claimed:
        """The owner has made its first frame, in memory; the answer is to the old question."""
        run.engine.prepare(run.store)
        await run.offer_answer("wait", value="b")
        return await claim(*given, **more)

    run.store.claim = later  # type: ignore[method-assign]
    assert run.go().status == "finished"
    assert form_rows(run) == [("a", "b"), ("b", "c")]


def form_rows(run: Run) -> list[tuple[str, ...]]:
    """The choices of each question that was asked."""
    changes = (one for frame in run.watch.frames for one in frame.changes)
    return [Form.from_row(one.form).choices for one in changes if isinstance(one, WaitOpened)]


def test_choices_that_were_computed_stay_with_the_question() -> None:
    run = edited(asking(choices=lambda: ["a", "b"]), asking(choices=lambda: ["c", "d"]))
    assert run.go().status == "waiting"
    assert form_of(run).choices == ("a", "b")


def test_a_wait_for_an_event_is_for_what_the_node_takes_now() -> None:
    run = edited(listening(event="go", output=Number), listening(event="go", output=Name))
    run.send("go", {"n": 1})
    (before,) = run.state.waits.values()
    assert run.go().status == "waiting"
    (after,) = run.state.waits.values()
    assert form_of(run).model == "Name"
    assert after.opened.due == before.opened.due
    assert "name" in (run.state.signals[1].misfit or "")
    run.send("go", {"name": "x"})
    assert run.go().status == "finished"


def test_a_wait_is_for_the_event_that_the_node_names_now() -> None:
    before = listening(event="go", output=Number, correlation="k")
    run = edited(before, listening(event="come", output=Number, correlation="other"))
    run.send("come", {"n": 1}, correlation="k")
    assert run.go().status == "finished"
    assert run.state.signals[1].taken == Key("wait")
