"""When a limit ends: in the words of the programs and providers, in fields, and in headers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from harnesses._times import ends, moment, retry_after

WRONG: tuple[object, ...] = (None, True, -5, 12, 10**400, float("inf"), "x", "", [], {})
NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)  # a Tuesday; 13:00 in Berlin, 07:00 in New York


@pytest.fixture(autouse=True)
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A time without a zone is that of this machine."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def utc(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "at"),
    [
        # Claude Code
        ("You've hit your session limit · resets 8:30pm (Asia/Tokyo)", "2026-12-02 11:30"),
        ("You've hit your limit · resets 5pm (Europe/Berlin)", "2026-12-01 16:00"),
        ("Your limit will reset at 1pm (Etc/GMT+5).", "2026-12-01 18:00"),
        ("Your limit will reset \n     at 3pm (America/Santiago).", "2026-12-01 18:00"),
        ("You've hit your weekly limit · resets Dec 3 at 9am", "2026-12-03 14:00"),
        ("resets Dec 3 at 9am (Europe/Berlin)", "2026-12-03 08:00"),
        ("Resets Jan 12, 10:59am (America/New_York)", "2027-01-12 15:59"),
        ("spend limit reached · resets Jan 1", "2027-01-01 05:00"),
        ("Limits will reset at 9:30\u202fAM. View your usage details.", "2026-12-01 14:30"),
        ("Weekly limit reached · resets 10am (Asia/Seoul) · /upgrade to Max", "2026-12-02 01:00"),
        ("Claude AI usage limit reached|1796500000", "2026-12-05 19:46:40"),
        ("Fast mode is busy right now · resets in 4m 5s", "2026-12-01 12:04:05"),
        # Codex
        ("hit your usage limit. Try again in 5 days 22 hours 11 minutes.", "2026-12-07 10:11"),
        ("or try again in 3 hours 2 minutes.", "2026-12-01 15:02"),
        ("or try again at Dec 5th, 2026 8:19 PM.", "2026-12-06 01:19"),
        ("or try again at Dec 20, 2026, 7:38 AM", "2026-12-20 12:38"),
        ("try again at 8:19 PM.", "2026-12-02 01:19"),
        ('{"type":"usage_limit_reached","resets_at":1796500000}', "2026-12-05 19:46:40"),
        ('{"error":{\\"resets_in_seconds\\":13872}}', "2026-12-01 15:51:12"),
        ("Rate limit reached. Please try again in 1m2.5s.", "2026-12-01 12:01:02.5"),
        # Pi
        ("Server requested 30s retry delay", "2026-12-01 12:00:30"),
        ("You have hit your limit. Try again in ~231 min.", "2026-12-01 15:51"),
        # Gemini CLI and Antigravity
        ("Access resets at 10:57 PM GMT-3.", "2026-12-02 01:57"),
        ("Usage limit reached. Access resets at 8:00 AM PST.", "2026-12-01 16:00"),
        ("Your quota will reset after 18h31m10s.", "2026-12-02 06:31:10"),
        ("Please retry in 34.074824224s.", "2026-12-01 12:00:34.074824"),
        ('RetryInfo","retryDelay":"34s"}', "2026-12-01 12:00:34"),
        # Others
        ("try again at 2026-12-03T09:00:00Z", "2026-12-03 09:00"),
        ("try again at 2026-12-03T09:00:00.250+02:00", "2026-12-03 07:00"),
        ("try again at 2026-12-03 09:00 UTC", "2026-12-03 09:00"),
        ("available again at 1796500000", "2026-12-05 19:46:40"),
        ("resets at 1796500000000", "2026-12-05 19:46:40"),
        ("You will regain access on 2026-12-03 at 09:00 UTC.", "2026-12-03 09:00"),
        ("resets in 3 days 5 hours", "2026-12-04 17:00"),
        ("resets in 3 days, 5 hours and 2 minutes", "2026-12-04 17:02"),
        ("try again in an hour", "2026-12-01 13:00"),
        ("try again in 2 weeks", "2026-12-15 12:00"),
        ("Please wait 604800 seconds between uploads", "2026-12-08 12:00"),
        ("try again tomorrow at 8:00 AM PST", "2026-12-02 16:00"),
        ("try again at 5pm tomorrow", "2026-12-02 22:00"),
        ("resets tomorrow", "2026-12-02 05:00"),
        ("resets Monday at 9:00 AM (Europe/Berlin)", "2026-12-07 08:00"),
        ("resets Tue 6am", "2026-12-08 11:00"),
        ("resets on Tuesday at 08:00", "2026-12-01 13:00"),
        ("resets at 9am UTC on Thursday", "2026-12-03 09:00"),
        ("resets Thu, 03 Dec 2026 09:00:00 GMT", "2026-12-03 09:00"),
        ("resets 3 December 2026 at 21:15 CET", "2026-12-03 20:15"),
        ("resets at 17:00 (Europe/Berlin)", "2026-12-01 16:00"),
        ("resets at 17:00+05:30", "2026-12-02 11:30"),
        ("resets at 17:00 UTC+2", "2026-12-01 15:00"),
        ("resets at 12 a.m. UTC", "2026-12-02 00:00"),
        ("resets at 12pm UTC", "2026-12-01 12:01"),
        ("resets at noon Asia/Kolkata", "2026-12-02 06:30"),
        ("resets at midnight (UTC)", "2026-12-02 00:00"),
        ("resets 5pm (your local time)", "2026-12-01 22:00"),
        ("resets 5pm ET", "2026-12-01 22:00"),
        ("Retry-After: 120", "2026-12-01 12:02"),
        ('"retry-after-ms": "1500"', "2026-12-01 12:00:01.5"),
        ("retry-after: Thu, 03 Dec 2026 09:00:00 GMT", "2026-12-03 09:00"),
    ],
)
def test_the_end_of_a_limit_is_read_from_words(words: str, at: str) -> None:
    assert ends(words, NOW) == utc(at)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "Please try again later.",
        "or wait for limits to reset (every 5h and every week.).",
        "it did not reset in time, at 7 of 12",
        "try again at 10 de jul. de 2026, 11:52",
        "resets 5pm (Mars/Olympus_Mons)",
        "resets 5pm QQT",
        "resets 5pm (../../etc/passwd)",
        "resets 17pm",
        "resets 25:00",
        "resets Feb 30 at 9am",
        "resets Dec 3, 2199 at 9am",
        "resets Nov 3, 2026 at 9am",
        "resets at 2026-11-03T09:00:00Z",
        "resets Dec 3, 99999 at 9am",
        "try again in 999999999999 weeks",
        "try again in 500 days",
        "resets at 9999999999999",
        "Retry-After: 99999999999",
        "resets_at: 12",
        "resets at " * 5000,
        "try again in " + "1 x " * 5000,
    ],
)
def test_what_tells_no_time_tells_an_absurd_one_or_a_past_one_is_unknown(words: str) -> None:
    begin = time.process_time()
    assert ends(words, NOW) is None
    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    ("now", "words", "at"),
    [
        # A time that has passed today is that of tomorrow, in the zone that is named.
        ("2026-12-01 15:59", "resets 5pm (Europe/Berlin)", "2026-12-01 16:00"),
        ("2026-12-01 16:00:30", "resets 5pm (Europe/Berlin)", "2026-12-01 16:01"),
        ("2026-12-01 16:01", "resets 5pm (Europe/Berlin)", "2026-12-02 16:00"),
        ("2026-12-01 23:30", "resets 1am (Europe/Berlin)", "2026-12-02 00:00"),
        # Clocks that are turned back say it twice, and those that are turned forward not at all.
        ("2026-10-25 00:10", "resets 2:30am (Europe/Berlin)", "2026-10-25 00:30"),
        ("2026-10-25 00:40", "resets 2:30am (Europe/Berlin)", "2026-10-25 01:30"),
        ("2027-03-28 00:10", "resets 2:30am (Europe/Berlin)", "2027-03-28 01:30"),
        ("2027-03-27 23:00", "resets 5am (Europe/Berlin)", "2027-03-28 03:00"),
        ("2026-11-01 04:00", "resets 1:30am", "2026-11-01 05:30"),
        ("2026-11-01 05:45", "resets 1:30am", "2026-11-01 06:30"),
        # A day without a year is the nearest one.
        ("2026-12-31 12:00", "resets Jan 2 at 9am UTC", "2027-01-02 09:00"),
        ("2027-01-01 12:00", "resets Dec 31 at 9am UTC", None),
        ("2028-02-20 12:00", "resets Feb 29 at 9am UTC", "2028-02-29 09:00"),
        ("2026-12-31 12:00", "resets Feb 29 at 9am UTC", None),
    ],
)
def test_a_time_is_the_next_one_that_its_words_may_mean(
    now: str, words: str, at: str | None
) -> None:
    begun = utc(now)
    assert begun is not None
    assert ends(words, begun) == utc(at)


@pytest.mark.parametrize(
    ("header", "at"),
    [
        ("120", "2026-12-01 12:02"),
        (" 1.5 ", "2026-12-01 12:00:01.5"),
        ("0", "2026-12-01 12:00"),
        ("Thu, 03 Dec 2026 09:00:00 GMT", "2026-12-03 09:00"),
        ("Thu, 03 Dec 2026 09:00:00 -0000", "2026-12-03 09:00"),
        ("Thursday, 03-Dec-26 09:00:00 GMT", "2026-12-03 09:00"),
        ("Mon, 30 Nov 2026 09:00:00 GMT", None),
        *((bad, None) for bad in ("", "-1", "nan", "inf", "1e300", "9" * 30, "soon")),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(header: str, at: str | None) -> None:
    assert retry_after(header, NOW) == utc(at)


@pytest.mark.parametrize(
    ("told", "at"),
    [
        (1796500000, "2026-12-05 19:46:40"),
        (1796500000.5, "2026-12-05 19:46:40"),
        (1796500000000, "2026-12-05 19:46:40"),
        ("1796500000", "2026-12-05 19:46:40"),
        ("2026-12-03T09:00:00Z", "2026-12-03 09:00"),
        *((wrong, None) for wrong in WRONG),
    ],
)
def test_a_field_is_seconds_milliseconds_or_a_date(told: object, at: str | None) -> None:
    assert moment(told, NOW) == utc(at)
