"""What is made of streams of Gemini CLI that nobody recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.streams import lines, verdict

SESSION = "dec634cb-8edc-48ca-be0f-ba30959fc7d8"
INIT = {"type": "init", "session_id": SESSION, "model": "m"}
ASKED = {"type": "message", "role": "user", "content": "Go"}
CALL = {"type": "tool_use", "tool_name": "ls", "tool_id": "t1", "parameters": {"dir_path": "."}}
GAVE = {"type": "tool_result", "tool_id": "t1", "status": "success", "output": "a"}
STATS = {"input_tokens": 10, "output_tokens": 5, "cached": 4, "input": 6}
DONE = {"type": "result", "status": "success", "stats": {**STATS, "models": {"m": STATS}}}


def said(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": text, "delta": True}


def noted(message: str, severity: str = "error") -> dict[str, Any]:
    return {"type": "error", "severity": severity, "message": message}


def failed(message: str = "", kind: str = "unknown") -> dict[str, Any]:
    error = {"error": {"type": kind, "message": message}} if message else {}
    return {"type": "result", "status": "error", **error, "stats": {**STATS, "models": {}}}


def told(code: int, message: str, status: str = "X") -> str:
    body = {"error": {"code": code, "message": message, "status": status}}
    return f"[API Error: {json.dumps(body)}]"


def test_the_answer_is_what_was_said_after_the_last_tool() -> None:
    stream = lines(
        INIT, ASKED, said("I "), said("look."), CALL, GAVE, said("It "), said("is."), DONE
    )
    found = verdict("gemini", stream)
    assert (found["verdict"], found["text"], found["session_id"]) == (
        "succeeded",
        "It is.",
        SESSION,
    )
    assert found["usage"] == {
        "tokens_in": 10, "tokens_out": 5, "tokens_cached": 4, "cost_usd": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (told(401, "no"), ("permanent", "not_signed_in")),
        (told(403, "no"), ("permanent", "not_signed_in")),
        (told(400, "API key not valid. Please pass one."), ("permanent", "not_signed_in")),
        (told(400, "bad"), ("permanent", "bad_request")),
        (told(402, "pay"), ("permanent", "billing")),
        (told(404, "no"), ("permanent", "model_not_found")),
        ("[API Error: models/x is not found for v1beta]", ("permanent", "model_not_found")),
        (told(413, "big"), ("permanent", "too_large")),
        (told(429, "slow"), ("busy", "rate_limit")),
        ("[API Error: Resource has been exhausted (e.g. check quota).]", ("busy", "rate_limit")),
        (
            "[API Error: You have exhausted your daily quota on this model.]",
            ("busy", "quota"),
        ),
        (told(503, "x"), ("busy", "overloaded")),
        ("[API Error: The model is overloaded. Please try again later.]", ("busy", "overloaded")),
        (told(500, "x"), ("transient", "server_error")),
        (told(504, "x"), ("transient", "timeout")),
        (
            "[API Error: exception TypeError: fetch failed sending request]",
            ("transient", "network"),
        ),
        ("[API Error: terminated]", ("transient", "cut")),
        (
            told(400, "The input token count (9) exceeds the maximum number of tokens (8)."),
            ("overflow", "context_window"),
        ),
        ("[API Error: An unknown error occurred.]", ("transient", "unknown")),
    ],
)
def test_a_failed_run_is_told_by_the_words_of_the_provider(message: str, expected: Any) -> None:
    found = verdict("gemini", lines(INIT, said("Half"), failed(message)))
    assert (found["verdict"], found["kind"], found["text"]) == (*expected, None)
    assert found["usage"]["tokens_in"] == 10


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("FatalTurnLimitedError", ("permanent", "max_turns")),
        ("FatalAuthenticationError", ("permanent", "not_signed_in")),
        ("FatalInputError", ("permanent", "not_started")),
        ("FatalCancellationError", ("incomplete", "interrupted")),
    ],
)
def test_the_errors_of_the_program_have_a_type(kind: str, expected: Any) -> None:
    found = verdict("gemini", lines(INIT, failed("Reached it.", kind)))
    assert (found["verdict"], found["kind"]) == expected


@pytest.mark.parametrize(
    ("stderr", "code", "expected"),
    [
        ("TerminalQuotaError: Resource has been exhausted", None, ("busy", "quota")),
        ("ModelNotFoundError: gone", None, ("permanent", "model_not_found")),
        ("", 247, ("busy", "overloaded")),
        ("", 145, ("permanent", "not_signed_in")),
        ("", 1, ("transient", "unknown")),
    ],
)
def test_where_the_words_say_nothing_stderr_and_the_exit_code_do(
    stderr: str, code: int | None, expected: Any
) -> None:
    message = "[API Error: quota]" if "Quota" in stderr else "[API Error: It failed.]"
    stream = lines(INIT, failed(message))
    found = verdict("gemini", stream, stderr=stderr, exit_code=code)
    assert (found["verdict"], found["kind"]) == expected


def test_a_limit_has_the_time_that_the_provider_suggested() -> None:
    message = (
        "[API Error: Quota exceeded.\nSuggested retry after 37.5s.]\nPlease wait and try again"
    )
    assert verdict("gemini", lines(INIT, failed(message)))["resumes_at"] is not None
    assert verdict("gemini", lines(INIT, failed(told(429, "x"))))["resumes_at"] is None


@pytest.mark.parametrize(
    ("notice", "expected"),
    [
        ("Model stream ended without a finish reason.", ("transient", "cut")),
        ("The model response was blocked due to safety settings.", ("permanent", "refused")),
        (
            "Model response was truncated because it exceeded the token limit.",
            ("bad_output", "truncated"),
        ),
        ("The model returned an empty response with no text.", ("bad_output", "empty")),
    ],
)
def test_an_answer_that_came_to_nothing_is_told_before_the_result(
    notice: str, expected: Any
) -> None:
    found = verdict("gemini", lines(INIT, said("Half"), noted(notice), failed()), exit_code=0)
    assert (found["verdict"], found["kind"]) == expected


def test_a_warning_fails_nothing_unless_the_program_gave_up() -> None:
    blocked = noted("Agent execution blocked: by a hook", "warning")
    assert verdict("gemini", lines(INIT, blocked, said("Hi."), DONE))["verdict"] == "succeeded"
    turns = noted("Maximum session turns exceeded")
    assert verdict("gemini", lines(INIT, said("Hi."), turns, DONE))["kind"] == "max_turns"


TALKED = (
    "Error when talking to Gemini API Full report available at: x.json"
    " RetryableQuotaError: Resource has been exhausted\n    at f (x.js:1)"
)
AS_JSON = '\n{\n  "session_id": "s",\n  "error": {"message": "no", "code": 401}\n}'


@pytest.mark.parametrize(
    ("stderr", "code", "expected"),
    [
        ("", 0, "no_terminal_event"),
        ("Warning: 256-color support not detected.", 0, "no_terminal_event"),
        ("Ripgrep is not available. Falling back.", 1, "no_terminal_event"),
        ("Unknown argument: nonsense\nUsage: gemini", 1, "not_started"),
        ("When using Gemini API, you must specify the GEMINI_API_KEY", 41, "not_signed_in"),
        ("Error resuming session: Invalid session identifier", 42, "unknown_session"),
        ("Error starting session: Session ID is taken already exists", 42, "not_started"),
        (TALKED, 173, "rate_limit"),
        (AS_JSON, 145, "not_signed_in"),
        ("Unknown argument: nonsense", 143, "no_terminal_event"),
    ],
)
def test_without_a_result_stderr_is_all_there_is(stderr: str, code: int, expected: str) -> None:
    assert verdict("gemini", b"", stderr=stderr, exit_code=code)["kind"] == expected
    stopped = verdict("gemini", b"", stderr=stderr, exit_code=code, stopped=True)
    assert stopped["verdict"] == "cancelled"


def test_a_lost_tail_is_no_answer_whatever_the_exit_code_says() -> None:
    stream = lines(INIT, ASKED, said("The answer."))[:-20]
    found = verdict("gemini", stream, exit_code=0)
    assert (found["verdict"], found["text"]) == ("incomplete", None)


def test_the_one_object_of_the_json_format_is_read_as_well() -> None:
    tokens = {"prompt": 10, "candidates": 5, "cached": 1}
    told = {
        "session_id": SESSION,
        "response": "Hi.",
        "stats": {"models": {"m": {"tokens": tokens}}},
    }
    found = verdict("gemini", json.dumps(told, indent=2).encode())
    assert (found["verdict"], found["text"], found["session_id"]) == ("succeeded", "Hi.", SESSION)
    assert found["usage"]["tokens_cached"] == 1
    bad = {"session_id": SESSION, "error": {"type": "Error", "message": "no", "code": 401}}
    assert verdict("gemini", json.dumps(bad, indent=2).encode())["kind"] == "not_signed_in"


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("noise", ["{", '{\n  "warning": "odd"\n}', "{\n  half"])
def test_a_brace_among_the_lines_hides_no_event(noise: str, at: int) -> None:
    messages: list[Any] = [INIT, said("Hi."), DONE]
    messages.insert(at, noise)
    found = verdict("gemini", lines(*messages))
    assert (found["verdict"], found["text"], found["session_id"]) == ("succeeded", "Hi.", SESSION)


def test_the_one_object_of_the_json_format_may_stand_on_one_line() -> None:
    found = verdict("gemini", lines({"session_id": SESSION, "response": "Hi.", "stats": {}}))
    assert (found["verdict"], found["text"], found["session_id"]) == ("succeeded", "Hi.", SESSION)


@pytest.mark.parametrize("begun", [b"", lines(INIT, said("Half"))])
def test_a_limit_of_turns_may_be_told_on_stderr_alone(begun: bytes) -> None:
    told_so = "Reached max session turns for this session. Increase the number of turns"
    found = verdict("gemini", begun, stderr=told_so, exit_code=53)
    assert (found["verdict"], found["kind"]) == ("permanent", "max_turns")
