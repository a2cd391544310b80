"""The tree of the page of a run: its folds, its words, its spans, and what it leaves out."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from smithers import (
    Approval,
    Context,
    ForEach,
    Node,
    NoInput,
    Parallel,
    Step,
    reports,
    views,
    workflow,
)
from smithers.changes import Key
from smithers.hub import Hub
from smithers.web.pages._sums import Facts
from smithers.web.pages._tree import Row, Window, rows_of
from smithers.web.pages._water import Water, scale_of
from smithers.web.pages._words import mark_of_run
from tests.cli.command import eventually
from tests.inspector.flows import Gate, issues


@workflow
def rtl(ctx: Context[NoInput]) -> Node:
    return Parallel(Step("שלום", lambda: "x", output=str), Step("b", lambda: "x", output=str))


def _rows(page: str) -> dict[str, str]:
    """The rows of the tree by their names."""
    found = re.split(r'(?=<div role="row" class="tr r-)', page)[1:]
    return {unescape(re.findall(r'<bdi class="mid" title="([^"]*)"', row)[0]): row for row in found}


def _text(row: str) -> str:
    return " ".join(unescape(re.sub(r"<title>.*?</title>|<[^>]+>", " ", row)).split())


def _is_open(row: str) -> bool:
    return 'aria-expanded="true"' in row


def _is_shown(row: str) -> bool:
    return " hidden>" not in row


@contextmanager
def _running(hub: Hub, gate: Path) -> Generator[None]:
    """A run in which an agent waits for a file."""
    run = hub.run(issues, Gate(gate=gate), run_id="r1")
    thread = threading.Thread(target=asyncio.run, args=(run,))
    thread.start()
    try:
        eventually(lambda: hub.status("r1") is not None and len(hub.list_asks("r1")) == 2)
        yield
    finally:
        gate.touch()
        thread.join()


def test_a_run_is_read_from_its_rows(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(issues, Gate(), run_id="r1"))
    page = browser.get("/runs/r1").text
    rows = _rows(page)
    assert 'role="treegrid"' in page
    assert "failed, allowed" in rows["goaway"]
    assert re.search(r"waits <time [^>]*data-since>", rows["allow 415"])
    assert "Change the default of redirects?" in rows["allow 415"]
    assert re.search(r"until <time", rows["later 423"])
    assert _text(rows["issues"]).startswith("issues 8 finished 1 failed 2 waits for you 1 waiting")
    assert "9 of 12" in _text(rows["issues"])
    assert _text(rows["green"]).startswith("green loop, 2 iterations finished")
    assert "22.9k $0.11" in _text(rows["fix 415"])
    assert "Needs you" in page
    shown = browser.get("/runs/r1?show=needs").text
    assert {*_rows(shown)} == {"allow 415", "review 418"}


def test_siblings_that_are_done_are_one_row_and_what_needs_somebody_is_open(
    hub: Hub, browser: TestClient
) -> None:
    asyncio.run(hub.run(issues, Gate(), run_id="r1"))
    rows = _rows(browser.get("/runs/r1").text)
    fold = rows["8 finished"]
    assert "fix 401 to fix 433" in fold
    assert not _is_open(fold)
    assert not _is_shown(rows["fix 401"])  # it is there, for those with scripts
    assert all(_is_open(rows[name]) for name in ("issues", "#415", "#418", "#423"))
    assert not _is_open(rows["checks"])  # nothing of it has begun
    link = re.search(r'href="(\?group=[^"]+)"', fold)
    assert link is not None
    opened = _rows(browser.get(f"/runs/r1{unescape(link[1])}").text)
    assert _is_open(opened["8 finished"])
    assert _is_shown(opened["fix 401"])
    shut = _rows(browser.get("/runs/r1?shut=issues").text)
    assert not _is_open(shut["issues"])
    assert not _is_shown(shut["allow 415"])


def test_an_earlier_iteration_says_why_it_was_not_the_last(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(issues, Gate(), run_id="r1"))
    rows = _rows(browser.get("/runs/r1").text)
    assert "not done: 3 failed, 3 passed in 0.22s<" in rows["iteration 0"]
    assert not _is_open(rows["iteration 0"])
    assert not _is_shown(rows["test[0]"])
    assert _is_shown(rows["test[1]"])


def test_attempts_and_waits_are_spans_that_say_what_they_are(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(issues, Gate(), run_id="r1"))
    rows = _rows(browser.get("/runs/r1?find=426").text)
    assert "attempt 1: failed, " in rows["fix 426"]
    assert "attempt 2: finished, " in rows["fix 426"]
    assert 'class="dots wait"' in rows["fix 426"]
    assert "attempt 2" in _text(rows["fix 426"])
    whole = _rows(browser.get("/runs/r1").text)
    assert "is the sum of its attempts" in whole["#418"]
    assert "waited for a person" in whole["allow 415"]


def test_a_running_agent_says_what_it_does_and_one_without_events_is_silent(
    hub: Hub, browser: TestClient, tmp_path: Path
) -> None:
    with _running(hub, tmp_path / "gate"):
        row = _rows(browser.get("/runs/r1").text)["fix 429"]
        assert "Edit: kettle/retry.py" in row
        assert "running" in _text(row)
        assert _rows(browser.get("/runs/r1?frame=3").text)["fix 429"].count("kettle") == 0
        now = reports.snapshot(hub.database, "r1")
        later = replace(now, now=now.now + timedelta(minutes=5))
        assert not views.picture(now, now).silent
        drawn = views.picture(later, later)
    key = Key("fix 429")
    assert key in drawn.silent
    said = mark_of_run("running", (), is_silent=drawn.is_silent)
    assert said.word == "stalled"  # as the list of runs says it
    facts = Facts(drawn, later.now)
    water = Water(facts, drawn.found.run.created_at, scale_of(300, grows=True))
    rows = rows_of(drawn.root, facts, water, Window())
    (stalled,) = (row for row in rows if isinstance(row, Row) and row.key == key)
    assert (stalled.says.text, stalled.mark.word) == ("silent", "stalled")
    assert [one.tone for one in stalled.spans][-2:] == ["run", "silent"]


def test_the_page_of_a_silent_agent_says_that_it_is_stalled(
    hub: Hub, browser: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _running(hub, tmp_path / "gate"):
        assert "st-stall" not in browser.get("/runs/r1/tasks/fix%20429").text
        monkeypatch.setattr("smithers.web.pages._task.SILENT", timedelta())
        page = browser.get("/runs/r1/tasks/fix%20429").text
    assert re.search(r'<h1>.*<span class="st st-stall">.*stalled', page)
    assert '<span class="st-stall silent">silent <time' in page


def test_what_ran_when_the_owner_was_gone_is_not_shown_as_running(
    hub: Hub, browser: TestClient, tmp_path: Path
) -> None:
    with _running(hub, tmp_path / "gate"):
        now = reports.snapshot(hub.database, "r1")
    later = replace(now, alive=False, now=now.now + timedelta(hours=9))
    drawn = views.picture(later, later)
    assert drawn.found.run.status == "stale"
    facts = Facts(drawn, drawn.found.run.last_activity)
    water = Water(facts, drawn.found.run.created_at, scale_of(300, grows=True))
    rows = rows_of(drawn.root, facts, water, Window())
    (left,) = (row for row in rows if isinstance(row, Row) and row.key == Key("fix 429"))
    assert (left.says.text, left.mark.word) == ("owner gone", "owner gone")
    assert [one.tone for one in left.spans][-1] == "cut"
    assert views.task_context(now, Key("fix 429")).until == now.now
    assert views.task_context(later, Key("fix 429")).until == later.last_activity()


def test_what_is_after_the_frame_that_is_shown_is_fainter(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(issues, Gate(), run_id="r1"))
    assert 'class="later"' not in browser.get("/runs/r1").text
    first = _rows(browser.get("/runs/r1?frame=1").text)["issues"]
    assert 'class="later"' in first  # also of a group
    frames = range(hub.inspect("r1").run.frames - 1)
    fixes = [_rows(browser.get(f"/runs/r1?frame={one}").text).get("fix 415", "") for one in frames]
    later = re.compile(r'<g class="later"><title>attempt 1: finished')
    whole = re.compile(r"<g><title>attempt 1: finished")
    assert any(later.search(row) and not whole.search(row) for row in fixes)
    assert any(whole.search(row) and not later.search(row) for row in fixes)
    assert not any(whole.search(row) and later.search(row) for row in fixes)


def test_a_name_stands_alone_in_its_direction(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(rtl, run_id="r1"))
    page = browser.get("/runs/r1").text
    assert '<bdi class="mid" title="שלום">' in page


def test_a_frame_in_which_little_happened_says_what(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(issues, Gate(), run_id="r1"))
    last = hub.inspect("r1").run.frames - 1
    pages = [browser.get(f"/runs/r1?frame={number}").text for number in range(last + 1)]
    said = [re.findall(r'<p class="at-frame">.*<span title="([^"]*)">', page)[0] for page in pages]
    assert all(said)
    assert any(re.fullmatch(r"[^;]* attempt 1 started its session", one) for one in said)
    assert not any("the run continued" in one for one in said)


@workflow
def asks_much(ctx: Context[NoInput]) -> Node:
    def group(number: int) -> Node:
        asks = range(number * 100, number * 100 + 100)
        each = partial(Approval, ask="Sure?")
        return ForEach([str(one) for one in asks], key=str, each=each, id=f"group {number}")

    return Parallel(*map(group, range(21)))


def test_a_page_of_many_groups_that_all_need_a_person_is_small(
    hub: Hub, browser: TestClient
) -> None:
    asyncio.run(hub.run(asks_much, run_id="r1"))
    page = browser.get("/runs/r1").text
    assert 21 < page.count('role="row"') < 250
    assert len(page) < 300_000
    assert "2,100" in page
