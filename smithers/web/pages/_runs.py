"""The page of all runs: what waits for a person first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from pydantic import Field
from starlette.responses import Response

from smithers.errors import SmithersError
from smithers.hub import RunsQuery
from smithers.store.rows import time_text
from smithers.views import Status
from smithers.web._routes import Call, Closed
from smithers.web.pages._page import page, render
from smithers.web.pages._run_lines import Line, line_of
from smithers.web.pages._words import cost

if TYPE_CHECKING:
    from smithers.hub import Hub
    from smithers.views import Question, RunLine

__all__ = ["ROUTES"]

_PAGE, _MOST_ASKS, _MOST_AHEAD, _MOST_WORKFLOWS = 50, 50, 20, 500
_EVERY_MS = 1_000
"""How often it is made again at most: all that changes in any run changes it."""
_TABS: tuple[Status, ...] = ("running", "waiting", "failed", "finished", "cancelled", "stale")
_DAYS = {"day": 1, "week": 7, "month": 30}
_PERIODS = {"day": "Last 24 hours", "week": "Last 7 days", "month": "Last 30 days"}


class RunsParameters(Closed):
    """Which runs are shown."""

    status: Status | None = None
    workflow: str = Field("", max_length=200)
    q: str = Field("", max_length=200)
    period: Literal["", "day", "week", "month"] = ""
    after: str | None = Field(None, max_length=200)


def _why(hub: Hub, run: RunLine) -> str:
    if run.status != "failed":
        return ""
    try:
        why = hub.why(run.run_id)
        return why.reasons[0].sentence if why.reasons else why.sentence
    except SmithersError:  # the list is shown without it
        return ""


class _Filters:
    """What is filtered by, and the addresses of the same list filtered in another way."""

    def __init__(self, given: RunsParameters) -> None:
        self.given = given

    @property
    def is_any(self) -> bool:
        given = self.given
        return bool(given.status or given.workflow or given.q or given.period or given.after)

    @property
    def since(self) -> str | None:
        """The stored time from which on the runs were started."""
        days = _DAYS.get(self.given.period)
        return None if days is None else time_text(datetime.now(UTC) - timedelta(days=days))

    @property
    def nothing(self) -> str:
        """That no run is found, by what is filtered by."""
        given = self.given
        found = f"No {given.status} run" if given.status not in (None, "stale") else "No run"
        if given.status == "stale":
            found += " without its owner"
        if given.workflow:
            found += f" of {given.workflow}"
        if given.period:
            found += f" was started in the {_PERIODS[given.period].lower()}"
        if given.q:
            found += f"{' and' if given.period else ''} has “{given.q}” in its id, workflow,"
            found += " input or error"
        return found if given.period or given.q else f"{found} is here"

    def link(self, **other: str | None) -> str:
        """The address of the first page, with some filters replaced; None leaves one out."""
        given = self.given
        now: dict[str, str | None] = {"q": given.q, "status": given.status}
        now |= {"workflow": given.workflow, "period": given.period}
        words = {**now, **other}
        query = urlencode({name: text for name, text in words.items() if text})
        return f"/?{query}" if query else "/"


def _asks(hub: Hub) -> list[Question]:
    """What waits for a person, oldest first; with what it lets run, unless there is much of it."""
    found = hub.list_asks(ahead=True, most_ahead=_MOST_AHEAD)
    return sorted(found, key=lambda one: one.since)


def _runs(call: Call) -> Response:
    given, hub = call.query_as(RunsParameters), call.hub
    filters, now = _Filters(given), datetime.now(UTC)
    query = RunsQuery(
        statuses=() if given.status is None else (given.status,),
        workflow=given.workflow or None,
        since=filters.since,
        text=given.q or None,
        limit=_PAGE,
        after=given.after,
    )
    listed, counts = hub.list_runs(query), hub.count_statuses(query)
    asks = _asks(hub)
    spent_today, untold = hub.cost_since(now.replace(hour=0, minute=0, second=0, microsecond=0))
    return render(
        call,
        "runs.html",
        title=f"({len(asks)}) Runs" if asks else "Runs",
        asks=asks[:_MOST_ASKS],
        asks_total=len(asks),
        lines=_lines(hub, listed.runs, now),
        given=given,
        filters=filters,
        workflows=hub.workflow_names()[:_MOST_WORKFLOWS],
        periods=_PERIODS,
        tabs=[one for one in _TABS if one != "stale" or counts.get(one) or given.status == one],
        counts=counts,
        total=sum(counts.values()),
        everything=0 if listed.runs else sum(hub.count_statuses(RunsQuery()).values()),
        today=cost(spent_today, untold),
        more=listed.more,
        cursor=listed.cursor,
        live="/api/v1/events",
        every_ms=_EVERY_MS,
    )


def _lines(hub: Hub, runs: Sequence[RunLine], now: datetime) -> list[Line]:
    """The runs as rows, by their last activity."""
    doing = hub.activities([run.run_id for run in runs if run.status == "running"])
    costs = hub.run_costs([run.run_id for run in runs])
    lines = [
        line_of(
            run,
            now,
            cost=costs.get(run.run_id),
            doing=doing.get(run.run_id, ()),
            failed=_why(hub, run),
        )
        for run in runs
    ]
    return sorted(lines, key=lambda line: line.run.last_activity, reverse=True)


ROUTES = (page("/", "runs_page", "The runs, for a browser.", _runs, query=RunsParameters),)
