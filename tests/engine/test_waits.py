"""The kinds of waits and of inbox rows: one place has them, and what it says of them is true."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

import smithers
from smithers import (
    Approval,
    Budget,
    Context,
    HumanTask,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Subflow,
    Task,
    Timer,
    WaitForEvent,
    inbox,
    waits,
)
from smithers import workflow as define
from smithers.changes import AttemptStarted, Key, WaitClosed, WaitKind, WaitOpened
from smithers.errors import Busy, NotInstalled, Transient
from smithers.inbox import InboxKind
from smithers.kinds import kind_of
from smithers.state import RunState
from smithers.waits import Traits, Words, traits, words_of
from tests.rules.agents import HANGS, Scripted
from tests.rules.machines import Full
from tests.rules.runs import Clock, Run
from tests.rules.test_holding import driven, is_held, offer, states, until

SOURCE = Path(smithers.__file__).parent
HOMES = ("waits.py", "inbox.py", "changes.py", "store/")
"""Where the kinds are written out."""

OTHERS: dict[tuple[str, str], str] = {
    ("hub/_answering.py", "answer"): "what an audit row tells of",
    ("hub/_answering.py", "budget"): "what an audit row tells of",
    ("hub/_answering.py", "cancel"): "what an audit row tells of",
    ("hub/_answering.py", "steer"): "what an audit row tells of",
    ("hub/_running.py", "retry"): "what an audit row tells of",
    ("web/_answering.py", "cancel"): "a route",
    ("web/pages/_fields.py", "answer"): "a field of a form",
    ("web/pages/_fields.py", "data"): "a kind of form",
    ("web/pages/_fork.py", "hold"): "a button of a form",
    ("web/pages/_given.py", "data"): "a kind of form",
    ("web/pages/_start.py", "data"): "a kind of form",
    ("web/pages/_ask.py", "budget"): "what a page shows",
    ("web/pages/_inputs.py", "data"): "a field of a form",
    ("web/pages/_words.py", "timer"): "the name of a glyph",
    ("tree/_tasks.py", "approval"): "a kind of node",
    ("kinds/_kind.py", "approval"): "a kind of node",
    ("kinds/approval.py", "approval"): "a kind of node",
    ("shapes.py", "approval"): "a kind of node",
    ("shapes.py", "human"): "a kind of node",
    ("shapes.py", "timer"): "a kind of node",
    ("wire/_runs.py", "child"): "a key of JSON",
    ("tree/_people.py", "human"): "a kind of node",
    ("kinds/_kind.py", "human"): "a kind of node",
    ("engine/edits.py", "human"): "a kind of node",
    ("kinds/human.py", "human"): "a kind of node",
    ("tree/_timers.py", "timer"): "a kind of node",
    ("kinds/_kind.py", "timer"): "a kind of node",
    ("kinds/timer.py", "timer"): "a kind of node",
    ("kinds/human.py", "data"): "a kind of form",
    ("forms.py", "data"): "a kind of form",
    ("cli/_editing.py", "data"): "a kind of form",
    ("cli/_answering.py", "answer"): "a command",
    ("cli/_plain.py", "answer"): "a command",
    ("cli/_plain.py", "budget"): "a command",
    ("cli/_plain.py", "cancel"): "a command",
    ("cli/_plain.py", "retry"): "a command",
    ("cli/_plain.py", "steer"): "a command",
    ("forms.py", "answer"): "a word of an error",
    ("kinds/event.py", "data"): "a kind of form",
    ("engine/sending.py", "data"): "a kind of form",
    ("cli/_sending.py", "data"): "a word of an error",
    ("cli/_sending.py", "signal"): "a key of JSON",
    ("host/_process.py", "signal"): "how a process ended",
    ("wire/_runs.py", "data"): "a key of JSON",
    ("wire/_changes.py", "data"): "a key of JSON",
    ("engine/replying.py", "answer"): "a function",
    ("views/_words.py", "answer"): "a command",
    ("cli/_receipts.py", "answer"): "a key of JSON",
    ("settings/loading.py", "budget"): "a key of a file",
    ("settings/hooks.py", "budget"): "a key of a file",
    ("web/_openapi.py", "data"): "a field of a message",
    ("web/_openapi.py", "retry"): "a field of a message",
    ("wire/_provenance.py", "answer"): "a key of JSON",
    ("wire/_provenance.py", "agents"): "a key of JSON",
    ("reports/_row_checks.py", "answer"): "a column",
    ("cli/_forking.py", "retry"): "a command",
    ("engine/detaching.py", "retry"): "a command",
    ("errors.py", "retry"): "what an agent's error makes the engine do",
    ("engine/attempts/next_agent.py", "retry"): "what an agent's error makes the engine do",
    ("engine/attempts/agent_attempt.py", "retry"): "what an agent's error makes the engine do",
    ("tree/_explaining.py", "retry"): "an option of a node",
    ("tree/_nodes.py", "cancel"): "a value of on_failure",
    ("kinds/parallel.py", "cancel"): "a value of on_failure",
    ("engine/endings.py", "cancel"): "why a run ends",
    ("engine/engine.py", "cancel"): "why a run ends",
    ("engine/strays.py", "cancel"): "why a run ends",
    ("engine/supervising.py", "cancel"): "why a run is woken",
    ("engine/supervising.py", "answer"): "why a run is woken",
    ("engine/streams.py", "data"): "a field of an event",
    ("engine/deciding.py", "cancel"): "a function",
    ("engine/steering.py", "steer"): "a function, and the command for it",
    ("engine/attempts/cached.py", "agents"): "a part of a digest",
    ("checks/_planned.py", "agents"): "a key of JSON",
    ("cli/_checking.py", "agents"): "a key of JSON",
    ("cli/_trees.py", "agents"): "a key of JSON",
    ("manual/_code.py", "agents"): "a part of the manual",
    ("manual/_pages.py", "agents"): "a topic of the manual",
    ("settings/agents.py", "agents"): "a table of a settings file",
    ("settings/loading.py", "agents"): "a table of a settings file",
    ("doctor/_agents.py", "agents"): "a section of `smithers doctor`",
    ("cli/_deciding.py", "cancel"): "a command",
    ("cli/_raising.py", "budget"): "a command",
    ("cli/_steering.py", "steer"): "a command",
    ("engine/gates.py", "agents"): "a key of JSON",
    ("engine/gate_texts.py", "budget"): "an option of a node",
    ("views/_asks.py", "budget"): "a key of JSON",
    ("wire/_runs.py", "answer"): "a key of JSON",
    ("wire/_replies.py", "answer"): "a key of JSON",
    ("web/_answering.py", "answer"): "the name of a route",
    ("web/_answering.py", "data"): "a key of JSON",
    ("wire/_changes.py", "answer"): "a key of JSON",
    ("engine/replaying/frozen.py", "answer"): "a key of a line of a frozen run",
    ("engine/replaying/frozen.py", "child"): "a key of a line of a frozen run",
    ("engine/replaying/frozen.py", "signal"): "a key of a line of a frozen run",
    ("reports/_recordings.py", "data"): "a key of a line of a stream",
}
"""The same words where they mean something else."""
KEYS = {"event"}
"""A key of the lines of each stream as well: it counts only where a query compares with it."""


def literals(words: set[str]) -> Iterator[tuple[str, str]]:
    """The files outside of `HOMES` in which one of these words is a string, or is compared with in
    a query, with the word.
    """
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if not name.startswith(HOMES):
            for found in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(found, ast.Constant) and isinstance(found.value, str):
                    compared = re.findall(r"\bkind = '(\w+)'", found.value)
                    said = [found.value] if found.value not in KEYS else []
                    yield from ((name, one) for one in (*said, *compared) if one in words)


def test_no_kind_of_a_wait_or_an_inbox_row_is_written_out_elsewhere() -> None:
    found = set(literals({*waits.KINDS, *get_args(InboxKind)}))
    assert found - OTHERS.keys() == set(), "name its constant, or ask for a trait"
    assert OTHERS.keys() - found == set(), "these exceptions are no longer needed"


@pytest.mark.parametrize(("home", "union"), [(waits, WaitKind), (inbox, InboxKind)])
def test_each_kind_has_its_constant(home: ModuleType, union: Any) -> None:
    constants: dict[str, object] = {name: getattr(home, name) for name in home.__all__}
    named = {name: value for name, value in constants.items() if isinstance(value, str)}
    assert named == {kind.upper(): kind for kind in get_args(union)}


def test_something_else_is_of_no_kind() -> None:
    with pytest.raises(AssertionError):
        traits("else")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_every_trait_is_asked_for_somewhere() -> None:
    texts = [path.read_text("utf-8") for path in SOURCE.rglob("*.py")]
    read = {
        found.attr
        for text in texts
        for found in ast.walk(ast.parse(text))
        if isinstance(found, ast.Attribute)
    }
    assert {one.name for one in (*fields(Traits), *fields(Words))} <= read


@pytest.mark.parametrize("kind", waits.KINDS)
def test_the_words_of_each_kind_can_be_said(kind: WaitKind) -> None:
    words = traits(kind).words
    for template in (words.opened, words.row, words.short):
        said = words_of(template, name="n", until=" u", asked="{a}\nb", line="{a}", on="o")
        assert "{a}" in said or "{" not in said
    assert words_of(words.opened, name="fix").startswith("fix ")
    assert words.many


@pytest.mark.parametrize("kind", waits.KINDS)
def test_what_is_due_or_settles_a_node_can_end(kind: WaitKind) -> None:
    one = traits(kind)
    assert one.clock is not None or one.ended_by != "time"
    assert not one.settles or one.answered_by is not None or one.clock is not None
    assert (one.answered_by is not None) == (one.ended_by in ("person", "process"))


def test_a_kind_of_node_that_opens_no_wait_is_not_asked_for_its_end() -> None:
    group = kind_of(Sequence(Step("a", lambda: 1)))
    with pytest.raises(AssertionError, match="opens no wait"):
        group.answered(None, None, waits.APPROVAL, None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# -- each kind, opened in a run

ONE, TWO = Key("one"), Key("two")
SLOW = Retry(first_s=1000, max_s=1000)
Make = Callable[[Context[NoInput], Node[Any]], Node[Any]]


def agent(*script: Any) -> Task[str]:
    return Task("one", agent=Scripted(*script), prompt="p", retry=SLOW)


@define
def ASKING(ctx: Context[NoInput]) -> Node[Any]:
    return Approval("inner", ask="?")


MAKES: dict[WaitKind, Make] = {
    "approval": lambda ctx, gate: Approval("one", ask="?", timeout_s=1000),
    "human": lambda ctx, gate: HumanTask("one", ask="?", timeout_s=1000),
    "repeat": lambda ctx, gate: Step("one", asyncio.Event().wait, effect=True, timeout_s=0.01),
    "retry": lambda ctx, gate: agent(Transient("cut"), "done"),
    "cooldown": lambda ctx, gate: agent(Busy("over"), "done"),
    "agents": lambda ctx, gate: agent(NotInstalled("Acme", "apt install acme")),
    "data": lambda ctx, gate: Task("one", agent=Scripted(), prompt=lambda: f"{ctx[gate]}"),
    "budget": lambda ctx, gate: agent("done"),
    "timer": lambda ctx, gate: Timer("one", seconds=1000),
    "child": lambda ctx, gate: Subflow("one", ASKING),
    "event": lambda ctx, gate: WaitForEvent("one", event="x", timeout_s=1000),
    "attached": lambda ctx, gate: agent(HANGS, "done"),
    "pool": lambda ctx, gate: Step("one", lambda: 1, pool="gpu"),
}
"""The node `one`, which waits. A step `two` is in the same group, which has one slot."""


def run_of(kind: WaitKind) -> Run:
    @define(budget=Budget(calls=1) if kind == waits.BUDGET else None)
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        gate = Approval("gate", ask="?")
        group = Parallel(MAKES[kind](ctx, gate), Step("two", lambda: 2), limit=1)
        both = Parallel(group, gate)
        first = Task("first", agent=Scripted("done"), prompt="p")
        return Sequence(first, both) if kind == waits.BUDGET else both

    run = Run(flow) if kind == waits.ATTACHED else Run(flow, now=Clock(), linger_s=5)
    if kind == waits.POOL:
        run.settings = replace(run.settings, machine_pools={"gpu": 1}, machine=Full(), linger_s=0)
    return run


def wait_of(state: RunState, kind: WaitKind) -> tuple[WaitOpened, int]:
    """The wait of that kind, and the frame in which it opened; a budget's is that of the run."""
    wait = state.waits[Key("") if kind == waits.BUDGET else ONE, kind]
    return wait.opened, wait.frame


def test_each_kind_is_opened_here() -> None:
    assert set(MAKES) == set(waits.KINDS)


def starts(run: Run) -> int:
    changes = [change for frame in run.watch.frames for change in frame.changes]
    return sum(isinstance(one, AttemptStarted) and one.key == ONE for one in changes)


@pytest.mark.parametrize("kind", waits.kinds_with(lambda one: not one.keeps_owner))
def test_a_wait_is_as_its_traits_say(kind: WaitKind) -> None:
    run, one = run_of(kind), traits(kind)
    assert run.go().status == "waiting"
    opened, frame = wait_of(run.state, kind)
    assert (opened.due is not None) == (one.clock is not None)
    if kind != waits.BUDGET:  # it keeps everything in the run from starting
        assert (run.outcome("two") is None) == one.takes_slot
    before = starts(run)
    assert run.go().status == "waiting"
    assert (wait_of(run.state, kind)[1] != frame) == (one.ended_by == "owner")
    # The machine has no slot for it still.
    assert (starts(run) > before) == (one.ended_by == "owner" and kind != waits.POOL)


@pytest.mark.parametrize("kind", waits.kinds_with(lambda one: one.keeps_owner))
def test_a_wait_that_keeps_its_owner_is_as_its_traits_say(kind: WaitKind) -> None:
    run, one = run_of(kind), traits(kind)
    assert kind == waits.ATTACHED, "open it here"

    async def person() -> None:
        await until(lambda: states(run, "one") == ["running"])
        await offer(run, "hold", task="one")
        await until(lambda: is_held(run, "one") and states(run, "one") != ["running"])
        state = run.engine.state
        assert wait_of(state, kind)[0].due is None
        assert (TWO not in state.ended) == one.takes_slot
        await asyncio.sleep(0)
        assert state.run_status == "running"
        assert run.engine.claim is not None
        await run.cancel()

    assert driven(run, person) == "cancelled"
    assert starts(run) == 1


@pytest.mark.parametrize("kind", waits.TIMED)
def test_what_a_time_ends_is_over_when_it_is_due(kind: WaitKind) -> None:
    run = run_of(kind)
    run.go()
    opened, _ = wait_of(run.state, kind)
    assert opened.due is not None
    before = starts(run)
    assert isinstance(run.now, Clock)
    run.now.pass_s((opened.due - run.now()).total_seconds() + 1)
    run.go()
    assert (starts(run) > before) == traits(kind).holds_start
    over = None if not traits(kind).settles else "finished" if kind == waits.TIMER else "failed"
    assert traits(kind).holds_start or run.outcome("one") == over


@pytest.mark.parametrize("kind", waits.KINDS)
def test_the_answer_of_a_wait_does_in_the_state_what_its_trait_says(kind: WaitKind) -> None:
    run = run_of(waits.AGENTS)  # its attempt failed for want of an agent
    run.go()
    state = run.state
    (tried,) = state.tries[ONE]
    assert tried.counts
    tried.session = "s"
    state.apply(WaitOpened(key=ONE, kind=kind), 99)
    for answer in (None, '{"by": "ann"}'):
        assert ONE not in state.answers
        assert tried == replace(tried, counts=True, attended=False, may_repeat=None)
        state.apply(WaitClosed(key=ONE, kind=kind, opened=99, answer=answer), 100)
    means = traits(kind).answer
    assert (ONE in state.answers) == (means in ("kept", "decided"))
    assert (tried.may_repeat is not None) == (means == "decided")
    assert tried.counts == (means != "try again")
    assert tried.attended == (means == "attended")
