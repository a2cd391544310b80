"""Pi on its recordings: each way in which a request went, and what we make of it."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from harnesses import Pi
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
    Busy,
)
from tests.harness.helpers import ROOT, events_of, outcome_of, replayed_pi

pytestmark = pytest.mark.anyio

RECORDINGS = ROOT / "recordings" / "pi"
NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
GO_ON = "You were interrupted before you answered. Go on where you stopped, and answer the task:"
ALL_TOOLS = {"tools": ["read", "grep", "find", "ls", "bash", "edit", "write"]}


def agent_for(case: str) -> Pi:
    if case == "no-key":
        return Pi("anthropic/scripted", replay=RECORDINGS)
    own: dict[str, dict[str, Any]] = {
        "bad-flag": {"arguments": ["--nonsense"]},
        "openai-tool-ok": ALL_TOOLS,
        "sigkill-in-first-call": ALL_TOOLS,
        "sigkill-in-tool": ALL_TOOLS,
        "interrupted-in-tool": ALL_TOOLS,
        "tool-ok": ALL_TOOLS,
        "tool-writing": ALL_TOOLS,
    }
    return replayed_pi(**own.get(case, {}))


def prompt_of(case: str) -> str:
    return f"Case {case}."


@pytest.mark.parametrize("case", ["openai-429", "openai-rate-limit-in-stream"])
async def test_a_limit_told_in_seconds_is_counted_from_now(case: str, tmp_path: Path) -> None:
    before = datetime.now(UTC)
    _, error = await outcome_of(agent_for(case), Ask(prompt=prompt_of(case), cwd=tmp_path))
    assert isinstance(error, Busy)
    assert error.resumes_at is not None
    assert timedelta(0) <= error.resumes_at - before - timedelta(seconds=2.5) < timedelta(minutes=1)


@pytest.mark.parametrize("case", ["text", "openai-text"])
async def test_a_text_is_said_and_answered_and_has_its_price(case: str, tmp_path: Path) -> None:
    events = await events_of(agent_for(case), Ask(prompt=prompt_of(case), cwd=tmp_path))
    price = (10 * Decimal(3) + 5 * Decimal(15)) / 1_000_000
    assert events[1:] == [
        Said("Hello there."),
        Used(tokens_in=10, tokens_out=5, cost=price, model="scripted"),
        Answered("Hello there."),
    ]


@pytest.mark.parametrize("case", ["thinking", "openai-thinking"])
async def test_thinking_is_told_apart_from_what_is_said(case: str, tmp_path: Path) -> None:
    events = await events_of(agent_for(case), Ask(prompt=prompt_of(case), cwd=tmp_path))
    assert events[1:3] == [Thought("Six times seven."), Said("42.")]


@pytest.mark.parametrize("case", ["tool-ok", "openai-tool-ok"])
async def test_a_tool_call_and_its_result_carry_one_id_and_each_call_of_the_model_is_counted(
    case: str, tmp_path: Path
) -> None:
    events = await events_of(agent_for(case), Ask(prompt=prompt_of(case), cwd=tmp_path))
    (called,) = [event for event in events if isinstance(event, ToolCalled)]
    (returned,) = [event for event in events if isinstance(event, ToolReturned)]
    assert called.name == "bash"
    assert called.arguments == {"command": "echo hello [$SCRIPTED_KEY]"}
    assert called.call == returned.call
    assert returned.text == "hello []\n", "the key is not for the commands"
    assert not returned.failed
    used = [event for event in events if isinstance(event, Used)]
    assert [(each.tokens_in, each.tokens_out) for each in used] == [(10, 5), (10, 5)]


@pytest.mark.parametrize("case", ["tool-failing", "denied-tool"])
async def test_a_failed_tool_fails_no_request(case: str, tmp_path: Path) -> None:
    events = await events_of(agent_for(case), Ask(prompt=prompt_of(case), cwd=tmp_path))
    assert [event.failed for event in events if isinstance(event, ToolReturned)] == [True]
    assert isinstance(events[-1], Answered)
    assert not (tmp_path / "note.txt").exists()


async def test_a_file_that_a_tool_wrote_is_written_again(tmp_path: Path) -> None:
    ask = Ask(prompt="Case tool-writing.", cwd=tmp_path)
    assert (await events_of(agent_for("tool-writing"), ask))[-1] == Answered("Written.")
    assert (tmp_path / "note.txt").read_text() == "A note.\n"


@pytest.mark.parametrize(
    ("case", "data"),
    [
        ("structured-ok", {"n": 7}),
        ("structured-fenced", {"n": 7}),
        ("structured-in-words", {"n": 7}),
        ("structured-wrong", {"n": "x"}),
        ("structured-missing", None),
    ],
)
async def test_an_answer_by_schema_is_found_in_the_text_and_judged_by_the_engine(
    case: str, data: object, tmp_path: Path
) -> None:
    ask = Ask(prompt=prompt_of(case), cwd=tmp_path, schema=NUMBER)
    answer = (await events_of(agent_for(case), ask))[-1]
    assert isinstance(answer, Answered)
    assert answer.data == data


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("Case long-line.", "0123456789" * 10_000),
        ("@README.md is what I mean.", "Read."),
    ],
    ids=["a line of any length", "a prompt that looks like a file"],
)
async def test_what_is_long_or_looks_like_an_argument_arrives_whole(
    prompt: str, said: str, tmp_path: Path
) -> None:
    assert (await events_of(replayed_pi(), Ask(prompt=prompt, cwd=tmp_path)))[-1] == Answered(said)


async def test_an_unknown_session_is_begun_anew_with_the_whole_prompt(tmp_path: Path) -> None:
    session, raw = "00000000-0000-4000-8000-000000000000", tmp_path / "raw.jsonl"
    prompt = "Case resume-unknown."
    ask = Ask(prompt=prompt, cwd=tmp_path, session=session, followup=prompt, raw=raw)
    events = await events_of(replayed_pi(), ask)
    begun = [event.session for event in events if isinstance(event, Started)]
    assert begun[0] == session
    assert len(set(begun)) == len(begun) == 2
    assert events[-1] == Answered("A new beginning.")
    assert len(list(read_sessions(raw))) == 2


@pytest.mark.parametrize(
    ("how", "sessions"),
    [("interrupted-in-tool", 1), ("sigkill-in-tool", 1), ("sigkill-in-first-call", 2)],
)
async def test_a_run_that_was_cut_off_is_gone_on_with_or_begun_anew_if_it_had_no_session(
    how: str, sessions: int, tmp_path: Path
) -> None:
    agent = agent_for(how)
    session = ""
    async with aclosing(agent.run(Ask(prompt=f"Case {how}.", cwd=tmp_path))) as events:
        async for event in events:
            if isinstance(event, Started):
                session = event.session
            break
    text = f"{GO_ON}\n\nCase {how}."
    again = Ask(prompt=text, cwd=tmp_path, session=session, followup=text)
    found = await events_of(agent, again)
    assert isinstance(found[-1], Answered)
    assert len([event for event in found if isinstance(event, Started)]) == sessions


async def test_a_closed_run_is_told_to_end_by_the_end_of_its_input(tmp_path: Path) -> None:
    raw = tmp_path / "raw.jsonl"
    ask = Ask(prompt="Case interrupted-in-tool.", cwd=tmp_path, raw=raw)
    async with aclosing(agent_for("interrupted-in-tool").run(ask)) as events:
        async for event in events:
            if isinstance(event, ToolCalled):
                break
    (kept,) = read_sessions(raw)
    assert not [moment.signal for moment in kept.moments if moment.signal]
    assert kept.ending is not None
    assert kept.ending.rc == 0


async def test_other_tools_are_another_request(tmp_path: Path) -> None:
    agent = replayed_pi(tools=["read", "bash"])
    _, error = await outcome_of(agent, Ask(prompt="Case text.", cwd=tmp_path))
    assert error is not None
    assert "differs in the flags (without read,bash, with read,grep,find,ls)" in error.said


async def test_without_a_word_of_the_author_only_tools_that_read_are_given() -> None:
    headers = [next(read_sessions(path)).header for path in sorted(RECORDINGS.glob("*.jsonl"))]
    texts = [header for header in headers if header.prompt == "Case text."]
    assert texts
    assert all("read,grep,find,ls" in header.argv for header in texts)
    assert all("--no-approve" in header.argv for header in headers)
