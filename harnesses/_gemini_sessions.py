"""Copies of Gemini CLI's sessions, which it cannot make itself, and the turns in them.

A session is a file `SLUG/chats/session-TIME-ID.jsonl`, ID being the first eight letters of its id,
which stands in its head, and again in those that are added each time that it is gone on with. Other
lines are a message, with an id, or what is set since. A folder SLUG belongs to the working folder
that its `.project_root` names: the program looks for it there, whatever SLUG is.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from harnesses._json import object_in, object_of, text_of

__all__ = ["copy_session", "last_message"]

_SHORT = 8
_OWNER = ".project_root"


def copy_session(
    sessions: Path,
    session: str,
    copy: str,
    cwd: Path,
    at: str | None = None,
    into: Path | None = None,
) -> bool:
    """Makes `copy` in `into`, or else beside the session, for use in the folder `cwd`. It has all
    that the session has, or what it had when its last message was `at`. Nothing is made, and False
    returned, if that is unknown.

    Raises OSError where it cannot be kept.
    """
    made = False
    for source in _files(sessions, session):
        lines = source.read_bytes().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]  # it may have died in its last
        if at is not None:
            whole = whole[: _end_of(whole, at)]
        if not whole:
            continue
        chats = _folder(into or sessions, cwd) / "chats"
        chats.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = chats / source.name.replace(session[:_SHORT], copy[:_SHORT])
        part = target.with_suffix(".part")
        part.write_bytes(b"".join(_renamed(line, session, copy) for line in whole))
        part.replace(target)
        made = True
    return made


def last_message(sessions: Path, session: str) -> str | None:
    """The id of the last message of a session; None if it has none, also since its file cannot be
    read: its answer is paid for.
    """
    found: str | None = None
    with suppress(OSError):
        for source in _files(sessions, session):
            for line in source.read_bytes().splitlines():
                found = text_of(object_in(line).get("id")) or found
    return found


def _end_of(lines: Sequence[bytes], message: str) -> int:
    """How many lines there are up to this message, which is written again when it grows; 0 if it is
    none of them.
    """
    known = [at for at, line in enumerate(lines) if object_in(line).get("id") == message]
    return known[-1] + 1 if known else 0


def _renamed(line: bytes, session: str, copy: str) -> bytes:
    """The line with the id of the copy, where it tells that of the session."""
    if session.encode() not in line:
        return line
    said = object_in(line)
    inner = object_of(said.get("$set"))
    if said.get("sessionId") == session:
        said = said | {"sessionId": copy}
    elif inner.get("sessionId") == session:
        said = said | {"$set": inner | {"sessionId": copy}}
    else:
        return line
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"


def _files(sessions: Path, session: str) -> Iterator[Path]:
    """Its files: each time that it is gone on with, there may be another, with nothing new."""
    for path in sorted(sessions.glob("*/chats/session-*.jsonl")):
        if path.stem.endswith(f"-{session[:_SHORT]}"):
            with path.open("rb") as lines:
                if object_in(lines.readline()).get("sessionId") == session:
                    yield path


def _folder(sessions: Path, cwd: Path) -> Path:
    """The one of this working folder, which is made where it has none yet."""
    owner = os.path.realpath(cwd)
    for path in sorted(sessions.glob(f"*/{_OWNER}")):
        if path.read_text(encoding="utf-8").strip() == owner:
            return path.parent
    made = sessions / f"copies-{hashlib.sha256(os.fsencode(owner)).hexdigest()[:12]}"
    made.mkdir(mode=0o700, exist_ok=True)
    (made / _OWNER).write_text(owner, encoding="utf-8")
    return made
