"""When a limit ends, as the words of a provider say it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["after", "ends"]

_AGAIN_IN = re.compile(
    r"(?:(?:try again|retry|reset)s?\s+(?:in|after))\s+"
    r"((?:\d{1,9}(?:\.\d{1,9})?\s?(?:ms|s|m|h|d)[a-z]*\s?)+)",
    re.IGNORECASE,
)
_AGAIN_AT = re.compile(
    r"try again at (?:(?P<date>\w{3} \d{1,2})\w\w, (?P<year>\d{4}) )?"
    r"(?P<time>\d{1,2}:\d\d)\s?(?P<half>[AP]M)",
    re.IGNORECASE,
)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s?(ms|s|m|h|d)", re.IGNORECASE)
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def after(words: str, now: datetime) -> datetime | None:
    """The end of a limit that is told as a span from now; None where none is.

    >>> from datetime import UTC
    >>> after("slow down: try again in 1m2.5s", datetime(2026, 1, 1, tzinfo=UTC)).isoformat()
    '2026-01-01T00:01:02.500000+00:00'
    """
    if (found := _AGAIN_IN.search(words)) is None:
        return None
    spans = _SPAN.findall(found[1])
    try:
        return now + timedelta(seconds=sum(float(n) * _UNITS_S[u.lower()] for n, u in spans))
    except OverflowError:
        return None


def ends(words: str, now: datetime) -> datetime | None:
    """The end of a limit, told as a span or as a time of the day here; None where none is."""
    try:
        return after(words, now) or _at(words, now)
    except (ValueError, OverflowError, OSError):
        return None


def _at(words: str, now: datetime) -> datetime | None:
    if (found := _AGAIN_AT.search(words)) is None:
        return None
    local = now.astimezone()
    day = f"{found['date']} {found['year']}" if found["date"] else f"{local:%b %d %Y}"
    told = datetime.strptime(f"{day} {found['time']} {found['half']}", "%b %d %Y %I:%M %p")
    at, minute = told.astimezone(), timedelta(minutes=1)
    if at <= local < at + minute:
        at += minute  # told to the minute, so it ends within this one
    elif at <= local and not found["date"]:
        at += timedelta(days=1)
    return at.astimezone(UTC)
