"""What is started under a guard, what is heard of it, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from smithers.values import dataclass

__all__ = ["CannotStart", "Chunk", "Ending", "Launch", "Listener", "now", "to_the_end"]

T = TypeVar("T")


def now() -> float:
    """Seconds on the clock of the running loop, so that a loop in virtual time decides."""
    return asyncio.get_running_loop().time()


async def to_the_end(work: Coroutine[Any, Any, T] | asyncio.Task[T]) -> T:
    """Await `work` to its end; a cancellation continues after that, and not before."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except BaseException:
            break  # its own failure, which `result` raises below
    if cancelled is not None:
        raise cancelled
    return task.result()


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a program ended: by an exit code, or by a signal."""

    rc: int | None = None
    signal: int | None = None

    def __str__(self) -> str:
        return f"signal {self.signal}" if self.signal is not None else f"exit code {self.rc}"


@dataclass(frozen=True)
class Chunk:
    """Bytes as they came. `at` is the time of arrival on the clock of the loop. `dropped` is the
    size of a line that a recording was made without, just before `data`.
    """

    at: float
    stream: Literal["out", "err"]
    data: bytes
    dropped: int = 0


@dataclass(frozen=True, kw_only=True)
class Launch:
    """What is started. `env` is the whole environment. With `talks` its stdin is a pipe, to which
    `stdin` is written at once if it is not None; else it is empty. `by_file` has stdout written to
    a file, for a program that ends before a pipe has taken all that it wrote. The guard ends every
    process with its SMITHERS_ATTEMPT, so of several programs of an attempt each has a value of its
    own; `attempt` is then what they share, and their control groups are named after it.
    """

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    stdin: bytes | None = None
    talks: bool = False
    by_file: bool = False
    attempt: str | None = None


class Listener(Protocol):
    """Keeps what passes between a program and us."""

    def chunk(self, stream: Literal["in", "out", "err"], data: bytes, /) -> Chunk: ...

    def signal(self, number: int, /) -> None: ...


class CannotStart(Exception):
    """The guard runs, and could not start the program: `errno`, and the system's words for it."""

    def __init__(self, number: int, said: str) -> None:
        super().__init__(said)
        self.errno = number
