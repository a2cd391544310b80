"""`up --hot`: the author's files are watched, and an edit is taken while attempts run.

An edit is first judged in a process that can do no harm by mistake: it must load, and begin with
the rows of the run, as a resume would. One that takes a gate away, and one that a process below the
run may have written, waits for a person's decision: an approval of the run as a whole, which names
the digest of the files. What is refused or denied changes nothing: the code of before stays.
"""

from __future__ import annotations

import asyncio
import difflib
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, Protocol

from smithers.changes import WaitOpened
from smithers.engine.gate_texts import lost_texts
from smithers.engine.gates import Gates, lost_gates
from smithers.engine.loading import Loaded
from smithers.sources import SourceFile, Sources, read_sources
from smithers.values import dataclass
from smithers.waits import THE_EDIT

__all__ = ["Hot", "Judged", "Reloading"]

LOOK_S: Final = 0.5
_MOST_LINES: Final = 200
_BELOW: Final = "it may have been written by a process of this run"

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
    """What reloading takes: what was loaded, and how an edit is judged and loaded. `load` raises
    `AuthorError` or `Refused`.
    """

    loaded: Loaded
    judge: Callable[[], Awaitable[Judged]]
    load: Callable[[Sources], Loaded]


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
        self._folder = hot.loaded.file.parent
        self._name = hot.loaded.file.name
        self._taken = hot.loaded.sources
        self._paths = self._paths_of(self._taken)
        self._settled: Stamp = ()
        """How the files were when there was last nothing to do about them."""
        self._last: Stamp = ()
        self._is_below = False
        """Whether a process below the run may have written what the files have now."""
        self._confirmed: set[str] = set()
        self.ready: Sources | None = None
        self.question: WaitOpened | None = None

    def _paths_of(self, sources: Sources) -> tuple[Path, ...]:
        return tuple(self._folder / one.path for one in sources.files)

    async def watch(self) -> None:
        """Look at the files until this is cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Look once. What is still being written is left until it was the same twice."""
        stamp = _stamp(self._paths)
        worked = self._owner.has_worked()
        if stamp == self._settled or self.ready is not None:
            return
        if stamp != self._last:
            self._last, self._is_below = stamp, self._is_below or worked
            return
        self._settled = stamp
        try:
            sources = read_sources(self._paths, self._folder)
        except OSError as error:
            self.refused(f"cannot read {error.filename}: {error.strerror}")
            return
        if sources.digest == self._taken.digest:
            self._drop(self._taken)
        else:
            await self._judge(sources)

    async def _judge(self, sources: Sources) -> None:
        if self._is_below and sources.digest not in self._confirmed:
            self._ask(sources, [_BELOW])  # nothing of it is executed before
            return
        judged = await self.hot.judge()
        if judged.gates is None:
            self._drop(sources)
            self.refused(judged.wrong)
            return
        # Known before they are read: what is written from now on is seen by the next look.
        self._paths = tuple(dict.fromkeys((*self._paths, *judged.paths)))
        stamp = _stamp(self._paths)
        found = read_sources(judged.paths, self._folder)
        if found.digest != judged.source:  # it was edited meanwhile
            self._settled = ()
            return
        self._settled = self._last = stamp
        if found.digest not in self._confirmed:
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
        self.question = WaitOpened(key=key, kind=kind, asked=asked, digest=digest, on=on)
        self._owner.note(f"an edit of {self._name} waits for a person: {'; '.join(reasons)}")
        self._owner.wake()

    def _drop(self, sources: Sources) -> None:
        """There is no edit to decide on."""
        self._is_below = self._is_below and sources is not self._taken
        if self.question is not None:
            self.question = None
            self._owner.wake()

    # -- what the engine says

    def confirm(self, sources: Sources, reasons: Iterable[str]) -> None:
        """It has found more to ask about what was ready."""
        self.ready = None
        self._ask(sources, reasons)

    def is_confirmed(self, sources: Sources) -> bool:
        return sources.digest in self._confirmed

    def decided(self, *, approved: bool, by: str) -> None:
        """A person has decided on the question."""
        assert self.question is not None
        digest, self.question = self.question.on[0], None
        if approved:
            self._confirmed.add(digest)
            self._settled = ()  # it is judged again, and then taken
        else:
            self._owner.note(f"the edit of {self._name} was denied by {by}")

    def taken(self, sources: Sources) -> None:
        """The run has this code now."""
        self.ready, self._taken, self._is_below = None, sources, False
        self._confirmed.clear()  # a person has said yes to a difference, which is another one now
        self._paths = self._paths_of(sources)
        self._settled = self._last = ()

    def refused(self, why: str) -> None:
        """It could not be taken."""
        self.ready = None
        self._owner.note(f"edit refused: {why}; the run continues with the code before it")


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
