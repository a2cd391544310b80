"""The recordings below a folder, and which of them fit a request."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harnesses.recording import Header, read_header
from smithers.errors import Permanent

__all__ = ["Found", "NotRecorded", "ReplayMismatch", "Shelf", "answers", "recordings_in"]

Found = tuple[Path, Header]


class ReplayMismatch(Permanent):
    """No recording fits the request. The live program is never started in its place."""


class NotRecorded(ReplayMismatch):
    """There is none, or none any more; who asked for it, may have it made."""


@dataclass
class Shelf:
    """Every header below `folder`, by what it answers: a request costs the same among a thousand.

    The headers are read at the first request, and again when a file came or went or when nothing
    fits. Who plays a file looks whether it still is what its header said, and else asks `anew`.
    """

    folder: Path
    _known: dict[object, list[Found]] = field(default_factory=dict[object, list[Found]])
    _times: dict[str, int] = field(default_factory=dict[str, int])

    def fitting(self, wanted: Header, *, anew: bool = False) -> Sequence[Found]:
        """The recordings of a request, by file name. Raises ReplayMismatch where there is none.

        `anew` reads the headers again, whatever the folder's times say.
        """
        key = answers(wanted)
        if anew or not self._is_fresh() or key not in self._known:
            self._read()
        if key not in self._known:
            raise _mismatch(self.folder, wanted, self._known.values())
        return self._known[key]

    def _is_fresh(self) -> bool:
        try:
            now = {name: os.stat(name).st_mtime_ns for name in self._times}
        except OSError:
            return False
        return bool(now) and now == self._times

    def _read(self) -> None:
        """The folders' times first: what comes while the files are read is then read again."""
        with contextlib.suppress(OSError):  # a folder that goes meanwhile: it is read again
            self._times = {}
            self._times = {name: os.stat(name).st_mtime_ns for name, _, _ in os.walk(self.folder)}
        self._known = {}
        for path, header in recordings_in(self.folder):
            self._known.setdefault(answers(header), []).append((path, header))


def recordings_in(folder: Path) -> Iterator[Found]:
    """Every recording below a folder, in the order in which they are played."""
    for path in sorted(folder.rglob("*.jsonl")):
        if (header := _header(path)) is not None:
            yield path, header


def _header(path: Path) -> Header | None:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return read_header(path)
    return None


def answers(header: Header) -> object:
    """What two requests have in common if one is the recording of the other."""
    flags = tuple(_flags(header))
    begins = (header.resumes, header.forks)
    return header.program, begins, header.prompt_sha, header.schema_sha, flags


def _differences(wanted: Header, found: Header) -> list[str]:
    """In what two requests differ, in words; nothing if one is the recording of the other."""
    said: list[str] = []
    if wanted.program != found.program:
        said.append(f"the program ({found.program})")
    if (wanted.resumes, wanted.forks) != (found.resumes, found.forks):
        said.append(f"the session ({_begins(found)})")
    if wanted.prompt_sha != found.prompt_sha:
        said.append(f"the prompt ({found.prompt_sha} {found.prompt[:60]!r})")
    if wanted.schema_sha != found.schema_sha:
        said.append(f"the schema of the answer ({found.schema_sha or 'none'})")
    mine, theirs = _flags(wanted), _flags(found)
    if mine != theirs:
        gone, new = set(theirs) - set(mine), set(mine) - set(theirs)
        words = [f"without {' '.join(sorted(new))}"] if new else []
        words += [f"with {' '.join(sorted(gone))}"] if gone else []
        said.append(f"the flags ({', '.join(words) or 'their order'})")
    return said


def _begins(header: Header) -> str:
    return "forked" if header.forks else "resumed" if header.resumes else "new"


def _flags(header: Header) -> list[str]:
    """The words that must be the same: not where the program lies, nor how its session is told."""
    words = list(header.argv[1:])
    if "<session>" in words:
        at = words.index("<session>")
        del words[max(at - 1, 0) : at + 1]
    return words


def _mismatch(folder: Path, wanted: Header, shelf: Iterable[Sequence[Found]]) -> NotRecorded:
    known = sorted((one for each in shelf for one in each), key=lambda found: found[0])
    session = f"a {_begins(wanted)} session"
    said = [
        f"no recording in {folder} matches this request",
        f"looked for: {wanted.program}, {session}, prompt {wanted.prompt_sha}"
        f" {wanted.prompt[:60]!r}, schema {wanted.schema_sha or 'none'}, {' '.join(wanted.argv)}",
    ]
    apart = [
        (path, h.prompt_sha != wanted.prompt_sha, _differences(wanted, h)) for path, h in known
    ]
    apart.sort(key=lambda each: (each[1], len(each[2])))
    for path, _, differ in apart[:3]:
        said.append(f"{path.name} differs in {', '.join(differ)}")
    if not known:
        said.append("the folder has no recordings")
    hint = (
        "record it: run the same command with SMITHERS_RECORD=FOLDER instead of"
        " SMITHERS_REPLAY, or with record= instead of replay="
    )
    return NotRecorded("\n".join(said), hint=hint)
