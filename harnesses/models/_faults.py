"""How a request failed: the error that says what happens next.

A vendor's adapter says what it was told: a status, the vendor's own words for the kind, a text, and
headers. The kind decides where there is one, then the status; the text is read for one case alone,
a request that does not fit the window, which two vendors tell in no other way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harnesses._json import object_of
from harnesses._times import moment, retry_after, span
from harnesses.scrubbing import KEY_SHAPES
from smithers.errors import (
    AgentError,
    Busy,
    ContextOverflow,
    NotSignedIn,
    Permanent,
    Transient,
)

__all__ = ["Refusal", "Refused", "api_error", "cleaned", "fault"]

_SAID_LIMIT = 2000
_KEY_HEAD = 8
"""So much of a key stands in some vendors' messages; the rest of it as stars."""

_BUSY = {
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "resource_exhausted": "rate_limit",
    "slow_down": "rate_limit",
    "insufficient_quota": "quota",
    "overloaded_error": "overloaded",
    "server_is_overloaded": "overloaded",
    "unavailable": "overloaded",
}
_SIGN_IN = {
    *("authentication_error", "permission_error", "invalid_api_key", "unauthenticated"),
    *("permission_denied", "api_key_invalid"),
}
_OVERFLOW = {"context_length_exceeded", "request_too_large"}
_PERMANENT = {
    "invalid_request_error": "bad_request",
    "invalid_argument": "bad_request",
    "invalid_prompt": "bad_request",
    "failed_precondition": "bad_request",
    "billing_error": "billing",
    "model_not_found": "model_not_found",
    "not_found_error": "model_not_found",
    "not_found": "model_not_found",
    "content_filter": "refused",
    "content_policy_violation": "refused",
}
"""A vendor's words, with ours for the same."""
_STATUSES = {402: "billing", 404: "model_not_found"}
_OVERFLOWS = re.compile(
    r"prompt is too long|input token count .*exceeds|maximum context length|context window",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What a vendor told. `kinds` are its words for what it is; `wait` is a time such as "1.5s"."""

    said: str
    status: int | None = None
    kinds: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    wait: str = ""


class Refused(Exception):
    """A refusal inside of a stream, which is no exception of the vendor's package."""

    def __init__(self, told: Refusal) -> None:
        super().__init__(told.said)
        self.told = told


def api_error(error: Exception, package: str) -> Refusal | None:
    """What an error of `anthropic` or `openai` tells: one generator made both packages."""
    if type(error).__module__.partition(".")[0] != package:
        return None
    response: Any = getattr(error, "response", None)
    body = object_of(getattr(error, "body", None))
    inner = object_of(body.get("error")) or body
    kinds = (inner.get("type"), inner.get("code"), getattr(error, "code", None))
    return Refusal(
        said=str(inner.get("message") or error),
        status=getattr(error, "status_code", None),
        kinds=tuple(str(kind) for kind in kinds if kind),
        headers=dict(response.headers) if response is not None else {},
    )


def fault(told: Refusal, vendor: str, sign_in: str, now: datetime) -> AgentError:
    """The error for a refusal. An error inside of a stream that began well has no status."""
    kinds = [kind.lower() for kind in told.kinds]
    status = told.status if told.status and told.status >= 400 else None
    said = f"{vendor}: {told.said}" if status is None else f"{vendor} ({status}): {told.said}"
    fits_not = status in (None, 400, 413) and _OVERFLOWS.search(told.said)
    if _OVERFLOW & {*kinds} or fits_not or status == 413:
        return ContextOverflow(said)
    if (reason := _first(_BUSY, kinds)) or status in (429, 503, 529):
        reason = reason or ("rate_limit" if status == 429 else "overloaded")
        return Busy(vendor, resumes_at(told, now), why=told.said, reason=reason)
    if _SIGN_IN & {*kinds} or status in (401, 403):
        return NotSignedIn(said, hint=sign_in)
    reason = _first(_PERMANENT, kinds) or _STATUSES.get(status or 0, "")
    if status is not None and status < 500 and status not in (408, 409, 425):
        return Permanent(said, reason=reason or "bad_request")
    if status is None and reason:
        return Permanent(said, reason=reason)
    return Transient(said, reason="network" if status is None and not kinds else "server_error")


def _first(words: Mapping[str, str], kinds: Iterable[str]) -> str:
    """Our word for the last of the kinds that has one: vendors tell the general one first."""
    return next((words[kind] for kind in reversed([*kinds]) if kind in words), "")


def resumes_at(told: Refusal, now: datetime) -> datetime | None:
    """When the vendor has room again, as it told; the header of a limit counts once it is spent."""
    headers = {name.lower(): value for name, value in told.headers.items()}
    times = (
        [span(f"{headers['retry-after-ms'].strip()}ms", now)] if "retry-after-ms" in headers else []
    )
    times += [retry_after(headers["retry-after"], now)] if "retry-after" in headers else []
    times += [span(told.wait, now)] if told.wait else []
    if found := [time for time in times if time is not None]:
        return found[0]
    resets = (headers.get(name, "") for name in _spent(headers))
    ends = [at for text in resets if (at := span(text, now) or moment(text, now)) is not None]
    return max(ends, default=None)


def _spent(headers: Mapping[str, str]) -> Iterable[str]:
    """Names of the headers that say when a spent limit is whole again."""
    for name, value in headers.items():
        if value.strip() == "0" and "-remaining" in name:
            yield name.replace("-remaining", "-reset")  # x-ratelimit-remaining-requests, and
            # anthropic-ratelimit-requests-remaining: the word stands where it stood


def cleaned(text: str, keys: Iterable[str]) -> str:
    """The text without keys: whole, by their first letters, and by the shape that keys have."""
    for key in keys:
        if len(key) >= _KEY_HEAD:
            text = re.sub(re.escape(key[:_KEY_HEAD]) + r"[\w*.…~+/=-]*", "<SECRET>", text)
    return KEY_SHAPES.sub("<SECRET>", text)[:_SAID_LIMIT]
