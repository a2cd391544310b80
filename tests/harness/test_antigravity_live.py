"""The real SDK of Antigravity against the scripted model: what no recording can show."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from harnesses import Antigravity
from smithers.agent import Answered, Ask, Started, ToolCalled, ToolReturned, Used
from tests.harness.helpers import events_of, stopped
from tests.scripted_model import Hang, ScriptedModel, Step, Text, ToolCall

pytestmark = [pytest.mark.anyio, pytest.mark.live, pytest.mark.timeout(300)]

PATIENCE_S = 120
SHELL = ("view_file", "run_command")


def agent(url: str, python: str, home: Path, **options: Any) -> Antigravity:
    env = {"HOME": str(home), "SCRIPTED_KEY": "scripted-key"}
    to: dict[str, Any] = {"base_url": url, "api_key_env": "SCRIPTED_KEY", "home": home / "state"}
    return Antigravity("scripted", python=python, env=env, **to | options)


def command(words: str) -> ToolCall:
    return ToolCall("run_command", {"CommandLine": words, "Cwd": ".", "WaitMsBeforeAsync": 60_000})


def tools_in(model: ScriptedModel) -> set[str]:
    """What the SDK told the model that it has."""
    told: Any = model.requests[0].body["tools"]
    return {one["name"] for each in told for one in each["functionDeclarations"]}


async def test_smoke_a_session_is_begun_and_gone_on_with_in_another_folder(
    antigravity: str, tmp_path: Path, cwd: Path
) -> None:
    with ScriptedModel([Text("The word is heron."), Text("It was heron.")]) as model:
        sdk = agent(model.url, antigravity, tmp_path)
        first = await events_of(sdk, Ask(prompt="Say a word.", cwd=cwd), PATIENCE_S)
        assert isinstance(first[0], Started)
        again = Ask(prompt="Say a word.", cwd=tmp_path, session=first[0].session, followup="Which?")
        second = await events_of(sdk, again, PATIENCE_S)
        history: Any = model.requests[1].body["contents"]
    assert second[-1] == Answered("It was heron.")
    assert [event for event in second if isinstance(event, Started)] == [first[0]]
    assert [event.tokens_in for event in second if isinstance(event, Used)] == [10]
    assert [content["role"] for content in history] == ["user", "model", "user"]


async def test_it_has_those_tools_that_are_named_and_no_others(
    antigravity: str, tmp_path: Path, cwd: Path
) -> None:
    has: list[set[str]] = []
    for options in ({}, {"tools": ("view_file", "create_file")}):
        with ScriptedModel([Text("Hi.")]) as model:
            sdk = agent(model.url, antigravity, tmp_path, **options)
            await events_of(sdk, Ask(prompt="Hi", cwd=cwd), PATIENCE_S)
            has.append(tools_in(model))
    assert has[0] == {"view_file", "list_dir", "grep_search", "find_by_name"}
    assert has[1] == {"view_file", "write_to_file"}


async def test_no_key_and_nothing_of_ours_reaches_a_command(
    antigravity: str, tmp_path: Path, cwd: Path
) -> None:
    show = command("env")
    with ScriptedModel([show, Text("Done.")]) as model:
        sdk = agent(model.url, antigravity, tmp_path, tools=SHELL)
        events = await events_of(sdk, Ask(prompt="Show", cwd=cwd), PATIENCE_S)
    (returned,) = [event for event in events if isinstance(event, ToolReturned)]
    assert "PATH=" in returned.text
    assert not [word for word in ("scripted-key", "_KEY", "PYTHON") if word in returned.text]


async def test_it_writes_where_it_may_and_nowhere_else(
    antigravity: str, tmp_path: Path, cwd: Path
) -> None:
    def write(path: Path) -> ToolCall:
        told = {"TargetFile": str(path), "CodeContent": "A note.\n", "Overwrite": False}
        return ToolCall("write_to_file", told | {"Description": "A note", "EmptyFile": False})

    outside = Path.home() / "smithers-antigravity-live.txt"
    with ScriptedModel([write(cwd / "note.txt"), write(outside), Text("Done.")]) as model:
        sdk = agent(model.url, antigravity, tmp_path, tools=("view_file", "create_file"))
        events = await events_of(sdk, Ask(prompt="Write", cwd=cwd), PATIENCE_S)
        assert "outside the allowed workspace" in model.requests[-1].returned[0]
    assert [event.failed for event in events if isinstance(event, ToolReturned)] == [False]
    assert ((cwd / "note.txt").exists(), outside.exists()) == (True, False)


@pytest.mark.parametrize("server", ["command", "missing"])
async def test_a_tool_of_a_server_is_called(
    server: str, antigravity: str, tmp_path: Path, cwd: Path
) -> None:
    """That of Smithers itself, whose tool needs nothing."""
    hub = {"command": sys.executable, "args": ["-m", "smithers", "mcp"]}
    servers = {"hub": hub} if server == "command" else {}
    listing: dict[str, object] = {"ServerName": "hub", "ToolName": "list_runs", "Arguments": {}}
    with ScriptedModel([ToolCall("call_mcp_tool", listing), Text("Done.")]) as model:
        sdk = agent(model.url, antigravity, tmp_path, mcp_servers=servers)
        events = await events_of(sdk, Ask(prompt="List", cwd=cwd), PATIENCE_S)
        assert len(model.requests) == 2
    called = [event.name for event in events if isinstance(event, ToolCalled)]
    failed = [event.failed for event in events if isinstance(event, ToolReturned)]
    assert (called, failed) == ((["hub/list_runs"], [False]) if servers else ([], []))


async def test_a_server_of_another_protocol_gets_no_key(
    antigravity: str, tmp_path: Path, cwd: Path
) -> None:
    with ScriptedModel([Text("Hello.")]) as model:
        url = f"{model.url}/v1"
        sdk = agent(url, antigravity, tmp_path, protocol="openai-chat")
        events = await events_of(sdk, Ask(prompt="Hi", cwd=cwd), PATIENCE_S)
        assert [each.path for each in model.requests] == ["/v1/chat/completions"]
        assert "authorization" not in model.requests[0].headers
    assert events[-1] == Answered("Hello.")


async def test_a_long_prompt_arrives_whole(antigravity: str, tmp_path: Path, cwd: Path) -> None:
    prompt = "".join(f"line {number}\n" for number in range(15_000))
    with ScriptedModel([Text("Read.")]) as model:
        sdk = agent(model.url, antigravity, tmp_path)
        await events_of(sdk, Ask(prompt=prompt, cwd=cwd), PATIENCE_S)
        assert prompt.strip() in json.dumps(model.requests[0].body).replace("\\n", "\n")


@pytest.mark.parametrize(
    ("last", "known"),
    [(command("tail -f /dev/null"), "canceled"), (Hang("Half an ans"), "Half an ans")],
    ids=["in a tool", "in a stream"],
)
async def test_what_was_done_before_it_was_stopped_is_known_to_who_goes_on(
    last: Step, known: str, antigravity: str, tmp_path: Path, cwd: Path
) -> None:
    with ScriptedModel([command("echo the first is done"), last, Text("Blue.")]) as model:
        sdk = agent(model.url, antigravity, tmp_path, tools=SHELL)
        mark = f"antigravity-stopped-{last}"
        ask = Ask(prompt="Paint.", cwd=cwd, marks={"SMITHERS_ATTEMPT": mark})
        session = await stopped(sdk, ask, mark)
        again = Ask(prompt="Paint.", cwd=cwd, session=session, followup="Make it blue.")
        events = await events_of(sdk, again, PATIENCE_S)
        history = json.dumps(model.requests[2].body["contents"])
    assert [event for event in events if isinstance(event, Started)] == [Started(session)]
    assert events[-1] == Answered("Blue.")
    parts = ("Paint.", "the first is done", known, "Make it blue.")
    assert sorted(parts, key=history.rindex) == list(parts)
