"""`ps`: the list of runs. It is asked for often, and must cost little."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Db, JsonFlag, Option
from smithers.cli._drawing import runs_table
from smithers.cli._failures import Usage
from smithers.cli._places import complete, place
from smithers.cli._streams import give, give_json, is_terminal, paint, say
from smithers.hub import Hub, RunsQuery
from smithers.reports import STATUSES, has_runs
from smithers.store.rows import time_text
from smithers.values import dataclass
from smithers.wire import run_line_json

if TYPE_CHECKING:
    from smithers.views import RunsPage

__all__ = ["ps"]

_NEWEST = 50
"""How many runs a terminal gets that asked for no number."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """Which runs are listed and how, as it was typed."""

    json: bool = False
    statuses: tuple[str, ...] = ()
    workflow: str | None = None
    since: str | None = None
    limit: int | None = None
    every: bool = False
    after: str | None = None


def ps(
    statuses: Annotated[
        list[str] | None,
        Option(
            "--status",
            metavar="STATUS",
            help=f"List only runs that are {', '.join(STATUSES[:-1])} or {STATUSES[-1]};"
            " repeatable.",
            show_default=False,
        ),
    ] = None,
    workflow: Annotated[
        str | None,
        Option("--workflow", metavar="NAME", help="List only runs of this workflow."),
    ] = None,
    since: Annotated[
        str | None,
        Option(
            "--since",
            metavar="TIME",
            help="List only runs started since then, such as 30m, 2h, 3d or 2026-11-01.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        Option("--limit", min=1, metavar="N", help="List at most the newest N runs."),
    ] = None,
    after: Annotated[
        str | None,
        Option(
            "--after",
            metavar="CURSOR",
            help="List the page that this cursor of the previous page leads to.",
        ),
    ] = None,
    every: Annotated[bool, Option("--all", help="List all runs on a terminal as well.")] = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    wanted = _Shown(
        json=json,
        statuses=tuple(statuses or ()),
        workflow=workflow,
        since=since,
        limit=limit,
        every=every,
        after=after,
    )
    return _list_runs(db, wanted)


def _list_runs(db: Path | None, wanted: _Shown) -> int:
    """Print the runs; its exit code."""
    where = place(db)
    query = _query(wanted)
    page = Hub(where.path).list_runs(query)
    if wanted.json:
        more = {} if wanted.limit is None else {"more": page.more > 0, "cursor": page.cursor}
        listed = [run_line_json(run) for run in page.runs]
        children = {"children": page.children} if page.children else {}
        give_json({"version": 1, "runs": listed, **more, **children})
    elif page.runs:
        for line in runs_table(page.runs):
            give(line)
        if page.more:
            say(paint(_more(page, wanted), "dim", sys.stderr))
        if page.children:
            runs = "child run" if page.children == 1 else "child runs"
            say(paint(f"{page.children} {runs}, --all", "dim", sys.stderr))
    elif query != RunsQuery(limit=query.limit, children=query.children):
        say("no such runs")
    elif has_runs(where.path):
        say(complete("no runs yet; start one with `smithers up FILE`"))
    else:
        say(f"no runs: there is no database at {where.path}")
    return 0


def _query(wanted: _Shown) -> RunsQuery:
    if wanted.every and wanted.limit is not None:
        raise Usage("--all and --limit cannot be combined", hint="leave one out")
    for status in wanted.statuses:
        if status not in STATUSES:
            raise Usage(
                f"--status {status!r} is not the status of a run",
                hint=f"choose one of: {', '.join(STATUSES)}",
            )
    is_shortened = is_terminal(sys.stdout) and not (wanted.json or wanted.every)
    return RunsQuery(
        statuses=wanted.statuses,
        workflow=wanted.workflow,
        since=None if wanted.since is None else time_text(_time_of(wanted.since)),
        limit=_NEWEST if wanted.limit is None and is_shortened else wanted.limit,
        after=wanted.after,
        children=wanted.every,
    )


def _more(page: RunsPage, wanted: _Shown) -> str:
    if wanted.limit is None and wanted.after is None:
        return f"{page.more} more, --all"
    return f"{page.more} more, --after {page.cursor}"


def _time_of(text: str) -> datetime:
    """A time as it is typed: how long ago, or a date with or without the time of day, which is
    local if it names no zone.

    >>> _time_of("2026-11-01T12:00+00:00").isoformat()
    '2026-11-01T12:00:00+00:00'
    """
    try:
        if found := re.fullmatch(r"(\d{1,6})([smhdw])", text):
            return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Usage(
            f"--since {text!r} is not a time",
            hint="for example --since 2h, --since 3d or --since 2026-11-01",
        ) from None
