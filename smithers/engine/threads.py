"""Threads for synchronous steps: reused, and never waited for when the process ends."""

from __future__ import annotations

import asyncio
import errno
import queue
import threading
import time
from collections.abc import Callable
from contextvars import copy_context

from smithers.errors import MachineError

__all__ = ["Threads"]


_PATIENCE_S = 0.0002
"""How long the loop stands still for a call: less than it costs to go away and come back."""


class _Job:
    """A call, and what came of it."""

    __slots__ = ("call", "context", "error", "future", "home", "is_done", "result")

    def __init__(self, call: Callable[[], object], home: asyncio.AbstractEventLoop) -> None:
        self.call, self.context, self.home = call, copy_context(), home
        self.result: object = None
        self.error: BaseException | None = None
        self.future: asyncio.Future[object] | None = None
        self.is_done = threading.Lock()
        self.is_done.acquire()


class Threads:
    """Daemon threads, as many as calls run at once. A thread cannot be stopped, so a call whose
    result nobody waits for any more just ends unheard.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()
        self._count = 0
        self._are_short = True
        """Whether the last call took less than the loop stands still for."""

    async def run(self, call: Callable[[], object]) -> object:
        """What `call` gives, from a thread that sees this task's context variables.

        Raises `MachineError` if no thread can be started; then nothing was called.
        """
        job = _Job(call, asyncio.get_running_loop())
        with self._lock:
            if self._idle == 0:
                self._start()
            else:
                self._idle -= 1
        self._jobs.put(job)
        if self._are_short and job.is_done.acquire(timeout=_PATIENCE_S):
            return _result(job)
        with self._lock:
            if not job.is_done.acquire(blocking=False):
                self._are_short = False
                job.future = job.home.create_future()
        if job.future is not None:
            await job.future
        return _result(job)

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
            begun = time.perf_counter()
            try:
                job.result = job.context.run(job.call)
            except BaseException as raised:  # it belongs to whoever waits
                job.error = raised
            with self._lock:
                self._idle += 1
                self._are_short = time.perf_counter() - begun < _PATIENCE_S / 2
                job.is_done.release()
                future = job.future
            if future is not None:
                try:
                    job.home.call_soon_threadsafe(_wake, future)
                except RuntimeError:
                    return  # the loop is closed: nobody waits


def _wake(future: asyncio.Future[object]) -> None:
    if not future.done():
        future.set_result(None)


def _result(job: _Job) -> object:
    """What the call gave. Raises what it raised."""
    error = job.error
    if error is None:
        return job.result
    if isinstance(error, StopIteration | SystemExit | KeyboardInterrupt | GeneratorExit):
        raise RuntimeError(f"the function raised {error!r}").with_traceback(error.__traceback__)
    raise error
