"""What happened in a run: events, frames, logs and transcripts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from smithers import reports, views
from smithers.hub._core import HubCore

if TYPE_CHECKING:
    from smithers.views import (
        EventsPage,
        FrameView,
        GraphView,
        Lineage,
        LinesPage,
        LogEvent,
        LogPage,
        Summary,
        TimelineView,
        TranscriptPage,
    )

__all__ = ["Following"]


class Following(HubCore):
    """The reads of a run's history."""

    def transcript(
        self, run_id: str, task: str, after: str | None, characters: int
    ) -> TranscriptPage:
        """What the agent of a task did after a cursor, in at most `characters` of JSON."""
        return reports.transcript(self.database, run_id, task, after, characters)

    def event_lines(self, run_id: str, after: str | None, characters: int) -> LinesPage:
        """A run's events after a cursor as short lines, in at most `characters` of JSON."""
        return reports.event_lines(self.database, run_id, after, characters)

    def timeline(self, run_id: str) -> TimelineView:
        """A run frame by frame."""
        return reports.timeline(self.database, run_id)

    def lineage(self, run_id: str) -> Lineage:
        """What a run is a fork of, and its forks."""
        return reports.lineage(self.database, run_id)

    def frame_by_frame(
        self, run_id: str, *, outputs: bool = True
    ) -> AbstractContextManager[Iterator[FrameView]]:
        """The same frames one by one; without `outputs`, those of more than 4096 bytes are None."""
        return reports.frame_by_frame(self.database, run_id, outputs=outputs)

    def frames(self, run_id: str, first: int, last: int) -> list[FrameView]:
        """Those frames that a run has of these, without large outputs."""
        return reports.some_frames(self.database, run_id, first, last)

    def events(
        self, run_id: str, after: str | None = None, *, limit: int | None = None
    ) -> EventsPage:
        """A page of a run's events after a cursor, at most `limit` of them (None: 1,000), and the
        next cursor. Raises `Refused` if the cursor is not valid.
        """
        most = reports.MOST if limit is None else limit
        return reports.events(self.database, run_id, after, limit=most)

    def all_events(
        self,
        run_id: str,
        after: str | None = None,
        *,
        follow: bool = False,
        outputs: bool = True,
    ) -> Iterator[FrameView | Summary]:
        """The same events frame by frame; with `follow`, as they happen, and at the end the state
        in which the run was left. Without `outputs`, those of more than 4096 bytes are None.
        """
        return reports.all_events(self.database, run_id, after, follow=follow, outputs=outputs)

    def newest(self, run_id: str) -> str | None:
        """The cursor of the run's latest event, or None if it has none."""
        return reports.newest(self.database, run_id)

    def graph(self, run_id: str) -> GraphView:
        """The tree of a run with its states."""
        return views.graph(self._snapshot(run_id))

    def logs(
        self, run_id: str, task: str | None = None, *, follow: bool = False
    ) -> Iterator[LogEvent]:
        """The output of a run's attempts; with `follow`, as it is written."""
        return reports.logs(self.database, run_id, task, follow=follow)

    def log_page(
        self, run_id: str, task: str, *, after: str | None = None, before: str | None = None
    ) -> LogPage:
        """The output of a task's attempts after a cursor; without one, the last of it, or of what
        was before `before`.
        """
        return reports.log_page(self.database, run_id, task, after=after, before=before)

    def log_size(self, run_id: str, task: str) -> int:
        """How many bytes the output of a task's attempts has: it grows while they work."""
        return reports.log_size(self.database, run_id, task)

    def raw_logs(
        self, run_id: str, task: str | None = None, *, follow: bool = False
    ) -> Iterator[bytes]:
        """The programs' own streams, line by line."""
        return reports.raw_logs(self.database, run_id, task, follow=follow)
