"""The page of all runs: what waits for a person first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pydantic import Field
from starlette.responses import Response

from smithers import waits
from smithers.errors import SmithersError
from smithers.hub import RunsQuery
from smithers.naming import waited_for
from smithers.texts import title_of
from smithers.values import dataclass
from smithers.views import Status
from smithers.web._routes import Call, Closed
from smithers.web.pages._page import page, render
from smithers.web.pages._words import Mark, Parts, mark_of_run, name_of, parts_of

if TYPE_CHECKING:
    from smithers.hub import Hub
    from smithers.views import Activity, Question, RunLine

__all__ = ["ROUTES", "Line", "line_of"]

_PAGE, _MOST_ASKS, _MOST_AHEAD, _MOST_WORKFLOWS = 50, 50, 20, 500
_TABS: tuple[Status, ...] = ("running", "waiting", "stale", "failed", "finished", "cancelled")


class RunsParameters(Closed):
    """Which runs are shown."""

    status: Status | None = None
    workflow: str = Field("", max_length=200)
    q: str = Field("", max_length=200)
    after: str | None = Field(None, max_length=200)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A run as a row."""

    run: RunLine
    mark: Mark
    done: int
    total: int
    parts: list[Parts]
    words: str
    needs: bool
    """Whether a person should look at it."""

    @property
    def tokens(self) -> int:
        usage = self.run.usage
        return usage.tokens_in + usage.tokens_out

    @property
    def elapsed_s(self) -> float | None:
        """How long it took, once it has ended."""
        if self.run.status not in ("finished", "continued", "failed", "cancelled"):
            return None
        return (self.run.last_activity - self.run.created_at).total_seconds()


def line_of(run: RunLine, said: str = "") -> Line:
    """A run as a row. `said` is why it failed, or what its agents do."""
    mark = mark_of_run(run.status, run.waiting_for)
    tasks = dict(run.counts.tasks)
    return Line(
        run=run,
        mark=mark,
        done=run.counts.done,
        total=sum(tasks.values()),
        parts=parts_of(tasks),
        words=said or _words(run),
        needs=mark.glyph in ("ask", "bad", "gone"),
    )


def _words(run: RunLine) -> str:
    """What it does or waits for, in one sentence."""
    if run.status == "stale":
        return run.gave_up or f"no process drives it: smithers resume {run.run_id}"
    if run.status not in ("running", "waiting"):
        return ""
    for wait in run.waiting_for:
        if not wait.answered:
            said = title_of(wait.asked) if wait.asked else ""
            if not said:
                said = f"waits for {waited_for(wait.kind, wait.on)}"
            more = len(run.waiting_for) - 1
            return f"{name_of(wait.key)}: {said}{f'; {more} more' if more else ''}"
    tasks = run.counts.tasks
    told = ((tasks.get(state, 0), state) for state in ("running", "ready", "pending"))
    return ", ".join(f"{number:,} {state}" for number, state in told if number)


def _why(hub: Hub, run: RunLine) -> str:
    if run.status != "failed":
        return ""
    try:
        why = hub.why(run.run_id)
        return why.reasons[0].sentence if why.reasons else why.sentence
    except SmithersError:  # the list is shown without it
        return ""


def _doing(activities: Sequence[Activity]) -> str:
    """What the agents of a run do, in one sentence."""
    if not activities:
        return ""
    first, more = activities[0], len(activities) - 1
    said = f"{name_of(first.key)}: {first.tool or first.words or f'attempt {first.attempt}'}"
    return f"{said}; {more} more" if more else said


class _Filters:
    """What is filtered by, and the addresses of the same list filtered in another way."""

    def __init__(self, given: RunsParameters) -> None:
        self.given = given

    @property
    def is_any(self) -> bool:
        return bool(self.given.status or self.given.workflow or self.given.q or self.given.after)

    def link(self, **other: str | None) -> str:
        """The address of the first page, with some filters replaced; None leaves one out."""
        given = self.given
        now: dict[str, str | None] = {"q": given.q, "status": given.status}
        words = {**now, "workflow": given.workflow, **other}
        query = urlencode({name: text for name, text in words.items() if text})
        return f"/?{query}" if query else "/"


def _asks(hub: Hub) -> list[Question]:
    """What waits for a person, oldest first; with what it lets run, unless there is much of it."""
    found = hub.list_asks()
    if 0 < len(found) <= _MOST_AHEAD:
        found = hub.list_asks(ahead=True)
    return sorted(found, key=lambda one: one.since)


def _runs(call: Call) -> Response:
    given, hub = call.query_as(RunsParameters), call.hub
    query = RunsQuery(
        statuses=() if given.status is None else (given.status,),
        workflow=given.workflow or None,
        text=given.q or None,
        limit=_PAGE,
        after=given.after,
    )
    listed = hub.list_runs(query)
    doing = hub.activities([run.run_id for run in listed.runs if run.status == "running"])
    lines = [
        line_of(run, _why(hub, run) or _doing(doing.get(run.run_id, ()))) for run in listed.runs
    ]
    lines.sort(key=lambda line: line.run.last_activity, reverse=True)
    asks = _asks(hub)
    return render(
        call,
        "runs.html",
        title=f"({len(asks)}) Runs" if asks else "Runs",
        asks=asks[:_MOST_ASKS],
        asks_total=len(asks),
        budget=waits.BUDGET,
        lines=lines,
        given=given,
        filters=_Filters(given),
        workflows=hub.workflow_names()[:_MOST_WORKFLOWS],
        tabs=_TABS,
        more=listed.more,
        cursor=listed.cursor,
        live="/api/v1/events",
    )


ROUTES = (page("/", "runs_page", "The runs, for a browser.", _runs, query=RunsParameters),)
