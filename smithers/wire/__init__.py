"""The names on the wire: what each view is as JSON, for `--json`, MCP and whoever reads either.

These names stay. A view may rename or move its fields, and a change its class; here it may not.

Names are imported when they are first used, since most commands need few of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.lazy import lazily

if TYPE_CHECKING:
    from smithers.wire._changes import change_name as change_name
    from smithers.wire._diffs import diff_json as diff_json
    from smithers.wire._diffs import source_json as source_json
    from smithers.wire._dry_runs import dry_run_json as dry_run_json
    from smithers.wire._files import changed_files_json as changed_files_json
    from smithers.wire._frames import agent_event_json as agent_event_json
    from smithers.wire._frames import end_json as end_json
    from smithers.wire._frames import entry_json as entry_json
    from smithers.wire._frames import event_json as event_json
    from smithers.wire._frames import events_page_json as events_page_json
    from smithers.wire._frames import live_frame_json as live_frame_json
    from smithers.wire._frames import log_json as log_json
    from smithers.wire._frames import message_json as message_json
    from smithers.wire._frames import note_json as note_json
    from smithers.wire._frames import timeline_json as timeline_json
    from smithers.wire._frames import timeline_parts as timeline_parts
    from smithers.wire._frames import transcript_json as transcript_json
    from smithers.wire._provenance import audit_json as audit_json
    from smithers.wire._provenance import receipt_json as receipt_json
    from smithers.wire._provenance import verified_json as verified_json
    from smithers.wire._replays import live_replay_json as live_replay_json
    from smithers.wire._replays import replay_json as replay_json
    from smithers.wire._replies import decided_json as decided_json
    from smithers.wire._replies import forked_json as forked_json
    from smithers.wire._replies import launched_json as launched_json
    from smithers.wire._replies import raised_json as raised_json
    from smithers.wire._replies import reply_json as reply_json
    from smithers.wire._replies import sent_json as sent_json
    from smithers.wire._replies import signal_receipt_json as signal_receipt_json
    from smithers.wire._reuse import reuse_json as reuse_json
    from smithers.wire._runs import activity_json as activity_json
    from smithers.wire._runs import cost_json as cost_json
    from smithers.wire._runs import graph_json as graph_json
    from smithers.wire._runs import inspection_json as inspection_json
    from smithers.wire._runs import inspection_parts as inspection_parts
    from smithers.wire._runs import line_json as line_json
    from smithers.wire._runs import question_json as question_json
    from smithers.wire._runs import run_line_json as run_line_json
    from smithers.wire._runs import summary_json as summary_json
    from smithers.wire._runs import task_json as task_json
    from smithers.wire._runs import wait_json as wait_json
    from smithers.wire._runs import why_json as why_json
    from smithers.wire._values import Json as Json
    from smithers.wire._values import dollars as dollars
    from smithers.wire._values import error_json as error_json

_HOMES = {
    "changed_files_json": "smithers.wire._files",
    "diff_json": "smithers.wire._diffs",
    "source_json": "smithers.wire._diffs",
    "reuse_json": "smithers.wire._reuse",
    "Json": "smithers.wire._values",
    "dollars": "smithers.wire._values",
    "error_json": "smithers.wire._values",
    "activity_json": "smithers.wire._runs",
    "agent_event_json": "smithers.wire._frames",
    "change_name": "smithers.wire._changes",
    "cost_json": "smithers.wire._runs",
    "dry_run_json": "smithers.wire._dry_runs",
    "end_json": "smithers.wire._frames",
    "entry_json": "smithers.wire._frames",
    "event_json": "smithers.wire._frames",
    "events_page_json": "smithers.wire._frames",
    "graph_json": "smithers.wire._runs",
    "inspection_json": "smithers.wire._runs",
    "inspection_parts": "smithers.wire._runs",
    "line_json": "smithers.wire._runs",
    "live_frame_json": "smithers.wire._frames",
    "live_replay_json": "smithers.wire._replays",
    "log_json": "smithers.wire._frames",
    "message_json": "smithers.wire._frames",
    "note_json": "smithers.wire._frames",
    "question_json": "smithers.wire._runs",
    "replay_json": "smithers.wire._replays",
    "run_line_json": "smithers.wire._runs",
    "summary_json": "smithers.wire._runs",
    "task_json": "smithers.wire._runs",
    "timeline_json": "smithers.wire._frames",
    "timeline_parts": "smithers.wire._frames",
    "transcript_json": "smithers.wire._frames",
    "audit_json": "smithers.wire._provenance",
    "receipt_json": "smithers.wire._provenance",
    "verified_json": "smithers.wire._provenance",
    "decided_json": "smithers.wire._replies",
    "forked_json": "smithers.wire._replies",
    "launched_json": "smithers.wire._replies",
    "raised_json": "smithers.wire._replies",
    "reply_json": "smithers.wire._replies",
    "sent_json": "smithers.wire._replies",
    "signal_receipt_json": "smithers.wire._replies",
    "wait_json": "smithers.wire._runs",
    "why_json": "smithers.wire._runs",
}
__all__ = [  # literal, for the checkers
    "Json",
    "activity_json",
    "agent_event_json",
    "audit_json",
    "change_name",
    "cost_json",
    "decided_json",
    "diff_json",
    "dollars",
    "dry_run_json",
    "end_json",
    "entry_json",
    "error_json",
    "event_json",
    "events_page_json",
    "forked_json",
    "graph_json",
    "inspection_json",
    "inspection_parts",
    "launched_json",
    "line_json",
    "live_frame_json",
    "live_replay_json",
    "log_json",
    "message_json",
    "note_json",
    "question_json",
    "raised_json",
    "receipt_json",
    "replay_json",
    "reply_json",
    "run_line_json",
    "sent_json",
    "signal_receipt_json",
    "source_json",
    "summary_json",
    "task_json",
    "timeline_json",
    "timeline_parts",
    "transcript_json",
    "verified_json",
    "wait_json",
    "why_json",
]

__getattr__ = lazily(__name__, _HOMES)
