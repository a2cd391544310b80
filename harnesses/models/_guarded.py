"""Programs that tools start: under the guard that agents' programs have, so that none survives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import ParamSpec, TypeVar

from harnesses.process import Command, find_program
from harnesses.process._child import Chunk, Tape
from harnesses.process._live import LiveChild
from smithers.agent import Spawned
from smithers.errors import Permanent
from smithers.host import to_the_end

__all__ = ["guarded", "in_thread_to_the_end", "said_by", "spawned_by"]

P = ParamSpec("P")
T = TypeVar("T")

_HALF_BYTES = 25_000
_FLOOD_BYTES = 20_000_000


@asynccontextmanager
async def guarded(
    program: str,
    *words: str,
    argument: str | None = None,
    cwd: Path,
    env: Mapping[str, str],
) -> AsyncGenerator[LiveChild, None]:
    """A program that runs; on leaving, whatever the reason, it and all its descendants are gone.

    With an `argument`, which comes after `--`, its stdin is empty; else stdin is open.
    """
    found = await asyncio.to_thread(find_program, program, env.get("PATH"))
    if found is None:
        raise Permanent(f"the program cannot be started: {program!r} was not found")
    command = Command(
        program=program,
        executable=found,
        flags=words,
        prompt=argument or "",
        cwd=cwd,
        env=env,
        session=None,
        resumes=False,
        dialogue=argument is None,
    )
    if command.prompt_by_stdin:
        raise ValueError("it is too long for one command: write it to a file and run the file")
    child = LiveChild(command, Tape([]))
    try:
        yield child
    finally:
        await to_the_end(child.destroy())


async def spawned_by(child: LiveChild) -> list[Spawned]:
    """The guard and the program, in this order."""
    guard, *program = [Spawned(pid) for pid in await child.pids()]
    return [guard, *(replace(one, cgroup=child.cgroup or None) for one in program)]


async def said_by(
    child: LiveChild, limit_s: float
) -> AsyncGenerator[Spawned | tuple[str, str], None]:
    """The processes that were seen below it; last, what it printed, without the middle of too much,
    and how it ended, if not well.
    """
    head, tail, size = b"", b"", 0
    ended = ""
    try:
        until = asyncio.get_running_loop().time() + limit_s
        chunk: Chunk | None = None
        while size < _FLOOD_BYTES:
            async with asyncio.timeout_at(until):
                chunk = await child.read()
            for pid, started in child.take_seen():
                yield Spawned(pid, started)
            if chunk is None:
                break
            size += len(chunk.data)
            room = _HALF_BYTES - len(head)
            head += chunk.data[:room] if room > 0 else b""
            tail = (tail + (chunk.data[room:] if room > 0 else chunk.data))[-_HALF_BYTES:]
        if chunk is not None:
            ended = f"stopped because it printed more than {_FLOOD_BYTES // 1000000} MB"
        else:
            async with asyncio.timeout_at(until):
                ending = await child.ended()
            ended = str(ending) if ending.rc != 0 else ""
    except TimeoutError:
        ended = f"stopped after {limit_s:g} s"
    left_out = size - len(head) - len(tail)
    middle = f"\n[{left_out} bytes are left out here]\n".encode() if left_out else b""
    yield (head + middle + tail).decode("utf-8", "replace"), ended


async def in_thread_to_the_end(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `call` gives, from a thread; it is over when this returns, even by a cancellation."""
    return await to_the_end(asyncio.to_thread(call, *args, **kwargs))
