"""One measurement: a program in a process and a folder of its own, repeated.

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

__all__ = [
    "FOLDER",
    "ROOT",
    "Command",
    "Figure",
    "Figures",
    "Measure",
    "NotMeasured",
    "measured",
    "ours",
    "synced",
]

ROOT = Path(__file__).parents[1]

FOLDER = "{folder}"
"""Stands in a command for the folder of one repetition."""
Command = tuple[str, ...]
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

    def over(self, other: Figure) -> Figure:
        """The ratio of the least figures, which the noise of a shared machine touches least."""
        return Figure(self.least / other.least, self.least / other.least)


Figures = dict[str, Figure]
Measure = Callable[[], Figure]


def ours(module: str, *arguments: object) -> Command:
    """The command of a program of this package, in the folder that it is given."""
    return (sys.executable, "-m", f"bench.{module}", *map(str, arguments), FOLDER)


@cache
def measured(command: Command, repeats: int, filled: Command | None = None) -> Figures:
    """What `command` says and costs. With `filled`, each folder is a copy of what that made.

    Besides the figures that it prints: `whole_cpu_s`, `memory_mb`, and `bytes` without outputs.
    """
    with _folder() as ready:
        if filled is not None:
            _run(filled, ready)
        runs = [_once(command, ready) for _ in range(repeats)]
    return {name: _figure(run[name] for run in runs) for name in runs[0]}


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
def _folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="smithers-bench-") as name:
        yield Path(name).resolve()


def _trust(ready: Path, folder: Path) -> None:
    """Trust what is trusted in `ready` in a copy of it: rows there name the folder `ready`."""
    trusts = Trusts(os.environ)
    for database in ready.rglob("*.db"):
        if (known := trusts.find(database)) is not None:
            copied = folder / database.relative_to(ready)
            trusts.add(copied, how="trust", folders=[ready, *map(Path, known.folders)])


def _once(command: Command, ready: Path) -> dict[str, float]:
    with _folder() as folder:
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
