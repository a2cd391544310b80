"""The names on the wire: what each view is as JSON, for `--json`, MCP and whoever reads either.

These names stay. A view may rename or move its fields, and a change its class; here it may not.
"""

from __future__ import annotations

from smithers.wire._changes import change_name
from smithers.wire._frames import (
    agent_event_json,
    end_json,
    entry_json,
    event_json,
    events_page_json,
    live_frame_json,
    log_json,
    message_json,
    note_json,
    timeline_json,
    timeline_parts,
    transcript_json,
)
from smithers.wire._runs import (
    activity_json,
    cost_json,
    graph_json,
    inspection_json,
    inspection_parts,
    line_json,
    question_json,
    run_line_json,
    summary_json,
    task_json,
    wait_json,
    why_json,
)
from smithers.wire._values import Json, from_json

__all__ = [
    "Json",
    "activity_json",
    "agent_event_json",
    "change_name",
    "cost_json",
    "end_json",
    "entry_json",
    "event_json",
    "events_page_json",
    "from_json",
    "graph_json",
    "inspection_json",
    "inspection_parts",
    "line_json",
    "live_frame_json",
    "log_json",
    "message_json",
    "note_json",
    "question_json",
    "run_line_json",
    "summary_json",
    "task_json",
    "timeline_json",
    "timeline_parts",
    "transcript_json",
    "wait_json",
    "why_json",
]
