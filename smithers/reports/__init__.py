"""Reads of a database for the faces: lists and events by SQL, and snapshots that `views` look at.

Nothing here writes, and nothing here needs pydantic or asyncio, so a look at runs costs little.
"""

from __future__ import annotations

from smithers.reports._asks import list_asks
from smithers.reports._changes import Changes
from smithers.reports._commands import name_database
from smithers.reports._database import has_runs
from smithers.reports._events import MOST, all_events, event_lines, events, newest
from smithers.reports._listing import STATUSES, RunsQuery
from smithers.reports._logs import logs, raw_logs
from smithers.reports._messages import message
from smithers.reports._one_task import find_task
from smithers.reports._overview import Look, Overview, look, overview, stands
from smithers.reports._runs import places, run_ids, runs, status_of
from smithers.reports._snapshot import inspecting, snapshot
from smithers.reports._sql import Answer, sql
from smithers.reports._timeline import frame_by_frame, timeline
from smithers.reports._transcript import transcript
from smithers.reports._waking import attention

__all__ = [
    "MOST",
    "STATUSES",
    "Answer",
    "Changes",
    "Look",
    "Overview",
    "RunsQuery",
    "all_events",
    "attention",
    "event_lines",
    "events",
    "find_task",
    "frame_by_frame",
    "has_runs",
    "inspecting",
    "list_asks",
    "logs",
    "look",
    "message",
    "name_database",
    "newest",
    "overview",
    "places",
    "raw_logs",
    "run_ids",
    "runs",
    "snapshot",
    "sql",
    "stands",
    "status_of",
    "timeline",
    "transcript",
]
