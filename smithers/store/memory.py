"""The store in memory: the same promises, for simulations and tests. Nothing outlives the process.

Other "processes" are other owners of the same store; whether an owner lives is told by `alive`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from smithers import waits
from smithers.allowed import AllowRuns, check_start
from smithers.changes import (
    ENDED,
    AttemptStarted,
    Frame,
    Key,
    SignalGiven,
    StatusChanged,
    UsageCounted,
)
from smithers.errors import Refused, RunExists, UnknownRun
from smithers.forms import Form
from smithers.inbox import CANCEL, CHILD_ENDED, SIGNAL
from smithers.signals import SentSignal, sent_of, signal_of
from smithers.sources import ClaimRow, Code, SourceFile
from smithers.state import RunState
from smithers.store import (
    Below,
    CachedAnswer,
    Claim,
    Claimed,
    Cooldown,
    CountFree,
    History,
    InboxRow,
    Model,
    NewRun,
    Note,
    Owner,
    ProcessRow,
    Revival,
    RunRow,
    Wakeable,
    Why,
)
from smithers.store.answers import Asked, check_answer, check_claim, check_number, owned
from smithers.store.below import stop_body, used_by_attempts
from smithers.store.cooldowns import supersedes
from smithers.store.forking import check_frame, fork_ids, forked_frames, forked_from
from smithers.store.held import HeldRun, Starts
from smithers.store.inbox import end_body, end_of
from smithers.store.kin import chain_above, left_below, open_children, open_started, used_below
from smithers.store.lease import utc_now
from smithers.store.outputs import no_output
from smithers.store.signals import Listening, check_signal, free
from smithers.store.waking import MOST_STARTS, pause_s, reason_to_wake, told_up

__all__ = ["MemoryStore"]


_NOBODY = Owner(id="", host="", pid=0, started="")


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
        self._runs: dict[str, HeldRun] = {}
        self._owners: dict[str, Owner] = {}
        self._inbox: list[InboxRow] = []
        self._signals: dict[tuple[str, str], SentSignal] = {}
        self._processes: dict[tuple[str, int, int, str], ProcessRow] = {}
        self._cooldowns: dict[str, Cooldown] = {}
        self.answers: dict[str, CachedAnswer] = {}
        self._seen: dict[str, int] = {}
        self._seat: Owner | None = None
        self._files: dict[str, Sequence[SourceFile]] = {}

    async def create(
        self,
        run: NewRun,
        owner: Owner,
        frame: Frame,
        models: Sequence[Model] = (),
        code: Code | None = None,
    ) -> Claim:
        """Begin a run with its frame 0, owned by `owner`. Raises `RunExists` or `Refused`."""
        check_number(run.run_id, -1, frame.number)
        if run.run_id in self._runs:
            raise RunExists(f"run {run.run_id} already exists", hint="choose another id")
        if run.parent is not None and run.is_started_below:
            check_start(chain_above(self._runs, run.parent.run_id))
        begun = HeldRun(row=_run_row(run, owner))
        begun.add(frame, models)
        self._runs[run.run_id] = begun
        self._note_claim(begun, run.source, run.created_at, code, frame=0)
        self._owners[owner.id] = owner
        self._tell_parent(run, frame)
        return Claim(run_id=run.run_id, owner=owner.id, fence=1)

    async def claim(
        self,
        run_id: str,
        owner: Owner,
        *,
        source: str,
        file: str | None = None,
        allow_runs: AllowRuns | None = None,
        options: str | None = None,
        code: Code | None = None,
    ) -> Claimed:
        """Take a run that nobody alive owns. Raises `UnknownRun` or `Owned`."""
        run = self._run(run_id)
        previous = None
        if run.row.owner is not None:
            holder = self._owners[run.row.owner]
            if holder.id == owner.id or self._alive(holder):
                raise owned(run_id, holder, 0.0)
            previous = holder if holder.host == owner.host else None
        run.row = replace(
            run.row,
            owner=owner.id,
            fence=run.row.fence + 1,
            source=source,
            file=run.row.file if file is None else file,
            options=run.row.options if options is None else options,
            allow_runs=allow_runs or run.row.allow_runs,
        )
        self._note_claim(run, source, self._now(), code, frame=len(run.frames))
        run.wake_at = None
        if run.starts is not None and run.starts.gave_up is not None:
            run.starts = None
        self._owners[owner.id] = owner
        left = (row for row in self._processes.values() if row.run_id == run_id)
        here = [row for row in left if self._host(row.owner, owner.host) == owner.host]
        here.sort(key=lambda row: (row.serial, row.pid))
        claim = Claim(run_id=run_id, owner=owner.id, fence=run.row.fence)
        return Claimed(
            claim=claim, frame=len(run.frames) - 1, processes=tuple(here), previous=previous
        )

    async def reclaim(
        self, claim: Claim, *, source: str, allow_runs: AllowRuns, code: Code | None = None
    ) -> Claim:
        """Own a run further, with other code. Raises `Fenced`."""
        run = self._run(claim.run_id)
        check_claim(claim, run.row.fence, run.row.owner)
        fence = run.row.fence + 1
        run.row = replace(run.row, fence=fence, source=source, allow_runs=allow_runs)
        self._note_claim(run, source, self._now(), code, frame=len(run.frames))
        return replace(claim, fence=fence)

    def _note_claim(
        self, run: HeldRun, source: str, at: datetime, code: Code | None, *, frame: int
    ) -> None:
        about = "{}" if code is None else code.about
        source = source if code is None else code.sources.digest
        row = ClaimRow(fence=run.row.fence, source=source, at=at, about=about)
        run.claims.append((frame, row))
        if code is not None:
            self._files.setdefault(source, code.sources.files)

    async def commit(
        self,
        claim: Claim,
        frame: Frame,
        models: Sequence[Model] = (),
        cooldowns: Sequence[Cooldown] = (),
        answers: Sequence[CachedAnswer] = (),
        starts: NewRun | None = None,
        here: bool = False,
    ) -> Sequence[InboxRow]:
        """Keep a frame, and give the inbox rows above `frame.inbox`. Raises `Fenced`."""
        run = self._run(claim.run_id)
        check_claim(claim, run.row.fence, run.row.owner)
        if starts is not None and starts.run_id in self._runs:
            raise RunExists(f"run {starts.run_id} already exists", hint="choose another id")
        run.add(frame, models)
        if starts is not None:
            row = replace(_run_row(starts, _NOBODY), owner=None)
            begun = self._runs[starts.run_id] = HeldRun(row=replace(row, fence=0))
            begun.wake_at = starts.created_at
            running = StatusChanged(status="running")
            begun.add(Frame(number=0, at=starts.created_at, changes=(running,)), ())
            self._move_signals(run, begun)
        for one in cooldowns:
            if supersedes(one, self._cooldowns.get(one.key)):
                self._cooldowns[one.key] = one
        self.answers.update({one.key: one for one in answers})
        if run.called is not None and run.called <= frame.inbox:
            run.called = None
        self._tell_parent(run.row, frame)
        self._stop_started(claim.run_id, frame)
        return await self.inbox(claim, frame.inbox)

    async def fork(
        self,
        run: NewRun,
        frame: Frame | None,
        models: Sequence[Model] = (),
        *,
        finds_id: bool = False,
    ) -> str:
        """Copy a run as of a frame. Raises `UnknownRun`, `RunExists`, `Owned` or `Refused`."""
        source = self._run(forked_from(run))
        if source.row.owner is not None and self._alive(self._owners[source.row.owner]):
            raise owned(source.row.run_id, self._owners[source.row.owner], 0.0)
        return self._copy(run, source, frame, models, finds_id=finds_id)

    async def rewind(
        self, claim: Claim, frame: Frame, kept: NewRun, first: Frame | None = None
    ) -> str:
        """Commit a frame that takes a run back, and keep what was. Raises `Fenced`."""
        run = self._run(claim.run_id)
        check_claim(claim, run.row.fence, run.row.owner)
        copied = self._copy(kept, run, first, (), finds_id=True)
        try:
            run.add(frame, ())
        except BaseException:
            del self._runs[copied]
            raise
        return copied

    def _copy(
        self,
        run: NewRun,
        source: HeldRun,
        frame: Frame | None,
        models: Sequence[Model],
        *,
        finds_id: bool,
    ) -> str:
        last = run.forked_at
        assert last is not None
        check_frame(source.row.run_id, last, len(source.frames) - 1)
        if finds_id:
            ids = fork_ids(source.row.run_id)
            run = replace(run, run_id=next(one for one in ids if one not in self._runs))
        if run.run_id in self._runs:
            raise RunExists(f"run {run.run_id} already exists", hint="choose another id")
        row = replace(_run_row(run, _NOBODY), owner=None, fence=source.row.fence)
        copy = HeldRun(row=row)
        for one in forked_frames(source.frames, last, source.row.run_id):
            copy.add(one, ())
        for change in (one for each in copy.frames for one in each.changes):
            if isinstance(change, SignalGiven):
                self._signals[run.run_id, change.id] = sent_of(change)
        copy.models = list(source.models)
        copy.claims = [(first, claim) for first, claim in source.claims if first <= last]
        copy.outputs.update(
            {place: text for place, text in source.outputs.items() if place[1] <= last}
        )
        if frame is not None:
            copy.add(frame, models)
        self._runs[run.run_id] = copy
        return run.run_id

    async def cooldowns(self, *, here: bool = False) -> Sequence[Cooldown]:
        """The last cooldown of each key."""
        return sorted(self._cooldowns.values(), key=lambda one: one.key)

    async def end_cooldown(self, key: str) -> bool:
        """Forget a key; whether it was known."""
        return self._cooldowns.pop(key, None) is not None

    async def inbox(self, claim: Claim, after: int) -> Sequence[InboxRow]:
        """The inbox rows with ids above `after`. Raises `Fenced`."""
        if claim.fence:
            run = self._run(claim.run_id)
            check_claim(claim, run.row.fence, run.row.owner)
        return [row for row in self._inbox[after:] if row.run_id == claim.run_id]

    async def release(self, claim: Claim, wake_at: datetime | None = None) -> None:
        """Give the run back. A stale claim releases nothing."""
        run = self._runs.get(claim.run_id)
        if run and (run.row.fence, run.row.owner) == (claim.fence, claim.owner):
            run.row, run.wake_at = replace(run.row, owner=None), wake_at

    async def run(self, run_id: str) -> RunRow:
        """The run's row alone. Raises `UnknownRun`."""
        return self._run(run_id).row

    async def load(self, run_id: str) -> History:
        """The run and all its frames. Raises `UnknownRun`."""
        run = self._run(run_id)
        return History(run=run.row, frames=tuple(run.frames))

    async def standing(self, run_id: str) -> History:
        """The run with all its frames, which nothing has to be read for. Raises `UnknownRun`."""
        return await self.load(run_id)

    async def waits(self, run_id: str) -> History:
        """The same. Raises `UnknownRun`."""
        return await self.load(run_id)

    async def about(self, run_id: str, name: str) -> History:
        """The same. Raises `UnknownRun`."""
        return await self.load(run_id)

    async def budgets(self, run_id: str) -> History:
        """The same. Raises `UnknownRun`."""
        return await self.load(run_id)

    async def kinds(self, run_id: str) -> Collection[str]:
        """The kinds of the nodes that are in the tree."""
        return {node.kind for node in RunState.of(self._run(run_id).frames).nodes.values()}

    async def claims(self, run_id: str) -> Sequence[ClaimRow]:
        """Who has owned the run, and what they had loaded."""
        return [] if run_id not in self._runs else [one for _, one in self._runs[run_id].claims]

    async def files(self, source: str) -> Sequence[SourceFile]:
        """The author's files of a digest."""
        return sorted(self._files.get(source, ()), key=lambda file: file.path)

    def output(self, run_id: str, key: Key, frame: int) -> str:
        """What a node gave when it ended in that frame, as JSON text. Raises `StoreError`."""
        text = self._run(run_id).outputs.get((key, frame))
        if text is None:
            raise no_output(run_id, key, frame)
        return text

    async def offer(self, note: Note) -> InboxRow:
        """Put a note into the inbox. Raises `UnknownRun`, `AlreadyDecided` or `Refused`."""
        run = self._run(note.run_id)
        if note.kind == "answer":
            self._check_answer(run, note)
        if note.kind != SIGNAL:
            return self._put(run, note)
        sent, state = signal_of(note.body), RunState.of(run.frames)
        open = [
            Listening(key=key, form=Form.from_row(wait.opened.form), due=wait.opened.due)
            for (key, kind), wait in sorted(state.waits.items(), key=lambda one: one[1].frame)
            if kind == waits.EVENT and wait.opened.on == sent.on
        ]
        at = None if self._is_driven(run) else self._now()
        left = free(open, self._not_taken(note.run_id, state, sent.on), at)
        ended = (state.run_status, state.status.next_run)
        check_signal(note.run_id, sent, self._first_of(note.run_id, sent.id), ended, left)
        self._signals[note.run_id, sent.id] = sent
        called, starts = run.called, run.starts
        row = self._put(run, note)
        if not open:  # nothing has to be woken for it
            run.called, run.starts = called, starts
        return row

    def _first_of(self, run_id: str, id: str) -> tuple[SentSignal, str] | None:
        """The signal of an id that a run has, or another of those that continue each other."""
        row = self._run(run_id).row
        first = row.first_run or run_id
        for other, run in reversed(self._runs.items()):
            if (run.row.first_run or other) == first and (other, id) in self._signals:
                return self._signals[other, id], other
        return None

    def _not_taken(
        self, run_id: str, state: RunState, on: tuple[str, ...]
    ) -> Iterator[tuple[SentSignal, datetime]]:
        """The signals of an event and correlation that no node has taken, in order."""
        mine = {row.id for row in self._inbox if (row.run_id, row.kind) == (run_id, SIGNAL)}
        for number, one in sorted(state.signals.items()):
            if number not in mine and one.taken is None and one.on == on and one.data is not None:
                yield self._signals[run_id, one.id], one.at
        for row in self._inbox:
            if (row.run_id, row.kind) == (run_id, SIGNAL):
                known, sent = state.signals.get(row.id), signal_of(row.body)
                if sent.on == on and (known is None or known.taken is None):
                    yield sent, row.at

    def _move_signals(self, run: HeldRun, next_run: HeldRun) -> None:
        """Send what no node of a run has taken to the run as which it continues."""
        signals = RunState.of(run.frames).signals
        for row in list(self._inbox):
            taken = row.id in signals and signals[row.id].taken is not None
            if (row.run_id, row.kind) == (run.row.run_id, SIGNAL) and not taken:
                fresh = replace(row, run_id=next_run.row.run_id, id=len(self._inbox) + 1)
                self._inbox.append(fresh)
                self._signals[fresh.run_id, str(row.signal)] = signal_of(row.body)

    def _tell_parent(self, run: NewRun, frame: Frame) -> None:
        """Put the end of a child run into the inbox of its parent."""
        if run.parent is None or run.is_started_below:
            return
        if (parent := self._runs.get(run.parent.run_id)) is None:
            return
        if (end := end_of(frame)) is not None:
            changes = [one for each in self._runs[run.run_id].frames for one in each.changes]
            started = (one for one in changes if isinstance(one, AttemptStarted))
            calls = sum(one.prompt is not None for one in started)
            used = [one for one in changes if isinstance(one, UsageCounted)]
            attempts = RunState.of(self._runs[run.run_id].frames).attempts.values()
            took = used_by_attempts(attempts).time_s or 0.0
            body = end_body(run.run_id, run.first_run, end, calls, used, took)
            id, key = run.parent.run_id, run.parent.key
            self._put(parent, Note(run_id=id, kind=CHILD_ENDED, key=key, body=body, at=frame.at))

    def _put(self, run: HeldRun, note: Note) -> InboxRow:
        row = InboxRow(
            run_id=note.run_id,
            kind=note.kind,
            key=note.key,
            opened=note.opened,
            signal=note.signal,
            body=note.body,
            at=note.at,
            id=len(self._inbox) + 1,
        )
        self._inbox.append(row)
        run.called, run.starts = row.id, None
        return row

    async def wakeable(self, count_free: CountFree | None = None) -> Sequence[Wakeable]:
        """The runs that should go on while nobody alive drives them."""
        found: list[Wakeable] = []
        with_slots = set[str]() if count_free is None else self._with_slots(count_free)
        for run_id, run in self._runs.items():
            gave_up = None if run.starts is None else run.starts.gave_up
            why = self._why(run) or ("slot" if run_id in with_slots else None)
            if why is None:
                continue
            taken = run.frames[-1].inbox
            cancelled = any(
                row.kind == "cancel" for row in self._inbox[taken:] if row.run_id == run_id
            )
            reason = reason_to_wake(why, run.status, cancelled, gave_up)
            if reason is not None:
                found.append(Wakeable(run_id=run_id, why=reason))
        woken: dict[str, Why] = {}
        for one in found:
            top = one.run_id if one.why == "cancel" else self._resumed_by(one.run_id)
            if one.why != "cancel" and self._runs[top].row.is_started_below:
                continue
            if top == one.run_id:
                woken[top] = one.why
            elif self._runs[top].row.owner is None and self._runs[top].status == "waiting":
                woken.setdefault(top, one.why)
        return [Wakeable(run_id=run_id, why=why) for run_id, why in woken.items()]

    def _with_slots(self, count_free: CountFree) -> set[str]:
        """The runs for which the pools that they wait for have a slot."""
        free: dict[tuple[str, int], int] = {}
        found: set[str] = set()
        for run_id, run in sorted(self._runs.items(), key=lambda one: one[1].row.created_at):
            is_left = run.row.owner is None and run.status == "waiting"
            for wait in RunState.of(run.frames).waits.values() if is_left else ():
                if wait.opened.kind == waits.POOL and run_id not in found:
                    pool = (wait.opened.on[0], int(wait.opened.asked or 0))
                    free.setdefault(pool, count_free(*pool))
                    if free[pool] > 0:
                        free[pool] -= 1
                        found.add(run_id)
        return found

    async def called(self, run_ids: Collection[str]) -> Collection[str]:
        """Which of these runs nobody owns, and were sent a note or are due."""
        runs = {run_id: self._runs[run_id] for run_id in run_ids if run_id in self._runs}
        return {
            run_id
            for run_id, run in runs.items()
            if run.row.owner is None and self._why(run) is not None
        }

    async def below(self, run_id: str, *, every: bool = False) -> Sequence[Below]:
        """What the runs below a run have used that were started from below."""
        return used_below(self._runs, run_id, every=every)

    async def open_children(self, run_id: str) -> Sequence[RunRow]:
        """The child runs that nodes of a run have started and that have not ended."""
        return open_children(self._runs, run_id)

    async def is_budgeted(self, run_id: str) -> bool:
        """Whether a node of the run ever had a budget."""
        return bool(RunState.of(self._run(run_id).frames).budgets)

    async def left_below(self, run_id: str) -> Sequence[str]:
        """The runs below a run that are to end, since those above them have."""
        return left_below(self._runs, run_id)

    def _stop_started(self, run_id: str, frame: Frame) -> None:
        """Have the runs that processes of a run have started end with it."""
        if (body := stop_body(run_id, frame)) is not None:
            for id in open_started(self._runs, run_id):
                note = Note(run_id=id, kind=CANCEL, body=body, at=frame.at)
                self._put(self._runs[id], note)

    def _resumed_by(self, run_id: str) -> str:
        """The outermost run that waits for this one, or itself."""
        parent = self._runs[run_id].row.parent
        while parent is not None and parent.waits:
            if (above := self._runs.get(parent.run_id)) is None or above.status in ENDED:
                break
            run_id, parent = parent.run_id, above.row.parent
        return run_id

    async def revive(self, run_id: str) -> Revival:
        """Count that the run is being started again, if it may be."""
        run, now = self._run(run_id), self._now()
        if run.starts is None or run.starts.frame < run.further:
            run.starts = Starts(frame=run.further, at=now)
        starts = run.starts
        if starts.gave_up is None and starts.counted >= MOST_STARTS:
            starts.gave_up = told_up(starts.counted, starts.said)
        if starts.gave_up is not None:
            return Revival(starts=starts.count, gave_up=starts.gave_up)
        if starts.count:
            not_before = starts.at + timedelta(seconds=pause_s(starts.count))
            if starts.at <= now < not_before:
                return Revival(starts=starts.count, not_before=not_before)
        starts.count, starts.at, starts.said = starts.count + 1, now, None
        return Revival(starts=starts.count)

    async def start_failed(self, run_id: str, said: str, *, spared: bool = False) -> str | None:
        """Keep why the last start came to nothing; why the run is given up, if it is now."""
        if (starts := self._run(run_id).starts) is None:
            return None
        starts.said, starts.at = said, self._now()
        starts.spared += spared
        if starts.gave_up is None and starts.counted >= MOST_STARTS:
            starts.gave_up = told_up(starts.counted, said)
        return starts.gave_up

    async def take_seat(self, owner: Owner) -> Owner | None:
        """Make `owner` the one that wakes runs; the living one that is, if it is another."""
        if self._seat is not None and self._seat.id != owner.id and self._alive(self._seat):
            return self._seat
        self._seat = self._owners[owner.id] = owner
        return None

    async def add_processes(self, rows: Sequence[ProcessRow]) -> None:
        """Remember processes of attempts."""
        for row in rows:
            self._processes[(row.run_id, row.serial, row.pid, row.started)] = row

    async def remove_processes(self, owner: str, run_id: str, serial: int) -> None:
        """Forget the processes of an attempt that has ended."""
        wanted = (owner, run_id, serial)
        for key, row in list(self._processes.items()):
            if (row.owner, row.run_id, row.serial) == wanted:
                del self._processes[key]

    async def processes(self) -> Sequence[ProcessRow]:
        return list(self._processes.values())

    async def drivers(self) -> Sequence[Owner]:
        """The processes that own runs, and those through which persons are in a session."""
        owners = {run.row.owner for run in self._runs.values()}
        driving = [owner for id, owner in self._owners.items() if id in owners]
        waits = [
            wait.opened
            for run in self._runs.values()
            for (_, kind), wait in RunState.of(run.frames).waits.items()
            if kind == "attached"
        ]
        held = [(id, host, int(pid), at) for id, host, pid, at in (wait.on for wait in waits)]
        return driving + [
            Owner(id=id, host=host, pid=pid, started=at) for id, host, pid, at in held
        ]

    async def overdue(self) -> Sequence[Owner]:
        """None: whether an owner lives is told by `alive`, and one that does not is dead."""
        return []

    async def changed(self, reader: str = "") -> bool:
        """Whether a note was written since the last call."""
        before, self._seen[reader] = self._seen.get(reader, 0), len(self._inbox)
        return len(self._inbox) != before

    def check(self) -> None:
        """What is in memory cannot be replaced."""

    async def close(self) -> None:
        """Nothing to release; the runs stay readable as long as this object."""

    def _why(self, run: HeldRun) -> Why | None:
        if run.row.owner is not None:
            return None if self._alive(self._owners[run.row.owner]) else "left"
        if run.wake_at is not None and run.wake_at <= self._now():
            return "due"
        return None if run.called is None else "answer"

    def _run(self, run_id: str) -> HeldRun:
        if (run := self._runs.get(run_id)) is None:
            raise UnknownRun(f"there is no run {run_id}")
        return run

    def _host(self, owner_id: str, otherwise: str) -> str:
        owner = self._owners.get(owner_id)
        return owner.host if owner else otherwise

    def _check_answer(self, run: HeldRun, note: Note) -> None:
        if note.key is None or note.opened is None:
            raise Refused("an answer must name the task and the frame in which it was asked")
        wait = (note.run_id, note.key, note.opened)
        answers = (row for row in self._inbox if row.kind == "answer")
        first = next((r.body for r in answers if (r.run_id, r.key, r.opened) == wait), None)
        asking = run.approvals.get((note.key, note.opened))
        asked = None
        if asking:
            asked = Asked(over=asking.over, answer=asking.answer, due=asking.opened.due)
        check_answer(note, first, asked, self._now(), driven=self._is_driven(run))

    def _is_driven(self, run: HeldRun) -> bool:
        """Whether an owner of a run is a process that lives."""
        owner = run.row.owner
        return owner is not None and self._alive(self._owners[owner])


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
        options=run.options,
        parent=run.parent,
        first_run=run.first_run,
        number=run.number,
        allow_runs=run.allow_runs,
        forked_from=run.forked_from,
        forked_at=run.forked_at,
        owner=owner.id,
        fence=1,
    )
