"""Short work with a database for callers that are not async, or that are called from a loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

__all__ = ["run_apart"]

T = TypeVar("T")


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns. It has a loop of its own, in a thread if this one has a loop that
    runs, which waits as long.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    context = copy_context()
    with ThreadPoolExecutor(1, thread_name_prefix="smithers") as pool:
        return pool.submit(context.run, asyncio.run, work).result()
