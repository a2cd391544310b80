"""When a limit ends, as the words of a provider, a field of its answer or a header tell it.

A time that cannot be read, that has passed or whose zone is unknown is none: a wrong one would hold
work up, or spend tries before the limit ends. So is a span of more than a year, and a date of
another century.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from harnesses._clocks import clock_time
from harnesses._json import number_of

__all__ = ["ends", "moment", "retry_after", "span"]

_READ_LIMIT = 20_000
_FARTHEST = timedelta(days=366)
_FARTHEST_DATE = timedelta(days=366 * 100)
_MILLISECONDS_FROM = 100_000_000_000
"""Seconds that large are of the year 5138; as milliseconds they are of 1973."""
_UNIT = (
    r"(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)"
    r"(?![a-z])"
)
_NUMBER = r"(?:\d{1,12}(?:\.\d{1,12})?|\b(?:an?|one)\b)"
_PART = re.compile(rf"({_NUMBER}) ?({_UNIT})", re.IGNORECASE)
_SPAN = re.compile(
    rf"[~\u2248]?(?:about |approximately )?"
    rf"({_NUMBER} ?{_UNIT}(?:(?:,? and |, ?| )?{_NUMBER} ?{_UNIT})*)",
    re.IGNORECASE,
)
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_SUBJECT = r"(?: (?:requests?|again|your request|it|will be|is))*"
_SAYS_WHEN = re.compile(
    r"\b(?:resets?|renews?|refreshes|reopens|lifts|tr(?:y|ying) (?:it )?again|retry(?:ing)?"
    r"|available(?: again)?|regain access|server requested|wait|back)"
    rf"{_SUBJECT}(?P<how>(?: ?(?:(?:in|after|at|on|by|for|until|to)\b|:))*) ?",
    re.IGNORECASE,
)
_SPANS_FOLLOW = re.compile(r"\b(?:in|after|for)\b|wait|requested", re.IGNORECASE)
_EPOCH = re.compile(r"(\d{10}|\d{13})(?:\.\d+)?(?![\d.,:-])")
_REACHED = re.compile(r"\breached\s?\|\s?(\d{10}|\d{13})\b")
_GAP = r"""["'\\ ]*[:=]["'\\ ]*"""
_FIELD_AT = re.compile(
    rf"\b(?:resets?_?at|resume_?at|retry_?at|reset_?time){_GAP}"
    r"(?P<at>\d{10}(?:\d{3})?(?![\d-])|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))",
    re.IGNORECASE,
)
_FIELD_IN = re.compile(
    r"\b(?:resets?_?(?:in|after)|retry[-_]?(?:after|in|delay))(?P<unit>[-_]?(?:ms|milliseconds?|s|sec|seconds))?"
    rf"{_GAP}(?P<count>\d{{1,12}}(?:\.\d{{1,12}})?)(?P<own>ms|s\b)?(?![\w:-])",
    re.IGNORECASE,
)
_RETRY_AFTER = re.compile(
    rf"\bretry-after{_GAP}(?P<date>[a-z]{{3}}, [^\"\\]{{20,26}})", re.IGNORECASE
)


def ends(words: str, now: datetime) -> datetime | None:
    """The end of a limit in UTC; None where none is told.

    >>> now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    >>> ends("slow down: try again in 1m2.5s", now).isoformat()
    '2026-12-01T12:01:02.500000+00:00'
    >>> ends("You've hit your limit · resets Dec 3 at 9am (Europe/Berlin)", now).isoformat()
    '2026-12-03T08:00:00+00:00'
    """
    text = " ".join(words[:_READ_LIMIT].split())  # their clocks have a narrow space before PM
    if (told := _in_a_field(text, now)) is not None:
        return told
    for anchor in _SAYS_WHEN.finditer(text):
        if (at := _after(text, anchor, now)) is not None:
            return at
    return None


def _after(text: str, anchor: re.Match[str], now: datetime) -> datetime | None:
    """The time that stands behind words such as `resets at`."""
    rest = text[anchor.end() : anchor.end() + 200]
    if _SPANS_FOLLOW.search(anchor[0]) and (found := _SPAN.match(rest)):
        return span(found[1], now)
    if found := _EPOCH.match(rest):
        return moment(float(found[1]), now)
    try:
        return _near(clock_time(rest, now), now, _FARTHEST_DATE)
    except (ValueError, OverflowError, OSError):
        return None


def _in_a_field(text: str, now: datetime) -> datetime | None:
    """What a body that is repeated in the words tells; of several times the last one."""
    found = [moment(match["at"], now) for match in _FIELD_AT.finditer(text)]
    found += [moment(float(match[1]), now) for match in _REACHED.finditer(text)]
    if not (known := [at for at in found if at is not None]):
        for match in _FIELD_IN.finditer(text):
            unit = match["own"] or (match["unit"] or "s").lstrip("-_")
            known.extend(filter(None, [span(f"{match['count']}{unit}", now)]))
    if not known and (header := _RETRY_AFTER.search(text)):
        known.extend(filter(None, [retry_after(header["date"], now)]))
    return max(known, default=None)


def moment(told: object, now: datetime) -> datetime | None:
    """A time that a field tells: seconds or milliseconds since 1970, or a text of ISO 8601.

    One that has passed is none, and neither is one of another century.
    """
    try:
        if isinstance(told, str) and not told.isdecimal():
            at = datetime.fromisoformat(told)
            at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        else:
            count = number_of(int(told) if isinstance(told, str) else told)
            seconds = count / 1000 if count >= _MILLISECONDS_FROM else count
            at = datetime.fromtimestamp(seconds, UTC)
        return at if now < at <= now + _FARTHEST_DATE else None
    except (ValueError, OverflowError, OSError):
        return None


def span(told: str, now: datetime) -> datetime | None:
    """`now` and a time such as 20ms, 6m0s or `3 days 5 hours`; None if the text is something else.

    >>> [span(each, datetime(2026, 1, 1, tzinfo=UTC)) for each in ("", "soon", "9" * 12 + "w")]
    [None, None, None]
    """
    found = _SPAN.fullmatch(told.strip())
    if found is None:
        return None
    seconds = sum(_count(number) * _seconds_in(unit) for number, unit in _PART.findall(found[1]))
    return (
        _near(now + timedelta(seconds=seconds), now)
        if seconds < _FARTHEST.total_seconds()
        else None
    )


def _count(number: str) -> float:
    return float(number) if number[0].isdigit() else 1.0


def _seconds_in(unit: str) -> float:
    unit = unit.lower()
    if unit.startswith(("ms", "milli")):
        return _UNITS_S["ms"]
    return _UNITS_S[unit[0]]


def retry_after(header: str, now: datetime) -> datetime | None:
    """What the header `Retry-After` tells: seconds, or a date as HTTP writes it."""
    header = header.strip()
    try:
        seconds = float(header)
    except ValueError:
        pass
    else:
        good = math.isfinite(seconds) and 0 <= seconds < _FARTHEST.total_seconds()
        return now + timedelta(seconds=seconds) if good else None
    try:
        at = parsedate_to_datetime(header)
        return _near(at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC), now)
    except (ValueError, OverflowError, OSError):
        return None


def _near(at: datetime | None, now: datetime, farthest: timedelta = _FARTHEST) -> datetime | None:
    """A time that is neither over nor absurd."""
    return at if at is not None and now <= at <= now + farthest else None
