"""A cancel that the owner has heard is not forgotten, whatever happens to the owner then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from smithers import Context, Node, NoInput, Parallel, Step, workflow
from smithers.engine.engine import Engine
from tests.rules.runs import Run


def two_that_hang(clean: Callable[[], Awaitable[object]]) -> Run:
    """Once cancelled, `slow` ends after `clean`, and `quick` at once."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def slow() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await clean()

        async def quick() -> None:
            await asyncio.Event().wait()

        return Parallel(Step("slow", slow), Step("quick", quick))

    return Run(flow)


def test_a_stop_after_a_cancel_leaves_the_run_cancelled() -> None:
    cleaned = asyncio.Event()
    run = two_that_hang(cleaned.wait)

    async def main() -> str:
        async with asyncio.timeout(10):
            driving = asyncio.ensure_future(run.drive())
            await run.until_frames(1)
            await run.cancel()
            await run.until_frames(2)
            run.engine.stop()
            cleaned.set()
            return (await driving).status.status

    assert asyncio.run(main()) == "cancelled"
    assert run.state.run_status == "cancelled"


def test_a_cancel_after_a_stop_cancels_the_run() -> None:
    cleaned = asyncio.Event()
    run = two_that_hang(cleaned.wait)

    async def main() -> None:
        async with asyncio.timeout(10):
            driving = asyncio.ensure_future(run.drive())
            await run.until_frames(1)
            await run.cancel()
            run.engine.stop()
            await run.until_frames(2)
            cleaned.set()
            await driving

    asyncio.run(main())
    assert run.state.run_status == "cancelled"


def test_an_owner_that_dies_while_it_cancels_leaves_the_cancel_to_the_next() -> None:
    async def some_turns() -> None:
        for _ in range(50):
            await asyncio.sleep(0)

    run = two_that_hang(some_turns)
    cancelling: list[asyncio.Task[None]] = []

    async def cancel() -> None:
        await run.until_frames(1)
        await run.cancel()

    def before(engine: Engine) -> None:
        if not cancelling:
            cancelling.append(asyncio.ensure_future(cancel()))

    run.before = before
    # It dies after the frame of the start, and that in which `quick` has ended.
    assert run.go_frames(2) == "running"
    assert run.go(within_s=5).status == "cancelled"
    assert cancelling[0].done()
