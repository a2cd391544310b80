"""The store in memory: the same promises, for simulations and tests. Nothing outlives the process.

Other "processes" are other owners of the same store; whether an owner lives is told by `alive`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from smithers.changes import Frame, Key, ReadMade, Reset, WaitClosed, WaitOpened
from smithers.errors import Refused, RunExists, UnknownRun
from smithers.store import (
    Claim,
    Claimed,
    Cooldown,
    History,
    InboxRow,
    Model,
    NewRun,
    Note,
    Owner,
    ProcessRow,
    RunRow,
)
from smithers.store.answers import Asked, check_answer, check_claim, check_number, owned
from smithers.store.facts import Facts
from smithers.store.lease import utc_now
from smithers.store.rows import time_text

__all__ = ["MemoryStore"]


@dataclass(kw_only=True)
class _Asking:
    """An approval wait: whether it is over, and what it was answered."""

    opened: WaitOpened
    over: bool = False
    answer: str | None = None


@dataclass(kw_only=True)
class _Run:
    """A run, and what is derived from its frames."""

    row: RunRow
    frames: list[Frame] = field(default_factory=list[Frame])
    facts: Facts = field(default_factory=Facts)
    models: list[Model] = field(default_factory=list[Model])
    approvals: dict[tuple[Key, int], _Asking] = field(
        default_factory=dict[tuple[Key, int], _Asking]
    )

    def add(self, frame: Frame, models: Sequence[Model]) -> None:
        """Take a frame, or raise and be as before."""
        check_number(self.row.run_id, len(self.frames) - 1, frame.number)
        time_text(frame.at)  # a time without a zone is refused here as well
        self.facts.add(frame)
        self.frames.append(_once(frame))
        self.models.extend(model for model in models if model not in self.models)
        self._note_approvals(frame)

    def _note_approvals(self, frame: Frame) -> None:
        changes = sorted(frame.changes, key=lambda change: isinstance(change, WaitClosed))
        for change in changes:
            if isinstance(change, WaitOpened) and change.kind == "approval":
                self.approvals[change.key, frame.number] = _Asking(opened=change)
            elif isinstance(change, WaitClosed) and change.kind == "approval":
                asking = self.approvals[change.key, change.opened]
                asking.over, asking.answer = True, change.answer
            elif isinstance(change, Reset):
                for (key, opened), asking in self.approvals.items():
                    asking.over |= key == change.key and opened < frame.number


class MemoryStore:
    """A `Store` that keeps everything in this object."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = utc_now,
        alive: Callable[[Owner], bool] = lambda _: True,
    ) -> None:
        self._now = now
        self._alive = alive
        self._runs: dict[str, _Run] = {}
        self._owners: dict[str, Owner] = {}
        self._inbox: list[InboxRow] = []
        self._processes: dict[ProcessRow, None] = {}
        self._cooldowns: dict[str, Cooldown] = {}
        self._offered = False

    async def create(
        self, run: NewRun, owner: Owner, frame: Frame, models: Sequence[Model] = ()
    ) -> Claim:
        """Begin a run with its frame 0, owned by `owner`. Raises `RunExists`."""
        check_number(run.run_id, -1, frame.number)
        if run.run_id in self._runs:
            raise RunExists(f"there is a run {run.run_id} already", hint="choose another id")
        begun = _Run(row=_run_row(run, owner))
        begun.add(frame, models)
        self._runs[run.run_id] = begun
        self._owners[owner.id] = owner
        return Claim(run_id=run.run_id, owner=owner.id, fence=1)

    async def claim(self, run_id: str, owner: Owner, *, source: str) -> Claimed:
        """Take a run that nobody alive owns. Raises `UnknownRun` or `Owned`."""
        run = self._run(run_id)
        if run.row.owner is not None:
            holder = self._owners[run.row.owner]
            if holder.id == owner.id or self._alive(holder):
                raise owned(run_id, holder, 0.0)
        run.row = replace(run.row, owner=owner.id, fence=run.row.fence + 1, source=source)
        self._owners[owner.id] = owner
        left = (row for row in self._processes if row.run_id == run_id)
        here = [row for row in left if self._host(row.owner, owner.host) == owner.host]
        here.sort(key=lambda row: (row.serial, row.pid))
        claim = Claim(run_id=run_id, owner=owner.id, fence=run.row.fence)
        return Claimed(claim=claim, frame=len(run.frames) - 1, processes=tuple(here))

    async def commit(
        self,
        claim: Claim,
        frame: Frame,
        models: Sequence[Model] = (),
        cooldowns: Sequence[Cooldown] = (),
    ) -> Sequence[InboxRow]:
        """Keep a frame, and give the inbox rows above `frame.inbox`. Raises `Fenced`."""
        run = self._run(claim.run_id)
        check_claim(claim, run.row.fence, run.row.owner)
        run.add(frame, models)
        for one in cooldowns:
            known = self._cooldowns.get(one.key)
            if known is None or one.until > known.until:
                self._cooldowns[one.key] = one
        return await self.inbox(claim, frame.inbox)

    async def cooldowns(self) -> Sequence[Cooldown]:
        """The last cooldown of each key."""
        return sorted(self._cooldowns.values(), key=lambda one: one.key)

    async def end_cooldown(self, key: str) -> bool:
        """Forget a key; whether it was known."""
        return self._cooldowns.pop(key, None) is not None

    async def inbox(self, claim: Claim, after: int) -> Sequence[InboxRow]:
        """The inbox rows with ids above `after`."""
        return [row for row in self._inbox[after:] if row.run_id == claim.run_id]

    async def release(self, claim: Claim) -> None:
        """Give the run back. A stale claim releases nothing."""
        run = self._runs.get(claim.run_id)
        if run and (run.row.fence, run.row.owner) == (claim.fence, claim.owner):
            run.row = replace(run.row, owner=None)

    async def load(self, run_id: str) -> History:
        """The run and all its frames. Raises `UnknownRun`."""
        run = self._run(run_id)
        return History(run=run.row, frames=tuple(run.frames))

    async def offer(self, note: Note) -> InboxRow:
        """Put a note into the inbox. Raises `UnknownRun`, `AlreadyDecided` or `Refused`."""
        run = self._run(note.run_id)
        if note.kind == "answer":
            self._check_answer(run, note)
        row = InboxRow(
            run_id=note.run_id,
            kind=note.kind,
            key=note.key,
            opened=note.opened,
            body=note.body,
            at=note.at,
            id=len(self._inbox) + 1,
        )
        self._inbox.append(row)
        self._offered = True
        return row

    async def add_process(self, row: ProcessRow) -> None:
        """Remember a process of an attempt."""
        self._processes[row] = None

    async def remove_processes(self, owner: str, run_id: str, serial: int) -> None:
        """Forget the processes of an attempt that has ended."""
        wanted = (owner, run_id, serial)
        for row in list(self._processes):
            if (row.owner, row.run_id, row.serial) == wanted:
                del self._processes[row]

    async def processes(self) -> Sequence[ProcessRow]:
        return list(self._processes)

    async def changed(self) -> bool:
        """Whether a note was offered since the last call."""
        offered, self._offered = self._offered, False
        return offered

    async def close(self) -> None:
        """Nothing to release; the runs stay readable as long as this object."""

    def _run(self, run_id: str) -> _Run:
        if (run := self._runs.get(run_id)) is None:
            raise UnknownRun(f"there is no run {run_id}")
        return run

    def _host(self, owner_id: str, otherwise: str) -> str:
        owner = self._owners.get(owner_id)
        return owner.host if owner else otherwise

    def _check_answer(self, run: _Run, note: Note) -> None:
        if note.key is None or note.opened is None:
            raise Refused("an answer must name the task and the frame in which it was asked")
        wait = (note.run_id, note.key, note.opened)
        answers = (row for row in self._inbox if row.kind == "answer")
        first = next((r.body for r in answers if (r.run_id, r.key, r.opened) == wait), None)
        asking = run.approvals.get((note.key, note.opened))
        asked = None
        if asking:
            asked = Asked(over=asking.over, answer=asking.answer, due=asking.opened.due)
        check_answer(note, first, asked, self._now())


def _run_row(run: NewRun, owner: Owner) -> RunRow:
    return RunRow(
        run_id=run.run_id,
        workflow=run.workflow,
        file=run.file,
        folder=run.folder,
        interpreter=run.interpreter,
        environment=run.environment,
        input=run.input,
        source=run.source,
        created_at=run.created_at,
        owner=owner.id,
        fence=1,
    )


def _once(frame: Frame) -> Frame:
    """The frame without reads that it tells twice."""
    reads = dict.fromkeys(change for change in frame.changes if isinstance(change, ReadMade))
    others = [change for change in frame.changes if not isinstance(change, ReadMade)]
    return replace(frame, changes=(*others, *reads))
