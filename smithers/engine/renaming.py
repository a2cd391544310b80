"""A task that an edit has given another id: what its old id has counts for the new one.

That is a frame of its own, before the run is resumed. Its rows are copies under the new id: how the
task ended, what it read and who read it, what it was asked and by whom that was answered, and its
attempts, whose `origin` is the run itself, so that what they used counts once. The rows of the old
id stay as they are; it leaves the tree with the next frame.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from smithers import waits
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    CameUp,
    Change,
    ChoiceMade,
    FailureHandled,
    Frame,
    Key,
    Large,
    NodeMounted,
    ReadMade,
    SessionSeen,
    Settled,
    StatusChanged,
    WaitClosed,
    WaitOpened,
    held,
    text_of,
)
from smithers.engine.decisions import ended_waits
from smithers.errors import Refused
from smithers.kinds import Definition, made_again
from smithers.shapes import is_container
from smithers.state import RunState
from smithers.store import Store
from smithers.tree import did_you_mean
from smithers.values import dataclass

__all__ = ["RENAME", "Renamed", "check_mounted", "parse_renames", "rename_frame"]

RENAME = "rename"
"""By what a run was stopped between that frame and its resume."""
Text = Callable[[Key, int], str]
"""The text of a large output, by the frame in which it was given."""


def parse_renames(given: Sequence[str]) -> dict[str, str]:
    """The old ids with the new ones, of `OLD=NEW` as it is typed. Raises `Refused`."""
    found: dict[str, str] = {}
    for one in given:
        old, equals, new = one.partition("=")
        if not (old and equals and new):
            raise Refused(f"{one!r} names no two ids", hint="write --rename OLD=NEW")
        if (
            old == new
            or old in found
            or old in found.values()
            or new in found
            or new in found.values()
        ):
            raise Refused(f"--rename {one} names an id twice", hint="write --rename OLD=NEW")
        found[old] = new
    return found


def rename_frame(
    run_id: str, frames: Sequence[Frame], renames: Mapping[str, str], text: Text, at: datetime
) -> Frame:
    """The frame after which the new ids have what the old ones had. Raises `Refused`."""
    state = RunState.of(frames)
    for old, new in renames.items():
        _check(run_id, state, old, new)
    copied = _Copies(run_id, frames, state, renames, text)
    return Frame(
        number=state.frame + 1,
        at=at,
        changes=(*copied.changes(), StatusChanged(status="running", stopped_by=RENAME)),
        inbox=state.inbox,
    )


def _check(run_id: str, state: RunState, old: str, new: str) -> None:
    row = _row(state, old)
    if row is None:
        guess = did_you_mean(old, state.nodes)
        raise Refused(
            f"run {run_id} has no task {old!r}{guess and f': {guess}'}",
            hint=f"`smithers inspect {shlex.quote(run_id)}` shows its tasks",
        )
    if is_container(row.kind):
        raise Refused(
            f"{old!r} is a {row.kind}, and only tasks can be renamed",
            hint="give it the id again that it had, or keep its place if it had none",
        )
    known = {*state.ended, *state.came_up, *state.tries}
    if _row(state, new) is not None or any(key.id == new for key in known):
        raise Refused(
            f"run {run_id} has rows of {new!r} already",
            hint="give the task an id in the file that the run has never had",
        )
    kept = (*waits.SETTLING, *waits.ASKING, waits.ATTACHED)
    for key, kind in state.waits:
        if key.id == old and kind in kept:
            raise Refused(
                f"{old!r} waits, and what ends that may be on its way",
                hint="resume the run under the old id until the wait is over, then rename the task",
            )


def _row(state: RunState, id: str) -> NodeMounted | None:
    return state.nodes.get(id) or state.gone.get(id)


def check_mounted(
    state: RunState, renames: Mapping[str, str], by_id: Mapping[str, Definition]
) -> None:
    """Check that the file has the new ids in place of the old ones. Raises `Refused`."""
    for old, new in renames.items():
        row, one = _row(state, old), by_id.get(new)
        if old in by_id:
            raise Refused(
                f"the workflow still has a task {old!r}", hint=f"name it {new!r} in the file"
            )
        if one is None:
            guess = did_you_mean(new, by_id)
            raise Refused(
                f"the workflow has no task {new!r}{guess and f': {guess}'}",
                hint="name the id that the task has in the file now",
            )
        if row is not None and one.node.kind != row.kind:
            raise Refused(
                f"{old!r} is a {row.kind}, and {new!r} a {one.node.kind}",
                hint="a task that is renamed keeps its kind",
            )
        depths = {len(key.path) for key in state.ended if key.id == old}
        if depths - {len(one.loops)}:
            raise Refused(
                f"{old!r} ran in another number of loops than {new!r} has around it",
                hint="a task that is renamed keeps the loops around it",
            )


class Renamed:
    """The outputs of a run whose renaming frame is not written yet."""

    def __init__(self, store: Store, frame: Frame) -> None:
        self._store = store
        self._number = frame.number
        self._texts = {
            change.key: text_of(change.output)
            for change in frame.changes
            if isinstance(change, Settled)
        }

    def output(self, run_id: str, key: Key, frame: int) -> str:
        text = self._texts.get(key) if frame == self._number else None
        return self._store.output(run_id, key, frame) if text is None else text


@dataclass(frozen=True)
class _Copies:
    """The rows of tasks under their new ids."""

    run_id: str
    frames: Sequence[Frame]
    state: RunState
    renames: Mapping[str, str]
    text: Text

    def changes(self) -> Iterator[Change]:
        yield from self._ends()
        yield from self._reads()
        yield from self._choices()
        yield from self._questions()
        yield from self._attempts()

    def _new(self, key: Key) -> Key | None:
        new = self.renames.get(key.id)
        return None if new is None else Key(new, key.path)

    def _ends(self) -> Iterator[Change]:
        models = {
            (change.key, frame.number): change.model
            for frame in self.frames
            for change in frame.changes
            if isinstance(change, Settled) and change.key.id in self.renames
        }
        number = self.state.frame + 1
        for key, ended in self.state.ended.items():
            if (new := self._new(key)) is None:
                continue
            output = ended.output
            if isinstance(output, Large):
                output = held(self.text(key, ended.frame))
            yield CameUp(key=new)
            yield Settled(
                key=new,
                outcome=ended.outcome,
                error=ended.error,
                output=output,
                model=models[key, ended.frame],
                type=ended.type,
                came_up=number,
                set_by=ended.set_by,
            )
            if key in self.state.handled:
                yield FailureHandled(key=new)

    def _reads(self) -> Iterator[Change]:
        """What a renamed task has read keeps the frames of its reads."""
        for reader, sources in self.state.reads.items():
            for source, at in sources.items():
                new_reader, new_source = self._new(reader), self._new(source)
                if new_reader is None and new_source is None:
                    continue
                yield ReadMade(
                    reader=new_reader or reader,
                    source=new_source or source,
                    at=at if new_source is None else self.state.frame + 1,
                )

    def _choices(self) -> Iterator[Change]:
        for (key, kind), choice in self.state.choices.items():
            if (new := self._new(key)) is not None:
                value = made_again(self.state, key) if kind == "rework" else choice.value
                yield ChoiceMade(key=new, kind=kind, value=value, children=choice.children)

    def _questions(self) -> Iterator[Change]:
        """The last question of each that a person has answered, so that it is still compared with
        what the file asks.
        """
        answered: dict[tuple[Key, waits.WaitKind], tuple[WaitOpened, str]] = {}
        for _, opened, closed in ended_waits(self.frames):
            if opened.kind in waits.ASKING and closed.answer is not None:
                answered[opened.key, opened.kind] = opened, closed.answer
        number = self.state.frame + 1
        for (key, kind), (opened, answer) in answered.items():
            if (new := self._new(key)) is not None and key in self.state.answers:
                yield replace(opened, key=new)
                yield WaitClosed(key=new, kind=kind, opened=number, answer=answer)

    def _attempts(self) -> Iterator[Change]:
        begun = {
            change.serial: change
            for frame in self.frames
            for change in frame.changes
            if isinstance(change, AttemptStarted)
        }
        serial = self.state.last_serial
        for one in list(self.state.attempts.values()):
            new = self._new(one.key)
            if new is None or not one.counts:
                continue
            serial += 1
            started = begun[one.serial]
            yield replace(started, serial=serial, key=new, origin=started.origin or "")
            if one.session is not None and one.session != started.session:
                yield SessionSeen(serial=serial, session=one.session)
            at = one.ended_at or self.state.at or one.started_at
            state = "interrupted" if one.state == "running" else one.state
            yield AttemptEnded(serial=serial, state=state, error=one.error, at=at, turn=one.turn)
