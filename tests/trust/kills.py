"""kill -9 at any moment, again and again, of several runs that share one database.

While some are killed in the middle of a commit or a checkpoint, others commit and checkpoint: the
WAL is small, so that its care is under stress all the time.
"""

from __future__ import annotations

import threading
from pathlib import Path
from random import Random

from smithers import reports
from smithers.errors import UnknownRun
from tests.trust.amounts import WORKERS, chance, in_parallel
from tests.trust.audit import audit, check_integrity, ledger_of, outputs, overlaps
from tests.trust.children import FLOWS, Child, Nursery, Site, pause

__all__ = ["Hammer"]

FLOW_NAMES = ("wide", "wide", "fans", "rounds", "line")
MOST_KILLS = 12
"""How often one run is killed: a run must come to its end, or nothing can be said of it."""


class Hammer:
    """Runs of one database, each killed and resumed by a thread of its own."""

    def __init__(self, nursery: Nursery, folder: Path, kills: int) -> None:
        self.site = Site(nursery, folder / "shared", ["wal_bytes=60000"])
        self.kills = 0
        self.runs = 0
        self._wanted = kills
        self._lock = threading.Lock()
        self._expected = {
            name: self._whole(Site(nursery, folder / name), name) for name in set(FLOW_NAMES)
        }

    def _whole(self, site: Site, flow: str) -> dict[str, object]:
        """What a run of it gives that nobody kills."""
        assert site.run("up", f"{FLOWS}:{flow}", "--run-id", "r1").code == 0
        return outputs(site.database, "r1")

    def go(self, threads: int = WORKERS + 2) -> None:
        """Kill so often, over all runs, and look at each run when it is over."""
        in_parallel(self._hammer, range(threads), threads)
        check_integrity(self.site.database)

    def _hammer(self, thread: int) -> None:
        random, number = chance("kills", thread), 0
        while self.kills < self._wanted:
            number += 1
            self._one(random, f"r{thread}-{number}", random.choice(FLOW_NAMES))
            check_integrity(self.site.database)

    def _one(self, random: Random, run_id: str, flow: str) -> None:
        """A run from its start to its end, killed on the way."""
        ledger = self.site.folder / f"{run_id}.ledger"
        ledger.touch()
        begun: list[Child] = []
        dead: list[int] = []
        while True:
            go_on = ("resume", run_id) if self._exists(run_id) else self._up(flow, run_id)
            child = self.site.start(*go_on, "--events", LEDGER=str(ledger))
            begun.append(child)
            if len(dead) == MOST_KILLS or not self._kill(random, ledger, child):
                break
            dead.append(child.pid)
        assert child.wait() == 0, f"{run_id} ended with {child.code}: {child.err}"
        entries = ledger_of(ledger.read_text().splitlines(), run_id)
        told = [one.out for one in begun]
        audit(self.site.database, run_id, entries, told, expected=self._expected[flow])
        assert not (found := overlaps(entries, dead)), found
        with self._lock:
            self.runs += 1

    def _up(self, flow: str, run_id: str) -> tuple[str, ...]:
        return ("up", f"{FLOWS}:{flow}", "--run-id", run_id)

    def _exists(self, run_id: str) -> bool:
        try:
            return reports.status_of(self.site.database, run_id) is not None
        except UnknownRun:  # there is no database yet
            return False

    def _kill(self, random: Random, ledger: Path, child: Child) -> bool:
        """Kill it at some moment, mostly while its bodies run; False if it was over before."""
        lines = ledger.read_text().count("\n")
        more = random.choice([0, 1, 2, 5, 15, 40])
        while more and not child.is_over and ledger.read_text().count("\n") < lines + more:
            pause(0.001)
        pause(random.random() * (0.01 if more else 0.15))
        child.kill()
        if child.code == -9:
            with self._lock:
                self.kills += 1
        return child.code == -9
