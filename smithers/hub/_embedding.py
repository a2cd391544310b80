"""For applications: workflows as objects, runs that live in this process, and waiting for runs.

What drives them is imported when it is used: most commands of the command line need none of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from smithers.errors import Refused
from smithers.hub._evaluating import Evaluating
from smithers.hub._events import Following

if TYPE_CHECKING:
    from types import TracebackType

    from pydantic import BaseModel

    from smithers.engine.ending import Left
    from smithers.engine.engine import Observer
    from smithers.hub._here import RunHandle, RunsHere
    from smithers.hub._results import RunResult
    from smithers.views import FrameView
    from smithers.workflows import Workflow

__all__ = ["Embedding"]

In = TypeVar("In", bound="BaseModel")
T = TypeVar("T")


class Embedding(Evaluating, Following):
    """What drives the workflows of an application. `async with Hub(…)` leaves no run behind."""

    _runs_here: RunsHere | None = None

    def _here(self) -> RunsHere:
        from smithers.hub._here import RunsHere

        if self._runs_here is None:
            self._runs_here = RunsHere(self)
        return self._runs_here

    async def __aenter__(self) -> Self:
        await self._here().open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop every run that this process drives, and wait until they have been left. Each can be
        resumed, and is due at once for `smithers supervise`.
        """
        await self._here().close()

    async def run(
        self,
        workflow: Workflow[In, T],
        input: In | None = None,
        *,
        run_id: str | None = None,
        request_id: str | None = None,
        observer: Observer | None = None,
        max_concurrency: int | None = None,
        linger_s: float | None = None,
    ) -> RunResult[T]:
        """Start a run of a workflow in this process, and wait until it has ended or waits for
        somebody. If this is cancelled, its tasks are ended, and the run can be resumed.

        The run's id is `run_id`, or generated, or made from `request_id`: a call with the same
        `request_id` starts nothing again, but resumes that run or returns its result.

        Raises `AuthorError`, `Refused` (the input does not match, the run exists) or `StoreError`;
        nothing was written in that case.
        """
        here = self._here()
        limits = here.limits(observer, max_concurrency, linger_s)
        return await here.finish(here.start(workflow, input, run_id, request_id, limits))

    async def begin(
        self,
        workflow: Workflow[In, T],
        input: In | None = None,
        *,
        run_id: str | None = None,
        request_id: str | None = None,
        observer: Observer | None = None,
        max_concurrency: int | None = None,
        linger_s: float | None = None,
    ) -> RunHandle[T]:
        """The same without waiting: it returns once the run's first frame is on disk. The hub must
        be open (`async with`). Raises what `run` raises.
        """
        here = self._here()
        limits = here.limits(observer, max_concurrency, linger_s)
        return await here.begin(here.start(workflow, input, run_id, request_id, limits))

    @overload
    async def resume(
        self,
        run_id: str,
        *,
        file: str | None = None,
        name: str | None = None,
        input: str | None = None,
        observer: Observer,
        max_concurrency: int | None = None,
        linger_s: float | None = None,
        rerun: Collection[str] | None = None,
        renames: Sequence[str] = (),
        hot: bool = False,
    ) -> Left: ...

    @overload
    async def resume(
        self,
        run_id: str,
        *,
        workflow: Workflow[Any, T],
        observer: Observer | None = None,
        max_concurrency: int | None = None,
        linger_s: float | None = None,
    ) -> RunResult[T]: ...

    async def resume(
        self,
        run_id: str,
        *,
        workflow: Workflow[Any, Any] | None = None,
        observer: Observer | None = None,
        max_concurrency: int | None = None,
        linger_s: float | None = None,
        **options: Any,
    ) -> Left | RunResult[Any]:
        """Resume a run with the object `workflow`, and wait as `run` does. It must be the workflow
        of the run; that of a run which was made in memory can be resumed in no other way. Without
        `workflow`, from the run's file: see `Running.resume`.

        Raises `UnknownRun`, `Owned` naming the live owner, `Refused` (cancelled, or another
        workflow or input), `AuthorError` or `StoreError`.
        """
        if workflow is None:
            if observer is None:
                raise Refused(
                    f"neither a workflow nor an observer is given to resume run {run_id}",
                    hint="pass workflow=, or an observer to resume the run from its file",
                )
            return await super().resume(
                run_id,
                observer=observer,
                max_concurrency=max_concurrency,
                linger_s=linger_s,
                **options,
            )
        here = self._here()
        limits = here.limits(observer, max_concurrency, linger_s)
        return await here.finish(here.again(run_id, workflow, limits))

    async def begin_again(
        self,
        run_id: str,
        *,
        workflow: Workflow[Any, T],
        observer: Observer | None = None,
        max_concurrency: int | None = None,
        linger_s: float | None = None,
    ) -> RunHandle[T]:
        """Resume a run in this process without waiting, as after an answer. The hub must be open.
        Raises what `resume` raises.
        """
        here = self._here()
        limits = here.limits(observer, max_concurrency, linger_s)
        return await here.begin(here.again(run_id, workflow, limits))

    @overload
    async def wait(
        self, run_id: str, *, workflow: Workflow[Any, T], timeout_s: float | None = None
    ) -> RunResult[T]: ...

    @overload
    async def wait(self, run_id: str, *, timeout_s: float | None = None) -> RunResult[Any]: ...

    async def wait(
        self,
        run_id: str,
        *,
        workflow: Workflow[Any, Any] | None = None,
        timeout_s: float | None = None,
    ) -> RunResult[Any]:
        """How a run is, once it has ended, waits for a person, or no process drives it, whichever
        process that is; or after `timeout_s` seconds. With `workflow`, its output has its type,
        without it is plain JSON data. Raises `UnknownRun`.
        """
        return await self._here().wait(run_id, workflow, timeout_s)

    async def stream(
        self, run_id: str, after: str | None = None, *, until_ended: bool = False
    ) -> AsyncIterator[FrameView]:
        """The events of a run frame by frame, as they happen: those after the cursor `after`, until
        the run is left. With `until_ended`, also while it waits or nobody drives it.

        Raises `UnknownRun`, or `Refused` if the cursor is not valid.
        """
        async for frame in self._here().stream(run_id, after, until_ended=until_ended):
            yield frame
