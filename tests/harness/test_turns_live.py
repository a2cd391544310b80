"""The real programs against the scripted model: a copy of a session as it was after a turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harnesses import Antigravity, ClaudeCode, Codex, Gemini, Pi
from smithers.agent import Agent, Answered, Ask, Event
from tests.harness.helpers import antigravity_python, events_of, installed
from tests.harness.test_forks_live import UNKNOWN, history, killed_at_its_call, session_of
from tests.scripted_model import Hang, Script, ScriptedModel, Text, ToolCall

pytestmark = [pytest.mark.anyio, pytest.mark.live]

KEY: dict[str, Any] = {"api_key_env": "SCRIPTED_KEY"}
SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Program:
    """How an agent is made that asks the model at a URL, and what of its files is a session."""

    make: Callable[[str, Path], Agent]
    sessions: str
    tool: ToolCall | None = None
    form: Callable[[str], Text | ToolCall] = lambda word: Text(json.dumps({"word": word}))

    def kept(self, home: Path) -> Mapping[Path, bytes]:
        """The sessions that it has, byte for byte."""
        kept = {path: path.read_bytes() for path in home.glob(self.sessions) if path.is_file()}
        assert kept
        return kept


def _env(home: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(home), "SCRIPTED_KEY": "scripted-key", "XDG_STATE_HOME": str(home), **more}


def claude(url: str, home: Path) -> Agent:
    env = _env(home, ANTHROPIC_BASE_URL=url, ANTHROPIC_API_KEY="scripted-key")
    return ClaudeCode(program=installed("claude"), config_dir=home / "config", env=env)


def codex(url: str, home: Path) -> Agent:
    made: dict[str, Any] = {"base_url": f"{url}/v1", "env": _env(home), **KEY}
    return Codex("scripted", program=installed("codex"), **made)


def pi(url: str, home: Path) -> Agent:
    to: dict[str, Any] = {"base_url": url, "api": "anthropic-messages", "env": _env(home), **KEY}
    return Pi("scripted", program=installed("pi"), **to)


def gemini(url: str, home: Path) -> Agent:
    to: dict[str, Any] = {"base_url": url, "env": _env(home), **KEY}
    return Gemini("scripted", program=installed("gemini"), **to)


def antigravity(url: str, home: Path) -> Agent:
    to: dict[str, Any] = {"base_url": url, "env": _env(home), **KEY}
    return Antigravity("scripted", python=antigravity_python(), **to)


PROGRAMS = {
    "claude": Program(
        claude,
        "config/projects/*/*.jsonl",
        ToolCall("Bash", {"command": "ls"}),
        lambda word: ToolCall("StructuredOutput", {"word": word}),
    ),
    "codex": Program(codex, "smithers/codex/*/sessions/**/*.jsonl"),
    "pi": Program(pi, "smithers/pi/*/sessions/*.jsonl", ToolCall("ls", {"path": "."})),
    "gemini": Program(
        gemini,
        "smithers/gemini/*/sessions/*/chats/*",
        ToolCall("list_directory", {"dir_path": "."}),
    ),
    "antigravity": Program(antigravity, "smithers/antigravity/*/sessions/*.db"),
}


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> Program:
    return PROGRAMS[request.param]


def turn_of(events: list[Event]) -> str:
    answer = events[-1]
    assert isinstance(answer, Answered)
    assert answer.turn
    return answer.turn


async def two_turns(
    agent: Agent, cwd: Path, marks: Mapping[str, str] | None = None, **more: Any
) -> tuple[str, list[str]]:
    """The session of two requests, and the turns of their answers."""
    marks = marks or {}
    first = await events_of(agent, Ask(prompt="Bird?", cwd=cwd, marks=marks, **more), 60)
    session = session_of(first)
    ask = Ask(prompt="Anew", cwd=cwd, session=session, followup="Tree?", marks=marks, **more)
    return session, [turn_of(first), turn_of(await events_of(agent, ask, 60))]


async def test_smoke_a_copy_at_a_turn_knows_nothing_of_what_came_after_it(
    program: Program, home: Path, cwd: Path
) -> None:
    script: Script = [Text("A heron."), Text("A willow."), Text("Three."), Text("Four.")]
    with ScriptedModel(script) as model:
        agent = program.make(model.url, home)
        session, turns = await two_turns(agent, cwd)
        assert len({*turns}) == 2
        before = program.kept(home)
        ask = Ask(prompt="Anew", cwd=cwd, forks=session, at=turns[0], followup="And then?")
        events = await events_of(agent, ask, 60)
        assert events[-1] == Answered("Three.")
        assert all(said in history(model) for said in ("Bird?", "A heron.", "And then?"))
        assert not any(said in history(model) for said in ("Tree?", "A willow.", "Anew"))
        assert session_of(events) != session
        assert before.items() <= program.kept(home).items()
        ask = Ask(prompt="Anew", cwd=cwd, session=session_of(events), followup="At last?")
        assert (await events_of(agent, ask, 60))[-1] == Answered("Four.")
        assert all(said in history(model) for said in ("A heron.", "Three.", "At last?"))
        assert "A willow." not in history(model)
        assert before.items() <= program.kept(home).items()


async def test_a_copy_of_a_session_that_was_gone_on_with_has_all_of_it(
    program: Program, home: Path, cwd: Path
) -> None:
    with ScriptedModel([Text("A heron."), Text("A willow."), Text("Three.")]) as model:
        agent = program.make(model.url, home)
        session, _ = await two_turns(agent, cwd)
        before = program.kept(home)
        ask = Ask(prompt="Anew", cwd=cwd, forks=session, followup="And then?")
        events = await events_of(agent, ask, 60)
        assert events[-1] == Answered("Three.")
        assert all(said in history(model) for said in ("A heron.", "A willow.", "And then?"))
        assert session_of(events) != session
        assert before.items() <= program.kept(home).items()


async def test_a_copy_at_the_last_turn_knows_all_of_it_in_another_folder_and_run(
    program: Program, home: Path, cwd: Path
) -> None:
    """As the fork of a run has it, whose programs keep their sessions elsewhere."""
    script: Script = [Text("A heron."), Text("A willow."), Text("Three."), Text("Four.")]
    elsewhere = cwd.with_name("elsewhere")
    elsewhere.mkdir()
    with ScriptedModel(script) as model:
        agent = program.make(model.url, home)
        session, turns = await two_turns(agent, cwd, {"SMITHERS_RUN": "first"})
        before, marks = program.kept(home), {"SMITHERS_RUN": "first-fork"}
        ask = Ask(prompt="Anew", cwd=elsewhere, forks=session, at=turns[1], marks=marks)
        events = await events_of(agent, ask, 60)
        assert events[-1] == Answered("Three.")
        assert all(said in history(model) for said in ("A heron.", "A willow.", "Anew"))
        assert before.items() <= program.kept(home).items()
        # A copy of the copy, in a third run.
        marks, copy = {"SMITHERS_RUN": "first-fork-2"}, session_of(events)
        ask = Ask(prompt="More", cwd=cwd, forks=copy, at=turn_of(events), marks=marks)
        assert (await events_of(agent, ask, 60))[-1] == Answered("Four.")
        assert all(said in history(model) for said in ("A heron.", "Anew", "Three.", "More"))


async def test_a_turn_or_a_session_that_is_unknown_begins_anew_with_the_prompt(
    program: Program, home: Path, cwd: Path
) -> None:
    with ScriptedModel([Text("A heron."), Text("Two."), Text("Three.")]) as model:
        agent = program.make(model.url, home)
        first = await events_of(agent, Ask(prompt="Bird?", cwd=cwd), 60)
        session, turn = session_of(first), turn_of(first)
        before = program.kept(home)
        for forks, at, said in ((session, UNKNOWN, "Two."), (UNKNOWN, turn, "Three.")):
            ask = Ask(prompt="Anew", cwd=cwd, forks=forks, at=at, followup="And then?")
            events = await events_of(agent, ask, 60)
            assert events[-1] == Answered(said)
            assert turn_of(events)
            assert "Anew" in history(model)
            assert not any(said in history(model) for said in ("Bird?", "A heron.", "And then?"))
            assert before.items() <= program.kept(home).items()


async def test_a_turn_ends_with_its_answer_also_after_tools_and_in_a_form(
    program: Program, home: Path, cwd: Path
) -> None:
    tools = [] if program.tool is None else [program.tool]
    words = map(program.form, ("heron", "willow", "ash"))
    script: Script = [step for word in words for step in (*tools, word)]
    with ScriptedModel(script) as model:
        agent = program.make(model.url, home)
        session, turns = await two_turns(agent, cwd, schema=SCHEMA)
        ask = Ask(prompt="Anew", cwd=cwd, forks=session, at=turns[0], schema=SCHEMA)
        await events_of(agent, ask, 60)
        assert all(said in history(model) for said in ("Bird?", "heron", "Anew"))
        assert not any(said in history(model) for said in ("Tree?", "willow", "missing"))


@pytest.mark.parametrize("name", PROGRAMS)
async def test_after_a_kill_in_the_second_turn_the_first_one_can_be_copied(
    name: str, home: Path, cwd: Path
) -> None:
    program = PROGRAMS[name]
    with ScriptedModel([Text("A heron."), Hang(), Text("Three.")]) as model:
        agent = program.make(model.url, home)
        first = await events_of(agent, Ask(prompt="Bird?", cwd=cwd), 60)
        session, turn = session_of(first), turn_of(first)
        ask = Ask(prompt="Anew", cwd=cwd, session=session, followup="Tree?")
        await killed_at_its_call(agent, ask, model)
        before = program.kept(home)
        ask = Ask(prompt="Anew", cwd=cwd, forks=session, at=turn, followup="And then?")
        assert (await events_of(agent, ask, 60))[-1] == Answered("Three.")
        assert all(said in history(model) for said in ("Bird?", "A heron.", "And then?"))
        assert not any(said in history(model) for said in ("Tree?", "Anew"))
        assert before.items() <= program.kept(home).items()
