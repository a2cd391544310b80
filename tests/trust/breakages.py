"""Deliberate defects of the engine and of the store, and the tests that must notice each of them.

A breakage replaces functions in the process of the tests and in the commands that they start; the
product knows nothing of it. Each stands for a mistake that somebody could make tomorrow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from smithers.changes import Frame, SessionSeen
from smithers.engine import driving
from smithers.engine.engine import Engine
from smithers.engine.transition import Transition
from smithers.errors import Fenced
from smithers.kinds import Instance
from smithers.state import Attempted, RunState
from smithers.store import Claim, InboxRow, Note, Owner, memory, sqlite
from smithers.store.heartbeat import Heartbeat
from smithers.store.lease import LEASE_S, Beat
from smithers.store.rows import write

__all__ = ["BREAKAGES", "Breakage"]

TRUST = "tests/trust"
SCHEDULES = f"{TRUST}/test_schedules.py::test_a_schedule_of_crashes_and_answers_breaks_no_promise"
EDITED = f"{TRUST}/test_edits.py::test_a_run_that_is_edited_beside_crashes_keeps_its_order"
STOPPED = (
    f"{TRUST}/test_stopped_owners.py::"
    "test_a_stopped_owner_is_ended_with_its_programs_before_its_run_continues"
)
KILLED = f"{TRUST}/test_boundaries.py::test_a_kill_at_any_write_loses_nothing_that_was_acknowledged"
SYNCED = f"{TRUST}/test_boundaries.py::test_every_frame_is_synced_before_the_next_write"
RACED = f"{TRUST}/test_races.py::test_processes_that_want_one_run_at_once_get_it_one_at_a_time"
STEPPED = f"{TRUST}/test_stopped_owners.py::test_a_step_of_the_wall_clock_takes_nothing_over[86400]"


@dataclass(frozen=True, kw_only=True)
class Breakage:
    """A defect, and the test that fails by it."""

    apply: Callable[[], None]
    caught_by: str


def _nothing(*_: object) -> None:
    """In place of what was to be done."""


def _with(new: object) -> Callable[[Any], Any]:
    return lambda _: new


def _replace(where: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put what `make` makes of the old one in its place; there must be an old one."""
    setattr(where, name, make(getattr(where, name)))


# -- commits


def _commits_are_skipped() -> None:
    """Every third frame is kept in memory alone."""

    def make(old: Any) -> Any:
        async def commit(self: Any, claim: Claim, frame: Frame, *more: Any) -> Sequence[InboxRow]:
            if frame.number % 3 == 2:
                return ()
            return cast("Sequence[InboxRow]", await old(self, claim, frame, *more))

        return commit

    _replace(memory.MemoryStore, "commit", make)
    _replace(sqlite.SqliteStore, "commit", make)


def _attempts_start_before_their_frame_is_written() -> None:
    def loop(old: Any) -> Any:
        async def remember(self: Any, group: asyncio.TaskGroup) -> Any:
            self.group = group
            return await old(self, group)

        return remember

    def commit(old: Any) -> Any:
        async def late(self: Any) -> None:
            if self.claim is not None:
                for attempt in self.starting.prepared:
                    self._running[attempt.serial] = attempt
                    attempt.start(self.group, self._marks_of)
                self.starting.prepared.clear()
            await asyncio.sleep(0)
            await old(self)

        return late

    _replace(Engine, "_loop", loop)
    _replace(Engine, "_commit", commit)


def _a_frame_is_two_transactions() -> None:
    """What it says first, and the frame's own row in a second one."""

    def make(old: Any) -> Any:
        def put(db: Any, claim: Claim, frame: Frame, rows: Any, models: Any) -> None:
            write(db, rows)
            db.execute("COMMIT")
            db.execute("BEGIN IMMEDIATE")
            old(db, claim, frame, type(rows)(), models)

        return put

    _replace(sqlite, "put_frame", make)


def _nothing_is_synced() -> None:
    opening: Any = sqlite.SqliteStore.open
    assert opening.__func__.__kwdefaults__["synchronous"] == "full"
    opening.__func__.__kwdefaults__["synchronous"] = "off"


# -- owners


def _fences_are_not_checked() -> None:
    for where in (memory, sqlite):
        _replace(where, "check_claim", _with(_nothing))


def _leases_are_not_checked() -> None:
    def make(old: Any) -> Any:
        async def claim(self: Any, run_id: str, owner: Owner, **more: Any) -> Any:
            self._alive = _nothing
            return await old(self, run_id, owner, **more)

        return claim

    _replace(memory.MemoryStore, "claim", make)
    _replace(sqlite.SqliteStore, "_refuse_if_held", _with(_nothing))


def _leases_age_by_the_wall_clock() -> None:
    def lease_of(beat: Beat, *, now: datetime, **_: Any) -> str:
        age_s = (now - beat.beat_at).total_seconds()
        return "held" if abs(age_s) <= LEASE_S else "expired"

    _replace(sqlite, "lease_of", _with(lease_of))


def _a_stale_owner_goes_on() -> None:
    """It is refused, and takes no notice."""

    def make(old: Any) -> Any:
        async def commit(self: Any) -> None:
            try:
                await old(self)
            except Fenced:
                return

        return commit

    _replace(Engine, "_commit", make)


def _programs_live_on_after_a_takeover() -> None:
    async def clear_away(*_: Any) -> None:
        return

    _replace(driving, "clear_away", _with(clear_away))


def _a_process_does_not_beat() -> None:
    _replace(Heartbeat, "_beat_all", _with(_nothing))


# -- what is known after a crash


def _interrupted_attempts_are_forgotten() -> None:
    def running(_: RunState) -> list[Attempted]:
        return []

    _replace(RunState, "running", _with(running))


def _loaded(forget: Callable[[RunState], None]) -> None:
    """What a new owner folds of the frames that were written lacks something."""

    def make(_: Any) -> Any:
        def of(cls: type[RunState], frames: Iterable[Frame]) -> RunState:
            state = cls()
            for frame in frames:
                state.apply_frame(frame)
            forget(state)
            return state

        return classmethod(of)

    _replace(RunState, "of", make)


def _finished_tasks_run_again() -> None:
    def forget(state: RunState) -> None:
        tasks = [key for key in state.ended if state.tries.get(key)]
        if tasks and state.run_status == "running":
            del state.ended[tasks[-1]]

    _loaded(forget)


def _choices_are_made_again() -> None:
    _loaded(lambda state: state.choices.clear())


# -- what others were told


def _answers_are_acknowledged_before_they_are_written() -> None:
    def make(old: Any) -> Any:
        async def offer(self: Any, note: Note) -> InboxRow:
            if note.kind != "answer":
                return cast("InboxRow", await old(self, note))
            at = datetime.now(UTC)
            return InboxRow(run_id=note.run_id, kind=note.kind, body=note.body, at=at, id=1)

        return offer

    _replace(sqlite.SqliteStore, "offer", make)


def _sessions_are_told_before_they_are_written() -> None:
    def make(old: Any) -> Any:
        async def keep(self: Any, change: Any) -> None:
            if not isinstance(change, SessionSeen):
                return cast("None", await old(self, change))
            self._promises.ask(change)
            self._wake.set()

        return keep

    _replace(Engine, "keep", make)


def _the_inbox_is_read_too_far() -> None:
    """A frame says that it took one note more than it did."""

    def make(old: Any) -> Any:
        def frame(self: Transition, at: datetime) -> Frame:
            made: Frame = old(self, at)
            return replace(made, inbox=made.inbox + 1)

        return frame

    _replace(Transition, "frame", make)


def _a_cancel_counts_as_taken_when_it_is_heard() -> None:
    def make(old: Any) -> Any:
        def note(self: Any, row: InboxRow) -> None:
            old(self, row)
            self.state.inbox = max(self.state.inbox, row.id)

        return note

    _replace(Engine, "_note", make)


def _an_end_counts_before_its_turn() -> None:
    _replace(Instance, "waits_for_order", _with(property(lambda self: False)))


BREAKAGES: dict[str, Breakage] = {
    "an end counts before its turn": Breakage(
        apply=_an_end_counts_before_its_turn, caught_by=EDITED
    ),
    "commits are skipped": Breakage(apply=_commits_are_skipped, caught_by=SCHEDULES),
    "attempts start before their frame is written": Breakage(
        apply=_attempts_start_before_their_frame_is_written, caught_by=SCHEDULES
    ),
    "a frame is two transactions": Breakage(
        apply=_a_frame_is_two_transactions, caught_by=f"{KILLED}[fans]"
    ),
    "nothing is synced": Breakage(apply=_nothing_is_synced, caught_by=SYNCED),
    "fences are not checked": Breakage(apply=_fences_are_not_checked, caught_by=SCHEDULES),
    "leases are not checked": Breakage(apply=_leases_are_not_checked, caught_by=SCHEDULES),
    "leases age by the wall clock": Breakage(
        apply=_leases_age_by_the_wall_clock, caught_by=STEPPED
    ),
    "a stale owner goes on": Breakage(apply=_a_stale_owner_goes_on, caught_by=SCHEDULES),
    "programs live on after a takeover": Breakage(
        apply=_programs_live_on_after_a_takeover, caught_by=STOPPED
    ),
    "a process does not beat": Breakage(
        apply=_a_process_does_not_beat,
        caught_by="tests/store/test_sqlite_care.py::test_a_process_beats_until_its_store_is_closed",
    ),
    "interrupted attempts are forgotten": Breakage(
        apply=_interrupted_attempts_are_forgotten, caught_by=SCHEDULES
    ),
    "finished tasks run again": Breakage(apply=_finished_tasks_run_again, caught_by=SCHEDULES),
    "choices are made again": Breakage(
        apply=_choices_are_made_again, caught_by=f"{KILLED}[fickle]"
    ),
    "answers are acknowledged before they are written": Breakage(
        apply=_answers_are_acknowledged_before_they_are_written, caught_by=f"{RACED}[decisions]"
    ),
    "sessions are told before they are written": Breakage(
        apply=_sessions_are_told_before_they_are_written, caught_by=SCHEDULES
    ),
    "the inbox is read too far": Breakage(apply=_the_inbox_is_read_too_far, caught_by=SCHEDULES),
    "a cancel counts as taken when it is heard": Breakage(
        apply=_a_cancel_counts_as_taken_when_it_is_heard,
        caught_by="tests/review/test_cancel.py",
    ),
}
