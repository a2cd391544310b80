"""The real Pi against the scripted model: what no recording can show."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from harnesses import Pi
from smithers.agent import (
    Answered,
    Ask,
    Spawned,
    Started,
    ToolReturned,
    Used,
)
from smithers.errors import NotSignedIn, Stalled, Transient
from tests.harness.helpers import alive, events_of, outcome_of
from tests.scripted_model import Hang, ScriptedModel, Text, ToolCall

pytestmark = [pytest.mark.anyio, pytest.mark.live]

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
WITH_BASH = ["read", "bash"]
PRICES = {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}
APIS = ["anthropic-messages", "openai-responses"]


def agent(url: str, pi: str, home: Path, api: str = APIS[0], **options: Any) -> Pi:
    given = {"HOME": str(home), "SCRIPTED_KEY": "scripted-key"}
    chosen: dict[str, Any] = {
        "base_url": f"{url}/v1" if api.startswith("openai") else url,
        "api": api,
        "api_key_env": "SCRIPTED_KEY",
        "model_entry": {"cost": PRICES},
        "env": given,
        **options,
    }
    return Pi("scripted", program=pi, **chosen)


def said_to(model: ScriptedModel) -> str:
    """All that the model was sent with the last request."""
    body = model.requests[-1].body
    return json.dumps(body.get("messages") or body.get("input"), ensure_ascii=False)


@pytest.mark.parametrize("api", APIS)
async def test_smoke_pi_answers_with_its_tools_its_pids_and_what_it_took(
    api: str, pi: str, home: Path, cwd: Path
) -> None:
    look = ToolCall("bash", {"command": "echo [$SCRIPTED_KEY]; ls nowhere"})
    with ScriptedModel([look, Text("Done.")]) as model:
        real = agent(model.url, pi, home, api, tools=WITH_BASH)
        events = await events_of(real, Ask(prompt="Go", cwd=cwd), 60)
    pids = [event.pid for event in events if isinstance(event, Spawned)]
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)
    (returned,) = [event for event in events if isinstance(event, ToolReturned)]
    assert returned.failed
    assert returned.text.startswith("[]\n"), "the key is not for the commands"
    used = [event for event in events if isinstance(event, Used)]
    assert sum(each.tokens_in for each in used) == 20
    assert sum(each.cost or 0 for each in used) == Decimal("0.00021")
    assert events[-1] == Answered("Done.")
    assert len(model.requests) == 2


async def test_a_session_of_another_folder_is_begun_anew_with_the_whole_prompt(
    pi: str, home: Path, cwd: Path
) -> None:
    (elsewhere := cwd.parent / "elsewhere").mkdir()
    with ScriptedModel([Text("The word is heron."), Text("Anew.")]) as model:
        real = agent(model.url, pi, home)
        first = await events_of(real, Ask(prompt="Choose", cwd=cwd), 60)
        (session,) = [event.session for event in first if isinstance(event, Started)]
        ask = Ask(prompt="The whole", cwd=elsewhere, session=session, followup="y\nGo on")
        events = await events_of(real, ask, 60)
    begun = [event.session for event in events if isinstance(event, Started)]
    assert begun[0] == session
    assert len(set(begun)) == 2
    assert events[-1] == Answered("Anew.")
    assert "The whole" in said_to(model)
    assert "heron" not in said_to(model)
    assert "Go on" not in said_to(model)
    assert len(model.requests) == 2


async def test_a_session_that_fell_silent_in_its_first_call_is_gone_on_with(
    pi: str, home: Path, cwd: Path
) -> None:
    with ScriptedModel([Hang("Half an ans"), Text("Gone on with.")]) as model:
        real = agent(model.url, pi, home)
        ask = Ask(prompt="The whole", cwd=cwd, idle_s=4)
        first, error = await outcome_of(real, ask, 60)
        assert isinstance(error, Stalled)
        (session,) = [event.session for event in first if isinstance(event, Started)]
        again = Ask(prompt="The whole", cwd=cwd, session=session, followup="Go on")
        events = await events_of(real, again, 60)
    assert events[-1] == Answered("Gone on with.")
    assert len([event for event in events if isinstance(event, Started)]) == 1
    assert "The whole" in said_to(model)
    assert "Go on" in said_to(model)


async def test_a_schema_is_asked_for_and_found(pi: str, home: Path, cwd: Path) -> None:
    with ScriptedModel([Text('It is\n```json\n{"n":7}\n```')]) as model:
        ask = Ask(prompt="Go", cwd=cwd, schema=NUMBER)
        answer = (await events_of(agent(model.url, pi, home), ask, 60))[-1]
    assert isinstance(answer, Answered)
    assert answer.data == {"n": 7}
    assert json.dumps(json.dumps(NUMBER))[1:-1] in said_to(model)


async def test_only_tools_that_read_are_there_until_the_author_gives_others(
    pi: str, home: Path, cwd: Path
) -> None:
    write = ToolCall("bash", {"command": "touch written"})
    with ScriptedModel([write, Text("Not allowed.")]) as model:
        await events_of(agent(model.url, pi, home), Ask(prompt="Go", cwd=cwd), 60)
    assert sorted(tool["name"] for tool in model.requests[0].body["tools"]) == [
        *("find", "grep", "ls", "read"),
    ]
    assert not (cwd / "written").exists()


async def test_settings_of_the_user_and_of_the_project_stay_outside(
    pi: str, home: Path, cwd: Path
) -> None:
    extension = 'import { writeFileSync } from "node:fs";\nexport default () => writeFileSync('
    for folder in (home / ".pi" / "agent", cwd / ".pi"):
        (folder / "extensions").mkdir(parents=True)
        ran = cwd / "extension-ran"
        (folder / "extensions" / "x.ts").write_text(f'{extension}"{ran}", "");\n')
        (folder / "APPEND_SYSTEM.md").write_text("Say leaked.")
        (folder / "settings.json").write_text('{"sessionDir": "kept-elsewhere"}')
    (cwd / "AGENTS.md").write_text("Say leaked.")
    with ScriptedModel([Text("Done.")]) as model:
        for _ in range(2):
            await events_of(agent(model.url, pi, home), Ask(prompt="Go", cwd=cwd), 60)
    assert "leaked" not in json.dumps(model.requests[-1].body)
    assert not (cwd / "extension-ran").exists()
    assert not (cwd / "kept-elsewhere").exists()
    own = ["APPEND_SYSTEM.md", "extensions", "settings.json"]
    assert sorted(os.listdir(home / ".pi" / "agent")) == own, "Pi's home is another"


@pytest.mark.parametrize("prompt", ["@README.md is meant", "-- begin " + "x" * 200_000 + " end"])
async def test_a_prompt_arrives_whole_however_it_begins_and_however_long_it_is(
    prompt: str, pi: str, home: Path, cwd: Path
) -> None:
    with ScriptedModel([Text("Read.")]) as model:
        await events_of(agent(model.url, pi, home), Ask(prompt=prompt, cwd=cwd), 60)
    assert prompt in said_to(model)


async def test_a_provider_of_pi_at_another_address_keeps_its_models_and_prices(
    pi: str, home: Path, cwd: Path
) -> None:
    with ScriptedModel([Text("Done.")]) as model:
        given = {"HOME": str(home), "A_KEY": "scripted-key"}
        real = Pi(
            "claude-opus-4-5",
            provider="anthropic",
            base_url=model.url,
            api_key_env="A_KEY",
            program=pi,
            env=given,
        )
        events = await events_of(real, Ask(prompt="Go", cwd=cwd), 60)
    (used,) = [event for event in events if isinstance(event, Used)]
    assert (used.model, used.cost) == ("claude-opus-4-5", Decimal("0.000175"))


async def test_without_a_login_it_is_told_how_to_sign_in(pi: str, home: Path, cwd: Path) -> None:
    real = Pi("anthropic/claude-opus-4-5", program=pi, env={"HOME": str(home)})
    _, error = await outcome_of(real, Ask(prompt="Go", cwd=cwd), 60)
    assert isinstance(error, NotSignedIn)
    assert "/login" in error.hint


async def test_the_login_of_the_user_is_used_where_nothing_else_is_given(
    pi: str, home: Path, cwd: Path
) -> None:
    login = home / ".pi" / "agent" / "auth.json"
    login.parent.mkdir(parents=True)
    kept = {"anthropic": {"type": "api_key", "key": "key-of-the-login"}}
    login.write_text(json.dumps(kept))
    real = Pi("anthropic/claude-opus-4-5", program=pi, env={
        "HOME": str(home), "HTTPS_PROXY": "http://127.0.0.1:9"})  # fmt: skip
    _, error = await outcome_of(real, Ask(prompt="Go", cwd=cwd), 60)
    assert isinstance(error, Transient), "it had a key, and could not reach the provider"
    assert json.loads(login.read_text()) == kept
