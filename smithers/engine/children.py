"""The child runs of a run. Each is driven in this process, by an engine with a claim of its own.

A child is started once the wait that names it is on disk, and its end comes as a row of the inbox,
so nothing here has to be remembered: a new owner finds the open waits and drives their runs. A
child that waits for somebody is left as rows, and driven again once it is called. One that another
process drives is waited for.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from smithers import inbox, waits
from smithers.agent import Event
from smithers.amounts import Amounts
from smithers.changes import ENDED, Failure, Frame, Key
from smithers.engine.asking import Asking
from smithers.engine.budgets import Budgets
from smithers.engine.child_checks import check_level, check_own
from smithers.engine.child_usage import ChildUsage
from smithers.engine.endings import Ending, Why
from smithers.engine.family import Family
from smithers.engine.processes import clear_away
from smithers.engine.provenance import code_of, sources_of
from smithers.engine.requesting import denied_again
from smithers.engine.settings import Observer, Request, Settings
from smithers.engine.timers import POLL_S
from smithers.engine.transition import failure_of
from smithers.errors import AuthorError, MachineError, Owned, Place, Refused, RunExists, UnknownRun
from smithers.kinds import STOPPED, child_workflow
from smithers.sources import Sources
from smithers.state import RunState
from smithers.store import Claim, Claimed, Model, NewRun, Note, Parent, RunRow, Store, options_below
from smithers.store.files import check_streams
from smithers.values import dataclass
from smithers.workflows import Workflow

if TYPE_CHECKING:
    from smithers.engine.engine import Engine

__all__ = ["Bench", "Children"]

Make = Callable[..., "Engine"]


class Bench(Protocol):
    """The run, as its children need it."""

    budgets: Budgets
    family: Family
    settings: Settings
    observer: Observer
    store: Store

    def halt(self, error: Exception) -> None:
        """Stop, and raise the error once nothing runs."""

    def look(self) -> None:
        """Have the inbox read."""


@dataclass(slots=True)
class _Child:
    """The child run of a node. `why` it is to end, if it is, and whether it was `told` so."""

    key: Key
    run_id: str
    input: str
    workflow: Workflow[Any, Any]
    why: Why | None = None
    now: bool = False
    told: bool = False
    resumes: bool = False
    """Whether it is resumed if it has failed."""
    asks_again: bool = False
    """Whether what a person denied in it is asked again."""
    engine: Engine | None = None
    made: Engine | None = None
    """The same before it runs: what it is about to start counts already."""
    over_budget: bool = False
    """Whether it was left waiting for a larger budget."""
    now_run: str = ""
    """The run as which it has continued."""
    pools: Mapping[str, int] = field(default_factory=dict[str, int])
    """The pools of this machine for which it was left waiting, with their limits."""

    @property
    def last(self) -> str:
        return self.now_run or self.run_id


_How = Literal["left", "owned", "continued"]
"""It has ended or waits; another process drives it; or it has continued as another run."""


class _Watch:
    """Shows the owner's observer what a child does: its events are those of the node."""

    def __init__(self, observer: Observer, child: _Child) -> None:
        self._observer, self._child = observer, child

    def frame(self, frame: Frame, state: RunState) -> None: ...

    def event(self, key: Key, event: Event) -> None:
        self._observer.event(self._child.key, event)

    def note(self, text: str) -> None:
        self._observer.note(f"{self._child.run_id}: {text}")


class Children:
    """Drives the child runs of one run; at most `limit` at a time."""

    def __init__(self, make: Make, run: NewRun, asking: Asking, bench: Bench, limit: int) -> None:
        self._make, self._run, self._asking, self._bench = make, run, asking, bench
        self._limit = limit
        self._known: dict[Key, _Child] = {}
        self._queue: deque[_Child] = deque()
        self._active: list[_Child] = []
        self._asleep: dict[str, _Child] = {}
        self._ending: dict[Key, Why] = {}
        self._group: asyncio.TaskGroup | None = None
        self._stopped = False
        self._stopped_by: str | None = None
        self._news = False
        self.usage = ChildUsage(asking.state)

    @property
    def busy(self) -> bool:
        """Whether a child run is driven or waited for here, or is about to be."""
        if self._stopped or self._active:
            return bool(self._active)
        open_waits, opened = self._asking.state.waits, self._asking.children
        return bool(self._queue) or any((key, waits.CHILD) in open_waits for key in opened)

    @property
    def active(self) -> bool:
        """Whether a child run is driven or waited for here."""
        return bool(self._active)

    @property
    def over_budget(self) -> bool:
        """Whether a child run waits for a larger budget."""
        return any(child.over_budget for child in self._asleep.values())

    def take_news(self) -> bool:
        """Whether a child run was left since the last call."""
        news, self._news = self._news, False
        return news

    # -- what the owner says

    def follow(self, group: asyncio.TaskGroup) -> None:
        """Drive the runs of the waits that are on disk now."""
        self._group = group
        opened, self._asking.children = self._asking.children, []
        for key in opened:
            wait = self._asking.state.waits.get((key, waits.CHILD))
            one = self._asking.plan.instances.get(key)
            workflow = None if one is None else child_workflow(one.node)
            if wait is None or workflow is None:
                continue
            if self._is_known(key):
                if (self._known[key].run_id,) != wait.opened.on:  # that one has to end first
                    self._asking.children.append(key)
                continue
            (run_id,), input = wait.opened.on, wait.opened.asked or "{}"
            child = self._known[key] = _Child(key, run_id, input, workflow)
            child.why = self._ending.pop(key, None)
            known = self._asking.state.children[key]
            child.resumes, child.asks_again = known.resumes, known.asks_again
            self._queue.append(child)
        while self._queue and len(self._active) < self._limit and not self._stopped:
            child = self._queue.popleft()
            self._active.append(child)
            group.create_task(self._drive(child))

    def _is_known(self, key: Key) -> bool:
        child = self._known.get(key)
        return child is not None and (child in self._active or child in self._queue)

    def end(self, key: Key, why: Why, *, now: bool = False) -> None:
        """End the child run of a node; its row in the inbox says when that has happened."""
        if (child := self._known.get(key)) is None:
            if (key, waits.CHILD) in self._asking.state.waits:  # else `end_strays` finds it
                self._ending[key] = why
            return
        if child.why is not None and (child.now or not now):
            return
        child.why, child.now, child.told = why, now, False
        if child.last in self._asleep:
            self._wake(child)
        elif child.engine is not None and self._group is not None:
            self._group.create_task(self._tell(child))

    def known(self) -> list[Key]:
        """The nodes whose child runs are driven or left waiting here."""
        return [
            key
            for key, child in self._known.items()
            if self._is_known(key) or child.last in self._asleep
        ]

    def take_over(self, key: Key, run: RunRow, why: Why) -> bool:
        """Drive a child run that nobody waits for to its end; whether that can be done."""
        one = self._asking.view.mounts.by_id.get(key.id)
        workflow = None if one is None else child_workflow(one.node)
        if workflow is None or self._is_known(key):
            return False
        child = self._known[key] = _Child(key, run.run_id, run.input, workflow, why=why)
        self._queue.append(child)
        return True

    def end_all(self, why: Why) -> None:
        """End all child runs now, without cleaning up."""
        for key, kind in list(self._asking.state.waits):
            if kind == waits.CHILD:
                self.end(key, why, now=True)

    def stop(self, by: str | None) -> None:
        """Leave all child runs as they are, resumable."""
        self._stopped, self._stopped_by = True, by
        for child in self._active:
            if child.engine is not None:
                child.engine.stop(by)

    def used(self) -> Iterator[tuple[Key, Amounts]]:
        """What the child runs that are driven here, or were just now, have used and their nodes do
        not count yet.
        """
        driven = [(child, child.made) for child in self._active if child.made is not None]
        now = self._bench.settings.clock.now().wall
        rows = [(child.key, child.last, engine.state) for child, engine in driven]
        yield from self.usage.uncounted(rows, now)
        for child, engine in driven:
            for _, amounts in engine.children.used():
                yield child.key, amounts

    def raised(self) -> None:
        """A budget was raised: child runs that wait for it try again."""
        for child in list(self._asleep.values()):
            self._wake(child)
        for child in self._active:
            if child.engine is not None:
                child.engine.budget_raised()

    def claims(self) -> list[Claim]:
        """The claims of the child runs that are driven here, and of those below them."""
        engines = [child.engine for child in self._active if child.engine is not None]
        below = [claim for engine in engines for claim in engine.children.claims()]
        return [*below, *(engine.claim for engine in engines if engine.claim is not None)]

    async def look(self) -> None:
        """Drive those again that were left waiting and are called now."""
        if self._asleep and not self._stopped:
            called = await self._bench.store.called(self._asleep)
            for child in list(self._asleep.values()):
                if child.why is not None or child.last in called or self._has_slot(child):
                    self._wake(child)

    def sees_slot(self) -> bool:
        """Whether a pool has a free slot for which a child run was left waiting."""
        return any(map(self._has_slot, self._asleep.values()))

    def _has_slot(self, child: _Child) -> bool:
        machine = self._bench.settings.machine
        try:
            return any(machine.count_free(pool, limit) for pool, limit in child.pools.items())
        except MachineError as error:
            self._bench.halt(error)
            return False

    def _wake(self, child: _Child) -> None:
        del self._asleep[child.last]
        self._queue.append(child)
        self._news = True

    # -- one child

    async def _drive(self, child: _Child) -> None:
        try:
            while (how := await self._try(child)) != "left":
                if how == "owned":
                    await self._wait_for_owner(child)
        except (AuthorError, Refused, RunExists) as error:
            await self._report_failure(child, error)
        except Exception as error:  # the store or this machine: it is raised by the owner
            self._bench.halt(error)
        finally:
            child.made = None
            self._active.remove(child)
            self._news = True
            self._bench.look()

    async def _try(self, child: _Child) -> _How:
        """Drive it until it ends or waits; see `_How`."""
        store = self._bench.store
        if child.why is not None and not child.told:
            await self._tell(child)
        try:
            run = await store.run(child.last)
        except UnknownRun:
            if child.why is None:
                check_level(self._bench.family.level, child.run_id, self._place(child))
                return await self._start(child)
            await self._report(child, {"status": "cancelled"})
            return "left"
        check_own(run, self._run.run_id, child.key, child.workflow.name)
        try:
            claimed = await store.claim(
                child.last,
                self._bench.settings.owner(),
                source=self._source(child),
                allow_runs=child.workflow.allow_runs,
                code=code_of(self._sources(child)),
            )
        except Owned:
            child.resumes = False  # if it fails, its row says so
            return "left" if self._stopped or child.now else "owned"
        return await self._resume(child, run, claimed)

    async def _start(self, child: _Child) -> _How:
        store, run = self._bench.store, self._new(child)
        engine = self._engine(child, run, RunState(), cooldowns=await store.cooldowns())
        await engine.family.look(store)
        engine.prepare()  # author errors come before anything is written

        async def first(frame: Frame, models: Sequence[Model]) -> Claim:
            code = code_of(self._sources(child), engine.renderer.agents)
            claim = await store.create(run, self._bench.settings.owner(), frame, models, code)
            if child.why is not None:  # said before there was a run to tell
                await self._tell(child)
            return claim

        return await self._go(child, engine, first=first)

    async def _resume(self, child: _Child, before: RunRow, claimed: Claimed) -> _How:
        from smithers.engine.edited import Edited, asked_again  # needed by no run without children

        store, claim = self._bench.store, claimed.claim
        try:
            await clear_away(store, claimed, before.owner, self._bench.settings.believes())
            history = await store.load(child.last)
            state = RunState.of(history.frames)
            if state.status.next_run is not None:
                await store.release(claim)
                self.usage.add(child.key, child.last, state)
                return self._continue(child, state.status.next_run)
            if state.run_status in ENDED and not _may_resume(child, state):
                await self._report(child, _row_of(state))
                await store.release(claim)
                return "left"
            nobody = Claim(run_id=child.last, owner="", fence=0)
            source = self._source(child)
            is_told = before.source == source and history.fence in (None, before.fence)
            again = denied_again(child.last, state) if child.asks_again else None
            edited = None
            if not is_told:
                edited = Edited(child.last, history.frames, also=again, refuses=False)
            engine = self._engine(
                child,
                replace(history.run, source=source),
                state,
                edited or again,
                inbox=await store.inbox(nobody, state.inbox),
                cooldowns=await store.cooldowns(),
            )
            if before.source != source:
                engine.renderer.reports.insert(0, "its code has changed since it was last driven")
            await engine.family.look(store, first=True)
            engine.prepare(store)
            if edited is not None and edited.comparison is not None:
                engine.renderer.reports += map(asked_again, edited.comparison.asked_again)
        except BaseException:
            await store.release(claim)
            raise
        while child.why is not None and not child.told:
            await self._tell(child)
        return await self._go(child, engine, claim=claim)

    def _continue(self, child: _Child, next_run: str) -> _How:
        """The child has continued as another run, which the node waits for as well."""
        child.now_run, child.told, self._news = next_run, False, True
        self._bench.look()
        return "continued"

    async def _go(self, child: _Child, engine: Engine, **how: Any) -> _How:
        child.engine = engine
        if self._stopped:
            engine.stop(self._stopped_by)
        ending: Ending | None = None
        try:
            ending = await engine.run(self._bench.store, **how)
        finally:
            child.engine, child.made, child.pools = None, None, engine.slots.awaited
            self.usage.add(child.key, child.last, engine.state)
            if engine.claim is not None:
                wake_at = None if ending is None else ending.wake_at
                await self._bench.store.release(engine.claim, wake_at)
        assert ending is not None
        if ending.status.next_run is not None:
            return self._continue(child, ending.status.next_run)
        child.over_budget = ending.over_budget
        if ending.status.status not in ENDED:
            self._asleep[child.last] = child
        return "left"

    def _engine(
        self,
        child: _Child,
        run: NewRun,
        state: RunState,
        again: Request | None = None,
        **more: Any,
    ) -> Engine:
        given, settings = child.workflow.parse_input(run.input), self._bench.settings
        streams = settings.streams.parent / child.last
        check_streams(streams)
        engine = child.made = self._make(
            child.workflow,
            given,
            run=run,
            state=state,
            settings=replace(
                settings,
                streams=streams,
                max_concurrency=None,
                again=again,
                sources=self._sources(child),
            ),
            observer=_Watch(self._bench.observer, child),
            **more,
        )
        engine.budgets.outer = (self._bench.budgets, child.key)
        engine.family.outer = self._bench.family
        return engine

    def _new(self, child: _Child) -> NewRun:
        workflow, parent = child.workflow, self._run
        return NewRun(
            run_id=child.run_id,
            workflow=workflow.name,
            file=workflow.mark.place.file,
            folder=parent.folder,
            interpreter=parent.interpreter,
            environment=parent.environment,
            input=child.input,
            source=self._source(child),
            created_at=self._bench.settings.clock.now().wall,
            options=options_below(parent),
            parent=Parent(run_id=parent.run_id, key=child.key),
            allow_runs=workflow.allow_runs,
        )

    def _source(self, child: _Child) -> str:
        """A digest of the code of its workflow; empty if its file cannot be read."""
        if child.workflow.mark.place.file == self._run.file:
            return self._run.source
        sources = self._sources(child)
        return "" if sources is None else sources.digest

    def _sources(self, child: _Child) -> Sources | None:
        """The files of its workflow, as far as they are known."""
        file = child.workflow.mark.place.file
        return self._bench.settings.sources if file == self._run.file else sources_of(Path(file))

    def _place(self, child: _Child) -> Place | None:
        one = self._asking.plan.instances.get(child.key)
        return None if one is None else one.node.mark.place

    async def _wait_for_owner(self, child: _Child) -> None:
        """Another process drives it: wait until something was written."""
        reader = f"{self._run.run_id}/{child.run_id}"
        while not (self._stopped or (child.why is not None and not child.told)):
            await asyncio.sleep(POLL_S)
            if await self._bench.store.changed(reader):
                return

    async def _tell(self, child: _Child) -> None:
        """Ask it to end."""
        child.told = True
        body = {"by": f"run {self._run.run_id}", "now": child.now, "why": child.why}
        await self._offer(child.last, inbox.CANCEL, None, body)

    async def _report(self, child: _Child, row: dict[str, Any]) -> None:
        """Put the end of a child that ended before anybody waited for it into the inbox."""
        body = {"run": child.run_id, "last": child.last, **row}
        await self._offer(self._run.run_id, inbox.CHILD_ENDED, child.key, body)

    async def _report_failure(self, child: _Child, error: Exception) -> None:
        failure = failure_of(error, self._bench.settings.secrets.mask)
        await self._report(child, {"status": "failed", "error": _fields(failure)})

    async def _offer(
        self, run_id: str, kind: inbox.InboxKind, key: Key | None, body: dict[str, Any]
    ) -> None:
        text, at = json.dumps(body, ensure_ascii=False), self._bench.settings.clock.now().wall
        try:
            await self._bench.store.offer(Note(run_id=run_id, kind=kind, key=key, body=text, at=at))
        except UnknownRun:  # it was never started
            return


def _may_resume(child: _Child, state: RunState) -> bool:
    """Whether a child run that has ended is resumed, instead of failing its node."""
    error = state.status.error
    was_stopped = error is not None and error.kind == STOPPED
    return state.run_status == "failed" and child.why is None and (child.resumes or was_stopped)


def _row_of(state: RunState) -> dict[str, Any]:
    status = state.status
    error = None if status.error is None else _fields(status.error)
    return {"status": status.status, "output": status.output, "error": error}


def _fields(failure: Failure) -> dict[str, Any]:
    return {name: getattr(failure, name) for name in failure.__dataclass_fields__}
