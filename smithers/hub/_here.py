"""The runs that this process drives for an application, each with an engine of its own."""

from __future__ import annotations

import asyncio
import secrets
from asyncio import CancelledError, Future, TaskGroup
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakValueDictionary

from pydantic import BaseModel, ValidationError

from smithers import reports, views
from smithers.agent import Event
from smithers.changes import ENDED, Frame, Key
from smithers.engine.auditing import noting, row_of
from smithers.engine.authority import check_resume_below, check_start_below
from smithers.engine.detaching import id_of_request
from smithers.engine.driving import Driving
from smithers.engine.given import check_same_workflow
from smithers.engine.returning import check_input
from smithers.engine.settings import Observer, Unwatched
from smithers.engine.trust import Trusts
from smithers.errors import Owned, Refused, RunExists
from smithers.hub._results import RunResult, read_output
from smithers.state import RunState
from smithers.tree import output_of, problem, shown
from smithers.values import dataclass
from smithers.workflows import Workflow

if TYPE_CHECKING:
    from smithers.engine.ending import Left
    from smithers.hub._embedding import Embedding
    from smithers.views import FrameView, WhyView

__all__ = ["Limits", "RunHandle", "RunsHere", "Wanted"]

In = TypeVar("In", bound=BaseModel)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_POLL_S, _LOOK_S = 0.1, 1.0


class RunHandle(Generic[T_co]):
    """A run that this process drives. It lives as long as its hub is open."""

    def __init__(self, run_id: str, result: Future[RunResult[T_co]], driving: Driving) -> None:
        self.run_id = run_id
        self._result = result
        self._driving = driving

    @property
    def is_running(self) -> bool:
        """Whether this process still drives the run."""
        return not self._result.done()

    async def wait(self) -> RunResult[T_co]:
        """How the run was left, once it has ended, waits for somebody, or was stopped. Cancelling
        this does not stop the run. Raises what ended it otherwise.
        """
        return await asyncio.shield(self._result)

    def stop(self) -> None:
        """Leave the run in a resumable state; `wait` returns when that is done."""
        self._driving.stop(by=None, comes_back=False)


@dataclass(frozen=True)
class Limits:
    """How a run is driven, as its caller says."""

    begun: Begun
    max_concurrency: int | None
    linger_s: float | None


def _check_nothing() -> None:
    """Any run of the id is meant."""


@dataclass(frozen=True)
class Wanted(Generic[T]):
    """A run that is to be driven. `drive` returns None if another process did that. `joins` says
    that it may be there: it is driven once this process has left it. `check` raises if the run
    that is there is of something else.
    """

    run_id: str
    workflow: Workflow[Any, T]
    begun: Begun
    drive: Callable[[Driving], Awaitable[Left | None]]
    joins: bool = True
    check: Callable[[], None] = _check_nothing


class Begun:
    """Tells when a run is on disk, and passes on what happens in it."""

    def __init__(self, observer: Observer | None) -> None:
        self.observer = observer or Unwatched()
        self.on_disk = asyncio.Event()

    def frame(self, frame: Frame, state: RunState) -> None:
        self.on_disk.set()
        self.observer.frame(frame, state)

    def event(self, key: Key, event: Event) -> None:
        self.observer.event(key, event)

    def note(self, text: str) -> None:
        self.observer.note(text)


class RunsHere:
    """The runs that are driven for one hub. While it is open, they may outlast the call that has
    started them.
    """

    def __init__(self, hub: Embedding) -> None:
        self._hub = hub
        self._group: TaskGroup | None = None
        self._is_closed = False
        self._driven: set[Driving] = set()
        self._locks = WeakValueDictionary[str, asyncio.Lock]()
        """By run: two calls may want to drive it, such as two answers at once."""
        self._begun = WeakValueDictionary[str, Begun]()
        self._idle = asyncio.Event()

    async def open(self) -> None:
        if self._group is not None:
            raise Refused(
                f"the hub of {self._hub.database} is open already",
                hint="use the open one, or make another Hub",
            )
        self._group, self._is_closed = TaskGroup(), False
        await self._group.__aenter__()

    async def close(self) -> None:
        """Stop every run, and wait until each was left."""
        group, self._group, self._is_closed = self._group, None, True
        assert group is not None, "it was opened"
        for driving in self._driven:
            driving.stop(by=None, comes_back=True)
        await group.__aexit__(None, None, None)
        while self._driven:  # those that other tasks wait for
            self._idle.clear()
            await self._idle.wait()

    def limits(
        self, observer: Observer | None, max_concurrency: int | None, linger_s: float | None
    ) -> Limits:
        return Limits(Begun(observer), max_concurrency, linger_s)

    def start(
        self,
        workflow: Workflow[In, T],
        input: In | None,
        run_id: str | None,
        request_id: str | None,
        limits: Limits,
    ) -> Wanted[T]:
        """A run that is to be started, or resumed if the same request has started it before."""
        if run_id is not None and request_id is not None:
            raise Refused("run_id and request_id cannot be combined", hint="leave one of them out")
        _check_workflow(workflow)
        if request_id is not None:
            run_id = id_of_request(request_id)
        id = run_id or f"{workflow.name}-{secrets.token_hex(4)}"
        text = _input_text(workflow, input)
        hub = self._hub

        async def drive(driving: Driving) -> Left | None:
            parent = check_start_below(hub.database, hub.environment, id)
            Trusts(hub.environment).check_not_foreign(hub.database)
            return await driving.start(
                workflow,
                parent=parent,
                name=None,
                input=text,
                run_id=id,
                observer=limits.begun,
                max_concurrency=limits.max_concurrency,
                linger_s=limits.linger_s,
                audit=None if parent else row_of(hub.environment, "start", id),
            )

        async def drive_once(driving: Driving) -> Left | None:
            if hub.status(id) is None:
                try:
                    return await drive(driving)
                except RunExists:  # another process was faster
                    pass
            return await self._join(driving, id, workflow, text, limits)

        if request_id is None:
            return Wanted(id, workflow, limits.begun, drive, joins=False)
        return Wanted(
            id,
            workflow,
            limits.begun,
            drive_once,
            check=partial(self._check_request, id, workflow, text),
        )

    def again(
        self, run_id: str, workflow: Workflow[Any, T], limits: Limits, *, is_asked: bool = True
    ) -> Wanted[T]:
        """A run that is to be resumed with its workflow. It `is_asked` for unless another run has
        continued as this one.
        """
        _check_workflow(workflow)
        hub = self._hub

        async def drive(driving: Driving) -> Left:
            is_below = check_resume_below(hub.database, hub.environment, run_id)
            Trusts(hub.environment).check_not_foreign(hub.database)
            is_noted = is_asked and not is_below
            return await driving.resume(
                run_id,
                is_below=is_below,
                file=None,
                name=None,
                input=None,
                observer=self._noting(limits, run_id) if is_noted else limits.begun,
                max_concurrency=limits.max_concurrency,
                linger_s=limits.linger_s,
                workflow=workflow,
            )

        return Wanted(run_id, workflow, limits.begun, drive)

    def _noting(self, limits: Limits, run_id: str) -> Observer:
        hub = self._hub
        return noting(hub.database, hub.environment, limits.begun, "resume", run_id)

    async def _join(
        self, driving: Driving, run_id: str, workflow: Workflow[Any, T], text: str, limits: Limits
    ) -> Left | None:
        """The run of a request that was made before: driven here, unless it has ended or another
        process drives it. Raises `Refused` for a request of something else.
        """
        self._check_request(run_id, workflow, text)
        limits.begun.on_disk.set()
        if self._hub.status(run_id) in ENDED:
            return None
        try:
            return await self.again(run_id, workflow, limits).drive(driving)
        except Owned:
            await self.wait(run_id, None, None)
            return None

    def _check_request(self, run_id: str, workflow: Workflow[Any, Any], text: str) -> None:
        run = reports.find_run(self._hub.database, run_id)
        check_same_workflow(run, workflow)
        try:
            check_input(run, text)
        except Refused as error:
            hint = "use another request_id for another input"
            raise Refused(error.said, hint=hint) from None

    async def finish(self, wanted: Wanted[T], driving: Driving | None = None) -> RunResult[T]:
        """Drive a run, and the runs as which it continues, until it was left."""
        lock = self._locks.setdefault(wanted.run_id, asyncio.Lock())
        if lock.locked():
            if not wanted.joins:
                raise RunExists(
                    f"run {wanted.run_id} exists already",
                    hint="choose another run_id, or give a request_id to join the run",
                )
            if (holder := self._begun.get(wanted.run_id)) is not None:
                await holder.on_disk.wait()
            if self._hub.status(wanted.run_id) is not None:
                wanted.check()
                wanted.begun.on_disk.set()
        async with lock:
            self._begun[wanted.run_id] = wanted.begun
            try:
                return await self._finish(wanted, driving)
            finally:
                wanted.begun.on_disk.set()

    async def _finish(self, wanted: Wanted[T], driving: Driving | None) -> RunResult[T]:
        hub = self._hub
        if self._is_closed:
            raise Refused(
                f"the hub of {hub.database} was closed, so run {wanted.run_id} is not driven",
                hint="drive runs before the async with block of the hub ends, or make another Hub",
            )
        driving = driving or Driving(hub.database, hub.environment)
        run_id = wanted.run_id
        self._driven.add(driving)
        try:
            with driving.working():
                left = await wanted.drive(driving)
                while left is not None and left.next_run is not None and not self._is_closed:
                    run_id = left.next_run
                    limits = Limits(wanted.begun, None, None)
                    next_one = self.again(run_id, wanted.workflow, limits, is_asked=False)
                    left = await next_one.drive(driving)
        except CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling() or not self._is_closed:
                raise
            raise Refused(
                f"the hub of {hub.database} was closed before run {wanted.run_id} was driven"
            ) from None
        finally:
            self._driven.discard(driving)
            if not self._driven:
                self._idle.set()
        return await asyncio.to_thread(self._result, run_id, wanted.workflow)

    async def begin(self, wanted: Wanted[T]) -> RunHandle[T]:
        """Drive a run in the scope of the open hub; returns once it is on disk."""
        if self._group is None:
            raise Refused(
                f"the hub of {self._hub.database} is not open, so run {wanted.run_id} cannot"
                " outlast this call",
                hint="open it with async with Hub(...) as hub, or wait for the run with Hub.run",
            )
        driving = Driving(self._hub.database, self._hub.environment)
        result: Future[RunResult[T]] = asyncio.get_running_loop().create_future()

        async def work() -> None:
            try:
                found = await self.finish(wanted, driving)
            except CancelledError:
                result.cancel()
                raise
            except Exception as error:  # told to those who wait; other runs continue
                result.set_exception(error)
                if self._is_closed:  # which says enough to those who do not wait
                    result.exception()
            else:
                result.set_result(found)

        task = self._group.create_task(work(), name=f"run {wanted.run_id}")
        result.add_done_callback(lambda _: wanted.begun.on_disk.set())
        try:
            await wanted.begun.on_disk.wait()
        except CancelledError:
            task.cancel()
            raise
        if result.done() and not result.cancelled() and (error := result.exception()):
            raise error
        return RunHandle(wanted.run_id, result, driving)

    async def wait(
        self, run_id: str, workflow: Workflow[Any, T] | None, timeout_s: float | None
    ) -> RunResult[T]:
        """See `Hub.wait`."""
        loop = asyncio.get_running_loop()
        end = None if timeout_s is None else loop.time() + timeout_s
        with self._hub.changes() as changes:
            while end is None or loop.time() < end:
                changes.happened()
                if await asyncio.to_thread(self._is_left, run_id):
                    break
                await self._rest(changes, end)
        return await asyncio.to_thread(self._result, run_id, workflow)

    async def stream(
        self, run_id: str, after: str | None, *, until_ended: bool
    ) -> AsyncGenerator[FrameView]:
        """See `Hub.stream`."""
        with self._hub.changes() as changes:
            while True:
                changes.happened()
                page = await asyncio.to_thread(self._hub.events, run_id, after)
                for frame in page.frames:
                    yield frame
                after = page.cursor
                if page.more:
                    continue
                if page.status in ENDED or (page.status != "running" and not until_ended):
                    return
                await self._rest(changes, None)

    async def _rest(self, changes: reports.Changes, end: float | None) -> None:
        """Until something was written, or it is time to look anyway: an owner may have died."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _LOOK_S
        until = until if end is None else min(until, end)
        while loop.time() < until and not changes.happened():  # noqa: ASYNC110  # by other processes
            await asyncio.sleep(_POLL_S)  # other processes write, which set no event

    def _is_left(self, run_id: str) -> bool:
        return self._hub.standing(run_id).is_done or not self._hub.attention(run_id)[0]

    def _result(self, run_id: str, workflow: Workflow[Any, T] | None) -> RunResult[T]:
        if self._hub.status(run_id) == "continued":
            run_id = self._hub.resumed_through(run_id)
        snapshot = reports.snapshot(self._hub.database, run_id)
        if workflow is not None:
            check_same_workflow(snapshot.run, workflow)
        view = views.explain(snapshot)
        why, hint = self._why(view)
        output = snapshot.state.status.output if snapshot.status == "finished" else None
        return RunResult(
            run_id=run_id,
            status=snapshot.status,
            why=why,
            hint=hint,
            error=snapshot.state.status.error,
            questions=() if snapshot.has_ended else tuple(self._hub.list_asks(run_id)),
            given=() if output is None else (self._read(run_id, workflow, output),),
        )

    def _why(self, view: WhyView) -> tuple[str, str]:
        """What holds a run in a sentence, and what to do about it."""
        for reason in view.reasons:
            if reason.command is not None:
                return reason.sentence, self._hub.complete(f"type `{reason.command}`")
        hint = next((one.hint for one in view.reasons if one.hint), "")
        return (view.reasons[0].sentence if view.reasons else view.sentence), hint

    def _read(self, run_id: str, workflow: Workflow[Any, T] | None, text: str) -> T:
        try:
            return read_output(workflow, text)
        except ValidationError as error:
            raise Refused(
                f"the output of run {run_id} does not fit its workflow any longer:\n"
                + problem(error),
                hint="read it as plain data: leave out workflow=",
            ) from error


def _check_workflow(given: object) -> None:
    if not isinstance(given, Workflow):
        raise Refused(
            f"{shown(given)} is not a workflow",
            hint="put @workflow above its def; a file is started with Hub.start or Hub.launch",
        )


def _input_text(workflow: Workflow[In, Any], given: In | None) -> str:
    """The input as JSON text. Raises `Refused`."""
    model = workflow.input
    if given is None:
        return "{}"
    if not isinstance(given, model):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
        raise Refused(
            f"the input of workflow {workflow.name} must be a {model.__name__}, not {given!r}",
            hint=f"pass {model.__name__}(...)",
        )
    return output_of(model).dump(given)
