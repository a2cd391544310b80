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
import json
import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harnesses._json import list_of, object_in, object_of
from harnesses.models._files import File
from harnesses.models._guarded import in_thread_to_the_end
from harnesses.models._turn import Asked, Call, Entry, Replied, Returned
from smithers.errors import Permanent, Transient

__all__ = ["Transcript", "folder_of"]

_KIND = {"v": 1, "kind": "model-session"}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def folder_of(run: str) -> Path:
    """Where the sessions of one run are kept, outside of every project."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state).absolute() / "smithers" / "models" / (re.sub(r"[^\w.-]|^\.", "-", run))


class Transcript:
    """A session that is open here, and nowhere else: the file is locked. Close it."""

    def __init__(self, fd: int, session: str) -> None:
        self._file = open(fd, "r+b", buffering=0)  # noqa: SIM115 (`close` is ours)
        self.session = session
        self.entries: list[Entry] = []
        self._begun = set[str]()

    @staticmethod
    async def opened(
        folder: Path, session: str | None, provider: str, model: str
    ) -> tuple[Transcript, bool]:
        """The session that is asked for, or a new one; and whether it was there before."""
        found: Transcript | None = None
        if session is not None:
            found = await in_thread_to_the_end(Transcript.find, folder, session, provider)
        if found is not None:
            return found, True
        return await in_thread_to_the_end(Transcript.begin, folder, provider, model), False

    @staticmethod
    def begin(folder: Path, provider: str, model: str) -> Transcript:
        """A new session. Raises `Permanent` where none can be kept."""
        session = str(uuid.uuid4())
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            made = Transcript(os.open(folder / f"{session}.jsonl", flags, 0o600), session)
            made._lock()
            made._line(_KIND | {"provider": provider, "model": model})
            _sync_folder(folder)
        except OSError as error:
            raise Permanent(f"no session can be kept in {folder}: {error.strerror}") from error
        return made

    @staticmethod
    def find(folder: Path, session: str, provider: str) -> Transcript | None:
        """A session of this folder, or of one beside it, as a forked run has. None if unknown."""
        if not _ID.fullmatch(session):
            return None
        name = f"{session}.jsonl"
        for path in (folder / name, *folder.parent.glob(f"*/{name}")):
            try:
                fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError:
                continue
            found = Transcript(fd, session)
            try:
                found._lock()
                if found._load(provider):
                    return found
            except BaseException:
                found.close()
                raise
            found.close()
        return None

    def close(self) -> None:
        self._file.close()

    async def add(self, entry: Entry) -> None:
        """Writes an entry down; it is safe when this returns."""
        await in_thread_to_the_end(self._line, _as_json(entry))
        self._take(entry)

    async def begin_call(self, call: Call) -> None:
        """Writes down that a tool is about to run."""
        await in_thread_to_the_end(self._line, {"begun": call.id})
        self._begun.add(call.id)

    def has_begun(self, call: Call) -> bool:
        return call.id in self._begun

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

    def _line(self, value: Mapping[str, object]) -> None:
        try:
            left = memoryview(
                json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
            )
            while left:
                left = left[self._file.write(left) or 0 :]
            os.fsync(self._file)
        except OSError as error:
            raise Transient(f"the session cannot be kept: {error.strerror}") from error

    def _load(self, provider: str) -> bool:
        """Reads what is there. A line that was cut off in the middle never happened."""
        data = self._file.readall()
        whole = data.rfind(b"\n") + 1
        self._file.truncate(whole)
        head, *lines = data[:whole].split(b"\n")
        told = object_in(head)
        if not (told.items() >= _KIND.items() and told.get("provider") == provider):
            return False
        for line in lines:
            kept = object_in(line)
            if "begun" in kept:
                self._begun.add(str(kept["begun"]))
            elif (entry := _entry(kept)) is not None:
                self._take(entry)
        return True

    def _take(self, entry: Entry) -> None:
        self.entries.append(entry)
        if isinstance(entry, Replied):
            self._begun.clear()  # a vendor may use the id of a call again


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
