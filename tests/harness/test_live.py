"""The real Claude Code against the scripted model: what no recording can show."""

from __future__ import annotations

import asyncio
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
from tests.harness.helpers import alive, events_of, kinds
from tests.scripted_model import ScriptedModel, Step, Text, ToolCall

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
