"""The real Claude Code against the scripted model: what no recording can show."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from harnesses import ClaudeCode
from smithers.agent import (
    Answered,
    Ask,
    Event,
    Said,
    Spawned,
    Started,
    Steered,
    ToolCalled,
    ToolReturned,
    Used,
)
from smithers.errors import NotSignedIn, Stalled
from tests.harness.helpers import ROOT, alive, events_of, kinds, marked, outcome_of, until
from tests.scripted_model import Hang, ScriptedModel, Status, Step, Text, ToolCall

pytestmark = [pytest.mark.anyio, pytest.mark.live]


def agent(model: ScriptedModel, claude: str, home: Path, **options: object) -> ClaudeCode:
    env = {"HOME": str(home), "ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "scripted-key"}
    return ClaudeCode(program=claude, config_dir=home / "config", env=env, **options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] (options vary by test)


def without_pids(events: list[Event]) -> list[str]:
    return [kind for kind in kinds(events) if kind != "Spawned"]


async def test_an_answer_comes_with_its_pids_its_session_and_its_price(
    claude: str, tmp_path: Path
) -> None:
    with ScriptedModel([ToolCall("Bash", {"command": "echo hi"}), Text("Done.")]) as model:
        events = await events_of(agent(model, claude, tmp_path), Ask(prompt="Go", cwd=tmp_path), 60)
    assert isinstance(events[0], Started)
    pids = [event.pid for event in events if isinstance(event, Spawned)]
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)
    assert without_pids(events) == [
        "Started", "ToolCalled", "ToolReturned", "Said", "Used", "Answered",
    ]  # fmt: skip
    assert isinstance(events[-2], Used)
    assert (events[-2].tokens_in, events[-2].tokens_out) == (20, 10)


async def test_a_session_goes_on_with_its_history(claude: str, tmp_path: Path) -> None:
    with ScriptedModel([Text("The word is heron."), Text("Heron.")]) as model:
        real = agent(model, claude, tmp_path)
        first = await events_of(real, Ask(prompt="Choose", cwd=tmp_path), 60)
        assert isinstance(first[0], Started)
        ask = Ask(prompt="Choose", cwd=tmp_path, session=first[0].session, followup="Which?")
        assert (await events_of(real, ask, 60))[-1] == Answered("Heron.")
    assert "The word is heron." in str(model.requests[-1].body["messages"])


async def test_the_request_is_made_once_when_the_model_refuses(claude: str, tmp_path: Path) -> None:
    with ScriptedModel([Status(401, "authentication_error")]) as model:
        ask = Ask(prompt="Go", cwd=tmp_path)
        _, error = await outcome_of(agent(model, claude, tmp_path), ask, 60)
    assert isinstance(error, NotSignedIn)
    assert len(model.requests) == 1


async def test_settings_of_the_user_and_of_the_project_stay_outside(
    claude: str, tmp_path: Path
) -> None:
    for folder in (tmp_path / "config", tmp_path / ".claude"):
        folder.mkdir()
        (folder / "settings.json").write_text('{"env": {"FROM_SETTINGS": "leaked"}}')
    (tmp_path / ".mcp.json").write_text(
        '{"mcpServers": {"x": {"command": "touch", "args": ["mcp-started"]}}}'
    )
    look = ToolCall("Bash", {"command": "echo [$FROM_SETTINGS]"})
    with ScriptedModel([look, Text("Done.")]) as model:
        real = agent(model, claude, tmp_path, allowed_tools=["Bash"])
        events = await events_of(real, Ask(prompt="Go", cwd=tmp_path), 60)
    (returned,) = [event for event in events if isinstance(event, ToolReturned)]
    assert returned.text == "[]"
    assert not (tmp_path / "mcp-started").exists()


async def test_a_long_prompt_arrives_whole(claude: str, tmp_path: Path) -> None:
    prompt = "-- begin " + "x" * 200_000 + " end"
    with ScriptedModel([Text("Read.")]) as model:
        await events_of(agent(model, claude, tmp_path), Ask(prompt=prompt, cwd=tmp_path), 60)
    assert prompt in str(model.requests[-1].body["messages"])


async def test_a_model_that_says_nothing_is_ended_by_our_clock(claude: str, tmp_path: Path) -> None:
    with ScriptedModel([Hang("Half an ans")]) as model:
        ask = Ask(prompt="Go", cwd=tmp_path, idle_s=3)
        events, error = await outcome_of(agent(model, claude, tmp_path), ask, 60)
    assert isinstance(error, Stalled)
    assert not any(alive(event.pid) for event in events if isinstance(event, Spawned))
    assert not any(isinstance(event, Said) for event in events)


OWNER = """
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from harnesses import ClaudeCode
from smithers.agent import Ask, Spawned
async def main():
    agent = ClaudeCode(program={claude!r}, config_dir="config", env=dict(eval(os.environ["AGENT"])),
                       allowed_tools=["Bash"])
    ask = Ask(prompt="Go", cwd=Path.cwd(), marks={{"SMITHERS_ATTEMPT": {mark!r}}})
    async for event in agent.run(ask):
        if isinstance(event, Spawned):
            with open("spawned", "a") as file: file.write(str(event.pid) + "\\n")
asyncio.run(main())
"""


async def test_nothing_lives_five_seconds_after_the_owner_is_killed(
    claude: str, tmp_path: Path
) -> None:
    mark = f"live-{os.getpid()}-{time.monotonic_ns()}"
    command = "(setsid tail -f /dev/null &) ; tail -n +1 -f /dev/null"
    with ScriptedModel([ToolCall("Bash", {"command": command, "description": "Wait"})]) as model:
        env: Mapping[str, str] = {
            "HOME": str(tmp_path),
            "ANTHROPIC_BASE_URL": model.url,
            "ANTHROPIC_API_KEY": "scripted-key",
        }
        script = OWNER.format(root=str(ROOT), claude=claude, mark=mark)
        owner = subprocess.Popen(  # noqa: ASYNC220 (at once; nothing else runs here)
            [sys.executable, "-c", script], cwd=tmp_path, env={**os.environ, "AGENT": repr(env)}
        )
        try:
            tails = [f"tail\0-{flags}" for flags in ("f", "n")]
            await until(
                lambda: all(any(t in cmd for cmd in marked(mark).values()) for t in tails), 40
            )
        finally:
            owner.kill()
            owner.wait()
        await until(lambda: not marked(mark), 5)
    spawned = [int(pid) for pid in (tmp_path / "spawned").read_text().split()]
    assert len(spawned) == 2
    assert not any(alive(pid) for pid in spawned)


async def test_smoke_a_message_reaches_the_model_with_the_next_result_of_a_tool(
    claude: str, tmp_path: Path
) -> None:
    script: list[Step] = [ToolCall("Bash", {"command": "sleep 1; echo hi"}), Text("Blue.")]
    messages = asyncio.Queue[str]()
    ask = Ask(prompt="Go", cwd=tmp_path, messages=messages)
    events: list[Event] = []
    with ScriptedModel(script) as model:
        async with asyncio.timeout(60):
            async for event in agent(model, claude, tmp_path, allowed_tools=["Bash"]).run(ask):
                events.append(event)
                if isinstance(event, ToolCalled):
                    messages.put_nowait("/clear is no command. Make it blue.")
    assert Steered("/clear is no command. Make it blue.") in events
    assert events[-1] == Answered("Blue.")
    assert len(model.requests) == 2
    assert "Make it blue." in str(model.requests[-1].body["messages"])


async def test_a_message_at_the_end_is_a_turn_in_the_same_session(
    claude: str, tmp_path: Path
) -> None:
    messages = asyncio.Queue[str]()
    ask = Ask(prompt="Go", cwd=tmp_path, messages=messages)
    events: list[Event] = []
    with ScriptedModel([Text("Green."), Text("Blue."), Text("Red.")]) as model:
        async with asyncio.timeout(60):
            async for event in agent(model, claude, tmp_path).run(ask):
                events.append(event)
                if event in (Said("Green."), Said("Blue.")):
                    messages.put_nowait(f"Not {event}.")
    assert [event for event in events if isinstance(event, Answered)] == [Answered("Red.")]
    paid = [event.tokens_in for event in events if isinstance(event, Used)]
    assert paid == [10, 10, 10]
    assert kinds(events).count("Started") == 1
    assert "Green." in str(model.requests[-1].body["messages"])


@pytest.mark.parametrize("prompt", ["/help", "/clear", "-- help", "--help"])
async def test_a_prompt_is_a_text_whatever_it_begins_with(
    prompt: str, claude: str, tmp_path: Path
) -> None:
    with ScriptedModel([Text("Read.")]) as model:
        ask = Ask(prompt=prompt, cwd=tmp_path)
        assert (await events_of(agent(model, claude, tmp_path), ask, 60))[-1] == Answered("Read.")
    assert prompt in str(model.requests[-1].body["messages"])
