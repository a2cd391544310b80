"""`up --hot`: the author's files are watched, and an edit is taken while attempts run.

An edit is first judged in a process that can do no harm by mistake: it must load, and begin with
the rows of the run, as a resume would. One that takes a gate away, and one that code of the
run may have written, waits for a person's decision: an approval of the run as a whole, which names
the digest of the files. What is refused or denied changes nothing: the code of before stays.
"""

from __future__ import annotations

import ast
import asyncio
import difflib
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol

from smithers.changes import WaitOpened
from smithers.engine.gate_texts import lost_texts
from smithers.engine.gates import Gates, lost_gates
from smithers.engine.importing import Imports
from smithers.engine.loading import Loaded
from smithers.settings import PROJECT_FILE, Found
from smithers.sources import SourceFile, Sources, digest_of_files, read_sources
from smithers.values import dataclass
from smithers.waits import THE_EDIT

__all__ = ["Hot", "Judged", "Reloading"]

LOOK_S: Final = 0.5
_MOST_LINES: Final = 200
_BELOW: Final = "it was saved while code of this run was running, which may have written it"

Stamp = tuple[tuple[str, int, int, int], ...]
"""Of each file its path, the time of its last change, size and inode. A program can set the time
when a text was written, and not that of the last change.
"""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a process has found that loads an edit: what is wrong with it, or else the digest and
    the paths of its files, and its gates.
    """

    wrong: str = ""
    source: str = ""
    paths: tuple[Path, ...] = ()
    gates: Gates | None = None


@dataclass(frozen=True, kw_only=True)
class Hot:
    """What reloading takes: what was loaded, with which settings, and how an edit is judged and
    loaded. `load` raises `AuthorError` or `Refused`; if its block raises, what was loaded before is
    back.
    """

    loaded: Loaded
    settings: Found
    judge: Callable[[], Awaitable[Judged]]
    load: Callable[[Sources], AbstractContextManager[Loaded]]


class Owner(Protocol):
    """The engine of the run."""

    def gates(self) -> Gates: ...

    def has_worked(self) -> bool:
        """Whether an agent or a program may have run since this was last false."""
        ...

    def note(self, text: str) -> None: ...

    def mask(self, text: str) -> str:
        """The text without secrets."""
        ...

    def wake(self) -> None: ...


class Reloading:
    """Watches the files of one run. The engine takes what is `ready`, and opens and closes the wait
    for a person as `question` says, between two frames.
    """

    def __init__(self, hot: Hot, owner: Owner) -> None:
        self.hot = hot
        self._owner = owner
        self._file = hot.loaded.file
        self._folder = self._file.parent
        self._name = self._file.name
        texts = {one.path: one.text for one in hot.settings.files}
        self._settings = {hot.settings.folder / PROJECT_FILE: "", **texts}
        self._seen = _stamp(tuple(self._settings))
        """How the files of settings were when they were last compared."""
        self._known: frozenset[tuple[str, str]] | set[tuple[str, str]] = frozenset()
        self._is_below = True
        self._begin(hot.loaded.sources)
        self._confirmed: list[Sources] = []
        self._denied: set[str] = set()
        self.ready: Sources | None = None
        self.question: WaitOpened | None = None
        self._asked: Sources | None = None
        """What the question is about."""

    def _begin(self, taken: Sources) -> None:
        """These are what the run has."""
        imports = Imports(self._file)
        self._taken = taken
        self._paths = tuple(self._folder / one.path for one in taken.files)
        self._watched = tuple(dict.fromkeys((*self._paths, *imports.files, *imports.free)))
        paths = {one.path for one in taken.files}
        known = {one for one in self._known if one[0] not in paths}
        paths |= {path for path, _ in known}
        self._known = known | {(one.path, one.digest) for one in taken.files}
        if is_so := self._has(taken):
            later = self._read(self._paths_without(imports.files, paths))
            self._known |= {(one.path, one.digest) for one in later}
        self._settled: Stamp = ()
        """How the files were when there was last nothing to do about them."""
        self._last: Stamp = ()
        self._is_below = self._is_below and not is_so
        """Whether code of the run may have written what the files have now."""

    async def watch(self) -> None:
        """Look at the files until this is cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Look once. What is still being written is left until it was the same twice."""
        self._look_at_settings()
        stamp = _stamp(self._watched)
        worked = self._owner.has_worked()
        if stamp != self._last:
            self._is_below = self._is_below or worked
        if stamp == self._settled or self.ready is not None:
            return
        if stamp != self._last:
            self._last = stamp
            return
        try:
            sources = self._now()
        except OSError as error:
            self._settled = stamp
            self.refused(f"cannot read {error.filename}: {error.strerror}")
            return
        if sources is not None:
            await self._judge(sources)

    def _look_at_settings(self) -> None:
        """They are read by each owner once. So an edit of them gives no agent more than it may do,
        and whoever has edited them is told when they count.
        """
        stamp = _stamp(tuple(self._settings))
        if stamp == self._seen:
            return
        self._seen = stamp
        for path, text in self._settings.items():
            try:
                now = path.read_text(errors="replace") if path.is_file() else ""
            except OSError:  # the next look sees more
                continue
            if now != text:
                self._owner.note(
                    f"{path} was changed: the run keeps the settings that its process has read, and"
                    " reads them again when it is resumed"
                )

    def _now(self) -> Sources | None:
        """The files as they are; None if they are what the run has, or not settled any longer."""
        before, stamp = self._watched, self._last
        imports = Imports(self._file)
        paths = {*self._paths, *imports.files}
        there = [one for one in paths if one == self._file or one.is_file()]
        watched = tuple(dict.fromkeys((*before, *imports.files, *imports.free)))
        settled = _stamp(watched)
        files = self._read(there)
        if _stamp(before) != stamp or _stamp(watched) != settled:
            return None  # the next look sees it
        self._watched, self._last, self._settled = watched, settled, settled
        own = set(self._paths)
        changed = {(one.path, one.digest) for one in files} - self._known
        if not changed and own <= set(there):
            self._drop()
            self._is_below = False
            self._denied.clear()
            return None
        kept = [
            one
            for one in files
            if self._folder / one.path in own or (one.path, one.digest) in changed
        ]
        return Sources(digest=digest_of_files(kept), files=tuple(kept))

    def _has(self, taken: Sources) -> bool:
        """Whether the files are so now."""
        try:
            return digest_of_files(self._read(self._paths)) == taken.digest
        except OSError:
            return False

    def _paths_without(self, files: Iterable[Path], paths: Set[str]) -> list[Path]:
        return [
            one
            for one in files
            if one.is_file() and one.relative_to(self._folder).as_posix() not in paths
        ]

    def _read(self, paths: Iterable[Path]) -> tuple[SourceFile, ...]:
        return read_sources(paths, self._folder).files

    async def _judge(self, sources: Sources) -> None:
        if self._is_below and not self.is_confirmed(sources):
            if wrong := _not_python(sources, self._folder):
                self._drop()
                self.refused(wrong)
            else:  # nothing of it is executed before
                self._ask(sources, [_BELOW, *lost_texts(self._taken.files, sources.files)])
            return
        judged = await self.hot.judge()
        if judged.gates is None:
            self._drop()
            self.refused(judged.wrong)
            return
        # Known before they are read: what is written from now on is seen by the next look.
        self._watched = tuple(dict.fromkeys((*self._watched, *judged.paths)))
        stamp = _stamp(self._watched)
        try:
            found = read_sources(judged.paths, self._folder)
        except OSError:  # the next look sees it
            self._settled = ()
            return
        if found.digest != judged.source:  # it was edited meanwhile
            self._settled = ()
            return
        self._settled = self._last = stamp
        if found.digest == self._taken.digest:  # what is imported later, if at all
            self._drop()
            self._known |= {(one.path, one.digest) for one in sources.files}
            return
        if not self.is_confirmed(found):
            reasons = [_BELOW] if self._is_below else self._lost(found, judged.gates)
            if reasons:
                self._ask(found, reasons)
                return
        self.ready = found
        self._owner.wake()

    def _lost(self, sources: Sources, gates: Gates) -> list[str]:
        lost = list(lost_gates(self._owner.gates(), gates))
        return lost or list(lost_texts(self._taken.files, sources.files))

    def _ask(self, sources: Sources, reasons: Iterable[str]) -> None:
        if sources.digest in self._denied:
            return
        lines = [
            f"Take the edit {sources.digest} of {self._name} into the running run?",
            *(f"- {reason}" for reason in reasons),
            "",
            *_difference(self._taken.files, sources.files),
        ]
        asked = self._owner.mask("\n".join(lines))
        digest = hashlib.sha256(asked.encode()).hexdigest()
        on = (sources.digest, *(one.path for one in sources.files))
        key, kind = THE_EDIT
        question = WaitOpened(key=key, kind=kind, asked=asked, digest=digest, on=on)
        if question == self.question:
            return
        self.question, self._asked = question, sources
        self._owner.note(f"an edit of {self._name} waits for a person: {'; '.join(reasons)}")
        self._owner.wake()

    def _drop(self) -> None:
        """There is no edit to decide on."""
        if self.question is not None:
            self.question = None
            self._owner.wake()

    # -- what the engine says

    def confirm(self, sources: Sources, reasons: Iterable[str]) -> None:
        """It has found more to ask about what was ready."""
        self.ready = None
        self._ask(sources, reasons)

    def is_confirmed(self, sources: Sources) -> bool:
        """Whether a person has seen all that these change, and said yes."""
        changed = {one for one in sources.files if (one.path, one.digest) not in self._known}
        return any(
            one.digest == sources.digest or (changed and changed.issubset(one.files))
            for one in self._confirmed
        )

    def decided(self, *, approved: bool, by: str) -> None:
        """A person has decided on the question."""
        assert self.question is not None
        assert self._asked is not None
        self.question = None
        if approved:
            self._confirmed.append(self._asked)
            self._settled = ()  # it is judged again, and then taken
        else:
            self._denied.add(self._asked.digest)
            self._owner.note(f"the edit of {self._name} was denied by {by}")

    def taken(self, sources: Sources) -> None:
        """The run has this code now."""
        self.ready = None
        self._confirmed.clear()  # a person has said yes to a difference, which is another one now
        self._denied.clear()
        self._begin(sources)

    def refused(self, why: str) -> None:
        """It could not be taken."""
        self.ready = None
        self._owner.note(f"edit refused: {why}; the run continues with the code before it")


def _not_python(sources: Sources, folder: Path) -> str:
    """The first error of syntax in the files, with its place; empty if there is none."""
    for one in sources.files:
        if one.text is None or not one.path.endswith(".py"):
            continue
        try:
            ast.parse(one.text.encode())
        except SyntaxError as error:
            place = f"{folder / one.path}:{error.lineno or 1}:{error.offset or 1}"
            line = (error.text or "").strip()
            fix = f" (correct the line: {line})" if line else ""
            return f"{place}: not valid Python: {error.msg}{fix}"
        except (ValueError, RecursionError) as error:
            return f"{folder / one.path}:1:1: not valid Python: {error}"
    return ""


def _stamp(paths: Sequence[Path]) -> Stamp:
    found: list[tuple[str, int, int, int]] = []
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            found.append((str(path), 0, 0, 0))
        else:
            found.append((str(path), stat.st_ctime_ns, stat.st_size, stat.st_ino))
    return tuple(found)


def _difference(before: Iterable[SourceFile], now: Iterable[SourceFile]) -> list[str]:
    """The edit as lines; all of it is in the files."""
    texts, found = {one.path: one.text or "" for one in before}, list[str]()
    new = {one.path: one.text or "" for one in now}
    for path in sorted(texts.keys() | new.keys()):
        old, text = texts.get(path, "").splitlines(), new.get(path, "").splitlines()
        found += difflib.unified_diff(old, text, path, path, lineterm="", n=1)
    more = len(found) - _MOST_LINES
    return [*found[:_MOST_LINES], *([f"… and {more} more lines"] if more > 0 else [])]
