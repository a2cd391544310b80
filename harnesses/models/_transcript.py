"""The session of a model on disk: JSON lines, each synced before what follows from it happens.

    {"v": 1, "kind": "model-session", "provider": "anthropic", "model": "…"}
    {"asked": "…"}                              what the user said
    {"replied": {…}, "text": "…", "calls": […]}  what the model said, in its vendor's form
    {"begun": "call_1"}                         written before a tool runs
    {"returned": "call_1", "text": "…"}         and after it

So a session that was cut off anywhere goes on after its last finished tool call: what has returned
is never run again, what had begun has an unknown outcome, what had not begun is run now.
"""

from __future__ import annotations

import fcntl
import os
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

from harnesses._json import line_of, list_of, object_in, object_of
from harnesses._state import not_kept
from harnesses._streams import ways
from harnesses.models._files import File
from harnesses.models._guarded import in_thread_to_the_end
from harnesses.models._turn import Asked, Call, Entry, Replied, Returned
from smithers.agent import Ask
from smithers.errors import MachineError, Transient

__all__ = ["Transcript", "folder_of"]

_KIND = {"v": 1, "kind": "model-session"}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def folder_of(run: str) -> Path:
    """Where the sessions of one run are kept, outside of every project."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state).absolute() / "smithers" / "models" / (re.sub(r"[^\w.-]|^\.", "-", run))


class Transcript:
    """A session that is open here, and nowhere else: the file is locked. Close it."""

    def __init__(self, fd: int, path: Path, session: str) -> None:
        self._file = open(fd, "r+b", buffering=0)  # noqa: SIM115 (`close` is ours)
        self._path = path
        self.session = session
        self.entries: list[Entry] = []
        self._length = 0
        self._begun = set[str]()

    @staticmethod
    async def opened(folder: Path, ask: Ask, provider: str, model: str) -> tuple[Transcript, Ask]:
        """The session that is asked for, a copy of one, or a new one; and the way it was asked."""
        *known, anew = ways(ask)
        for way in known:
            seek = partial(Transcript.find, folder, way.session or "", provider)
            if way.forks is not None:
                seek = partial(Transcript.copy, folder, way.forks, provider, model, at=way.at)
            if (found := await in_thread_to_the_end(seek)) is not None:
                return found, way
        return await in_thread_to_the_end(Transcript.begin, folder, provider, model), anew

    @staticmethod
    def begin(folder: Path, provider: str, model: str) -> Transcript:
        """A new session. Raises `MachineError` or `Permanent` if none can be kept."""
        session = str(uuid.uuid4())
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            path = folder / f"{session}.jsonl"
            made = Transcript(os.open(path, flags, 0o600), path, session)
            made._lock()
            made._lines([_KIND | {"provider": provider, "model": model}])
            _sync_folder(folder)
        except OSError as error:
            raise not_kept(error, folder, f"no session can be stored in {folder}") from error
        return made

    @staticmethod
    def find(folder: Path, session: str, provider: str) -> Transcript | None:
        """A session that is gone on with; None where it is unknown."""
        for path in _places(folder, session):
            try:
                fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError:
                continue
            found = Transcript(fd, path, session)
            try:
                found._lock()
                data = found._file.readall()
                if (lines := _kept(data, provider)) is not None:
                    found._file.truncate(data.rfind(b"\n") + 1)
                    found._length = 1 + len(lines)
                    found._take(lines)
                    return found
            except BaseException:
                found.close()
                raise
            found.close()
        return None

    @staticmethod
    def copy(
        folder: Path, session: str, provider: str, model: str, *, at: str | None = None
    ) -> Transcript | None:
        """A new session that begins with all that an older one has, which stays as it is, or with
        what it had at this turn. A call that waited there is not run here: it is the other
        session's.
        """
        for path in _places(folder, session):
            try:
                lines = _kept(path.read_bytes(), provider)
            except OSError:
                continue
            if lines is not None and at is not None:
                lines = _until(lines, at)
            if lines is not None:
                made = Transcript.begin(folder, provider, model)
                made._lines(lines)
                made._take(lines)
                for call in made.waiting():
                    made._lines([{"begun": call.id}])
                    made._begun.add(call.id)
                return made
        return None

    def close(self) -> None:
        self._file.close()

    @property
    def turn(self) -> str:
        """The point that the session has come to: the number of its lines, which are only added."""
        return str(self._length)

    async def add(self, entry: Entry) -> None:
        """Writes an entry down; it is safe when this returns."""
        line = _as_json(entry)
        await in_thread_to_the_end(self._lines, [line])
        self._take([line])

    async def begin_call(self, call: Call) -> None:
        """Writes down that a tool is about to run."""
        await in_thread_to_the_end(self._lines, [{"begun": call.id}])
        self._begun.add(call.id)

    def has_begun(self, call: Call) -> bool:
        return call.id in self._begun

    def is_asked(self, *texts: str) -> bool:
        """Whether the user said one of these since the model's last reply."""
        since = takewhile(lambda entry: not isinstance(entry, Replied), reversed(self.entries))
        return any(isinstance(entry, Asked) and entry.text in texts for entry in since)

    def waiting(self) -> list[Call]:
        """The calls of the last reply that have not returned, in their order."""
        returned = set[str]()
        for entry in reversed(self.entries):
            if isinstance(entry, Returned):
                returned.add(entry.call)
            elif isinstance(entry, Replied):
                return [call for call in entry.calls if call.id not in returned]
            else:
                break
        return []

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Transient(f"the session {self.session} is in use by another process") from None
        except OSError:
            return  # a file system without locks; the engine has ended the owner before us

    def _lines(self, values: Sequence[Mapping[str, object]]) -> None:
        left = memoryview(b"".join(map(line_of, values)))
        try:
            while left:
                left = left[self._file.write(left) or 0 :]
            os.fsync(self._file)
        except OSError as error:
            raise MachineError.of(error, self._path, "cannot be written") from error
        self._length += len(values)

    def _take(self, lines: Iterable[Mapping[str, Any]]) -> None:
        for kept in lines:
            if "begun" in kept:
                self._begun.add(str(kept["begun"]))
            elif (entry := _entry(kept)) is not None:
                self.entries.append(entry)
                if isinstance(entry, Replied):
                    self._begun.clear()  # a vendor may use the id of a call again


def _places(folder: Path, session: str) -> list[Path]:
    """Where a session may be: in this run's folder, or in one beside it, as a forked run has."""
    if not _ID.fullmatch(session):
        return []
    name = f"{session}.jsonl"
    return [folder / name, *folder.parent.glob(f"*/{name}")]


def _kept(data: bytes, provider: str) -> list[dict[str, Any]] | None:
    """The lines of a session, without its head; None where this is none of the provider's.

    A line that was cut off in the middle never happened.
    """
    head, *lines = data[: data.rfind(b"\n") + 1].split(b"\n")
    told = object_in(head)
    if not (told.items() >= _KIND.items() and told.get("provider") == provider):
        return None
    return [object_in(line) for line in lines if line]


def _until(lines: list[dict[str, Any]], turn: str) -> list[dict[str, Any]] | None:
    """The lines that the session had at this turn, after its head; None if it had no such turn."""
    length = int(turn) if turn.isascii() and turn.isdigit() and len(turn) < 20 else 0
    return lines[: length - 1] if 0 < length <= 1 + len(lines) else None


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _as_json(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, Asked):
        kept: dict[str, Any] = {"asked": entry.text}
    elif isinstance(entry, Replied):
        calls = [asdict(call) for call in entry.calls]
        return {"replied": entry.message, "text": entry.text, "calls": calls}
    else:
        kept = {"returned": entry.call, "name": entry.name, "text": entry.text}
        kept |= {"failed": True} if entry.failed else {}
    return kept | ({"files": [asdict(file) for file in entry.files]} if entry.files else {})


def _entry(kept: Mapping[str, Any]) -> Entry | None:
    text = str(kept.get("text", ""))
    files = tuple(File.of(object_of(one)) for one in list_of(kept.get("files")))
    if "asked" in kept:
        return Asked(str(kept["asked"]), files)
    if "replied" in kept:
        calls = tuple(Call(**object_of(one)) for one in list_of(kept.get("calls")))
        return Replied(message=kept["replied"], text=text, calls=calls)
    if "returned" in kept:
        call, name = str(kept["returned"]), str(kept.get("name", ""))
        failed = bool(kept.get("failed"))
        return Returned(call=call, name=name, text=text, failed=failed, files=files)
    return None
