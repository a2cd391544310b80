"""What happens in a run as JSON: its frames, and what its agents say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from smithers.store.rows import time_text
from smithers.views import (
    Summary,
)
from smithers.wire._changes import change_json
from smithers.wire._runs import forked_from_json, summary_json, usage_json

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.views import (
        EventsPage,
        ForkView,
        FrameView,
        Lineage,
        LogEvent,
        MessageView,
        TimelineView,
        TranscriptEntry,
        TranscriptPage,
    )
    from smithers.wire._values import Json

__all__ = [
    "agent_event_json",
    "end_json",
    "entry_json",
    "event_json",
    "events_page_json",
    "live_frame_json",
    "log_json",
    "message_json",
    "note_json",
    "timeline_json",
    "timeline_parts",
    "transcript_json",
]


def timeline_json(view: TimelineView) -> Json:
    parts = timeline_parts(view.run_id, iter(view.frames), view.lineage)
    return {**parts, "frames": list(parts["frames"])}


def timeline_parts(run_id: str, frames: Iterator[FrameView], lineage: Lineage) -> Json:
    """The same with an iterator in place of the list of frames."""
    return {
        "version": 1,
        "run_id": run_id,
        **forked_from_json(lineage.forked_from),
        "forks": [_fork(one) for one in lineage.forks],
        "frames": map(_frame, frames),
    }


def _fork(fork: ForkView) -> Json:
    return {
        "run_id": fork.run_id,
        "frame": fork.frame,
        "status": fork.status,
        "forks": [_fork(one) for one in fork.forks],
    }


def events_page_json(page: EventsPage) -> Json:
    return {
        "version": 1,
        "run_id": page.run_id,
        "status": page.status,
        "events": [event_json(frame) for frame in page.frames],
        "cursor": page.cursor,
        "more": page.more,
    }


def event_json(event: FrameView | Summary) -> Json:
    """A frame of which each change has its number, or the state in which a run was left."""
    if isinstance(event, Summary):
        return end_json(summary_json(event))
    frame = _frame(event)
    changes = [{"n": n, **one} for n, one in enumerate(frame["changes"], event.first)]
    return {"event": "frame", "cursor": event.cursor, **frame, "changes": changes}


def end_json(document: Mapping[str, Any]) -> Json:
    """The last event: how a run was left."""
    return {"event": "end", **document}


def live_frame_json(view: FrameView) -> Json:
    """A frame as `up --events` gives it."""
    return {"event": "frame", **_frame(view)}


def agent_event_json(key: Key, attempt: int | None, payload: Mapping[str, object]) -> Json:
    """An event of an attempt as `up --events` gives it."""
    fields = dict(payload)
    kind = fields.pop("event")
    where = {"task": key.id, "iteration": list(key.path), "attempt": attempt}
    return {"event": "agent", **where, "kind": kind, **fields}


def note_json(text: str) -> Json:
    return {"event": "note", "text": text}


def log_json(event: LogEvent) -> Json:
    attempt = event.attempt
    return {
        "task": attempt.key.id,
        "iteration": list(attempt.key.path),
        "attempt": attempt.number,
        "agent": attempt.agent,
        **event.payload,
    }


def transcript_json(page: TranscriptPage) -> Json:
    entries = [entry_json(one) for one in page.entries]
    return {"entries": entries, "cursor": page.cursor, "more": page.more}


def entry_json(entry: TranscriptEntry) -> Json:
    return {"attempt": entry.attempt, "iteration": list(entry.iteration), "text": entry.text}


def message_json(view: MessageView) -> Json:
    return {"state": view.state, "attempt": view.attempt, "agent": view.agent}


def _frame(view: FrameView) -> Json:
    changes = [change_json(one) for one in view.changes]
    why = {} if view.why is None else {"why": view.why}
    so_far = {} if view.so_far is None else {"usage": usage_json(view.so_far)}
    return {"frame": view.number, "at": time_text(view.at), **why, **so_far, "changes": changes}
