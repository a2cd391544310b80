"""DESIGN 8: an edit changes finished work; it is told, and done again only if somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from smithers import (
    Approval,
    Branch,
    Cache,
    Command,
    Context,
    Flow,
    ForEach,
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
    Try,
    WaitForEvent,
    Workflow,
    workflow,
)
from smithers import Run as FlowRun
from smithers.changes import AttemptStarted, Change, Key
from smithers.engine.asking import Asking
from smithers.engine.edited import Comparison, Edited
from smithers.engine.reusing import find_done, reuse_of
from smithers.engine.reworking import Again
from smithers.errors import AuthorError, Refused
from smithers.state import RunState
from tests.rules.agents import Scripted
from tests.rules.resuming import crashed, finish
from tests.rules.runs import Run

Make = Callable[[Context[NoInput]], Node[Any]]


def of(make: Make) -> Workflow[Any, Any]:
    return workflow(input=NoInput, name="flow")(make)


class Edits(Run):
    """A run of which the last comparison is kept."""

    asked: Edited


def resumed(run: Edits, after: Make, rerun: Collection[str] | None = None) -> list[str]:
    """Go on after an edit; gives what started because of it."""
    done = len(run.starts)
    run.workflow, run.edited = of(after), True
    before = run.settings
    run.asked = Edited("r1", tuple(run.watch.frames), rerun)
    run.settings = replace(before, again=run.asked)
    run.go()
    run.settings = before
    finish(run)
    return [start.partition("#")[0] for start in run.starts[done:]]


def compared(run: Edits) -> Comparison:
    """What the last resume has found."""
    assert run.asked.comparison is not None
    return run.asked.comparison


def changes(before: Make, after: Make) -> dict[str, str]:
    """The finished tasks that differ, and why."""
    run = Edits(of(before))
    assert finish(run) == "finished"
    assert resumed(run, after) == []
    return {str(one.key): one.why for one in compared(run).changed}


def text(id: str, prompt: Any, **more: Any) -> Task[Any]:
    return Task(id, agent=Scripted(*[f"answer of {id}"] * 5), prompt=prompt, **more)


class Size(BaseModel):
    size: int = 3


class Wide(BaseModel):
    size: int = 3
    width: int = 4


class Named(BaseModel):
    size: int
    name: str


def five(**prompts: str) -> Make:
    """Five calls: a, b and c at once, then d that reads b, then e that reads nothing."""

    def make(ctx: Context[NoInput]) -> Node[Any]:
        a, b, c = (text(id, prompts.get(id, f"Do {id}")) for id in "abc")
        d = text("d", lambda: f"Do d with {ctx[b]}")
        return Sequence(Parallel(a, b, c), d, text("e", prompts.get("e", "Do e")))

    return make


@pytest.mark.parametrize(
    ("edit", "rerun", "runs", "later"),
    [
        ({"a": "Do a well"}, (), ["a"], []),
        ({"b": "Do b well"}, (), ["b", "d"], []),
        ({"e": "Do e well"}, (), ["e"], []),
        ({"a": "Do a well", "b": "Do b well"}, ("b",), ["b", "d"], ["a"]),
        ({"a": "Do a well"}, None, [], ["a"]),
        ({}, (), [], []),
    ],
)
def test_exactly_what_changed_and_what_read_it_runs_again(
    edit: dict[str, str], rerun: Collection[str] | None, runs: list[str], later: list[str]
) -> None:
    run = Edits(of(five()))
    assert finish(run) == "finished"
    assert resumed(run, five(**edit), rerun) == runs
    assert run.state.run_status == "finished"
    assert resumed(run, five(**edit), ()) == later


def test_it_is_told_what_changed_and_what_it_would_cost() -> None:
    run = Edits(of(five()))
    finish(run)
    before = find_done(run.state)
    resumed(run, five(b="Do b well"))
    found = compared(run)
    assert [(str(one.key), one.why) for one in found.changed] == [("b", "prompt")]
    assert [str(key) for key in found.again] == ["b", "d"]
    assert found.work.calls == 2
    told = reuse_of("r1", before, run.state, run.asked, is_edited=True).lines()
    assert told[:2] == ["reused: a, b, c, d, e", "changed, and reused all the same: b (prompt)"]
    assert "2 in all, type `smithers resume r1 --rerun-changed`; they have used" in told[2]


def test_another_agent_is_a_change_and_another_fallback_is_none() -> None:
    class Other(Scripted):
        key = "another"

    def make(*agents: Any) -> Make:
        return lambda _: Task("a", agent=agents, prompt="Do it")

    other = Other("y", name="other")
    assert changes(make(Scripted("x")), make(Scripted("x"), other)) == {}
    assert changes(make(Scripted("x")), make(other)) == {"a": "agent"}


def test_the_schema_counts() -> None:
    def make(model: Any) -> Make:
        return lambda _: text("a", "Do it", output=model)

    def answered(model: Any) -> Make:
        return lambda _: Task("a", agent=Scripted('{"size": 3}'), prompt="Do it", output=model)

    assert changes(answered(Size), make(Wide)) == {"a": "schema"}


def test_an_output_that_no_longer_fits_is_refused_before_anything_is_paid() -> None:
    def make(model: Any) -> Make:
        return lambda _: Sequence(
            Step("a", lambda: model(size=3, name="n") if model is Named else model(), output=model),
            Step("b", lambda: 1),
        )

    run = Edits(of(make(Size)))
    finish(run)
    frames = len(run.watch.frames)
    with pytest.raises(AuthorError, match="what 'a' gave no longer fits its output=: name"):
        resumed(run, make(Named))
    assert len(run.watch.frames) == frames
    assert resumed(run, make(Named), ("a",)) == ["a"]


def test_an_output_of_a_flow_that_no_longer_fits_can_be_run_again() -> None:
    def make(model: Any) -> Make:
        async def body(run: FlowRun[None]) -> int:
            given = {"size": 3, "name": "n"} if model is Named else {}
            await run.step("a", lambda: model(**given), output=model)
            return await run.step("b", lambda: 1)

        return lambda _: Flow("f", body)

    run = Edits(of(make(Size)))
    finish(run)
    frames = len(run.watch.frames)
    with pytest.raises(AuthorError, match="what 'f/a' gave no longer fits its output=: name"):
        resumed(run, make(Named))
    assert len(run.watch.frames) == frames
    assert resumed(run, make(Named), ("f/a",)) == ["f/a", "f/b"]


def test_steps_count_by_their_syntax_and_values() -> None:
    def make(size: int) -> Make:
        return lambda _: Sequence(
            Step("plain", lambda: 1), Step("held", lambda: size), Step("c", print)
        )

    def other(_: Context[NoInput]) -> Node[Any]:
        size = 4
        return Sequence(Step("plain", lambda: 2), Step("held", lambda: size), Step("c", print))

    assert changes(make(3), make(3)) == {}
    assert changes(make(3), other) == {"plain": "code", "held": "values"}


def test_commands_count_by_all_that_they_are_started_with() -> None:
    def make(**given: Any) -> Make:
        argv = given.pop("argv", ["true"])
        return lambda _: Command("a", argv, **given)

    assert changes(make(), make()) == {}
    assert changes(make(), make(argv=["true", "x"])) == {"a": "argv"}
    assert changes(make(), make(env={"A": "1"}, stdin="x")) == {"a": "env, stdin"}
    assert changes(make(cwd="."), make()) == {"a": "cwd"}


def test_what_waits_counts_by_its_question_event_and_input() -> None:
    @workflow(input=Size)
    def child(ctx: Context[Size]) -> Node[int]:
        return Step("inner", lambda: ctx.input.size)

    def make(n: int) -> Make:
        return lambda _: Sequence(
            HumanTask("human", ask=f"How many? {n}"),
            Subflow("child", child, input=Size(size=n)),
            Timer("timer", seconds=0.01 * n),
        )

    assert changes(make(1), make(1)) == {}
    assert changes(make(1), make(2)) == {"human": "question", "child": "input"}


def test_an_event_counts_by_its_name_and_correlation() -> None:
    def make(event: str) -> Make:
        return lambda _: WaitForEvent("wait", event=event, correlation="x")

    run = Edits(of(make("paid")))
    run.go()
    run.send("paid", 1, correlation="x")
    finish(run)
    resumed(run, make("sent"))
    assert {str(one.key): one.why for one in compared(run).changed} == {"wait": "event"}


def test_a_prompt_that_now_reads_more_is_asked_on_what_is_there() -> None:
    def before(ctx: Context[NoInput]) -> Node[Any]:
        a = Step("a", lambda: "a")
        b = text("b", "Do a")
        return Sequence(a, b, Approval("wait", ask="Well?"), Step("late", lambda: 1))

    def same(ctx: Context[NoInput]) -> Node[Any]:
        a = Step("a", lambda: "a")
        return Sequence(
            a,
            text("b", lambda: f"Do {ctx[a]}"),
            Approval("wait", ask="Well?"),
            Step("late", lambda: 1),
        )

    def later(ctx: Context[NoInput]) -> Node[Any]:
        late = Step("late", lambda: 1)
        b = text("b", lambda: f"Do {ctx[late]}")
        return Sequence(Step("a", lambda: "a"), b, Approval("wait", ask="Well?"), late)

    def failing(ctx: Context[NoInput]) -> Node[Any]:
        b = text("b", lambda: str(list[str]()[0]))
        return Sequence(Step("a", lambda: "a"), b, Approval("wait", ask="Well?"))

    def why(after: Make) -> list[str]:
        run = Edits(of(before))
        run.go()
        resumed(run, after)
        return [one.why for one in compared(run).changed]

    assert why(same) == []
    assert why(later) == ["it now also reads late"]
    assert why(failing) == ["its prompt now fails: IndexError: list index out of range"]


def test_tasks_in_items_loops_and_branches_are_compared() -> None:
    def make(word: str) -> Make:
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            names = Step("names", lambda: ["x", "y"])
            body = text("body", word)
            return Sequence(
                names,
                ForEach(
                    lambda: ctx[names],
                    key=str,
                    each=lambda n: text(f"item-{n}", f"{word} {n}"),
                    id="each",
                ),
                Loop(body, until=lambda: ctx.previous(body) is not None, max_iterations=3, id="l"),
                Branch(lambda: True, text("then", word), text("other", word), id="branch"),
            )

        return flow

    assert changes(make("Do"), make("Do")) == {}
    assert changes(make("Do"), make("Write")) == dict.fromkeys(
        ["body[0]", "body[1]", "item-x", "item-y", "then"], "prompt"
    )


def test_what_was_reached_before_an_edit_put_something_before_it_is_compared() -> None:
    def make(word: str, *first: str) -> Make:
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            a = Step("a", lambda: "a")
            news = [Step(id, lambda: 1) for id in first]
            b = text("b", lambda: f"{word} {ctx[a]}")
            return Sequence(*news, a, Parallel(b), Approval("wait", ask="Well?"))

        return flow

    for word, told in (("Do", []), ("Write", ["b"])):
        run = Edits(of(make("Do")))
        run.go()
        assert resumed(run, make(word, "new")) == ["new"]
        assert [str(one.key) for one in compared(run).changed] == told


def test_an_answer_of_another_run_counts_by_what_was_asked() -> None:
    def make(word: str) -> Make:
        return lambda _: text("a", word, cache=Cache())

    first, second = Edits(of(make("Do"))), Edits(of(make("Do")))
    finish(first)
    second.settings = replace(second.settings, find_answer=first.store.answers.get)
    assert finish(second) == "finished"
    assert not second.starts
    for word, told in (("Do", []), ("Write", ["prompt"])):
        resumed(second, make(word))
        assert [one.why for one in compared(second).changed] == told


def only_a(asking: Asking) -> Again:
    return Again(keys=[Key("a")], readers=False)


def test_a_reader_is_asked_on_what_it_read_also_if_that_has_run_again_since() -> None:
    count = iter(range(9))

    def make(word: str) -> Make:
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            a = Step("a", lambda: f"{next(count)} {'x' * 5000}")
            return Sequence(a, text("b", lambda: f"{word} {ctx[a][:1]}"))

        return flow

    run = Edits(of(make("Do")))
    finish(run)
    run.settings = replace(run.settings, again=only_a)
    run.go()
    run.settings = replace(run.settings, again=None)
    assert [start[0] for start in run.starts] == ["a", "b", "a"]
    for word, told in (("Do", []), ("Write", ["b"])):
        assert resumed(run, make(word)) == []
        assert [str(one.key) for one in compared(run).changed] == told


@pytest.mark.parametrize(("word", "told"), [("Do", []), ("Write", ["a"])])
def test_rows_without_fingerprints_are_compared_by_the_prompts_that_were_sent(
    word: str, told: list[str]
) -> None:
    def make(word: str) -> Make:
        return lambda _: Sequence(text("a", word), Step("b", lambda: word))

    whole = Edits(of(make("Do")))
    finish(whole)
    whole.watch.frames[:] = [
        replace(frame, changes=tuple(map(without_fingerprint, frame.changes)))
        for frame in whole.watch.frames
    ]
    made = crashed(whole, len(whole.watch.frames))
    run = Edits(made.workflow)
    run.store, run.watch, run.started_at = made.store, made.watch, made.started_at
    resumed(run, make(word))
    assert [str(one.key) for one in compared(run).changed] == told


def without_fingerprint(change: Change) -> Change:
    """As a version before fingerprints wrote it."""
    if isinstance(change, AttemptStarted):
        return replace(change, fingerprint=None)
    return change


def gated(question: str) -> Make:
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        ship = Approval("ship", ask=question)
        read = Step("read", lambda: ctx[ship].approved)
        return Sequence(Step("draft", lambda: 1), ship, read, Approval("last", ask="Last?"))

    return flow


def test_an_approval_whose_text_changed_is_asked_again_without_being_asked_to() -> None:
    run = Edits(of(gated("Ship?")))
    run.go()
    run.answer("ship")
    assert run.go().status == "waiting"
    run.workflow, run.edited = of(gated("Ship it to everybody?")), True
    edited = Edited("r1", tuple(run.watch.frames))
    before = find_done(RunState.of(run.watch.frames))
    run.settings = replace(run.settings, again=edited)
    assert run.go().status == "waiting"
    assert {key.id for key, _ in run.state.waits} == {"ship", "last"}
    assert run.state.outcome(next(key for key in run.state.ended if key.id == "read")) == "finished"
    told = reuse_of("r1", before, run.state, edited, is_edited=True).lines()
    assert told == [
        "reused: draft, read",
        "approval 'ship': its text has changed, so it is asked again",
    ]
    run.settings = replace(run.settings, again=None)
    assert finish(run) == "finished"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "run r1 has no task 'nobody'"),
        ("c", "'c' has not changed since it ran"),
    ],
)
def test_a_name_that_is_none_of_a_changed_task_is_refused(name: str, said: str) -> None:
    run = Edits(of(five()))
    finish(run)
    with pytest.raises(Refused, match=said):
        resumed(run, five(a="Do a well"), (name,))


def test_one_that_has_not_ended_is_refused() -> None:
    run = Edits(of(gated("Ship?")))
    run.go()
    with pytest.raises(Refused, match="'last' has not ended, so it cannot be run again"):
        resumed(run, gated("Ship?"), ("last",))


def test_a_branch_whose_arm_is_gone_is_explained() -> None:
    def make(*arms: str) -> Make:
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            steps = [Step(id, lambda: 1) for id in arms]
            return Sequence(Branch(lambda: False, *steps, id="pick"), Approval("last", ask="Last?"))

        return flow

    run = Edits(of(make("yes", "no")))
    run.go()
    with pytest.raises(AuthorError, match="pick took its otherwise when it ran, and has none now"):
        resumed(run, make("yes"))
    assert resumed(run, make("new", "no")) == []


def test_what_an_edit_has_taken_is_not_done_again() -> None:
    def make(word: str, *more: str) -> Make:
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            steps = [Step(id, lambda: 1) for id in more]
            return Sequence(Step("a", lambda: word), *steps, Approval("last", ask="Last?"))

        return flow

    run = Edits(of(make("x", "b", "c")))
    run.go()
    assert resumed(run, make("y", "b"), ()) == ["a"]
    assert [str(key) for key in run.state.reset] == ["a"]


def test_a_step_with_an_effect_is_asked_about_first() -> None:
    def make(word: str) -> Make:
        return lambda _: Sequence(Step("send", lambda: word, effect=True))

    run = Edits(of(make("a")))
    finish(run)
    run.workflow, run.edited = of(make("b")), True
    run.settings = replace(run.settings, again=Edited("r1", tuple(run.watch.frames), ()))
    assert run.go().status == "waiting"
    assert [kind for _, kind in run.state.waits] == ["repeat"]


def parts(*items: str, deep: bool = False, more: bool = False) -> Make:
    """A fan-out, a branch and a loop, and who reads them."""

    def make(ctx: Context[NoInput]) -> Node[Any]:
        each = ForEach(
            lambda: list(items), key=str, each=lambda one: text(f"do {one}", f"Do {one}"), id="each"
        )
        branch = Branch(lambda: deep, text("deep", "Dive"), text("flat", "Walk"), id="branch")
        again = text("again", "Again")
        loop = Loop(
            again,
            until=lambda: not more or ctx.previous(again) is not None,
            max_iterations=2,
            id="loop",
        )
        late = text("late", lambda: f"Of {ctx[each]}")
        return Sequence(each, branch, loop, late, text("free", "Nothing"), result=each)

    return make


def test_other_items_are_told_and_only_the_new_ones_run_if_that_is_asked_for() -> None:
    run = Edits(of(parts("x", "y")))
    finish(run)
    after = parts("z", "x", "y")
    assert resumed(run, after) == []
    assert {str(one.key): one.why for one in compared(run).changed} == {"each": "items new: z"}
    assert sorted(resumed(run, after, ())) == ["do z", "late"]
    assert run.state.outcome(Key("do x")) == "finished"
    assert resumed(run, after, ()) == []
    assert not compared(run).changed


def test_items_in_another_order_are_told_and_none_runs_again() -> None:
    run = Edits(of(parts("x", "y")))
    finish(run)
    after = parts("y", "x")
    assert resumed(run, after) == []
    assert compared(run).changed[0].why == "items in another order"
    assert resumed(run, after, ("each",)) == ["late"]


def test_another_arm_runs_if_that_is_asked_for_and_the_one_before_is_skipped() -> None:
    run = Edits(of(parts("x")))
    finish(run)
    assert resumed(run, parts("x", deep=True)) == []
    assert {str(one.key): one.why for one in compared(run).changed} == {
        "branch": "its test is now True"
    }
    assert resumed(run, parts("x", deep=True), ()) == ["deep"]
    assert run.state.outcome(Key("flat")) == "skipped"
    assert resumed(run, parts("x", deep=True), ()) == []


def test_a_loop_whose_until_comes_out_differently_continues_if_that_is_asked_for() -> None:
    run = Edits(of(parts("x")))
    finish(run)
    assert resumed(run, parts("x", more=True)) == []
    assert {str(one.key): one.why for one in compared(run).changed} == {
        "loop[0]": "its until is now False"
    }
    assert resumed(run, parts("x", more=True), ("loop",)) == ["again[1]"]
    assert resumed(run, parts("x")) == []
    assert [str(one.key) for one in compared(run).changed] == ["loop[0]"]


def test_a_skip_that_comes_out_differently_is_told() -> None:
    def make(skips: bool) -> Make:
        return lambda _: Sequence(text("a", "A", skip_if=lambda: skips), Step("b", lambda: 1))

    run = Edits(of(make(True)))
    finish(run)
    assert resumed(run, make(False)) == []
    assert {str(one.key): one.why for one in compared(run).changed} == {
        "a": "its skip_if is now False"
    }
    assert resumed(run, make(False), ()) == ["a"]
    assert resumed(run, make(True), ()) == []
    assert run.state.outcome(Key("a")) == "skipped"


def test_what_handled_a_failure_further_down_stays_as_it_is() -> None:
    def make(prompt: str) -> Make:
        def make(_: Context[NoInput]) -> Node[Any]:
            body = Step("body", lambda: list[int]()[0])
            caught = Try(body, catch=lambda error: text("caught", str(error)), id="try")
            return Sequence(text("a", prompt), caught, text("late", "Do late"))

        return make

    run = Edits(of(make("Do a")))
    finish(run)
    assert resumed(run, make("Do it"), ()) == ["a"]
    assert run.state.outcome(Key("caught")) == "finished"


def test_what_read_a_question_that_is_open_again_has_not_changed() -> None:
    def make(ask: str, more: str = "") -> Make:
        def make(ctx: Context[NoInput]) -> Node[Any]:
            ship = Approval("ship", ask=ask)
            late = text("late", lambda: f"Shipped: {ctx[ship].approved}")
            return Sequence(text("a", f"Do a{more}"), ship, late)

        return make

    run = Edits(of(make("Ship?")))
    run.go()
    run.answer("ship")
    finish(run)
    run.edited = True
    for after, rerun in ((make("Really?"), None), (make("Really?", "!"), ())):
        run.workflow = of(after)
        run.asked = Edited("r1", tuple(run.watch.frames), rerun)
        run.settings = replace(run.settings, again=run.asked)
        assert run.go().status == "waiting"
    assert [str(one.key) for one in compared(run).changed] == ["a"]
    assert run.state.outcome(Key("late")) == "finished"
