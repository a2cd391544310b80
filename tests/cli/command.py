"""The real command as a child process, and bounded waits for what it does."""

from __future__ import annotations

import atexit
import functools
import json
import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from smithers import reports, views
from tests.forked import Started

__all__ = [
    "FLOWS",
    "Said",
    "database",
    "ended",
    "environment",
    "eventually",
    "forked",
    "held_open",
    "known_as",
    "really",
    "smithers",
    "started",
    "state_of",
]

FLOWS = Path(__file__).with_name("flows.py")
_PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Said:
    """How the command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON object on stdout; anything beside it is an error."""
        found: object = json.loads(self.out)
        assert isinstance(found, dict)
        return cast("dict[str, Any]", found)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours, without what would change how the command behaves."""
    left_out = ("SMITHERS_", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "LINES")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(left_out)}
    return {**kept, "TERM": "xterm-256color", **(more or {})}


def known_as(folder: Path, name: str) -> dict[str, str]:
    """The variables of this user with settings by which they are this person."""
    file = folder / f"settings of {name}" / "smithers" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'[people]\n{pwd.getpwuid(os.getuid()).pw_name} = "{name}"\n')
    return {"XDG_CONFIG_HOME": str(file.parents[1])}


def smithers(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Said:
    """Run the command in a folder until it ends, in a process that had its imports already."""
    return _said(*forked(folder, arguments, environment(env), _PATIENCE_S))


def forked(
    folder: Path, arguments: Sequence[str], env: Mapping[str, str], within_s: float
) -> tuple[int, bytes, bytes]:
    """The same with an environment of one's own: its code, and what it wrote to both streams."""
    nursery = _nursery()
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    with tempfile.TemporaryDirectory() as scratch:
        out, err = Path(scratch, "out"), Path(scratch, "err")
        request = {
            "folder": str(folder),
            "arguments": arguments,
            "environment": dict(env),
            "out": str(out),
            "err": str(err),
            "within_s": round(within_s),
        }
        nursery.stdin.write(json.dumps(request) + "\n")
        nursery.stdin.flush()
        code = int(nursery.stdout.readline())
        said = out.read_bytes(), err.read_bytes()
    assert code != -signal.SIGALRM, f"{arguments} had not ended after {within_s} s: {said}"
    return code, *said


def really(
    folder: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    within_s: float = _PATIENCE_S,
) -> Said:
    """The same in a process that starts as a person's does."""
    child = Started(
        [sys.executable, "-m", "smithers", *arguments],
        cwd=folder,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with child:
        return ended(child, within_s)


def _said(code: int, out: bytes, err: bytes) -> Said:
    assert b"Traceback" not in err, err.decode()
    return Said(code=code, out=out.decode(), err=err.decode())


@functools.cache
def _nursery() -> subprocess.Popen[str]:
    nursery = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.nursery"],
        cwd=FLOWS.parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_end, nursery)
    return nursery


def _end(nursery: subprocess.Popen[str]) -> None:
    with nursery:
        nursery.kill()


@contextmanager
def started(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> Generator[subprocess.Popen[bytes]]:
    """The command while it runs; it does not outlive the test."""
    child = subprocess.Popen(
        [sys.executable, "-m", "smithers", *arguments],
        cwd=folder,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with child:
        try:
            yield child
        finally:
            child.kill()


def ended(child: subprocess.Popen[bytes], within_s: float = _PATIENCE_S) -> Said:
    """How a started command ends, within our patience."""
    out, err = child.communicate(timeout=within_s)
    return _said(child.returncode, out, err)


def eventually(holds: Callable[[], bool], within_s: float = _PATIENCE_S) -> None:
    """Wait until something holds, and fail if it does not in time.

    A look that costs much is taken less often: most of the processor is left to what is waited for.
    """
    until = begun = time.monotonic()
    until += within_s
    while not holds():
        now = time.monotonic()
        assert now < until, "it did not come to hold in time"
        time.sleep(min(max(0.02, 3 * (now - begun)), 1.0))
        begun = time.monotonic()


def database(folder: Path) -> Path:
    return folder / ".smithers" / "smithers.db"


def state_of(folder: Path, run_id: str, task: str) -> str | None:
    """The state of a task as the rows tell it; None while there is no such run or task."""
    try:
        tasks = list(views.task_lines(reports.snapshot(database(folder), run_id)))
    except Exception:
        return None
    return next((one.state for one in tasks if one.key.id == task), None)


@contextmanager
def held_open(
    folder: Path, workflow: str, task: str, run_id: str = "r1"
) -> Generator[subprocess.Popen[bytes]]:
    """A run that is at work on a task which does not end by itself."""
    with started(folder, "up", f"{FLOWS}:{workflow}", "--run-id", run_id) as child:
        eventually(lambda: state_of(folder, run_id, task) == "running" or child.poll() is not None)
        assert child.poll() is None, ended(child)
        yield child
