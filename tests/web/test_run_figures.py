"""The figures of the page of a run, what in it needs a person, and the marks of its slider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from smithers.changes import Key
from smithers.views import Reason, Tick
from smithers.web.pages._attention import attention_of
from smithers.web.pages._facts import Amount, Mark, Times, marks_of, times_of

_HOUR = timedelta(hours=1)


def test_work_is_a_sum_and_a_wait_is_what_nobody_worked() -> None:
    start = datetime(2026, 1, 2, tzinfo=UTC)

    def at(seconds: int) -> datetime:
        return start + timedelta(seconds=seconds)

    def attempt(begin: int, end: int | None, origin: str | None = None) -> Any:
        ended = None if end is None else at(end)
        return SimpleNamespace(started_at=at(begin), ended_at=ended, origin=origin)

    def task(kind: str, *attempts: Any, came_up: int = 0, settled: int | None = None) -> Any:
        line = SimpleNamespace(kind=kind)
        then = None if settled is None else at(settled)
        return SimpleNamespace(line=line, attempts=attempts, came_up=at(came_up), settled=then)

    found: Any = SimpleNamespace(
        run=SimpleNamespace(created_at=start),
        waits=[SimpleNamespace(kind="approval", since=at(38))],
        tasks=[
            task("task", attempt(0, 10), attempt(30, 37)),
            task("task", attempt(2, 4), attempt(5, 12), attempt(-90, 50, "source")),
            task("approval", came_up=11, settled=20),
        ],
    )
    assert times_of(found, at(40)) == Times(
        worked_s=26, at_once=2, waited_s=21, for_people_s=8 + 2
    )  # it waited from 12 to 30 and from 37 on, and a person was asked from 12 to 20 and from 38 on
    found = SimpleNamespace(run=SimpleNamespace(created_at=start), waits=[], tasks=[])
    assert times_of(found, start) == Times(worked_s=0, at_once=0, waited_s=0, for_people_s=0)


def test_what_a_person_can_end_is_shown_first_and_a_silent_agent_is_seen() -> None:
    now = datetime(2026, 1, 2, 12, tzinfo=UTC)
    limits = [SimpleNamespace(agent="claude-code", until=now + timedelta(hours=1))]

    def wait(name: str, kind: str, **given: Any) -> Any:
        usual = {"due": None, "allowed_by": (), "on": (), "cooling": (), "asked": None}
        return SimpleNamespace(key=Key(name), kind=kind, since=now, **{**usual, **given})

    run = SimpleNamespace(run_id="r1", status="running", exhausted=[Key("until-green")])
    held = [wait("review", "cooldown", cooling=limits), wait("ship", "approval", asked="Ship?")]
    found: Any = SimpleNamespace(run=run, waits=held, tasks=[])
    reasons = [
        Reason(key=Key("fix"), sentence="fix has been running", kind="running"),
        Reason(key=Key("review"), sentence="review is waiting", kind="cooldown", command="resume"),
        Reason(key=Key("ship"), sentence="ship", kind="approval", asked="Ship?", command="approve"),
        Reason(key=Key("two"), sentence="two is waiting for a slot", kind="pool", command="go"),
    ]
    why: Any = SimpleNamespace(status="running", reasons=reasons)
    silent = {Key("fix"): now - timedelta(minutes=3), Key("plan"): now - _HOUR}
    told = attention_of(found, why, silent, placed=(), offered=["resume"])
    assert [(one.tone, one.name, one.words) for one in told.chips] == [
        ("ask", "ship", "waits for you"),
        ("stall", "fix", "is silent"),
        ("stall", "plan", "is silent"),
        ("wait", "claude-code", "is over its limit until"),
        ("wait", "two", "is waiting for a slot"),
        ("wait", "until-green", "ended at its limit, before its condition was true"),
    ]
    assert [one.since for one in told.chips[:3]] == [now, *silent.values()]
    assert told.chips[3].until == limits[0].until
    assert told.commands == ("go",)  # a question has a page


def test_a_budget_that_is_nearly_spent_is_seen() -> None:
    assert [Amount(one, 100, one, one >= 100).tone for one in (79, 80, 100)] == [
        "use",
        "ask",
        "bad",
    ]


def test_a_failure_hides_other_marks_of_its_place() -> None:
    ticks = [Tick(0, "person"), Tick(500, "failed"), Tick(501, "person"), Tick(1_000, "person")]
    assert marks_of(ticks, 1_000) == [(0.0, "person"), (50.0, "failed"), (100.0, "person")]
    assert marks_of([Tick(0, "failed")], 0) == [(0.0, "failed")]
    assert marks_of([Tick(1, "failed")], 2) == [Mark(0, ""), Mark(50, "failed"), Mark(100, "")]
    assert marks_of([Tick(1, "failed")], 2) == [Mark(0, ""), Mark(50, "failed"), Mark(100, "")]
