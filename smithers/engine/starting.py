"""Starting attempts, and what follows from how they end."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Literal, Protocol, cast

from smithers import waits
from smithers.agent import Ask
from smithers.changes import AttemptEnded, AttemptStarted, AttemptState, Failure, Key, WaitOpened
from smithers.clock import Basis, Moment
from smithers.context import NotYet
from smithers.engine.agents import Cooling, Missing, Use, after_failure, next_agent
from smithers.engine.answers import ATTENDED, INTERRUPTED, asked, messages_block
from smithers.engine.asking import Asking
from smithers.engine.attempts import AgentAttempt, Hooks, StepAttempt
from smithers.engine.budgets import Budgets, RepairRefused
from smithers.engine.handover import background, handover
from smithers.engine.limits import Limits
from smithers.engine.messages import Mailbox, untold
from smithers.engine.printing import Printed
from smithers.engine.sessions import Held, held
from smithers.engine.settling import settle
from smithers.engine.streams import Stream
from smithers.engine.threads import Threads
from smithers.engine.transition import failure_of
from smithers.errors import (
    AuthorError,
    BadOutput,
    Busy,
    MachineError,
    SmithersError,
    StoreError,
    is_of_the_machine,
)
from smithers.kinds import Instance
from smithers.secrets import Secrets
from smithers.state import Attempted, Message
from smithers.store.files import raw_file
from smithers.tree import AgentWork, Attempt, Retry, StepWork, Task, plain_text

__all__ = ["Bench", "Result", "Running", "Starting"]

_ONCE = Retry(tries=1)


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended: with its output as JSON text, an error, or reads that were missing; or
    it is held, since its budget allows no repair, or for a person who goes on in its session. It is
    halted by an error of the store or of this machine, for which nobody who worked is to blame.
    """

    kind: Literal["succeeded", "failed", "deferred", "cancelled", "held", "halted"]
    text: str = ""
    error: Exception | None = None
    missed: tuple[Key, ...] = ()


class Running:
    """An attempt that was started, or is to be started with the frame in the making."""

    def __init__(
        self, key: Key, attempt: AgentAttempt | StepAttempt, done: Callable[[Running, Result], None]
    ) -> None:
        self.key = key
        self.attempt = attempt
        self.serial = attempt.serial
        self.is_step = isinstance(attempt, StepAttempt)
        self._done = done
        self._cancelled = False
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._held = False

    def start(self, group: asyncio.TaskGroup, marks: Mapping[str, str]) -> None:
        """Begin; `marks` tag the processes that it starts."""
        if isinstance(self.attempt, AgentAttempt):
            self.attempt.ask = replace(self.attempt.ask, marks=marks)
        self._task = group.create_task(self._run(), name=str(self.key))
        self._task.add_done_callback(self._ended)
        if self._cancelled:  # between its preparation and here
            self._task.cancel()

    def tell(self, message: Message) -> None:
        """A person says something to the agent that is at work, if one is."""
        if isinstance(self.attempt, AgentAttempt):
            self.attempt.tell(message)

    def cancel(self) -> None:
        """Stop it; its result comes when all of it has ended."""
        self._stopped = True
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()

    def hold(self) -> None:
        """Stop it, so that a person can go on in its session."""
        self._held = True
        self.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            return  # it told its result itself, a turn of the loop earlier
        if self._stopped:
            self._done(self, Result("held" if self._held else "cancelled"))
        else:
            error = RuntimeError("it raised asyncio.CancelledError itself")
            self._done(self, Result("failed", error=error))

    async def _run(self) -> None:
        try:
            result = Result("succeeded", text=await self.attempt.run())
        except NotYet as missed:
            result = Result("deferred", missed=missed.on)
        except RepairRefused as error:
            result = Result("held", error=error)
        except Exception as error:
            result = self._failed(error)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # it must not end the engine
            said = plain_text(error)
            words = f"{type(error).__name__}({said!r})" if said else type(error).__name__
            raised = RuntimeError(f"the function raised {words}")
            result = Result("failed", error=raised.with_traceback(error.__traceback__))
        self._done(self, result)

    def _failed(self, error: Exception) -> Result:
        """A function of the author's may use another store, and what the system refuses it is its
        own affair; of an agent's attempt only adapters and we touch files.
        """
        if isinstance(self.attempt, AgentAttempt):
            if is_of_the_machine(error):
                path: object = getattr(error, "filename", None) or self.attempt.agent.name
                error = MachineError.of(error, path)
            halts = isinstance(error, StoreError)
        else:
            halts = isinstance(error, MachineError)
        return Result("halted" if halts else "failed", error=error)


class Bench(Protocol):
    """What starting needs to know of the run."""

    run_id: str
    folder: Path
    streams: Path
    secrets: Secrets
    random: Random
    budgets: Budgets

    def now(self) -> datetime: ...

    def moment(self) -> Moment: ...

    def schedule(self, wait: WaitOpened, basis: Basis | None) -> None: ...

    def done(self, running: Running, result: Result) -> None: ...


class Starting:
    """Makes attempts of tasks that are ready, and settles or retries them when they have ended."""

    def __init__(self, asking: Asking, bench: Bench, hooks: Hooks, threads: Threads) -> None:
        self._asking = asking
        self._frame = asking.frame
        self._bench = bench
        self._hooks = hooks
        self._threads = threads
        self.limits = Limits(bench.run_id, bench.moment)
        self._backgrounds: dict[tuple[int, ...], str] = {}
        self.prepared: list[Running] = []

    # -- before

    def begin(self, instance: Instance) -> None:
        """Start an attempt with the frame in the making, unless it must wait for a slot or data."""
        plan = self._asking.plan
        if instance.status != "up" or instance.dropping is not None:
            return
        if (instance.key, waits.ATTACHED) in self._frame.state.waits:
            return
        if (group := plan.blocker(instance)) is not None:
            plan.block(instance, group)
            return
        if self._bench.budgets.active and self._bench.budgets.holds(instance):
            return
        node = cast("Task", instance.definition.node)
        if isinstance(node.work, AgentWork):
            self._begin_agent(instance, node, node.work)
        elif isinstance(node.work, StepWork):
            self._begin_step(instance, node, node.work)

    def _begin_agent(self, instance: Instance, node: Task, work: AgentWork) -> None:
        # First what it waits for by itself: only a task that could start waits for its agents.
        taken = self._taken(instance)
        if self._asking.missed(taken):
            return
        prompt = self._asking.ask(
            instance, lambda: self._asking.text(work.prompt, "prompt", instance, node)
        )
        if self._asking.missed(prompt):
            return
        tries = self._tries(instance.key)
        missing = None if tries or node.on_failure == "continue" else self.limits.missing(work)
        following = missing or next_agent(
            work, tries, self.limits.cooling, self._bench.moment(), taken
        )
        if isinstance(following, Use):
            self._attempt(instance, node, work, following, cast("str", prompt), taken)
        elif not self._wait_for_agents(instance, following):
            error = tries[-1].error if tries else None
            self._settle(instance, "failed", error=error)

    def _taken(self, instance: Instance) -> Any:
        """The session that the task takes up, None where it begins its own; or it is missed."""
        node = cast("Task", instance.definition.node)
        if cast("AgentWork", node.work).source is None:
            return None
        return self._asking.ask(instance, lambda: held(instance))

    def _attempt(
        self,
        instance: Instance,
        node: Task,
        work: AgentWork,
        use: Use,
        prompt: str,
        taken: Held | None,
    ) -> None:
        bench, tries, native = self._bench, self._tries(instance.key), use.agent.can.native_schema
        # The author's prompt stays apart from what is told of earlier attempts.
        said, new = (untold(self._frame.state, instance.key, one) for one in (None, use.session))
        before = (self._background(taken), handover(bench.streams, tries), _block(said))
        told = "\n\n".join(filter(None, before))
        fresh = asked(prompt, node.output, native=native, told=told)
        followup: str | None = None
        if use.session is not None or use.forks is not None:
            since = (handover(bench.streams, tries, known=use.session), _block(new))
            told = "\n\n".join(filter(None, since))
            followup = asked(prompt, node.output, native=native, told=told)
            if use.begun:
                followup = (ATTENDED if use.attended else INTERRUPTED).format(prompt=followup)
        serial = self._started(
            instance,
            use.agent.name,
            bench.now(),
            prompt=fresh if followup is None else followup,
            session=use.session,
            skipped=use.skipped,
        )
        ask = Ask(
            prompt=fresh,
            cwd=bench.folder if work.cwd is None else bench.folder / work.cwd,
            schema=node.output.schema if native and not node.output.is_text else None,
            session=use.session,
            forks=use.forks,
            followup=followup,
            idle_s=work.idle_s,
            timeout_s=node.timeout_s,
            raw=raw_file(bench.streams, serial),
            scrub=bench.secrets.mask,
        )
        self._prepare(
            instance,
            AgentAttempt(
                serial=serial,
                agent=use.agent,
                session=use.session,
                output=node.output,
                ask=ask,
                stream=Stream(bench.streams, serial, bench.secrets.mask),
                hooks=self._hooks,
                mailbox=Mailbox(serial, self._hooks.keep, new),
            ),
        )

    def _background(self, taken: Held | None) -> str:
        """What was done in the session that is taken up; the same for all that take it up."""
        if taken is None:
            return ""
        serials = tuple(one.serial for one in taken.told)
        if serials not in self._backgrounds:
            self._backgrounds[serials] = background(self._bench.streams, taken.told)
        return self._backgrounds[serials]

    def _begin_step(self, instance: Instance, node: Task, work: StepWork) -> None:
        self._frame.close_wait(instance.key, waits.DATA)
        serial = self._started(instance, "python", self._bench.now())
        bench = self._bench
        stream = Stream(bench.streams, serial, bench.secrets.mask)
        number = len(self._frame.state.tries[instance.key])
        attempt = Attempt(
            f"{bench.run_id}/{instance.key}",
            number,
            lambda note: stream.write({"event": "heartbeat", "note": note}),
        )
        reading = self._asking.reading(instance)
        reading.mode, reading.attempt = "step", attempt
        self._prepare(
            instance,
            StepAttempt(
                serial=serial,
                work=work,
                attempt=attempt,
                reading=reading,
                output=node.output,
                timeout_s=node.timeout_s,
                threads=self._threads,
                stream=stream,
                printed=Printed(stream, bench.secrets.mask),
            ),
        )

    def _started(
        self,
        instance: Instance,
        agent: str,
        now: datetime,
        *,
        prompt: str | None = None,
        session: str | None = None,
        skipped: tuple[str, ...] = (),
    ) -> int:
        state = self._frame.state
        serial = len(state.attempts) + 1
        self._bench.budgets.began(serial)
        self._frame.do(
            AttemptStarted(
                serial=serial,
                key=instance.key,
                number=len(state.tries.get(instance.key, ())) + 1,
                agent=agent,
                prompt=prompt,
                session=session,
                at=now,
                skipped=skipped,
            )
        )
        self._asking.plan.begin(instance)
        return serial

    def _prepare(self, instance: Instance, attempt: AgentAttempt | StepAttempt) -> None:
        self.prepared.append(Running(instance.key, attempt, self._bench.done))

    def _tries(self, key: Key) -> list[Attempted]:
        return [one for one in self._frame.state.tries.get(key, ()) if one.counts]

    def _wait_for_agents(self, instance: Instance, awaited: Cooling | Missing | Use | None) -> bool:
        """A wait for the outside, which takes the slots that a first attempt would take; False
        where there is nothing to wait for.

        For a person to set an agent up nobody waits where the author allows the failure.
        """
        node = cast("Task", instance.definition.node)
        if isinstance(awaited, Cooling):
            due = awaited.until.due(self._bench.moment())
            wait = WaitOpened(key=instance.key, kind=waits.COOLDOWN, due=due, on=awaited.limits)
            self._wait(wait, awaited.until.basis)
        elif isinstance(awaited, Missing) and node.on_failure != "continue":
            told = (f"{name}: {_told(one)}" for name, one in awaited.failures.items())
            self._frame.open_wait(
                WaitOpened(key=instance.key, kind=waits.AGENTS, asked="\n".join(told))
            )
        else:
            return False
        self._asking.plan.begin(instance)
        return True

    def _wait(self, wait: WaitOpened, basis: Basis | None = None) -> None:
        self._frame.open_wait(wait)
        self._bench.schedule(wait, basis)

    # -- after

    def interrupted(self, running: Running) -> None:
        """It was stopped with its owner; a later owner starts the next attempt."""
        self._end(running, "interrupted", None)

    def take(self, running: Running, result: Result, instance: Instance | None) -> None:
        """Write how an attempt has ended, and what that means for its task."""
        if result.kind == "succeeded":
            self._succeeded(running, result.text)
        elif result.kind == "cancelled" or instance is None:
            self._end(running, "cancelled", None)
            settle(self._frame, self._asking.plan, running.key, "cancelled")
        elif result.kind == "deferred":
            self._end(running, "deferred", None)
            if instance.dropping is not None:
                self._settle(instance, "cancelled", error=None)
                return
            self._asking.plan.unbegin(instance)
            self._asking.wait_for(instance, result.missed)
        elif result.kind == "held":
            self._held(running, result.error, instance)
        else:
            self._failed(running, cast("Exception", result.error), instance)

    def _held(self, running: Running, error: Exception | None, instance: Instance) -> None:
        """Its next attempt goes on in its session, once the budget is raised, or the person who is
        in it has left.
        """
        failure = None if error is None else failure_of(error, self._bench.secrets.mask)
        self._end(running, "interrupted", failure)
        if instance.dropping is not None:
            self._settle(instance, "cancelled", error=None)
        else:
            self._asking.plan.up.append(instance)

    def count_usage(self, running: Running) -> None:
        """Write what an attempt has used and was not written yet."""
        for usage in running.attempt.take_usage():
            self._frame.do(usage)

    def _end(self, running: Running, state: AttemptState, error: Failure | None) -> None:
        self.count_usage(running)
        self._bench.budgets.ends(running.serial)
        self._frame.do(
            AttemptEnded(serial=running.serial, state=state, error=error, at=self._bench.now())
        )

    def _succeeded(self, running: Running, text: str) -> None:
        self._end(running, "succeeded", None)
        attempt, type = running.attempt, None
        if isinstance(attempt, StepAttempt):
            self._frame.read(attempt.reading)
            type = attempt.type
        settle(
            self._frame,
            self._asking.plan,
            running.key,
            "finished",
            output=text,
            model=attempt.output.model,
            type=type,
        )

    def _failed(self, running: Running, error: Exception, instance: Instance) -> None:
        node = cast("Task", instance.definition.node)
        folder = self._asking.renderer.folder
        failure = failure_of(error, self._bench.secrets.mask, folder)
        if failure.place is None and isinstance(error, AuthorError | BadOutput):
            failure = replace(failure, place=str(node.mark.place))
        if isinstance(running.attempt, StepAttempt) and not isinstance(error, SmithersError):
            failure = _with_logs(failure, self._bench.run_id, running.key)
        self._end(running, "failed", failure)
        if isinstance(running.attempt, StepAttempt):
            self._frame.read(running.attempt.reading)
        tries = self._tries(running.key)
        if isinstance(error, Busy) and isinstance(running.attempt, AgentAttempt):
            self.limits.refused(
                running.attempt.agent,
                error,
                began=tries[-1].started_at,
                reason=failure.message,
            )
        if failure.then == "set up" and isinstance(running.attempt, AgentAttempt):
            self.limits.unready(running.attempt.agent, failure)
        if instance.dropping is not None or isinstance(error, AuthorError):
            self._settle(instance, "failed", error=failure)  # the author's fault at every try
        elif isinstance(node.work, AgentWork):
            self._retry_agent(instance, node.work, tries, failure)
        else:
            self._retry_step(instance, cast("StepWork", node.work), tries, failure)

    def _retry_agent(
        self, instance: Instance, work: AgentWork, tries: list[Attempted], failure: Failure
    ) -> None:
        following = next_agent(work, tries, self.limits.cooling, self._bench.moment())
        if self._wait_for_agents(instance, following):
            return
        if not isinstance(following, Use):
            self._settle(instance, "failed", error=failure)
            return
        wait_s = after_failure(work, tries, self._bench.random.random())
        if wait_s > 0:
            self._retry_in(instance, wait_s)
        else:
            self._asking.plan.up.append(instance)

    def _retry_step(
        self, instance: Instance, work: StepWork, tries: list[Attempted], failure: Failure
    ) -> None:
        retry = work.retry or _ONCE
        failed = sum(one.state == "failed" for one in tries)
        if failed >= retry.tries:
            self._settle(instance, "failed", error=failure)
            return
        self._retry_in(instance, retry.wait_s(failed, self._bench.random.random()))

    def _retry_in(self, instance: Instance, wait_s: float) -> None:
        due = self._bench.now() + timedelta(seconds=wait_s)
        self._wait(WaitOpened(key=instance.key, kind=waits.RETRY, due=due))

    def _settle(
        self, instance: Instance, outcome: Literal["failed", "cancelled"], *, error: Failure | None
    ) -> None:
        settle(self._frame, self._asking.plan, instance.key, outcome, error=error)


def _block(messages: Sequence[Message]) -> str:
    return messages_block([one.text for one in messages])


def _with_logs(failure: Failure, run_id: str, key: Key) -> Failure:
    """The failure of an author's function, with where to read more if there is no other hint."""
    hint = (
        f"for the traceback and the output, type `smithers logs {run_id} {shlex.quote(str(key))}`"
    )
    return replace(failure, hint=failure.hint or hint)


def _told(failure: Failure) -> str:
    """What is missing, and what a person can do about it."""
    return f"{failure.message} ({failure.hint})" if failure.hint else failure.message
