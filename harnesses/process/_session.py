"""One program from its start to the certainty that nothing of it lives: lines, clocks, the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harnesses._lines import Lines
from harnesses.process._arguments import filed
from harnesses.process._child import Child, Chunk, Tape, now
from harnesses.process._command import Command, scrub_of, version_of
from harnesses.process._files import Files, files_in, with_files
from harnesses.process._live import LiveChild
from harnesses.process._replay import Replay
from harnesses.recording import Ending, Recorder
from harnesses.scrubbing import both, secrets_of
from smithers.agent import Ask, Dropped, Spawned
from smithers.errors import MachineError, Stalled, Transient, may_start_later
from smithers.host import to_the_end

__all__ = ["Session", "open_session"]

_ERR_TAIL_BYTES = 16_384
_KILL_AFTER_S = 5.0
_ENDS_WITHIN_S = 1.0
_PATIENCE_S = 10.0
"""How long a start is tried again if this machine refuses it, as for lack of descriptors."""
_NOT_STARTED = (126, 127)
"""What `env` and shells end with if they cannot start what a script names as its interpreter."""


def _always(line: bytes) -> bool:
    return True


class Session:
    """A running program. Silence longer than `idle_s` raises Stalled; the whole has `timeout_s`.

    In a dialogue `last_words` are written before stdin is closed, when the program is made to end.
    """

    last_words = b""

    def __init__(self, child: Child, command: Command, ask: Ask, tape: Tape) -> None:
        self._child, self._command, self._ask, self._tape = child, command, ask, tape
        self._heard_at = self._started_at = now()
        self._leave_at: float | None = None
        self._silent = False
        self._err = b""
        self._has_spoken = False
        self._ending: asyncio.Task[Ending] | None = None

    @property
    def said_on_stderr(self) -> str:
        """The last of it, for people; no verdict hangs on it."""
        return self._err.decode("utf-8", "replace").strip()

    async def pids(self) -> Sequence[int]:
        """The guard's pid and the program's, in this order; none for a replay."""
        return await self._child.pids()

    def write(self, data: bytes) -> None:
        self._child.write(data)

    def hang_up(self) -> None:
        """Closes the program's stdin: nothing more will be said to it."""
        self._child.close_stdin()

    async def lines(
        self, is_sign_of_life: Callable[[bytes], bool] = _always
    ) -> AsyncGenerator[bytes, None]:
        """The lines of `output` alone."""
        async with aclosing(self.output(is_sign_of_life)) as output:
            async for told in output:
                if isinstance(told, bytes):
                    yield told

    async def output(
        self, is_sign_of_life: Callable[[bytes], bool] = _always
    ) -> AsyncGenerator[bytes | Spawned | Dropped, None]:
        """Lines of stdout, split on LF alone; the last may lack its LF. In the place of one that is
        too long comes its size. Between them: the processes that the program was seen to start.

        A line that is no sign of life, such as a notice of a retry, does not end the silence.
        """
        lines = Lines()
        while (chunk := await self._next()) is not None:
            for pid, started in self._child.take_seen():
                yield Spawned(pid, started)
            if chunk.stream == "err":
                self._err = (self._err + chunk.data)[-_ERR_TAIL_BYTES:]
                continue
            self._has_spoken = True
            if b"\n" not in chunk.data:
                self._heard_at = chunk.at
            if chunk.dropped:
                yield Dropped(chunk.dropped)
            for told in lines.feed(chunk.data):
                if isinstance(told, Dropped) or is_sign_of_life(told):
                    self._heard_at = chunk.at
                yield told
        if (rest := lines.rest()) is not None:
            yield rest

    async def spawned(self) -> Sequence[Spawned]:
        """The guard and the program, in this order; none for a replay."""
        pids = await self._child.pids()
        return [Spawned(pid, cgroup=(self._child.cgroup or None) if n else None)
                for n, pid in enumerate(pids)]  # fmt: skip

    def leave_after(self, seconds: float | None) -> None:
        """The program said its last word: it has so long to end by itself. None takes it back."""
        self._leave_at = now() + seconds if seconds is not None else None

    async def _next(self) -> Chunk | None:
        limits: dict[str, float] = {"idle": self._heard_at + self._ask.idle_s}
        if self._ask.timeout_s is not None:
            limits["whole"] = self._started_at + self._ask.timeout_s
        if self._leave_at is not None:
            limits = {"leave": self._leave_at}
        if self._tape.failure is not None:  # what has come is handed over: an answer is paid for
            limits = {"failed": now()}
        name = min(limits, key=lambda each: limits[each])
        try:
            async with asyncio.timeout(max(0.0, limits[name] - now())):
                chunk = await self._child.read()
        except TimeoutError:
            if self._tape.failure is not None:
                raise self._tape.failure from None
            if name == "leave":
                return None
            if name == "whole":
                raise Transient(
                    f"not finished within {self._ask.timeout_s:g} s", reason="timeout"
                ) from None
            raise Stalled(self._ask.idle_s) from None
        self._silent = chunk is None
        return chunk

    async def finish(self) -> Ending:
        """As `close`, after the last of the output. Raises `Transient` if a script could not start
        its interpreter, which may be being replaced.
        """
        ending = await self.close()
        if ending.rc in _NOT_STARTED and not self._has_spoken:
            said = self.said_on_stderr or str(ending)
            raise Transient(f"{self._command.program} did not start: {said}", reason="not_started")
        return ending

    async def close(self) -> Ending:
        """Ends the program, politely first, and all its descendants; gives how it ended.

        No cancellation cuts this short: it is carried out, then the cancellation goes on.
        """
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._end())
        return await to_the_end(self._ending)

    async def _end(self) -> Ending:
        exhausted = asyncio.create_task(self._child.ended())
        try:
            await self._ask_to_end(exhausted)
        finally:
            exhausted.cancel()
            await asyncio.gather(exhausted, return_exceptions=True)
        await self._child.destroy()
        return await self._child.ended()

    async def _ask_to_end(self, ended: asyncio.Task[Ending]) -> None:
        """What has shut its streams is about to end by itself, and is given the time."""
        by_itself_s = _ENDS_WITHIN_S if self._silent else 0.0
        if self._command.dialogue and not self._silent:
            if self.last_words:
                self.write(self.last_words)
            self.hang_up()
            by_itself_s = self._command.ends_within_s
        stops = [(number, _KILL_AFTER_S) for number in self._command.stop_signals]
        for number, wait_s in ((0, by_itself_s), *stops, (9, 1.0)):
            if number:
                self._child.signal(number)
            if (await asyncio.wait([ended], timeout=wait_s))[0]:
                return


@contextlib.asynccontextmanager
async def open_session(
    command: Command, ask: Ask, replay: Replay | None = None, record: Path | None = None
) -> AsyncGenerator[Session, None]:
    """Starts `command`, or its recording. On leaving, whatever the reason, nothing of it lives.

    A live one is recorded in the folder `record`, if there is one; with a replay no recording is
    then played twice.

    Raises `MachineError` if the raw stream of `ask` cannot be opened, before anything is started,
    or if this machine cannot start anything for a while.
    """
    folder = record if replay is None else None
    apart = _ours(folder, ask)
    before = await asyncio.to_thread(files_in, command.cwd, apart) if folder else {}
    tape, shown = await _open_tape(command, ask, folder)
    async with AsyncExitStack() as stack:
        stack.callback(tape.close)
        child: Child
        if replay:
            child = replay.start(command, tape, repeats=record is None)
        else:
            child = await _started(*stack.enter_context(filed(command)), tape)
        session = Session(child, command, ask, tape)
        try:
            yield session
        finally:
            await _close_and_record(session, command, tape, shown, before, apart)


async def _started(command: Command, folder: Path | None, tape: Tape) -> LiveChild:
    """The program under its guard; tried again while this machine cannot start any."""
    until, pause_s = now() + _PATIENCE_S, 0.05
    while True:
        try:
            return LiveChild(command, tape, folder)
        except MachineError as error:
            if not may_start_later(error.errno) or now() > until:
                raise
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, 1.0)


def _ours(folder: Path | None, ask: Ask) -> Collection[Path]:
    """What we write ourselves: the recordings, and the streams of all runs."""
    streams = ask.raw.absolute().parent.parent if ask.raw is not None else None
    return [path for path in (folder, streams) if path is not None]


async def _open_tape(
    command: Command, ask: Ask, folder: Path | None
) -> tuple[Tape, Recorder | None]:
    header = command.header()
    secrets = secrets_of(os.environ, command.env)
    recorders: list[Recorder] = []
    shown: Recorder | None = None
    try:
        if ask.raw is not None:
            recorders.append(Recorder(ask.raw, header, both(ask.scrub, secrets)))
        if folder is not None:
            name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{header.prompt_sha}.jsonl"
            version = await asyncio.to_thread(version_of, command)
            told = replace(header, version=version)
            scrub = scrub_of(command)
            shown = Recorder(folder / name, told, scrub)
            recorders.append(shown)
    except BaseException:
        for recorder in recorders:
            recorder.close()
        raise
    return Tape(recorders), shown


async def _close_and_record(
    session: Session,
    command: Command,
    tape: Tape,
    shown: Recorder | None,
    before: Files,
    apart: Collection[Path],
) -> None:
    """The end line, with the files that the program wrote where it is recorded for others."""

    async def work() -> Ending:
        ending = await session.close()
        writes: dict[str, str] = {}
        if shown is not None:
            ending, writes = await asyncio.to_thread(with_files, ending, command.cwd, before, apart)
        tape.end(ending, writes)
        return ending

    await to_the_end(work())
