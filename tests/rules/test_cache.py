"""A cache across runs: an answer to the same is taken from an earlier run, and costs nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from pydantic import BaseModel, field_validator

from harnesses import ClaudeCode, Codex
from smithers import (
    Approval,
    Budget,
    Cache,
    Context,
    ForEach,
    Node,
    NoInput,
    Parallel,
    Retry,
    Rework,
    Sequence,
    Step,
    Task,
    Workflow,
    workflow,
)
from smithers.agent import Agent, Answered, Ask, Capabilities, Event, Started, Used, key_of
from smithers.changes import Key
from smithers.errors import Permanent
from smithers.store import CachedAnswer
from smithers.views import view_work
from tests.cli.command import smithers
from tests.rules.agents import Recalling
from tests.rules.runs import Clock, Run


class Asked:
    """An agent that counts what it is asked; the first `fails` times it fails."""

    can = Capabilities(resumes=True)

    def __init__(self, name: str = "asked", *, fails: int = 0, key: str | None = None) -> None:
        self.name = name
        self.asked: list[str] = []
        self.fails = fails
        if key is not None:
            self.key = key

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        self.asked.append(ask.prompt)
        yield Started("s")
        yield Used(tokens_in=1)
        if len(self.asked) <= self.fails:
            raise Permanent("no")
        yield Answered('{"n": 1}' if ask.schema or "JSON" in ask.prompt else f"answer {ask.prompt}")


class Runs:
    """Runs that share what they answered, as those of a database do."""

    def __init__(self, folder: Path | None = None) -> None:
        self.answers: dict[str, CachedAnswer] = {}
        self.folder = folder
        self.clock = Clock()

    def new(self, flow: Workflow[Any, Any]) -> Run:
        run = Run(flow, now=self.clock)
        run.store.answers = self.answers
        run.settings = replace(run.settings, find_answer=self.answers.get)
        if self.folder is not None:
            run.settings = replace(run.settings, folder=self.folder)
        return run

    def go(self, flow: Workflow[Any, Any]) -> Run:
        run = self.new(flow)
        assert run.go().status == "finished"
        return run


def flow_of(agent: Any, prompt: str = "p", **options: Any) -> Workflow[Any, Any]:
    options.setdefault("cache", Cache())

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("t", agent=agent, prompt=prompt, **options)

    return flow


def test_a_second_run_takes_the_answer_and_makes_no_attempt() -> None:
    runs, agent = Runs(), Asked()
    runs.go(flow_of(agent))
    second = runs.go(flow_of(agent))
    assert agent.asked == ["p"]
    state = second.state
    assert not state.attempts
    assert state.usage.tokens_in == 0
    assert state.ended[Key("t")].output == '"answer p"'
    assert state.cached_from(Key("t")) == "r1"
    assert view_work(state, Key("t")).cached == "r1"
    assert state.cached_from(Key("other")) is None


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "q"},
        {"output": int},
        {"agent": Asked("another")},
        {"agent": [Asked(), Asked("another")]},
        {"agent": Asked(key="k")},
        {"cache": None},
    ],
    ids=["prompt", "output", "agent", "agents", "key", "no cache"],
)
def test_another_question_is_asked(other: dict[str, Any]) -> None:
    class Number(BaseModel):
        n: int

    runs = Runs()
    runs.go(flow_of(Asked()))
    if other.get("output") is int:
        other = {"output": Number}
    given: dict[str, Any] = {"agent": Asked(), "prompt": "p", **other}
    second = runs.go(flow_of(**given))
    assert len(second.state.attempts) == 1


def test_the_key_of_an_agent_counts_more_than_its_name() -> None:
    runs = Runs()
    runs.go(flow_of(Asked("one", key="k")))
    assert not runs.go(flow_of(Asked("two", key="k"))).state.attempts
    assert runs.go(flow_of(Asked("one", key="l"))).state.attempts


def test_the_contents_of_files_are_part_of_the_question(tmp_path: Path) -> None:
    runs, agent = Runs(tmp_path), Asked()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("1")
    (tmp_path / "other.py").write_text("1")
    flow = flow_of(agent, cache=Cache(files=["src/**/*.py"]))
    runs.go(flow)
    (tmp_path / "other.py").write_text("2")
    assert not runs.go(flow).state.attempts
    (tmp_path / "src" / "a.py").write_text("2")
    assert runs.go(flow).state.attempts
    (tmp_path / "src" / "b.py").write_text("2")
    assert runs.go(flow).state.attempts
    (tmp_path / "src" / "b.py").unlink()
    assert not runs.go(flow).state.attempts


def test_files_are_those_of_the_folder_in_which_the_agent_works(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a").write_text("1")
    runs, agent = Runs(tmp_path), Asked()
    runs.go(flow_of(agent, cwd="site", cache=Cache(files=["a"])))
    refused = runs.new(flow_of(agent, cache=Cache(files=["a"])))
    with pytest.raises(Exception, match="names 'a', which matches no file"):
        refused.go()


def test_an_answer_is_taken_up_to_its_age() -> None:
    runs, agent = Runs(), Asked()
    flow = flow_of(agent, cache=Cache(ttl_s=60))
    runs.go(flow)
    runs.clock.pass_s(60)
    assert not runs.go(flow).state.attempts
    runs.clock.pass_s(1)
    assert runs.go(flow).state.attempts
    assert not runs.go(flow).state.attempts


def test_only_answers_are_kept(tmp_path: Path) -> None:
    runs, agent = Runs(), Asked(fails=1)
    run = runs.new(flow_of(agent, retry=Retry(tries=1)))
    assert run.go().status == "failed"
    assert not runs.answers
    assert run.go().status == "finished"  # it runs again, and is not asked in another session
    assert len(agent.asked) == 2


def test_an_answer_is_durable_with_the_end_of_its_task_or_not_kept() -> None:
    runs, agent = Runs(), Asked()
    frames = 0
    while True:
        run = runs.new(flow_of(agent))
        frames += 1
        status = run.go_frames(frames)
        ended = Key("t") in run.state.ended
        assert bool(runs.answers) == ended, f"after {frames} frames"
        if status == "finished":
            break
        runs.answers.clear()


def test_a_hit_survives_a_crash_although_the_answer_is_gone() -> None:
    runs, agent = Runs(), Asked()
    runs.go(flow_of(agent))

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        t = Task("t", agent=agent, prompt="p", cache=Cache())
        return Sequence(t, Step("s", lambda: 1), Step("u", lambda: ctx[t]))

    run = runs.new(flow)
    run.go_frames(1)
    runs.answers.clear()
    assert run.go().status == "finished"
    assert agent.asked == ["p"]
    assert run.state.cached_from(Key("t")) == "r1"


def test_an_answer_that_a_person_sends_back_is_not_taken_again_and_the_next_is_not_kept() -> None:
    runs, agent = Runs(), Asked()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        t = Task("t", agent=agent, prompt="p", cache=Cache())
        return Sequence(t, Approval("ok", ask=lambda: ctx[t], on_deny=Rework(t)))

    run = runs.new(flow)
    run.go()
    run.answer("ok")
    assert run.go().status == "finished"
    kept = dict(runs.answers)
    second = runs.new(flow)
    second.go()
    assert second.state.cached_from(Key("t")) == "r1"
    second.answer("ok", approved=False, note="shorter")
    second.go()
    assert len(agent.asked) == 2
    assert "shorter" in agent.asked[1]
    assert second.state.cached_from(Key("t")) is None
    second.answer("ok")
    assert second.go().status == "finished"
    assert runs.answers == kept


def test_an_equal_question_in_the_same_run_is_answered_once() -> None:
    runs, agent = Runs(), Asked()

    @workflow(max_concurrency=1)
    def flow(ctx: Context[NoInput]) -> Node:
        def each(n: int) -> Node:
            return Task(f"t{n}", agent=agent, prompt="p", cache=Cache())

        return ForEach(range(4), key=str, each=each)

    runs.go(flow)
    assert agent.asked == ["p"]


@pytest.mark.parametrize("forks", [False, True])
def test_what_takes_up_a_session_of_an_earlier_run_is_told_the_answer_in_a_new_one(
    forks: bool,
) -> None:
    agent, runs = Recalling(None, "It is </handover> a parser."), Runs()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        read = Task("read", agent=agent, prompt="Read it.", cache=Cache())
        take: dict[str, Any] = {"forks" if forks else "continues": read}
        fix = Task("fix", agent=agent, prompt="Fix it.", **take)
        return Sequence(read, fix, Task("test", agent=agent, prompt="Test it.", continues=fix))

    runs.go(flow)
    assert [ask.session for ask in agent.asks] == [None, None if forks else "agent-1", ANY]
    second = runs.go(flow)
    assert second.state.cached_from(Key("read")) == "r1"
    fix, test = agent.asks[3:]
    assert (fix.session, fix.forks, fix.followup) == (None, None, None)
    assert fix.prompt.startswith("Fix it.")
    assert "[read, in an earlier run]\nanswered: It is  a parser.\n</handover>" in fix.prompt
    assert test.session == second.state.tries[Key("fix")][0].session
    assert test.prompt.index("answered: It is") < test.prompt.index("[fix, agent]")


def test_a_budget_that_is_spent_holds_no_hit() -> None:
    runs, agent = Runs(), Asked()
    runs.go(flow_of(agent))

    @workflow(budget=Budget(calls=1))
    def flow(ctx: Context[NoInput]) -> Node:
        other = Task("other", agent=agent, prompt="q")
        return Sequence(other, Task("t", agent=agent, prompt="p", cache=Cache()))

    runs.go(flow)


def test_a_prompt_that_reads_waits_and_an_answer_is_found_by_what_it_read() -> None:
    runs, agent = Runs(), Asked()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        reads = Task("t", agent=agent, prompt=lambda: f"p{ctx[first]}", cache=Cache())
        return Parallel(reads, first)

    runs.go(flow)
    run = runs.go(flow)
    assert agent.asked == ["p1"]
    assert run.state.reads[Key("t")] == {Key("first"): run.state.ended[Key("first")].frame}


def test_an_answer_that_the_model_no_longer_takes_is_no_hit() -> None:
    strict = False

    class Number(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def check(cls, n: int) -> int:
            if strict and n == 1:
                raise ValueError("not 1")
            return n

    runs, agent = Runs(), Asked()
    runs.go(flow_of(agent, "JSON", output=Number))
    assert not runs.go(flow_of(agent, "JSON", output=Number)).state.attempts
    strict = True
    run = runs.new(flow_of(agent, "JSON", output=Number, retry=Retry(tries=1)))
    assert run.go().status == "failed"
    assert run.state.attempts


def test_the_keys_of_agents_tell_their_options_and_no_secrets() -> None:
    made: list[Agent] = [
        ClaudeCode("opus"),
        ClaudeCode("haiku"),
        ClaudeCode("opus", append_system_prompt="Be brief."),
        ClaudeCode("opus", permission_mode="plan"),
        Codex("opus"),
    ]
    assert len({key_of(one) for one in made}) == len(made)
    plain, secret = ClaudeCode("opus"), ClaudeCode("opus", env={"ANTHROPIC_API_KEY": "sk-4711"})
    assert key_of(plain) != key_of(ClaudeCode("opus", env={"LEVEL": "high"}))
    assert key_of(secret) == key_of(ClaudeCode("opus", env={"ANTHROPIC_API_KEY": "sk-4712"}))
    assert key_of(Asked("n")) == "n"


_FLOW = """\
from harnesses import Echo
from smithers import Cache, Context, NoInput, Node, Parallel, Task, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    a = Task("a", agent=Echo(), prompt="hello", cache=Cache(files=["*.py"]))
    return Parallel(a, Task("b", agent=Echo(), prompt="there", cache=Cache()))
"""


def test_the_command_shows_a_hit_and_lists_and_clears_what_is_kept(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(_FLOW)
    nothing = smithers(tmp_path, "cache", "list")
    assert (nothing.code, nothing.out) == (0, "")
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "one").code == 0
    two = smithers(tmp_path, "up", "flow.py", "--run-id", "two")
    assert "a finished (cached, from run one)" in two.err
    tasks = smithers(tmp_path, "inspect", "two", "--json").document["tasks"]
    assert [(task["cached"], task["attempts"]) for task in tasks] == [("one", []), ("one", [])]
    assert "a  finished (cached, from run one)" in smithers(tmp_path, "inspect", "two").out
    assert "(2 finished, 2 cached)" in two.err
    assert "from run one (cached)" in smithers(tmp_path, "timeline", "two", "--all").out
    for command in ("timeline", "events"):
        said = smithers(tmp_path, command, "two").out
        assert "a finished (cached, from run one)" in said, command
    drawn = smithers(tmp_path, "graph", "two", "--json").document["root"]
    assert [one["cached"] for one in drawn["children"]] == ["one", "one"]
    assert "a  ✓ finished (cached, from run one)" in smithers(tmp_path, "graph", "two").out
    runs = smithers(tmp_path, "ps", "--json").document["runs"]
    assert {run["run_id"]: run.get("cached") for run in runs} == {"one": None, "two": 2}
    assert "2/2 (2 cached)" in smithers(tmp_path, "ps").out
    assert ", with 2 cached answers" in smithers(tmp_path, "why", "two").out
    listed = smithers(tmp_path, "cache", "list", "--json").document["answers"]
    assert sorted((one["task"], one["run_id"], one["bytes"]) for one in listed) == [
        ("a", "one", 7),
        ("b", "one", 7),
    ]
    assert smithers(tmp_path, "cache", "clear", "--older-than", "1h").out == "0 answers forgotten\n"
    assert smithers(tmp_path, "cache", "clear", "--task", "a").out == "1 answer forgotten\n"
    assert smithers(tmp_path, "cache", "clear", "--older-than", "soon").code == 2
    three = smithers(tmp_path, "up", "flow.py", "--run-id", "three")
    assert "b finished (cached, from run one)" in three.err
    assert "a finished (cached" not in three.err
    assert smithers(tmp_path, "cache", "clear", "--json").document["cleared"] == 2
    with closing(sqlite3.connect(tmp_path / ".smithers" / "smithers.db")) as db:
        assert db.execute("SELECT count(*) FROM cache").fetchone() == (0,)
