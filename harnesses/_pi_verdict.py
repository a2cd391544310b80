"""How a run of Pi ended badly: the error that says what happens next, by what Pi tells of it.

Pi hands the words of the provider on, in `errorMessage`: mostly a status and the body it came with,
in one of a few forms, else a sentence. Its exit code is no verdict: 0 after a refused request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from harnesses._json import list_of, object_in, object_of, text_of
from harnesses._pi_home import INSTALL, NODE_HINT, SIGN_IN, TooOld
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

__all__ = ["ended_badly", "resumes_at", "without_run"]

_SAID_LIMIT, _READ_LIMIT = 2000, 20_000
_STATUS = re.compile(r"(?:[^\n{]{0,80}? \(|\s*)(?P<status>[45]\d\d)\)?(?::|\s|$)")
_OVERFLOW = re.compile(
    r"prompt (?:is )?too long|request_too_large|input is too long|exceeds the context window"
    r"|maximum context length|context[_ ]length[_ ]exceeded|model_context_window_exceeded"
    r"|input token count.*exceeds|maximum prompt length|exceeds the available context size"
    r"|greater than the context length|context window exceeds|exceeded model token limit"
    r"|maximum allowed input length|longer than the model'?s context|exceeds the limit of \d"
    r"|reduce the length of the messages|range of input length|token limit exceeded"
    r"|configured context size|ran out of room|too many tokens",
    re.IGNORECASE,
)
"""What Pi itself takes for an overflow (pi-ai, `utils/overflow`)."""
_QUOTA = re.compile(
    r"insufficient_quota|usage[_ ]?limit|exceeded your current quota|quota[_ ]exceeded"
    r"|out of budget|available balance",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"rate.?limit|too many requests|throttl|resource.?exhausted|retry delay", re.IGNORECASE
)
_OVERLOADED = re.compile(
    r"overloaded|at capacity|(?:currently )?experiencing high demand|slow_down", re.IGNORECASE
)
_SIGNED_OUT = re.compile(
    r"no api key|invalid_api_key|invalid (?:x-)?api.key|incorrect api key|api key not valid"
    r"|authentication_error|unauthori[sz]ed|oauth (?:token|refresh)|credentials? (?:expired|not)",
    re.IGNORECASE,
)
_UNPAID = re.compile(r"credit balance|billing|payment required", re.IGNORECASE)
_REFUSED = re.compile(
    r"refused to complete|content.?filter|content_policy|provider stopped with: (?!error)|safety"
    r"|prohibited_content|blocklist|guardrail",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(r"model.{0,200}(?:not found|does not exist)|model_not_found|not_found_error")
_NETWORK = re.compile(
    r"connection|network|fetch failed|socket|econn|enotfound|eai_again|getaddrinfo", re.IGNORECASE
)
_TIMEOUT = re.compile(r"timed? ?out", re.IGNORECASE)
_CUT = re.compile(r"terminated|ended (?:before|without)|closed", re.IGNORECASE)

_UNKNOWN_SESSION = (
    "No session found matching",
    "Session found in different project",
    "Fork this session into current directory",
    "Stored session working directory does not exist",
)
_OLD_NODE = re.compile(r"does not provide an export named|ERR_(?:UNKNOWN_BUILTIN|REQUIRE_ESM)")
_NOISE = re.compile(
    r"^(?:Warning:|\(node:|\(Use `node|Use /login|  \S*/docs/|See:)|^\s+at |^Node\.js v", re.I
)


def ended_badly(message: Mapping[str, Any], notice: str, now: datetime) -> AgentError:
    """By the last message of a run that came to its end, and did not answer.

    `notice` is what Pi told last of its own retries.
    """
    stop, raw = text_of(message.get("stopReason")), text_of(message.get("rawStopReason"))
    said = (text_of(message.get("errorMessage")) or notice)[:_READ_LIMIT]
    match stop:
        case "length":
            return BadOutput("the answer was cut off at the output limit", reason="truncated")
        case "error":
            return _fault(said or "Pi gave no reason", raw, now)
        case "aborted":
            why = said[:_SAID_LIMIT] or "aborted"
            return Transient(f"Pi was interrupted: {why}", reason="interrupted")
        case _:
            how = f"stopped with {stop}" if stop else "without a message from the model"
            why = f": {said[:_SAID_LIMIT]}" if said else ""
            return Transient(f"Pi ended {how}{why}", reason="no_terminal_event")


def _fault(told: str, raw: str, now: datetime) -> AgentError:
    """From the narrowest on. `raw` is why the model stopped, in the provider's own word."""
    status, words, said = _status_of(told), " ".join((raw, *_words_in(told))), told[:_SAID_LIMIT]
    if status == 429 or (status is None and _RATE.search(words)):
        quota = _QUOTA.search(words)
        return Busy(
            "Pi", resumes_at(told, now), why=said, reason="quota" if quota else "rate_limit"
        )
    if _OVERFLOW.search(words) and (status is None or status < 500):
        return ContextOverflow(said)
    if status == 529 or _OVERLOADED.search(words):
        return Busy("Pi", resumes_at(told, now), why=said, reason="overloaded")
    if _QUOTA.search(words):
        return Busy("Pi", resumes_at(told, now), why=said, reason="quota")
    if status in (401, 403) or (status in (None, 400) and _SIGNED_OUT.search(words)):
        return NotSignedIn(said, hint=SIGN_IN)
    if status is None:
        return _without_status(said, words, raw)
    if status >= 500 or status in (408, 409, 425):
        return Transient(said, reason="server_error" if status >= 500 else "timeout")
    return Permanent(said, reason=_refusal(status, words))


def _refusal(status: int, words: str) -> str:
    if status == 402 or _UNPAID.search(words):
        return "billing"
    if _NO_MODEL.search(words):
        return "model_not_found"
    if _REFUSED.search(words):
        return "refused"
    return "too_large" if status == 413 else "bad_request"


def _without_status(said: str, words: str, raw: str) -> AgentError:
    """What came within a stream, or never came to a server."""
    if raw == "refusal" or _REFUSED.search(words):
        return Permanent(said, reason="refused")
    if _UNPAID.search(words):
        return Permanent(said, reason="billing")
    if "invalid_request" in words:
        return Permanent(said, reason="bad_request")
    for reason, pattern in (("timeout", _TIMEOUT), ("cut", _CUT), ("network", _NETWORK)):
        if pattern.search(words):
            return Transient(said, reason=reason)
    server = re.search(r"server.?error|internal|unavailable|api_error", words, re.IGNORECASE)
    return Transient(said, reason="server_error" if server else "unknown")


def _status_of(said: str) -> int | None:
    """The HTTP status that a message begins with, or that its body tells (Google)."""
    if found := _STATUS.match(said):
        return int(found["status"])
    codes = [each.get("code") for each in _errors_in(said)]
    return next((c for c in codes if isinstance(c, int) and 400 <= c < 600), None)


def _words_in(said: str) -> Iterator[str]:
    """The kinds and the message of an error's body; the whole text where it has none."""
    errors = list(_errors_in(said))
    for error in errors:
        for name in ("type", "code", "status", "message"):
            yield text_of(error.get(name))
    if not any(errors):
        yield said


def _errors_in(said: str) -> Iterator[dict[str, Any]]:
    body = object_in(said[start:]) if (start := said.find("{")) >= 0 else {}
    nested = body.get("error")
    if isinstance(nested, str):  # Google tells its body within a message
        nested = {"message": nested}
    inner = object_of(nested)
    yield from (each for each in (inner, body if not inner else {}) if each)
    if text_of(inner.get("message")).lstrip().startswith("{"):
        yield from _errors_in(text_of(inner.get("message")))
    yield from (object_of(each) for each in list_of(body.get("errors")))


def resumes_at(said: str, now: datetime) -> datetime | None:
    """When a limit ends, where the provider's words tell it; Pi itself does not."""
    told = [moment(error.get("resets_at"), now) for error in _errors_in(said)]
    return max((at for at in told if at is not None), default=None) or ends(said, now)


def without_run(stderr: str, ending: Ending, *, begun: bool, notice: str) -> AgentError:
    """No run came to its end. What Pi refuses to start with is told on stderr, in words."""
    if any(words in stderr for words in _UNKNOWN_SESSION) and not begun:
        return UnknownSession(complaint(stderr, _NOISE))
    if _OLD_NODE.search(stderr) and not begun:
        return TooOld("Pi was started with a Node version that is too old", NODE_HINT)
    said = complaint(stderr, _NOISE) or complaint(notice, _NOISE)
    if not begun and _SIGNED_OUT.search(said):
        return NotSignedIn(said, hint=SIGN_IN)
    told = bool(notice) or ending.rc != 0 or refuses(said)
    if begun or not said or was_killed(ending) or not told:
        return broken_off("Pi", ending, said)
    hint = f"a newer Pi may support it: `{INSTALL}`" if "Unknown option" in said else ""
    return Permanent(f"Pi refused to start: {said}", hint=hint, reason="not_started")
