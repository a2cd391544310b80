"""How a request to Claude Code ended: an answer, or the error that says what happens next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from harnesses._json import list_of, object_of, text_of
from harnesses._streams import UnknownSession, broken_off, complaint, refuses, was_killed
from harnesses._times import ends
from harnesses.recording import Ending
from smithers.agent import Answered
from smithers.errors import (
    AgentError,
    BadOutput,
    Busy,
    ContextOverflow,
    NotSignedIn,
    Permanent,
    Transient,
)

__all__ = ["has_answer", "is_good", "verdict"]

_SIGN_IN = "run `claude` and sign in, or set ANTHROPIC_API_KEY"
_SAID_LIMIT = 2000
_UNKNOWN_SESSION = (
    "No conversation found",
    "--resume requires a valid session ID",
    "No message found with message.uuid",
)
_NOISE = re.compile(r"^\s*(?:\[?warn(?:ing)?\b|\(node:|\(Use `|\[debug\])|no stdin data", re.I)
_CRASH = re.compile(r"^\s+at .+[:(]|^panic\b|core dumped|Segmentation fault", re.MULTILINE)
_SIGNED_OUT = re.compile(r"not logged in|run /login|invalid api key|OAuth token", re.IGNORECASE)
_NO_CREDIT = "Credit balance is too low"
_TOO_LONG = "Prompt is too long"
_OVERFLOWS = ("prompt_too_long", "blocking_limit", "rapid_refill_breaker")
_LIMITS = {
    "max_turns": "max_turns",
    "error_max_turns": "max_turns",
    "budget_exhausted": "budget",
    "error_max_budget_usd": "budget",
}
_UNSIGNED = ("authentication_failed", "oauth_org_not_allowed", "cloud_credential_error")
_UNPAID = ("billing_error", "account_on_hold", "verification_required")
_CREDITS = ("model_requires_usage_credits", "long_context_credits_required")
_POLICIES = ("dlp_request_denied", "safety_monitor_blocked", "hook_denied")
_HOOKS = ("hook_stopped", "stop_hook_prevented", "tool_deferred", "tool_deferred_unavailable")
_PASSING = (408, 409, 425)
_TRANSIENT = {
    "connection_failed": "network",
    "computer_slept": "network",
    "no_response": "network",
    "stream_idle_timeout": "timeout",
}


def verdict(
    result: Mapping[str, Any] | None,
    fault: Mapping[str, Any],
    resets: datetime | None,
    stderr: str,
    ending: Ending,
    *,
    begun: bool,
) -> Answered:
    """The answer, or raises. `fault` is the last message that carried an error, or empty, `resets`
    when a limit that refused us ends; `begun` is whether the program came as far as its work.
    """
    if result is None:
        raise _without_result(stderr, ending, begun)
    answer = text_of(result.get("result"))
    if is_good(result):
        return Answered(answer, data=result.get("structured_output"))
    said = answer or "; ".join(map(str, list_of(result.get("errors"))))
    raise _fault(_Told(result, fault, said, stderr), resets)


def is_good(result: Mapping[str, Any]) -> bool:
    """A command of the program itself, as /clear, ends without a reason and without an answer."""
    is_whole = result.get("terminal_reason") in ("completed", None)
    refused = result.get("stop_reason") == "refusal"
    is_error = result.get("is_error")
    good = result.get("subtype") == "success" and (is_error is False or is_error is None)
    return good and is_whole and not refused


def has_answer(result: Mapping[str, Any]) -> bool:
    return bool(text_of(result.get("result"))) or result.get("structured_output") is not None


class _Told:
    """What a failed turn tells of itself: in its result, or in the last message with an error."""

    def __init__(
        self, result: Mapping[str, Any], fault: Mapping[str, Any], said: str, stderr: str
    ) -> None:
        self.stderr = stderr
        self._result, self._fault = result, fault
        self.reason = text_of(result.get("terminal_reason"))
        self.subtype = text_of(result.get("subtype"))
        self.said = said[:_SAID_LIMIT] or f"Claude Code ended with {self.reason or self.subtype}"
        self.error, self.api_error = text_of(fault.get("error")), text_of(self.field("api_error"))
        status = self.field("api_error_status")
        self.status = status if isinstance(status, int) else 0
        self.cut = object_of(self.field("api_error_params")).get("cut")

    def field(self, name: str) -> Any:
        found = self._result.get(name)
        return found if found is not None else self._fault.get(name)

    @property
    def knows_no_session(self) -> bool:
        """The one case that the program tells in words alone."""
        told = (*map(str, list_of(self._result.get("errors"))), self.stderr)
        silent = self.subtype == "error_during_execution" and not self.reason
        return silent and any(words in text for text in told for words in _UNKNOWN_SESSION)


def _fault(told: _Told, resets: datetime | None) -> AgentError:
    """By what ended the turn, then by the last error of the API, from the narrowest on."""
    said = told.said
    if told.knows_no_session:
        return UnknownSession(f"Claude Code does not have this session: {said}")
    if told.reason in ("aborted_streaming", "aborted_tools") or told.field(
        "interrupted_by_shutdown"
    ):
        return Transient(f"Claude Code was interrupted: {said}", reason="interrupted")
    for word in (told.reason, told.subtype):
        if word in _LIMITS:
            return Permanent(said, reason=_LIMITS[word])
    is_long = told.reason in _OVERFLOWS or said.startswith(_TOO_LONG)
    if is_long or told.cut == "context_window":
        return ContextOverflow(said)
    if told.reason == "structured_output_retry_exhausted" or (
        told.subtype == "error_max_structured_output_retries"
    ):
        return BadOutput(said, reason="structured_invalid")
    if "max_output_tokens" in (told.error, told.api_error):
        return BadOutput(said, reason="truncated")
    return _refused(told) or _busy(told, resets) or _wrong(told) or _passing(told)


def _refused(told: _Told) -> Permanent | None:
    """Who asked is not served, or what was asked for is not."""
    if told.field("stop_reason") == "refusal" or told.api_error in _POLICIES:
        return Permanent(told.said, reason="refused")
    unpaid = told.error in _UNPAID or told.api_error in _CREDITS or told.status == 402
    if unpaid or told.said.startswith(_NO_CREDIT):
        return Permanent(told.said, reason="billing")
    is_silent = not told.error and not told.status
    unsigned = told.error in _UNSIGNED or told.status in (401, 403)
    if unsigned or (is_silent and _SIGNED_OUT.search(told.said)):
        return NotSignedIn(told.said, hint=_SIGN_IN)
    return None


def _busy(told: _Told, resets: datetime | None) -> Busy | None:
    if told.error == "rate_limit" or told.status == 429:
        is_quota = told.api_error == "usage_limit_reached" or resets is not None
        kind = "quota" if is_quota else "rate_limit"
        at = resets or ends(told.said, datetime.now(UTC))
        return Busy("Claude Code", at, why=told.said, reason=kind)
    if (
        told.error == "overloaded"
        or told.status in (503, 529)
        or told.field("api_error_type") == "overloaded_error"
    ):
        return Busy("Claude Code", why=told.said, reason="overloaded")
    return None


def _wrong(told: _Told) -> Permanent | None:
    """The request itself, or what surrounds it."""
    status = told.status
    if told.error == "model_not_found":
        kind = "model_not_found"
    elif told.reason == "image_error" or status == 413:
        kind = "too_large"
    elif told.error == "invalid_request" or (400 <= status < 500 and status not in _PASSING):
        kind = "bad_request"
    elif told.reason in _HOOKS:
        kind = "hook"
    elif told.field("startup_failure_reason"):
        kind = "not_started"
    else:
        return None
    return Permanent(told.said, reason=kind)


def _passing(told: _Told) -> Transient:
    """What the same request may not meet again."""
    if "StreamTruncated" in told.said or told.api_error == "empty_completion":
        kind = "cut"
    elif told.api_error in _TRANSIENT:
        kind = _TRANSIENT[told.api_error]
    elif "timed out" in told.said:
        kind = "timeout"
    elif told.error == "server_error" or told.status >= 500 or told.reason == "model_error":
        kind = "server_error"
    else:
        kind = "unknown"
    return Transient(told.said, reason=kind)


def _without_result(stderr: str, ending: Ending, begun: bool) -> AgentError:
    """The attempt was not finished. What the program refuses to start with is told on stderr."""
    said = complaint(stderr, _NOISE)
    if not said or was_killed(ending):
        return broken_off("Claude Code", ending, said)
    if any(words in said for words in _UNKNOWN_SESSION):
        return UnknownSession(f"Claude Code does not have this session: {said}")
    if _SIGNED_OUT.search(said):
        return NotSignedIn(said, hint=_SIGN_IN)
    is_told = refuses(said) if begun or ending.rc == 0 else True
    if is_told and not (begun and ending.rc == 0) and not _CRASH.search(said):
        return Permanent(f"Claude Code refused the request: {said}", reason="not_started")
    return broken_off("Claude Code", ending, said)
