"""The files that have changed while a task was at work, from the repository of its folder.

Whoever works in the folder can write the configuration and the attributes of the repository, so git
only reads objects, names and the reflog here: it looks at no content in the working tree, which
would start the filters that are configured. Files are read by us and compared outside of any
repository. All of it is bounded in size and time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Timer
from typing import TYPE_CHECKING, NamedTuple

from smithers.reports._logs import log_page, logs
from smithers.reports._runs import find_run
from smithers.reports._snapshot import snapshot_with_task
from smithers.store.files import files_of
from smithers.views import OPEN, ChangedFile, ChangedFiles, view_task

if TYPE_CHECKING:
    from smithers.views import TaskView

__all__ = ["changed_files"]

_TOTAL_S = 5.0
_MOST_PATHS, _MOST_FILES, _MOST_EVENTS = 50_000, 100, 5_000
_MOST_BYTES, _MOST_DIFF = 1 << 20, 2 << 20
_OUTPUT_BYTES = 32 << 20
_MOST_BEFORE_FOLDER = 20
"""The folder is one of the first events."""
_SLACK_S = 0.05
"""The clock of a file system may be so much behind."""
_SAFE = (
    "--no-pager",
    "--literal-pathspecs",
    "--no-replace-objects",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.untrackedCache=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "safe.bareRepository=explicit"),
    *("-c", "diff.external="),
    *("-c", "log.showSignature=false"),
)
_BREAK = re.compile(r"\\[bfnrt\"\\]|\W+")
"""Between the words of a JSON text."""
_ENVIRONMENT = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_NO_SETTINGS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


class _NotKnown(Exception):
    """Why nothing is known of the files, as the rest of a sentence."""


class _Blob(NamedTuple):
    """A file of a commit."""

    oid: str
    size: int


class _Git:
    """Commands of git in a folder, which have so much time together."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ends = folder, time.monotonic() + _TOTAL_S
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        self._environment = {**kept, **_ENVIRONMENT}

    def __call__(
        self, *words: str, given: bytes = b"", at: Path | None = None, may_fail: bool = False
    ) -> bytes:
        environment = self._environment
        if at is not None:  # outside of any repository
            ceiling = {"GIT_CEILING_DIRECTORIES": str(at.parent)}
            environment = {**environment, **_NO_SETTINGS, **ceiling}
        with TemporaryFile() as fed, TemporaryFile() as told:
            fed.write(given)
            fed.seek(0)
            try:
                process = subprocess.Popen(
                    ["git", *_SAFE, *words],
                    cwd=at or self.folder,
                    env=environment,
                    stdin=fed,
                    stdout=subprocess.PIPE,
                    stderr=told,
                )
            except FileNotFoundError as error:
                what = "git is not installed" if error.filename == "git" else "the folder is gone"
                raise _NotKnown(what) from None
            except OSError as error:
                raise _NotKnown(f"git was not started: {error.strerror}") from None
            found = self._read(process)
            self.check_time()
            if process.returncode and not may_fail:
                told.seek(0)
                said = told.read(1_000).decode("utf-8", "replace").strip().splitlines()
                raise _NotKnown(said[0].removeprefix("fatal: ") if said else "git has failed")
        return found

    def _read(self, process: subprocess.Popen[bytes]) -> bytes:
        """What a command writes. A few objects can name more files than fit into the memory, so it
        is ended once that is too much.
        """
        ending = Timer(max(0.01, self._ends - time.monotonic()), process.kill)
        with process:
            ending.start()
            try:
                assert process.stdout is not None
                found = process.stdout.read(_OUTPUT_BYTES + 1)
                if len(found) > _OUTPUT_BYTES:
                    process.kill()
                process.wait()
            finally:
                ending.cancel()
        if len(found) > _OUTPUT_BYTES:
            raise _NotKnown("the repository is too large")
        return found

    def check_time(self) -> None:
        """Raises `_NotKnown` once the time is over."""
        if time.monotonic() >= self._ends:
            raise _NotKnown(f"git took longer than {_TOTAL_S:g} s")


def changed_files(path: Path, run_id: str, task: str) -> ChangedFiles | None:
    """The files that have changed while a task was at work; None if there is no such task. Raises
    `UnknownRun`.
    """
    found = view_task(snapshot_with_task(path, run_id, task), task)
    if found is None:
        return None
    folder = _folder(path, run_id, found)
    own = [one for one in found.attempts if one.origin is None]
    if not own:
        return ChangedFiles(folder=str(folder), note="the task has not started")
    ends = [one.ended_at for one in own if one.ended_at is not None]
    until = max(ends) if ends and found.line.state not in OPEN else None
    events = log_page(path, run_id, str(found.line.key), most=_MOST_EVENTS).events
    calls = (one.payload.get("arguments") for one in events)
    named = [json.dumps(one, ensure_ascii=False) for one in calls if one]
    view = ChangedFiles(folder=str(folder), since=own[0].started_at, until=until)
    try:
        return _Looking(_Git(folder), view, named, files_of(path)).look()
    except _NotKnown as why:
        return replace(view, note=str(why))


def _folder(path: Path, run_id: str, task: TaskView) -> Path:
    """Where a task ran: the folder that its log names at its beginning, else that of the run."""
    folder = Path(find_run(path, run_id).folder)
    if not any(one.origin is None for one in task.attempts):
        return folder
    for event in islice(logs(path, run_id, str(task.line.key)), _MOST_BEFORE_FOLDER):
        name = _FOLDERS.get(str(event.payload.get("event")), "")
        if (named := event.payload.get(name)) is not None:
            return folder / str(named)
    return folder


_FOLDERS = {"folder": "path", "command": "cwd"}
"""The events that name a folder, and their fields that do."""


class _Looking:
    def __init__(
        self, git: _Git, found: ChangedFiles, named: Collection[str], ours: Collection[Path]
    ) -> None:
        self.git, self.found, self.named = git, found, named
        self.words = {word for text in named for word in _BREAK.split(text)}
        assert found.since is not None
        self.since = found.since.timestamp() - _SLACK_S
        self.until = None if found.until is None else found.until.timestamp() + _SLACK_S
        named_top = git("rev-parse", "--show-toplevel", may_fail=True)
        if not named_top:
            raise _NotKnown(f"{git.folder} is not in a git repository")
        self.top = Path(os.fsdecode(named_top.rstrip(b"\n")))
        if not os.path.lexists(self.top / ".git"):  # its settings name any folder
            raise _NotKnown(f"{self.top} is not the top of a git repository")
        if not _is_below(self.git.folder, self.top):
            raise _NotKnown(f"{git.folder} is not below {self.top}, which its repository names")
        self.below = os.fsdecode(git("rev-parse", "--show-prefix").rstrip(b"\n"))
        top = Path(os.path.realpath(self.top))
        self.ours = {str(one.relative_to(top)) for one in ours if one.is_relative_to(top)}

    def look(self) -> ChangedFiles:
        base, end = self._commits()
        old = self._tree(base)
        new = old if end == base else self._tree(end)
        written, later, is_cut = self._written(old)
        pairs: dict[str, tuple[bytes | None, bytes | None]] = {}
        committed = {path for path in {*old, *new} if old.get(path) != new.get(path)}
        both = sorted(written | committed, key=lambda path: (not self._is_named(path), path))
        wanted = [*(old.get(path) for path in both), *(new.get(path) for path in both)]
        blobs = self._blobs([one for one in wanted if one is not None])
        for path in both:
            self.git.check_time()
            before = _content(old.get(path), blobs)
            if path in written:
                after = _read(self.top, path)
            elif self.until is None and not os.path.lexists(self.top / path):
                after = None
            else:
                after = _content(new.get(path), blobs)
            if before != after:  # the contents of those that are not shown are not kept
                pairs[path] = (before, after) if len(pairs) < _MOST_FILES else (None, None)
        files = self._files(pairs)
        gone = tuple(path for path in sorted(later) if path not in committed)
        notes = ["only the first files were looked at"] if is_cut else []
        if len(pairs) > _MOST_FILES:
            notes.append(f"{len(pairs) - _MOST_FILES} more files have changed")
        return ChangedFiles(
            folder=self.found.folder,
            base=base,
            since=self.found.since,
            until=self.found.until,
            files=tuple(files),
            later=gone[:_MOST_FILES],
            note="; ".join(notes),
        )

    def _commits(self) -> tuple[str | None, str | None]:
        """What was checked out when the task began, and at its end; None before the first."""
        if not self.git("rev-parse", "--verify", "-q", "HEAD", may_fail=True):
            return None, None
        words = ("log", "-g", "--format=%H %gd", "--date=unix", "-n", "5000", "HEAD", "--")
        rows = [row.split() for row in self.git(*words, may_fail=True).decode().splitlines()]
        objects = self.git.folder / os.fsdecode(
            self.git("rev-parse", "--git-path", "objects").rstrip(b"\n")
        )
        moves = [
            (row[0], _precise(objects, row[0], int(row[1].rpartition("{")[2].rstrip("}"))))
            for row in rows
            if len(row) == 2
        ]
        head = self.git("rev-parse", "HEAD").decode().strip()
        return (
            _at(moves, self.since + _SLACK_S, head),
            head if self.until is None else _at(moves, self.until, head),
        )

    def _tree(self, commit: str | None) -> dict[str, _Blob]:
        """The files of a commit below the folder."""
        if commit is None:
            return {}
        words = ("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
        where = ("--", self.below) if self.below else ()
        found: dict[str, _Blob] = {}
        for row in self.git(*words, *where).split(b"\0"):
            about, _, name = row.partition(b"\t")
            fields = about.split()
            if len(fields) == 4 and fields[1] == b"blob" and fields[0] in (b"100644", b"100755"):
                found[os.fsdecode(name)] = _Blob(fields[2].decode(), int(fields[3]))
        return {path: one for path, one in found.items() if not self._is_ours(path)}

    def _written(self, old: Mapping[str, _Blob]) -> tuple[set[str], set[str], bool]:
        """Which files were written in the time, and which later; and whether some were not looked
        at. A file that is gone tells no time: it counts for a task that is at work.
        """
        words = ("ls-files", "-z", "-c", "-o", "--exclude-standard", "--full-name")
        names = {os.fsdecode(name) for name in self.git(*words).split(b"\0") if name}
        written, later = set[str](), set[str]()
        ordered = sorted(name for name in names | old.keys() if not self._is_ours(name))
        for name in ordered[:_MOST_PATHS]:
            try:
                about = os.lstat(self.top / name)
            except OSError:
                if name in old and self.until is None:
                    written.add(name)
                continue
            if not stat.S_ISREG(about.st_mode) or max(about.st_mtime, about.st_ctime) < self.since:
                continue
            if self.until is not None and about.st_mtime > self.until:
                later.add(name)
            else:
                written.add(name)
        return written, later, len(ordered) > _MOST_PATHS

    def _blobs(self, wanted: Sequence[_Blob]) -> dict[str, bytes]:
        """The contents of files of commits, without those that are too large."""
        sizes = {one.oid: one.size for one in wanted if one.size <= _MOST_BYTES}
        if sum(sizes.values()) > _OUTPUT_BYTES // 2:
            raise _NotKnown("too many files have changed")
        if not sizes:
            return {}
        given = "".join(f"{oid}\n" for oid in sizes).encode()
        return dict(_parsed(self.git("cat-file", "--batch", given=given)))

    def _files(
        self, pairs: Mapping[str, tuple[bytes | None, bytes | None]]
    ) -> Iterator[ChangedFile]:
        ordered = list(pairs)[:_MOST_FILES]
        texts = [path for path in ordered if not any(map(_unshown, pairs[path]))]
        diffs = dict(zip(texts, self._diffs([pairs[path] for path in texts]), strict=True))
        left = _MOST_DIFF
        for path in ordered:
            before, after = pairs[path]
            note = next((why for one in (before, after) if (why := _unshown(one))), "")
            diff = diffs.get(path, "")
            if len(diff) > left:
                note, diff = f"its diff has {len(diff):,} characters", ""
            left -= len(diff)
            yield ChangedFile(
                path=path,
                change="added" if before is None else "removed" if after is None else "changed",
                diff=diff,
                note=note,
                is_named=self._is_named(path),
            )

    def _is_named(self, path: str) -> bool:
        """Searched for in the texts only if they have all of its words: both can be many."""
        self.git.check_time()
        inner = path.removeprefix(self.below)
        if not self.words.issuperset(_BREAK.split(inner)):
            return False
        return any(inner in text for text in self.named)

    def _is_ours(self, path: str) -> bool:
        """Whether a file is of the database or of its streams, which each task changes."""
        return path in self.ours or any(path.startswith(f"{one}/") for one in self.ours)

    def _diffs(self, pairs: Sequence[tuple[bytes | None, bytes | None]]) -> list[str]:
        """The diffs of pairs of contents, each from its first hunk on."""
        if not pairs:
            return []
        with TemporaryDirectory(prefix="smithers-diff-") as made:
            at = Path(made).resolve()
            for side in ("a", "b"):
                (at / side).mkdir()
            for number, both in enumerate(pairs):
                for side, content in zip(("a", "b"), both, strict=True):
                    if content is not None:
                        (at / side / str(number)).write_bytes(content)
            words = ("diff", "--no-index", "--no-ext-diff", "--no-textconv", "--no-color", "--text")
            text = self.git(*words, "a", "b", at=at, may_fail=True).decode("utf-8", "replace")
        found = [""] * len(pairs)
        for part in ("\n" + text).split("\ndiff --git ")[1:]:
            number = int(part.partition("\n")[0].rpartition("/")[2])
            head, sign, hunks = part.partition("\n@@ ")
            del head
            found[number] = f"@@ {hunks}".rstrip("\n") if sign else ""
        return found


_TOO_LARGE = b"\0large"


def _content(blob: _Blob | None, blobs: Mapping[str, bytes]) -> bytes | None:
    return None if blob is None else blobs.get(blob.oid, _TOO_LARGE + blob.oid.encode())


def _unshown(content: bytes | None) -> str:
    """Why a content is not shown."""
    if content is None:
        return ""
    if content.startswith(_TOO_LARGE):
        return f"it has more than {_MOST_BYTES:,} bytes"
    return "it is not a text" if b"\0" in content[:8000] else ""


def _read(top: Path, path: str) -> bytes | None:
    """The content of a file of the working tree, which is never read through a link."""
    try:
        if not _is_below((top / path).parent, top):
            return None
        opened = os.open(top / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with open(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            return None
        found = file.read(_MOST_BYTES + 1)
        if len(found) <= _MOST_BYTES:
            return found
        digest = hashlib.sha1(found, usedforsecurity=False)  # so that equal ones are equal
        return _TOO_LARGE + digest.hexdigest().encode()


def _is_below(path: Path, folder: Path) -> bool:
    """Whether a path is in a folder, or is it, with all links followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _parsed(text: bytes) -> Iterator[tuple[str, bytes]]:
    """The objects that `cat-file --batch` has written."""
    at = 0
    while (end := text.find(b"\n", at)) >= 0:
        fields = text[at:end].split()
        if len(fields) != 3:  # it is missing
            at = end + 1
            continue
        size = int(fields[2])
        yield fields[0].decode(), text[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def _precise(objects: Path, commit: str, at: int) -> float:
    """When HEAD came to a commit. A reflog knows the second; a commit that was made in it, and is
    not packed yet, is a file with its time.
    """
    try:
        made = os.lstat(objects / commit[:2] / commit[2:]).st_mtime
    except OSError:
        return at
    return made if at <= made < at + 2 else at


def _at(moves: Sequence[tuple[str, float]], moment: float, head: str) -> str:
    """The commit that was checked out at a time, by the moves of HEAD, the newest first. Before the
    first that is known it is where that came to.
    """
    for commit, at in moves:
        if at <= moment:
            return commit
    return moves[-1][0] if moves else head
