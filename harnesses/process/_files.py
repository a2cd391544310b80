"""The files below a working folder, before and after a program was there."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Collection
from pathlib import Path

from harnesses.recording import Ending

__all__ = ["Files", "files_in", "with_files"]

_SMALL_FILE_BYTES = 65_536
_FILES_LIMIT = 10_000
_NOT_WALKED = {".git", "node_modules", ".venv", "__pycache__", ".smithers"}

Files = dict[str, tuple[int, int]]


def files_in(cwd: Path, apart: Collection[Path] = ()) -> Files:
    """Size and time of the files below `cwd`, so that changed ones can be told.

    Left out are `apart`: files and folders that are ours, not the program's.
    """
    found: Files = {}
    for folder, folders, names in os.walk(cwd):
        kept = sorted(set(folders) - _NOT_WALKED)
        folders[:] = [name for name in kept if Path(folder, name) not in apart]
        for name in names:
            path = Path(folder, name)
            if path in apart:
                continue
            with contextlib.suppress(OSError):
                facts = path.lstat()
                found[path.relative_to(cwd).as_posix()] = (facts.st_size, facts.st_mtime_ns)
            if len(found) >= _FILES_LIMIT:
                return found
    return found


def with_files(
    ending: Ending, cwd: Path, before: Files, apart: Collection[Path] = ()
) -> tuple[Ending, dict[str, str]]:
    """The ending with the digests of what was written since `before`, and small texts of it."""
    after = files_in(cwd, apart)
    digests: dict[str, str] = {}
    writes: dict[str, str] = {}
    for name, facts in after.items():
        path = cwd / name
        if before.get(name) == facts or path.is_symlink() or not path.is_file():
            continue
        with contextlib.suppress(OSError, UnicodeDecodeError):
            data = path.read_bytes()
            digests[name] = hashlib.sha256(data).hexdigest()
            if len(data) <= _SMALL_FILE_BYTES:
                writes[name] = data.decode()
    gone = tuple(sorted(before.keys() - after.keys()))
    return Ending(rc=ending.rc, signal=ending.signal, files=digests, deleted=gone), writes
