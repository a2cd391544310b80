"""The loop of a run: advance the plan, write the frame, start what it says, wait for what comes.

Everything that happens between two commits is one frame. Completions that arrive while a commit is
in flight join the next one. An attempt runs only after the frame that records its start is durable.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, assert_never

from pydantic import BaseModel

from smithers import inbox as inbox_kinds
from smithers import waits
from smithers.agent import Event, Spawned
from smithers.changes import (
    AttemptEnded,
    Change,
    Failure,
    FailureHandled,
    Frame,
    Key,
    Reset,
    SentBack,
    StatusChanged,
    WaitOpened,
)
from smithers.clock import Basis, Moment
from smithers.context import Context
from smithers.engine.again import runs_again
from smithers.engine.answering import end_wait, take_answer
from smithers.engine.asking import Asking
from smithers.engine.attempts import (
    AnswerCache,
    Bench,
    Executors,
    Hooks,
    Limits,
    Result,
    Running,
)
from smithers.engine.budgets import Budgets
from smithers.engine.child_usage import count_child
from smithers.engine.children import Children
from smithers.engine.closing import Closing
from smithers.engine.container_ends import ContainerEnds
from smithers.engine.durable import Durable, Promises
from smithers.engine.endings import Ending, Endings, Why, next_id
from smithers.engine.family import Family
from smithers.engine.holding import Holding
from smithers.engine.messages import Messages
from smithers.engine.mount import Mounts
from smithers.engine.mounting import Mounting
from smithers.engine.orphans import Orphans
from smithers.engine.outputs import Outputs, StoredOutputs
from smithers.engine.plan import Plan
from smithers.engine.pools import NO_LIMIT, Slots
from smithers.engine.process_rows import ProcessRows
from smithers.engine.processes import attempt_marks
from smithers.engine.reading import View
from smithers.engine.ready import ReadyQueue
from smithers.engine.render import Renderer
from smithers.engine.reworking import Affected, Again, Reworking
from smithers.engine.settings import Observer, Request, Settings
from smithers.engine.settling import settle
from smithers.engine.signalling import take_signal
from smithers.engine.starting import Starting
from smithers.engine.strays import end_strays
from smithers.engine.streams import last_heard
from smithers.engine.threads import Threads
from smithers.engine.timers import Timers
from smithers.engine.transition import Transition, failure_of
from smithers.errors import AuthorError, StoreError
from smithers.kinds import ChildEnd, Instance
from smithers.state import RunState
from smithers.store import Claim, Cooldown, InboxRow, Model, NewRun, Store
from smithers.texts import object_from
from smithers.tree import capped
from smithers.workflows import Workflow

__all__ = ["Engine", "First", "Observer", "Settings"]

_FEW = 32
"""With more attempts at once, the loop is taken for busy, and nobody looks at each of them."""
_TIME_LEFT_S = 1.0
"""Less time of a child run that is left waiting is counted once it ends."""

MakeExecutors = Callable[[Asking, Bench, Hooks, Threads, Limits], Executors]
First = Callable[[Frame, Sequence[Model]], Awaitable[Claim]]
"""Commits the first frame of a new run, with the output models that it declares."""


class Engine:
    """One run under one owner. The `source` of `run` digests the code of `workflow` as of now."""

    takes_edits = False

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
        cooldowns: Sequence[Cooldown] = (),
        executors: MakeExecutors = Executors,
        children: Callable[..., Children] = Children,
    ) -> None:
        self.workflow = workflow
        self.run_id, self._run = run.run_id, run
        self.settings = settings
        self.folder, self.streams = settings.folder, settings.streams
        self.secrets, self.random = settings.secrets, settings.random
        self.observer = observer
        self.store: Store
        self.claim: Claim | None = None
        self._first: First | None = None
        self._moment = settings.clock.now()
        self.state = state
        self._outputs = Outputs(run.run_id)
        self.transition = Transition(state, self._outputs)
        self.view = View(
            state, Mounts(), self._outputs, None, lambda id: self._mounting.could_add(id)
        )
        context = Context(input, run.run_id)
        pools = {**dict.fromkeys(settings.machine_pools, NO_LIMIT), **workflow.pools}
        pools.update(settings.pools)
        # What a fork has chosen the items from may be another input than that of its source.
        source = run.source if run.forked_from is None else f"{run.source} of {run.run_id}"
        self.renderer = Renderer(workflow, context, self.view, source, pools)
        mask = settings.secrets.mask
        self.asking = Asking(
            self.transition, self.view, self.renderer, mask, self.now, settings.seed
        )
        self.budgets = Budgets(
            self.transition,
            self.view,
            capped(workflow.budget, run.caps),
            mask,
            self.moment,
            run.run_id,
            counts_inherited=run.counts_inherited,
        )
        self.asking.pays = self.budgets.pays
        self.threads = Threads()
        self.answers = AnswerCache(run.run_id, settings.find_answer, self.now)
        self.limits = Limits(run.run_id, self.moment)
        self.limits.see(cooldowns)
        works = executors(self.asking, self, self, self.threads, self.limits)
        self.slots = Slots(settings, self.asking, self.moment, self.halt)
        self.starting = Starting(self.asking, self, works, self.slots)
        self._limit = settings.max_concurrency or workflow.max_concurrency
        self._mounting = Mounting(
            self.renderer,
            self.transition,
            self._limit,
            self._cancel_gone,
            self.budgets,
            pools,
            self._catch_up,
        )
        self._ends = ContainerEnds(self.transition)
        self.holding = Holding(run.run_id, self.asking, self._attempts)
        self._wake = asyncio.Event()
        self._timers = Timers(settings.clock.now, self._wake)
        self._closing = Closing(self.transition, workflow.grace_s, self.moment)
        ends_at: datetime | None = None
        if workflow.deadline_s is not None:
            ends_at = run.created_at + timedelta(seconds=workflow.deadline_s)
        self._endings = Endings(
            workflow,
            self.asking,
            mask,
            self.moment,
            settings.linger_s,
            self._timers,
            ends_at,
            run,
            self.slots,
        )
        self._reworking = Reworking(self.asking)
        self.children = children(Engine, run, self.asking, self, self._limit)
        self.family = Family(run, self.budgets)
        self.budgets.children = lambda: [*self.children.used(), *self.family.below]
        self._ready = ReadyQueue()
        self._changed: set[str] = set()
        """The ids that have settled and that a render has read."""
        self._running: dict[int, Running] = {}
        self._results: deque[tuple[Running, Result]] = deque()
        self._promises = Promises()
        self._resumes = state.frame >= 0
        self._used: deque[int] = deque()
        self._messages = Messages(self.transition)
        self._processes = ProcessRows(run.run_id)
        self._orphans = Orphans()
        self._inbox = deque(inbox)
        self.asking.answered = lambda key: any(
            row.kind == inbox_kinds.ANSWER and row.key == key for row in self._inbox
        )
        self._noted = state.inbox
        """The last note that was heard. A cancel counts as taken with its end alone, so that no
        crash before that forgets it.
        """
        self._ending: Why | None = None
        self._stopped_by: str | None = None
        self._raised = False
        self._postponed = False
        self._has_company = True
        """Whether the loop has tasks that are not this run's, as of the last look."""
        self._idle = False
        """Whether nothing ran when the end came."""
        self._wrong: Failure | None = None
        self._halted: Exception | None = None
        """The error of the store or of this machine by which an attempt was halted."""
        self._looked: Moment | None = None
        """When the inbox was last known to be read: no answer from before is missing."""
        self._prepared: tuple[Ending | None] | None = None

    # -- what others may do to a run that is going on

    def stop(self, by: str | None = None) -> None:
        """Leave the run as it is, resumable; attempts end as interrupted. `by` names the signal."""
        self._stopped_by = by
        self._end("stop")

    def moment(self) -> Moment:
        """The time of the frame in the making; the clock is read once for all that it changes."""
        return self._moment

    def now(self) -> datetime:
        """The same by the wall clock, as it is written."""
        return self._moment.wall

    # -- the loop

    def prepare(self, store: StoredOutputs | None = None) -> None:
        """Make the first frame, in memory alone. `store` is where a run that is resumed has its
        outputs. Raises `AuthorError` for a wrong workflow.
        """
        if self._prepared is None:
            self._outputs.store = store
            self._moment = self.settings.clock.now()
            self._begin()
            ending = self._advance()
            self._mounting.mount(gone=True)
            self._outputs.check()
            self._prepared = (ending,)

    async def run(
        self, store: Store, *, claim: Claim | None = None, first: First | None = None
    ) -> Ending:
        """Drive the run until it ends, or waits for something that is not near.

        A resumed run comes with its claim; of a new one `first` commits frame 0 and gives it.
        Raises `AuthorError` where the workflow is wrong from the start (nothing was written),
        `Fenced` when another owner took the run, or another `StoreError`, such as `MachineError`.
        """
        self.store, self.claim, self._first = store, claim, first
        self.prepare(store)
        self._outputs.store = store
        self.slots.is_open = True
        self._has_company = self._sees_company()
        failed: Exception | None = None
        ending: Ending | None = None
        async with asyncio.TaskGroup() as group:
            try:
                ending = await self._loop(group)
            except Exception as error:  # raised below: a group would wrap it
                failed = error
            finally:
                for running in self._running.values():
                    running.cancel()
                self._timers.close()
                self.threads.close()
                self.plan.put_away()
        self.slots.close()
        if self._halted is not None and (ending is None or ending.stopped):
            raise self._halted from failed
        if failed is not None:
            raise failed
        assert ending is not None
        return ending

    def begin_apart(
        self, store: StoredOutputs, changes: Sequence[Change], stopped_by: str
    ) -> tuple[Frame, list[Model]]:
        """The first frame of an owner that starts nothing, with these changes before all others,
        and the output models that it declares; the run is as one that was stopped by this. Raises
        `AuthorError` or `Refused`.
        """
        self._outputs.store = store
        for change in changes:
            self.transition.do(change)
        self._begin()
        self._mounting.mount(gone=True)
        self._ends.write(self.plan, self._open_by_render())
        self._outputs.check()
        self.plan.put_away()
        self.transition.do(StatusChanged(status="running", stopped_by=stopped_by))
        return self.transition.frame(self.now()), self._mounting.models

    async def _loop(self, group: asyncio.TaskGroup) -> Ending:
        assert self._prepared is not None
        (ending,) = self._prepared
        while True:
            if not self.transition.empty or self._looked is None:  # an owner is heard of
                await self._commit()
            if self._resumes:
                self._resumes = False
                await self._end_strays()
            if ending is not None:
                if ending.status.status != "waiting" or not self._inbox:
                    return ending
                self.transition.do(StatusChanged(status="running"))  # answered meanwhile
            self.asking.strict = False
            if self._postponed:
                self._postponed, ending = False, self._advance()
                continue
            self._start(group)
            if await self._between():
                ending = self._advance()
                continue
            try:
                await self._next()
            except StoreError as error:  # what runs ends as interrupted, if that can be written
                self.halt(error)
            self.limits.forget()
            ending = self._advance()
            if self.limits.must_look:
                await self._look_up()
                ending = self._advance()

    async def _end_strays(self) -> None:
        """End the child runs that an owner before has left."""
        for said in await end_strays(
            self.store,
            self.run_id,
            self.state,
            self.children.take_over,
            now=self.settings.clock.now(),
            trusted=self.settings.believes(),
        ):
            self.observer.note(said)

    async def _look_up(self) -> None:
        """Read what has to be known before an agent starts."""
        self.limits.see(await self.store.cooldowns(here=self._is_alone()))
        await self.family.look(self.store)

    def _start(self, group: asyncio.TaskGroup) -> None:
        """Start what is on disk as started: attempts and child runs."""
        for attempt in self.starting.prepared:
            if not attempt.attempt.is_function:
                self.store.check()  # for functions the look of the commit before is enough
                break
        alone = len(self.starting.prepared) == 1 and self._ending is None
        for attempt in self.starting.prepared:
            self._running[attempt.serial] = attempt
            attempt.start(group, self._marks_of, alone=alone)
            if self._ending is not None:
                attempt.cancel()
        self.starting.prepared.clear()
        if self._ending != "wrong":
            self.children.follow(group)

    def _marks_of(self, serial: int) -> dict[str, str]:
        assert self.claim is not None
        marks = attempt_marks(self.claim.owner, self.run_id, serial)
        return {**self.settings.marks, **marks}

    def _begin(self) -> None:
        """The first frame of this owner: interrupted attempts, the tree, the plan."""
        before = self.state.run_status
        self._interrupt_left()
        status = self.state.status
        if self.state.frame < 0 or status.status != "running" or status.stopped_by is not None:
            self.transition.do(StatusChanged(status="running"))
        failed = self.state.frame >= 0 and before in ("failed", "cancelled")
        for over in self.limits.ended(self.state):
            self.transition.close_wait(over.key, over.kind, '"again"')
        self.transition.close_wait(*waits.THE_EDIT)  # this owner has loaded the files as they are
        if failed:
            self._closing.forget()
        self._closing.resume()
        self.asking.catches_up = self._resumes
        self._render()
        self._do_requested()
        self.asking.catches_up = False
        for one in self.plan.flows.values():
            if one.strands is not None and one.strands.has_misfits:
                self.plan.step_later(one)
        self.asking.sent_back = self._reworking.pending()
        self._do_again()
        self._write_handled()
        if failed and (again := runs_again(self.view.mounts.by_id, self.state)):
            for key in again:
                self.transition.do(Reset(key=key))
            self._render()
        for wait in self.state.waits.values():
            self.schedule(wait.opened)
            if wait.opened.kind == waits.CHILD:
                self.asking.children.append(wait.opened.key)

    def _interrupt_left(self) -> None:
        """What ran when the last owner died, runs no more."""
        if self.state.frame < 0:
            return
        now = self.now()
        for attempt in self.state.running():
            at = last_heard(self.streams, attempt.serial, self.state.at or now, now)
            self.transition.do(
                AttemptEnded(serial=attempt.serial, state="interrupted", error=None, at=at)
            )

    def _do_requested(self) -> None:
        """Reset what is to be done again by request."""
        if self._resumes and self.settings.again is not None:
            self._do_requested_now(self.settings.again)

    def _do_requested_now(self, request: Request) -> None:
        self._reset_found(request(self.asking))

    def _reset_found(self, again: Again) -> None:
        if again.keys or again.chosen or again.alone or again.outputs:
            self._mounting.mount(gone=True)  # what an edit has taken is not done again
            self._reset_all(partial(self._reworking.reset_requested, again, self._attempts()))

    def _render(
        self,
        *,
        gone: bool = False,
        is_edited: bool = False,
        allow: Callable[[], None] | None = None,
    ) -> None:
        """Render anew: whoever was ready or waited for data comes up again in the new plan. What
        `allow` raises, with the new plan, leaves the rows as they were.
        """
        self._changed.clear()
        self.asking.waiting.clear()
        self._ready.clear()
        self._mounting.render(gone=gone, is_edited=is_edited, allow=allow)
        self.budgets.rendered()

    def _catch_up(self) -> None:
        """Run the flows of a new plan again, as far as the rows go."""
        if self._closing.why is not None:
            self.plan.end()
        while self.plan.steps:
            self._step_flow()

    def _step_flow(self) -> bool:
        """Tell one flow what has ended. True if that was its end, and calls of before may be left
        of it that it no longer makes.
        """
        steps = self.plan.steps
        one = steps.pop(next(iter(steps)))
        if one.status == "up":
            one.kind.resolve(self.asking, one)
        return one.settled and one.strands is not None and one.strands.is_known

    def _cancel_gone(self) -> None:
        for running in self._attempts():
            if self._mounting.has_left(running.key):
                running.cancel()
        for key in self.children.known():
            if key.id not in self.state.nodes and self._mounting.has_left(key):
                self.children.end(key, "parent")

    def _attempts(self) -> list[Running]:
        """Those that run, and those that start with the frame in the making."""
        return [*self._running.values(), *self.starting.prepared]

    def _attempt(self, key: Key) -> Running | None:
        """The one of them that is of this task; no other of it begins before that has ended."""
        if not (tries := self.state.tries.get(key)):
            return None
        serial = tries[-1].serial
        starting = (one for one in self.starting.prepared if one.serial == serial)
        return self._running.get(serial) or next(starting, None)

    @property
    def plan(self) -> Plan:
        plan = self.view.plan
        assert plan is not None
        return plan

    # -- one frame

    def _begin_frame(self) -> None:
        """Read the clock, unless it was read for this frame: a flow may have seen its time."""
        if self.transition.empty:
            self._moment = self.settings.clock.now()
        self.slots.look(self._moment)
        if self.transition.empty:
            self._do_again()

    def _advance(self) -> Ending | None:
        """Make every change that follows from what is known; the ending, if there is one."""
        self._begin_frame()
        asking = self.asking
        while not (asking.sent_back and self._is_sent_back()) and (
            self._take_one() or self._follow()
        ):
            pass
        if self._ending is None:
            self.budgets.tidy()
            self.slots.write(is_ready=bool(self._ready))
        self._postponed = self.slots.wants_to_open
        if self._postponed or self._is_sent_back() or self._is_busy() or self.limits.must_look:
            return None
        if (
            self._ending == "stop"
            and (self._idle and not self._pending())
            and (left := self._endings.suspend(stopped=True, by=self._stopped_by)) is not None
        ):
            return left
        if self._ending is not None:
            self.state.inbox = self._noted
            why = self._ending if self._ending == "stop" else self._closing.why or self._ending
            return self._endings.from_outside(why, self._wrong, self._stopped_by)
        if self._closing.why is not None:
            is_done = self.plan.root.settled or not self._endings.waits_outside()
            why = self._closing.why
            return self._endings.from_outside(why, None, None) if is_done else None
        if self.plan.root.settled:
            if self.state.frame < 0 and self._endings.next_input() is not None:
                self._postponed = True  # the next run begins with a frame that ends this one
                return None
            return self._endings.finish()
        return self._suspend()

    def _suspend(self) -> Ending | None:
        """Leave the run to what it waits for, if that is not near."""
        ending = self._endings.suspend()
        if ending is not None and self.children.over_budget:
            ending = replace(ending, over_budget=True)
        return ending

    def _is_busy(self) -> bool:
        """Whether an attempt or a child run is driven here, or is about to be."""
        if self._running or self.starting.prepared or self.children.active:
            self.slots.run_on()
            return True
        return self._ending not in ("stop", "wrong") and self.children.busy

    def _pending(self) -> bool:
        """Whether anything follows from the state that a stop has kept from happening."""
        plan = self.plan
        more = plan.settled or plan.dropped or plan.up or plan.released or plan.steps or plan.ahead
        return bool(more or self._ready)

    def _take_one(self) -> bool:
        """One thing that came from outside: a session, usage, a result, a note, a time."""
        if self._promises.asked:
            self._promises.take_one(self.transition, self.budgets)
            return True
        if self._used:
            self.starting.count_usage(self._running[self._used.popleft()])
            return True
        if self._results:
            self._result(*self._results.popleft())
            return True
        if left := self.children.usage.left:
            key, run_id, used, time_s = left.popleft()
            count_child(
                self.transition, key, run_id, used, self.now(), time_s=time_s, least_s=_TIME_LEFT_S
            )
            return True
        if self._raised:
            self._raised = False
            self.budgets.reopen()
            self.children.raised()
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
        elif plan.handled:
            self._write_handled()
        elif plan.dropped:
            self._drop()
        elif self._changed or plan.untold or plan.ahead:
            self._render_changed()
        elif plan.up or plan.released:
            if not plan.up:
                plan.up, plan.released = plan.released, plan.up
            self._came_up(plan.up.popleft())
        elif plan.entered:
            self.asking.write_entered()
        elif plan.steps:
            self._follow_flow()
        else:
            return self._begin_ready() or self._ask_held_back()
        return True

    def _follow_flow(self) -> None:
        gone = self._step_flow()
        if gone or self.view.mounts.fresh:
            self._mounting.mount(gone=gone)
            self._wake_readers_of_unknown()

    def _begin_ready(self) -> bool:
        """Begin an attempt, if one may begin now."""
        if not self._ready or len(self._running) + len(self.starting.prepared) >= self._limit:
            return False
        if not self.starting.is_informed(self._ready.first):
            return False
        instance = self._ready.pop()
        instance.queued = False
        self.starting.begin(instance)
        self._offer_turn(instance)
        return True

    def _offer_turn(self, instance: Instance) -> None:
        """One that was asked and does not begin keeps nobody from it; what has sent work back comes
        first.
        """
        is_done = instance.begun or instance.settled or self._is_sent_back()
        if instance.kind.is_task and not is_done:
            self.plan.offer_slots(instance)

    def _ask_held_back(self) -> bool:
        """Have those asked that wait for their turn, if nobody at work will pass one on."""
        at_work = self._running or self.starting.prepared or self.children.busy
        return not (at_work or self._ready) and self.plan.ask_held_back()

    def _is_sent_back(self) -> bool:
        """Whether the next frame begins with what is done again; nothing else happens before."""
        return bool(self.asking.sent_back) and self._ending is None and self._closing.why is None

    def _do_again(self) -> None:
        """Reset what was sent back, and all that has read it. It is the first thing of a frame,
        since a reset takes away what was there before its frame.
        """
        if not self._is_sent_back():
            return
        keys, self.asking.sent_back = self.asking.sent_back, []
        self._reset_all(*(partial(self._reworking.reset, key, self._attempts()) for key in keys))

    def _reset_all(self, *resets: Callable[[], Affected]) -> None:
        """Have work reset that is done again; what a render leaves out because of it is, too."""
        children = [key for key in self.state.children if (key, waits.CHILD) in self.state.waits]
        done: list[Key] = []
        for reset in resets:
            affected = reset()
            done += affected.again
            if not self._plan_again(affected):
                done += self._reset_by_render(affected.cause)
        for key in done:
            running = self._attempt(key)
            if running is not None and not self.state.attempts[running.serial].counts:
                running.cancel()
        for key in children:
            if (key, waits.CHILD) not in self.state.waits:
                self.children.end(key, "cancel")

    def _reset_by_render(self, cause: SentBack | None) -> list[Key]:
        """Render what was reset, and reset what that leaves out; this."""
        done: list[Key] = []
        before = set(self.state.nodes)
        while self._render_again():
            left, before = before - set(self.state.nodes), set(self.state.nodes)
            affected = self._reworking.reset_left(left, cause, self._attempts())
            done += affected.again
            if not (affected.again or affected.choices):
                break
        return done

    def _plan_again(self, affected: Affected) -> bool:
        """Plan what was reset alone, if nothing that was chosen or rendered depends on it."""
        if affected.choices or self._closing.why is not None:
            return False
        keys = affected.again | affected.open
        with self.view.changing:
            gone = self.plan.reopen(sorted(keys), self._catch_up)
        if gone is None:
            return False
        self._forget_gone(gone)
        self.budgets.drop_gone(gone)
        readers = (one for each in gone for one in self.asking.waiting.get(each.key, ()))
        self.asking.ask_again(list(readers))
        if gone:
            self._wake_readers_of_unknown()
        return True

    def _forget_gone(self, gone: Sequence[Instance]) -> None:
        """These instances are no longer in the plan."""
        self.asking.waiting.release(gone)
        if any(one.queued for one in gone):
            self._ready.drop_gone()

    def _write_handled(self) -> None:
        """Write which failures were absorbed; a plan that was made anew tells them again."""
        handled = self.plan.handled
        for key in dict.fromkeys(handled):
            if key not in self.state.handled:
                self.transition.do(FailureHandled(key=key))
        handled.clear()

    def _came_up(self, instance: Instance) -> None:
        if self.asking.answer(instance):
            if not instance.queued:  # it may have come up twice, by data and by time
                instance.queued = True
                self._ready.add(instance)
        else:  # an earlier plan may have had no instance of it
            self._schedule_waits(instance.key)
            self._offer_turn(instance)
        if made := bool(self.view.mounts.fresh):
            self._mounting.mount(gone=False)
        if made or instance.kind.expands:
            self._wake_readers_of_unknown()

    def _wake_readers(self, settled: Instance) -> None:
        self.budgets.settled(settled.key)
        plan = self.plan
        plan.up.extend(self.asking.waiting.ended(settled.key, plan.instances))
        ended_early = not settled.kind.is_task and settled.status in ("failed", "cancelled")
        if ended_early or settled.kind.expands or settled.kind.grows:
            self._wake_readers_of_unknown()
        if self.renderer.watches(settled.key.id):
            self._changed.add(settled.key.id)

    def _render_changed(self) -> None:
        """Render once for all that has settled; then it is told to what is around it."""
        changed, self._changed = self._changed | self.plan.ahead, set()
        self.plan.ahead.clear()
        if not changed or self._render_again(changed):
            self.plan.tell_untold()

    def _render_again(self, changed: Collection[str] = ()) -> bool:
        """Render since something changed that the structure reads: these ids, or what was reset.
        False if the tree is wrong.
        """
        try:
            if not changed or self._closing.why is not None or not self._reconcile(changed):
                self._render(gone=True)
        except AuthorError as error:
            if self.asking.strict:
                raise
            # What runs is paid for and may end; nothing new starts below a tree that is wrong.
            self._wrong = failure_of(error, self.settings.secrets.mask)
            self._ending = self._ending or "wrong"
            return False
        return True

    def _reconcile(self, changed: Collection[str]) -> bool:
        """Render what has read any of these ids, and change only what is different. False if the
        whole plan must be made anew.
        """
        found = self._mounting.render_again(changed)
        if found is None:
            return False
        self._forget_gone(found.gone)
        if any(scope.around is None for scope in found.scopes):
            self.asking.ask_again(self.asking.waiting.all())
        else:
            for scope in found.scopes:
                one = self.plan.instances.get(Key(scope.root.id, scope.path))
                self.asking.ask_again(() if one is None else one.walk())
        if found.gone or found.fresh:
            self._wake_readers_of_unknown()
        return True

    def _wake_readers_of_unknown(self) -> None:
        """Who waits for what is not in the tree asks again, if it is there now or cannot come: a
        fan-out has its items, or a container has ended before it came to it.
        """
        if (waiting := self.asking.waiting).has_unknown:
            by_id, may_come = self.view.mounts.by_id, self.view.could_add("")
            self.plan.up.extend(waiting.found(by_id, may_come=may_come))

    def _open_by_render(self) -> set[Key]:
        """What a render that is missing may still add to. What is around a settled node which the
        structure reads has not ended: it is told after the render.
        """
        return set() if self._wrong is None else {self.plan.root.key}

    def _drop(self) -> None:
        dropped = self.plan.dropped.popleft()
        instance = dropped.instance
        if instance.settled:
            return
        if dropped.running:
            if (running := self._attempt(instance.key)) is not None:
                running.cancel()
            if (instance.key, waits.CHILD) in self.state.waits:
                is_cancelled = self._closing.why == "cancel"
                self.children.end(instance.key, "cancel" if is_cancelled else "parent")
            return
        tries = self.state.tries.get(instance.key, ())
        error = tries[-1].error if dropped.outcome == "failed" and tries else None
        settle(self.transition, self.plan, instance.key, dropped.outcome, error=error)

    # -- what comes

    def _result(self, running: Running, result: Result) -> None:
        del self._running[running.serial]
        self.slots.give_back(running.serial)
        if result.kind == "halted":
            result = Result("cancelled")
        if self._ending == "stop" and result.kind == "cancelled":
            self.starting.interrupted(running)
        else:
            self.starting.take(running, result, self.plan.instances.get(running.key))

    def _note(self, row: InboxRow) -> None:
        if row.id <= self._noted:
            return
        self._noted = row.id
        if row.kind == inbox_kinds.CANCEL:
            self._cancelled(object_from(row.body) or {})
        if self._ending not in ("cancel", "parent"):
            self._take(row)
            self.state.inbox = row.id

    def _cancelled(self, body: dict[str, Any]) -> None:
        """A person cancels the run, or the run that started it ends it, which it may say twice."""
        of_parent = "why" in body
        if body.get("now"):
            self._end_at_once("parent" if body.get("why") == "parent" else "cancel")
        elif not (of_parent and self._closing.why is not None):
            self._end("parent" if body.get("why") == "parent" else "cancel")

    def _take(self, row: InboxRow) -> None:
        match row.kind:
            case inbox_kinds.ANSWER:
                take_answer(row, self.asking)
            case inbox_kinds.BUDGET:
                self.budgets.take(row)
                self.children.raised()
            case inbox_kinds.STEER:
                self._messages.take(row)
            case inbox_kinds.HOLD | inbox_kinds.RELEASE:
                self.holding.take(row)
            case inbox_kinds.CHILD_ENDED:
                self._child_ended(row)
            case inbox_kinds.SIGNAL:
                take_signal(row, self.asking)
            case inbox_kinds.CANCEL:
                pass  # nothing is taken once the run is cancelled
            case _:
                assert_never(row.kind)

    def _child_ended(self, row: InboxRow) -> None:
        """The end of a child run counts if its node waits for that run, and it is the last one."""
        wait = self.state.waits.get((row.key, waits.CHILD)) if row.key is not None else None
        later = any(one.kind == row.kind and one.key == row.key for one in self._inbox)
        is_of = wait is not None and wait.opened.on == (ChildEnd.of(row.body).run_id,)
        if row.key is not None and is_of and not later:
            end_wait(row.key, waits.CHILD, self.asking, row.body)

    def schedule(self, wait: WaitOpened, basis: Basis | None = None) -> None:
        """Wake up when this wait is due, if it is; without a `basis` on the clock of its kind."""
        named = basis is None and (self.limits.is_named(wait) or waits.is_named(wait))
        basis = basis or ("wall" if named else waits.traits(wait.kind).clock)
        if basis is not None:
            self._timers.schedule(wait, basis, self._moment)

    def _time_passed(self) -> bool:
        """Take one timer that is due."""
        if not (self._timers.heaps or self._endings.deadline or self._closing.why):
            return False
        if self._is_late():
            self._end("deadline")
            return True
        if self._ending is None and self._closing.is_over():
            self._end_at_once(self._closing.why or "cancel")
            return True
        taken = self._timers.take(self._moment, self._looked, self.state.waits, self.plan.instances)
        if taken is None:
            return False
        end_wait(*taken, self.asking)
        return True

    def _is_late(self) -> bool:
        if self._ending is not None or self._closing.why is not None:
            return False
        return not self.plan.root.settled and self._endings.is_late()

    def _schedule_waits(self, key: Key) -> None:
        """Wake up for the timed waits of a node, of which an earlier plan had no instance."""
        for kind in waits.TIMED if self.state.waits else ():
            if (wait := self.state.waits.get((key, kind))) is not None:
                self.schedule(wait.opened)

    def _end(self, why: Why) -> None:
        """End the run from outside its tree; what cleans up may run before, but for a stop. Another
        cancel while it cleans up ends that; one that was written before it is the same request.
        """
        if self._ending is not None or why in ("stop", "wrong"):
            self._end_at_once(why)
        elif self._closing.why is None:
            if self._closing.begin(why, self.plan):
                self._timers.ring()
            else:
                self._end_at_once(why)
        elif self._closing.is_under_way():
            self._end_at_once(why)

    def _end_at_once(self, why: Why) -> None:
        if self._ending is None or (why in ("stop", "cancel") and self._ending != "cancel"):
            self._ending = why
            self._idle = not (self._running or self.starting.prepared)
        for running in self._running.values():
            running.cancel()
        if why == "stop":
            self.children.stop(self._stopped_by)
        elif why != "wrong":
            self.children.end_all("cancel" if why == "cancel" else "parent")
        self._timers.ring()  # a person may have cancelled the run, too

    def halt(self, error: Exception) -> None:
        """Stop as if a person had asked for it, and raise the error once nothing runs."""
        if self._halted is None:
            self._halted = error
            self._end("stop")

    # -- outside

    async def _commit(self) -> None:
        self._outputs.check()
        looked = self._moment
        self._ends.write(self.plan, self._open_by_render())
        frame = self.transition.frame(looked.wall)
        models, self._mounting.models = self._mounting.models, []
        if self._first is not None:
            self.claim = await self._first(frame, models)
            self._first = None
        else:
            assert self.claim is not None
            cooldowns, self.limits.new = self.limits.new, []
            answers, self.answers.new = self.answers.new, []
            starts = self._next_run() if self.state.run_status == "continued" else None
            more = (cooldowns, answers, starts, self._is_alone())
            rows = await self.store.commit(self.claim, frame, models, *more)
            self._hear(rows)
        self._looked = looked
        self._outputs.committed()
        if self._processes.serials:
            await self._processes.forget(self.store, self.claim.owner, self._running)
        self._promises.committed()
        if self._messages.taken:
            self._messages.tell(self._attempt)
        reports, self.renderer.reports = self.renderer.reports, []
        for report in reports:
            self.observer.note(report)
        self.observer.frame(frame, self.state)

    def _is_alone(self) -> bool:
        """Whether nothing but this run needs the loop now."""
        if self._has_company or self.children.active or len(self._running) > _FEW:
            return False
        return not any(one.attempt.is_on_loop for one in self._running.values())

    def _sees_company(self) -> bool:
        """Whether the loop has tasks that are not this run's. It takes a walk over all of them."""
        if len(self._running) > _FEW:
            return True
        mine = {asyncio.current_task(), *(one.task for one in self._running.values())}
        return not asyncio.all_tasks() <= mine

    def _next_run(self) -> NewRun:
        """The run as which this one continues."""
        run, input = self._run, self._endings.next_input()
        assert input is not None
        return replace(
            run,
            run_id=next_id(run),
            input=input,
            created_at=self.now(),
            first_run=run.first_run or run.run_id,
            number=run.number + 1,
            forked_from=None,
            forked_at=None,
        )

    async def _next(self) -> None:
        """Wait until something has come: a result, a session, usage, a note, or a time."""
        await asyncio.sleep(0)  # what was started has its turn, and so has all else in this loop
        if self.threads.make_calls():
            await asyncio.sleep(0)  # the steps whose calls are done end now, not two turns later
        self._timers.set_alarm()
        if self._ending is None and self._timers.take_ring() and await self._look():
            return  # a run that never waits looks by the clock as well
        while True:
            self._wake.clear()
            if self._is_called():
                return
            if self._ending is not None and not (self._running or self.children.active):
                return
            if not self._timers.take_ring():
                self._timers.set_alarm()
                await self._wake.wait()
            elif await self._look():
                return

    def _is_called(self) -> bool:
        """Whether there is something to take."""
        came = self._results or self._promises.asked or self._used or self._inbox or self._raised
        return bool(came) or self._is_sent_back()

    async def _between(self) -> bool:
        """What is done between two frames, of which nothing is in the making; whether anything
        was. An engine that takes edits takes them here.
        """
        return False

    async def _look(self) -> bool:
        """Look at what rings no bell: other processes, and the clocks. Whether anything came."""
        if await self.holding.look():
            return True
        await self._processes.write(self.store)
        self._has_company = self._sees_company()
        owned = any(one.attempt.owns_children for one in self._attempts())
        self._orphans.collect(owned=owned)
        now = self._moment = self.settings.clock.now()
        due = self._timers.is_due(now) or self.slots.look(now) or self.slots.is_over(now)
        changed = await self.store.changed(self.run_id)
        news = self.children.take_news()
        if changed or news or self.children.sees_slot():
            await self.children.look()
        if changed and self._run.allow_runs.number and self.budgets.active:
            await self.family.look_below(self.store)  # an answer may be about to be repaired
        if changed or due:
            assert self.claim is not None
            self._hear(await self.store.inbox(self.claim, self._noted))
            self._looked = now
        due = due or news or self.children.take_news()
        return due or bool(self._inbox) or self._is_late() or self._closing.is_over()

    def _hear(self, rows: Sequence[InboxRow]) -> None:
        """Notes were read, among which may be some that were read before and are not taken yet."""
        if rows:
            last = self._inbox[-1].id if self._inbox else self._noted
            self._inbox.extend(row for row in rows if row.id > last)

    def budget_raised(self) -> None:
        """A budget of the run that started this one was raised."""
        self._raised = True
        self._wake.set()

    def look(self) -> None:
        """Have the inbox read now."""
        self._timers.ring()

    # -- hooks of the attempts

    def done(self, running: Running, result: Result) -> None:
        self._results.append((running, result))
        if result.kind == "halted" and result.error is not None:
            self.halt(result.error)
        self._wake.set()

    async def keep(self, change: Durable) -> None:
        kept = self._promises.ask(change)
        self._wake.set()
        await kept

    def used(self, serial: int) -> None:
        self._used.append(serial)
        self._wake.set()

    async def spawned(self, serial: int, process: Spawned) -> None:
        assert self.claim is not None
        await self._processes.add(self.store, self.claim.owner, serial, process)

    def happened(self, serial: int, event: Event) -> None:
        if (running := self._running.get(serial)) is not None:
            try:
                self.observer.event(running.key, event)
            except OSError:
                return  # a full disk or a closed terminal fails no attempt
