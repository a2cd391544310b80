"""A control group (cgroup v2) for the program of one attempt, if this user may make one.

Whatever the program starts stays in the group: it cannot leave it by clearing its environment or by
a session of its own. The guard puts the program there, and kills the members at the end; a later
owner finds them by the path.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["make_cgroup"]


_UNUSED_S = 60.0
_numbers = itertools.count(1)


def make_cgroup(mark: str, root: Path | None = None, own: str | None = None) -> Path | None:
    """The folder of a new group for a program of the attempt `mark`, or None if none can be made.

    An attempt may have several programs at once, so each gets a group of its own. `root` is where
    the hierarchy is mounted and `own` the group of this process in it; by default both are looked
    up.
    """
    try:
        root = _mounted() if root is None else root
        own = _own() if own is None else own
        if root is None or own is None or ".." in own:
            return None
        digest = hashlib.sha256(mark.encode()).hexdigest()[:24]
        _tidy(root / own.strip("/"))
        folder = root / own.strip("/") / f"smithers-{digest}-{next(_numbers)}"
        folder.mkdir()
    except OSError:
        return None
    if os.access(folder / "cgroup.procs", os.W_OK):
        return folder
    with suppress(OSError):
        folder.rmdir()
    return None


def _tidy(ours: Path) -> None:
    """Remove groups that nobody removed since owner and guard were killed: empty ones, except those
    of the last minute, which a program may be about to enter.
    """
    before = time.time() - _UNUSED_S
    with os.scandir(ours) as entries:
        for entry in entries:
            if entry.name.startswith("smithers-"):
                with suppress(OSError):  # it has members, or another process was faster
                    if entry.stat().st_mtime < before:
                        os.rmdir(entry.path)


def _mounted() -> Path | None:
    for line in Path("/proc/self/mounts").read_text(errors="replace").splitlines():
        fields = line.split()
        if fields[2] == "cgroup2" and "\\" not in fields[1]:
            return Path(fields[1])
    return None


def _own() -> str | None:
    lines = Path("/proc/self/cgroup").read_text(errors="replace").splitlines()
    return next((line[3:] for line in lines if line.startswith("0::")), None)
