"""What is made of streams of Claude Code that nobody recorded: the rows of what is known of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.streams import SESSION, claude_result, claude_said, lines, verdict

INIT = {"type": "system", "subtype": "init", "session_id": SESSION}
RETRY = {
    "type": "system", "subtype": "api_retry", "attempt": 1, "max_retries": 10,
    "retry_delay_ms": 500, "error_status": 429, "error": "rate_limit", "session_id": SESSION,
}  # fmt: skip


def fault(error: str, **more: object) -> dict[str, Any]:
    return claude_said("API Error", error=error, is_api_error_message=True, **more)


def failed(reason: str | None = "api_error", **more: object) -> dict[str, Any]:
    """A turn that failed by an error of the API: its subtype says success."""
    return claude_result(is_error=True, terminal_reason=reason, result="It failed.", **more)


@pytest.mark.parametrize(
    ("error", "more", "expected"),
    [
        ("authentication_failed", {}, ("permanent", "not_signed_in")),
        ("oauth_org_not_allowed", {}, ("permanent", "not_signed_in")),
        ("unknown", {"api_error_status": 403}, ("permanent", "not_signed_in")),
        ("billing_error", {"api_error_status": 400}, ("permanent", "billing")),
        ("rate_limit", {"api_error": "model_requires_usage_credits"}, ("permanent", "billing")),
        ("model_not_found", {"api_error_status": 404}, ("permanent", "model_not_found")),
        ("invalid_request", {"api_error_status": 413}, ("permanent", "too_large")),
        ("invalid_request", {"api_error_status": 400}, ("permanent", "bad_request")),
        ("rate_limit", {"api_error_status": 429}, ("busy", "rate_limit")),
        ("rate_limit", {"api_error": "usage_limit_reached"}, ("busy", "quota")),
        ("unknown", {"api_error_status": 429}, ("busy", "rate_limit")),
        ("overloaded", {}, ("busy", "overloaded")),
        ("server_error", {"api_error_status": 529}, ("busy", "overloaded")),
        ("server_error", {"api_error_status": 500}, ("transient", "server_error")),
        ("server_error", {"api_error": "connection_failed"}, ("transient", "network")),
        ("server_error", {"api_error": "stream_idle_timeout"}, ("transient", "timeout")),
        ("max_output_tokens", {}, ("bad_output", "truncated")),
        ("of_tomorrow", {}, ("transient", "unknown")),
        ("unknown", {"api_error_status": 408}, ("transient", "unknown")),
    ],
)
def test_a_failure_is_told_by_its_last_error(
    error: str, more: dict[str, Any], expected: tuple[str, str]
) -> None:
    stream = lines(INIT, fault(error, **more), failed())
    found = verdict("claude-code", stream, exit_code=1)
    assert (found["verdict"], found["kind"]) == expected
    assert (found["text"], found["session_id"]) == (None, SESSION)


def test_of_two_ways_to_be_cut_off_the_window_is_no_bad_answer() -> None:
    cuts = {"output_limit": "bad_output", "context_window": "overflow"}
    for cut, expected in cuts.items():
        told = fault("max_output_tokens", api_error_params={"cut": cut})
        assert verdict("claude-code", lines(INIT, told, failed()))["verdict"] == expected


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"subtype": "error_max_turns", "terminal_reason": "max_turns"}, "max_turns"),
        ({"subtype": "error_max_budget_usd", "terminal_reason": "budget_exhausted"}, "budget"),
        ({"subtype": "error_max_structured_output_retries"}, "structured_invalid"),
        ({"terminal_reason": "prompt_too_long"}, "context_window"),
        ({"terminal_reason": "image_error"}, "too_large"),
        ({"stop_reason": "refusal"}, "refused"),
        ({"terminal_reason": "hook_stopped"}, "hook"),
        (
            {
                "subtype": "error_during_execution",
                "terminal_reason": None,
                "errors": [f"No conversation found with session ID: {SESSION}"],
            },
            "unknown_session",
        ),
    ],
)
def test_a_failure_is_told_by_what_ended_the_turn(result: dict[str, Any], expected: str) -> None:
    stream = lines(INIT, claude_result(is_error=True, result=None, **result))
    assert verdict("claude-code", stream)["kind"] == expected


@pytest.mark.parametrize("reason", ["aborted_streaming", "aborted_tools"])
def test_an_interrupted_turn_is_cancelled_only_where_we_asked_for_it(reason: str) -> None:
    ended = claude_result(subtype="error_during_execution", terminal_reason=reason, is_error=True)
    stream = lines(INIT, claude_said("Half", aborted=True), ended)
    told = verdict("claude-code", stream, exit_code=0)
    assert (told["verdict"], told["kind"]) == ("incomplete", "interrupted")
    assert verdict("claude-code", stream, exit_code=0, stopped=True)["verdict"] == "cancelled"


def test_retries_and_a_fallback_on_the_way_fail_nothing() -> None:
    fallback = {"type": "system", "subtype": "model_fallback", "trigger": "overloaded"}
    stream = lines(INIT, RETRY, RETRY, fallback, claude_said("Done."), claude_result())
    assert verdict("claude-code", stream)["verdict"] == "succeeded"
    assert verdict("claude-code", lines(INIT, RETRY))["verdict"] == "incomplete"


def test_an_error_that_was_got_over_is_no_reason_for_a_later_failure() -> None:
    over = lines(INIT, fault("max_output_tokens"), claude_said("Now."), failed("model_error"))
    assert verdict("claude-code", over)["kind"] == "server_error"


def test_the_error_of_a_subagent_is_not_that_of_the_turn() -> None:
    sub = fault("rate_limit", parent_tool_use_id="toolu_1", api_error_status=429)
    assert verdict("claude-code", lines(INIT, sub, failed()))["kind"] == "unknown"


def test_a_refused_request_tells_when_its_limit_ends_where_the_program_does() -> None:
    def limit(status: str) -> dict[str, Any]:
        info = {"status": status, "resetsAt": 4_102_444_800, "rateLimitType": "five_hour"}
        return {"type": "rate_limit_event", "rate_limit_info": info, "session_id": SESSION}

    refused = fault("rate_limit", api_error_status=429)
    told = verdict("claude-code", lines(INIT, limit("rejected"), refused, failed()))
    assert (told["kind"], told["resumes_at"]) == ("quota", "2100-01-01T00:00:00Z")
    near = verdict("claude-code", lines(INIT, limit("allowed_warning"), refused, failed()))
    assert (near["kind"], near["resumes_at"]) == ("rate_limit", None)


def test_of_several_turns_the_last_one_counts_and_all_are_paid_for() -> None:
    turn = (INIT, claude_said("One."), claude_result(result="One."))
    stream = lines(*turn, INIT, claude_said("Two."), claude_result(result="Two."))
    found = verdict("claude-code", stream)
    assert (found["text"], found["usage"]["tokens_in"], found["usage"]["cost_usd"]) == (
        "Two.", 20, 0.5,
    )  # fmt: skip
    begun = verdict("claude-code", lines(*turn, INIT, claude_said("Tw")))
    assert (begun["verdict"], begun["text"]) == ("incomplete", None)
    assert begun["usage"]["tokens_in"] == 10


def test_the_totals_of_a_session_are_not_those_of_a_run() -> None:
    model = {"opus": {"inputTokens": 30, "outputTokens": 15, "costUSD": 1.5}}
    told = {"total_cost_usd": 1.5, "modelUsage": model}
    resumed = verdict("claude-code", lines(INIT, claude_result(**told)))["usage"]
    assert (resumed["tokens_in"], resumed["cost_usd"]) == (10, 0.25)
    silent = claude_result(**told)
    del silent["model_usage_since_last_result"]
    usage = verdict("claude-code", lines(INIT, silent))["usage"]
    assert (usage["tokens_in"], usage["cost_usd"]) == (10, None)
    silent["modelUsage"] = {"opus": {"inputTokens": 10, "outputTokens": 5, "costUSD": 1.5}}
    assert verdict("claude-code", lines(INIT, silent))["usage"]["cost_usd"] == 1.5


def test_partial_messages_are_not_said_twice() -> None:
    delta = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Do"}}
    part = {"type": "stream_event", "event": delta, "session_id": SESSION}
    found = verdict("claude-code", lines(INIT, part, part, claude_said("Done."), claude_result()))
    assert found["text"] == "Done."


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"structured_output": {"n": 7}, "result": '{"n":7}'}, "completed"),
        ({"structured_output": {"n": "7"}}, "structured_invalid"),
        ({"structured_output": {}}, "structured_invalid"),
        ({"result": "Seven."}, "structured_missing"),
        ({"result": '{"n": 7}'}, "structured_missing"),
    ],
)
def test_a_structured_answer_is_the_one_that_was_given_as_such(
    given: dict[str, Any], expected: str
) -> None:
    found = verdict("claude-code", lines(INIT, claude_result(**given)), schema=SCHEMA, exit_code=0)
    assert found["kind"] == expected
    assert found["structured"] == ({"n": 7} if expected == "completed" else None)


def test_an_empty_answer_is_none() -> None:
    found = verdict("claude-code", lines(INIT, claude_result(result=" \n")))
    assert (found["verdict"], found["kind"]) == ("bad_output", "empty")


@pytest.mark.parametrize(
    ("stderr", "code", "expected"),
    [
        ("error: unknown option '--nonsense'", 1, "not_started"),
        ("error: unknown option '--nonsense'", None, "not_started"),
        (f"Error: Session ID {SESSION} is already in use.", 1, "not_started"),
        (f"No conversation found with session ID: {SESSION}", 1, "unknown_session"),
        ("Invalid API key · Please run /login", 1, "not_signed_in"),
        ("Warning: no stdin data received in 3s, proceeding without it.", 1, "no_terminal_event"),
        ("Warning: no stdin data received in 3s, proceeding without it.", 0, "no_terminal_event"),
        ("error: unknown option", 143, "no_terminal_event"),
        ("error: unknown option", -9, "no_terminal_event"),
        ("TypeError: x is not a function\n    at main (cli.js:1:2)", 1, "no_terminal_event"),
        ("", 0, "no_terminal_event"),
        ("", 1, "no_terminal_event"),
        ("", None, "no_terminal_event"),
    ],
)
def test_without_a_stream_stderr_is_all_there_is(
    stderr: str, code: int | None, expected: str
) -> None:
    assert verdict("claude-code", b"", stderr=stderr, exit_code=code)["kind"] == expected
    stopped = verdict("claude-code", b"", stderr=stderr, exit_code=code, stopped=True)
    assert stopped["verdict"] == "cancelled"


def test_a_warning_on_stderr_explains_no_broken_stream() -> None:
    told = "(node:12) ExperimentalWarning: x\nsomething odd"
    found = verdict("claude-code", lines(INIT, claude_said("Half")), stderr=told, exit_code=1)
    assert found["verdict"] == "incomplete"


def test_one_object_alone_is_a_stream_as_well() -> None:
    """As `--output-format json` gives it."""
    found = verdict("claude-code", lines(claude_result()).rstrip())
    assert (found["verdict"], found["session_id"]) == ("succeeded", SESSION)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Not logged in · Please run /login", ("permanent", "not_signed_in")),
        ("Credit balance is too low", ("permanent", "billing")),
        ("Prompt is too long · the request is", ("overflow", "context_window")),
    ],
)
def test_a_result_alone_is_told_by_its_words(said: str, expected: tuple[str, str]) -> None:
    result = failed()
    result["result"] = said
    found = verdict("claude-code", lines(INIT, result))
    assert (found["verdict"], found["kind"]) == expected


def test_a_refusal_is_no_answer_though_it_is_called_a_success() -> None:
    refused = claude_result(stop_reason="refusal", result="I cannot help with that.")
    found = verdict("claude-code", lines(INIT, refused))
    assert (found["verdict"], found["kind"], found["text"]) == ("permanent", "refused", None)


@pytest.mark.parametrize("said", ["Slow down, try again in 30s.", "Limited, try again at 5:53 PM."])
def test_the_words_of_a_limit_tell_its_end_where_nothing_else_does(said: str) -> None:
    result = failed(api_error_status=429)
    result["result"] = said
    assert verdict("claude-code", lines(INIT, result))["resumes_at"] is not None


@pytest.mark.parametrize("first", [RETRY, claude_said("Half")])
def test_a_session_is_known_by_whatever_came_before_the_cut(first: dict[str, Any]) -> None:
    found = verdict("claude-code", lines(first))
    assert (found["verdict"], found["session_id"]) == ("incomplete", SESSION)


def test_an_exit_code_of_zero_makes_no_error_on_stderr_unsaid() -> None:
    said = "error: unknown option '--nonsense'"
    assert verdict("claude-code", b"", stderr=said, exit_code=0)["kind"] == "not_started"
    begun = verdict("claude-code", lines(INIT), stderr=said, exit_code=0)
    assert begun["verdict"] == "incomplete"
