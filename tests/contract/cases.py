"""Every way in which a request can go, and what all adapters make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smithers.errors import (
    AgentError,
    BadOutput,
    Busy,
    ContextOverflow,
    NotSignedIn,
    Permanent,
    Stalled,
    Transient,
)

__all__ = ["ANSWERED", "CASES", "FAILURES", "FURTHER", "NUMBER", "Failure"]

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@dataclass(frozen=True)
class Failure:
    """How a request ends that gave no answer. `told` is whether it says when a limit ends."""

    error: type[AgentError]
    reason: str
    told: bool | None = None


ANSWERED: Mapping[str, tuple[str, ...]] = {
    "success": ("text",),
    "tools": ("tool-ok",),
    "structured output": ("structured-ok",),
    "repair": ("structured-wrong",),
    "session resumed": ("resume",),
    "unknown session": ("resume-unknown",),
    "session forked": ("fork",),
    "fork of an unknown session": ("fork-unknown",),
    "session steered": ("steered-in-tool",),
}
"""The cases that end with an answer, each with the names of the sessions that show it."""

FAILURES: dict[str, tuple[Failure, tuple[str, ...]]] = {
    "auth": (Failure(NotSignedIn, "not_signed_in"), ("401", "403", "bad-key", "no-key")),
    "rate limit": (Failure(Busy, "rate_limit", told=False), ("429",)),
    "rate limit with a time": (
        Failure(Busy, "rate_limit", told=True),
        ("429-with-a-time", "rate-limit-in-stream"),
    ),
    "quota": (Failure(Busy, "quota"), ("quota", "usage-limit", "usage-limit-in-words")),
    "overload": (
        Failure(Busy, "overloaded"),
        ("529-overloaded", "503-overloaded", "overloaded-in-stream"),
    ),
    "server error": (Failure(Transient, "server_error"), ("500", "503")),
    "context overflow": (
        Failure(ContextOverflow, "context_window"),
        ("context-overflow", "413"),
    ),
    "refusal": (
        Failure(Permanent, "refused"),
        ("refusal", "content-filter", "cyber-policy", "recitation"),
    ),
    "bad model": (Failure(Permanent, "model_not_found"), ("no-such-model",)),
    "answer cut off": (Failure(BadOutput, "truncated"), ("output-limit", "loop")),
    "cut stream": (Failure(Transient, "cut"), ("cut", "error-in-stream")),
    "silence": (Failure(Stalled, "silence"), ("hang-in-stream", "hang-before-headers")),
    "exit without a terminal event": (
        Failure(Transient, "no_terminal_event"),
        ("sigkill-in-tool", "killed-in-tool", "sigkill-in-first-call"),
    ),
    "program too old": (Failure(Permanent, "not_started"), ("bad-flag", "bad-config")),
}
"""The cases that end with an error, each with the names of the sessions that show it."""

FURTHER: dict[str, tuple[Failure, tuple[str, ...]]] = {
    "no credit": (Failure(Permanent, "billing"), ("no-credit",)),
    "deadline of the server": (Failure(Transient, "timeout"), ("504",)),
    "bad request": (Failure(Permanent, "bad_request"), ("400",)),
    "no answer at all": (Failure(BadOutput, "empty"), ("empty",)),
    "cut before the first word": (Failure(Transient, "network"), ("cut-before",)),
    "stream without its end": (Failure(Transient, "cut"), ("eof",)),
    "nobody there": (Failure(Transient, "network"), ("connection-refused",)),
    "too many turns": (Failure(Permanent, "max_turns"), ("max-turns",)),
}
"""Further ones, for the adapters that can have them."""

CASES = (*ANSWERED, *FAILURES)
"""What every adapter shows, or says why it cannot."""
