"""The list of runs: what is counted, filtered and measured in it."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from smithers import Approval, Context, Node, NoInput, Sequence, Step, workflow
from smithers.amounts import Amounts
from smithers.changes import Key
from smithers.hub import Hub, RunsQuery
from smithers.views import Activity, RunCost, RunLine
from smithers.web.pages._run_lines import line_of
from smithers.workflows import Workflow
from tests.inspector.flows import allows, migrate, release, triage
from tests.web.flows import asks_ann, ships


@workflow
def quick(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("build", lambda: "built", output=str))


@workflow
def gate(ctx: Context[NoInput]) -> Node:
    return Sequence(Approval("gate", ask="Open?"))


def _run(hub: Hub, flow: Workflow[Any, Any], run_id: str) -> None:
    asyncio.run(hub.run(flow, run_id=run_id))


def _tabs(page: str) -> dict[str, str]:
    """The figure of each tab, empty if it has none."""
    tabs = page[page.index('id="states"') :].partition("</nav>")[0]
    return dict(re.findall(r'>([A-Z][a-z ]+)<span class="c">([\d,]*)</span>', tabs))


def _row(page: str, run_id: str) -> str:
    """The cells of a run."""
    found = re.search(rf'href="/runs/{run_id}" data-row.*?role="row"', page + ' role="row"', re.S)
    assert found is not None
    return page[page.rindex('role="row"', 0, found.start()) : found.end()]


def _line(hub: Hub, run_id: str) -> RunLine:
    return next(one for one in hub.runs() if one.run_id == run_id)


def test_each_tab_says_how_many_runs_it_has(hub: Hub, browser: TestClient) -> None:
    for number in range(3):
        _run(hub, quick, f"q{number}")
    _run(hub, ships, "s1")
    counts = {"All": "4", "Running": "", "Waiting": "1", "Failed": "", "Finished": "3"}
    counts["Cancelled"] = ""
    assert _tabs(browser.get("/").text) == counts
    assert _tabs(browser.get("/?status=waiting").text) == counts  # also of the others
    assert _tabs(browser.get("/?workflow=ships").text)["All"] == "1"
    assert _tabs(browser.get("/?q=q1").text)["Finished"] == "1"
    assert "3 of 3" in browser.get("/?status=finished").text


def test_runs_whose_owner_is_gone_are_counted_apart(hub: Hub, browser: TestClient) -> None:
    _run(hub, quick, "q1")
    with closing(sqlite3.connect(hub.database)) as db, db:
        db.execute("UPDATE statuses SET status = 'running' WHERE status = 'finished'")
    tabs = _tabs(browser.get("/").text)
    assert (tabs["Owner gone"], tabs["Running"]) == ("1", "")
    assert hub.count_statuses(RunsQuery(statuses=("running",), limit=1))["stale"] == 1


def test_a_period_leaves_out_runs_that_were_started_before(hub: Hub, browser: TestClient) -> None:
    _run(hub, quick, "old")
    _run(hub, quick, "new")
    past = (datetime.now(UTC) - timedelta(days=8)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    with closing(sqlite3.connect(hub.database)) as db, db:
        db.execute("UPDATE runs SET created_at = ? WHERE run_id = 'old'", (past,))
    week, month = browser.get("/?period=week").text, browser.get("/?period=month").text
    assert ('href="/runs/old"' in week, 'href="/runs/old"' in month) == (False, True)
    assert 'href="/runs/new"' in week
    assert '<option value="week" selected>' in week
    assert "/?status=failed&amp;period=week" in week  # the other filters keep it
    assert _tabs(week)["All"] == "1"
    assert browser.get("/?period=").status_code == 200  # as the form sends it
    assert browser.get("/?period=year").status_code == 422


def test_what_is_not_found_says_by_which_filters(hub: Hub, browser: TestClient) -> None:
    _run(hub, quick, "q1")
    page = unescape(browser.get("/?q=none&status=failed&workflow=quick&period=day").text)
    assert (
        "No failed run of quick was started in the last 24 hours and has “none” in its id" in page
    )
    assert "1 run is hidden by search and filters" in page
    assert "No run without its owner is here" in browser.get("/?status=stale").text


def test_only_what_waits_for_a_person_is_amber(hub: Hub, browser: TestClient) -> None:
    _run(hub, release, "timed")
    _run(hub, ships, "asked")
    page = browser.get("/").text
    timed, asked = _row(page, "timed"), _row(page, "asked")
    assert ("t-wait" in timed, "t-ask" in timed) == (True, False)
    assert ("t-wait" in asked, "t-ask" in asked) == (False, True)
    assert "embargo: waiting until <time datetime=" in timed
    assert '<span class="st st-wait">' in page[: page.index('href="/runs/timed" data-row')]
    assert '"t-ask" x=' in browser.get("/runs/asked").text
    assert '"t-ask" x=' not in browser.get("/runs/timed").text


def test_the_cost_is_measured_by_the_budget(hub: Hub, browser: TestClient) -> None:
    _run(hub, release, "calm")
    _run(hub, triage, "near")
    _run(hub, migrate, "over")
    page = browser.get("/").text
    assert 'aria-label="$0.41 of $2.00"' in _row(page, "calm")
    assert 't-spent" width="20.5%"' in _row(page, "calm")
    assert 't-ask" width="82.8%"' in _row(page, "near")
    assert 't-bad" width="100.0%"' in _row(page, "over")
    assert "over budget" in page
    assert "the budget of the run is spent: $0.82 of $0.80" in _row(page, "over")
    _run(hub, quick, "none")
    assert "<title>" not in _row(browser.get("/").text, "none")


def test_the_meter_counts_what_the_budget_counts(hub: Hub) -> None:
    _run(hub, migrate, "over")
    hub.raise_budget("over", added=Amounts(usd=Decimal("0.45")), by="ann")
    asyncio.run(hub.resume("over", workflow=migrate))
    (budget,) = hub.cost("over").budgets
    found = hub.run_costs(["over"])["over"]
    assert (found.cap, found.charged) == (budget.caps.usd, budget.used.usd)
    assert (found.cap, found.charged) == (Decimal("1.25"), Decimal("1.64"))


def test_a_cost_of_which_a_part_is_not_known_has_a_plus(hub: Hub, browser: TestClient) -> None:
    _run(hub, release, "part")
    _run(hub, triage, "whole")
    page = browser.get("/").text
    assert ">$0.41+</span>" in _row(page, "part")
    assert ">$0.41</span>" in _row(page, "whole")
    assert "$0.82+ today" in page
    assert hub.run_costs(["part"])["part"].untold == hub.cost("part").total.untold == 1


def test_a_fork_has_not_paid_what_its_source_has(hub: Hub, browser: TestClient) -> None:
    _run(hub, triage, "source")
    hub.fork("source", new_id="copy", by="ann")
    assert hub.cost("copy").inherited.cost == hub.cost("source").total.cost == Decimal("0.414")
    assert _line(hub, "copy").usage.cost is None
    assert _line(hub, "source").usage.cost == Decimal("0.414")
    assert "$0.41 today" in browser.get("/").text


def test_an_agent_that_writes_nothing_is_stalled(hub: Hub) -> None:
    _run(hub, gate, "r1")
    now = datetime.now(UTC)
    run = replace(_line(hub, "r1"), status="running", waiting_for=())
    heard = Activity(
        key=Key("review"),
        attempt=1,
        agent="claude",
        since=now - timedelta(hours=1),
        tool="Read: a.py",
        words="",
        heard_at=now - timedelta(seconds=20),
    )
    found = line_of(run, now, doing=[heard])
    assert (found.mark.word, found.now.text) == ("running", "review: Read: a.py")
    silent = replace(heard, heard_at=now - timedelta(seconds=250))
    found = line_of(run, now, doing=[heard, silent])
    assert (found.mark.word, found.needs_look) == ("stalled", True)
    assert found.now.text == "review: silent for 4m"
    no_stream = replace(heard, heard_at=None)  # as of a step
    assert line_of(run, now, doing=[no_stream]).mark.word == "running"


def test_a_run_at_work_says_what_runs_and_what_is_pending(hub: Hub) -> None:
    _run(hub, release, "r1")
    line = _line(hub, "r1")
    counts = replace(line.counts, tasks={**line.counts.tasks, "waiting": 0, "pending": 9})
    run = replace(line, status="running", waiting_for=(), counts=counts, running=2)
    found = line_of(run, datetime.now(UTC), cost=RunCost())
    assert found.now.text == "2 running, 7 pending"
    assert {one.tone for one in found.parts} == {"ok", "run"}


@pytest.mark.parametrize(("most", "shows"), [(2, True), (1, False)])
def test_questions_are_read_once_and_what_follows_each_if_they_are_few(
    hub: Hub, browser: TestClient, monkeypatch: pytest.MonkeyPatch, most: int, shows: bool
) -> None:
    for run_id in ("r1", "r2"):
        _run(hub, ships, run_id)
    reads: list[object] = []
    list_asks = Hub.list_asks

    def counted(self: Hub, *given: Any, **options: Any) -> Any:
        reads.append(given)
        return list_asks(self, *given, **options)

    monkeypatch.setattr(Hub, "list_asks", counted)
    monkeypatch.setattr("smithers.web.pages._runs._MOST_AHEAD", most)
    assert ('<p class="lets"></p>' not in browser.get("/").text) is shows
    assert len(reads) == 1


def test_a_question_says_who_may_answer(hub: Hub, browser: TestClient) -> None:
    _run(hub, asks_ann, "r1")
    assert ">only ann may answer<" in browser.get("/").text
    _run(hub, ships, "r2")
    assert ">any person may answer<" in browser.get("/").text
    for run_id, words in (("r1", "only ann may answer"), ("r2", "any person may answer")):
        assert f"· {words}</p>" in browser.get(f"/runs/{run_id}/ask").text, "as in the list"


def test_a_failure_that_was_allowed_is_said(hub: Hub, browser: TestClient) -> None:
    _run(hub, allows, "r1")
    assert "1 failed, allowed" in _row(browser.get("/").text, "r1")
