"""How a request to Claude Code ended: an answer, or the error that says what happens next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harnesses._json import object_of
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

__all__ = ["UnknownSession", "verdict"]

_SIGN_IN = "run `claude` and sign in, or set ANTHROPIC_API_KEY"
_UNKNOWN_SESSION = ("No conversation found", "--resume requires a valid session ID")
_SAID_LIMIT = 2000


class UnknownSession(Permanent):
    """The program has no session of this id."""


def verdict(
    result: Mapping[str, Any] | None,
    fault: Mapping[str, Any],
    stderr: str,
    ending: Ending,
    *,
    resumes: bool,
) -> Answered:
    """The answer, or raises. `fault` is the last message that carried an error, or empty."""
    if result is None:
        raise _without_result(stderr, ending)
    said = str(result.get("result") or "; ".join(map(str, result.get("errors") or ())))
    reason = result.get("terminal_reason")
    if result.get("subtype") == "success" and not result.get("is_error"):
        # A command of the program itself, as /clear, ends without a reason and without an answer.
        if reason in ("completed", None):
            return Answered(said, data=result.get("structured_output"))
    elif resumes and _no_such_session(result, stderr):
        raise UnknownSession(f"Claude Code has no such session: {stderr[:_SAID_LIMIT]}")
    raise _fault(result, fault, said[:_SAID_LIMIT] or f"Claude Code ended with {reason}")


def _no_such_session(result: Mapping[str, Any], stderr: str) -> bool:
    """The one case that the program tells in words alone."""
    told = [*map(str, result.get("errors") or ()), stderr]
    return (
        result.get("subtype") == "error_during_execution"
        and result.get("terminal_reason") is None
        and any(words in text for text in told for words in _UNKNOWN_SESSION)
    )


def _without_result(stderr: str, ending: Ending) -> AgentError:
    """The attempt was not finished. What the program refuses to start with is told on stderr."""
    said = stderr[-_SAID_LIMIT:]
    if ending.rc == 1 and said:
        return Permanent(f"Claude Code refused the request: {said}")
    return Transient(
        f"Claude Code ended without a result ({ending})" + (f": {said}" if said else "")
    )


def _fault(result: Mapping[str, Any], fault: Mapping[str, Any], said: str) -> AgentError:
    def field(name: str) -> Any:
        return result.get(name) if result.get(name) is not None else fault.get(name)

    reason, kind, status = (
        result.get("terminal_reason"),
        fault.get("error"),
        field("api_error_status"),
    )
    cut = object_of(field("api_error_params")).get("cut")
    if reason == "prompt_too_long" or cut == "context_window":
        return ContextOverflow(said)
    if kind == "max_output_tokens" or reason == "structured_output_retry_exhausted":
        return BadOutput(said)
    if result.get("subtype") == "error_max_structured_output_retries":
        return BadOutput(said)
    if kind == "authentication_failed" or status in (401, 403):
        return NotSignedIn(said, hint=_SIGN_IN)
    if kind == "rate_limit" or status == 429:
        return Busy("Claude Code", why=said)
    if (
        kind == "overloaded"
        or status in (503, 529)
        or field("api_error_type") == "overloaded_error"
    ):
        return Busy("Claude Code", why=said)
    if _is_permanent(result, kind, status):
        return Permanent(said)
    return Transient(said)


def _is_permanent(result: Mapping[str, Any], kind: object, status: object) -> bool:
    kinds = ("billing_error", "model_not_found", "invalid_request")
    limits = ("max_turns", "budget_exhausted", "image_error")
    refused = isinstance(status, int) and 400 <= status < 500 and status not in (408, 409, 425)
    return (
        kind in kinds
        or refused
        or result.get("terminal_reason") in limits
        or result.get("stop_reason") == "refusal"
        or result.get("subtype") in ("error_max_turns", "error_max_budget_usd")
    )
