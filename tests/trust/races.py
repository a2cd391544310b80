"""Two to eight processes that want something of one run at the same moment.

All are forked first and wait at a gate, so that they really meet. What each was told by its exit
code is then held against the rows: one decision, one owner at a time, and nothing lost of what was
acknowledged.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import psutil

from smithers import reports
from smithers.changes import AttemptStarted
from tests.durability.commands import until
from tests.trust.audit import audit, ledger_of, overlaps
from tests.trust.children import FLOWS, Child, Nursery, Site

__all__ = ["OVER", "RESUME", "Race", "cancel", "decision", "up"]

OVER = ("finished", "failed", "cancelled")
Command = tuple[str, ...]
RESUME: Command = ("resume", "r1", "--events")


def up(flow: str) -> Command:
    return ("up", f"{FLOWS}:{flow}", "--run-id", "r1", "--events")


def decision(random: Random, name: str, *more: str) -> Command:
    return (random.choice(["approve", "deny"]), "r1", "ok", "--by", name, *more)


def cancel(name: str) -> Command:
    return ("cancel", "r1", "--by", name)


class Race:
    """A site, and who was killed on it; as a context manager it leaves no process behind."""

    def __init__(self, nursery: Nursery, folder: Path, random: Random) -> None:
        self.site = Site(nursery, folder)
        self.random = random
        self.number = random.randint(2, 8)
        self.dead: list[int] = []

    def __enter__(self) -> Race:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self.site.children:
            if not child.is_over:
                child.kill()
        for process in self.detached():
            with suppress(psutil.Error):
                process.kill()

    def detached(self) -> list[psutil.Process]:
        """The owners that supervisors have started on this site."""
        found: list[psutil.Process] = []
        for one in psutil.process_iter():
            with suppress(psutil.Error):
                theirs = one.environ()
                mine = theirs.get("LEDGER") == str(self.site.ledger_file)
                if mine and one.status() != psutil.STATUS_ZOMBIE:
                    found.append(one)
        return found

    # -- before

    def waiting(self) -> None:
        """A run that nobody owns, with a question."""
        assert self.site.run(*up("long")).code == 3

    def dead_in_the_middle(self, flow: str) -> None:
        """A run whose owner was killed while its bodies ran."""
        owner = self.at_work(flow)
        self.kill(owner)

    def at_work(self, flow: str) -> Child:
        owner = self.site.start(*up(flow))
        self.site.wait_for_lines(self.random.randint(1, 8), owner)
        return owner

    def kill(self, owner: Child) -> None:
        owner.kill()
        self.dead.append(owner.pid)

    # -- the race

    def meet(self, commands: Sequence[Command]) -> list[Child]:
        """Start all of them at one moment, in any order, and wait for their ends."""
        gate = self.site.folder / "gate"
        mixed = self.random.sample(list(commands), len(commands))
        children = [self.site.start(*command, gate=gate) for command in mixed]
        for child in children:
            child.begun()
        gate.touch()
        for child in children:
            child.wait()
            assert child.code in (0, 1, 2, 3, 4), child.err
            assert "Traceback" not in child.err, child.err
        return children

    # -- after

    def status(self) -> str | None:
        return reports.status_of(self.site.database, "r1")

    def supervisor(self) -> int | None:
        """The process that wakes the runs of the site, if there is one."""
        with closing(sqlite3.connect(self.site.database, timeout=30)) as db:
            row = db.execute("SELECT pid FROM owners JOIN supervisors USING (owner)").fetchone()
        return None if row is None else int(row[0])

    def finish(self) -> None:
        """Bring the run to its end, answering what is still asked."""
        until(lambda: not self.detached(), "the end of the owners that were started", within_s=60)
        for _ in range(4):
            status = reports.status_of(self.site.database, "r1")
            if status in OVER:
                return
            if status == "waiting" and self.site.run("approve", "r1", "--by", "last").code not in (
                *(0, 2),
            ):
                raise AssertionError("an open question takes no answer")
            self.site.run(*RESUME)
        raise AssertionError("the run does not come to its end")

    def judge(self) -> None:
        """All that a race must leave behind; and what was acknowledged."""
        ledger = ledger_of(self.site.ledger_lines(), "r1")
        audit(self.site.database, "r1", ledger, self.site.told())
        found = overlaps(ledger, self.dead)
        assert not found, found

    def one_decision(self, children: Sequence[Child]) -> None:
        """Of the decisions one was taken, which stands; every other was refused with its name."""
        decisions = [one for one in children if self._said(one, "approve", "deny")]
        took = [one for one in decisions if not self._refused(one)]
        with closing(sqlite3.connect(self.site.database)) as db:
            answers = db.execute("SELECT body FROM inbox WHERE kind = 'answer'").fetchall()
        assert len(answers) == 1, answers
        by = json.loads(answers[0][0])["by"]
        assert [self._by(one) for one in took] == [by], "acknowledged to another than it was taken"
        for one in decisions:
            assert one in took or by in one.err or "cancelled" in one.err, one.err

    def nothing_lost(self, children: Sequence[Child]) -> None:
        """After a cancel that was acknowledged nothing begins, and the run is over in the end."""
        heard = [one.ended_at for one in children if self._said(one, "cancel") and one.code == 0]
        if not heard:
            return
        if reports.status_of(self.site.database, "r1") not in OVER:
            self.site.run(*RESUME)  # its owner was leaving, and the next one hears it
        status = reports.status_of(self.site.database, "r1")
        assert status in OVER, f"the cancel was acknowledged, and the run is {status}"
        frames = reports.timeline(self.site.database, "r1").frames
        late = [one for one in frames if one.at > min(heard)]
        # The first of them may have been in the making: its commit brought the cancel.
        changes = [view.change for frame in late[1:] for view in frame.changes]
        begun = [one for one in changes if isinstance(one, AttemptStarted)]
        assert not begun, f"began after the cancel was acknowledged: {begun}"

    def _said(self, child: Child, *words: str) -> bool:
        return child.arguments[0] in words

    def _by(self, child: Child) -> str:
        return child.arguments[child.arguments.index("--by") + 1]

    def _refused(self, child: Child) -> bool:
        return child.code == 2
