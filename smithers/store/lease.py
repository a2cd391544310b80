"""Who owns runs: processes, their heartbeats, and whether one still lives.

A lease survives a closed lid: on one host its age is taken on the monotonic clock, which stands
still while the machine sleeps and knows no steps, and a process that is gone (by pid and start
time) holds nothing at all. Wall time counts only between hosts.
"""

from __future__ import annotations

import functools
import os
import secrets
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from smithers.store import Owner
from smithers.store.rows import time_of
from smithers.values import dataclass

__all__ = [
    "BEAT_S",
    "GRACE_S",
    "LEASE_S",
    "Beat",
    "ProcessStat",
    "is_alive",
    "is_gone",
    "is_running",
    "lease_of",
    "started_of",
    "stat_of",
    "this_host",
    "this_process",
    "utc_now",
]

BEAT_S = 5.0
LEASE_S = 30.0
GRACE_S = 30.0
"""What is added to the lease between hosts, whose clocks may differ."""

Lease = Literal["held", "dead", "expired"]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Beat:
    """A row of `owners`: a process, and when it last said that it lives."""

    owner: Owner
    beat_ns: int
    beat_at: datetime

    @classmethod
    def of(cls, row: tuple[str, str, int, str, int, str]) -> Beat:
        """From the columns owner, host, pid, started, beat_ns, beat_at."""
        owner, host, pid, started, beat_ns, beat_at = row
        return cls(
            owner=Owner(id=owner, host=host, pid=pid, started=started),
            beat_ns=beat_ns,
            beat_at=time_of(beat_at),
        )


def this_process() -> Owner:
    """This process as an owner of runs: the same value at each call, another one after a fork."""
    return _process(os.getpid())


@functools.lru_cache(maxsize=1)
def _process(pid: int) -> Owner:
    started = started_of(pid) or "unknown"
    return Owner(id=f"{pid}-{secrets.token_hex(6)}", host=this_host(), pid=pid, started=started)


@functools.cache
def this_host() -> str:
    """The boot of this machine and, on Linux, the pid namespace: where a pid means something."""
    if sys.platform == "linux":
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    import platform

    import psutil

    return f"{platform.node()}/{int(psutil.boot_time())}"


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """What the system says of a process. `started` is in the host's own unit; `state` is the letter
    of Linux: Z and X are dead, T and t are stopped.
    """

    parent: int
    state: str
    started: str

    @property
    def alive(self) -> bool:
        return self.state not in "ZX"

    @property
    def stopped(self) -> bool:
        return self.state in "Tt"


def stat_of(pid: int) -> ProcessStat | None:
    """The state of a process, or None if there is no such process."""
    if sys.platform != "linux":
        return _stat_by_psutil(pid)
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            stat = file.read()
    except OSError:
        return None
    # The program's name may hold spaces and brackets; after it come the state and 18 more fields.
    fields = stat.rpartition(b")")[2].split()
    return ProcessStat(int(fields[1]), fields[0].decode(), fields[19].decode())


def _stat_by_psutil(pid: int) -> ProcessStat | None:
    import psutil

    letters = {psutil.STATUS_ZOMBIE: "Z", psutil.STATUS_STOPPED: "T"}
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            state = letters.get(process.status(), "S")
            return ProcessStat(process.ppid(), state, f"{process.create_time():.6f}")
    except psutil.Error:
        return None


def started_of(pid: int) -> str | None:
    """When the process started, as this host counts; None when there is none that can still act."""
    stat = stat_of(pid)
    return stat.started if stat is not None and stat.alive else None


def is_running(owner: Owner) -> bool:
    """Whether the very process of a pid lives on this host, told from a later one of that pid."""
    return started_of(owner.pid) == owner.started


def is_gone(owner: Owner) -> bool:
    """Whether a process has ended. Of one in another container of this machine nobody can tell; one
    of another boot has.
    """
    if owner.host == this_host():
        return not is_running(owner)
    return owner.host.partition("/")[0] != this_host().partition("/")[0]


def lease_of(
    beat: Beat,
    *,
    now: datetime,
    monotonic_ns: int,
    host: str | None = None,
    running: Callable[[Owner], bool] = is_running,
) -> Lease:
    """What the lease of a process is worth now, seen from `host` (this one, unless told)."""
    if beat.owner.host == (this_host() if host is None else host):
        if not running(beat.owner):
            return "dead"
        return "held" if monotonic_ns - beat.beat_ns <= LEASE_S * 1e9 else "expired"
    age_s = (now - beat.beat_at).total_seconds()
    return "held" if age_s <= LEASE_S + GRACE_S else "expired"


def is_alive(beat: Beat) -> bool:
    """Whether a process still holds its runs now; a running run whose owner does not is stale."""
    return lease_of(beat, now=utc_now(), monotonic_ns=time.monotonic_ns()) == "held"
