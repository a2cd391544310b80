"""How a request to Gemini CLI ended badly: the error that says what happens next.

The program tells no class but for its own limits, so its words are read: mostly those of the
provider, with a status where the program did not take it away. Then the class that it wrote on
stderr says more, and so does the exit code, which is the status modulo 256.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from harnesses._json import object_in, object_of, text_of
from harnesses._streams import UnknownSession, broken_off, complaint, was_killed
from harnesses._times import ends
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

__all__ = ["SIGN_IN", "fault", "without_result"]

SIGN_IN = "set GEMINI_API_KEY, or name another variable: Gemini(api_key_env=…)"
_SAID_LIMIT = 2000
_STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 499, 500, 502, 503, 504, 529)
_BY_CODE = {status % 256: status for status in _STATUSES}
_FATAL = {
    "FatalTurnLimitedError": "max_turns",
    "FatalInputError": "not_started",
    "FatalConfigError": "not_started",
    "FatalUntrustedWorkspaceError": "not_started",
    "FatalSandboxError": "sandbox",
}
_TURNS, _TURNS_CODE = re.compile(r"Reached max session turns|FatalTurnLimitedError"), 53
_PASSING = (408, 409, 425, 499)
_OVERFLOW = re.compile(r"input token count.{0,80}exceeds|context (?:window|length)", re.I | re.S)
_SIGNED_OUT = re.compile(
    r"api[ _]key (?:not valid|not found|expired|is invalid)|must specify the \w+_API_KEY"
    r"|UNAUTHENTICATED|PERMISSION_DENIED|invalid authentication|auth method",
    re.IGNORECASE,
)
_QUOTA = re.compile(r"daily quota|current quota|TerminalQuotaError|quota limit reached", re.I)
_RATE = re.compile(r"RESOURCE_EXHAUSTED|has been exhausted|quota|rate.?limit|too many", re.I)
_OVERLOADED = re.compile(r"overloaded|\bUNAVAILABLE\b|high demand|at capacity", re.IGNORECASE)
_NO_MODEL = re.compile(r"models?/\S+ is not (?:found|supported)|ModelNotFoundError")
_NETWORK = re.compile(r"fetch failed|ECONN|ENOTFOUND|EAI_AGAIN|socket hang up|network", re.I)
_CUT = re.compile(r"terminated|without a finish reason|premature close|aborted", re.IGNORECASE)
_TRUNCATED = re.compile(r"was truncated because|MAX_TOKENS", re.IGNORECASE)
_BLOCKED = re.compile(r"response was blocked|PROHIBITED_CONTENT|SAFETY\b", re.IGNORECASE)
_EMPTY = re.compile(r"returned an empty response|but no final response text", re.IGNORECASE)
_WAIT = re.compile(r"\nPlease wait and try again later\. To increase.*", re.DOTALL)
_CLASS = re.compile(r"\b(\w+(?:Error)): ")
_UNKNOWN_SESSION = ("Error resuming session", "No previous sessions found", "Invalid session")
_NOISE = re.compile(
    r"^(?:Warning:|\(node:|\(Use `node|Ripgrep is not|YOLO mode|Approval mode overridden"
    r"|Project hooks disabled|MCP issues|Loaded cached|Attempt \d+ failed|Hook registry"
    r"|Data collection|\[(?:WARNING|INFO|DEBUG)\])|^\s+at |deprecat",
    re.IGNORECASE,
)
_TALKING = re.compile(r"^Error when talking to Gemini API.*?\.json (.*)", re.MULTILINE | re.DOTALL)


def fault(error: Mapping[str, Any], notice: str, stderr: str, ending: Ending) -> AgentError:
    """By the error of a failed run; `notice` is the last error that was told while it went on."""
    kind = text_of(error.get("type"))
    said = _WAIT.sub("", text_of(error.get("message")) or notice) or "Gemini CLI gave no reason"
    said = said[:_SAID_LIMIT]
    if kind in _FATAL:
        return Permanent(said, reason=_FATAL[kind])
    if kind == "FatalAuthenticationError":
        return NotSignedIn(said, hint=SIGN_IN)
    if kind == "FatalCancellationError":
        return Transient(f"Gemini CLI was interrupted: {said}", reason="interrupted")
    classes = _classes(stderr)
    return (
        _of_the_answer(said)
        or _of_the_request(f"{said} {classes}", said, _status(error, said, ending))
        or _passing(said, _status(error, said, ending))
    )


def _status(error: Mapping[str, Any], said: str, ending: Ending) -> int:
    """The HTTP status: as the error has it, else in the body that its words hold, else by code."""
    body = object_of(object_in(said[said.find("{") :].rstrip().removesuffix("]")).get("error"))
    for told in (error.get("code"), body.get("code")):
        if isinstance(told, int) and 400 <= told < 600:
            return told
    return _BY_CODE.get(ending.rc or 0, 0)


def _classes(stderr: str) -> str:
    """The names of errors on stderr: what the program itself made of the provider's words."""
    return " ".join(_CLASS.findall(stderr)[-3:])


def _of_the_answer(said: str) -> AgentError | None:
    """The model answered, and there is nothing in it."""
    if _TRUNCATED.search(said):
        return BadOutput(said, reason="truncated")
    if _BLOCKED.search(said):
        return Permanent(said, reason="refused")
    return BadOutput(said, reason="empty") if _EMPTY.search(said) else None


def _of_the_request(words: str, said: str, status: int) -> AgentError | None:
    """By status and words, from the narrowest on. Overload and quota share a class of errors."""
    if _OVERFLOW.search(words) and status in (0, 400, 413):
        return ContextOverflow(said)
    if status in (401, 403) or (status in (0, 400) and _SIGNED_OUT.search(words)):
        return NotSignedIn(said, hint=SIGN_IN)
    if status in (503, 529) or (not status and _OVERLOADED.search(words)):
        return Busy("Gemini", ends(said, datetime.now(UTC)), why=said, reason="overloaded")
    if status == 429 or (not status and _RATE.search(words)):
        kind = "quota" if _QUOTA.search(words) else "rate_limit"
        return Busy("Gemini", ends(said, datetime.now(UTC)), why=said, reason=kind)
    if status == 404 or _NO_MODEL.search(words):
        return Permanent(said, reason="model_not_found")
    if 400 <= status < 500 and status not in _PASSING:
        return Permanent(said, reason={402: "billing", 413: "too_large"}.get(status, "bad_request"))
    return None


def _passing(said: str, status: int) -> Transient:
    """What the same request may not meet again."""
    if status == 504:
        kind = "timeout"
    elif status >= 500:
        kind = "server_error"
    elif _CUT.search(said):
        kind = "cut"
    elif _NETWORK.search(said):
        kind = "network"
    else:
        kind = "timeout" if "timed out" in said else "unknown"
    return Transient(said, reason=kind)


def without_result(stderr: str, ending: Ending, *, begun: bool) -> AgentError:
    """No terminal event came. What the program refuses to start with is told on stderr, and so is
    an error of which the tail of the stream was lost.
    """
    said = complaint(stderr, _NOISE)
    if was_killed(ending) or not said:
        return broken_off("Gemini CLI", ending)
    if error := _error_in(stderr):
        return fault(error, "", stderr, ending)
    if talking := _TALKING.search(stderr):
        message = talking[1].partition("\n    at ")[0]
        return fault({"message": message}, "", stderr, ending)
    if any(words in said for words in _UNKNOWN_SESSION):
        return UnknownSession(f"Gemini CLI does not have this session: {said}")
    if ending.rc == 41 or _SIGNED_OUT.search(said):
        return NotSignedIn(said, hint=SIGN_IN)
    if ending.rc == _TURNS_CODE or _TURNS.search(said):
        return Permanent(said.splitlines()[0], reason="max_turns")
    if ending.rc == 0 or begun:
        return broken_off("Gemini CLI", ending, said)
    first = next(line for line in stderr.splitlines() if line.strip() and not _NOISE.search(line))
    return Permanent(f"Gemini CLI refused to start: {first}", reason="not_started")


def _error_in(stderr: str) -> Mapping[str, Any]:
    """That of `--output-format json`, which is the last that is written there."""
    start = stderr.rfind('\n{\n  "session_id"')
    if start < 0:
        return {}
    try:
        return object_of(object_of(json.loads(stderr[start:])).get("error"))
    except (ValueError, RecursionError):
        return {}
