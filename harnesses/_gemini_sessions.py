"""Copies of Gemini CLI's sessions, which it cannot make itself.

A session is a file `SLUG/chats/session-TIME-ID.jsonl`, ID being the first eight letters of its id,
which stands in its first line. A folder SLUG belongs to the working folder that its `.project_root`
names: the program looks for it there, whatever SLUG is.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from harnesses._json import object_in

__all__ = ["copy_session"]

_SHORT = 8
_OWNER = ".project_root"


def copy_session(sessions: Path, session: str, copy: str, cwd: Path) -> None:
    """Makes `copy`, for use in the folder `cwd`. Nothing is made of a session that is unknown.

    Raises OSError where it cannot be kept.
    """
    for source in _files(sessions, session):
        head, *lines = source.read_bytes().splitlines(keepends=True)
        chats = _folder(sessions, cwd) / "chats"
        chats.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = json.dumps(object_in(head) | {"sessionId": copy}, ensure_ascii=False).encode()
        whole = [line for line in lines if line.endswith(b"\n")]  # it may have died in its last
        target = chats / source.name.replace(session[:_SHORT], copy[:_SHORT])
        part = target.with_suffix(".part")
        part.write_bytes(b"".join([told, b"\n", *whole]))
        part.replace(target)


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
