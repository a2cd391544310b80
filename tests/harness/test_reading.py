"""The verdict on every recorded stream, by what happened in it."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from harnesses import read_stream, readable
from harnesses.recording import Recording, read_sessions
from tests.harness.helpers import ROOT

RECORDINGS = ROOT / "recordings"
NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

VERDICTS: dict[str, tuple[str, str]] = {
    "400": ("permanent", "bad_request"),
    "401": ("permanent", "not_signed_in"),
    "403": ("permanent", "not_signed_in"),
    "429": ("busy", "rate_limit"),
    "429-with-a-time": ("busy", "rate_limit"),
    "500": ("transient", "server_error"),
    "503": ("transient", "server_error"),
    "503-overloaded": ("busy", "overloaded"),
    "504": ("transient", "timeout"),
    "529-overloaded": ("busy", "overloaded"),
    "bad-config": ("permanent", "not_started"),
    "bad-flag": ("permanent", "not_started"),
    "bad-key": ("permanent", "not_signed_in"),
    "bad-schema": ("permanent", "not_started"),
    "connection-refused": ("transient", "network"),
    "content-filter": ("permanent", "refused"),
    "context-overflow": ("overflow", "context_window"),
    "cut": ("transient", "cut"),
    "cut-before": ("transient", "cut"),
    "cyber-policy": ("permanent", "refused"),
    "empty": ("bad_output", "empty"),
    "eof": ("transient", "cut"),
    "error-in-stream": ("transient", "cut"),
    "fork-unknown": ("permanent", "unknown_session"),
    "hang-before-headers": ("incomplete", "no_terminal_event"),
    "hang-in-stream": ("incomplete", "no_terminal_event"),
    "interrupted-in-tool": ("incomplete", "no_terminal_event"),
    "killed-in-tool": ("incomplete", "no_terminal_event"),
    "loop": ("bad_output", "truncated"),
    "malformed": ("transient", "unknown"),
    "max-turns": ("permanent", "max_turns"),
    "no-credit": ("permanent", "billing"),
    "no-key": ("permanent", "not_signed_in"),
    "no-such-model": ("permanent", "model_not_found"),
    "output-limit": ("bad_output", "truncated"),
    "overloaded-in-stream": ("busy", "overloaded"),
    "quota": ("busy", "quota"),
    "rate-limit-in-stream": ("busy", "rate_limit"),
    "recitation": ("permanent", "refused"),
    "refusal": ("permanent", "refused"),
    "resume-unknown": ("permanent", "unknown_session"),
    "sigkill-in-tool": ("incomplete", "no_terminal_event"),
    "sigterm-in-tool": ("incomplete", "no_terminal_event"),
    "structured-missing": ("bad_output", "structured_missing"),
    "structured-wrong": ("bad_output", "structured_invalid"),
    "usage-limit": ("busy", "quota"),
    "usage-limit-in-words": ("busy", "quota"),
}
"""By the name of a case, whichever program it is of; every other one succeeds."""
OTHERWISE = {
    # Asked to go on in an unknown thread it says so, and is asked to begin a new one.
    "codex/fork-unknown": ("succeeded", "completed"),
    # The SDK takes a stream that ends in peace for a whole one.
    "antigravity/eof": ("succeeded", "completed"),
    # Asked to end it says so.
    "antigravity/hang-before-headers": ("incomplete", "interrupted"),
    "antigravity/hang-in-stream": ("incomplete", "interrupted"),
    "antigravity/sigterm-in-tool": ("incomplete", "interrupted"),
    "pi/hang-before-headers": ("incomplete", "interrupted"),
    "pi/hang-in-stream": ("incomplete", "interrupted"),
    "codex/resume-unknown": ("succeeded", "completed"),
    # It waits for the network for ever: our clock ended it.
    "codex/connection-refused": ("incomplete", "no_terminal_event"),
    "gemini/cut-before": ("transient", "network"),
    "pi/cut-before": ("transient", "network"),
    "pi/openai-error-in-stream": ("transient", "server_error"),
    # Killed in the first call of the model, a session was never written.
    "pi/sigkill-in-first-call": ("incomplete", "no_terminal_event"),
    "pi/sigkill-in-first-call-2": ("permanent", "unknown_session"),
}
ALL = sorted(
    path.relative_to(RECORDINGS).with_suffix("").as_posix()
    for program in readable()
    for path in (RECORDINGS / program).glob("*.jsonl")
)


def read(case: str, **more: Any) -> list[dict[str, Any]]:
    program = case.split("/")[0]
    recorded = recording(case)
    ending = recorded.ending
    code = None if ending is None else ending.rc if ending.signal is None else -ending.signal
    schema = NUMBER if "structured" in case else None
    chunks = [moment.data for moment in recorded.moments if moment.stream == "out"]
    told: dict[str, Any] = {
        "stderr": recorded.text("err").decode(),
        "exit_code": code,
        "schema": schema,
    }
    return list(read_stream(program, chunks, **{**told, **more}))


@functools.cache  # most are read by five tests
def recording(case: str) -> Recording:
    (recorded,) = read_sessions(RECORDINGS / f"{case}.jsonl")
    return recorded


def expected(case: str) -> tuple[str, str]:
    name = case.split("/")[1].removeprefix("exec-").removeprefix("openai-")
    return OTHERWISE.get(case) or VERDICTS.get(name) or ("succeeded", "completed")


@pytest.mark.parametrize("case", ALL)
def test_a_recorded_stream_has_the_verdict_of_its_case(case: str) -> None:
    last = read(case)[-1]
    assert (last["verdict"], last["kind"]) == expected(case)
    assert (last["message"] is None) == (last["verdict"] == "succeeded")
    assert last["structured"] is None or last["structured"] == {"n": 7}


@pytest.mark.sampled(68)
@pytest.mark.parametrize("case", ALL)
def test_the_exit_code_changes_no_verdict_of_a_stream_that_came_to_its_end(case: str) -> None:
    whole = read(case)[-1]
    if whole["kind"] in ("not_started", "no_terminal_event") or whole["session_id"] is None:
        return
    verdicts = {read(case, exit_code=code)[-1]["verdict"] for code in (None, 0, 1, 143, -9)}
    assert verdicts == {whole["verdict"]}


@pytest.mark.sampled(68)
@pytest.mark.parametrize("case", ALL)
def test_what_we_stopped_is_cancelled_unless_it_had_answered(case: str) -> None:
    last = read(case, stopped=True)[-1]
    succeeded = expected(case)[0] == "succeeded"
    assert last["verdict"] == ("succeeded" if succeeded else "cancelled")


@pytest.mark.sampled(68)
@pytest.mark.parametrize("case", ALL)
def test_a_stream_that_ends_before_its_last_line_is_incomplete(case: str) -> None:
    lines = recording(case).text("out").splitlines(keepends=True)
    if not lines or expected(case)[1] in ("not_started", "unknown_session"):
        return
    ends = next((at for at, line in enumerate(lines) if _ends(line)), len(lines))
    program = case.split("/")[0]
    last = list(read_stream(program, lines[:ends]))[-1]
    assert (last["verdict"], last["text"]) == ("incomplete", None)


def _ends(line: bytes) -> bool:
    said = json.loads(line)
    last = ("result", "turn.completed", "turn.failed", "turn/completed", "agent_settled")
    refused = said.get("type") == "response" and said.get("success") is False
    ended = said.get("event") == "final" or said.get("type", said.get("method")) in last
    return ended or refused


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize(
    "case", ["claude-code/thinking", "codex/tool-ok", "codex/exec-tool-ok", "pi/tool-ok"]
)
def test_a_stream_may_be_split_anywhere(case: str, size: int) -> None:
    program = case.split("/")[0]
    whole = recording(case).text("out")
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert list(read_stream(program, pieces)) == list(read_stream(program, [whole]))


@pytest.mark.sampled(68)
@pytest.mark.parametrize("case", ALL)
def test_a_stream_from_a_terminal_says_the_same(case: str) -> None:
    program = case.split("/")[0]
    whole = recording(case).text("out")
    shown = b"\x1b[?25l" + whole.replace(b"\n", b"\r\n") + b"\x1b[?25h\x1b]0;\x07"
    plain = list(read_stream(program, [whole]))[-1]
    there = list(read_stream(program, [shown]))[-1]
    for told in (plain, there):
        told["resumes_at"] = told["message"] = None  # some are counted from now
    assert there == plain


@pytest.mark.parametrize(
    ("case", "at"),
    [
        ("codex/usage-limit", "2100-01-01T00:00:00Z"),
        ("codex/429", None),
        ("claude-code/429", None),
        ("codex/503-overloaded", None),
        ("gemini/429", None),
        ("gemini/quota", None),
    ],
)
def test_a_limit_has_the_time_that_the_program_told(case: str, at: str | None) -> None:
    assert read(case)[-1]["resumes_at"] == at


@pytest.mark.parametrize(
    ("case", "tokens_in", "cost"),
    [
        ("claude-code/resume-2", 10, 0.00014),
        ("claude-code/structured-wrong", 50, 0.0007),
        ("claude-code/cut", 10, 0.00012),
        ("codex/resume-2", 10, None),
        ("codex/tool-ok", 20, None),
        ("codex/exec-resume-2", 20, None),
        ("antigravity/resume-2", 10, None),
        ("antigravity/tool-ok", 20, None),
        ("antigravity/structured-wrong", 30, None),
        ("gemini/resume-2", 10, None),
        ("gemini/max-turns", 10, None),
        ("pi/resume-2", 10, 0.000105),
        ("pi/tool-ok", 20, 0.00021),
    ],
)
def test_usage_is_that_of_this_run_as_far_as_the_program_tells(
    case: str, tokens_in: int, cost: float | None
) -> None:
    usage = read(case)[-1]["usage"]
    assert (usage["tokens_in"], usage["cost_usd"]) == (tokens_in, cost)


@pytest.mark.parametrize(
    "case", ["codex/exec-401", "claude-code/sigkill-in-tool", "codex/500", "pi/401"]
)
def test_no_usage_is_told_where_the_program_told_none(case: str) -> None:
    assert read(case)[-1]["usage"] is None


def test_every_line_of_a_stream_is_told_of() -> None:
    whole = recording("codex/denied-tool").text("out").splitlines()
    events = read("codex/denied-tool")
    assert len(events) == len(whole) + 1
    others = [event["said"].get("method") for event in events if event.get("event") == "other"]
    assert "item/commandExecution/requestApproval" in others
