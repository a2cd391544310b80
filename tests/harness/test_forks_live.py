"""The real programs against the scripted model: what a copy of a session knows, and costs."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from harnesses import ClaudeCode, Codex, Gemini, Pi
from smithers.agent import Agent, Answered, Ask, Event, Spawned, Started, Used
from smithers.errors import Transient
from tests.harness.helpers import events_of, installed, until
from tests.scripted_model import Hang, Script, ScriptedModel, Text

pytestmark = [pytest.mark.anyio, pytest.mark.live]

UNKNOWN = "00000000-0000-4000-8000-000000000000"
KEY: dict[str, Any] = {"api_key_env": "SCRIPTED_KEY"}


def claude(url: str, home: Path) -> Agent:
    env = {"HOME": str(home), "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "scripted-key"}
    return ClaudeCode(program=installed("claude"), config_dir=home / "config", env=env)


def codex(url: str, home: Path, **options: Any) -> Agent:
    env = {"HOME": str(home), "SCRIPTED_KEY": "scripted-key", "XDG_STATE_HOME": str(home)}
    program = installed("codex")
    return Codex("scripted", program=program, base_url=f"{url}/v1", env=env, **KEY, **options)


def by_exec(url: str, home: Path) -> Agent:
    return codex(url, home, mode="exec")


def pi(url: str, home: Path) -> Agent:
    env = {"HOME": str(home), "SCRIPTED_KEY": "scripted-key", "XDG_STATE_HOME": str(home)}
    to: dict[str, Any] = {"base_url": url, "api": "anthropic-messages", **KEY}
    return Pi("scripted", program=installed("pi"), env=env, **to)


def gemini(url: str, home: Path) -> Agent:
    env = {"HOME": str(home), "SCRIPTED_KEY": "scripted-key", "XDG_STATE_HOME": str(home)}
    return Gemini("scripted", program=installed("gemini"), base_url=url, env=env, **KEY)


Make = Callable[[str, Path], Agent]


PROGRAMS = [claude, codex, by_exec, pi, gemini]


@pytest.fixture(params=PROGRAMS, ids=["claude", "codex", "codex-exec", "pi", "gemini"])
def make(request: pytest.FixtureRequest) -> Make:
    found: Make = request.param
    return found


def session_of(events: list[Event]) -> str:
    return [event.session for event in events if isinstance(event, Started)][-1]


def history(model: ScriptedModel) -> str:
    """What the model was sent last."""
    body = [request.body for request in model.requests if request.step is not None][-1]
    return str(body.get("messages") or body.get("input") or body.get("contents"))


async def test_a_copy_knows_the_session_and_leaves_it_as_it_was(
    make: Make, home: Path, cwd: Path
) -> None:
    script = [Text("The word is heron."), Text("One."), Text("Two."), Text("Three.")]
    elsewhere = cwd.with_name("elsewhere")
    elsewhere.mkdir()
    with ScriptedModel(script) as model:
        agent = make(model.url, home)
        first = session_of(await events_of(agent, Ask(prompt="Choose", cwd=cwd), 60))
        copied: list[str] = []
        for folder, followup in ((cwd, "Ask 1"), (elsewhere, "Ask 2")):
            ask = Ask(prompt="Anew", cwd=folder, forks=first, followup=followup)
            events = await events_of(agent, ask, 60)
            used = [event for event in events if isinstance(event, Used)]
            assert [(one.tokens_in, one.tokens_out) for one in used] == [(10, 5)]
            assert "The word is heron." in history(model)
            assert followup in history(model)
            assert "Anew" not in history(model)
            copied.append(session_of(events))
        assert len({first, *copied}) == 3
        ask = Ask(prompt="Anew", cwd=cwd, session=first, followup="Ask 3")
        assert (await events_of(agent, ask, 60))[-1] == Answered("Three.")
        assert "The word is heron." in history(model)
        assert "Ask 1" not in history(model)


async def test_where_its_own_copy_is_unknown_it_is_made_again_and_else_all_begins_anew(
    make: Make, home: Path, cwd: Path
) -> None:
    with ScriptedModel([Text("The word is heron."), Text("One."), Text("Two.")]) as model:
        agent = make(model.url, home)
        first = session_of(await events_of(agent, Ask(prompt="Choose", cwd=cwd), 60))
        ask = Ask(prompt="Anew", cwd=cwd, session=UNKNOWN, forks=first, followup="Go on")
        events = await events_of(agent, ask, 60)
        assert session_of(events) not in (UNKNOWN, first)
        assert "The word is heron." in history(model)
        assert "Go on" in history(model)
        ask = Ask(prompt="Anew", cwd=cwd, forks=UNKNOWN, followup="Go on")
        assert (await events_of(agent, ask, 60))[-1] == Answered("Two.")
        assert "Anew" in history(model)
        assert "heron" not in history(model)


async def test_a_copy_that_is_killed_in_its_first_call_is_gone_on_with(
    make: Make, home: Path, cwd: Path
) -> None:
    script: Script = [Text("The word is heron."), Hang(), Text("One.")]
    with ScriptedModel(script) as model:
        agent = make(model.url, home)
        first = session_of(await events_of(agent, Ask(prompt="Choose", cwd=cwd), 60))
        events = await killed_at_its_call(agent, Ask(prompt="Anew", cwd=cwd, forks=first), model)
        mine = session_of(events)
        ask = Ask(prompt="Anew", cwd=cwd, session=mine, forks=first, followup="Go on")
        again = await events_of(agent, ask, 60)
        assert session_of(again) != first  # the same copy, or another where it was not kept yet
        assert "The word is heron." in history(model)
        used = [event for event in again if isinstance(event, Used)]
        assert (sum(one.tokens_in for one in used), sum(one.tokens_out for one in used)) == (10, 5)


async def killed_at_its_call(agent: Agent, ask: Ask, model: ScriptedModel) -> list[Event]:
    """The events of a program that is killed, as when memory is short, while the model is asked."""
    asked = len(model.requests)
    pids: list[int] = []
    events: list[Event] = []

    async def kill() -> None:
        await until(lambda: len(pids) == 2 and len(model.requests) > asked, 40)
        os.kill(pids[1], signal.SIGKILL)

    async with asyncio.TaskGroup() as group:
        group.create_task(kill())
        with suppress(Transient):
            async for event in agent.run(ask):
                events.append(event)
                if isinstance(event, Spawned):
                    pids.append(event.pid)
    assert not any(isinstance(event, Answered) for event in events)
    return events
