"""DESIGN 3: a task that goes on in the session of another one's agent, or in a copy of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from smithers import (
    Approval,
    Branch,
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
    Workflow,
    workflow,
)
from smithers.agent import Answered, Started
from smithers.changes import Frame, Key
from smithers.errors import Busy, Permanent, Transient
from smithers.state import RunState
from tests.engine.runs import Watch
from tests.rules.agents import Line, Recalling, Scripted
from tests.rules.resuming import crashed, same, started
from tests.rules.runs import Clock, Run

SOON = Retry(tries=3, first_s=0.001, jitter=0)


def run_of(make: Callable[[Context[NoInput]], Node[Any]], **options: Any) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return make(ctx)

    return Run(flow, **options)


def sessions(run: Run, task: str, *path: int) -> list[str | None]:
    """The sessions of a task's attempts, as their rows have them."""
    return [one.session for one in run.state.tries[Key(task, path)]]


def error(run: Run, task: str) -> str:
    failure = run.state.ended[Key(task)].error
    assert failure is not None
    return failure.message


def test_a_task_goes_on_in_the_session_of_another_and_is_told_its_own_prompt_alone() -> None:
    agent = Recalling()

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=agent, prompt="Read it.")
        fix = Task("fix", agent=agent, prompt=lambda: "Fix it.", continues=read)
        return Sequence(read, fix, result=fix)

    run = run_of(flow)
    assert run.go().status == "finished"
    assert run.output("fix") == '"Read it. | Fix it."'
    assert agent.asks[1].told == "Fix it."
    assert sessions(run, "read") == sessions(run, "fix") == ["agent-1"]
    assert run.state.reads[Key("fix")].keys() == {Key("read")}


def test_forks_begin_each_with_a_copy_and_leave_the_session_as_it_was() -> None:
    agent = Recalling()

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=agent, prompt="Read it.")
        forks = [Task(f"part {n}", agent=agent, prompt=f"Part {n}.", forks=read) for n in range(9)]
        last = Task("last", agent=agent, prompt="Sum up.", continues="read")
        return Sequence(read, Parallel(*forks), last)

    run = run_of(flow)
    assert run.go().status == "finished"
    assert [run.output(f"part {n}") for n in range(9)] == [
        f'"Read it. | Part {n}."' for n in range(9)
    ]
    assert run.output("last") == '"Read it. | Sum up."'
    made = [sessions(run, f"part {n}")[0] for n in range(9)]
    assert len({*made, "agent-1"}) == 10


def test_it_waits_for_the_other_task_wherever_that_stands() -> None:
    agent = Recalling()

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=agent, prompt=lambda: ctx[name])
        name: Step[str] = Step("name", lambda: "Read it.")
        return Parallel(Task("fix", agent=agent, prompt="Fix it.", forks=read), read, name)

    run = run_of(flow)
    assert run.go().status == "finished"
    assert run.starts == ["name#1", "read#1", "fix#1"]


@pytest.mark.parametrize("how", ["failed", "skipped", "not chosen"])
def test_where_the_other_task_has_given_no_session_it_fails_and_says_why(how: str) -> None:
    agent = Recalling(None, Permanent("no") if how == "failed" else None)

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task(
            "read",
            agent=agent,
            prompt="p",
            skip_if=lambda: how == "skipped",
            on_failure="continue",
        )
        first = Branch(lambda: how != "not chosen", read)
        return Sequence(first, Task("fix", agent=agent, prompt="p", continues=read))

    run = run_of(flow)
    assert run.go().status == "failed"
    said = "failed" if how == "failed" else "was skipped"
    assert error(run, "fix") == f"fix continues read, which {said}"
    assert len(agent.asks) == (how == "failed")


def test_an_agent_that_told_no_session_has_none_to_give() -> None:
    agent = Scripted([Answered("done")], name="a")

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=agent, prompt="p")
        return Sequence(read, Task("fix", agent=agent, prompt="p", continues=read))

    run = run_of(flow)
    assert run.go().status == "failed"
    assert error(run, "fix") == "fix continues read, which has no known session with a"


# -- agents


def test_the_agent_that_holds_the_session_is_tried_first() -> None:
    a, b = Recalling(None, Permanent("no"), name="a"), Recalling(name="b")

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=[a, b], prompt="Read it.")
        return Sequence(read, Task("fix", agent=[a, b], prompt="Fix it.", continues=read))

    run = run_of(flow)
    assert run.go().status == "finished"
    assert run.output("fix") == '"Read it. | Fix it."'
    assert (len(a.asks), len(b.asks)) == (1, 2)


@pytest.mark.parametrize("forks", [False, True])
def test_a_later_agent_gets_a_new_session_and_is_told_what_was_done(forks: bool) -> None:
    a = Recalling(None, "It is a parser.", Permanent("no"), name="a")
    b = Recalling(name="b")

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=a, prompt="Read it.")
        kind: dict[str, Any] = {"forks" if forks else "continues": read}
        return Sequence(read, Task("fix", agent=[b, a], prompt="Fix it.", **kind))

    run = run_of(flow)
    assert run.go().status == "finished"
    (ask,) = b.asks
    assert (ask.session, ask.forks, ask.followup) == (None, None, None)
    assert ask.prompt.startswith("Fix it.\n\n<handover>\nThis task continues another task")
    assert "[read, a]\nsaid: Read it.\nanswered: It is a parser." in ask.prompt
    assert sessions(run, "fix") == ["a-2" if forks else "a-1", "b-1"]


def test_while_the_holder_cools_down_another_takes_over_and_it_comes_back_to_its_session() -> None:
    clock = Clock()
    a = Recalling(None, None, Busy("a"), name="a")
    b = Recalling(None, Busy("b"), name="b")

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=a, prompt="Read it.")
        return Sequence(read, Task("fix", agent=[a, b], prompt="Fix it.", continues=read))

    run = run_of(flow, now=clock, linger_s=0)
    assert run.go().status == "waiting"
    clock.pass_s(60)
    assert run.go().status == "finished"
    assert [ask.session for ask in a.asks] == [None, "a-1", "a-1"]


# -- retries and repairs


def test_a_retry_goes_on_in_the_session_and_not_once_more_from_the_other_task() -> None:
    agent = Recalling(None, None, Transient("cut"))

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=agent, prompt="Read it.")
        fix = Task("fix", agent=agent, prompt="Fix it.", retry=SOON, continues=read)
        return Sequence(read, fix)

    run = run_of(flow)
    assert run.go().status == "finished"
    assert sessions(run, "fix") == ["agent-1", "agent-1"]
    assert agent.asks[2].told.startswith("You were interrupted")


def test_a_retry_of_a_fork_goes_on_in_the_copy_that_was_made() -> None:
    agent = Recalling(None, None, Transient("cut"))

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=agent, prompt="Read it.")
        return Sequence(read, Task("fix", agent=agent, prompt="Fix it.", retry=SOON, forks=read))

    run = run_of(flow)
    assert run.go().status == "finished"
    assert sessions(run, "fix") == ["agent-2", "agent-2"]
    assert (agent.asks[2].session, agent.asks[2].forks) == ("agent-2", "agent-1")
    assert agent.disk["agent-1"] == ["Read it."]


def test_a_retry_of_a_fork_that_never_came_about_makes_the_copy_again() -> None:
    read: Line = [Started("s-1"), Answered("read")]
    agent = Scripted(read, Transient("cut"), "done", forks=True)

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=agent, prompt="Read it.")
        return Sequence(read, Task("fix", agent=agent, prompt="Fix it.", retry=SOON, forks=read))

    assert run_of(flow).go().status == "finished"
    assert [(ask.session, ask.forks, ask.told) for ask in agent.asks[1:]] == [
        (None, "s-1", "Fix it.")
    ] * 2


@pytest.mark.parametrize("forks", [False, True])
def test_an_answer_is_repaired_in_the_session_that_gave_it(forks: bool) -> None:
    agent = Recalling(None, None, "no number", "7")

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=agent, prompt="Read it.")
        kind: dict[str, Any] = {"forks" if forks else "continues": read}
        return Sequence(read, Task("count", agent=agent, prompt="Count.", output=int, **kind))

    run = run_of(flow)
    assert run.go().status == "finished"
    assert run.output("count") == "7"
    session = "agent-2" if forks else "agent-1"
    assert sessions(run, "count") == [session]
    assert [ask.session for ask in agent.asks[1:]] == [None if forks else session, session]
    first, second, third = agent.disk[session]
    assert (first, second[:6], third[:11]) == ("Read it.", "Count.", "Your answer")


def test_where_the_program_does_not_know_the_session_it_is_told_what_was_done_there() -> None:
    agent = Recalling(None, "It is a parser.", None)

    def forget() -> str:
        agent.disk.clear()
        return ""

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=agent, prompt="Read it.")
        lost = Step("lost", forget)
        return Sequence(read, lost, Task("fix", agent=agent, prompt="Fix it.", continues=read))

    run = run_of(flow)
    assert run.go().status == "finished"
    (told,) = agent.disk[sessions(run, "fix")[0] or ""]
    assert told.startswith("Fix it.")
    assert "answered: It is a parser." in told


def test_what_is_told_goes_back_over_the_tasks_that_the_other_one_went_on_from() -> None:
    a, b = Recalling(None, "one", "two", Permanent("no"), name="a"), Recalling(name="b")

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        first = Task("first", agent=a, prompt="1")
        second = Task("second", agent=a, prompt="2", forks=first)
        return Sequence(first, second, Task("third", agent=[a, b], prompt="3", continues=second))

    assert run_of(flow).go().status == "finished"
    prompt = b.asks[0].prompt
    assert prompt.index("answered: one") < prompt.index("answered: two")


@pytest.mark.parametrize("has_begun", [True, False], ids=["put off", "new"])
def test_after_an_edit_a_task_waits_for_no_more_than_the_one_that_it_continues(
    has_begun: bool,
) -> None:
    a, b = Recalling(None, "one", "two", Permanent("no"), name="a"), Recalling(name="b")
    first = Task("first", agent=a, prompt="1")
    second = Task("second", agent=a, prompt="2", continues=first if has_begun else None)
    third = Task("third", agent=[a, b], prompt="3", continues=second)

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return Sequence(first, second, Approval("go", ask="?"), third)

    def edited(ctx: Context[NoInput]) -> Node[Any]:
        before = Sequence(Approval("gate", ask="?"), first if has_begun else newer)
        return Parallel(before, Sequence(other, Approval("go", ask="?"), third))

    newer = Task("newer", agent=a, prompt="0")
    other = second if has_begun else Task("second", agent=a, prompt="2", continues=newer)
    run = run_of(flow)
    assert run.go().status == "waiting"
    run.workflow, run.edited = workflow(name="flow")(edited), True
    run.answer("go")
    assert run.go().status == "waiting"
    assert [key.id for key, _ in run.state.waits] == ["gate"]
    assert run.outcome("third") == "finished"
    prompt = b.asks[0].prompt
    assert ("answered: one" in prompt) is has_begun
    assert "answered: two" in prompt


# -- loops and fan-outs


def numbered(ctx: Context[NoInput]) -> Step[int]:
    number: Step[int] = Step("n", lambda: (ctx.previous(number) or 0) + 1)
    return number


def test_in_one_loop_it_is_the_session_of_the_same_iteration_and_behind_it_the_last() -> None:
    agent = Recalling()

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        n = numbered(ctx)
        read = Task("read", agent=agent, prompt=lambda: f"r{ctx[n]}")
        fix = Task("fix", agent=agent, prompt=lambda: f"f{ctx[n]}", continues=read)
        loop = Loop(n, read, fix, until=lambda: ctx[n] == 3, max_iterations=3)
        return Sequence(loop, Task("end", agent=agent, prompt="end", continues=fix))

    run = run_of(flow)
    assert run.go().status == "finished"
    assert [run.output("fix", n) for n in range(3)] == ['"r1 | f1"', '"r2 | f2"', '"r3 | f3"']
    assert run.output("end") == '"r3 | f3 | end"'


def test_iterations_go_on_one_after_the_other_in_a_session_from_before_the_loop() -> None:
    agent = Recalling()

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        n = numbered(ctx)
        read = Task("read", agent=agent, prompt="read")
        fix = Task("fix", agent=agent, prompt=lambda: f"f{ctx[n]}", continues=read)
        return Sequence(read, Loop(n, fix, until=lambda: ctx[n] == 3, max_iterations=3))

    run = run_of(flow)
    assert run.go().status == "finished"
    assert run.output("fix", 2) == '"read | f1 | f2 | f3"'


def test_every_item_of_a_fan_out_has_a_copy_of_its_own() -> None:
    agent = Recalling()

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=agent, prompt="read")
        items = ForEach(
            lambda: [f"k{n}" for n in range(20)],
            key=str,
            each=lambda name: Task(name, agent=agent, prompt=name, forks=read),
        )
        return Parallel(items, read)

    run = run_of(flow)
    assert run.go().status == "finished"
    assert [run.output(f"k{n}") for n in range(20)] == [f'"read | k{n}"' for n in range(20)]


# -- resuming


def test_when_the_other_task_runs_again_its_new_session_counts() -> None:
    agent = Recalling(None, Permanent("no"))

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=agent, prompt="read")
        return Sequence(read, Task("fix", agent=agent, prompt="fix", continues=read))

    run = run_of(flow)
    assert run.go().status == "failed"
    assert run.go().status == "finished"
    assert sessions(run, "fix") == ["agent-2"]
    assert run.output("fix") == '"read | fix"'


def test_a_fork_that_failed_begins_with_a_copy_again_when_the_run_is_resumed() -> None:
    agent = Recalling(None, None, Permanent("no"))

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=agent, prompt="read")
        return Sequence(read, Task("fix", agent=agent, prompt="fix", forks=read))

    run = run_of(flow)
    assert run.go().status == "failed"
    assert run.go().status == "finished"
    assert sessions(run, "fix") == ["agent-2", "agent-3"]
    assert run.output("fix") == '"read | fix"'


def test_after_an_edit_the_session_must_still_have_an_agent_that_holds_it() -> None:
    a, b = Recalling(name="a"), Recalling(name="b")

    def version(agent: Recalling, broken: bool) -> Workflow[Any, Any]:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            read = Task("read", agent=agent, prompt="read")
            stop = Step("stop", lambda: 1 // (not broken))
            return Sequence(read, stop, Task("fix", agent=agent, prompt="fix", continues=read))

        return flow

    run = Run(version(a, broken=True))
    assert run.go().status == "failed"
    run.workflow, run.edited = version(b, broken=False), True
    assert run.go().status == "failed"
    assert error(run, "fix") == "fix continues read, whose session belongs to a"
    run.workflow = version(a, broken=False)
    assert run.go().status == "finished"
    assert run.output("fix") == '"read | fix"'


# -- crashes


class _Disks(Watch):
    """Keeps what the program had on its disk when each frame was made durable."""

    def __init__(self, disk: dict[str, list[str]]) -> None:
        super().__init__()
        self.disk = disk
        self.after: list[dict[str, list[str]]] = []

    def frame(self, frame: Frame, state: RunState) -> None:
        self.after.append(copy.deepcopy(self.disk))
        super().frame(frame, state)


def everything(disk: dict[str, list[str]]) -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        agent = Recalling(disk)
        n = numbered(ctx)
        read = Task("read", agent=agent, prompt="read")
        forks = [Task(f"fork {name}", agent=agent, prompt=name, forks=read) for name in "ab"]
        fix = Task("fix", agent=agent, prompt=lambda: f"fix {ctx[n]}", continues=read)
        loop = Loop(n, fix, until=lambda: ctx[n] == 2, max_iterations=3)
        end = Task("end", agent=agent, prompt="end", forks=fix)
        return Sequence(read, Parallel(*forks), loop, end, result=end)

    return flow


def test_after_a_crash_at_any_frame_boundary_every_session_still_knows_what_was_read() -> None:
    disk: dict[str, list[str]] = {}
    whole = Run(everything(disk))
    whole.watch = disks = _Disks(disk)
    assert whole.go().status == "finished"
    for k in range(1, len(whole.watch.frames)):
        kept = copy.deepcopy(disks.after[k - 1])
        run = crashed(whole, k, everything(kept))
        assert run.go().status == "finished"
        before = RunState.of(whole.watch.frames[:k])
        assert not started(run.watch.frames[k:]) & set(before.ended)
        assert same(run.state)["nodes"] == same(whole.state)["nodes"]
        for key, tries in run.state.tries.items():
            if tries[-1].is_call:
                history = kept[tries[-1].session or ""]
                assert history[0].endswith("read"), f"{key} after a crash behind frame {k - 1}"
        last = kept[run.state.tries[Key("end")][-1].session or ""]
        assert [any(f"fix {n}" in told for told in last) for n in (1, 2)] == [True, True]
        for name in "ab":
            assert not any("fix" in told for told in kept[sessions(run, f"fork {name}")[-1] or ""])
        assert len(sessions(run, "end")) <= 2


@pytest.mark.parametrize("seen", [False, True])
def test_a_crash_before_the_program_kept_the_copy_makes_it_again(seen: bool) -> None:
    disk: dict[str, list[str]] = {}

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        agent = Recalling(disk)
        read = Task("read", agent=agent, prompt="read")
        return Sequence(read, Task("fix", agent=agent, prompt="fix", forks=read))

    whole = run_of(flow)
    assert whole.go().status == "finished"
    kind = "SessionSeen" if seen else "AttemptStarted"
    after = [
        number
        for number, frame in enumerate(whole.watch.frames, 1)
        if kind in [type(change).__name__ for change in frame.changes]
    ][-1]
    disk = {"agent-1": ["read"]}  # the copy was begun, and is not there
    run = crashed(whole, after, whole.workflow)
    assert run.go().status == "finished"
    assert disk["agent-1"] == ["read"]
    assert disk["agent-2"][0] == "read"
    assert disk["agent-2"][1].endswith("fix")
