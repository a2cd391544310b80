"""The routes that read. Each answers with the JSON that the command line prints for the same."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from smithers.hub import RunsQuery
from smithers.store.rows import time_text
from smithers.views import Status
from smithers.web._routes import Call, Closed, Flag, Json, Number, Route
from smithers.web._shapes import Runs
from smithers.wire import run_line_json

__all__ = ["ROUTES"]

_PAGE, _MOST = 50, 200


class RunsParameters(Closed):
    """Which runs are listed."""

    status: list[Status] = Field([], description="Only runs of these statuses.", max_length=20)
    workflow: str | None = Field(None, description="Only runs of this workflow.", max_length=200)
    since: AwareDatetime | None = Field(None, description="Only runs started since then.")
    limit: Annotated[Number, Field(ge=1, le=_MOST)] = Field(
        _PAGE, description="List at most N runs."
    )
    after: str | None = Field(None, description="The `cursor` of the page before.", max_length=200)
    children: Flag = Field(False, description="List child runs as well.")


def _runs(call: Call) -> Json:
    given = call.query_as(RunsParameters)
    query = RunsQuery(
        statuses=tuple(given.status),
        workflow=given.workflow,
        since=None if given.since is None else time_text(given.since),
        limit=given.limit,
        after=given.after,
        children=given.children,
    )
    page = call.hub.list_runs(query)
    listed = [run_line_json(run) for run in page.runs]
    document: Json = {"version": 1, "runs": listed, "more": page.more > 0, "cursor": page.cursor}
    return {**document, "children": page.children} if page.children else document


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/runs",
        name="list_runs",
        summary="The runs, as `smithers ps --json --limit N` prints them: a page of the newest,"
        " oldest first.",
        scope="read",
        handler=_runs,
        query=RunsParameters,
        result=Runs,
        statuses=(422,),
    ),
)
