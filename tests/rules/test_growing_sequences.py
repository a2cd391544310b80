"""DESIGN 3 and 4: the next part of a sequence is given by its `then`, once it is time for it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from smithers import (
    Approval,
    Branch,
    Budget,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Rework,
    Sequence,
    Step,
    Task,
    Workflow,
    workflow,
)
from smithers.changes import Key
from smithers.engine.edited import Edited
from smithers.errors import AuthorError
from tests.rules.agents import Scripted
from tests.rules.resuming import check_every_crash, crashed, finish
from tests.rules.runs import Run

Make = Callable[[Context[NoInput]], Node[Any]]


def of(make: Make) -> Workflow[Any, Any]:
    return workflow(input=NoInput, name="flow")(make)


def number(at: int) -> Step[int]:
    return Step(f"s{at}", lambda: at, output=int)


class Size(BaseModel):
    size: int


@workflow(input=Size)
def counted(ctx: Context[Size]) -> Node[str]:
    """Each step decides by its output whether there is another one."""

    def count(at: int) -> Node[Any]:
        one = number(at)
        return Sequence(one, then=lambda: count(ctx[one] + 1) if at + 1 < ctx.input.size else None)

    return Sequence(count(0), result=lambda: "done")


def growing(size: int) -> Run:
    return Run(counted, f'{{"size":{size}}}')


def test_each_part_comes_by_what_the_one_before_gave() -> None:
    run = growing(4)
    ended = run.go()
    assert (ended.status, ended.output) == ("finished", '"done"')
    assert run.starts == ["s0#1", "s1#1", "s2#1", "s3#1"]
    assert len(run.watch.frames) == 5


def test_a_crash_changes_nothing() -> None:
    def make() -> Workflow[Any, Any]:
        agent = Scripted(lambda ask: ask.prompt)

        def flow(ctx: Context[NoInput]) -> Node[Any]:
            def decide(at: int) -> Node[Any]:
                ask = Task(f"decide {at}", agent=agent, prompt=f"What is next after {at}?")

                def rest() -> Node[Any] | None:
                    if at == 2:
                        return None
                    do = Step(f"do {at}", lambda: len(ctx[ask]))
                    allow = Approval(f"allow {at}", ask=lambda: f"Do {ctx[ask]}?")
                    return Sequence(Parallel(do, allow), then=lambda: decide(at + 1))

                return Sequence(ask, then=rest)

            return Sequence(decide(0), Step("last", lambda: 1))

        return of(flow)

    state = check_every_crash(make)
    assert state.run_status == "finished"
    assert [key.id for key in state.ended if key.id.startswith("decide")] == [
        f"decide {at}" for at in range(3)
    ]


def test_a_next_part_that_is_none_is_the_end() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[int]:
        first = number(1)
        return Sequence(first, then=lambda: None, result=first)

    ended = Run(flow).go()
    assert (ended.status, ended.output) == ("finished", "1")


def test_a_sequence_may_have_nothing_but_its_next_part() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        return Sequence(then=lambda: number(1))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["s1#1"]


def test_it_is_called_once_and_once_more_to_see_that_it_repeats() -> None:
    calls: list[int] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        def rest(at: int) -> Node[Any] | None:
            calls.append(at)
            return Sequence(number(at), then=lambda: rest(at + 1)) if at < 4 else None

        return Sequence(number(0), then=lambda: rest(1))

    Run(flow).go()
    assert calls == [1, 1, 2, 3, 4]


def test_it_waits_for_what_it_reads() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        slow = Approval("slow", ask="May it?")
        grows = Sequence(number(0), then=lambda: number(1) if ctx[slow].approved else None)
        return Parallel(slow, grows)

    run = Run(flow)
    assert run.go().status == "waiting"
    waits = {
        str(key): one.opened.on for (key, kind), one in run.state.waits.items() if kind == "data"
    }
    assert waits == {"parallel/sequence1/part1": ("slow",)}
    run.answer("slow")
    assert run.go().status == "finished"
    assert run.outcome("s1") == "finished"


def test_one_that_raises_fails_its_sequence_and_a_resume_calls_it_again() -> None:
    broken = True

    def rest() -> Node[Any]:
        if broken:
            raise ValueError("not today")
        return number(1)

    run = Run(of(lambda ctx: Sequence(number(0), then=rest)))
    assert run.go().status == "failed"
    error = run.state.ended[Key("sequence/part1")].error
    assert error is not None
    assert error.message == "the then of this sequence: ValueError: not today"
    broken = False
    assert run.go().status == "finished"
    assert run.starts == ["s0#1", "s1#1"]


def test_it_may_not_read_what_failed_with_brackets() -> None:
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        bad = Step("bad", lambda: 1 // 0, on_failure="continue")
        grows = Sequence(number(0), then=lambda: number(ctx[bad]))
        return Parallel(bad, grows)

    run = Run(of(flow))
    assert run.go().status == "failed"
    error = run.state.ended[Key("parallel/sequence1/part1")].error
    assert error is not None
    assert error.message == "parallel/sequence1/part1 reads bad, which failed"


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (number(1), "the then of this sequence must be a callable, not <Step 's1'>"),
        (number, "the then of this sequence must take no arguments"),
    ],
)
def test_it_must_be_a_callable_without_arguments(then: Any, said: str) -> None:
    with pytest.raises(AuthorError, match=said):
        Sequence(number(0), then=then)


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (lambda: 7, "the then of this sequence returned 7, which is not a node"),
        (
            lambda: Step(str(uuid.uuid4()), lambda: 1),
            "the then of this sequence returns different nodes each time it is called",
        ),
        (lambda: number(0), "the id 's0' is used twice"),
    ],
)
def test_what_it_returns_is_checked(then: Any, said: str) -> None:
    run = Run(of(lambda ctx: Sequence(number(0), then=then)))
    assert run.go().status == "failed"
    error = run.state.ended[Key("sequence/part1")].error
    assert error is not None
    assert said in error.message


def test_two_parts_have_different_ids() -> None:
    def rest() -> Node[Any]:
        return Sequence(number(1), then=rest)

    run = Run(of(lambda ctx: Sequence(number(0), then=rest)))
    assert run.go().status == "failed"
    error = run.state.ended[Key("sequence/part2")].error
    assert error is not None
    assert "the id 's1' is used twice" in error.message


def test_a_part_with_a_result_gives_it() -> None:
    """Options of a sequence keep its parts inside it."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[int]:
        def sum_from(at: int) -> Node[int]:
            one = number(at)

            def rest() -> Node[int] | None:
                return sum_from(at + 1) if at < 3 else None

            def total() -> int:
                return ctx[one] + ((ctx.get(f"sum {at + 1}", int) or 0) if at < 3 else 0)

            return Sequence(one, then=rest, result=total, id=f"sum {at}")

        return sum_from(1)

    ended = Run(flow).go()
    assert (ended.status, ended.output) == ("finished", "6")


def test_parts_inside_parts_have_an_end() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        def deeper(at: int) -> Sequence[None]:
            return Sequence(number(at), then=lambda: deeper(at + 1), id=f"deep {at}")

        return deeper(0)

    run = Run(flow)
    assert run.go().status == "failed"
    (error,) = (one.error for one in run.state.ended.values() if one.error)
    assert error.message == "a Sequence with then= is inside 20 others, which is the most"
    assert error.hint.startswith("return it from then= without id=")


def test_each_iteration_and_each_item_has_its_own_parts() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        def each(item: str) -> Node[Any]:
            first = Step(item, lambda: item)
            return Sequence(first, then=lambda: Step(f"{item} {ctx[first]}", lambda: 1))

        turn: Step[int] = Step("turn", lambda: (ctx.previous(turn) or 0) + 1, output=int)

        def rest(at: int) -> Node[Any] | None:
            if at > ctx[turn]:
                return None
            return Sequence(Step(f"in {at}", lambda: at), then=lambda: rest(at + 1))

        loop = Loop(
            Sequence(turn, then=lambda: rest(1)), until=lambda: ctx[turn] == 3, max_iterations=5
        )
        return Sequence(ForEach(["a", "b"], key=str, each=each), loop)

    run = Run(flow)
    assert run.go().status == "finished"
    done = sorted(str(key) for key in run.state.ended if key.id not in ("a", "b", "turn"))
    assert done == [
        "a a",
        "b b",
        "in 1[0]",
        "in 1[1]",
        "in 1[2]",
        "in 2[1]",
        "in 2[2]",
        "in 3[2]",
    ]
    assert not {key.path for key in run.state.ended} - {(), (0,), (1,), (2,)}


def test_who_reads_a_part_that_is_not_there_yet_waits_for_it() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        reader = Step("reader", lambda: ctx.get("s2", int), needs=("s2",))
        grows = Sequence(number(0), then=lambda: Sequence(number(1), then=lambda: number(2)))
        return Parallel(reader, grows)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("reader") == "2"


def test_who_reads_a_part_that_never_comes_is_told_so() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        reader = Step("reader", lambda: ctx.get("s2", int))
        return Parallel(reader, Sequence(number(0), then=lambda: number(1)))

    run = Run(flow)
    assert run.go().status == "failed"
    error = run.state.ended[Key("reader")].error
    assert error is not None
    assert "reads 's2' which is not part of the workflow tree" in error.message


def test_a_part_cannot_wait_for_one_that_comes_after_it() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        early = Step("early", lambda: 1, needs=("late",))
        return Sequence(early, then=lambda: Step("late", lambda: 2))

    with pytest.raises(AuthorError, match="early reads 'late', which is not part of the workflow"):
        Run(flow).go()


def test_a_session_is_continued_from_part_to_part() -> None:
    agent = Scripted("a", "b", "c")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        def ask(at: int) -> Node[Any]:
            before = f"ask {at - 1}" if at else None
            one = Task(f"ask {at}", agent=agent, prompt=f"prompt {at}", continues=before)
            return Sequence(one, then=lambda: ask(at + 1) if at < 2 else None)

        return ask(0)

    assert Run(flow).go().status == "finished"
    assert [ask.session for ask in agent.asks] == [None, "agent-1", "agent-1"]


def test_a_budget_covers_all_parts() -> None:
    agent = Scripted("a")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        def ask(at: int) -> Node[Any]:
            one = Task(f"ask {at}", agent=agent, prompt="work")
            return Sequence(one, then=lambda: ask(at + 1))

        return Sequence(number(0), then=lambda: ask(0), budget=Budget(calls=3, on_exhausted="fail"))

    run = Run(flow)
    assert run.go().status == "failed"
    assert len(agent.asks) == 3


def test_a_failure_cancels_no_part_that_never_came() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        bad = Step("bad", lambda: 1 // 0)
        return Sequence(Sequence(bad, then=lambda: number(1), on_failure="continue"), number(2))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["bad#1", "s2#1"]
    assert "s1" not in run.state.nodes


def test_work_that_is_sent_back_takes_what_was_decided_by_it_along() -> None:
    agent = Scripted("one", "two")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        plan = Task("plan", agent=agent, prompt="Plan.")

        def rest() -> Node[Any]:
            what = ctx[plan]
            return Sequence(
                Step(f"do {what}", lambda: what),
                then=lambda: Sequence(
                    Approval("ship", ask=lambda: f"{ctx[plan]}?", on_deny=Rework(plan)),
                    then=lambda: number(1),
                ),
            )

        return Sequence(number(0), plan, then=rest)

    run = Run(flow)
    run.go()
    assert run.outcome("do one") == "finished"
    run.answer("ship", approved=False)
    assert finish(run) == "finished"
    assert run.starts == ["s0#1", "plan#1", "do one#1", "plan#2", "do two#1", "s1#1"]
    assert "do one" not in run.state.nodes


class Edits(Run):
    """A run that is resumed after edits."""

    def resumed(self, after: Make, rerun: Collection[str] | None = None) -> list[str]:
        """What started because of it."""
        done = len(self.starts)
        self.workflow, self.edited = of(after), True
        before = self.settings
        self.asked = Edited("r1", tuple(self.watch.frames), rerun)
        self.settings = replace(before, again=self.asked)
        self.go()
        self.settings = before
        finish(self)
        return [start.partition("#")[0] for start in self.starts[done:]]


def chain(*prompts: str) -> Make:
    """Asks whose next part is there as long as there are prompts; `!` ends it by what was read."""

    def make(ctx: Context[NoInput]) -> Node[Any]:
        def ask(at: int) -> Node[Any]:
            agent = Scripted(*[f"answer {at}"] * 5)
            one = Task(f"ask {at}", agent=agent, prompt=prompts[at])

            def rest() -> Node[Any] | None:
                return ask(at + 1) if at + 1 < len(prompts) and ctx[one] else None

            return Sequence(one, then=rest)

        return Sequence(ask(0), Step("last", lambda: 1))

    return make


def test_what_changed_runs_again_with_the_parts_that_its_output_decided() -> None:
    run = Edits(of(chain("a", "b", "c", "d")))
    assert finish(run) == "finished"
    assert run.resumed(chain("a", "b", "better c", "d")) == []
    assert run.resumed(chain("a", "b", "better c", "d"), ()) == ["ask 2", "ask 3"]


def test_an_edit_that_adds_a_part_is_told_and_made_when_it_is_asked_for() -> None:
    run = Edits(of(chain("a", "b")))
    assert finish(run) == "finished"
    assert run.resumed(chain("a", "b", "c")) == []
    assert run.asked.comparison is not None
    (changed,) = run.asked.comparison.changed
    assert str(changed.key) == "sequence/sequence1/part2"
    assert changed.why == "its then now returns a node"
    assert run.resumed(chain("a", "b", "c"), ()) == ["ask 2"]


def test_an_edit_that_takes_a_part_away_is_told() -> None:
    run = Edits(of(chain("a", "b", "c")))
    assert finish(run) == "finished"
    assert run.resumed(chain("a", "b")) == []
    assert "part 2: what then= gave is no longer there" in run.reports
    assert "ask 2" not in run.state.nodes
    assert run.resumed(chain("a", "b", "c")) == []
    assert run.outcome("ask 2") == "finished"


def test_a_then_that_gives_something_else_after_a_crash_is_refused() -> None:
    there = True
    run = Run(of(lambda ctx: Sequence(number(0), then=lambda: number(1) if there else None)))
    assert run.go_frames(2)
    there = False
    again = crashed(run, 2)
    with pytest.raises(AuthorError, match="returned no node, and did before the crash"):
        again.go()


def test_a_sequence_with_parts_is_named_where_the_structure_reads() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        first = number(0)
        more = [number(2)] if ctx.get(first) is not None else []
        return Sequence(first, Sequence(number(1), then=lambda: number(3)), *more)

    with pytest.raises(AuthorError, match=r"Sequence has no id, and .* reads outputs"):
        Run(flow).go()


def test_parts_stay_when_the_tree_around_them_is_rendered_again() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[None]:
        late = Approval("late", ask="May it?")
        more = [number(9)] if ctx.get(late) is not None else []

        def rest(at: int) -> Node[Any] | None:
            test = Branch(lambda: True, number(at), id=f"b{at}")
            return Sequence(test, then=lambda: rest(at + 1)) if at < 4 else None

        return Parallel(late, Sequence(number(0), then=lambda: rest(1), id="grows"), *more)

    run = Run(flow)
    ended = run.go()
    assert ended.status == "waiting", ended.error
    run.answer("late")
    assert run.go().status == "finished"
    assert sorted(run.starts) == ["s0#1", "s1#1", "s2#1", "s3#1", "s9#1"]
