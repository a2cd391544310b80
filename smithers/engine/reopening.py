"""What somebody wants of a run that is resumed, besides going on with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from smithers.changes import Frame
from smithers.engine.edited import Edited
from smithers.engine.engine import Engine
from smithers.engine.forking import check_repeatable
from smithers.engine.outputs import StoredOutputs
from smithers.engine.renaming import RENAME, Renamed, rename_frame
from smithers.engine.reusing import Reuse
from smithers.engine.settings import Request
from smithers.state import RunState
from smithers.store import History, Store
from smithers.values import dataclass

__all__ = ["Made", "Wishes", "may_be_edited"]

_UNTOLD = ("fork", "rewind", RENAME)
"""By what a run was stopped of which no owner has said yet what has changed."""


class Made(NamedTuple):
    """An engine that is prepared, what it reuses, and the frame that renames tasks before it."""

    engine: Engine
    reuse: Reuse
    renamed: Frame | None


def may_be_edited(history: History, source: str) -> bool:
    """Whether the last frame may be of other code: the last owner had other code, or wrote no
    frame.
    """
    return history.run.source != source or history.fence not in (None, history.run.fence)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """`rerun` are names of changed tasks that are done again, all of them if there are none; None
    if that is not wanted. `renames` are old ids with new ones. `again` is what else is done again.
    """

    run_id: str
    rerun: Collection[str] | None = None
    renames: Mapping[str, str] = field(default_factory=dict[str, str])
    again: Request | None = None

    @property
    def reopens(self) -> bool:
        """Whether a run that has finished goes on."""
        return self.again is not None or self.rerun is not None or bool(self.renames)

    @property
    def may_be_nothing(self) -> bool:
        """Whether a run that has finished stays as it is if nothing has changed."""
        return self.again is None and not self.renames

    def check(self, history: History) -> None:
        """Raise `Refused` for a run of which nothing is done again in place."""
        if self.reopens:
            check_repeatable(history)

    def request(self, history: History, state: RunState, source: str) -> Request | None:
        """What is done again in the first frame. Without a wish, changes are looked for if an edit
        can have made some that nobody was told.
        """
        is_told = not may_be_edited(history, source)
        if self.rerun is None and is_told and state.status.stopped_by not in _UNTOLD:
            return self.again
        return Edited(self.run_id, history.frames, self.rerun, also=self.again)

    def renamed(
        self, history: History, store: Store
    ) -> tuple[History, Frame | None, StoredOutputs]:
        """The run with its renamed tasks, the frame that renames them, and its outputs as long as
        that is not written.
        """
        if not self.renames:
            return history, None, store
        read = partial(store.output, self.run_id)
        now = datetime.now(UTC)
        frame = rename_frame(self.run_id, history.frames, self.renames, read, now)
        after = replace(history, frames=(*history.frames, frame))
        return after, frame, Renamed(store, frame)
