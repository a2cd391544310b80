"""What all runs have cost: by day, workflow, agent and run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlencode

from pydantic import Field
from starlette.responses import Response

from smithers.web._routes import Call, Closed
from smithers.web.pages._page import page, render
from smithers.web.pages._words import link_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smithers.views import SpendingLine, Spent

__all__ = ["ROUTES"]

_MOST, _MOST_NAMES = 100, 500
"""At most that many workflows and agents are shown, and workflows offered."""
_PERIODS = {"7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days", "365": "Last year"}


class CostsParameters(Closed):
    """Which costs are shown."""

    days: Literal["7", "30", "90", "365"] = "30"
    workflow: str = Field("", max_length=200)


class _Row(NamedTuple):
    """A line of a table. `value` is what its bar and the plot show, `share` the length of the bar
    in per cent.
    """

    name: str
    detail: str
    link: str
    spent: Spent
    value: str
    share: float


class _Table(NamedTuple):
    """What was spent by one thing, and how many lines are left out."""

    title: str
    head: str
    rows: list[_Row]
    more: int = 0


def _costs(call: Call) -> Response:
    given, hub = call.query_as(CostsParameters), call.hub
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=int(given.days) - 1)
    found = hub.spending(first, given.workflow or None)
    by_cost = found.total.cost is not None
    agents, workflows = found.agents[:_MOST], found.workflows[:_MOST]
    by_agent = _rows(agents, by_cost, lambda _: "")
    by_workflow = _rows(workflows, by_cost, lambda one: _address(given, one.name))
    days = _rows(found.days, by_cost, lambda _: "")
    runs = _rows(found.runs, by_cost, lambda one: link_of(one.name))
    return render(
        call,
        "costs.html",
        title="Cost",
        given=given,
        periods=_PERIODS,
        workflows=hub.workflow_names()[:_MOST_NAMES],
        asks_total=len(hub.list_asks()),
        found=found,
        by_cost=by_cost,
        first=first.date(),
        today=today.date(),
        days=[_named(row, today.date()) for row in reversed(days)],
        tables=[
            _Table("By workflow", "Workflow", by_workflow, len(found.workflows) - len(workflows)),
            _Table("By agent and model", "Agent", by_agent, len(found.agents) - len(agents)),
            _Table("By run", "Run", runs, found.number - len(runs)),
        ],
    )


def _rows(
    lines: Sequence[SpendingLine], by_cost: bool, link: Callable[[SpendingLine], str]
) -> list[_Row]:
    """The lines of a table, each with its share of the largest: in dollars if any are known."""
    values = [
        float(one.spent.cost or 0) if by_cost else one.spent.tokens_in + one.spent.tokens_out
        for one in lines
    ]
    largest = max(values, default=0) or 1
    return [
        _Row(
            name=one.name,
            detail=one.detail,
            link=link(one),
            spent=one.spent,
            value=f"{value:.10g}",
            share=round(100 * value / largest, 2),
        )
        for one, value in zip(lines, values, strict=True)
    ]


def _named(row: _Row, today: date) -> _Row:
    """The same with its day in words; its `detail` is the day as it is sorted."""
    day = date.fromisoformat(row.name)
    year = "" if day.year == today.year else f" {day.year}"
    return row._replace(name=f"{day:%a} {day.day} {day:%b}{year}", detail=row.name)


def _address(given: CostsParameters, workflow: str) -> str:
    return f"/costs?{urlencode({'days': given.days, 'workflow': workflow})}"


ROUTES = (
    page("/costs", "costs_page", "What runs cost, for a browser.", _costs, query=CostsParameters),
)
