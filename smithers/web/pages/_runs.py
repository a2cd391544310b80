"""The page of all runs: what waits for a person first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

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
    from smithers.views import RunLine

__all__ = ["ROUTES", "Line", "line_of"]

_PAGE = 50
_TABS: tuple[Status, ...] = ("running", "waiting", "stale", "failed", "finished", "cancelled")


class RunsParameters(Closed):
    """Which runs are shown."""

    status: Status | None = None
    workflow: str = Field("", max_length=200)
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
    """A run as a row. `said` is why it failed."""
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


def _runs(call: Call) -> Response:
    given, hub = call.query_as(RunsParameters), call.hub
    query = RunsQuery(
        statuses=() if given.status is None else (given.status,),
        workflow=given.workflow or None,
        limit=_PAGE,
        after=given.after,
    )
    listed = hub.list_runs(query)
    lines = [line_of(run, _why(hub, run)) for run in listed.runs]
    lines.sort(key=lambda line: line.run.last_activity, reverse=True)
    asks = sorted(hub.list_asks(), key=lambda one: one.since)
    return render(
        call,
        "runs.html",
        title=f"({len(asks)}) Runs" if asks else "Runs",
        asks=asks,
        budget=waits.BUDGET,
        lines=lines,
        given=given,
        tabs=_TABS,
        more=listed.more,
        cursor=listed.cursor,
        today=datetime.now(UTC).date(),
        live="/api/v1/events",
    )


ROUTES = (page("/", "runs_page", "The runs, for a browser.", _runs, query=RunsParameters),)
