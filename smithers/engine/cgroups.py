"""Processes of an attempt's control group, which nothing that the attempt starts can leave unseen.

An adapter may put the program of an attempt into its own control group (cgroup v2) and report
the path, which is kept with the attempt's processes. Descendants that cleared their environment and
left their parents are still members.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from smithers.store.file_systems import file_system_of

__all__ = ["cgroup_name", "members_of", "remove_cgroup"]


def cgroup_name(mark: str) -> str:
    """How the names of the groups of an attempt begin. Adapters name them in the same way."""
    return f"smithers-{hashlib.sha256(mark.encode()).hexdigest()[:24]}-"


def members_of(path: str, mark: str) -> list[int]:
    """The processes in a group; none if it is gone or is not the group of the attempt `mark`."""
    if not _is_group(path, mark):
        return []
    with suppress(OSError):
        return [int(pid) for pid in (Path(path) / "cgroup.procs").read_text().split()]
    return []


def remove_cgroup(path: str, mark: str) -> None:
    """Remove a group that is empty by now; one with members stays."""
    if _is_group(path, mark):
        with suppress(OSError):
            os.rmdir(path)


def _is_group(path: str, mark: str) -> bool:
    """Whether a path is that of a group of the attempt. It comes from a row, so it must have the
    name of such a group and be one: a folder may hold a file `cgroup.procs` with any numbers.
    """
    return Path(path).name.startswith(cgroup_name(mark)) and file_system_of(Path(path)) == "cgroup2"
