"""A run in memory, with what is derived from its frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from datetime import datetime

from smithers import waits
from smithers.changes import (
    AttemptEnded,
    Change,
    ChoiceMade,
    Frame,
    Key,
    Large,
    ReadMade,
    Reset,
    RunStatus,
    Settled,
    StatusChanged,
    WaitClosed,
    WaitOpened,
    text_of,
)
from smithers.sources import ClaimRow
from smithers.store import Model, RunRow
from smithers.store.answers import check_number
from smithers.store.facts import Facts
from smithers.store.rows import time_text
from smithers.values import dataclass

__all__ = ["HeldRun", "Question", "Starts"]


@dataclass(kw_only=True)
class Question:
    """A question to a person: whether it is over, and what it was answered."""

    opened: WaitOpened
    over: bool = False
    answer: str | None = None


@dataclass(kw_only=True)
class Starts:
    """How often a run was started again since the frame in which it last got further."""

    frame: int
    count: int = 0
    spared: int = 0
    at: datetime
    gave_up: str | None = None
    said: str | None = None

    @property
    def counted(self) -> int:
        return self.count - self.spared


@dataclass(kw_only=True)
class HeldRun:
    """A run, and what is derived from its frames."""

    row: RunRow
    wake_at: datetime | None = None
    called: int | None = None
    starts: Starts | None = None
    status: RunStatus = "running"
    further: int = -1
    frames: list[Frame] = field(default_factory=list[Frame])
    outputs: dict[tuple[Key, int], str] = field(default_factory=dict[tuple[Key, int], str])
    facts: Facts = field(default_factory=Facts)
    models: list[Model] = field(default_factory=list[Model])
    claims: list[tuple[int, ClaimRow]] = field(default_factory=list[tuple[int, ClaimRow]])
    """Each with the first frame that its owner could write."""
    approvals: dict[tuple[Key, int], Question] = field(
        default_factory=dict[tuple[Key, int], Question]
    )

    def add(self, frame: Frame, models: Sequence[Model]) -> None:
        """Take a frame, or raise and be as before."""
        check_number(self.row.run_id, len(self.frames) - 1, frame.number)
        time_text(frame.at)  # a time without a zone is refused here as well
        self.facts.add(frame)
        for change in frame.changes:
            if isinstance(change, Settled) and (text := text_of(change.output)) is not None:
                self.outputs[change.key, frame.number] = text
        self.frames.append(_once(frame))
        self.models.extend(model for model in models if model not in self.models)
        self._note_approvals(frame)
        for change in frame.changes:
            if isinstance(change, StatusChanged):
                self.status = change.status
            elif isinstance(change, Settled | WaitClosed | ChoiceMade) or (
                isinstance(change, AttemptEnded) and change.state != "interrupted"
            ):
                self.further = frame.number

    def _note_approvals(self, frame: Frame) -> None:
        changes = sorted(frame.changes, key=lambda change: isinstance(change, WaitClosed))
        for change in changes:
            if isinstance(change, WaitOpened) and change.kind in waits.ASKING:
                self.approvals[change.key, frame.number] = Question(opened=change)
            elif isinstance(change, WaitClosed) and change.kind in waits.ASKING:
                asking = self.approvals[change.key, change.opened]
                asking.over, asking.answer = True, change.answer
            elif isinstance(change, Reset):
                for (key, opened), asking in self.approvals.items():
                    asking.over |= key == change.key and opened < frame.number


def _once(frame: Frame) -> Frame:
    """The frame without reads that are in it twice, and without the texts of large outputs."""
    reads = dict.fromkeys(change for change in frame.changes if isinstance(change, ReadMade))
    others = [_held(change) for change in frame.changes if not isinstance(change, ReadMade)]
    return replace(frame, changes=(*others, *reads))


def _held(change: Change) -> Change:
    if isinstance(change, Settled) and isinstance(change.output, Large):
        return replace(change, output=change.output.without_text())
    return change
