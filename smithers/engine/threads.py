"""Threads for synchronous steps: reused, and never waited for when the process ends."""

from __future__ import annotations

import asyncio
import errno
import queue
import threading
from collections.abc import Callable
from contextvars import Context, copy_context

from smithers.errors import MachineError
from smithers.values import dataclass

__all__ = ["Threads"]


@dataclass(frozen=True, slots=True)
class _Job:
    call: Callable[[], object]
    context: Context
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[object]


class Threads:
    """Daemon threads, as many as calls run at once. A thread cannot be stopped, so a call whose
    result nobody waits for any more just ends unheard.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()
        self._count = 0

    async def run(self, call: Callable[[], object]) -> object:
        """What `call` gives, from a thread that sees this task's context variables.

        Raises `MachineError` if no thread can be started; then nothing was called.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        with self._lock:
            if self._idle == 0:
                self._start()
            else:
                self._idle -= 1
        self._jobs.put(_Job(call, copy_context(), loop, future))
        return await future

    def _start(self) -> None:
        try:
            threading.Thread(target=self._work, name="smithers-step", daemon=True).start()
        except RuntimeError as error:  # "can't start new thread"
            refused = BlockingIOError(errno.EAGAIN, str(error))
            raise MachineError.of(refused, "a thread for a step", "cannot be started") from error
        self._count += 1

    def close(self) -> None:
        """Let the idle threads end."""
        with self._lock:
            for _ in range(self._count):
                self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            result: object = None
            error: BaseException | None = None
            try:
                result = job.context.run(job.call)
            except BaseException as raised:  # it belongs to whoever waits
                error = raised
            with self._lock:
                self._idle += 1
            try:
                job.loop.call_soon_threadsafe(_hand_over, job.future, result, error)
            except RuntimeError:
                return  # the loop is closed: nobody waits


def _hand_over(future: asyncio.Future[object], result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    elif isinstance(error, StopIteration | SystemExit | KeyboardInterrupt | GeneratorExit):
        raised = RuntimeError(f"the function raised {error!r}")
        future.set_exception(raised.with_traceback(error.__traceback__))
    else:
        future.set_exception(error)
