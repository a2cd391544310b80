"""The real Codex against the scripted model: what no recording can show."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from harnesses import Codex
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
from smithers.errors import Stalled
from tests.harness.helpers import alive, events_of, kinds, marked, outcome_of, until
from tests.scripted_model import Hang, ScriptedModel, Text, ToolCall

pytestmark = [pytest.mark.anyio, pytest.mark.live]

NUMBER = {"type": "object", "properties": {"n": {"type": "integer", "default": 1}}}
JOBS = "(setsid tail -f /dev/null &) ; echo $$ > shell.pid; tail -n +1 -f /dev/null"


def agent(url: str, codex: str, home: Path, **options: Any) -> Codex:
    given = {"HOME": str(home), "SCRIPTED_KEY": "scripted-key"}
    chosen: dict[str, Any] = {
        "base_url": f"{url}/v1",
        "api_key_env": "SCRIPTED_KEY",
        "env": given,
        **options,
    }
    return Codex("scripted", program=codex, **chosen)


def shell(command: str, **more: str) -> ToolCall:
    return ToolCall("exec_command", {"cmd": command, **more})


@pytest.mark.parametrize("mode", ["app-server", "exec"])
async def test_smoke_codex_answers_with_its_tools_its_pids_and_what_it_took(
    mode: str, codex: str, home: Path, cwd: Path
) -> None:
    with ScriptedModel([shell("echo [$SCRIPTED_KEY]; ls nowhere"), Text("Done.")]) as model:
        real = agent(model.url, codex, home, mode=mode)
        events = await events_of(real, Ask(prompt="Go", cwd=cwd), 60)
    pids = [event.pid for event in events if isinstance(event, Spawned)]
    assert len(pids) >= 2, "the program and its tool; a process that ends at once is seen or not"
    assert not any(alive(pid) for pid in pids)
    (returned,) = [event for event in events if isinstance(event, ToolReturned)]
    assert returned.failed
    assert returned.text.startswith("[]\n"), "the key is not for the tools"
    used = [event for event in events if isinstance(event, Used)]
    assert sum(each.tokens_in for each in used) == 20
    assert sum(each.tokens_out for each in used) == 10
    assert events[-1] == Answered("Done.")
    assert len(model.requests) == 2


@pytest.mark.parametrize("mode", ["app-server", "exec"])
async def test_a_session_goes_on_with_its_history_and_pays_for_its_own_turn_alone(
    mode: str, codex: str, home: Path, cwd: Path
) -> None:
    with ScriptedModel([Text("The word is heron."), Text("Heron.")]) as model:
        real = agent(model.url, codex, home, mode=mode)
        first = await events_of(real, Ask(prompt="Choose", cwd=cwd), 60)
        (session,) = [event.session for event in first if isinstance(event, Started)]
        ask = Ask(prompt="Choose", cwd=cwd, session=session, followup="Which?")
        second = await events_of(real, ask, 60)
    assert [event for event in second if isinstance(event, Started)] == [Started(session)]
    assert second[-1] == Answered("Heron.")
    assert "The word is heron." in str(model.requests[-1].body["input"])
    assert [event for event in second if isinstance(event, Used)] == [
        Used(tokens_in=10, tokens_out=5, model="scripted")
    ]


async def test_a_resumed_session_has_the_rights_that_its_author_gives_now(
    codex: str, home: Path, cwd: Path
) -> None:
    write = shell("echo x > written.txt")
    with ScriptedModel([Text("Hi."), write, Text("Done.")]) as model:
        wide = agent(model.url, codex, home, sandbox="danger-full-access")
        first = await events_of(wide, Ask(prompt="Hi", cwd=cwd), 60)
        (session,) = [event.session for event in first if isinstance(event, Started)]
        ask = Ask(prompt="Hi", cwd=cwd, session=session, followup="Write")
        await events_of(agent(model.url, codex, home), ask, 60)
    assert "Read-only file system" in str(model.requests[-1].body["input"])
    assert not (cwd / "written.txt").exists()


@pytest.mark.parametrize("mode", ["app-server", "exec"])
async def test_a_schema_reaches_the_model_in_its_strict_form(
    mode: str, codex: str, home: Path, cwd: Path
) -> None:
    with ScriptedModel([Text('{"n":7}')]) as model:
        ask = Ask(prompt="Go", cwd=cwd, schema=NUMBER)
        events = await events_of(agent(model.url, codex, home, mode=mode), ask, 60)
    assert events[-1] == Answered('{"n":7}', {"n": 7})
    sent = model.requests[0].body["text"]["format"]
    assert sent["schema"]["required"] == ["n"]
    assert sent["schema"]["additionalProperties"] is False


async def test_a_schema_without_a_strict_form_is_asked_for_in_words(
    codex: str, home: Path, cwd: Path
) -> None:
    with ScriptedModel([Text('{"n":7}')]) as model:
        schema = {"type": "object", "additionalProperties": {"type": "integer"}}
        ask = Ask(prompt="Go", cwd=cwd, schema=schema)
        events = await events_of(agent(model.url, codex, home), ask, 60)
    assert events[-1] == Answered('{"n":7}', {"n": 7})
    assert json.dumps(schema) in model.requests[0].body["input"][-1]["content"][0]["text"]


@pytest.mark.parametrize("sandbox", ["workspace-write", "danger-full-access"])
async def test_a_closed_run_leaves_nothing_alive_and_can_be_gone_on_with(
    sandbox: str, codex: str, home: Path, cwd: Path
) -> None:
    with ScriptedModel([shell(JOBS), Text("It was cut off.")]) as model:
        real = agent(model.url, codex, home, sandbox=sandbox)
        mark = f"closed-{cwd}"
        session, pids = "", list[int]()
        ask = Ask(prompt="Wait", cwd=cwd, marks={"SMITHERS_ATTEMPT": mark})
        async with aclosing(real.run(ask)) as events:
            async for event in events:
                if isinstance(event, Started):
                    session = event.session
                elif isinstance(event, Spawned):
                    pids.append(event.pid)
                elif isinstance(event, ToolCalled):
                    await until((cwd / "shell.pid").exists, 30)
                    await until(lambda: len(marked(mark)) >= 4, 30)
                    break
        assert not any(alive(pid) for pid in pids)
        assert not marked(mark)
        again = Ask(prompt="Wait", cwd=cwd, session=session, followup="Go on")
        assert (await events_of(real, again, 60))[-1] == Answered("It was cut off.")
    outputs = [item for item in model.requests[-1].body["input"] if "output" in item]
    assert len(outputs) == 1, "the call that was cut off has a result"


@pytest.mark.parametrize("mode", ["app-server", "exec"])
async def test_a_hang_before_the_headers_is_ended_by_our_clock(
    mode: str, codex: str, home: Path, cwd: Path
) -> None:
    with ScriptedModel([Hang()]) as model:
        ask = Ask(prompt="Go", cwd=cwd, idle_s=4)
        events, error = await outcome_of(agent(model.url, codex, home, mode=mode), ask, 60)
        assert len(model.requests) == 1
    assert isinstance(error, Stalled)
    assert not any(alive(event.pid) for event in events if isinstance(event, Spawned))


@pytest.mark.parametrize("mode", ["app-server", "exec"])
async def test_notices_of_retries_at_a_refused_connection_do_not_stop_our_clock(
    mode: str, codex: str, home: Path, cwd: Path
) -> None:
    ask = Ask(prompt="Go", cwd=cwd, idle_s=8)  # it tells of a retry after 5 s
    real = agent("http://127.0.0.1:9", codex, home, mode=mode)
    _, error = await outcome_of(real, ask, 60)
    assert isinstance(error, Stalled)
    assert "waiting for network" in error.said


async def test_settings_of_the_user_and_of_the_project_stay_outside(
    codex: str, home: Path, cwd: Path
) -> None:
    for folder in (home / ".codex", cwd / ".codex"):
        folder.mkdir()
        server = f'[mcp_servers.x]\ncommand = "touch"\nargs = ["{cwd}/mcp-started"]\n'
        (folder / "config.toml").write_text(f'model_reasoning_effort = "high"\n{server}')
    with ScriptedModel([Text("Done.")]) as model:
        real = agent(model.url, codex, home, sandbox="workspace-write")
        for _ in range(2):
            await events_of(real, Ask(prompt="Go", cwd=cwd), 60)
    assert not (cwd / "mcp-started").exists()
    assert model.requests[-1].body["reasoning"].get("effort") != "high"


async def test_what_the_program_asks_for_is_declined_and_the_turn_goes_on(
    codex: str, home: Path, cwd: Path
) -> None:
    wish = shell("touch wished", sandbox_permissions="require_escalated", justification="please")
    with ScriptedModel([wish, Text("Declined.")]) as model:
        real = agent(model.url, codex, home, approval_policy="on-request")
        events = await events_of(real, Ask(prompt="Go", cwd=cwd), 60)
    assert [event.failed for event in events if isinstance(event, ToolReturned)] == [True]
    assert events[-1] == Answered("Declined.")
    assert not (cwd / "wished").exists()


@pytest.mark.parametrize("mode", ["app-server", "exec"])
async def test_a_long_prompt_arrives_whole(mode: str, codex: str, home: Path, cwd: Path) -> None:
    prompt = "-- begin " + "x" * 200_000 + " end"
    with ScriptedModel([Text("Read.")]) as model:
        await events_of(agent(model.url, codex, home, mode=mode), Ask(prompt=prompt, cwd=cwd), 60)
    assert prompt in str(model.requests[-1].body["input"])


async def test_what_the_author_set_wrongly_is_told_in_the_programs_words(
    codex: str, home: Path, cwd: Path
) -> None:
    real = agent("http://127.0.0.1:9", codex, home, config={"model_verbosity": "nonsense"})
    events, error = await outcome_of(real, Ask(prompt="Go", cwd=cwd), 60)
    assert error is not None
    assert error.then == "next agent"
    assert "unknown variant `nonsense`" in error.said
    assert "Started" not in kinds(events)
    assert not any(isinstance(event, Said) for event in events)


async def test_smoke_a_message_reaches_the_model_with_the_next_result_of_a_tool(
    codex: str, home: Path, cwd: Path
) -> None:
    messages = asyncio.Queue[str]()
    events: list[Event] = []
    with ScriptedModel([shell("sleep 1; echo hi"), Text("Blue.")]) as model:
        async with asyncio.timeout(60):
            ask = Ask(prompt="Go", cwd=cwd, messages=messages)
            async for event in agent(model.url, codex, home).run(ask):
                events.append(event)
                if isinstance(event, ToolCalled):
                    messages.put_nowait("Make it blue.")
    assert Steered("Make it blue.") in events
    assert events[-1] == Answered("Blue.")
    assert len(model.requests) == 2
    assert "Make it blue." in str(model.requests[-1].body["input"])


async def test_each_message_at_the_end_is_a_turn_of_the_same_thread(
    codex: str, home: Path, cwd: Path
) -> None:
    messages = asyncio.Queue[str]()
    events: list[Event] = []
    with ScriptedModel([Text("Green."), Text("Blue."), Text("Red.")]) as model:
        async with asyncio.timeout(60):
            ask = Ask(prompt="Go", cwd=cwd, messages=messages)
            async for event in agent(model.url, codex, home).run(ask):
                events.append(event)
                if isinstance(event, Used) and Said("Red.") not in events:
                    messages.put_nowait(f"Not {len(events)}.")
    assert kinds(events).count("Steered") == 2
    assert messages.empty()
    assert [event for event in events if isinstance(event, Answered)] == [Answered("Red.")]
    assert [event.tokens_in for event in events if isinstance(event, Used)] == [10, 10, 10]
    assert kinds(events).count("Started") == 1
    assert "Green." in str(model.requests[-1].body["input"])


async def test_it_has_the_instructions_and_the_servers_that_its_author_gave(
    codex: str, home: Path, cwd: Path
) -> None:
    hub = {
        "command": sys.executable,
        "args": ["-m", "smithers", "mcp"],
        "default_tools_approval_mode": "approve",
    }
    listing = ToolCall("list_workflows", {}, namespace="mcp__hub")
    with ScriptedModel([listing, Text("Done.")]) as model:
        real = agent(
            model.url,
            codex,
            home,
            mcp_servers={"hub": hub},
            append_system_prompt="Speak like a heron.",
            arguments=["-c", "model_reasoning_summary=none"],
        )
        events = await events_of(real, Ask(prompt="Go", cwd=cwd), 60)
    assert "Speak like a heron." in json.dumps(model.requests[0].body)
    (returned,) = [event for event in events if isinstance(event, ToolReturned)]
    assert '"workflows"' in returned.text
    assert events[-1] == Answered("Done.")
