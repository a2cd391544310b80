"""Threads for synchronous steps: reused, and never waited for when the process ends."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

from smithers.errors import MachineError

__all__ = ["Job", "Threads"]


_PATIENCE_S = 0.0002
"""How long the loop blocks for a call: less than a wakeup from another thread costs."""
_MOST_CALLS = 8
"""It blocks for at most this many calls of one turn."""


class Job:
    """A call, and what came of it."""

    __slots__ = ("call", "context", "error", "future", "home", "is_done", "result")

    def __init__(self, call: Callable[[], object]) -> None:
        self.call, self.context, self.home = call, copy_context(), asyncio.get_running_loop()
        self.future: asyncio.Future[None] | None = None
        """Made by who waits for it, unless it is done by then."""
        self.result: object = None
        self.error: BaseException | None = None
        self.is_done = False


class _Batch:
    """Calls that one thread makes in order, while the loop blocks for them."""

    __slots__ = ("ended", "is_awaited", "jobs", "left")

    def __init__(self, jobs: list[Job], *, is_awaited: bool) -> None:
        self.jobs, self.is_awaited = jobs, is_awaited
        self.left = deque(jobs)
        """The calls that have not begun."""
        self.ended = threading.Lock()
        self.ended.acquire()

    def take(self) -> Job | None:
        """Take the next call, in the thread or in the loop: each call is taken once."""
        try:
            return self.left.popleft()
        except IndexError:
            return None


class Threads:
    """Daemon threads, as many as calls run at once. A thread cannot be stopped, so a call whose
    result nobody waits for any more just ends unheard.

    A switch to a thread and back costs more than a short call. So while calls are short, one thread
    makes all calls of a turn of the loop, and the loop blocks for them. If they take longer than
    its patience, each call that has not begun gets a thread.
    """

    def __init__(self) -> None:
        self._batches: deque[_Batch] = deque()
        self._bell: tuple[int, int] | None = None
        """A pipe, made with the first thread, that gets a byte with each batch: the interpreter's
        lock is free while it is written. A queue wakes a thread that then sleeps again for it.
        """
        self._new: list[Job] = []
        """The calls of this turn of the loop."""
        self._is_closed = False
        self._idle = 0
        self._lock = threading.Lock()
        self._count = 0
        self._are_short = True
        """Whether the last call was short enough for the loop to block for the next one."""

    async def run(self, call: Callable[[], object]) -> object:
        """What `call` gives, from a thread that sees this task's context variables.

        Raises `MachineError` if no thread can be started; then nothing was called.
        """
        job = Job(call)
        if not self._are_short:
            self._give(_Batch([job], is_awaited=False))
        else:
            self._new.append(job)
            if len(self._new) == 1:
                job.home.call_soon(self.make_calls)
        return await self.end(job)

    def begin(self, call: Callable[[], object]) -> Job:
        """Have a thread make the only call of this turn, and block while it is short. What it
        gives, `end` gives.
        """
        job = Job(call)
        if self._are_short:
            self._make([job])
        else:
            self._give(_Batch([job], is_awaited=False))
        return job

    async def end(self, job: Job) -> object:
        """What a call gives, as `run`."""
        if not job.is_done:
            job.future = job.home.create_future()
            await job.future
        error = job.error
        if error is None:
            return job.result
        if isinstance(error, StopIteration | SystemExit | KeyboardInterrupt | GeneratorExit):
            raise RuntimeError(f"the function raised {error!r}").with_traceback(error.__traceback__)
        raise error

    def make_calls(self) -> bool:
        """Have one thread make the calls of this turn, and block while they are short. Whether
        there were any. The loop does it in its next turn; who knows that all calls are there may do
        it earlier.
        """
        if not self._new:
            return False
        jobs, self._new = [job for job in self._new if not _is_left(job)], []
        if not jobs:
            return False
        self._make(jobs)
        return True

    def _make(self, jobs: list[Job]) -> None:
        batch = _Batch(jobs, is_awaited=True)
        self._give(batch)
        batch.ended.acquire(timeout=_PATIENCE_S * min(len(jobs), _MOST_CALLS))
        with self._lock:
            batch.is_awaited = False
            ended = [job for job in jobs if job.is_done]
            if len(ended) < len(jobs):
                self._are_short = False
        for job in ended:
            _wake(job)
        while (late := batch.take()) is not None:
            self._give(_Batch([late], is_awaited=False))

    def _give(self, batch: _Batch) -> None:
        """Find a thread for a batch. If none can be started, its calls fail."""
        try:
            with self._lock:
                if self._bell is None:
                    self._bell = _pipe()
                if self._idle == 0:
                    self._start(self._bell[0])
                else:
                    self._idle -= 1
        except MachineError as error:
            while (job := batch.take()) is not None:
                job.error, job.is_done = error, True
                _wake(job)
            batch.ended.release()
            return
        self._batches.append(batch)
        os.write(self._bell[1], b".")

    def _start(self, bell: int) -> None:
        work = partial(self._work_until_closed, bell)
        try:
            threading.Thread(target=work, name="smithers-step", daemon=True).start()
        except RuntimeError as error:  # "can't start new thread"
            refused = BlockingIOError(errno.EAGAIN, str(error))
            raise MachineError.of(refused, "a thread for a step", "cannot be started") from error
        self._count += 1

    def close(self) -> None:
        """Let the idle threads end. The last one closes the pipe: it may be at work for long."""
        with self._lock:
            if self._bell is not None and not self._is_closed:
                self._is_closed = True
                os.write(self._bell[1], b"." * self._count)  # a byte without a batch ends a thread
                self._close_bell()

    def _close_bell(self) -> None:
        if self._bell is not None and self._is_closed and not self._count:
            for end in self._bell:
                os.close(end)
            self._bell = None

    def _work_until_closed(self, bell: int) -> None:
        try:
            self._work(bell)
        finally:
            with self._lock:
                self._count -= 1
                self._close_bell()

    def _work(self, bell: int) -> None:
        while os.read(bell, 1):
            try:
                batch = self._batches.popleft()
            except IndexError:
                return
            job = batch.take()
            while job is not None:
                begun = time.perf_counter()
                try:
                    job.result = job.context.run(job.call)
                except BaseException as raised:  # it belongs to whoever waits
                    job.error = raised
                following = batch.take()
                with self._lock:
                    self._are_short = time.perf_counter() - begun < _PATIENCE_S / 2
                    job.is_done = True
                    if following is None:
                        self._idle += 1
                    is_awaited = batch.is_awaited
                if not is_awaited and not _wake_loop(job):
                    return  # the loop is closed: nobody waits
                job = following
            batch.ended.release()


def _pipe() -> tuple[int, int]:
    try:
        return os.pipe()
    except OSError as error:
        raise MachineError.of(error, "a pipe", "cannot be made") from error


def _wake_loop(job: Job) -> bool:
    """Have the loop wake the waiter of a call; False if the loop is closed."""
    try:
        job.home.call_soon_threadsafe(_wake, job)
    except RuntimeError:
        return False
    return True


def _wake(job: Job) -> None:
    if job.future is not None and not job.future.done():
        job.future.set_result(None)


def _is_left(job: Job) -> bool:
    """Whether nobody waits for a call any more."""
    return job.future is not None and job.future.cancelled()
