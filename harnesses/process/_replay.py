"""A recorded session in the place of the program: the same bytes, the same end, no process."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import ClassVar

from harnesses.process._child import Chunk, Tape, now
from harnesses.process._command import Command
from harnesses.process._shelf import Found, NotRecorded, ReplayMismatch, Shelf
from harnesses.recording import Ending, Header, Moment, Recording, read_sessions

__all__ = ["Replay", "ReplayChild", "renamed"]

_PART_BYTES = 1 << 20

FOLDER, SPEED = "SMITHERS_REPLAY", "SMITHERS_REPLAY_SPEED"
MISSED = "SMITHERS_REPLAY_MISSED"
"""Names a file in which is noted what had no recording, for who started the process: a test."""


class Replay:
    """Recordings below `folder`. `speed` 0 plays at once, 1 at recorded times, 2 twice as fast.

    A request is found by program, flags, prompt, schema, and whether it goes on with a session.
    Where several fit, one that goes on with the same session is taken, and of those the first by
    file name; asked again, the next one, and in the end the last one again.
    """

    _origins: ClassVar[dict[str, str]] = {}
    """The recorded session that a session id of this process stands for."""

    def __init__(self, folder: str | Path, speed: float = 0.0) -> None:
        if speed < 0:
            raise ValueError(f"the speed of a replay must not be negative: {speed:g}")
        self.folder, self.speed = Path(folder), speed
        self._shelf = Shelf(self.folder)
        self._played: dict[Header, int] = {}

    @staticmethod
    def begin_anew() -> None:
        """What the environment names is played from the beginning, as in a new process."""
        _replay_of.cache_clear()

    @staticmethod
    def asked_for() -> Replay | None:
        """The replay that the environment names, or None."""
        if not (folder := os.environ.get(FOLDER)):
            return None
        try:
            return _replay_of(folder, float(os.environ.get(SPEED) or 0))
        except ValueError as error:
            raise ReplayMismatch(f"{SPEED} is not a speed: {error}") from error

    def start(self, command: Command, tape: Tape, *, repeats: bool = True) -> ReplayChild:
        """The recording of `command`, playing. Raises ReplayMismatch where there is none."""
        recording = self.find(command, repeats=repeats)
        if recording.header.session is not None and command.session is not None:
            self._origins[command.session] = recording.header.session
        return ReplayChild(recording, command, tape, self.speed)

    def find(self, command: Command, *, repeats: bool = True) -> Recording:
        """The recording of `command` whose turn it is; none is played again without `repeats`."""
        if command.instead is not None and not self._has(command):
            command = command.instead
        wanted = command.header()
        origin = self._origin_of(command)
        key = replace(wanted, session=origin)
        at = self._played.get(key, 0)
        self._played[key] = at + 1
        try:
            fitting = self._shelf.fitting(wanted)
        except NotRecorded as missed:
            if repeats:
                _note(missed)
            raise
        if at >= len(fitting) and not repeats:
            raise NotRecorded(
                f"every recording of this request in {self.folder} was already played"
            )
        path, header = _in_turn(fitting, origin, at)
        found = next(read_sessions(path), None)
        if found is None or found.header != header:  # written anew under its name
            path, _ = _in_turn(self._shelf.fitting(wanted, anew=True), origin, at)
            found = next(read_sessions(path))
        return found

    def _has(self, command: Command) -> bool:
        """Whether there is any recording of it."""
        try:
            return bool(self._shelf.fitting(command.header()))
        except NotRecorded:
            return False

    def _origin_of(self, command: Command) -> str | None:
        """A session of an earlier process, or one whose id was recorded, stands for itself."""
        if command.session is None:
            return None
        return self._origins.get(command.session, command.session if command.resumes else None)


def _in_turn(fitting: Sequence[Found], origin: str | None, at: int) -> Found:
    """The one to play when `at` were played before, of the same session if there are such."""
    same = [each for each in fitting if each[1].session == origin] or fitting
    return same[min(at, len(same) - 1)]


def _note(missed: NotRecorded) -> None:
    if path := os.environ.get(MISSED):
        with contextlib.suppress(OSError), open(path, "a", encoding="utf-8") as notes:
            notes.write(f"{missed.said}\n\n")


@lru_cache(maxsize=8)
def _replay_of(folder: str, speed: float) -> Replay:
    return Replay(folder, speed)


class ReplayChild:
    """Plays one recording. Where that breaks off, or waits for our signal, it is silent."""

    def __init__(self, recording: Recording, command: Command, tape: Tape, speed: float) -> None:
        self._recording = replace(recording, moments=())
        self._tape, self._speed = tape, speed
        self._cwd = command.cwd
        self._moments = _as_session(recording, command.session)
        self._at = 0
        self._start = now()
        self._written = 0
        self._stdin_closed = command.stdin is not None
        self._changed = asyncio.Event()
        self._ending: Ending | None = None
        if command.stdin is not None:
            self.write(command.stdin)

    cgroup = ""

    async def pids(self) -> Sequence[int]:
        return ()

    def take_seen(self) -> Sequence[tuple[int, str]]:
        return ()

    async def read(self) -> Chunk | None:
        while self._ending is None:
            if self._at >= len(self._moments):
                await self._play_end()
                continue
            moment = self._moments[self._at]
            await self._until(moment.t)
            if self._ending is not None or moment is not self._moments[self._at]:
                continue
            if moment.signal is not None:
                await self._change()
            elif moment.stream == "in":
                await self._written_so_far()
            else:
                played = replace(moment, data=b"", dropped=0)  # it is not needed any more
                self._moments[self._at] = played
                self._at += 1
                chunk = self._tape.chunk(moment.stream or "out", moment.data)
                return replace(chunk, dropped=moment.dropped)
        return None

    def write(self, data: bytes) -> None:
        self._tape.chunk("in", data)
        self._written += data.count(b"\n")
        self._changed.set()

    def close_stdin(self) -> None:
        self._stdin_closed = True
        self._changed.set()

    def signal(self, number: int) -> None:
        """Goes to what was recorded after this signal; where it was not sent, it ends at once."""
        if self._ending is not None:
            return
        self._tape.signal(number)
        later = range(self._at, len(self._moments))
        found = next((at for at in later if self._moments[at].signal == number), None)
        if found is None or self._recording.ending is None:
            self._ending = Ending(signal=number)
        else:
            self._at = found + 1
            self._speed = 0.0
        self._changed.set()

    async def ended(self) -> Ending:
        while await self.read() is not None:
            continue
        assert self._ending is not None
        return self._ending

    async def destroy(self) -> None:
        self._ending = self._ending or Ending(signal=9)

    async def _until(self, t: float) -> None:
        """Until the recorded time, or a change. At speed 0 there is no waiting."""
        if self._speed and (left := self._start + t / self._speed - now()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _written_so_far(self) -> None:
        """Waits until as many lines were written as had been when this was recorded."""
        sent = self._moments[: self._at + 1]
        wanted = sum(moment.data.count(b"\n") for moment in sent if moment.stream == "in")
        while not self._stdin_closed and self._written < wanted and self._ending is None:
            await self._change()
        self._at += 1

    async def _play_end(self) -> None:
        if self._recording.ending is None:
            await self._change()
            return
        await self._until(self._recording.ended_t)
        if self._ending is None:
            _write_files(self._cwd, self._recording.writes)
            self._ending = self._recording.ending


def _as_session(recording: Recording, session: str | None) -> list[Moment]:
    """The moments with the recorded session id replaced by `session`, in the same chunks."""
    recorded = recording.header.session
    moments = list(recording.moments)
    if recorded is None or session is None or len(recorded) != len(session):
        return moments
    old, new = recorded.encode(), session.encode()
    for stream in ("out", "err", "in"):
        places = [at for at, moment in enumerate(moments) if moment.stream == stream]
        changed = renamed((moments[at].data for at in places), old, new)
        for at, data in zip(places, changed, strict=True):
            moments[at] = replace(moments[at], data=data)
    return moments


def renamed(pieces: Iterable[bytes], old: bytes, new: bytes) -> Iterator[bytes]:
    """The pieces with `old` replaced by `new`, which is as long, wherever it was cut."""
    part: list[bytes] = []
    size = 0
    for piece in pieces:
        part.append(piece)
        size += len(piece)
        if size < _PART_BYTES:
            continue
        part = _renamed_part(part, old, new)
        kept, size = len(part), 0
        while kept and size < len(old):  # `old` may begin here and end in the next piece
            kept -= 1
            size += len(part[kept])
        yield from part[:kept]
        del part[:kept]
    yield from _renamed_part(part, old, new)


def _renamed_part(part: list[bytes], old: bytes, new: bytes) -> list[bytes]:
    joined = b"".join(part)
    if old not in joined:
        return part
    joined = joined.replace(old, new)
    ends = list(accumulate(map(len, part)))
    return [joined[begin:end] for begin, end in pairwise([0, *ends])]


def _write_files(cwd: Path, writes: Mapping[str, str]) -> None:
    """Writes again what the program wrote, below `cwd` alone and through no link."""
    home = cwd.resolve()
    for name, text in writes.items():
        path = home / name
        if path.is_symlink() or not path.resolve().is_relative_to(home):
            raise ReplayMismatch(f"the recording writes outside of the working folder: {name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
