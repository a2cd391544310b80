"""How a turn of Codex failed: the error that says what happens next, by the program's own class.

The class is `codexErrorInfo`: a word, or an object of one word with an HTTP status. Where the
program has none (`exec`, and what it calls "other") its message is all there is, and is read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from harnesses._codex_home import SIGN_IN
from harnesses._json import object_of
from smithers.errors import (
    AgentError,
    BadOutput,
    Busy,
    ContextOverflow,
    NotSignedIn,
    Permanent,
    Transient,
)

__all__ = ["fault", "refused", "resumes_at"]

_SAID_LIMIT = 2000
_BUSY = (
    "usageLimitExceeded",
    "rateLimitExceeded",
    "serverOverloaded",
    "flexUnavailable",
    "policyCapacityUnavailable",
)
_PERMANENT = (
    "modelNotFound",
    "badRequest",
    "cyberPolicy",
    "misalignmentPolicyViolation",
    "sandboxError",
    "sessionBudgetExceeded",
    "tooManyDenials",
    "inferenceHookDenied",
)
_TOLD: tuple[tuple[str, str], ...] = (
    ("You’ve hit your usage limit", "usageLimitExceeded"),
    ("Quota exceeded", "usageLimitExceeded"),
    ("rate limit exceeded", "rateLimitExceeded"),
    ("Selected model is at capacity", "serverOverloaded"),
    ("We’re currently experiencing high demand", "internalServerError"),
    ("Codex ran out of room", "contextWindowExceeded"),
    ("Missing environment variable", "unauthorized"),
    ("Incomplete response returned, reason: max_output_tokens", "output limit"),
    ("stream disconnected before completion: Incomplete response returned", "badRequest"),
    ("stream disconnected", "streamDisconnected"),
    ("{", "badRequest"),
)
"""What messages begin with. The body of a refused request is told as it came, in its braces."""
_STATUS = re.compile(r"(?:unexpected|last) status:? (\d{3})")
_AGAIN_AT = re.compile(
    r"try again at (?:(?P<date>\w{3} \d{1,2})\w\w, (?P<year>\d{4}) )?(?P<time>\d{1,2}:\d\d [AP]M)",
    re.IGNORECASE,
)
_AGAIN_IN = re.compile(r"try again in (\d+(?:\.\d+)?) ?(ms|s|m|h)\b", re.IGNORECASE)
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def fault(error: Mapping[str, Any], limits: Mapping[str, Any], now: datetime) -> AgentError:
    """The failure of a turn. `limits` are the last rate limits that the program told of."""
    message = str(error.get("message") or "Codex gave no reason")
    said = "; ".join(filter(None, (message, error.get("additionalDetails"))))[:_SAID_LIMIT]
    kind, status = _kind_of(error.get("codexErrorInfo"), message)
    if kind in _BUSY or status == 429:
        windows: Mapping[str, Any] = {} if kind == "serverOverloaded" else limits
        return Busy("Codex", resumes_at(message, windows, now), why=said)
    if kind == "contextWindowExceeded":
        return ContextOverflow(said)
    if kind == "output limit":
        return BadOutput(said)
    if kind == "unauthorized" or status in (401, 403):
        return NotSignedIn(said, hint=SIGN_IN)
    refused = status is not None and 400 <= status < 500 and status not in (408, 409, 425)
    if kind in _PERMANENT or refused:
        return Permanent(said)
    return Transient(f"{kind}: {said}")


def _kind_of(info: object, message: str) -> tuple[str, int | None]:
    if info in (None, "other"):
        if found := _STATUS.search(message):
            return "httpConnectionFailed", int(found[1])
        begins = (kind for words, kind in _TOLD if message.startswith(words))
        return next(begins, "other"), None
    if isinstance(info, str):
        return info, None
    kind, more = next(iter(object_of(info).items()), ("other", None))
    status = object_of(more).get("httpStatusCode")
    return kind, status if isinstance(status, int) else None


def resumes_at(message: str, limits: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the limit ends: as its full window says, else as the message does, else unknown."""
    windows = [object_of(limits.get(name)) for name in ("primary", "secondary")]
    ends = [
        datetime.fromtimestamp(int(each["resetsAt"]), UTC)
        for each in windows
        if each.get("resetsAt") and float(each.get("usedPercent") or 0) >= 100
    ]
    if ends:
        return max(ends)
    if found := _AGAIN_IN.search(message):
        return now + timedelta(seconds=float(found[1]) * _UNITS_S[found[2]])
    if (found := _AGAIN_AT.search(message)) is None:
        return None
    local = now.astimezone()
    day = f"{found['date']} {found['year']}" if found["date"] else f"{local:%b %d %Y}"
    try:
        told = datetime.strptime(f"{day} {found['time']}", "%b %d %Y %I:%M %p")
    except ValueError:
        return None
    # Told to the minute, in local time and without the zone: the end of that minute.
    at = told.astimezone() + timedelta(minutes=1)
    return (at if at > local else at + timedelta(days=1)).astimezone(UTC)


def refused(stderr: str) -> Permanent:
    """The program did not start at all; on stderr it says why, and then where in its own code."""
    lines = stderr.partition("Stack backtrace:")[0].splitlines()
    said = "\n".join(line for line in lines if not line.startswith("WARNING:")).strip()
    return Permanent(f"Codex refused to start: {said[-_SAID_LIMIT:]}")
