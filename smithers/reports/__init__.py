"""Reads of a database for the faces: lists and events by SQL, and snapshots that `views` look at.

Nothing here writes, and nothing here needs pydantic or asyncio, so a look at runs costs little.

Names are imported when they are first used, since most commands need few of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.lazy import lazily

if TYPE_CHECKING:
    from smithers.reports._activity import activities as activities
    from smithers.reports._activity import activity_of as activity_of
    from smithers.reports._asks import list_asks as list_asks
    from smithers.reports._changed_files import changed_files as changed_files
    from smithers.reports._changes import Changes as Changes
    from smithers.reports._commands import name_database as name_database
    from smithers.reports._database import has_runs as has_runs
    from smithers.reports._database import reading as reading
    from smithers.reports._events import MOST as MOST
    from smithers.reports._events import all_events as all_events
    from smithers.reports._events import event_lines as event_lines
    from smithers.reports._events import events as events
    from smithers.reports._events import id_of as id_of
    from smithers.reports._events import newest as newest
    from smithers.reports._events import none_of as none_of
    from smithers.reports._feeding import Seen as Seen
    from smithers.reports._feeding import frames_between as frames_between
    from smithers.reports._feeding import see as see
    from smithers.reports._heads import Head as Head
    from smithers.reports._lineage import lineage as lineage
    from smithers.reports._listing import STATUSES as STATUSES
    from smithers.reports._listing import RunsQuery as RunsQuery
    from smithers.reports._logs import log_page as log_page
    from smithers.reports._logs import log_size as log_size
    from smithers.reports._logs import logs as logs
    from smithers.reports._logs import raw_logs as raw_logs
    from smithers.reports._messages import message as message
    from smithers.reports._metrics import Metrics as Metrics
    from smithers.reports._metrics_page import metrics_page as metrics_page
    from smithers.reports._next_work import likely_costs as likely_costs
    from smithers.reports._one_task import find_prompt as find_prompt
    from smithers.reports._one_task import find_task as find_task
    from smithers.reports._overview import Look as Look
    from smithers.reports._overview import Overview as Overview
    from smithers.reports._overview import look as look
    from smithers.reports._overview import overview as overview
    from smithers.reports._overview import standing_of as standing_of
    from smithers.reports._past_asks import past_questions as past_questions
    from smithers.reports._past_asks import reviews as reviews
    from smithers.reports._receipt import receipt as receipt
    from smithers.reports._recordings import RecordedRun as RecordedRun
    from smithers.reports._recordings import answer_in_stream as answer_in_stream
    from smithers.reports._recordings import recorded as recorded
    from smithers.reports._recordings import settled as settled
    from smithers.reports._runs import count_statuses as count_statuses
    from smithers.reports._runs import find_run as find_run
    from smithers.reports._runs import places as places
    from smithers.reports._runs import run_ids as run_ids
    from smithers.reports._runs import runs as runs
    from smithers.reports._runs import status_of as status_of
    from smithers.reports._runs import workflow_names as workflow_names
    from smithers.reports._snapshot import compare as compare
    from smithers.reports._snapshot import explain_run as explain_run
    from smithers.reports._snapshot import inspecting as inspecting
    from smithers.reports._snapshot import snapshot as snapshot
    from smithers.reports._snapshot import snapshot_with_texts as snapshot_with_texts
    from smithers.reports._snapshot import source as source
    from smithers.reports._spending import cost_since as cost_since
    from smithers.reports._spending import run_costs as run_costs
    from smithers.reports._spending import spending as spending
    from smithers.reports._sql import Answer as Answer
    from smithers.reports._sql import sql as sql
    from smithers.reports._timeline import frame_by_frame as frame_by_frame
    from smithers.reports._timeline import some_frames as some_frames
    from smithers.reports._timeline import timeline as timeline
    from smithers.reports._transcript import transcript as transcript
    from smithers.reports._verify import verify as verify
    from smithers.reports._waking import attention as attention
    from smithers.reports._waking import is_supervised as is_supervised
    from smithers.reports._waking import resumed_through as resumed_through

_HOMES = {
    "activities": "smithers.reports._activity",
    "activity_of": "smithers.reports._activity",
    "log_size": "smithers.reports._logs",
    "changed_files": "smithers.reports._changed_files",
    "log_page": "smithers.reports._logs",
    "Answer": "smithers.reports._sql",
    "Changes": "smithers.reports._changes",
    "Look": "smithers.reports._overview",
    "MOST": "smithers.reports._events",
    "Metrics": "smithers.reports._metrics",
    "metrics_page": "smithers.reports._metrics_page",
    "Overview": "smithers.reports._overview",
    "RunsQuery": "smithers.reports._listing",
    "STATUSES": "smithers.reports._listing",
    "all_events": "smithers.reports._events",
    "attention": "smithers.reports._waking",
    "compare": "smithers.reports._snapshot",
    "cost_since": "smithers.reports._spending",
    "count_statuses": "smithers.reports._runs",
    "event_lines": "smithers.reports._events",
    "events": "smithers.reports._events",
    "explain_run": "smithers.reports._snapshot",
    "find_run": "smithers.reports._runs",
    "find_prompt": "smithers.reports._one_task",
    "find_task": "smithers.reports._one_task",
    "frame_by_frame": "smithers.reports._timeline",
    "has_runs": "smithers.reports._database",
    "inspecting": "smithers.reports._snapshot",
    "is_supervised": "smithers.reports._waking",
    "lineage": "smithers.reports._lineage",
    "likely_costs": "smithers.reports._next_work",
    "list_asks": "smithers.reports._asks",
    "logs": "smithers.reports._logs",
    "look": "smithers.reports._overview",
    "message": "smithers.reports._messages",
    "name_database": "smithers.reports._commands",
    "newest": "smithers.reports._events",
    "overview": "smithers.reports._overview",
    "places": "smithers.reports._runs",
    "raw_logs": "smithers.reports._logs",
    "reading": "smithers.reports._database",
    "past_questions": "smithers.reports._past_asks",
    "reviews": "smithers.reports._past_asks",
    "receipt": "smithers.reports._receipt",
    "RecordedRun": "smithers.reports._recordings",
    "answer_in_stream": "smithers.reports._recordings",
    "recorded": "smithers.reports._recordings",
    "settled": "smithers.reports._recordings",
    "resumed_through": "smithers.reports._waking",
    "run_costs": "smithers.reports._spending",
    "run_ids": "smithers.reports._runs",
    "runs": "smithers.reports._runs",
    "snapshot": "smithers.reports._snapshot",
    "some_frames": "smithers.reports._timeline",
    "snapshot_with_texts": "smithers.reports._snapshot",
    "source": "smithers.reports._snapshot",
    "spending": "smithers.reports._spending",
    "sql": "smithers.reports._sql",
    "standing_of": "smithers.reports._overview",
    "status_of": "smithers.reports._runs",
    "timeline": "smithers.reports._timeline",
    "transcript": "smithers.reports._transcript",
    "Head": "smithers.reports._heads",
    "Seen": "smithers.reports._feeding",
    "frames_between": "smithers.reports._feeding",
    "see": "smithers.reports._feeding",
    "id_of": "smithers.reports._events",
    "none_of": "smithers.reports._events",
    "verify": "smithers.reports._verify",
    "workflow_names": "smithers.reports._runs",
}
__all__ = [  # literal, for the checkers
    "MOST",
    "STATUSES",
    "Answer",
    "Changes",
    "Head",
    "Look",
    "Metrics",
    "Overview",
    "RecordedRun",
    "RunsQuery",
    "Seen",
    "all_events",
    "answer_in_stream",
    "attention",
    "cost_since",
    "count_statuses",
    "event_lines",
    "events",
    "explain_run",
    "find_prompt",
    "find_run",
    "find_task",
    "frame_by_frame",
    "frames_between",
    "has_runs",
    "id_of",
    "inspecting",
    "is_supervised",
    "likely_costs",
    "list_asks",
    "logs",
    "look",
    "message",
    "metrics_page",
    "name_database",
    "newest",
    "none_of",
    "overview",
    "past_questions",
    "places",
    "raw_logs",
    "reading",
    "receipt",
    "recorded",
    "resumed_through",
    "reviews",
    "run_costs",
    "run_ids",
    "runs",
    "see",
    "settled",
    "snapshot",
    "snapshot_with_texts",
    "some_frames",
    "source",
    "spending",
    "sql",
    "standing_of",
    "status_of",
    "timeline",
    "transcript",
    "verify",
    "workflow_names",
]

__getattr__ = lazily(__name__, _HOMES)
