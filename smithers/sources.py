"""The author's files as they were when a run was driven, and the digest by which they are known.

The digest is over the files in the order of their paths, each with its path and its text, so it can
be made again from what is stored. In place of a text that is not stored, that of its own digest
counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path, PurePosixPath

from smithers.values import dataclass

__all__ = [
    "FILE_ENDINGS",
    "MOST_BYTES",
    "ClaimRow",
    "Code",
    "SourceFile",
    "SourceView",
    "Sources",
    "digest_of_files",
    "read_source",
    "read_sources",
]

FILE_ENDINGS = (".py", ".js")
"""How files of workflows end: an argument that ends so is a file, and no id of a new run does."""
MOST_BYTES = 1 << 20
"""Of a larger file, only the digest is stored."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """One file. `path` is relative to the folder of the workflow's file, and `digest` the sha256 of
    the file in hex. `text` is None where it is not stored: the file is large, or not UTF-8.
    """

    path: str
    digest: str
    text: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """The files of a workflow, and the digest of them all."""

    digest: str
    files: tuple[SourceFile, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimRow:
    """An owner that took a run: the digest of the author's files that it had loaded, and as JSON
    text the versions of what it runs. Its frames have the same fence.
    """

    fence: int
    source: str
    at: datetime
    about: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """What an owner has loaded to drive a run. `about` is JSON text: versions of what it runs."""

    sources: Sources
    about: str = "{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceView:
    """The author's files as of a frame of a run; none where only their digest is known. `about` is
    JSON text.
    """

    run_id: str
    frame: int
    source: str
    about: str
    files: tuple[SourceFile, ...]


def read_sources(files: Iterable[Path], folder: Path) -> Sources:
    """The files, which lie below `folder`, as they are now. Raises `OSError`."""
    read = tuple(read_source(file, folder) for file in sorted(files))
    return Sources(digest=digest_of_files(read), files=read)


def read_source(file: Path, folder: Path) -> SourceFile:
    """One file, which lies below `folder`, as it is now. Raises `OSError`."""
    data = file.read_bytes()
    text: str | None = None
    if len(data) <= MOST_BYTES:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = None
    path = file.relative_to(folder).as_posix().encode(errors="replace").decode()
    return SourceFile(path=path, digest=hashlib.sha256(data).hexdigest(), text=text)


def digest_of_files(files: Iterable[SourceFile]) -> str:
    """The digest by which a run knows these files.

    >>> digest_of_files([SourceFile(path="flow.py", digest="", text="x = 1")])
    '3c3d8b3e0ba8c97a'
    """
    digest = hashlib.sha256()
    for one in sorted(files, key=lambda file: PurePosixPath(file.path)):
        told = f"sha256:{one.digest}" if one.text is None else one.text
        digest.update(f"{one.path}\0{told}\0".encode())
    return digest.hexdigest()[:16]
