"""What can be said of runs by reading their database: plain data, synchronous.

Nothing here writes, and nothing here needs pydantic or asyncio, so a look at runs costs little.
"""

from __future__ import annotations

from smithers.reports._asks import Question, list_asks
from smithers.reports._commands import name_database
from smithers.reports._cost import cost
from smithers.reports._database import Json, has_runs
from smithers.reports._events import MOST, all_events, event_lines, events, newest
from smithers.reports._exhausted import exhausted_words
from smithers.reports._failing import with_place
from smithers.reports._graph import graph
from smithers.reports._lines import ASK, FOR_A_PERSON, MOST_ALIKE, change_lines, is_question
from smithers.reports._listing import STATUSES, RunsQuery
from smithers.reports._logs import logs, raw_logs
from smithers.reports._messages import message
from smithers.reports._one_task import task_report
from smithers.reports._overview import Look, look, overview
from smithers.reports._runs import (
    Inspected,
    RunsPage,
    inspect,
    inspecting,
    places,
    run_ids,
    runs,
    states,
    status_of,
    summary,
)
from smithers.reports._saying import event_words
from smithers.reports._sql import Answer, sql
from smithers.reports._standing import Changes, Standing, standing
from smithers.reports._telling import Telling
from smithers.reports._timeline import timeline
from smithers.reports._transcript import transcript
from smithers.reports._waking import attention
from smithers.reports._why import clock, why

__all__ = [
    "ASK",
    "FOR_A_PERSON",
    "MOST",
    "MOST_ALIKE",
    "STATUSES",
    "Answer",
    "Changes",
    "Inspected",
    "Json",
    "Look",
    "Question",
    "RunsPage",
    "RunsQuery",
    "Standing",
    "Telling",
    "all_events",
    "attention",
    "change_lines",
    "clock",
    "cost",
    "event_lines",
    "event_words",
    "events",
    "exhausted_words",
    "graph",
    "has_runs",
    "inspect",
    "inspecting",
    "is_question",
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
    "sql",
    "standing",
    "states",
    "status_of",
    "summary",
    "task_report",
    "timeline",
    "transcript",
    "why",
    "with_place",
]
