"""What all runs have cost: each figure is that of `smithers cost`."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from starlette.testclient import TestClient

from smithers import Context, Node, NoInput, Sequence, Step, Subflow, Task, workflow
from smithers.hub import Hub
from smithers.views import SpendingView, Spent
from smithers.workflows import Workflow
from tests.inspector.flows import haiku, migrate, release, silent, sonnet, triage
from tests.web.flows import ships


@workflow
def part(ctx: Context[NoInput]) -> Node[str]:
    inner = Task("inner", agent=sonnet, prompt="Do a part.")
    return Sequence(inner, result=inner)


@workflow
def whole(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Task("plan", agent=haiku, prompt="Plan."), Subflow("child", part, input=NoInput())
    )


@workflow
def free(ctx: Context[NoInput]) -> Node:
    return Sequence(Task("note", agent=silent, prompt="x"), Step("build", lambda: 1))


def _run(hub: Hub, flow: Workflow[Any, Any], run_id: str) -> None:
    asyncio.run(hub.run(flow, run_id=run_id))


def _run_all(hub: Hub, **flows: Workflow[Any, Any]) -> None:
    for run_id, flow in flows.items():
        _run(hub, flow, run_id)


def _spending(hub: Hub, workflow: str | None = None) -> SpendingView:
    return hub.spending(datetime.now(UTC) - timedelta(days=1), workflow)


def _told(hub: Hub, run_id: str) -> Spent:
    """What `smithers cost` says of a run, without its time."""
    return replace(hub.cost(run_id).total, time_ms=0)


def _section(page: str, title: str) -> str:
    return page[page.index(f"<h2>{title}</h2>") :].partition("</section>")[0]


def test_each_run_costs_what_the_command_says(hub: Hub) -> None:
    _run_all(hub, r1=release, r2=triage, r3=migrate, r4=free)
    found, total = _spending(hub), Spent()
    assert [one.name for one in found.runs] == ["r3", "r2", "r1", "r4"]  # what cost most first
    for one in found.runs:
        assert one.spent == _told(hub, one.name)
        total.add(one.spent)
    assert found.total == total
    for counted in (found.days, found.workflows, found.agents):
        summed = Spent()
        for one in counted:
            summed.add(one.spent)
        assert summed == total
    told = {(line.agent, line.model) for run_id in ("r1", "r2") for line in hub.cost(run_id).lines}
    agents = {(one.name, one.detail or None) for one in found.agents}
    assert agents >= {one for one in told if one[0] in ("sonnet", "haiku", "silent")}


def test_what_a_fork_was_given_is_paid_once(hub: Hub) -> None:
    _run(hub, triage, "source")
    before = _spending(hub)
    hub.fork("source", new_id="copy", by="ann")
    assert _spending(hub) == before
    assert before.total == _told(hub, "source")


def test_what_a_child_run_cost_counts_once(hub: Hub) -> None:
    _run(hub, whole, "r1")
    found = _spending(hub)
    assert found.total.cost == Decimal("0.414")
    assert {one.name: one.spent.cost for one in found.workflows} == {
        "part": Decimal("0.41"),
        "whole": Decimal("0.004"),
    }
    assert found.number == 2
    for one in found.runs:
        assert one.spent == _told(hub, one.name)
    assert {one.name for one in found.agents} == {"sonnet", "haiku"}
    assert hub.cost_since(datetime.now(UTC) - timedelta(days=1)) == (Decimal("0.414"), 0)


def test_only_what_was_started_in_the_period_counts(hub: Hub) -> None:
    assert _spending(hub) == hub.spending(datetime.now(UTC))  # without a database
    _run(hub, triage, "r1")
    assert hub.spending(datetime.now(UTC) + timedelta(seconds=1)).number == 0
    assert _spending(hub, "triage").number == 1
    assert _spending(hub, "other").number == 0


def test_the_page_has_the_sums_and_says_what_is_not_known(hub: Hub, browser: TestClient) -> None:
    _run_all(hub, r1=release, r2=triage, r4=free, r5=ships)
    page = browser.get("/costs").text
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert f'data-to="{today}"' in page
    assert f'<tr data-day="{today}" data-value="0.824">' in page  # the plot has it from there
    assert "<dd><span title=" in page
    assert "$0.82+</span></dd>" in page
    assert "2 calls" in page  # without a known cost
    runs = _section(page, "By run")
    assert 'href="/runs/r5"' not in runs  # it asked no agent
    assert re.search(r'href="/runs/r4".*not reported', runs)
    assert re.search(r'href="/runs/r2".*\$0\.41</td>', runs)
    agents = _section(page, "By agent and model")
    assert agents.index("sonnet-large") < agents.index("haiku-large") < agents.index("silent-large")
    assert 't-spent" width="100.0%"' in agents
    one = browser.get("/costs?workflow=free&days=7").text
    assert 'data-unit=""' in one  # no cost is known, so tokens are drawn
    assert "r2" not in _section(one, "By run")
    assert '<a href="/costs?days=7&amp;workflow=free"' in _section(one, "By workflow")


def test_a_page_without_costs_says_what_to_type(hub: Hub, browser: TestClient) -> None:
    assert "No agent was called in the last 30 days" in browser.get("/costs").text
    _run(hub, ships, "r1")
    page = browser.get("/costs?workflow=ships&days=365").text
    assert "No agent was called by <q>ships</q> in the last year" in page
    assert "smithers up FILE" in page
    assert "uPlot" not in page  # nothing is drawn
    assert browser.get("/costs?days=8").status_code == 422


def test_the_plot_is_loaded_on_its_page_only(hub: Hub, browser: TestClient) -> None:
    _run(hub, triage, "r1")
    assert "uPlot" not in browser.get("/").text
    assert "uPlot" not in browser.get("/runs/r1").text
    page = browser.get("/costs").text
    for name in ("vendor/uPlot.iife.min.js", "vendor/uPlot.min.css", "costs.js"):
        found = re.search(rf'"(/assets/{re.escape(name)}\?v=[0-9a-f]+)"', page)
        assert found is not None
        assert browser.get(found[1]).status_code == 200
    assert 'href="/costs"' in browser.get("/").text
