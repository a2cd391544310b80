"""The real Gemini CLI against the scripted model: what no recording can show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harnesses import Gemini
from smithers.agent import Answered, Ask, Started, ToolReturned, Used
from smithers.errors import NotSignedIn
from tests.harness.helpers import events_of, outcome_of, stopped
from tests.scripted_model import Hang, ScriptedModel, Status, Step, Text, ToolCall

pytestmark = [pytest.mark.anyio, pytest.mark.live, pytest.mark.timeout(300)]

PATIENCE_S = 120
TOOL = ToolCall("run_shell_command", {"command": "tail -f /dev/null; echo not done yet"})


def agent(url: str, gemini: str, home: Path, **options: Any) -> Gemini:
    env = {"HOME": str(home), "SCRIPTED_KEY": "scripted-key"}
    to: dict[str, Any] = {"base_url": url, "api_key_env": "SCRIPTED_KEY", "home": home / "state"}
    return Gemini("scripted", program=gemini, env=env, **to | options)


def left_in(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


def tools_in(model: ScriptedModel) -> set[str]:
    """What the program told the model that it has."""
    told: Any = model.requests[0].body["tools"]
    return {one["name"] for each in told for one in each["functionDeclarations"]}


async def test_smoke_a_session_is_begun_and_gone_on_with(
    gemini: str, tmp_path: Path, cwd: Path
) -> None:
    with ScriptedModel([Text("The word is heron."), Text("It was heron.")]) as model:
        cli = agent(model.url, gemini, tmp_path)
        first = await events_of(cli, Ask(prompt="Say a word.", cwd=cwd), PATIENCE_S)
        assert isinstance(first[0], Started)
        again = Ask(prompt="Say a word.", cwd=cwd, session=first[0].session, followup="Which?")
        second = await events_of(cli, again, PATIENCE_S)
        history: Any = model.requests[1].body["contents"]
    assert second[-1] == Answered("It was heron.")
    assert [event for event in second if isinstance(event, Started)] == [first[0]]
    assert [event.tokens_in for event in second if isinstance(event, Used)] == [10]
    assert [content["role"] for content in history] == ["user", "model", "user"]


async def test_a_prompt_and_an_answer_of_any_length_arrive_whole(
    gemini: str, tmp_path: Path, cwd: Path
) -> None:
    """A pipe would lose the tail of what is said, and with it the verdict."""
    prompt = "".join(f"line {number}\n" for number in range(40_000))
    answer = " ".join(map(str, range(60_000)))
    with ScriptedModel([Text(answer)]) as model:
        ask = Ask(prompt=prompt, cwd=cwd)
        events = await events_of(agent(model.url, gemini, tmp_path), ask, PATIENCE_S)
        assert prompt.strip() in json.dumps(model.requests[0].body).replace("\\n", "\n")
    assert events[-1] == Answered(answer)


async def test_without_more_rights_it_has_no_tool_that_writes(
    gemini: str, tmp_path: Path, cwd: Path
) -> None:
    has: dict[str, set[str]] = {}
    for mode in ("default", "auto_edit"):
        with ScriptedModel([Text("Hi.")]) as model:
            cli = agent(model.url, gemini, tmp_path, approval_mode=mode)
            await events_of(cli, Ask(prompt="Hi", cwd=cwd), PATIENCE_S)
            has[mode] = tools_in(model)
    assert not has["default"] & {"write_file", "replace", "run_shell_command"}
    assert has["auto_edit"] >= {"write_file", "replace"}
    assert "run_shell_command" not in has["auto_edit"]


async def test_nothing_of_a_project_is_started_and_no_key_reaches_a_command(
    gemini: str, tmp_path: Path, cwd: Path
) -> None:
    touch = {"type": "command", "command": f"touch {tmp_path}/hook-ran"}
    settings = {
        "mcpServers": {"x": {"command": "touch", "args": [f"{tmp_path}/mcp-ran"], "trust": True}},
        "tools": {"discoveryCommand": f"touch {tmp_path}/discovery-ran"},
        "hooksConfig": {"enabled": True},
        "hooks": {"SessionStart": [{"hooks": [touch]}], "BeforeAgent": [{"hooks": [touch]}]},
    }
    (cwd / ".gemini").mkdir()
    (cwd / ".gemini" / "settings.json").write_text(json.dumps(settings))
    (cwd / ".env").write_text("FROM_THE_PROJECT=yes\n")
    show = ToolCall("run_shell_command", {"command": "echo [$GEMINI_API_KEY$FROM_THE_PROJECT]"})
    with ScriptedModel([show, Text("Done.")]) as model:
        cli = agent(model.url, gemini, tmp_path, approval_mode="yolo")
        events = await events_of(cli, Ask(prompt="Show", cwd=cwd), PATIENCE_S)
    assert [event.text for event in events if isinstance(event, ToolReturned)] == ["[]"]
    assert left_in(tmp_path, "*-ran") == []


async def test_a_refused_key_is_told_at_once_and_its_report_is_forgotten(
    gemini: str, tmp_path: Path, cwd: Path
) -> None:
    with ScriptedModel([Status(401, "UNAUTHENTICATED", "no such key")]) as model:
        cli = agent(model.url, gemini, tmp_path)
        _, error = await outcome_of(cli, Ask(prompt="Hi", cwd=cwd), PATIENCE_S)
        assert len(model.requests) == 1
    assert isinstance(error, NotSignedIn)
    assert left_in(tmp_path / "state" / "tmp", "gemini-client-error*") == []


@pytest.mark.parametrize("last", [TOOL, Hang("Half an ans")], ids=["in a tool", "in a stream"])
async def test_what_was_done_before_it_was_stopped_is_known_to_who_goes_on(
    last: Step, gemini: str, tmp_path: Path, cwd: Path
) -> None:
    done = ToolCall("run_shell_command", {"command": "echo the first is done"})
    with ScriptedModel([done, last, Text("Blue.")]) as model:
        cli = agent(model.url, gemini, tmp_path, approval_mode="yolo")
        mark = f"gemini-stopped-{last}"
        ask = Ask(prompt="Paint.", cwd=cwd, marks={"SMITHERS_ATTEMPT": mark})
        session = await stopped(cli, ask, mark)
        again = Ask(prompt="Paint.", cwd=cwd, session=session, followup="Make it blue.")
        events = await events_of(cli, again, PATIENCE_S)
        history = json.dumps(model.requests[2].body["contents"])
    assert [event for event in events if isinstance(event, Started)] == [Started(session)]
    assert events[-1] == Answered("Blue.")
    parts = ("Paint.", "the first is done", "was interrupted", "Make it blue.")
    assert sorted(parts, key=history.index) == list(parts)
    assert "not done yet" not in history, "a call that did not return is not kept"
