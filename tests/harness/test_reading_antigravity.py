"""What is made of streams of Antigravity's child that nobody recorded."""

from __future__ import annotations

from typing import Any

import pytest

from harnesses import read_stream
from tests.harness.streams import lines, verdict

SESSION = "7f0c1c7e-0000-4000-8000-0000000000aa"
STARTED = {"event": "started", "conversation_id": SESSION}
USAGE = {
    "prompt_token_count": 10,
    "cached_content_token_count": 4,
    "candidates_token_count": 5,
    "thoughts_token_count": 3,
}
Step = dict[str, Any]


def step(number: int = 1, status: str = "ACTIVE", **more: Any) -> Step:
    of_the_model = {"type": "TEXT_RESPONSE", "source": "MODEL", "target": "TARGET_USER"}
    name = {"id": f"{SESSION}:{number}", "step_index": number, "depth": 0}
    return {"event": "step", **name, **of_the_model, "status": status, **more}


def whole(number: int, text: str) -> Step:
    return step(number, "DONE", content=text, is_complete_response=True)


def events_of(stream: bytes, kind: str) -> list[Step]:
    """Those whose name begins so."""
    events = list(read_stream("antigravity", [stream]))[:-1]
    return [each for each in events if each["event"].startswith(kind)]


def call(number: int, status: str, name: str = "run_command", **more: Any) -> Step:
    told = {"name": name, "args": {"command_line": "ls", **more}, "id": f"{SESSION}:{number}"}
    return step(number, status, type="TOOL_CALL", tool_calls=[told])


def failed(code: int, message: str) -> Step:
    return step(9, "ERROR", source="SYSTEM", error=message, content=message, http_code=code)


def final(status: str = "completed", **more: Any) -> Step:
    return {"event": "final", "status": status, "stop_reason": "UNSPECIFIED", **more}


def fault(message: str, kind: str = "AntigravityExecutionError") -> Step:
    return final("failed", error={"type": kind, "message": message})


def told(code: int, message: str, status: str = "X") -> str:
    return f"agent executor error: Error {code}, Message: {message}, Status: {status}, Details: []"


def test_the_deltas_of_a_step_are_said_once_and_its_whole_text_answers() -> None:
    stream = lines(
        STARTED,
        step(content_delta="Hel"),
        step(content_delta="lo"),
        step(),
        whole(1, "Hello"),
        final(text="Hello", usage=USAGE),
    )
    assert [each["text"] for each in events_of(stream, "said")] == ["Hel", "lo"]
    found = verdict("antigravity", stream)
    assert (found["verdict"], found["text"], found["session_id"]) == (
        "succeeded",
        "Hello",
        SESSION,
    )
    assert found["usage"] == {
        "tokens_in": 10, "tokens_out": 8, "tokens_cached": 4, "cost_usd": None,
    }  # fmt: skip


def test_a_text_that_came_whole_is_said_whole_and_that_of_others_is_not_said() -> None:
    stream = lines(
        STARTED,
        step(0, "DONE", source="USER", content="Go", content_delta="Go"),
        step(1, "DONE", depth=1, content="of a sub-agent", is_complete_response=True),
        whole(2, "Mine"),
        final(),
    )
    assert [each["text"] for each in events_of(stream, "said")] == ["Mine"]
    assert verdict("antigravity", stream)["text"] == "Mine"


def test_a_call_is_told_once_and_its_result_when_its_step_is_over() -> None:
    done = call(1, "DONE", exit_code=0, combined_output="a\n")
    stream = lines(STARTED, call(1, "ACTIVE"), call(1, "ACTIVE"), done, done, final(text="It is."))
    tools = events_of(stream, "tool")
    assert [each["event"] for each in tools] == ["toolcalled", "toolreturned"]
    assert (tools[1]["text"], tools[1]["failed"]) == ("a\n", False)


def test_a_call_that_failed_has_its_result_though_its_step_has_lost_it() -> None:
    lost = step(1, "ERROR", error="denied by pre-tool hook")
    stream = lines(STARTED, call(1, "ACTIVE"), lost, final(text="It was denied."))
    (returned,) = events_of(stream, "toolreturned")
    assert (returned["failed"], returned["text"]) == (True, "denied by pre-tool hook")
    assert verdict("antigravity", stream)["verdict"] == "succeeded"


def test_a_tool_of_a_server_has_the_name_of_both() -> None:
    calling = call(1, "ACTIVE", name="add")
    calling["tool_calls"][0]["server_name"] = "hub"
    (called,) = events_of(lines(STARTED, calling, final(text="x")), "toolcalled")
    assert called["name"] == "hub/add"


def test_a_step_that_failed_is_not_the_end() -> None:
    stream = lines(STARTED, failed(429, told(429, "slow")), whole(2, "Done."), final(text="Done."))
    assert verdict("antigravity", stream)["verdict"] == "succeeded"


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (401, told(401, "no"), ("permanent", "not_signed_in")),
        (403, told(403, "no"), ("permanent", "not_signed_in")),
        (400, told(400, "API key not valid. Please pass one."), ("permanent", "not_signed_in")),
        (400, told(400, "bad"), ("permanent", "bad_request")),
        (402, told(402, "pay"), ("permanent", "billing")),
        (404, told(404, "no"), ("permanent", "model_not_found")),
        (429, told(429, "x", "RESOURCE_EXHAUSTED"), ("busy", "rate_limit")),
        (429, told(429, "You exceeded your current quota."), ("busy", "quota")),
        (503, told(503, "x"), ("busy", "overloaded")),
        (500, told(500, "x"), ("transient", "server_error")),
        (504, told(504, "x"), ("transient", "timeout")),
        (2, "model unreachable: dial tcp: connection refused", ("transient", "network")),
        (2, "model unreachable: read tcp: connection reset by peer", ("transient", "cut")),
        (0, "something else", ("transient", "unknown")),
        (
            400,
            told(400, "The input token count (9) exceeds the maximum number of tokens (8)."),
            ("overflow", "context_window"),
        ),
    ],
)
def test_a_failed_turn_is_told_by_its_status_and_its_words(
    code: int, message: str, expected: tuple[str, str]
) -> None:
    both = verdict("antigravity", lines(STARTED, failed(code, message), fault(message)))
    assert (both["verdict"], both["kind"], both["text"]) == (*expected, None)
    if code not in (0, 2):
        words_alone = verdict("antigravity", lines(STARTED, fault(message)))
        assert (words_alone["verdict"], words_alone["kind"]) == expected


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ("MAX_MODEL_CALLS_EXCEEDED", ("permanent", "max_turns")),
        ("MAX_TOTAL_TOKENS_EXCEEDED", ("permanent", "budget")),
        ("QUOTA_EXHAUSTED", ("busy", "quota")),
    ],
)
def test_a_turn_that_was_stopped_is_no_success(stop: str, expected: tuple[str, str]) -> None:
    found = verdict("antigravity", lines(STARTED, final(stop_reason=stop, text="")))
    assert (found["verdict"], found["kind"]) == expected


def test_a_session_that_is_not_there_is_unknown() -> None:
    said = f'Failed to create agent: conversation "{SESSION}" not found in "/x" (cannot resume)'
    found = verdict("antigravity", lines(fault(said, "RuntimeError")))
    assert (found["verdict"], found["kind"]) == ("permanent", "unknown_session")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("NotInstalled", ("permanent", "not_installed")),
        ("ValueError", ("permanent", "not_started")),
        ("ValidationError", ("permanent", "not_started")),
        ("RuntimeError", ("transient", "unknown")),
    ],
)
def test_what_it_cannot_begin_with_is_told_by_the_class_of_its_error(
    kind: str, expected: tuple[str, str]
) -> None:
    found = verdict("antigravity", lines(fault("it would not", kind)))
    assert (found["verdict"], found["kind"]) == expected


def test_who_cancelled_decides() -> None:
    stream = lines(STARTED, final("cancelled"))
    assert verdict("antigravity", stream, exit_code=130)["verdict"] == "incomplete"
    assert verdict("antigravity", stream, exit_code=130, stopped=True)["verdict"] == "cancelled"


@pytest.mark.parametrize("code", [None, 0, 1, 130, -9])
def test_without_its_last_word_nothing_was_finished(code: int | None) -> None:
    found = verdict("antigravity", lines(STARTED, whole(1, "Done.")), exit_code=code)
    assert (found["verdict"], found["kind"]) == ("incomplete", "no_terminal_event")


def test_a_structured_answer_is_held_against_the_schema() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    good = lines(STARTED, final(text="Finished", structured={"n": 7}))
    bad = lines(STARTED, final(text="Finished", structured={"n": "x"}))
    none = lines(STARTED, final(text='{"n": 7}'))
    found = [verdict("antigravity", each, schema=schema) for each in (good, bad, none)]
    assert [each["kind"] for each in found] == [
        "completed",
        "structured_invalid",
        "structured_missing",
    ]
    assert found[0]["structured"] == {"n": 7}


def test_a_failure_that_the_model_went_on_from_is_no_reason_for_a_later_one() -> None:
    later = fault(told(500, "boom", "INTERNAL"))
    stream = lines(STARTED, failed(429, told(429, "slow")), call(2, "DONE"), later)
    found = verdict("antigravity", stream)
    assert (found["verdict"], found["kind"]) == ("transient", "server_error")


def test_the_structured_answer_of_a_subagent_is_not_ours() -> None:
    theirs = step(1, "DONE", type="FINISH", depth=1, structured_output={"n": 7})
    stream = lines(STARTED, theirs, final(text="Finished", structured=None))
    assert verdict("antigravity", stream, schema={"type": "object"})["kind"] == "structured_missing"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('RuntimeError: conversation "x" not found in "/x" (cannot resume)', "unknown_session"),
        ("ValueError: no API key was given", "not_signed_in"),
        ("ModuleNotFoundError: No module named 'google.antigravity'", "not_installed"),
        ("KeyError: 'x'", "no_terminal_event"),
    ],
)
def test_without_a_stream_stderr_is_all_there_is(said: str, expected: str) -> None:
    stderr = f"Traceback (most recent call last):\n{said}\n"
    assert verdict("antigravity", b"", stderr=stderr, exit_code=1)["kind"] == expected
