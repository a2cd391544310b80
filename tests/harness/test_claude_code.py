"""Claude Code on its recordings: each way in which a request went, and what we make of it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from harnesses import ClaudeCode
from harnesses.recording import read_sessions
from smithers.agent import (
    Answered,
    Ask,
    Said,
    Started,
    Thought,
    ToolCalled,
    ToolReturned,
    Used,
)
from smithers.errors import (
    Permanent,
)
from tests.harness.helpers import events_of, outcome_of

pytestmark = pytest.mark.anyio

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


async def test_a_text_is_said_and_answered(recordings: Path, tmp_path: Path) -> None:
    events = await events_of(ClaudeCode(replay=recordings), Ask(prompt="Case text.", cwd=tmp_path))
    first, said, used, answer = events
    assert isinstance(first, Started)
    assert UUID(first.session).version == 4
    assert said == Said("Hello there.")
    assert isinstance(used, Used)
    assert (used.tokens_in, used.tokens_out, used.tokens_cached) == (10, 5, 0)
    assert used.cost is not None
    assert used.cost > Decimal(0)
    assert answer == Answered("Hello there.")


async def test_thinking_is_told_apart_from_what_is_said(recordings: Path, tmp_path: Path) -> None:
    ask = Ask(prompt="Case thinking.", cwd=tmp_path)
    events = await events_of(ClaudeCode(replay=recordings), ask)
    assert events[1:3] == [Thought("Six times seven."), Said("42.")]


async def test_a_tool_call_and_its_result_carry_one_id(recordings: Path, tmp_path: Path) -> None:
    ask = Ask(prompt="Case tool-ok.", cwd=tmp_path)
    called, returned = (await events_of(ClaudeCode(replay=recordings), ask))[1:3]
    assert isinstance(called, ToolCalled)
    assert isinstance(returned, ToolReturned)
    assert (called.name, called.arguments["command"]) == ("Bash", "echo hello; pwd")
    assert called.call == returned.call
    assert returned.text.startswith("hello")
    assert not returned.failed


@pytest.mark.parametrize("case", ["tool-failing", "denied-tool"])
async def test_a_failed_tool_fails_no_request(case: str, recordings: Path, tmp_path: Path) -> None:
    ask = Ask(prompt=f"Case {case}.", cwd=tmp_path)
    events = await events_of(ClaudeCode(replay=recordings), ask)
    assert [event.failed for event in events if isinstance(event, ToolReturned)] == [True]
    assert isinstance(events[-1], Answered)


@pytest.mark.parametrize("case", ["structured-ok", "structured-wrong-then-right"])
async def test_a_structured_answer_is_given_as_data(
    case: str, recordings: Path, tmp_path: Path
) -> None:
    ask = Ask(prompt=f"Case {case}.", cwd=tmp_path, schema=NUMBER)
    assert (await events_of(ClaudeCode(replay=recordings), ask))[-1] == Answered(
        '{"n":7}', {"n": 7}
    )


async def test_a_text_in_place_of_data_is_left_to_the_engine(
    recordings: Path, tmp_path: Path
) -> None:
    ask = Ask(prompt="Case structured-missing.", cwd=tmp_path, schema=NUMBER)
    assert (await events_of(ClaudeCode(replay=recordings), ask))[-1] == Answered("Seven.", None)


@pytest.mark.parametrize(
    ("case", "options", "schema"),
    [
        ("bad-flag", {"permission_mode": "nonsense"}, None),
        ("bad-schema", {}, {"type": "nonsense"}),
        ("max-turns", {"max_turns": 1}, None),
    ],
)
async def test_what_the_author_set_wrongly_is_permanent(
    case: str, options: dict[str, Any], schema: Any, recordings: Path, tmp_path: Path
) -> None:
    ask = Ask(prompt=f"Case {case}.", cwd=tmp_path, schema=schema)
    _, error = await outcome_of(ClaudeCode(replay=recordings, **options), ask)
    assert type(error) is Permanent


async def test_a_line_of_any_length_is_one_event(recordings: Path, tmp_path: Path) -> None:
    ask = Ask(prompt="Case long-line.", cwd=tmp_path)
    answer = (await events_of(ClaudeCode(replay=recordings), ask))[-1]
    assert isinstance(answer, Answered)
    assert len(answer.text) == 300_000


async def test_a_resumed_session_pays_for_its_own_turn_alone(
    recordings: Path, tmp_path: Path
) -> None:
    agent = ClaudeCode(replay=recordings)
    first = await events_of(agent, Ask(prompt="Case resume.", cwd=tmp_path))
    assert isinstance(first[0], Started)
    again = Ask(
        prompt="Case resume.", cwd=tmp_path, session=first[0].session, followup="Which word?"
    )
    second = await events_of(agent, again)
    assert second[0] == first[0]
    assert second[-1] == Answered("It was heron.")
    assert first[-2] == second[-2]
    (recorded,) = read_sessions(recordings / "resume-2.jsonl")
    result = json.loads(recorded.text("out").splitlines()[-1])
    assert Decimal(str(result["total_cost_usd"])) > _cost(second[-2])


def _cost(event: object) -> Decimal:
    assert isinstance(event, Used)
    assert event.cost is not None
    return event.cost


@pytest.mark.parametrize("session", ["00000000-0000-4000-8000-000000000000"])
async def test_an_unknown_session_is_begun_anew_with_the_whole_prompt(
    session: str, recordings: Path, tmp_path: Path
) -> None:
    prompt = "Case resume-unknown."
    raw = tmp_path / "raw.jsonl"
    ask = Ask(prompt=prompt, cwd=tmp_path, session=session, followup=prompt, raw=raw)
    events = await events_of(ClaudeCode(replay=recordings), ask)
    begun = [event.session for event in events if isinstance(event, Started)]
    assert begun[0] == session
    assert len(begun) == 2
    assert begun[1] != session
    assert events[-1] == Answered("A new beginning.")
    assert [kept.header.resumes for kept in read_sessions(raw)] == [True, False]


async def test_the_model_is_part_of_the_name() -> None:
    assert (ClaudeCode().name, ClaudeCode("opus").name) == ("claude-code", "claude-code/opus")


def versioned(folder: Path, version: str) -> Path:
    """A Claude Code of this version, which notes that it was started for a request."""
    program = folder / "claude"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && {{ echo {version}; exit 0; }}\n'
        f"touch {folder}/started\n"
    )
    program.chmod(0o755)
    return program


async def test_a_version_that_interprets_prompts_is_refused_with_the_one_to_install(
    tmp_path: Path,
) -> None:
    agent = ClaudeCode(program=str(versioned(tmp_path, "2.1.299")))
    _, error = await outcome_of(agent, Ask(prompt="see @.env", cwd=tmp_path))
    assert isinstance(error, Permanent)
    assert "2.1.299" in error.said
    assert "2.1.300 or newer" in error.said
    assert "npm install" in error.hint
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("version", ["2.1.300", "3.0.0", "''"])
async def test_a_newer_version_and_one_that_tells_none_are_started(
    version: str, tmp_path: Path
) -> None:
    agent = ClaudeCode(program=str(versioned(tmp_path, version)))
    await outcome_of(agent, Ask(prompt="Go", cwd=tmp_path, idle_s=20))
    assert (tmp_path / "started").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ("--strict-mcp-config", "--setting-sources", "")),
        ({"trust_project": True}, ("--setting-sources", "project,local")),
        (
            {"trust_project": True, "mcp_config": {"mcpServers": {}}},
            ("--strict-mcp-config", "--setting-sources", "project,local"),
        ),
    ],
)
def test_a_person_who_attaches_has_what_the_agent_has_of_the_project(
    options: dict[str, Any], expected: tuple[str, ...], tmp_path: Path
) -> None:
    program = str(versioned(tmp_path, "2.1.330"))
    agent = ClaudeCode(program=program, config_dir=tmp_path, **options)
    argv = agent.terminal("s", tmp_path, {}).argv
    assert tuple(argv[3 : 3 + len(expected)]) == expected
    assert ("--strict-mcp-config" in argv) == ("--strict-mcp-config" in expected)
