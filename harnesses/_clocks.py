"""A time as people write it: a clock, a day, a zone, in the orders that providers use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

__all__ = ["clock_time"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH = rf"(?:{'|'.join(_MONTHS)})[a-z]*\.?"
_WEEKDAY = rf"(?P<weekday>(?:{'|'.join(_DAYS)})(?:[a-z]*day)?|tues|wednes|thurs?)\b"
_NTH = r"(?:st|nd|rd|th)?\b"
_YEAR = r"(?:,? (?P<year{0}>\d{{4}})\b)?"
_DAY = (
    r"(?P<near>today|tonight|tomorrow)\b"
    rf"|(?:{_WEEKDAY},? ?)?(?:the )?(?:"
    r"(?P<iso>\d{4}-\d\d-\d\d)(?!\d)"
    rf"|(?P<month1>{_MONTH}) (?P<day1>\d{{1,2}}){_NTH}(?!:){_YEAR.format(1)}"
    rf"|(?P<day2>\d{{1,2}}){_NTH} (?:of )?(?P<month2>{_MONTH}){_YEAR.format(2)}"
    rf")|{_WEEKDAY.replace('weekday', 'weekday_alone')}"
)
_CLOCK = (
    r"(?:(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?(?::(?P<second>\d\d)(?:\.\d+)?)? ?"
    r"(?P<half>[ap])\.?m\b\.?"
    r"|(?P<hour24>\d{1,2}):(?P<minute24>\d\d)(?::(?P<second24>\d\d)(?:\.\d{1,9})?)?"
    r"(?P<zulu>z\b)?(?![:\d])"
    r"|(?P<named>noon|midnight)\b)"
)
_ZONE = (
    r" ?\((?P<zone>[^()\n]{1,60})\)"
    r"| ?(?P<offset>(?:UTC|GMT)? ?[+\u2212-]\d{1,2}(?::?[0-5]\d)?)(?![\d:-])"
    r"| (?P<place>[A-Z][A-Za-z_]+/[A-Za-z0-9_+/-]*\w)"
    r"| (?P<short>[A-Z]{2,5}|[Uu]tc|[Gg]mt)\b"
)
_BETWEEN = r"(?:,? ?(?:at|on|t)? ?)"
_DAY_FIRST = re.compile(rf"(?:{_DAY})(?:{_BETWEEN}{_CLOCK}|(?!,? ?\d))", re.IGNORECASE)
_CLOCK_FIRST = re.compile(_CLOCK, re.IGNORECASE)
_THEN_ZONE = re.compile(_ZONE)
_THEN_DAY = re.compile(rf",? (?:on )?(?:{_DAY})", re.IGNORECASE)
_LOCAL = ("local", "local time", "your time", "your local time")
_OFFSET = re.compile(r"(?:UTC|GMT)? ?([+\u2212-])(\d{1,2}):?(\d\d)?", re.IGNORECASE)
_PLACES = {
    "PT": "America/Los_Angeles",
    "MT": "America/Denver",
    "CT": "America/Chicago",
    "ET": "America/New_York",
}
_HOURS: dict[str, float] = {
    **{"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2},
    **{"EET": 2, "EEST": 3, "SAST": 2, "MSK": 3, "IST": 5.5, "SGT": 8, "HKT": 8, "AWST": 8},
    **{"JST": 9, "KST": 9, "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12},
    **{"NZDT": 13, "BRT": -3, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5},
    **{"MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10},
}
"""Abbreviations as the providers of these programs use them: CST is that of America."""
_MINUTE, _ONE_DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class _Written:
    """What was written of a time; what was not is None."""

    clock: time | None
    to_the_minute: bool
    day: dict[str, str | None] | None
    zone: tzinfo | None


def clock_time(text: str, now: datetime) -> datetime | None:
    """The time that `text` begins with, in UTC; None if it does not, or if its zone is unknown.

    A time without a zone is that of this machine. One without a day is the next such time. A day
    without a year is the nearest one. Raises `ValueError` if there is no such day or hour.
    """
    written = _read(text)
    if written is None:
        return None
    local = now.astimezone(written.zone)
    days = _days_of(written.day, local.date())
    found = [at for day in days for at in _at(day, written, now)]
    ahead = [at for at in found if at > now]
    return min(ahead, default=None) if len(days) > 1 else next(iter(ahead or found), None)


def _read(text: str) -> _Written | None:
    day: dict[str, str | None] | None = None
    if found := _CLOCK_FIRST.match(text):
        clock, end = found.groupdict(), found.end()
    elif found := _DAY_FIRST.match(text):
        clock = day = found.groupdict()
        end = found.end()
    else:
        return None
    told: tzinfo | None = UTC if clock.get("zulu") else None
    if zone := _THEN_ZONE.match(text, end):
        end = zone.end()
        known, told = _zone_of({name: each for name, each in zone.groupdict().items() if each})
        if not known:
            return None
    if day is None and (after := _THEN_DAY.match(text, end)):
        day = after.groupdict()
    to_the_minute = not (clock.get("second") or clock.get("second24"))
    return _Written(clock=_clock_of(clock), to_the_minute=to_the_minute, day=day, zone=told)


def _clock_of(found: dict[str, str | None]) -> time | None:
    if half := found["half"]:
        hour = int(found["hour"] or 0)
        if not 1 <= hour <= 12:
            raise ValueError(f"there is no {hour} o'clock {half}m")
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
        return time(hour, int(found["minute"] or 0), int(found["second"] or 0))
    if found["hour24"]:
        hour = int(found["hour24"]) % 24 if found["hour24"] == "24" else int(found["hour24"])
        return time(hour, int(found["minute24"] or 0), int(found["second24"] or 0))
    if named := found["named"]:
        return time(12 if named.lower() == "noon" else 0)
    return None


def _zone_of(found: dict[str, str]) -> tuple[bool, tzinfo | None]:
    """Whether the zone is known, and the zone; None for that of this machine."""
    ((kind, name),) = found.items()
    name = name.strip()
    if kind == "zone" and name.lower() in _LOCAL:
        return True, None
    if (offset := _OFFSET.fullmatch(name)) and kind in ("zone", "offset"):
        span = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return True, timezone(span if offset[1] == "+" else -span)
    if (hours := _HOURS.get(name.upper())) is not None:
        return True, timezone(timedelta(hours=hours))
    if " " in name and not name.lower().endswith("time"):
        return True, None  # a remark, as in `5pm (Pro plan)`
    try:
        return True, ZoneInfo(_PLACES.get(name, name))
    except (ValueError, OSError, LookupError):
        return False, None


def _days_of(day: dict[str, str | None] | None, today: date) -> list[date]:
    """The days that may be meant. Without one, today or the next; without a year, any near year."""
    if day is None:
        return [today, today + _ONE_DAY]
    if near := day["near"]:
        return [today + _ONE_DAY] if near.lower() == "tomorrow" else [today]
    if iso := day["iso"]:
        return [date.fromisoformat(iso)]
    if month := day["month1"] or day["month2"]:
        at = _MONTHS.index(month[:3].lower()) + 1
        number = int(day["day1"] or day["day2"] or 0)
        if year := day["year1"] or day["year2"]:
            return [date(int(year), at, number)]
        return [_nearest(at, number, today)]
    weekday = day["weekday_alone"] or day["weekday"] or ""
    first = today + _ONE_DAY * ((_DAYS.index(weekday[:3].lower()) - today.weekday()) % 7)
    return [first, first + 7 * _ONE_DAY]


def _nearest(month: int, day: int, today: date) -> date:
    found: list[date] = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            found.append(date(year, month, day))
        except ValueError:  # the 29th of February
            continue
    if not found:
        raise ValueError(f"there is no day {day} in month {month}")
    return min(found, key=lambda each: abs(each - today))


def _at(day: date, written: _Written, now: datetime) -> list[datetime]:
    """The moments of that time on a day: two where clocks are turned back, and where they skip it
    the one as if they did not. What is told to the minute ends within it, so one that has begun is
    waited out.
    """
    wall = datetime.combine(day, written.clock or time(0))
    placed = [_placed(wall.replace(fold=fold), written.zone) for fold in (0, 1)]
    there = [at for at in placed if at.astimezone(written.zone).replace(tzinfo=None) == wall]
    begins = sorted(set(there)) or placed[:1]
    if written.clock is None or not written.to_the_minute:
        return begins
    return [at + _MINUTE if at <= now < at + _MINUTE else at for at in begins]


def _placed(wall: datetime, zone: tzinfo | None) -> datetime:
    there = wall.astimezone() if zone is None else wall.replace(tzinfo=zone)
    return there.astimezone(UTC)
