"""How a request to Antigravity ended badly: the error that says what happens next.

The last step that failed has the HTTP status, and the words of the provider; the exception that
ended the request repeats them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from harnesses._json import number_of, object_of, text_of
from harnesses._streams import UnknownSession, broken_off, complaint, was_killed
from harnesses._times import ends
from harnesses.recording import Ending
from smithers.errors import (
    AgentError,
    BadOutput,
    Busy,
    ContextOverflow,
    NotInstalled,
    NotSignedIn,
    Permanent,
    Transient,
)

__all__ = ["INSTALL", "NAME", "SIGN_IN", "fault", "stopped_at_a_limit", "without_final"]

NAME = "Antigravity"
INSTALL = "pip install 'smithers-orchestrator[antigravity]'"
SIGN_IN = "set GEMINI_API_KEY, or name another variable: Antigravity(api_key_env=…)"
_SAID_LIMIT, _READ_LIMIT = 2000, 20_000
_NETWORK_CODE = 2
_PASSING = (408, 409, 425, 499)
_STATUS = re.compile(r"\bError (\d{3}), Message: ")
_MESSAGE = re.compile(r"\bError \d{3}, Message: (.*?), Status: ", re.DOTALL)
_UNKNOWN_SESSION = re.compile(r"conversation .{0,200}not found in .*cannot resume", re.DOTALL)
_OVERFLOW = re.compile(r"input token count.{0,80}exceeds|context (?:window|length) ex", re.I | re.S)
_SIGNED_OUT = re.compile(
    r"api[ _]key (?:not valid|not found|expired|is invalid|is required)|no api key"
    r"|UNAUTHENTICATED|PERMISSION_DENIED|invalid authentication",
    re.IGNORECASE,
)
_QUOTA = re.compile(r"daily quota|current quota|quota limit reached|PerDay", re.IGNORECASE)
_RATE = re.compile(r"RESOURCE_EXHAUSTED|rate.?limit|too many requests", re.IGNORECASE)
_OVERLOADED = re.compile(r"\bUNAVAILABLE\b|overloaded|high demand", re.IGNORECASE)
_NETWORK = re.compile(
    r"network issue|connection (?:reset|refused)|no such host|dial tcp|i/o timeout"
    r"|unexpected EOF|TLS handshake",
    re.IGNORECASE,
)
_CUT = re.compile(r"\bread tcp\b|unexpected EOF|connection reset", re.IGNORECASE)
_BLOCKED = re.compile(r"blocked by content safety|content polic|PROHIBITED_CONTENT", re.IGNORECASE)
_TRUNCATED = re.compile(r"maximum (?:output )?token limit|max tokens limit", re.IGNORECASE)
_EMPTY = re.compile(r"cannot both be empty", re.IGNORECASE)
_NO_FIT = re.compile(r"do not match schema|invalid_signature", re.IGNORECASE)
_INVALID = re.compile(r"model output error|invalid tool call|InvalidOutput", re.IGNORECASE)
_NOISE = re.compile(r"^(?:WARNING|INFO|DEBUG):|^\s+at |Warning: ")
_REFUSED_BY_THE_SDK = ("ValidationError", "AntigravityValidationError", "ValueError", "TypeError")


def fault(final: Mapping[str, Any], failed: Mapping[str, Any], ending: Ending) -> AgentError:
    """By the last word of the child, and the last step that failed."""
    error = object_of(final.get("error"))
    kind, message = text_of(error.get("type")), text_of(error.get("message"))[:_READ_LIMIT]
    words = "\n".join(filter(None, (message, text_of(failed.get("error"))[:_READ_LIMIT])))
    if final.get("status") == "cancelled":
        return Transient(f"{NAME} was interrupted", reason="interrupted")
    if kind == "NotInstalled":
        return NotInstalled(NAME, INSTALL)
    if _UNKNOWN_SESSION.search(words):
        return UnknownSession(f"{NAME} does not have this session")
    said = _said(message or words)
    status = _status(failed, words)
    found = _of_the_output(words, said) if not status else None
    found = found or _of_the_request(words, said, status)
    if found is None and kind in _REFUSED_BY_THE_SDK and not failed:
        return Permanent(f"{NAME} refused to start: {said}", reason="not_started")
    return found or _passing(words, said, status)


def _said(words: str) -> str:
    """The words of the provider alone, where they can be told from those around them."""
    found = _MESSAGE.search(words)
    said = found[1] if found else words
    return said.strip()[:_SAID_LIMIT] or f"{NAME} gave no reason"


def _status(failed: Mapping[str, Any], words: str) -> int:
    """The HTTP status; 0 where there is none, and 2 for a network that broke."""
    if code := number_of(failed.get("http_code")):
        return code
    found = _STATUS.search(words)
    return int(found[1]) if found else 0


def _of_the_request(words: str, said: str, status: int) -> AgentError | None:
    """By status and words, from the narrowest on."""
    if _OVERFLOW.search(words) and status in (0, 400, 413):
        return ContextOverflow(said)
    if status in (401, 403) or (status in (0, 400) and _SIGNED_OUT.search(words)):
        return NotSignedIn(said, hint=SIGN_IN)
    if status in (503, 529) or (not status and _OVERLOADED.search(words)):
        return Busy(NAME, ends(said, datetime.now(UTC)), why=said, reason="overloaded")
    if status == 429 or (not status and _RATE.search(words)):
        kind = "quota" if _QUOTA.search(words) else "rate_limit"
        return Busy(NAME, ends(said, datetime.now(UTC)), why=said, reason=kind)
    if status == 404:
        return Permanent(said, reason="model_not_found")
    if 400 <= status < 500 and status not in _PASSING:
        return Permanent(said, reason={402: "billing", 413: "too_large"}.get(status, "bad_request"))
    return None


def _of_the_output(words: str, said: str) -> AgentError | None:
    """The model answered again and again with what cannot be used."""
    if _BLOCKED.search(words):
        return Permanent(said, reason="refused")
    if _TRUNCATED.search(words):
        return BadOutput(said, reason="truncated")
    if _EMPTY.search(words):
        return BadOutput(said, reason="empty")
    if _NO_FIT.search(words):
        return BadOutput(said, reason="structured_invalid")
    return BadOutput(said, reason="invalid") if _INVALID.search(words) else None


def _passing(words: str, said: str, status: int) -> Transient:
    """What the same request may not meet again."""
    if status == 504:
        kind = "timeout"
    elif status >= 500:
        kind = "server_error"
    elif _CUT.search(words):
        kind = "cut"
    elif status == _NETWORK_CODE or _NETWORK.search(words):
        kind = "network"
    else:
        kind = "unknown"
    return Transient(said, reason=kind)


def stopped_at_a_limit(stop: str) -> AgentError:
    """A turn that was stopped gives no error of its own, and no answer."""
    if stop == "QUOTA_EXHAUSTED":
        return Busy(NAME, why="the quota is exhausted", reason="quota")
    what = stop.lower().replace("_", " ")
    kind = "max_turns" if stop == "MAX_MODEL_CALLS_EXCEEDED" else "budget"
    return Permanent(f"{NAME} stopped: {what}", reason=kind)


def without_final(stderr: str, ending: Ending) -> AgentError:
    """The child did not come to its last word. What it could not begin with is on stderr."""
    said = complaint(stderr, _NOISE)
    if was_killed(ending) or not said:
        return broken_off(NAME, ending)
    if "No module named 'google" in said:
        return NotInstalled(NAME, INSTALL)
    if _UNKNOWN_SESSION.search(said):
        return UnknownSession(f"{NAME} does not have this session")
    last = said.splitlines()[-1]
    if _SIGNED_OUT.search(last):
        return NotSignedIn(last, hint=SIGN_IN)
    return broken_off(NAME, ending, last)
