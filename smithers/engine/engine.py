"""The loop of a run: advance the plan, write the frame, start what it says, wait for what comes.

Everything that happens between two commits is one frame. Completions that arrive while a commit is
in flight join the next one. An attempt runs only after the frame that records its start is durable.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from smithers.agent import Event
from smithers.changes import (
    AttemptEnded,
    Failure,
    Frame,
    Key,
    NodeGone,
    Reset,
    SessionSeen,
    StatusChanged,
    WaitKind,
    WaitOpened,
)
from smithers.context import Context
from smithers.engine.again import runs_again
from smithers.engine.answering import take_answer, take_timeout
from smithers.engine.asking import Asking
from smithers.engine.edits import check_choices
from smithers.engine.mount import Mounts
from smithers.engine.plan import Instance, Plan
from smithers.engine.processes import attempt_mark
from smithers.engine.reading import Reading, View
from smithers.engine.render import Renderer
from smithers.engine.secrets import Secrets
from smithers.engine.starting import Result, Running, Starting
from smithers.engine.stuck import deadlock
from smithers.engine.threads import Threads
from smithers.engine.transition import Transition, failure_of
from smithers.errors import AuthorError, SmithersError
from smithers.state import RunState
from smithers.store import Claim, InboxRow, Model, NewRun, ProcessRow, Store
from smithers.store.lease import started_of
from smithers.tree import ForEach, Task
from smithers.workflows import Workflow

__all__ = ["Ending", "Engine", "Observer", "Settings", "leave_nothing_open"]

POLL_S = 0.25
"""How often an idle owner looks whether another process wrote; one look costs microseconds."""


First = Callable[[Frame, Sequence[Model]], Awaitable[Claim]]
"""Commits the first frame of a new run, with the output models that it declares."""


Why = Literal["cancel", "deadline", "stop", "wrong"]
"""What ends a run from outside its tree: a person, time, its owner, or a render that is wrong."""


class Observer(Protocol):
    """Whoever watches a run: the terminal, or a log."""

    def frame(self, frame: Frame, state: RunState) -> None: ...

    def event(self, key: Key, event: Event) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run's owner brings. `linger_s`: with a timed wake nearer than that it stays up."""

    folder: Path
    streams: Path
    max_concurrency: int | None = None
    linger_s: float = 60.0
    secrets: Secrets = field(default_factory=lambda: Secrets({}))
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    random: Random = field(default_factory=Random)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run's owner left it. `tolerated` tells of failures that the author allowed."""

    status: StatusChanged
    tolerated: bool = False
    stopped: bool = False
    """The owner was told to stop; the run goes on with the next `resume`."""


class DeadlineExceeded(SmithersError):
    """The run took longer than its workflow allows."""


class Engine:
    """One run under one owner."""

    def __init__(
        self,
        workflow: Workflow[Any, Any],
        input: BaseModel,
        *,
        run: NewRun,
        state: RunState,
        settings: Settings,
        observer: Observer,
        inbox: Sequence[InboxRow] = (),
        edited: bool = False,
    ) -> None:
        self.workflow = workflow
        self.run_id = run.run_id
        self.settings = settings
        self.folder, self.streams = settings.folder, settings.streams
        self.secrets, self.random, self.now = settings.secrets, settings.random, settings.now
        self.observer = observer
        self.store: Store
        self.claim: Claim | None = None
        self._first: First | None = None
        self._deadline = (
            None
            if workflow.deadline_s is None
            else run.created_at + timedelta(seconds=workflow.deadline_s)
        )
        self.state = state
        self.transition = Transition(state)
        self.view = View(state, Mounts(), None, self._could_add)
        context = Context(input, run.run_id)
        self.renderer = Renderer(workflow, context, self.view, edited)
        self.asking = Asking(
            self.transition, self.view, self.renderer, settings.secrets.scrub, settings.now
        )
        self.threads = Threads()
        self.starting = Starting(self.asking, self, self, self.threads)
        self._limit = settings.max_concurrency or workflow.max_concurrency
        self._ready: deque[Instance] = deque()
        self._queued: set[Key] = set()
        self._running: dict[int, Running] = {}
        self._results: deque[tuple[Running, Result]] = deque()
        self._sessions: deque[tuple[SessionSeen, asyncio.Future[None]]] = deque()
        self._undurable: list[asyncio.Future[None]] = []
        self._spawned: set[int] = set()
        self._inbox = deque(inbox)
        self._timers: list[tuple[datetime, Key, WaitKind]] = []
        self._wake = asyncio.Event()
        self._models: list[Model] = []
        self._ending: Why | None = None
        self._wrong: Failure | None = None
        self._looked: datetime | None = None
        """When the inbox was last known to be read: no answer from before is missing."""
        self._prepared: tuple[Ending | None] | None = None

    # -- what others may do to a run that is going on

    def stop(self) -> None:
        """Leave the run as it is, resumable; attempts end as interrupted."""
        self._end("stop")

    # -- the loop

    def prepare(self) -> None:
        """Make the first frame, in memory alone. Raises `AuthorError` for a wrong workflow."""
        if self._prepared is None:
            self._begin()
            ending = self._advance()
            self._mount(gone=True)
            self._prepared = (ending,)

    async def run(
        self, store: Store, *, claim: Claim | None = None, first: First | None = None
    ) -> Ending:
        """Drive the run until it ends, or waits for something that is not near.

        A resumed run comes with its claim; of a new one `first` commits frame 0 and gives it.
        Raises `AuthorError` where the workflow is wrong from the start (nothing was written),
        `Fenced` when another owner took the run, or another `StoreError`.
        """
        self.store, self.claim, self._first = store, claim, first
        self.prepare()
        failed: Exception | None = None
        async with asyncio.TaskGroup() as group:
            try:
                return await self._loop(group)
            except Exception as error:  # raised below: a group would wrap it
                failed = error
            finally:
                for running in self._running.values():
                    running.cancel()
                self.threads.close()
        raise failed

    async def _loop(self, group: asyncio.TaskGroup) -> Ending:
        assert self._prepared is not None
        (ending,) = self._prepared
        while True:
            if self.transition.changes:
                await self._commit()
            if ending is not None:
                if ending.status.status != "waiting" or not self._inbox:
                    return ending
                self.transition.do(StatusChanged(status="running"))  # answered meanwhile
            self.asking.strict = False
            for attempt in self.starting.prepared:
                self._running[attempt.serial] = attempt
                attempt.start(group, self._marks(attempt.serial))
                if self._ending is not None:
                    attempt.cancel()
            self.starting.prepared.clear()
            await self._next()
            ending = self._advance()

    def _marks(self, serial: int) -> dict[str, str]:
        """The environment by which the processes of an attempt are found."""
        assert self.claim is not None
        mark = attempt_mark(self.claim.owner, self.run_id, serial)
        return {"SMITHERS_RUN": self.run_id, "SMITHERS_ATTEMPT": mark}

    def _begin(self) -> None:
        """The first frame of this owner: interrupted attempts, the tree, the plan."""
        before = self.state.run_status
        if self.state.frame >= 0:
            now = self.settings.now()
            for attempt in self.state.running():
                self.transition.do(
                    AttemptEnded(serial=attempt.serial, state="interrupted", error=None, at=now)
                )
        if self.state.frame < 0 or self.state.run_status != "running":
            self.transition.do(StatusChanged(status="running"))
        failed = self.state.frame >= 0 and before == "failed"
        self._render()
        if failed and (again := runs_again(self.view.mounts.by_id, self.state)):
            for key in again:
                self.transition.do(Reset(key=key))
            self._render()
        for wait in self.state.waits.values():
            self.schedule(wait.opened)

    def _render(self, *, gone: bool = False) -> None:
        """Run the workflow function, and work out the plan of the tree that it gives.

        A plan may settle more of what was read than the render saw, above all the first one after
        a crash: then it is rendered again. Readers of the render see the plan of the one before.
        """
        self.asking.waiting.clear()
        self._ready.clear()
        self._queued.clear()
        while True:
            seen = self._watched()
            root = self.renderer.root(self.transition.number)
            plan = Plan(root, self.state, self.renderer.expand)
            self.view.plan = self.view.plan or plan
            plan.start()
            self.view.plan = plan
            plan.settled.clear()  # nobody waits yet
            if self._watched() <= seen:
                break
        check_choices(self.state, self.view.mounts)
        self._mount(gone=gone)

    def _watched(self) -> set[Key]:
        """What is settled in the plan, of that which a render reads."""
        if self.view.plan is None or not self.renderer.reads_structure():
            return set()
        watches, instances = self.renderer.watches, self.view.plan.instances.values()
        return {one.key for one in instances if one.settled and watches(one.key.id)}

    @property
    def plan(self) -> Plan:
        return self.asking.plan

    def _mount(self, *, gone: bool) -> None:
        """Write which nodes joined the tree, and which left it."""
        mounts, known = self.view.mounts, self.state.nodes
        for one in mounts.fresh:
            if known.get(one.id) != (row := one.row):
                if one.id in known:
                    self.transition.do(NodeGone(id=one.id))
                self.transition.do(row)
            if isinstance(one.node, Task) and one.node.output.model is not None:
                output = one.node.output
                self._models.append(Model(name=output.model or "", schema=output.schema))
            limit: int | None = getattr(one.node, "limit", None)  # groups and fan-outs have one
            if (limit or 0) > self._limit:
                self.renderer.reports.append(
                    f"{one.id}: its limit of {limit} is never reached, for "
                    f"max_concurrency is {self._limit}"
                )
        mounts.fresh.clear()
        if gone:
            self._unmount({id for id in known if id not in mounts.by_id})

    def _unmount(self, left: set[str]) -> None:
        """Nodes left the tree: what runs of them is cancelled, and nobody waits for them."""
        for id in left:
            self.transition.do(NodeGone(id=id))
        for key, kind in [wait for wait in self.state.waits if wait[0].id in left]:
            self.transition.close_wait(key, kind)
        for running in [*self._running.values(), *self.starting.prepared]:
            if running.key not in self.plan.instances:
                running.cancel()

    def _could_add(self, id: str) -> bool:
        """Whether a scope that reads unsettled state, or an unasked ForEach, may add this id."""
        plan = self.view.plan
        if plan is None:
            return True
        if plan.root.settled:
            return False
        if self.renderer.reads_unsettled(self._unsettled):
            return True
        return any(
            isinstance(one.node, ForEach) and self._unasked(one.id)
            for one in self.view.mounts.by_id.values()
        )

    def _unsettled(self, id: str) -> bool:
        mine = [one for key, one in self.plan.instances.items() if key.id == id]
        if not mine:
            return all(key.id != id for key in self.state.ended)
        return any(not one.settled for one in mine)

    def _unasked(self, id: str) -> bool:
        mine = [one for key, one in self.plan.instances.items() if key.id == id]
        return not mine or any(not one.settled and not one.children for one in mine)

    # -- one frame

    def _advance(self) -> Ending | None:
        """Make every change that follows from what is known; the ending, if there is one."""
        while self._take_one() or self._follow():
            pass
        if self._running or self.starting.prepared:
            return None
        if self._ending is not None:
            return self._ended_from_outside(self._ending)
        if self.plan.root.settled:
            return self._finish()
        return self._suspend()

    def _take_one(self) -> bool:
        """One thing that came from outside: a result, a session, a note, a time."""
        if self._sessions:
            seen, future = self._sessions.popleft()
            self.transition.do(seen)
            self._undurable.append(future)
            return True
        if self._results:
            self._result(*self._results.popleft())
            return True
        if self._inbox:
            self._note(self._inbox.popleft())
            return True
        return self._time_passed()

    def _follow(self) -> bool:
        """One step of what follows from the state; nothing does once the run is being left."""
        plan = self.plan
        if self._ending is not None:
            return False
        if plan.settled:
            self._wake_readers(plan.settled.popleft())
        elif plan.dropped:
            self._drop()
        elif plan.up:
            self._came_up(plan.up.popleft())
        elif plan.released:
            plan.up.append(plan.released.popleft())
        elif self._ready and len(self._running) + len(self.starting.prepared) < self._limit:
            instance = self._ready.popleft()
            self._queued.discard(instance.key)
            self.starting.begin(instance)
        else:
            return False
        return True

    def _came_up(self, instance: Instance) -> None:
        if self.asking.answer(instance):
            if instance.key not in self._queued:  # it may have come up twice, by data and by time
                self._queued.add(instance.key)
                self._ready.append(instance)
        elif (wait := self.state.waits.get((instance.key, "approval"))) is not None:
            self.schedule(wait.opened)
        if self.view.mounts.fresh:
            self._mount(gone=False)
        if instance.role == "foreach":
            self._wake_readers_of_unknown()

    def _wake_readers(self, settled: Instance) -> None:
        for instance in self.asking.waiting.pop(settled.key, ()):
            self.plan.up.append(instance)
        if settled.role != "task" and settled.status in ("failed", "cancelled"):
            self._wake_readers_of_unknown()
        if not self.renderer.watches(settled.key.id):
            return
        try:
            self._render(gone=True)
        except AuthorError as error:
            if self.asking.strict:
                raise
            # What runs is paid for and may end; nothing new starts below a tree that is wrong.
            self._wrong = failure_of(error, self.settings.secrets.scrub)
            self._ending = self._ending or "wrong"

    def _wake_readers_of_unknown(self) -> None:
        """Who waits for what the plan has no instance of asks again: a fan-out has its items now,
        or a container has ended before it came to it.
        """
        for key in [key for key in self.asking.waiting if key not in self.plan.instances]:
            self.plan.up.extend(self.asking.waiting.pop(key))

    def _drop(self) -> None:
        dropped = self.plan.dropped.popleft()
        instance = dropped.instance
        if instance.settled:
            return
        if dropped.running:
            for running in [*self._running.values(), *self.starting.prepared]:
                if running.key == instance.key:
                    running.cancel()
            return
        tries = self.state.tries.get(instance.key, ())
        error = tries[-1].error if dropped.outcome == "failed" and tries else None
        self.transition.settle(instance.key, dropped.outcome, error=error)
        self.plan.settle(instance)

    # -- what comes

    def _result(self, running: Running, result: Result) -> None:
        del self._running[running.serial]
        if self._ending == "stop" and result.kind == "cancelled":
            self.starting.interrupted(running)
        else:
            self.starting.take(running, result, self.plan.instances.get(running.key))

    def _note(self, row: InboxRow) -> None:
        self.state.inbox = max(self.state.inbox, row.id)
        if row.kind == "cancel":
            self._end("cancel")
        else:
            take_answer(row, self.transition, self.plan, self.secrets)

    def schedule(self, wait: WaitOpened) -> None:
        """Wake up when this wait is due, if it is."""
        if wait.due is not None:
            heapq.heappush(self._timers, (wait.due, wait.key, wait.kind))

    def _time_passed(self) -> bool:
        """Take one timer that is due."""
        now = self.settings.now()
        if self._late(now) and self._ending is None:
            self._end("deadline")
            return True
        while self._timers and self._timers[0][0] <= now:
            due, key, kind = self._timers[0]
            if kind == "approval" and (self._looked is None or self._looked < due):
                return False  # an answer that was written in time may still be unread
            heapq.heappop(self._timers)
            wait = self.state.waits.get((key, kind))
            instance = self.plan.instances.get(key)
            if wait is None or wait.opened.due != due or instance is None:
                continue
            if kind == "approval":
                take_timeout(key, now, self.transition, self.plan)
            else:
                self.transition.close_wait(key, kind)
                self.plan.up.append(instance)
            return True
        return False

    def _late(self, now: datetime) -> bool:
        return self._deadline is not None and now >= self._deadline and not self.plan.root.settled

    def _end(self, why: Why) -> None:
        if self._ending is None or why == "stop":
            self._ending = why
        for running in self._running.values():
            running.cancel()
        self._wake.set()

    # -- endings

    def _finish(self) -> Ending:
        root = self.plan.root
        tolerated = any(end.outcome == "failed" for end in self.state.ended.values())
        if root.status in ("finished", "skipped") or (root.status == "failed" and not root.failing):
            status = StatusChanged(status="finished", output=self._output())
            return self._left(status, tolerated=tolerated)
        return self._left(StatusChanged(status="failed", error=self._why_failed()))

    def _output(self) -> str | None:
        node = self.plan.root.definition.node
        reading = Reading(self.view, Key(self.workflow.name), (), self.transition.number)
        return reading.json_of(node)

    def _why_failed(self) -> Failure:
        """The error of the first node, in document order, by which the run failed."""
        waiting = [self.plan.root]
        while waiting:
            one = waiting.pop()
            ended = self.state.ended.get(one.key)
            if ended is not None and one.failing and ended.error is not None:
                error = ended.error
                said = f"{one.key} failed: {error.message}"
                return Failure(
                    kind=error.kind,
                    message=said,
                    hint=error.hint,
                    place=error.place,
                    then=error.then,
                )
            waiting.extend(reversed([child for child in one.children if child.failing]))
        return Failure(kind="Failed", message="a task was cancelled")

    def _suspend(self) -> Ending | None:
        """Nothing runs: wait for what is near, or leave the run to its answers; or it is stuck."""
        outside = [wait for wait in self.state.waits.values() if wait.opened.kind != "data"]
        if not outside:
            return self._stuck()
        near = self.settings.now() + timedelta(seconds=self.settings.linger_s)
        if any(wait.opened.due is not None and wait.opened.due <= near for wait in outside):
            return None
        return self._left(StatusChanged(status="waiting"))

    def _stuck(self) -> Ending | None:
        unknown = [key for key in self.asking.waiting if key.id not in self.view.mounts.by_id]
        error: Exception = deadlock(self.plan, self.asking.waiting)
        for key in unknown:
            readers = [one for one in self.asking.waiting[key] if not one.settled]
            if readers:
                error = AuthorError(
                    f"{readers[0].key} reads {key.id!r}, which stands in no tree",
                    place=readers[0].definition.node.mark.place,
                    hint="put it into the tree that the workflow returns, or read another task",
                )
        if self.asking.strict:
            raise error
        failure = failure_of(error, self.settings.secrets.scrub)
        return self._left(StatusChanged(status="failed", error=failure))

    def _ended_from_outside(self, why: Why) -> Ending:
        if why == "stop":
            return Ending(status=self.state.status, stopped=True)
        leave_nothing_open(self.transition)
        if why == "cancel":
            return self._left(StatusChanged(status="cancelled"))
        if why == "wrong":
            return self._left(StatusChanged(status="failed", error=self._wrong))
        error = DeadlineExceeded(
            f"the run took longer than the {self.workflow.deadline_s:g} s of its deadline"
        )
        failure = failure_of(error, self.settings.secrets.scrub)
        return self._left(StatusChanged(status="failed", error=failure))

    def _left(self, status: StatusChanged, *, tolerated: bool = False) -> Ending:
        self.transition.do(status)
        return Ending(status=status, tolerated=tolerated)

    # -- outside

    async def _commit(self) -> None:
        looked = self.settings.now()
        frame = self.transition.frame(looked)
        models, self._models = self._models, []
        if self._first is not None:
            self.claim = await self._first(frame, models)
            self._first = None
        else:
            assert self.claim is not None
            self._inbox.extend(await self.store.commit(self.claim, frame, models))
        self._looked = looked
        for serial in self._spawned - self._running.keys():
            await self.store.remove_processes(self.claim.owner, self.run_id, serial)
            self._spawned.discard(serial)
        durable, self._undurable = self._undurable, []
        for future in durable:
            if not future.done():
                future.set_result(None)
        self.observer.frame(frame, self.state)

    async def _next(self) -> None:
        """Wait until something has come: a result, a session, a note, or a time."""
        while not (self._results or self._sessions or self._inbox):
            if self._ending is not None and not self._running:
                return
            pause = POLL_S
            if self._timers:
                left = (self._timers[0][0] - self.settings.now()).total_seconds()
                pause = min(POLL_S, max(0.0, left))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            self._wake.clear()
            if self._results or self._sessions:
                return
            now = self.settings.now()
            due = bool(self._timers) and self._timers[0][0] <= now
            if await self.store.changed() or due:
                assert self.claim is not None
                self._inbox.extend(await self.store.inbox(self.claim, self.state.inbox))
                self._looked = now
            if due or (self._late(now) and self._ending is None):
                return

    # -- hooks of the attempts

    def done(self, running: Running, result: Result) -> None:
        self._results.append((running, result))
        self._wake.set()

    async def session_seen(self, serial: int, session: str) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sessions.append((SessionSeen(serial=serial, session=session), future))
        self._wake.set()
        await future

    async def spawned(self, serial: int, pid: int) -> None:
        assert self.claim is not None
        if (started := started_of(pid)) is not None:
            owner = self.claim.owner
            row = ProcessRow(
                owner=owner, run_id=self.run_id, serial=serial, pid=pid, started=started
            )
            await self.store.add_process(row)
            self._spawned.add(serial)

    def happened(self, serial: int, event: Event) -> None:
        if (running := self._running.get(serial)) is not None:
            self.observer.event(running.key, event)


def leave_nothing_open(transition: Transition) -> None:
    """The run ends from outside: what came up is cancelled, and no wait stays open."""
    state = transition.state
    for key in [key for key in state.came_up if key not in state.ended]:
        transition.settle(key, "cancelled")
    for key, kind in list(state.waits):
        transition.close_wait(key, kind)
