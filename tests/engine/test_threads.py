"""Calls in threads: a short one is waited for on the loop's thread, and a long one is not."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from smithers.engine import threads
from smithers.engine.threads import Threads


def woken(calls: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a thread had to wake a loop that is patient."""
    found: list[object] = []
    wake = threads._wake  # pyright: ignore[reportPrivateUsage]

    def counted(future: asyncio.Future[object]) -> None:
        found.append(future)
        wake(future)

    monkeypatch.setattr(threads, "_wake", counted)
    monkeypatch.setattr(threads, "_PATIENCE_S", 30)

    async def run() -> None:
        pool = Threads()
        for number in range(calls):
            assert await pool.run(partial(int, number)) == number
        pool.close()

    asyncio.run(run())
    return len(found)


def test_a_short_call_needs_no_turn_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    assert woken(20, monkeypatch) == 0


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
