"""One measurement: a program in a process and a folder of its own, repeated.

The folder is in memory (a tmpfs), so that CPU is what we cost and not what the disk does; what is
asked for on a disk is measured there.

The last line that a program prints is a JSON object of figures. From outside come its peak memory
and its whole CPU (the kernel's account of the child), the bytes that it left, and its syncs.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

from smithers.engine.trust import Trusts
from smithers.store.file_systems import file_system_of

__all__ = [
    "FOLDER",
    "ROOT",
    "Command",
    "Figure",
    "Figures",
    "Measure",
    "NotMeasured",
    "alternated",
    "file_systems",
    "measured",
    "ours",
    "synced",
]

ROOT = Path(__file__).parents[1]

FOLDER = "{folder}"
"""Stands in a command for the folder of one repetition."""
Command = tuple[str, ...]
_TEMPORARY = Path(tempfile.gettempdir())
_IN_MEMORY = ("tmpfs", "ramfs")
_SYNC = re.compile(r"^\d+ +f(?:data)?sync\(\d+<([^>]*)>", re.MULTILINE)
_TAIL = 400


class NotMeasured(Exception):
    """What this measurement needs is not here; the text says what it is and how to get it."""


@dataclass(frozen=True)
class Figure:
    """The median and the least of all repetitions."""

    median: float
    least: float

    def times(self, factor: float) -> Figure:
        return Figure(self.median * factor, self.least * factor)

    def less(self, other: Figure) -> Figure:
        return Figure(self.median - other.median, self.least - other.least)

    def or_more(self, least: float) -> Figure:
        """No less than this: what is the difference of two noisy figures may be below nothing."""
        return Figure(max(self.median, least), max(self.least, least))

    def over(self, other: Figure) -> Figure:
        """The ratio of the least figures, which the noise of a shared machine touches least."""
        return Figure(self.least / other.least, self.least / other.least)


Figures = dict[str, Figure]
Measure = Callable[[], Figure]


def ours(module: str, *arguments: object) -> Command:
    """The command of a program of this package, in the folder that it is given."""
    return (sys.executable, "-m", f"bench.{module}", *map(str, arguments), FOLDER)


@cache
def _place(disk: bool) -> tuple[Path, str]:
    """A folder for measurements in memory or on a disk, and its file system; where there is none of
    the kind, that of temporary files.
    """
    for folder in (_TEMPORARY, *map(Path, ("/dev/shm", "/var/tmp")), ROOT):
        if os.access(folder, os.W_OK):
            kind = file_system_of(folder)
            if (kind not in _IN_MEMORY) == disk:
                return folder, kind
    return _TEMPORARY, file_system_of(_TEMPORARY)


def file_systems() -> tuple[str, str]:
    """The types of the file systems that figures are measured on: in memory, and on a disk."""
    return _place(False)[1], _place(True)[1]


@cache
def measured(
    command: Command, repeats: int, filled: Command | None = None, *, disk: bool = False
) -> Figures:
    """What `command` says and costs. With `filled`, each folder is a copy of what that made.

    Besides the figures that it prints: `whole_cpu_s`, `memory_mb`, and `bytes` without outputs.
    """
    with _folder(disk=disk) as ready:
        if filled is not None:
            _run(filled, ready)
        runs = [_once(command, ready, disk=disk) for _ in range(repeats)]
    return {name: _figure(run[name] for run in runs) for name in runs[0]}


@cache
def alternated(one: Command, other: Command, repeats: int, figure: str) -> Figure:
    """The ratio of a figure of two commands that take turns, so that both meet the same noise."""
    with _folder() as empty:
        pairs = [[_once(each, empty)[figure] for each in (one, other)] for _ in range(repeats)]
    first, second = (_figure(values) for values in zip(*pairs, strict=True))
    return first.over(second)


@cache
def synced(command: Command) -> Figure:
    """How often `command` made the disk keep something below `run` of its folder, by strace.

    Raises `NotMeasured` where strace is missing, or may not trace.
    """
    if shutil.which("strace") is None:
        raise NotMeasured("strace is missing: install it (apt-get install strace; Linux alone)")
    with _folder() as folder:
        trace = folder / "trace"
        flags = ("-f", "-y", "-qq", "--seccomp-bpf", "-e", "trace=fsync,fdatasync")
        _run(("strace", *flags, "-o", str(trace), *command), folder)
        paths = _SYNC.findall(trace.read_text())
    return _figure([sum(path.startswith(str(folder / "run")) for path in paths)])


@contextmanager
def _folder(*, disk: bool = False) -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="smithers-bench-", dir=_place(disk)[0]) as name:
        yield Path(name).resolve()


def _trust(ready: Path, folder: Path) -> None:
    """Trust what is trusted in `ready` in a copy of it: rows there name the folder `ready`."""
    trusts = Trusts(os.environ)
    for database in ready.rglob("*.db"):
        if (known := trusts.find(database)) is not None:
            copied = folder / database.relative_to(ready)
            trusts.add(copied, how="trust", folders=[ready, *map(Path, known.folders)])


def _once(command: Command, ready: Path, *, disk: bool = False) -> dict[str, float]:
    with _folder(disk=disk) as folder:
        shutil.copytree(ready, folder, dirs_exist_ok=True)
        _trust(ready, folder)
        said, usage = _run(command, folder)
        outside = {
            "whole_cpu_s": usage.ru_utime + usage.ru_stime,
            "memory_mb": usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10),
            "bytes": _bytes(folder / "run"),
        }
        lines = said.splitlines()
        inside: dict[str, object] = json.loads(lines[-1]) if lines and lines[-1][:1] == "{" else {}
        return outside | {key: one for key, one in inside.items() if isinstance(one, int | float)}


def _run(command: Command, folder: Path) -> tuple[str, resource.struct_rusage]:
    """What it printed, and what it used. A failure of it is ours: there is nothing to measure."""
    words = [word.replace(FOLDER, str(folder)) for word in command]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode != 0:
            told = err.read().decode(errors="replace").strip()[-_TAIL:]
            shown = " ".join(Path(word).name for word in command[:4])
            raise NotMeasured(f"{shown} ended with {child.returncode}: {told}")
        return out.read().decode(), usage


def _bytes(folder: Path) -> int:
    """All files below it after a checkpoint, less what the outputs of tasks are themselves."""
    outputs = 0
    for path in folder.glob("*.db"):
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with suppress(sqlite3.OperationalError):  # a peer has no such table
                outputs += db.execute("SELECT total(length(json)) FROM outputs").fetchone()[0]
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) - int(outputs)


def _figure(values: Iterable[float]) -> Figure:
    found = list(values)
    return Figure(median(found), min(found))
