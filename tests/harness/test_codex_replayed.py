"""Codex on its recordings: each way in which a request went, and what we make of it."""

from __future__ import annotations

import json
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

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
    Permanent,
    Stalled,
)
from tests.harness.helpers import ROOT, events_of, kinds, outcome_of, replayed_codex

pytestmark = pytest.mark.anyio

RECORDINGS = ROOT / "recordings" / "codex"
NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
GO_ON = "You were interrupted before you answered. Go on where you stopped, and answer the task:"


def options_of(case: str) -> dict[str, Any]:
    if case.startswith("exec-"):
        return {"mode": "exec"}
    own: dict[str, dict[str, Any]] = {
        "bad-config": {"config": {"model_verbosity": "x"}},
        "tool-writing": {"sandbox": "workspace-write"},
        "denied-tool": {"approval_policy": "on-request"},
    }
    return own.get(case, {})


def prompt_of(case: str) -> str:
    return f"Case {case}."


@pytest.mark.parametrize(
    ("case", "at"),
    [
        ("429", None),
        ("quota", None),
        ("503-overloaded", None),
        ("usage-limit", datetime(2100, 1, 1, tzinfo=UTC)),
        ("usage-limit-in-words", datetime(2100, 1, 1).astimezone()),
        ("exec-usage-limit", datetime(2100, 1, 1).astimezone()),
    ],
)
async def test_a_limit_lasts_until_the_told_time_where_one_is_told(
    case: str, at: datetime | None, tmp_path: Path
) -> None:
    agent = replayed_codex(**options_of(case))
    _, error = await outcome_of(agent, Ask(prompt=prompt_of(case), cwd=tmp_path))
    assert isinstance(error, Busy)
    assert error.resumes_at == at


async def test_a_limit_told_in_seconds_is_counted_from_now(tmp_path: Path) -> None:
    ask = Ask(prompt="Case rate-limit-in-stream.", cwd=tmp_path)
    before = datetime.now(UTC)
    _, error = await outcome_of(replayed_codex(), ask)
    assert isinstance(error, Busy)
    assert error.resumes_at is not None
    assert timedelta(0) <= error.resumes_at - before - timedelta(seconds=2.5) < timedelta(minutes=1)


async def test_a_text_is_said_and_answered(tmp_path: Path) -> None:
    events = await events_of(replayed_codex(), Ask(prompt="Case text.", cwd=tmp_path))
    assert events[1:] == [
        Said("Hello there."),
        Used(tokens_in=10, tokens_out=5, model="scripted"),
        Answered("Hello there."),
    ]


async def test_thinking_is_told_apart_from_what_is_said(tmp_path: Path) -> None:
    events = await events_of(replayed_codex(), Ask(prompt="Case thinking.", cwd=tmp_path))
    assert events[1:3] == [Thought("Six times seven."), Said("42.")]


@pytest.mark.parametrize("case", ["tool-ok", "exec-tool-ok"])
async def test_a_tool_call_and_its_result_carry_one_id(case: str, tmp_path: Path) -> None:
    agent = replayed_codex(**options_of(case))
    events = await events_of(agent, Ask(prompt=prompt_of(case), cwd=tmp_path))
    (called,) = [event for event in events if isinstance(event, ToolCalled)]
    (returned,) = [event for event in events if isinstance(event, ToolReturned)]
    assert called.name == "shell"
    assert "echo hello; pwd" in str(called.arguments["command"])
    assert called.call == returned.call
    assert returned.text.startswith("hello")
    assert not returned.failed
    assert sum(event.tokens_in for event in events if isinstance(event, Used)) == 20


@pytest.mark.parametrize("case", ["tool-failing", "denied-tool"])
async def test_a_failed_tool_fails_no_request(case: str, tmp_path: Path) -> None:
    agent = replayed_codex(**options_of(case))
    events = await events_of(agent, Ask(prompt=prompt_of(case), cwd=tmp_path))
    assert [event.failed for event in events if isinstance(event, ToolReturned)] == [True]
    assert isinstance(events[-1], Answered)


async def test_a_patch_is_a_tool_and_its_file_is_written_again(tmp_path: Path) -> None:
    agent = replayed_codex(sandbox="workspace-write")
    events = await events_of(agent, Ask(prompt="Case tool-writing.", cwd=tmp_path))
    (called,) = [event for event in events if isinstance(event, ToolCalled)]
    (returned,) = [event for event in events if isinstance(event, ToolReturned)]
    assert called.name == "apply_patch"
    assert returned.text.startswith("add ")
    assert (tmp_path / "note.txt").read_text() == "A note.\n"


async def test_a_text_in_place_of_data_is_left_to_the_engine(tmp_path: Path) -> None:
    ask = Ask(prompt="Case structured-missing.", cwd=tmp_path, schema=NUMBER)
    assert (await events_of(replayed_codex(), ask))[-1] == Answered("Seven.", None)


async def test_a_line_of_any_length_is_one_event(tmp_path: Path) -> None:
    events = await events_of(replayed_codex(), Ask(prompt="Case long-line.", cwd=tmp_path))
    answer = events[-1]
    assert isinstance(answer, Answered)
    assert len(answer.text) == 100_000


async def test_a_resumed_session_pays_for_its_own_turn_alone(tmp_path: Path) -> None:
    agent = replayed_codex()
    first = await events_of(agent, Ask(prompt="Case resume.", cwd=tmp_path))
    assert isinstance(first[0], Started)
    ask = Ask(prompt="x", cwd=tmp_path, session=first[0].session, followup="Which word?")
    second = await events_of(agent, ask)
    assert second[0] == first[0]
    assert second[-1] == Answered("It was heron.")
    (recorded,) = read_sessions(RECORDINGS / "resume-2.jsonl")
    assert b'"total":{"totalTokens":30' in recorded.text("out")
    assert [event.tokens_in for event in second if isinstance(event, Used)] == [10]


@pytest.mark.parametrize("case", ["resume-unknown", "exec-resume-unknown"])
async def test_an_unknown_session_is_begun_anew_in_the_same_request(
    case: str, tmp_path: Path
) -> None:
    session, raw = "00000000-0000-4000-8000-000000000000", tmp_path / "raw.jsonl"
    prompt = prompt_of(case)
    ask = Ask(prompt=prompt, cwd=tmp_path, session=session, followup=prompt, raw=raw)
    events = await events_of(replayed_codex(**options_of(case)), ask)
    begun = [event.session for event in events if isinstance(event, Started)]
    assert begun[0] == session
    assert len(set(begun)) == 2
    assert events[-1] == Answered("A new beginning.")


@pytest.mark.parametrize("how", ["interrupted", "killed"])
async def test_a_turn_that_was_cut_off_is_gone_on_with_in_its_session(
    how: str, tmp_path: Path
) -> None:
    agent, raw = replayed_codex(), tmp_path / "raw.jsonl"
    prompt = f"Case {how}-in-tool."
    session = ""
    async with aclosing(agent.run(Ask(prompt=prompt, cwd=tmp_path, raw=raw))) as events:
        async for event in events:
            if isinstance(event, Started):
                session = event.session
            if isinstance(event, ToolCalled):
                break
    (kept,) = read_sessions(raw)
    assert b"turn/interrupt" in kept.text("in")
    ask = Ask(prompt=prompt, cwd=tmp_path, session=session, followup=f"{GO_ON}\n\n{prompt}")
    assert (await events_of(agent, ask))[-1] == Answered(f"The wait was {how}.")


@pytest.mark.parametrize("case", ["hang-before-headers", "hang-in-stream", "connection-refused"])
async def test_a_silence_is_ended_by_our_clock_and_notices_do_not_break_it(
    case: str, tmp_path: Path
) -> None:
    agent = replayed_codex()
    ask = Ask(prompt=prompt_of(case), cwd=tmp_path, idle_s=0.3)
    _, error = await outcome_of(agent, ask)
    assert isinstance(error, Stalled)
    assert ("waiting for network" in error.said) == (case == "connection-refused")


async def test_other_rights_are_another_request(tmp_path: Path) -> None:
    agent = replayed_codex(sandbox="danger-full-access")
    _, error = await outcome_of(agent, Ask(prompt="Case text.", cwd=tmp_path))
    assert error is not None
    assert 'differs in the flags (without sandbox_mode="danger-full-access"' in error.said


async def test_more_rights_than_were_given_end_the_request_before_its_turn(tmp_path: Path) -> None:
    wide = (RECORDINGS / "text.jsonl").read_text().replace("readOnly", "dangerFullAccess")
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "wide.jsonl").write_text(wide)
    raw = tmp_path / "raw.jsonl"
    ask = Ask(prompt="Case text.", cwd=tmp_path, raw=raw)
    _, error = await outcome_of(replayed_codex(replay=tmp_path / "r"), ask)
    assert type(error) is Permanent
    assert "danger-full-access instead of read-only" in error.said
    (kept,) = read_sessions(raw)
    assert b"turn/start" not in kept.text("in")


async def test_noise_and_events_of_tomorrow_are_passed_over_and_strange_requests_answered(
    tmp_path: Path,
) -> None:
    header, *lines = (RECORDINGS / "text.jsonl").read_text().splitlines()
    first = next(at for at, line in enumerate(lines) if "thread/status/changed" in line)
    said = 'no JSON\n[1]\n{"method":"of/tomorrow","params":[]}\n{"id":99,"result":null}\n'
    asked = '{"id":7,"method":"item/of/tomorrow","params":{}}\n'
    noise = json.dumps({"t": 0.0, "s": "out", "d": said + asked})
    t = json.loads(lines[first])["t"]
    noisy = [header, *lines[:first], noise.replace("0.0", str(t), 1), *lines[first:]]
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "noisy.jsonl").write_text("\n".join(noisy) + "\n")
    raw = tmp_path / "raw.jsonl"
    ask = Ask(prompt="Case text.", cwd=tmp_path, raw=raw)
    events = await events_of(replayed_codex(replay=tmp_path / "r"), ask)
    assert kinds(events) == ["Started", "Said", "Used", "Answered"]
    (kept,) = read_sessions(raw)
    assert b'{"id": 7, "error": {"code": -32601' in kept.text("in")
