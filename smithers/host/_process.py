"""A program that runs under its guard. No task and no thread: the loop calls us back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Literal

from smithers.host import guard
from smithers.host._cgroups import make_cgroup
from smithers.host._launch import CannotStart, Chunk, Ending, Launch, Listener, now

__all__ = ["GuardedProcess", "guard_command"]

_READ_BYTES = 1 << 18
_QUEUED_BYTES = 1 << 20
"""How much of a program's output may wait for its reader."""
_FOLLOW_S = 0.05
"""How often a file is looked at that a program writes to."""
_LINGER_S = 1.0
"""How long a pipe may stay open after the last process that we know of is gone."""
_GUARD_S = 6.0
"""How long the guard may take for its own sweep, which gives up after four seconds."""


def guard_command(control: int, status: int, cgroup: str = "") -> list[str]:
    """The words before those of a program that is to run under a guard, which has both ends."""
    ours = (guard.__file__, str(control), str(status), cgroup or "-")
    return [sys.executable, "-I", "-S", *ours]


class GuardedProcess:
    """Starts a program at once. The loop must be one that can watch pipes (`add_reader`).

    Raises `OSError` or `ValueError` if the guard cannot be started with these words in this folder.
    `pids` reports what happens to the program itself. The guard removes `folder`, which has
    words of the command, if it ends the program because we are gone.
    """

    def __init__(self, launch: Launch, listener: Listener, folder: Path | None = None) -> None:
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._chunks = asyncio.Queue[Chunk | None]()
        self._running, self._gone = asyncio.Event(), asyncio.Event()
        self._open: dict[int, Callable[[], None]] = {}
        self._unsent = bytearray()
        self._close_when_sent = False
        self._remembered: guard.Processes = {}
        self._seen: list[tuple[int, str]] = []
        self._queued_bytes = 0
        self._paused = self._drains = False
        self._ending: Ending | None = None
        self._failure: CannotStart | None = None
        self._told = b""
        self._file: IO[bytes] | None = None
        self._followed = 0
        mark = launch.env.get(guard.MARK)
        self._mark = f"{guard.MARK}={mark}" if mark else ""
        name = launch.attempt or mark
        self.cgroup = str(make_cgroup(name) or "") if name else ""
        try:
            with contextlib.ExitStack() as opened:
                self._start(launch, opened)
                opened.pop_all()
        except (OSError, ValueError):
            guard.remove(self.cgroup)
            raise
        self._listen()
        if folder is not None:
            os.write(self._control, os.fsencode(folder) + b"\n")
        if launch.stdin is not None:
            self.write(launch.stdin)
            self.close_stdin()

    def _start(self, launch: Launch, opened: contextlib.ExitStack) -> None:
        """What stays open is in `opened`."""
        if launch.by_file:
            from tempfile import TemporaryFile

            # Nobody but its writers and we can see it: it has no name.
            self._file = opened.enter_context(TemporaryFile())  # noqa: SIM115
        with contextlib.ExitStack() as passed:
            told, self._control = _piped(reads=passed, writes=opened)
            self._status, tell = _piped(reads=opened, writes=passed)
            self._start_guard(launch, told, tell)

    def _start_guard(self, launch: Launch, told: int, tell: int) -> None:
        self._guard = subprocess.Popen(
            [*guard_command(told, tell, self.cgroup), *launch.argv],
            cwd=launch.cwd,
            env=dict(launch.env),
            stdin=subprocess.PIPE if launch.talks else subprocess.DEVNULL,
            stdout=self._file or subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(told, tell),
            start_new_session=True,
            bufsize=0,
        )

    def _listen(self) -> None:
        out = self._file or self._guard.stdout
        assert out is not None
        assert self._guard.stderr is not None
        self._out, self._err = out.fileno(), self._guard.stderr.fileno()
        self._open[self._out] = self._follow
        heard: dict[int, Callable[[], None]] = {
            self._err: lambda: self._on_bytes(self._err, "err"),
            self._status: self._on_status,
        }
        if self._file is None:
            heard[self._out] = lambda: self._on_bytes(self._out, "out")
        for fd, on_ready in heard.items():
            os.set_blocking(fd, False)
            self._open[fd] = on_ready
            self._loop.add_reader(fd, on_ready)
        if self._file is not None:
            self._follow()

    async def pids(self) -> Sequence[int]:
        """Wait until it runs; the pids of the guard and the program. Raises `CannotStart`."""
        await self._running.wait()
        if self._failure is not None:
            raise self._failure
        return (self._guard.pid, *list(self._remembered)[:1])

    def take_seen(self) -> Sequence[tuple[int, str]]:
        """The descendants that were seen since this was last called, with their start times. An
        empty chunk says that there are some.
        """
        seen, self._seen = self._seen, []
        return seen

    async def read(self) -> Chunk | None:
        """The next bytes, or None at the end of both streams. May be cancelled and called again."""
        chunk = await self._chunks.get()
        if chunk is not None:
            self._queued_bytes -= len(chunk.data)
            self._listen_again()
        return chunk

    def write(self, data: bytes) -> None:
        self._listener.chunk("in", data)
        if self._guard.stdin is not None and not self._guard.stdin.closed:
            self._unsent += data
            os.set_blocking(self._guard.stdin.fileno(), False)
            self._loop.add_writer(self._guard.stdin.fileno(), self._on_writable)

    def close_stdin(self) -> None:
        self._close_when_sent = True
        if not self._unsent:
            self._shut_stdin()

    def signal(self, number: int) -> None:
        """Through the guard, whose child the program is: its pid cannot be another's."""
        if not self._gone.is_set():
            with contextlib.suppress(OSError):
                os.write(self._control, b"%d\n" % number)
                self._listener.signal(number)

    async def ended(self) -> Ending:
        """Wait for the end of the program and of all that it left behind."""
        self._drains = True  # nobody may read any more, and a full pipe would keep it from ending
        self._listen_again()
        await self._gone.wait()
        if self._ending is None:
            # The guard itself was killed. The program went with it; the rest is ours to find.
            await asyncio.to_thread(guard.sweep, None, self._remembered, self._mark, self.cgroup)
            guard.remove(self.cgroup)
            self._ending = Ending(signal=9)
        return self._ending

    async def destroy(self) -> None:
        """Kill what still lives, without asking, and free everything. Waits for it."""
        self._drains = True
        self._listen_again()
        if self._control >= 0:
            os.close(self._control)
            self._control = -1
        try:
            async with asyncio.timeout(_GUARD_S):
                await self._gone.wait()
        except TimeoutError:
            self._guard.kill()
            await self._gone.wait()
        await GuardedProcess.ended(self)
        if self._file is not None and self._out in self._open:
            while self._follow_once():  # nobody reads it, but it is recorded
                pass
        self._shut_stdin()
        for fd in list(self._open):
            self._close(fd)
        for each in (self._guard.stdout, self._guard.stderr, self._file):
            if each is not None:
                each.close()

    def _on_bytes(self, fd: int, stream: Literal["out", "err"]) -> None:
        try:
            data = os.read(fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._put(self._listener.chunk(stream, data))
        else:
            self._close(fd)

    def _put(self, chunk: Chunk) -> None:
        """Queues a chunk. A program that writes faster than its reader takes it has to wait."""
        if self._drains:
            return
        self._chunks.put_nowait(chunk)
        self._queued_bytes += len(chunk.data)
        if self._is_full and not self._paused:
            self._paused = True
            for fd in self._pipes:
                self._loop.remove_reader(fd)

    def _listen_again(self) -> None:
        if self._paused and not self._is_full:
            self._paused = False
            for fd in self._pipes:
                self._loop.add_reader(fd, self._open[fd])

    @property
    def _pipes(self) -> set[int]:
        """The open pipes of the program's output."""
        pipes = {self._err} if self._file is not None else {self._out, self._err}
        return pipes & self._open.keys()

    @property
    def _is_full(self) -> bool:
        """Whether the reader is behind. What a pipe holds after the program's end is little."""
        waits = self._drains or (self._gone.is_set() and self._file is None)
        return self._queued_bytes > _QUEUED_BYTES and not waits

    def _follow(self) -> None:
        """What was added to the file since; again in a moment, until the program is gone."""
        if self._out not in self._open:
            return
        gone = self._gone.is_set()
        if self._is_full:
            self._loop.call_later(_FOLLOW_S, self._follow)
        elif self._follow_once():
            self._loop.call_soon(self._follow)
        elif gone:
            self._close(self._out)
        else:
            self._loop.call_later(_FOLLOW_S, self._follow)

    def _follow_once(self) -> bool:
        data = os.pread(self._out, _READ_BYTES, self._followed)
        self._followed += len(data)
        if data:
            self._put(self._listener.chunk("out", data))
        return bool(data)

    def _on_writable(self) -> None:
        assert self._guard.stdin is not None
        try:
            sent = os.write(self._guard.stdin.fileno(), self._unsent[:65536])
            del self._unsent[:sent]  # without copying the rest
        except BlockingIOError:
            return
        except OSError:
            # The program closed its end; what it did not read is not our failure.
            self._unsent.clear()
        if not self._unsent:
            self._loop.remove_writer(self._guard.stdin.fileno())
            if self._close_when_sent:
                self._shut_stdin()

    def _shut_stdin(self) -> None:
        if self._guard.stdin is not None and not self._guard.stdin.closed:
            self._loop.remove_writer(self._guard.stdin.fileno())
            self._guard.stdin.close()

    def _on_status(self) -> None:
        try:
            data = os.read(self._status, 65536)
        except BlockingIOError:
            return
        *lines, self._told = (self._told + data).split(b"\n")
        for line in lines:
            self._hear(line.decode())
        if not data:
            self._close(self._status)
            os.close(self._status)
            self._guard.wait()
            self._running.set()
            self._gone.set()
            self._listen_again()
            self._loop.call_later(_LINGER_S, self._give_up_pipes)

    def _hear(self, line: str) -> None:
        what, first, *rest = line.split(" ", 2)
        if what in ("pid", "seen"):
            is_new = int(first) not in self._remembered
            self._remembered[int(first)] = rest[0]
            self._running.set()
            if what == "seen" and is_new:
                self._seen.append((int(first), rest[0]))
                self._chunks.put_nowait(Chunk(now(), "err", b""))  # wakes the reader
        elif what == "failed":
            self._failure = CannotStart(int(first), rest[0])
            self._ending = Ending(rc=127)
        else:
            number = int(first)
            self._ending = Ending(signal=number) if what == "signal" else Ending(rc=number)

    def _give_up_pipes(self) -> None:
        """A process that escaped every search may hold a pipe; the session ends all the same."""
        for fd in self._pipes:
            self._close(fd)

    def _close(self, fd: int) -> None:
        """Stops listening. The end of the last stream is the end of the chunks."""
        if self._open.pop(fd, None) is not None:
            self._loop.remove_reader(fd)
            if not {self._out, self._err} & self._open.keys():
                self._chunks.put_nowait(None)


def _piped(*, reads: contextlib.ExitStack, writes: contextlib.ExitStack) -> tuple[int, int]:
    """A pipe; each end is closed with its stack."""
    read, write = os.pipe()
    reads.callback(os.close, read)
    writes.callback(os.close, write)
    return read, write
