"""How a turn of Codex failed: the error that says what happens next, by the program's own class.

The class is `codexErrorInfo`: a word, or an object of one word with an HTTP status. Where the
program has none (`exec`, and what it calls "other") its message is all there is, and is read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from harnesses._codex_home import SIGN_IN
from harnesses._json import number_of, object_in, object_of, text_of
from harnesses._streams import UnknownSession, broken_off, complaint, refuses, was_killed
from harnesses._times import ends, moment
from harnesses.recording import Ending
from smithers.errors import (
    AgentError,
    BadOutput,
    Busy,
    ContextOverflow,
    NotSignedIn,
    Permanent,
    Transient,
)

__all__ = ["UNKNOWN_THREAD", "fault", "resumes_at", "without_turn"]

_SAID_LIMIT = 2000
_OVERLOADED = 529
UNKNOWN_THREAD = ("no rollout found for thread id", "thread not found")
_BUSY = {
    "usageLimitExceeded": "quota",
    "rateLimitExceeded": "rate_limit",
    "serverOverloaded": "overloaded",
    "flexUnavailable": "overloaded",
    "policyCapacityUnavailable": "overloaded",
}
_PERMANENT = {
    "modelNotFound": "model_not_found",
    "badRequest": "bad_request",
    "cyberPolicy": "refused",
    "misalignmentPolicyViolation": "refused",
    "contentFilter": "refused",
    "inferenceHookDenied": "refused",
    "sandboxError": "sandbox",
    "sessionBudgetExceeded": "budget",
    "tooManyDenials": "denied",
    "plan": "billing",
}
_TRANSIENT = {
    "internalServerError": "server_error",
    "httpConnectionFailed": "network",
    "responseStreamConnectionFailed": "network",
    "responseStreamDisconnected": "cut",
    "network": "network",
    "timeout": "timeout",
    "interrupted": "interrupted",
}
_TOLD: tuple[tuple[str, str], ...] = (
    (r"You've hit your usage limit|Quota exceeded|.*\busage limit\b", "usageLimitExceeded"),
    (r".*\bout of credits\b|.*\bspend cap\b", "usageLimitExceeded"),
    (r"To use Codex with your ChatGPT plan", "plan"),
    (r"rate limit (?:exceeded|reached)", "rateLimitExceeded"),
    (r"Selected model is at capacity", "serverOverloaded"),
    (r".*\bcapacity is unavailable|flex capacity", "flexUnavailable"),
    (r"We're currently experiencing high demand", "internalServerError"),
    (r"Codex ran out of room", "contextWindowExceeded"),
    (r"Missing environment variable", "unauthorized"),
    (r".*Incomplete response returned, reason: max_output_tokens", "output limit"),
    (r".*Incomplete response returned, reason: content_filter", "contentFilter"),
    (r".*\bflagged for possible\b|.*\bpolicy violation\b|.*\bsafety reasons\b", "contentFilter"),
    (r"stream disconnected before completion: Incomplete response returned", "badRequest"),
    (r"stream disconnected", "responseStreamDisconnected"),
    (r"interrupted \(Ctrl-C\)|turn aborted", "interrupted"),
    (r"budget reached", "sessionBudgetExceeded"),
    (
        r".*\bmodel\b.*\b(?:not exist|not found|not supported)|(?:no such|unknown) model",
        "modelNotFound",
    ),
    (r"Reconnecting|error sending request|Connection failed", "network"),
    (r".*\btimed out\b|timeout waiting", "timeout"),
    (r"\{|Image poisoning", "badRequest"),
)
"""What messages begin with. The body of a refused request is told as it came, in its braces."""
_CODES = {
    "context_length_exceeded": "contextWindowExceeded",
    "insufficient_quota": "usageLimitExceeded",
    "usage_limit_reached": "usageLimitExceeded",
    "rate_limit_exceeded": "rateLimitExceeded",
    "server_is_overloaded": "serverOverloaded",
    "model_not_found": "modelNotFound",
    "invalid_api_key": "unauthorized",
    "content_policy_violation": "contentFilter",
    "cyber_policy": "cyberPolicy",
}
_NO_MODEL = re.compile(r"\bmodel\b.*\bnot (?:exist|found|supported)", re.IGNORECASE)
_STATUSES = {402: "billing", 413: "too_large"}
_STATUS = re.compile(r"(?:unexpected|last) status:? (\d{3})")
_FULL_PERCENT = 100
_NOISE = re.compile(
    r"^(?:WARNING:|Reading additional input from stdin|\d{4}-\d\d-\d\dT\S+\s+(?:TRACE|DEBUG|INFO"
    r"|WARN|ERROR)\b)"
)


def fault(error: Mapping[str, Any], limits: Mapping[str, Any], now: datetime) -> AgentError:
    """The failure of a turn. `limits` are the last rate limits that the program told of."""
    message = text_of(error.get("message")) or "Codex gave no reason"
    details = text_of(error.get("additionalDetails"))
    said = "; ".join(filter(None, (message, details)))[:_SAID_LIMIT]
    kind, status = _kind_of(error.get("codexErrorInfo"), message)
    if kind in _BUSY or status in (429, _OVERLOADED):
        reason = _BUSY.get(kind, "overloaded" if status == _OVERLOADED else "rate_limit")
        windows: Mapping[str, Any] = {} if reason == "overloaded" else limits
        return Busy("Codex", resumes_at(message, windows, now), why=said, reason=reason)
    if kind == "contextWindowExceeded":
        return ContextOverflow(said)
    if kind == "output limit":
        return BadOutput(said, reason="truncated")
    if kind == "unauthorized" or status in (401, 403):
        return NotSignedIn(said, hint=SIGN_IN)
    if kind in _PERMANENT:
        return Permanent(said, reason=_PERMANENT[kind])
    if status is not None and 400 <= status < 500 and status not in (408, 409, 425):
        return Permanent(said, reason=_STATUSES.get(status, "bad_request"))
    is_server = status is not None and status >= 500
    reason = "server_error" if is_server else _TRANSIENT.get(kind, "unknown")
    return Transient(f"{kind}: {said}", reason=reason)


def _kind_of(info: object, message: str) -> tuple[str, int | None]:
    if info in (None, "other") or "other" in object_of(info):
        return _kind_told(message.replace("’", "'"))
    if isinstance(info, str):
        return info, None
    kind, more = next(iter(object_of(info).items()), ("other", None))
    status = object_of(more).get("httpStatusCode")
    return kind, status if isinstance(status, int) else None


def _body(message: str) -> Mapping[str, Any]:
    """The error in the body of a refused request, which is told as it came."""
    body = object_in(message) if message.startswith("{") else {}
    return object_of(body.get("error")) or body


def _kind_told(message: str) -> tuple[str, int | None]:
    if found := _STATUS.search(message):
        is_model = found[1] == "404" and _NO_MODEL.search(message)
        return "modelNotFound" if is_model else "other", int(found[1])
    body, told = _body(message), message[:_SAID_LIMIT]
    for code in (text_of(body.get("code")), text_of(body.get("type"))):
        if code in _CODES:
            return _CODES[code], None
    begins = (kind for words, kind in _TOLD if re.match(words, told, re.IGNORECASE))
    return next(begins, "other"), None


def resumes_at(message: str, limits: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the limit ends: as its full window says, else as the message does, else unknown."""
    windows = [object_of(limits.get(name)) for name in ("primary", "secondary")]
    full = [each for each in windows if number_of(each.get("usedPercent")) >= _FULL_PERCENT]
    told = [moment(each.get("resetsAt"), now) for each in full]
    known = [at for at in told if at is not None]
    return (
        max(known, default=None)
        or moment(_body(message).get("resets_at"), now)
        or ends(message, now)
    )


def without_turn(stderr: str, ending: Ending, *, begun: bool, notice: str) -> AgentError:
    """No turn came to its end. What the program refuses to start with is told on stderr."""
    said = complaint(stderr, _NOISE)
    if any(words in said for words in UNKNOWN_THREAD):
        return UnknownSession(said)
    if begun or not said or was_killed(ending) or "panicked at" in said:
        return broken_off("Codex", ending, notice)
    if ending.rc == 0 and not refuses(said):
        return broken_off("Codex", ending, said)
    kind, status = _kind_told(said.replace("’", "'").removeprefix("Error: "))
    if kind == "unauthorized" or status in (401, 403) or "not logged in" in said.lower():
        return NotSignedIn(said, hint=SIGN_IN)
    return Permanent(f"Codex refused to start: {said}", reason="not_started")
