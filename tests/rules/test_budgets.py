"""DESIGN 5: at the cap of a budget nothing new starts, and the run waits or ends, as is chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from smithers import (
    Approval,
    Budget,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Answered, Capabilities, Event, Started, Used
from smithers.amounts import Amounts
from smithers.changes import AttemptStarted, BudgetRaised, Key, UsageCounted, WaitOpened
from smithers.errors import AuthorError, Transient
from tests.rules.agents import HANGS, Scripted
from tests.rules.resuming import check_every_crash, crashed, finish
from tests.rules.runs import Clock, Run

SOON = Retry(tries=3, first_s=0.001, jitter=0)


def paid(usd: str, name: str = "paid") -> Scripted:
    """An agent each of whose answers costs so much."""
    line: list[Event | Exception] = [Used(tokens_in=10, cost=Decimal(usd)), Answered("done")]
    agent = Scripted(line, name=name)
    agent.can = Capabilities(reports_cost=True)
    return agent


def pair(budget: Budget | None, *, on: str = "workflow") -> Run:
    """Two tasks of an agent that uses 12 tokens an answer, one after the other."""

    @workflow(budget=budget if on == "workflow" else None)
    def flow(ctx: Context[NoInput]) -> Node:
        first = Task("first", agent=Scripted(), prompt="1")
        second = Task("second", agent=Scripted(), prompt="2")
        return Sequence(first, second, budget=budget if on == "node" else None)

    return Run(flow)


def budget_waits(run: Run) -> dict[Key, str | None]:
    return {
        key: wait.opened.asked for (key, kind), wait in run.state.waits.items() if kind == "budget"
    }


async def told_of_a_budget(run: Run) -> None:
    """Return when the run that is being driven waits for a larger budget."""
    while not any(  # noqa: ASYNC110  # the watcher has no event
        isinstance(change, WaitOpened) and change.kind == "budget"
        for frame in run.watch.frames
        for change in frame.changes
    ):
        await asyncio.sleep(0)


def calls_of(run: Run) -> int:
    """Requests to agents, as the rows tell."""
    changes = [change for frame in run.watch.frames for change in frame.changes]
    started = sum(isinstance(one, AttemptStarted) and one.prompt is not None for one in changes)
    return started + sum(one.calls for one in changes if isinstance(one, UsageCounted))


# -- each measure


def test_a_fan_out_never_starts_more_calls_than_its_cap() -> None:
    @workflow(budget=Budget(calls=3))
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(*(Task(f"t{n}", agent=Scripted(), prompt="p") for n in range(9)))

    run = Run(flow)
    assert run.go().status == "waiting"
    assert run.starts == ["t0#1", "t1#1", "t2#1"]
    assert budget_waits(run) == {Key(""): "the budget of the run is spent: 3 of 3 calls"}
    run.raise_budget(calls=2)
    assert run.go().status == "waiting"
    assert len(run.starts) == 5
    run.raise_budget(calls=4)
    assert run.go().status == "finished"
    assert len(run.starts) == 9
    assert budget_waits(run) == {}


def test_tokens_in_and_out_count_and_what_runs_may_end() -> None:
    run = pair(Budget(tokens=12))
    assert run.go().status == "waiting"
    assert run.starts == ["first#1"]
    assert budget_waits(run) == {Key(""): "the budget of the run is spent: 12 of 12 tokens"}
    assert run.outcome("first") == "finished"
    run.raise_budget(tokens=1)
    assert run.go().status == "finished"


def test_a_budget_that_is_not_at_its_cap_holds_nothing() -> None:
    run = pair(Budget(tokens=13, calls=2, time_s=1e6))
    assert run.go().status == "finished"
    assert not any(kind == "budget" for _, kind in run.state.waits)


def test_money_is_added_as_decimal_numbers() -> None:
    @workflow(budget=Budget(usd=0.3))
    def flow(ctx: Context[NoInput]) -> Node:
        one, two = paid("0.1", "one"), paid("0.2", "two")
        return Sequence(
            Task("a", agent=one, prompt="p"),
            Task("b", agent=two, prompt="p"),
            Task("c", agent=one, prompt="p"),
        )

    run = Run(flow)
    assert run.go().status == "waiting"  # in binary, 0.1 + 0.2 is more than 0.3, and 0.3 - 0.1 less
    assert run.starts == ["a#1", "b#1"]
    assert budget_waits(run) == {Key(""): "the budget of the run is spent: $0.30 of $0.30"}


def test_time_is_that_of_attempts_and_not_that_of_waiting_for_people() -> None:
    clock = Clock()

    @workflow(budget=Budget(time_s=50))
    def flow(ctx: Context[NoInput]) -> Node:
        def slow() -> int:
            clock.pass_s(30)
            return 1

        last = Task("c", agent=Scripted(), prompt="p")
        return Sequence(Step("a", slow), Approval("ok", ask="go on?"), Step("b", slow), last)

    run = Run(flow, now=clock)
    assert run.go().status == "waiting"
    clock.pass_s(10_000)
    run.answer("ok")
    assert run.go().status == "waiting"
    assert run.starts == ["a#1", "b#1"]
    assert budget_waits(run) == {Key(""): "the budget of the run is spent: 60 of 50 s"}


def test_the_time_of_attempts_that_still_run_counts_so_far() -> None:
    clock = Clock()

    @workflow(budget=Budget(time_s=50))
    def flow(ctx: Context[NoInput]) -> Node:
        hangs = Task("hangs", agent=Scripted(HANGS), prompt="p")
        passes = Step("passes", lambda: clock.pass_s(51))
        return Parallel(hangs, Sequence(passes, Task("next", agent=Scripted(), prompt="p")))

    run = Run(flow, now=clock)

    async def until_it_waits() -> None:
        going = asyncio.create_task(run.drive())
        async with asyncio.timeout(20):
            await told_of_a_budget(run)
            run.engine.stop()
            await going

    asyncio.run(until_it_waits())
    assert "next#1" not in run.starts


# -- retries and repairs


def test_each_retry_is_a_call() -> None:
    cut = Scripted(Transient("cut"), Transient("cut"), "done")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("t", agent=cut, prompt="p", retry=SOON, budget=Budget(calls=2))

    run = Run(flow)
    assert run.go().status == "waiting"
    assert run.starts == ["t#1", "t#2"]
    run.raise_budget("t", calls=1)
    assert run.go().status == "finished"


def repairing(calls: int) -> tuple[Run, Scripted]:
    agent = Scripted("no number", "still none", "7")

    @workflow(budget=Budget(calls=calls))
    def flow(ctx: Context[NoInput]) -> Node[int]:
        return Task("t", agent=agent, prompt="p", output=int)

    return Run(flow), agent


def test_each_repair_is_a_call() -> None:
    run, agent = repairing(3)
    assert run.go().status == "finished"
    assert (calls_of(run), len(agent.asks)) == (3, 3)


def test_at_the_cap_an_answer_is_not_repaired_until_the_budget_is_raised() -> None:
    run, agent = repairing(2)
    assert run.go().status == "waiting"
    assert len(agent.asks) == 2
    assert [one.state for one in run.state.attempts.values()] == ["interrupted"]
    run.raise_budget(calls=1)
    assert run.go().status == "finished"
    assert agent.asks[2].session == "agent-1"  # it goes on where it stopped
    assert calls_of(run) == 3


def test_an_answer_that_may_not_be_repaired_fails_where_the_author_says_so() -> None:
    agent = Scripted("no number", "7")

    @workflow(budget=Budget(calls=1, on_exhausted="fail"))
    def flow(ctx: Context[NoInput]) -> Node[int]:
        return Task("t", agent=agent, prompt="p", output=int)

    run = Run(flow)
    status = run.go()
    assert status.error is not None
    assert (status.status, status.error.kind) == ("failed", "BudgetExhausted")
    assert len(agent.asks) == 1


# -- where a budget stands


def test_other_subtrees_go_on() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def line(name: str, budget: Budget | None = None) -> Node:
            tasks = [Task(f"{name}{n}", agent=Scripted(), prompt="p") for n in range(3)]
            return Sequence(*tasks, budget=budget)

        return Parallel(line("a", Budget(calls=1)), line("b"))

    run = Run(flow)
    assert run.go().status == "waiting"
    assert sorted(run.starts) == ["a0#1", "b0#1", "b1#1", "b2#1"]
    assert list(budget_waits(run)) == [Key("parallel/sequence1")]


def test_who_is_held_holds_no_slot_of_a_limited_group() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def line(name: str, budget: Budget | None) -> Node:
            tasks = [Task(f"{name}{n}", agent=Scripted(), prompt="p") for n in range(2)]
            return Parallel(*tasks, budget=budget)

        spent = Task("spent", agent=Scripted(), prompt="p")
        held = Sequence(
            spent, Parallel(line("a", None), line("b", None), limit=1), budget=Budget(calls=1)
        )
        return Parallel(held, line("c", None), limit=2)

    run = Run(flow)
    assert run.go().status == "waiting"
    assert sorted(run.starts) == ["c0#1", "c1#1", "spent#1"]


@pytest.mark.parametrize("order", [["", "t"], ["t", ""]])
def test_every_budget_around_a_task_must_allow_it(order: list[str]) -> None:
    cut = Scripted(Transient("cut"), "done")

    @workflow(budget=Budget(calls=1))
    def flow(ctx: Context[NoInput]) -> Node:
        return Task(
            "t",
            agent=cut,
            prompt="p",
            retry=SOON,
            budget=Budget(calls=1),
        )

    run = Run(flow)
    assert run.go().status == "waiting"
    assert set(budget_waits(run)) == {Key("t"), Key("")}
    run.raise_budget(order[0], calls=1)
    assert run.go().status == "waiting"
    run.raise_budget(order[1], calls=1)
    assert run.go().status == "finished"
    assert budget_waits(run) == {}


def test_a_node_in_a_loop_has_its_budget_in_each_iteration_anew() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def number() -> int:
            return (ctx.previous(count) or 0) + 1

        count: Step[int] = Step("count", number)
        task = Task("t", agent=Scripted(), prompt="p", budget=Budget(calls=1))
        return Loop(count, task, until=lambda: ctx[count] == 3, max_iterations=5, id="loop")

    run = Run(flow)
    assert run.go().status == "finished"


def test_the_budget_of_a_loop_is_that_of_all_its_iterations() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        task = Task("t", agent=Scripted(), prompt="p")
        return Loop(
            task,
            until=lambda: False,
            max_iterations=5,
            on_exhausted="finish",
            budget=Budget(calls=2),
            id="loop",
        )

    run = Run(flow)
    assert run.go().status == "waiting"
    assert run.starts == ["t[0]#1", "t[1]#1"]
    assert list(budget_waits(run)) == [Key("loop")]


def test_a_raise_in_one_iteration_is_for_that_one() -> None:
    cut = Scripted(Transient("cut"), "done", Transient("cut"), "done")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        task = Task("t", agent=cut, prompt="p", retry=SOON, budget=Budget(calls=1))
        return Loop(task, until=lambda: False, max_iterations=2, on_exhausted="finish", id="loop")

    run = Run(flow)
    assert run.go().status == "waiting"
    assert list(budget_waits(run)) == [Key("t", (0,))]
    run.raise_budget("t", (0,), calls=5)
    assert run.go().status == "waiting"
    assert list(budget_waits(run)) == [Key("t", (1,))]
    run.raise_budget("t", (1,), calls=1)
    assert run.go().status == "finished"


def test_items_of_a_fan_out_have_budgets_of_their_own() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def each(name: str) -> Node:
            tasks = [Task(f"{name}{n}", agent=Scripted(), prompt="p") for n in range(2)]
            return Sequence(*tasks, budget=Budget(calls=1 if name == "b" else 2))

        return ForEach(lambda: ["a", "b", "c"], key=str, each=each, id="all")

    run = Run(flow)
    assert run.go().status == "waiting"
    assert sorted(run.starts) == ["a0#1", "a1#1", "b0#1", "c0#1", "c1#1"]
    assert list(budget_waits(run)) == [Key("all/b")]
    run.raise_budget("all/b", calls=1)
    assert run.go().status == "finished"


# -- at the end, as the author chose


def failing(calls: int = 1) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        tasks = [Task(f"t{n}", agent=Scripted(), prompt="p") for n in range(3)]
        return Sequence(*tasks, budget=Budget(calls=calls, on_exhausted="fail"))

    return Run(flow)


def test_fail_fails_what_was_to_start_and_says_why() -> None:
    run = failing()
    status = run.go()
    assert status.status == "failed"
    assert status.error is not None
    assert status.error.kind == "BudgetExhausted"
    assert status.error.message == "t1 failed: the budget of the sequence is spent: 1 of 1 call"
    assert run.starts == ["t0#1"]


def test_a_run_that_failed_by_its_budget_goes_on_when_that_is_raised() -> None:
    run = failing()
    run.go()
    assert run.go().status == "failed"  # nothing was raised
    run.raise_budget("sequence", calls=2)
    assert run.go().status == "finished"
    assert run.starts == ["t0#1", "t1#1", "t2#1"]


def test_what_runs_may_end_where_the_run_is_to_fail() -> None:
    @workflow(budget=Budget(calls=2, on_exhausted="fail"))
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(*(Task(f"t{n}", agent=Scripted(), prompt="p") for n in range(4)))

    run = Run(flow)
    assert run.go().status == "failed"
    assert [run.outcome(f"t{n}") for n in range(2)] == ["finished", "finished"]
    assert len(run.starts) == 2


def test_what_was_used_before_a_failed_run_was_resumed_counts() -> None:
    agent = Scripted(Transient("cut"), Transient("cut"), Transient("cut"), "done")

    @workflow(budget=Budget(calls=3))
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("t", agent=agent, prompt="p", retry=SOON)

    run = Run(flow)
    assert run.go().status == "failed"
    assert run.go().status == "waiting"
    run.raise_budget(calls=1)
    assert run.go().status == "finished"


def test_nobody_waits_for_a_budget_below_which_nothing_is_left() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        spent = Sequence(
            Task("a", agent=Scripted(), prompt="p"),
            Task("b", agent=Scripted(), prompt="p"),
            budget=Budget(calls=1),
        )
        ok = Approval("ok", ask="go on?")
        return Parallel(spent, ok)

    run = Run(flow)
    assert run.go().status == "waiting"
    assert budget_waits(run)
    run.answer("ok", approved=False)
    assert run.go().status == "failed"
    assert run.outcome("b") == "cancelled"
    assert budget_waits(run) == {}


# -- raising


def test_a_budget_can_be_raised_before_it_is_spent() -> None:
    @workflow(budget=Budget(calls=1))
    def flow(ctx: Context[NoInput]) -> Node:
        tasks = [Task(f"t{n}", agent=Scripted(), prompt="p") for n in range(2)]
        return Sequence(Approval("ok", ask="?"), *tasks)

    run = Run(flow)
    run.go()
    run.raise_budget(calls=1)
    run.answer("ok")
    assert run.go().status == "finished"


def test_a_raise_that_is_not_enough_leaves_the_run_waiting_with_the_new_numbers() -> None:
    run = pair(Budget(tokens=5))
    run.go()
    run.raise_budget(tokens=2)
    assert run.go().status == "waiting"
    assert budget_waits(run) == {Key(""): "the budget of the run is spent: 12 of 7 tokens"}


def test_a_live_owner_takes_a_raise() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        tasks = [Task(f"t{n}", agent=Scripted(), prompt="p") for n in range(2)]
        hangs = Task("hangs", agent=Scripted(HANGS), prompt="p")
        return Parallel(Sequence(*tasks, budget=Budget(calls=1)), hangs)

    run = Run(flow)

    async def raise_meanwhile() -> None:
        going = asyncio.create_task(run.drive())
        async with asyncio.timeout(20):
            await told_of_a_budget(run)
            await run.offer_raise("parallel/sequence1", calls=1)
            while "t1#1" not in run.starts:  # noqa: ASYNC110  # the watcher has no event
                await asyncio.sleep(0.01)
            run.engine.stop()
            await going

    asyncio.run(raise_meanwhile())
    assert "t1#1" in run.starts


# -- the file is edited between


def edited(run: Run, budget: Budget | None) -> Run:
    run.workflow = pair(budget).workflow
    run.edited = True
    return run


def test_a_larger_budget_in_the_file_counts_on_resume() -> None:
    run = pair(Budget(calls=1))
    run.go()
    assert edited(run, Budget(calls=2)).go().status == "finished"
    assert budget_waits(run) == {}


def test_a_budget_that_was_taken_from_the_file_holds_nothing() -> None:
    run = pair(Budget(calls=1))
    run.go()
    assert edited(run, None).go().status == "finished"
    assert run.state.budgets == {}


def test_a_budget_that_is_new_in_the_file_counts_what_was_used_before() -> None:
    @workflow
    def before(ctx: Context[NoInput]) -> Node:
        first = Task("first", agent=Scripted(), prompt="1")
        return Sequence(
            first, Approval("ok", ask="?"), Task("second", agent=Scripted(), prompt="2")
        )

    @workflow(name="before", budget=Budget(calls=1))
    def after(ctx: Context[NoInput]) -> Node:
        first = Task("first", agent=Scripted(), prompt="1")
        return Sequence(
            first, Approval("ok", ask="?"), Task("second", agent=Scripted(), prompt="2")
        )

    run = Run(before)
    run.go()
    run.answer("ok")
    run.workflow, run.edited = after, True
    assert run.go().status == "waiting"
    assert run.starts == ["first#1"]


def test_what_a_task_used_that_left_the_tree_counts_for_what_stood_around_it() -> None:
    def made(*names: str) -> Any:
        @workflow(name="flow")
        def flow(ctx: Context[NoInput]) -> Node:
            tasks = [Task(name, agent=Scripted(), prompt="p") for name in names]
            return Sequence(Sequence(*tasks, budget=Budget(calls=1)), Step("end", lambda: 1))

        return flow

    run = Run(made("a", "b"))
    run.go()
    run.workflow, run.edited = made("c"), True
    assert run.go().status == "waiting"
    assert run.starts == ["a#1"]


# -- crashes


def capped_work() -> Any:
    """Retries, a repair and a fan-out below two budgets."""

    @workflow(budget=Budget(calls=4))
    def flow(ctx: Context[NoInput]) -> Node:
        cut = Task("cut", agent=Scripted(Transient("cut"), "done"), prompt="p", retry=SOON)
        mends = Task("mends", agent=Scripted("none", "7"), prompt="p", output=int)
        names = Step("names", lambda: ["x", "y", "z"])
        every = ForEach(
            lambda: ctx[names],
            key=str,
            each=lambda name: Task(name, agent=Scripted(), prompt="p"),
            budget=Budget(calls=1),
            id="every",
        )
        return Sequence(cut, names, Parallel(mends, every))

    return flow


def raises_all(run: Run) -> bool:
    waits = list(budget_waits(run))
    for key in waits:
        run.raise_budget(key.id, key.path, calls=2)
    return bool(waits)


def test_a_crash_at_any_frame_boundary_ends_the_same() -> None:
    state = check_every_crash(capped_work, answers=raises_all)
    assert state.run_status == "finished"
    assert state.raised[Key("every")].calls == 2


def test_no_crash_lets_a_call_begin_above_the_cap() -> None:
    whole = Run(capped_work())
    finish(whole, raises_all)
    for k in range(1, len(whole.watch.frames) + 1):
        run = crashed(whole, k, capped_work())
        for _ in range(9):
            status = run.go_frames(4)
            check_calls(run)
            if status == "waiting":
                raises_all(run)


def check_calls(run: Run) -> None:
    """No budget of `capped_work` has more calls than it allows, broken-off ones included."""
    state = run.state
    in_every = sum(one.key.id in "xyz" for one in state.attempts.values())
    for key, cap, calls in ((Key(""), 4, calls_of(run)), (Key("every"), 1, in_every)):
        assert calls <= cap + (state.raised.get(key, Amounts()).calls or 0)


def test_a_raise_that_was_acknowledged_is_not_lost_in_a_crash() -> None:
    run = pair(Budget(calls=1))
    run.go()
    run.raise_budget(calls=2)  # one of them is for the attempt that the crash breaks off
    assert run.go_frames(1) == "running"
    assert run.state.raised[Key("")].calls == 2
    after = crashed(run, len(run.watch.frames))
    assert after.go().status == "finished"
    assert after.state.raised[Key("")].calls == 2  # and it is not taken twice


def test_a_raise_is_one_fact_with_its_row() -> None:
    run = pair(Budget(calls=1))
    run.go()
    run.raise_budget(calls=1)
    run.go()
    raised = [
        change
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, BudgetRaised)
    ]
    assert [(one.key, one.added.calls, one.by) for one in raised] == [(Key(""), 1, "ann")]


# -- what is refused before an agent is paid


def test_a_budget_in_dollars_alone_refuses_an_agent_that_does_not_tell_its_cost() -> None:
    for make in (pair(Budget(usd=1)), pair(Budget(usd=1, time_s=9), on="node")):
        with pytest.raises(AuthorError, match="does not report its cost") as caught:
            make.go()
        assert caught.value.place is not None
        assert not make.watch.frames
    assert pair(Budget(usd=1, calls=9)).go().status == "finished"
    assert pair(Budget(usd=1, tokens=99), on="node").go().status == "finished"


def test_every_agent_of_an_array_must_tell_its_cost() -> None:
    @workflow(budget=Budget(usd=1))
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("t", agent=[paid("0.1"), Scripted(name="silent")], prompt="p")

    with pytest.raises(AuthorError, match="its agent silent does not report"):
        Run(flow).go()


def test_an_item_that_a_budget_cannot_see_fails_before_it_is_paid() -> None:
    agent = Scripted()

    @workflow(budget=Budget(usd=1))
    def flow(ctx: Context[NoInput]) -> Node:
        names = Step("names", lambda: ["a"])
        return Sequence(
            names,
            ForEach(lambda: ctx[names], key=str, each=lambda n: Task(n, agent=agent, prompt="p")),
        )

    run = Run(flow)
    assert run.go().status == "failed"
    assert agent.asks == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "has no caps"),
        ({"calls": 0}, "calls must be a number of at least 1"),
        ({"tokens": 1.5}, "tokens must be a whole number"),
        ({"usd": "five"}, "usd must be an amount of US dollars greater than 0, not 'five'"),
        ({"usd": float("nan")}, "usd must be"),
        ({"usd": -1}, "usd must be"),
        ({"usd": True}, "usd must be"),
        ({"time_s": 0}, "time_s must be a number of seconds greater than 0"),
        ({"time_s": "9"}, "time_s must be"),
        ({"calls": 1, "on_exhausted": "stop"}, "on_exhausted must be 'wait' or 'fail'"),
    ],
)
def test_a_budget_that_is_none_is_refused_at_its_line(given: dict[str, Any], words: str) -> None:
    with pytest.raises(AuthorError, match=words) as caught:
        Budget(**given)
    assert caught.value.place is not None
    assert caught.value.place.file == __file__


@pytest.mark.parametrize("usd", [5, 5.0, "5", Decimal(5)])
def test_dollars_are_taken_in_any_form(usd: Any) -> None:
    assert Budget(usd=usd).caps.usd == Decimal(5)
    assert Budget(usd=0.1).caps.usd == Decimal("0.1")


def test_what_is_no_budget_is_refused_where_it_is_written() -> None:
    makes: list[Callable[[Any], object]] = [
        lambda b: Task("t", agent=Scripted(), prompt="p", budget=b),
        lambda b: Sequence(budget=b),
        lambda b: Parallel(budget=b),
        lambda b: Loop(Step("s", lambda: 1), until=lambda: True, max_iterations=1, budget=b),
        lambda b: ForEach(["a"], key=str, each=lambda _: Step("s", lambda: 1), budget=b),
        lambda b: workflow(budget=b)(lambda ctx: Step("s", lambda: 1)),
    ]
    for make in makes:
        with pytest.raises(AuthorError, match="write budget=Budget"):
            make(5)


# -- what it costs where there is none


def test_a_run_without_budgets_counts_nothing() -> None:
    run = pair(None)
    assert run.go().status == "finished"
    assert run.engine.transition.watchers == []
    assert run.state.budgets == {}


def test_a_session_that_was_seen_is_kept_while_a_budget_is_spent() -> None:
    lines: list[Event | Exception] = [Started("s-1"), Used(tokens_in=99), Transient("cut")]

    agent = Scripted(lines, "done")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("t", agent=agent, prompt="p", retry=SOON, budget=Budget(tokens=9))

    run = Run(flow)
    assert run.go().status == "waiting"
    run.raise_budget("t", tokens=200)
    assert run.go().status == "finished"
    assert run.state.attempts[2].session == "s-1"
