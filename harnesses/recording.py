"""The record of one session of a program: JSON lines, a header, timed events, an end.

    {"v": 1, "kind": "harness-session", "program": "claude-code", "argv": […], …}
    {"t": 0.912, "s": "out", "d": "…"}         `in`, `out`, `err`; `b64` for what is no UTF-8
    {"t": 3.001, "s": "out", "dropped": 99000000, "d": "…"}    before `d` a long line was left out
    {"t": 4.101, "sig": 15}                     a signal that we sent
    {"t": 4.251, "end": {"rc": 0, "signal": null, "files": {}, "deleted": []}, "writes": {}}

Chunks stay as they were read, so that split lines and split characters are replayed as they came.
A session without an end line is the record of a crash. Every attempt's raw stream has this format.
What may be secret leaves before it is written: a line is held back until it is whole, so that a
secret split over two chunks is found as well. A line of more than 64 MB is left out.
"""

from __future__ import annotations

import base64
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from harnesses._json import line_of, list_of, object_in
from harnesses._lines import LINE_LIMIT_BYTES, lines_in
from harnesses.scrubbing import Piece, Scrub, scrubbed
from smithers import host
from smithers.agent import Dropped
from smithers.errors import keeping

__all__ = [
    "Ending",
    "Header",
    "Moment",
    "Recorder",
    "Recording",
    "Stream",
    "read_header",
    "read_sessions",
]

VERSION = 1
_KEY_BYTES = 65536
KIND = "harness-session"
_PROMPT_SHOWN = 200
_LISTS = ("argv", "env_names")
_READ_BYTES = 1 << 18
Stream = Literal["in", "out", "err"]


@dataclass(frozen=True, kw_only=True)
class Header:
    """What was asked of which program. `argv` has marks in place of prompt, session and schema.

    `resumes` says that an older session was gone on with; `session` is its id, or that of the new
    one, which `forks` says to have begun as a copy of another. `prompt_sha` and `schema_sha` are
    digests of what was sent. Of `prompt` a record has the first words.
    """

    program: str
    argv: tuple[str, ...]
    prompt_sha: str
    schema_sha: str | None = None
    session: str | None = None
    resumes: bool = False
    forks: bool = False
    prompt: str = ""
    version: str | None = None
    env_names: tuple[str, ...] = ()
    source: str = "live"
    platform: str = sys.platform
    recorded: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%d}")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One event: bytes of a stream, or a signal that was sent. `t` is seconds since the start.

    `dropped` is the size of a line that was left out just before `data`.
    """

    t: float
    stream: Stream | None = None
    data: bytes = b""
    signal: int | None = None
    dropped: int = 0


@dataclass(frozen=True, kw_only=True)
class Ending(host.Ending):
    """How a recorded program ended. `files` are digests by path."""

    files: Mapping[str, str] = field(default_factory=dict[str, str])
    deleted: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One recorded session. `ending` is None where the record breaks off."""

    header: Header
    moments: tuple[Moment, ...]
    ending: Ending | None = None
    ended_t: float = 0.0
    writes: Mapping[str, str] = field(default_factory=dict[str, str])

    def text(self, stream: Stream) -> bytes:
        """All bytes of one stream."""
        return b"".join(moment.data for moment in self.moments if moment.stream == stream)


class Recorder:
    """Writes one session to `path` as it happens, for the user's eyes only.

    Raises `MachineError` if the file cannot be opened or written.
    """

    def __init__(
        self, path: Path, header: Header, scrub: Scrub, limit_bytes: int = LINE_LIMIT_BYTES
    ) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK  # nothing that a repository ships in its place
        with keeping(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, flags, 0o600)
        self._path = path
        self._torn = False
        self._scrub = scrub
        self._start = time.monotonic()
        self._limit = limit_bytes
        self._held: dict[Stream, list[Piece]] = {"in": [], "out": [], "err": []}
        self._begun_bytes: dict[Stream, int] = {"in": 0, "out": 0, "err": 0}
        """How much of a line that has not ended has come, held or not."""
        try:
            self._line({"v": VERSION, "kind": KIND} | _plain(header, scrub))
        except BaseException:
            self.close()
            raise

    def chunk(self, stream: Stream, data: bytes) -> None:
        """Takes bytes as they came; what ends in the middle of a line waits for the rest of it."""
        if self._begun_bytes[stream] > self._limit:
            data = self._leave_out(stream, data)
        if not data:
            return
        held = self._held[stream]
        held.append((self._now(), data))
        if b"\n" not in data:
            self._begun_bytes[stream] += len(data)
        else:
            self._begun_bytes[stream] = len(data) - data.rfind(b"\n") - 1
            if not _key_is_open(held):
                whole, newline, rest = data.rpartition(b"\n")
                held[-1] = (held[-1][0], whole + newline)
                self._write(stream)
                if rest:
                    self._held[stream].append((self._now(), rest))
        if self._begun_bytes[stream] > self._limit:
            self._write_whole_lines(stream)

    def _leave_out(self, stream: Stream, data: bytes) -> bytes:
        """Counts more of a line that is too long; what is behind it, once it has ended."""
        more, newline, rest = data.partition(b"\n")
        self._begun_bytes[stream] += len(more)
        if newline:
            self._write_dropped(stream, "\n")
        return rest

    def _write_dropped(self, stream: Stream, end: str) -> None:
        size, self._begun_bytes[stream] = self._begun_bytes[stream], 0
        self._line({"t": self._now(), "s": stream, "dropped": size, "d": end})

    def _write_whole_lines(self, stream: Stream) -> None:
        """Writes what is held before the line that has become too long, and gives that up."""
        held, self._held[stream] = self._held[stream], []
        while held and b"\n" not in held[-1][1]:
            held.pop()
        if held:
            at, data = held.pop()
            self._held[stream] = [*held, (at, data[: data.rfind(b"\n") + 1])]
            self._write(stream)

    def signal(self, number: int) -> None:
        self._line({"t": self._now(), "sig": number})

    def end(self, ending: Ending, writes: Mapping[str, str] | None = None) -> None:
        for stream in self._held:
            if self._begun_bytes[stream] > self._limit:
                self._write_dropped(stream, "")
            self._write(stream)
        said = {"rc": ending.rc, "signal": ending.signal}
        files = {"files": dict(ending.files), "deleted": list(ending.deleted)}
        kept = {name: self._scrub(text) for name, text in (writes or {}).items()}
        self._line({"t": self._now(), "end": said | files} | ({"writes": kept} if kept else {}))

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _now(self) -> float:
        return round(time.monotonic() - self._start, 3)

    def _write(self, stream: Stream) -> None:
        """Writes what is held: chunk by chunk if nothing in it is secret, else as one."""
        held, self._held[stream] = self._held[stream], []
        for at, data in scrubbed(held, self._scrub):
            try:
                self._line({"t": at, "s": stream, "d": data.decode()})
            except UnicodeDecodeError:
                coded = base64.b64encode(data).decode()
                self._line({"t": at, "s": stream, "b64": coded})

    def _line(self, value: Mapping[str, object]) -> None:
        line = line_of(value)
        left = memoryview(b"\n" + line if self._torn else line)
        with keeping(self._path):
            while left:  # a disk that is nearly full takes a part
                left = left[os.write(self._file, left) :]
                self._torn = bool(left)


def _key_is_open(held: list[Piece]) -> bool:
    """Whether a private key of many lines has begun in what is held, and not yet ended."""
    last: list[bytes] = []
    size = 0
    for _, data in reversed(held):
        if size >= _KEY_BYTES:
            break
        last.append(data)
        size += len(data)
    joined = b"".join(reversed(last))
    begun = joined.rfind(b"PRIVATE KEY-----\n")
    return begun >= 0 and b"-----END " not in joined[begun:] and len(joined) - begun < _KEY_BYTES


def _plain(header: Header, scrub: Scrub) -> dict[str, object]:
    """A secret leaves whole, before the prompt is cut: nobody would know the half of one."""
    shown: dict[str, object] = {k: v for k, v in vars(header).items() if v not in (None, ())}
    if not header.forks:
        del shown["forks"]
    prompt = scrub(header.prompt)[:_PROMPT_SHOWN]
    return shown | {"argv": [scrub(word) for word in header.argv], "prompt": prompt}


def read_header(path: Path) -> Header | None:
    """The header of the first session in `path`; None where the file is no recording."""
    with path.open("rb") as file:
        return _header(file.readline(LINE_LIMIT_BYTES).decode())


def _header(line: str) -> Header | None:
    fields = object_in(line)
    if fields.get("kind") != KIND or fields.get("v") != VERSION:
        return None
    known: dict[str, Any] = {
        name: tuple(list_of(value)) if name in _LISTS else value
        for name, value in fields.items()
        if name in Header.__dataclass_fields__
    }
    return Header(**known)


def read_sessions(path: Path) -> Iterator[Recording]:
    """The sessions in `path`, in order. A last line that was cut off is left out.

    An attempt's raw stream has two, where the program did not know the session to go on with.
    """
    header: Header | None = None
    moments: list[Moment] = []
    with path.open("rb") as file:
        for line in lines_in(iter(partial(file.read, _READ_BYTES), b"")):
            if isinstance(line, Dropped):
                continue
            if not (value := object_in(line)):
                break
            if "kind" in value:
                if header is not None:
                    yield Recording(header=header, moments=_in_order(moments))
                header, moments = _header(line.decode()), []
            elif "end" in value and header is not None:
                yield _whole(header, moments, value)
                header, moments = None, []
            else:
                moments.append(_moment(value))
    if header is not None:
        yield Recording(header=header, moments=_in_order(moments))


def _whole(header: Header, moments: list[Moment], value: Mapping[str, Any]) -> Recording:
    return Recording(
        header=header,
        moments=_in_order(moments),
        ending=Ending(**value["end"]),
        ended_t=value["t"],
        writes=value.get("writes", {}),
    )


def _in_order(moments: list[Moment]) -> tuple[Moment, ...]:
    return tuple(sorted(moments, key=lambda moment: moment.t))


def _moment(value: Mapping[str, Any]) -> Moment:
    if "sig" in value:
        return Moment(t=value["t"], signal=value["sig"])
    data = base64.b64decode(value["b64"]) if "b64" in value else value["d"].encode()
    dropped = value.get("dropped", 0)
    return Moment(t=value["t"], stream=value["s"], data=data, dropped=dropped)
