"""What is made of streams of Codex that nobody recorded, by both of its interfaces."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.streams import lines, verdict

THREAD, TURN = "01a20589-c55c-7532-bbcb-1d44e377ec48", "01a20588-cbe5-70c2-baf4-1c21f461a781"
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
STARTED = {"type": "thread.started", "thread_id": THREAD}
BEGUN = {"type": "turn.started"}
WARNED = {"type": "item.completed", "item": {"id": "item_0", "type": "error", "message": "Odd."}}


def said(text: str) -> dict[str, Any]:
    return {"type": "item.completed", "item": {"type": "agent_message", "text": text}}


def done(tokens_in: int = 10) -> dict[str, Any]:
    usage = {"input_tokens": tokens_in, "cached_input_tokens": 4, "output_tokens": 5}
    return {"type": "turn.completed", "usage": usage}


def notice(message: str) -> dict[str, Any]:
    return {"type": "error", "message": message}


def failed(message: str) -> dict[str, Any]:
    return {"type": "turn.failed", "error": {"message": message}}


def told(method: str, **params: object) -> dict[str, Any]:
    return {"method": method, "params": {"threadId": THREAD, "turnId": TURN, **params}}


def turn(status: str, **more: object) -> dict[str, Any]:
    return told("turn/completed", turn={"id": TURN, "status": status, **more})


def tokens(last: int, total: int, **more: object) -> dict[str, Any]:
    usage = {name: {"inputTokens": n} for name, n in (("last", last), ("total", total))}
    return told("thread/tokenUsage/updated", tokenUsage=usage, **more)


ANSWERED = {"id": 2, "result": {"thread": {"id": THREAD}, "model": "gpt"}}
RUNNING = told("turn/started", turn={"id": TURN})
MESSAGE = told("item/completed", item={"type": "agentMessage", "text": "Done."})


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("unexpected status 401 Unauthorized: no", ("permanent", "not_signed_in")),
        ("unexpected status 403 Forbidden: no", ("permanent", "not_signed_in")),
        ("Missing environment variable: `X`.", ("permanent", "not_signed_in")),
        ("The model `m9` does not exist", ("permanent", "model_not_found")),
        ('{"error": {"message": "bad"}}', ("permanent", "bad_request")),
        ('{"error": {"code": "insufficient_quota"}}', ("busy", "quota")),
        ("unexpected status 413 Payload Too Large: x", ("permanent", "too_large")),
        ("exceeded retry limit, last status: 429 Too Many Requests", ("busy", "rate_limit")),
        ("You've hit your usage limit. Try again later.", ("busy", "quota")),
        ("You’ve hit your usage limit. Try again later.", ("busy", "quota")),
        ("Quota exceeded. Check your plan and billing details.", ("busy", "quota")),
        ("rate limit exceeded: slow down", ("busy", "rate_limit")),
        ("Selected model is at capacity. Please try another.", ("busy", "overloaded")),
        ("We're currently experiencing high demand, which", ("transient", "server_error")),
        ("unexpected status 502 Bad Gateway: x", ("transient", "server_error")),
        ("stream disconnected before completion: x", ("transient", "cut")),
        ("Codex ran out of room in the model's context window.", ("overflow", "context_window")),
        ("Incomplete response returned, reason: max_output_tokens", ("bad_output", "truncated")),
        (
            "stream disconnected before completion: Incomplete response returned,"
            " reason: content_filter",
            ("permanent", "refused"),
        ),
        ("This request has been flagged for possible biological risk.", ("permanent", "refused")),
        ("something of tomorrow", ("transient", "unknown")),
    ],
)
def test_a_failed_turn_of_exec_is_told_by_its_words(message: str, expected: Any) -> None:
    stream = lines(STARTED, WARNED, BEGUN, said("Half"), notice(message), failed(message))
    found = verdict("codex", stream, exit_code=1)
    assert (found["verdict"], found["kind"]) == expected
    assert (found["text"], found["usage"], found["session_id"]) == (None, None, THREAD)


def test_notices_of_retries_and_warnings_fail_nothing() -> None:
    again = notice("Reconnecting... 1/5 (unexpected status 401 Unauthorized)")
    good = verdict("codex", lines(STARTED, WARNED, BEGUN, again, said("Hi."), done()))
    assert (good["verdict"], good["text"]) == ("succeeded", "Hi.")
    cut = verdict("codex", lines(STARTED, WARNED, BEGUN, again), exit_code=-9)
    assert cut["verdict"] == "incomplete"


def test_the_last_of_several_messages_is_the_answer() -> None:
    stream = lines(STARTED, BEGUN, said("First"), said("First"), said("Last."), done())
    assert verdict("codex", stream)["text"] == "Last."


def test_usage_is_counted_from_total_to_total_of_a_thread() -> None:
    stream = lines(STARTED, BEGUN, said("1"), done(100), BEGUN, said("2"), done(200))
    assert verdict("codex", stream)["usage"] == {
        "tokens_in": 200, "tokens_out": 5, "tokens_cached": 4, "cost_usd": None,
    }  # fmt: skip


def test_a_turn_that_begins_anew_has_no_answer_yet() -> None:
    stream = lines(STARTED, BEGUN, said("1"), done(), BEGUN, said("2"))
    found = verdict("codex", stream)
    assert (found["verdict"], found["text"]) == ("incomplete", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"n": 7}', "completed"),
        ('{"n": "7"}', "structured_invalid"),
        ("Seven.", "structured_missing"),
        ("", "structured_missing"),
    ],
)
def test_a_structured_answer_is_the_whole_text(text: str, expected: str) -> None:
    stream = lines(STARTED, BEGUN, said(text), done())
    assert verdict("codex", stream, schema=SCHEMA)["kind"] == expected


@pytest.mark.parametrize(
    ("stderr", "code", "expected"),
    [
        ("error: unexpected argument '--x' found", 2, "not_started"),
        ("Error: unknown variant `x`", 1, "not_started"),
        ("Error: no rollout found for thread id 7", 1, "unknown_session"),
        ("Missing environment variable: `K`.", 1, "not_signed_in"),
        ("Reading additional input from stdin...", None, "no_terminal_event"),
        ("2026-11-22T23:13:00.67Z ERROR codex_core: odd", 1, "no_terminal_event"),
        ("WARNING: proceeding, even though", 1, "no_terminal_event"),
        ("thread 'main' panicked at core.rs:1", 101, "no_terminal_event"),
        ("Error: unknown variant `x`", -15, "no_terminal_event"),
        ("", 1, "no_terminal_event"),
    ],
)
def test_without_a_stream_stderr_is_all_there_is(
    stderr: str, code: int | None, expected: str
) -> None:
    assert verdict("codex", b"", stderr=stderr, exit_code=code)["kind"] == expected


def test_an_app_server_that_was_asked_by_others_is_read_as_well() -> None:
    stream = lines(ANSWERED, RUNNING, MESSAGE, tokens(10, 10), turn("completed"))
    found = verdict("codex", stream)
    assert (found["verdict"], found["text"], found["session_id"]) == ("succeeded", "Done.", THREAD)
    without = lines(RUNNING, MESSAGE, turn("completed"))
    assert verdict("codex", without)["session_id"] == THREAD


def test_the_end_of_a_turn_has_its_answer_where_nothing_else_was_heard() -> None:
    items = [{"type": "agentMessage", "text": "Done."}]
    assert verdict("codex", lines(RUNNING, turn("completed", items=items)))["text"] == "Done."


def test_requests_are_counted_once_each_and_those_of_an_earlier_run_not() -> None:
    old = tokens(90, 90, turnId="of an earlier run")
    other = {**tokens(7, 7), "params": {**tokens(7, 7)["params"], "threadId": "of a subagent"}}
    stream = lines(ANSWERED, old, RUNNING, tokens(10, 100), tokens(10, 100), other, tokens(5, 105))
    assert verdict("codex", stream)["usage"]["tokens_in"] == 22


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"httpConnectionFailed": {"httpStatusCode": 401}}, ("permanent", "not_signed_in")),
        ({"responseTooManyFailedAttempts": {"httpStatusCode": 429}}, ("busy", "rate_limit")),
        ({"responseStreamDisconnected": {"httpStatusCode": None}}, ("transient", "cut")),
        ("usageLimitExceeded", ("busy", "quota")),
        ("sessionBudgetExceeded", ("permanent", "budget")),
        ("tooManyDenials", ("permanent", "denied")),
        ("misalignmentPolicyViolation", ("permanent", "refused")),
        ({"ofTomorrow": {"httpStatusCode": 429}}, ("busy", "rate_limit")),
        ("ofTomorrow", ("transient", "unknown")),
        (["no", "kind"], ("transient", "unknown")),
    ],
)
def test_a_failed_turn_of_the_app_server_is_told_by_its_class(info: Any, expected: Any) -> None:
    error = {"message": "It failed.", "codexErrorInfo": info}
    found = verdict("codex", lines(ANSWERED, RUNNING, MESSAGE, turn("failed", error=error)))
    assert (found["verdict"], found["kind"]) == expected


def test_a_full_window_says_when_the_limit_ends() -> None:
    def limits(percent: int) -> dict[str, Any]:
        window = {"usedPercent": percent, "resetsAt": 4_102_444_800}
        return {
            "method": "account/rateLimits/updated",
            "params": {"rateLimits": {"primary": window}},
        }

    error = {"message": "You've hit your usage limit.", "codexErrorInfo": "usageLimitExceeded"}
    end = turn("failed", error=error)
    full = verdict("codex", lines(ANSWERED, RUNNING, limits(100), end))
    assert full["resumes_at"] == "2100-01-01T00:00:00Z"
    assert verdict("codex", lines(ANSWERED, RUNNING, limits(40), end))["resumes_at"] is None


def test_an_interrupted_turn_is_cancelled_only_where_we_asked_for_it() -> None:
    stream = lines(ANSWERED, RUNNING, MESSAGE, turn("interrupted"))
    assert verdict("codex", stream)["kind"] == "interrupted"
    assert verdict("codex", stream, stopped=True)["verdict"] == "cancelled"


def test_a_subagent_ends_no_turn_of_ours() -> None:
    other = {"method": "turn/completed", "params": {"threadId": "x", "turn": {"status": "failed"}}}
    assert verdict("codex", lines(ANSWERED, RUNNING, other))["verdict"] == "incomplete"


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (-32600, "no rollout found for thread id 7", "unknown_session"),
        (-32602, "Invalid params: x", "bad_request"),
        (-32000, "busy", "unknown"),
    ],
)
def test_a_request_that_was_refused_before_any_turn(code: int, message: str, expected: str) -> None:
    refused = {"id": 2, "error": {"code": code, "message": message}}
    assert verdict("codex", lines(refused))["kind"] == expected
    after = lines(refused, ANSWERED, RUNNING, MESSAGE, turn("completed"))
    assert verdict("codex", after)["verdict"] == "succeeded"
    meanwhile = lines(ANSWERED, RUNNING, MESSAGE, refused)
    assert verdict("codex", meanwhile)["verdict"] == "incomplete"


@pytest.mark.parametrize("first", [{"type": "of_tomorrow"}, {"id": 1, "x": 2}, {"event": "x"}])
def test_an_unknown_first_line_tells_nothing_of_the_interface(first: dict[str, Any]) -> None:
    of_exec = lines(first, STARTED, BEGUN, said("Hi."), done())
    of_the_server = lines(first, ANSWERED, RUNNING, MESSAGE, turn("completed"))
    for stream in (of_exec, of_the_server):
        assert verdict("codex", stream)["verdict"] == "succeeded"


@pytest.mark.parametrize(
    "message", ["unexpected status 529 : Overloaded", "exceeded retry limit, last status: 529"]
)
def test_overload_is_told_by_its_status_as_well(message: str) -> None:
    found = verdict("codex", lines(STARTED, BEGUN, failed(message)))
    assert (found["verdict"], found["kind"]) == ("busy", "overloaded")


@pytest.mark.parametrize("info", ["other", {"other": {}}, {"other": None}])
def test_a_class_of_no_meaning_leaves_the_words_whatever_its_shape(info: Any) -> None:
    error = {"message": "Quota exceeded. Check your plan.", "codexErrorInfo": info}
    found = verdict("codex", lines(ANSWERED, RUNNING, turn("failed", error=error)))
    assert (found["verdict"], found["kind"]) == ("busy", "quota")


def test_the_body_of_a_refused_request_may_tell_when_the_limit_ends() -> None:
    body = '{"error": {"type": "usage_limit_reached", "resets_at": 4102444800}}'
    found = verdict("codex", lines(STARTED, BEGUN, failed(body)))
    assert (found["kind"], found["resumes_at"]) == ("quota", "2100-01-01T00:00:00Z")


def test_an_exit_code_of_zero_makes_no_error_on_stderr_unsaid() -> None:
    found = verdict("codex", b"", stderr="error: unexpected argument '--x' found", exit_code=0)
    assert (found["verdict"], found["kind"]) == ("permanent", "not_started")
    silent = verdict("codex", b"", stderr="something odd", exit_code=0)
    assert silent["verdict"] == "incomplete"
