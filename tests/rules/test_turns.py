"""DESIGN 8: who goes on in a session that has gone on elsewhere takes a copy of it as it was."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from smithers import (
    Approval,
    Context,
    Loop,
    Node,
    NoInput,
    Retry,
    Rework,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Agent, Answered, Capabilities, Said, Started
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    CameUp,
    Change,
    Frame,
    Key,
    Reset,
    Settled,
    StatusChanged,
)
from smithers.engine.attaching import _last_session  # pyright: ignore[reportPrivateUsage]
from smithers.engine.sessions import Way, way_on
from smithers.errors import Permanent, Refused, Transient
from smithers.state import Attempted, RunState
from smithers.workflows import Workflow
from tests.rules.agents import Line, Recalling, Scripted
from tests.rules.resuming import crashed
from tests.rules.runs import Run

AT = datetime(2026, 1, 2, tzinfo=UTC)
SOON = Retry(tries=3, first_s=0.001, jitter=0)


def attempted(serial: int, session: str | None = "s", **more: Any) -> Attempted:
    key = Key("task")
    return Attempted(
        serial=serial, key=key, number=1, agent="a", started_at=AT, session=session, **more
    )


def agent(*, forks_at: bool = False) -> Agent:
    made = Scripted(name="a")
    made.can = Capabilities(resumes=True, forks=True, forks_at=forks_at)
    return made


# -- the rule


def test_an_attempt_of_this_run_is_gone_on_from_in_its_session_or_a_copy_of_all_of_it() -> None:
    last = attempted(3, turn="t")
    for able in (agent(), agent(forks_at=True)):
        assert way_on(last, able, {}) == Way(session="s")
        assert way_on(last, able, {}, copied=True) == Way(forks="s")
        assert way_on(last, able, {"s": 3, "other": 9}) == Way(session="s")


@pytest.mark.parametrize("copied", [False, True])
def test_what_a_fork_has_inherited_is_gone_on_from_in_a_copy_at_its_turn(copied: bool) -> None:
    last = attempted(3, turn="t", origin="r0")
    assert way_on(last, agent(forks_at=True), {}, copied=copied) == Way(forks="s", at="t")


@pytest.mark.parametrize("copied", [False, True])
def test_what_no_longer_counts_later_in_the_session_is_not_gone_on_from(copied: bool) -> None:
    last = attempted(3, turn="t")
    assert way_on(last, agent(forks_at=True), {"s": 4}, copied=copied) == Way(forks="s", at="t")


def test_where_no_such_copy_can_be_made_a_new_session_begins_and_it_is_said_why() -> None:
    of_a_fork = attempted(3, origin="r0", turn="t")
    assert way_on(of_a_fork, agent(), {}).lost == (
        "the session s belongs to run r0, and a cannot copy it as it was"
    )
    unknown = way_on(attempted(3), agent(forks_at=True), {"s": 4})
    assert unknown.lost.startswith("the session s has work that no longer counts, and where it")
    assert way_on(attempted(3, session=None, origin="r0"), agent(), {}) == Way()


# -- the state


def test_the_turn_of_an_answer_is_kept_with_the_end_of_its_attempt() -> None:
    told: Line = [Started("s-1"), Answered("", turn="t-1"), Transient("cut")]
    again: Line = [Started("s-1"), Answered("done", turn="t-2")]
    one = Scripted(told, again)
    run = Run(_flow(lambda: Task("task", agent=one, prompt="p", retry=SOON)))
    assert run.go().status == "finished"
    assert [each.turn for each in run.state.tries[Key("task")]] == ["t-1", "t-2"]


def test_a_turn_is_none_of_another_session_that_the_attempt_went_on_in() -> None:
    told: Line = [Started("s-1"), Answered("", turn="t-1"), Started("s-2"), Transient("cut")]
    one = Scripted(told, "done")
    run = Run(_flow(lambda: Task("task", agent=one, prompt="p", retry=SOON)))
    assert run.go().status == "finished"
    assert [each.turn for each in run.state.tries[Key("task")]] == [None, None]


def test_only_what_is_to_begin_anew_discards_what_a_session_has() -> None:
    first, second = run_of_two(Recalling())
    state = RunState.of(first.watch.frames)
    fix = Key("fix")
    for number, change in enumerate((Reset(key=fix), Reset(key=fix, anew=True)), 1):
        assert state.discarded == {}
        state.apply_frame(Frame(number=state.frame + number, at=AT, changes=(change,)))
    assert state.discarded == {"agent-1": 2}
    assert second.go().status == "finished"


# -- runs


def _flow(make: Any) -> Workflow[NoInput, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        node: Node[Any] = make()
        return node

    return flow


def two(agent: Agent, **more: Any) -> Workflow[NoInput, Any]:
    """A task, and one that goes on in its session."""

    def make() -> Node[Any]:
        read = Task("read", agent=agent, prompt="read")
        how = more or {"continues": read}
        return Sequence(read, Task("fix", agent=agent, prompt="fix", retry=SOON, **how))

    return _flow(make)


def run_of_two(agent: Agent) -> tuple[Run, Run]:
    """A run that has finished, and a run as it was before its last frame."""
    run = Run(two(agent))
    assert run.go().status == "finished"
    return run, crashed(run, len(run.watch.frames) - 1)


def reset(run: Run, *tasks: str) -> Run:
    """The run after a retry of these tasks."""
    state = RunState.of(run.watch.frames)
    changes = [Reset(key=Key(task), anew=True) for task in tasks]
    number = state.frame + 1
    running = StatusChanged(status="running")
    run.watch.frames.append(Frame(number=number, at=AT, changes=(*changes, running)))
    return crashed(run, len(run.watch.frames))


def fork(run: Run, after: int) -> Run:
    """A fork of the run after so many frames: its attempts are those of the run r0, without those
    that ran.
    """
    state = RunState.of(run.watch.frames[:after])
    ran = {one.serial for one in state.running()}
    run.watch.frames[:] = [
        replace(frame, changes=tuple(_inherited(frame.changes, ran))) for frame in run.watch.frames
    ]
    made = crashed(run, after)
    shutil.copytree(run.settings.streams, made.settings.streams.with_name("r0"))
    return made


def _inherited(changes: Iterable[Change], ran: set[int]) -> Iterator[Change]:
    for change in changes:
        if getattr(change, "serial", None) in ran:
            continue
        yield replace(change, origin="r0") if isinstance(change, AttemptStarted) else change


def ended(run: Run, task: str) -> int:
    """After how many frames the last attempt of a task has ended."""
    serials = {one.serial for one in run.state.tries[Key(task)]}
    ends = [
        at
        for at, frame in enumerate(run.watch.frames)
        for change in frame.changes
        if isinstance(change, AttemptEnded) and change.serial in serials
    ]
    return ends[-1] + 1


def sessions(run: Run, task: str) -> list[str | None]:
    return [one.session for one in run.state.tries[Key(task)]]


def test_a_retry_begins_with_the_session_as_it_was_before() -> None:
    agent = Recalling(forks_at=True)
    run, _ = run_of_two(agent)
    again = reset(run, "fix")
    assert again.go().status == "finished"
    assert again.output("fix") == '"read | fix"'
    assert sessions(again, "fix") == ["agent-1", "agent-2"]
    assert agent.disk["agent-1"] == ["read", "fix"]
    assert (agent.asks[2].forks, agent.asks[2].at, agent.asks[2].told) == ("agent-1", "1", "fix")
    assert not [note for note in again.reports if "new session" in note]
    third = reset(again, "fix")
    assert third.go().status == "finished"
    assert sessions(third, "fix") == ["agent-1", "agent-2", "agent-3"]
    assert third.output("fix") == '"read | fix"'


def test_a_copy_that_was_broken_off_is_gone_on_with_and_made_again_where_it_is_unknown() -> None:
    agent = Recalling(None, None, None, Transient("cut"), forks_at=True)
    run, _ = run_of_two(agent)
    again = reset(run, "fix")
    assert again.go().status == "finished"
    assert sessions(again, "fix") == ["agent-1", "agent-2", "agent-2"]
    last = agent.asks[3]
    assert (last.session, last.forks, last.at) == ("agent-2", "agent-1", "1")


@pytest.mark.parametrize("how", ["continues", "forks"])
def test_a_fork_goes_on_in_copies_and_leaves_the_sessions_of_its_source(how: str) -> None:
    agent = Recalling(forks_at=True)
    run = Run(two(agent, **{how: "read"}))
    assert run.go().status == "finished"
    again = fork(run, ended(run, "read"))
    before = {name: list(told) for name, told in agent.disk.items()}
    assert again.go().status == "finished"
    assert again.output("fix") == '"read | fix"'
    assert (agent.asks[-1].session, agent.asks[-1].forks, agent.asks[-1].at) == (
        None,
        "agent-1",
        "1",
    )
    assert before.items() <= agent.disk.items()
    started = [one for one in again.state.attempts.values() if one.key == Key("fix")]
    assert [one.origin for one in started if one.state == "succeeded"] == [None]


def test_who_cannot_copy_it_begins_anew_with_the_handover_and_says_so() -> None:
    agent = Recalling(None, "It is a parser.")
    run = Run(two(agent))
    assert run.go().status == "finished"
    again = fork(run, ended(run, "read"))
    assert again.go().status == "finished"
    last = agent.asks[-1]
    assert (last.session, last.forks, last.followup) == (None, None, None)
    assert last.prompt.startswith("fix\n\n<handover>\nThis task continues another task")
    assert "answered: It is a parser." in last.prompt
    said = "the session agent-1 belongs to run r0, and agent cannot copy it as it was"
    assert f"fix starts a new session: {said}" in again.reports
    serial = again.state.tries[Key("fix")][-1].serial
    stream = (again.settings.streams / f"{serial}.events.jsonl").read_text()
    assert f'"event": "new_session", "why": "{said}"' in stream


def failed(run: Run) -> int:
    """After how many frames an attempt has failed."""
    return next(
        at + 1
        for at, frame in enumerate(run.watch.frames)
        for change in frame.changes
        if isinstance(change, AttemptEnded) and change.state == "failed"
    )


def test_own_work_that_was_broken_off_in_the_source_of_a_fork_is_told_to_a_new_session() -> None:
    """Where it was broken off is not known: nobody answered."""
    half: Line = [Started("s-1"), Said("Half of it."), Transient("cut")]
    agent = Scripted(half, "done")
    run = Run(_flow(lambda: Task("task", agent=agent, prompt="p", retry=SOON)))
    assert run.go().status == "finished"
    assert agent.asks[1].session == "s-1"
    again = fork(run, failed(run))
    assert again.go().status == "finished"
    last = agent.asks[2]
    assert (last.session, last.forks, last.followup) == (None, None, None)
    assert "[attempt 1, agent, failed with Transient: cut]\nsaid: Half of it." in last.prompt
    (note,) = again.reports
    assert note.startswith("task starts a new session: the session s-1 belongs to run r0, and")


def test_where_own_work_is_lost_the_session_that_was_taken_up_is_copied_once_more() -> None:
    agent = Recalling(None, None, Transient("cut"), forks_at=True)
    run = Run(two(agent))
    assert run.go().status == "finished"
    again, asked = fork(run, failed(run)), len(agent.asks)
    assert again.go().status == "finished"
    (last,) = agent.asks[asked:]
    assert (last.session, last.forks, last.at, last.told) == (None, "agent-1", "1", "fix")
    assert again.output("fix") == '"read | fix"'
    assert again.reports == []


def test_work_that_is_sent_back_goes_on_in_its_session_also_after_others_have() -> None:
    agent = Recalling(forks_at=True)

    def make() -> Node[Any]:
        read = Task("read", agent=agent, prompt="read")
        fix = Task("fix", agent=agent, prompt="fix", continues=read)
        ship = Approval("ship", ask="Ship?", on_deny=Rework(read))
        return Sequence(read, fix, ship)

    run = Run(_flow(make))
    assert run.go().status == "waiting"
    run.answer("ship", approved=False, note="shorter")
    assert run.go().status == "waiting"
    assert [ask.forks for ask in agent.asks] == [None] * 4
    assert {*sessions(run, "read"), *sessions(run, "fix")} == {"agent-1"}
    assert run.state.discarded == {}


def test_a_fork_of_work_that_was_sent_back_goes_on_in_a_copy() -> None:
    agent = Recalling(forks_at=True)

    def make() -> Node[Any]:
        read = Task("read", agent=agent, prompt="read")
        return Sequence(read, Approval("ship", ask="Ship?", on_deny=Rework(read)))

    run = Run(_flow(make))
    assert run.go().status == "waiting"
    again = fork(run, len(run.watch.frames))
    again.answer("ship", approved=False, note="shorter")
    assert again.go().status == "waiting"
    last = agent.asks[-1]
    assert (last.session, last.forks, last.at) == (None, "agent-1", "1")
    assert "shorter" in last.told
    assert agent.disk["agent-1"] == ["read"]


def test_a_task_that_failed_for_good_goes_on_in_the_session_when_its_run_is_resumed() -> None:
    agent = Recalling(None, None, Permanent("no"), forks_at=True)
    run = Run(two(agent))
    assert run.go().status == "failed"
    assert run.go().status == "finished"
    assert sessions(run, "fix") == ["agent-1", "agent-1"]


def test_the_state_that_is_loaded_knows_what_was_discarded() -> None:
    agent = Recalling(forks_at=True)
    run, _ = run_of_two(agent)
    again = reset(run, "fix")
    assert again.go().status == "finished"
    loaded = asyncio.run(again.store.load("r1"))
    assert RunState.of(loaded.frames).discarded == again.state.discarded == {"agent-1": 2}


# -- several in one session


def in_a_row(agent: Agent) -> Workflow[NoInput, Any]:
    """Tasks that go on in one session, one after the other."""

    def make() -> Node[Any]:
        read = Task("read", agent=agent, prompt="read")
        rest = [Task(name, agent=agent, prompt=name, continues=read) for name in "abc"]
        return Sequence(read, *rest, result=rest[-1])

    return _flow(make)


@pytest.mark.parametrize("task", ["read", "a", "b"])
def test_in_a_fork_each_task_goes_on_from_the_one_before(task: str) -> None:
    agent = Recalling(forks_at=True)
    run = Run(in_a_row(agent))
    assert run.go().status == "finished"
    before = {name: list(told) for name, told in agent.disk.items()}
    again = fork(run, ended(run, task))
    assert again.go().status == "finished"
    assert again.output("c") == run.output("c") == '"read | a | b | c"'
    assert set(sessions(again, "c")) == {"agent-2"}
    assert before.items() <= agent.disk.items()


def test_in_a_fork_each_iteration_goes_on_from_the_one_before() -> None:
    agent = Recalling(forks_at=True)

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        n: Step[int] = Step("n", lambda: (ctx.previous(n) or 0) + 1)
        read = Task("read", agent=agent, prompt="read")
        fix = Task("fix", agent=agent, prompt=lambda: f"f{ctx[n]}", continues=read)
        return Sequence(read, Loop(n, fix, until=lambda: ctx[n] == 4, max_iterations=4))

    run = Run(flow)
    assert run.go().status == "finished"
    first = run.state.tries[Key("fix", (0,))][0].serial
    after = next(
        at + 1
        for at, frame in enumerate(run.watch.frames)
        for change in frame.changes
        if isinstance(change, AttemptEnded) and change.serial == first
    )
    again = fork(run, after)
    assert again.go().status == "finished"
    assert again.output("fix", 3) == '"read | f1 | f2 | f3 | f4"'
    assert agent.disk["agent-1"] == ["read", "f1", "f2", "f3", "f4"]


def test_who_is_done_again_goes_on_from_before_itself_and_the_next_one_from_that() -> None:
    agent = Recalling(forks_at=True)
    run = Run(in_a_row(agent))
    assert run.go().status == "finished"
    again = reset(run, "b")
    assert again.go().status == "finished"
    assert again.output("b") == '"read | a | b"'
    last = reset(again, "b", "c")
    assert last.go().status == "finished"
    assert last.output("c") == '"read | a | b | c"'
    assert agent.disk["agent-1"] == ["read", "a", "b", "c"]


@pytest.mark.parametrize("set_by", [None, "ann"])
def test_what_was_given_without_an_attempt_that_counts_is_told_to_a_new_session(
    set_by: str | None,
) -> None:
    """As after a rewind to before it was done again, and where a person gave it."""
    agent = Recalling(forks_at=True)
    run = Run(two(agent))
    assert run.go().status == "finished"
    state, read = RunState.of(run.watch.frames), Key("read")
    number = state.frame + 1
    given = Settled(
        key=read, outcome="finished", output='"a parser"', came_up=number, set_by=set_by
    )
    changes: list[Change] = [Reset(key=key, anew=True) for key in (read, Key("fix"))]
    changes += [CameUp(key=read), given, StatusChanged(status="running")]
    run.watch.frames.append(Frame(number=number, at=AT, changes=tuple(changes)))
    again = crashed(run, len(run.watch.frames))
    assert again.go().status == "finished"
    last = agent.asks[-1]
    assert (last.session, last.forks, last.followup) == (None, None, None)
    how = "given by ann" if set_by else "before the run was taken back"
    assert f"[read, {how}]\nanswered: a parser" in last.prompt
    assert again.reports == ["fix starts a new session: no attempt of read counts that has one"]


def test_nobody_attaches_to_a_session_of_the_run_that_a_fork_is_a_copy_of() -> None:
    run, _ = run_of_two(Recalling(forks_at=True))
    again = fork(run, ended(run, "read"))
    state = RunState.of(again.watch.frames)
    with pytest.raises(Refused, match="the session of read belongs to run r0"):
        _last_session("r1", state, Key("read"))
