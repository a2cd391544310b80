"""The face that a live program and a replayed one share, and the tape that both write."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from harnesses.recording import Ending, Recorder, Stream
from smithers.errors import MachineError
from smithers.host import Chunk, now

__all__ = ["Child", "Chunk", "Tape", "now"]


class Child(Protocol):
    """A program that runs. `pids` are its guard and itself, or nothing where none was started.

    `cgroup` is the folder of the control group that it and all its descendants are in, or empty.
    """

    @property
    def cgroup(self) -> str: ...

    def take_seen(self) -> Sequence[tuple[int, str]]:
        """The descendants that were seen since this was last called, with their start times. An
        empty chunk says that there are some.
        """
        ...

    async def pids(self) -> Sequence[int]:
        """Waits until the program runs; raises an AgentError where it could not be started."""
        ...

    async def read(self) -> Chunk | None:
        """The next bytes, or None at the end of both streams. May be cancelled and called again."""
        ...

    def write(self, data: bytes) -> None: ...

    def close_stdin(self) -> None: ...

    def signal(self, number: int) -> None: ...

    async def ended(self) -> Ending:
        """Waits for the end of the program and of all that it left behind."""
        ...

    async def destroy(self) -> None:
        """Kills what still lives, without asking, and frees everything. Waits for it."""
        ...


class Tape:
    """The recorders of one session; all of them hear the same."""

    def __init__(self, recorders: Sequence[Recorder]) -> None:
        self._recorders = recorders
        self.failure: MachineError | None = None

    def chunk(self, stream: Stream, data: bytes) -> Chunk:
        with self._noting_failure():
            for recorder in self._recorders:
                recorder.chunk(stream, data)
        return Chunk(now(), "err" if stream == "err" else "out", data)

    def signal(self, number: int) -> None:
        with self._noting_failure():
            for recorder in self._recorders:
                recorder.signal(number)

    def end(self, ending: Ending, writes: Mapping[str, str]) -> None:
        with self._noting_failure():
            for recorder in self._recorders:
                recorder.end(ending, writes)

    @contextmanager
    def _noting_failure(self) -> Generator[None, None, None]:
        """A full disk ends the session by way of `failure`, never inside a callback."""
        try:
            yield
        except MachineError as error:
            self.failure = self.failure or error

    def close(self) -> None:
        for recorder in self._recorders:
            recorder.close()
