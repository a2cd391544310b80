"""Calls in threads: a short one is waited for on the loop's thread, and a long one is not."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from functools import partial
from typing import Any

import pytest

from smithers.engine import threads
from smithers.engine.threads import Threads
from smithers.errors import MachineError


def record_wakeups(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A list to which each call is added for which a thread wakes the loop, which is patient."""
    found: list[object] = []
    wake_loop = threads._wake_loop  # pyright: ignore[reportPrivateUsage]

    def counted(job: Any) -> bool:
        found.append(job)
        return wake_loop(job)

    monkeypatch.setattr(threads, "_wake_loop", counted)
    monkeypatch.setattr(threads, "_PATIENCE_S", 30)
    return found


def test_a_short_call_does_not_wake_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    found = record_wakeups(monkeypatch)

    async def run() -> None:
        pool = Threads()
        for number in range(20):
            assert await pool.run(partial(int, number)) == number
        pool.close()

    asyncio.run(run())
    assert not found


def test_a_call_that_is_alone_is_over_at_once_if_it_is_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = record_wakeups(monkeypatch)

    async def run() -> None:
        pool = Threads()
        job = pool.begin(threading.get_ident)
        assert job.is_done
        assert await pool.end(job) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await pool.end(pool.begin(lambda: 1 // 0))
        pool.close()

    asyncio.run(run())
    assert not found


def test_a_call_that_is_alone_and_long_leaves_the_loop_free() -> None:
    async def run() -> bool:
        pool, go = Threads(), threading.Event()
        job = pool.begin(lambda: go.wait(30))
        assert not job.is_done
        go.set()
        try:
            return bool(await pool.end(job))
        finally:
            pool.close()

    assert asyncio.run(run())


def test_short_calls_of_one_turn_are_made_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    found = record_wakeups(monkeypatch)

    async def run() -> list[object]:
        pool = Threads()
        names = await asyncio.gather(*(pool.run(threading.get_ident) for _ in range(20)))
        pool.close()
        return names

    assert len(set(asyncio.run(run()))) == 1
    assert not found


def test_calls_of_one_turn_that_wait_for_each_other_come_to_their_end() -> None:
    async def run() -> list[object]:
        pool, all_here = Threads(), threading.Barrier(20)
        found = await asyncio.gather(*(pool.run(partial(all_here.wait, 30)) for _ in range(20)))
        pool.close()
        return found

    assert sorted(asyncio.run(run()), key=str) == sorted(range(20), key=str)


def test_a_call_that_nobody_waits_for_before_it_begins_is_not_made() -> None:
    made: list[int] = []

    async def run() -> None:
        pool = Threads()
        one, other = (asyncio.create_task(pool.run(partial(made.append, at))) for at in range(2))
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.wait([one, other])
        pool.close()

    asyncio.run(run())
    assert made == [1]


def test_where_no_thread_can_be_started_no_call_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def run() -> list[object]:
        pool = Threads()
        calls = (pool.run(partial(made.append, at)) for at in range(3))
        monkeypatch.setattr(threading.Thread, "start", refuse)
        return await asyncio.gather(*calls, return_exceptions=True)

    assert [type(one) for one in asyncio.run(run())] == [MachineError] * 3
    assert made == []


def test_a_call_that_takes_longer_than_the_patience_wakes_the_loop() -> None:
    async def run() -> str:
        pool, go = Threads(), threading.Event()
        long = asyncio.create_task(pool.run(lambda: go.wait(20)))
        await asyncio.sleep(0)  # the loop is free while the call waits for it
        go.set()
        assert await long
        pool.close()
        return "done"

    assert asyncio.run(run()) == "done"


def test_threads_that_are_closed_leave_no_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    made, pipe, close = list[int](), os.pipe, os.close
    closed, is_all, go = list[int](), threading.Event(), threading.Event()

    def noted_pipe() -> tuple[int, int]:
        made.extend(pipe())
        return made[-2], made[-1]

    def noted_close(fd: int) -> None:
        close(fd)
        if fd in made:
            closed.append(fd)
        if len(closed) == 2:
            is_all.set()

    async def run() -> None:
        pool = Threads()
        calls = [pool.run(partial(int, 1)), pool.run(lambda: go.wait(30)), pool.run(lambda: 1)]
        waiting = asyncio.gather(*calls)
        await asyncio.wait([waiting], timeout=0.1)
        pool.close()
        pool.close()
        assert not closed, "a call is still made"
        go.set()
        await waiting

    monkeypatch.setattr(os, "pipe", noted_pipe)
    monkeypatch.setattr(os, "close", noted_close)
    asyncio.run(run())
    assert is_all.wait(30)
    assert closed == made


def test_where_no_pipe_can_be_made_no_call_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> tuple[int, int]:
        raise OSError(errno.EMFILE, "Too many open files")

    async def run() -> None:
        pool = Threads()
        call = pool.run(int)
        monkeypatch.setattr(os, "pipe", refuse)
        with pytest.raises(MachineError, match="a pipe"):
            await call
        pool.close()

    asyncio.run(run())


@pytest.mark.parametrize("error", [ValueError("no"), KeyError("no")])
def test_what_a_call_raises_is_raised(error: Exception) -> None:
    def fail() -> None:
        raise error

    async def run() -> None:
        await Threads().run(fail)

    with pytest.raises(type(error)):
        asyncio.run(run())


def test_the_end_of_a_program_in_a_thread_ends_the_call_alone() -> None:
    async def run() -> None:
        await Threads().run(lambda: exec("raise SystemExit(3)"))

    with pytest.raises(RuntimeError, match="the function raised SystemExit"):
        asyncio.run(run())
