"""The list of runs, without typer: it is asked for often, and must cost little."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

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

__all__ = ["Shown", "list_runs"]

_NEWEST = 50
"""How many runs a terminal gets that asked for no number."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Which runs are listed and how, as it was typed."""

    json: bool = False
    statuses: tuple[str, ...] = ()
    workflow: str | None = None
    since: str | None = None
    limit: int | None = None
    every: bool = False
    after: str | None = None


def list_runs(db: Path | None, wanted: Shown) -> int:
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


def _query(wanted: Shown) -> RunsQuery:
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


def _more(page: RunsPage, wanted: Shown) -> str:
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
