"""Two to eight processes that want something of one run at the same moment.

All are forked first and wait at a gate, so that they really meet. What each was told by its exit
code is then held against the rows: one decision, one owner at a time, and nothing lost of what was
acknowledged.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from random import Random

from smithers import reports
from tests.trust.audit import audit, ledger_of, overlaps
from tests.trust.children import FLOWS, Child, Nursery, Site, pause

__all__ = ["RACES_OF", "race"]

OVER = ("finished", "failed", "cancelled")
Command = tuple[str, ...]
RESUME: Command = ("resume", "r1", "--events")


def _up(flow: str) -> Command:
    return ("up", f"{FLOWS}:{flow}", "--run-id", "r1", "--events")


def _decision(random: Random, name: str, *more: str) -> Command:
    return (random.choice(["approve", "deny"]), "r1", "ok", "--by", name, *more)


def _cancel(name: str) -> Command:
    return ("cancel", "r1", "--by", name)


class Race:
    """A site, and who was killed on it."""

    def __init__(self, nursery: Nursery, folder: Path, random: Random) -> None:
        self.site = Site(nursery, folder)
        self.random = random
        self.number = random.randint(2, 8)
        self.dead: list[int] = []

    # -- before

    def waiting(self) -> None:
        """A run that nobody owns, with a question."""
        assert self.site.run(*_up("long")).code == 3

    def dead_in_the_middle(self, flow: str) -> None:
        """A run whose owner was killed while its bodies ran."""
        owner = self.at_work(flow)
        self.kill(owner)

    def at_work(self, flow: str) -> Child:
        owner = self.site.start(*_up(flow))
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

    def finish(self) -> None:
        """Bring the run to its end, answering what is still asked."""
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
        frames = reports.timeline(self.site.database, "r1")["frames"]
        late = [one for one in frames if datetime.fromisoformat(one["at"]) > min(heard)]
        # The first of them may have been in the making: its commit brought the cancel.
        begun = [c for one in late[1:] for c in one["changes"] if c["what"] == "attempt_started"]
        assert not begun, f"began after the cancel was acknowledged: {begun}"

    def _said(self, child: Child, *words: str) -> bool:
        return child.arguments[0] in words

    def _by(self, child: Child) -> str:
        return child.arguments[child.arguments.index("--by") + 1]

    def _refused(self, child: Child) -> bool:
        return child.code == 2


def resumes_of_a_dead_run(race: Race) -> None:
    race.dead_in_the_middle(race.random.choice(["wide", "fans", "rounds"]))
    children = race.meet([RESUME] * race.number)
    assert any(child.code == 0 for child in children)


def starts_of_one_run(race: Race) -> None:
    children = race.meet([_up("fans")] * race.number)
    assert sorted(child.code or 0 for child in children) == [0, *[2] * (race.number - 1)]


def decisions(race: Race) -> None:
    race.waiting()
    names = [f"person-{n}" for n in range(race.number)]
    children = race.meet([_decision(race.random, name) for name in names])
    race.one_decision(children)
    race.finish()
    race.one_decision(children)


def decisions_that_resume(race: Race) -> None:
    race.waiting()
    names = [f"person-{n}" for n in range(race.number)]
    race.meet([_decision(race.random, name, "--resume") for name in names])
    race.finish()


def decisions_and_resumes(race: Race) -> None:
    race.waiting()
    names = [f"person-{n}" for n in range(race.number // 2 + 1)]
    commands = [_decision(race.random, name) for name in names]
    children = race.meet([*commands, *[RESUME] * (race.number // 2)])
    race.one_decision(children)
    race.finish()


def cancels_of_a_live_run(race: Race) -> None:
    owner = race.at_work("wide")
    children = race.meet([_cancel(f"person-{n}") for n in range(race.number)])
    assert owner.wait() in (0, 4), owner.err
    race.nothing_lost(children)


def cancels_and_resumes_of_a_dead_run(race: Race) -> None:
    race.dead_in_the_middle("wide")
    half = race.number // 2 or 1
    children = race.meet([*[_cancel("ann")] * half, *[RESUME] * half])
    race.nothing_lost(children)
    race.finish()


def everything_at_once(race: Race) -> None:
    race.waiting()
    commands = [
        *(RESUME, _cancel("ann"), _decision(race.random, "bob"), RESUME),
        *(_decision(race.random, "cid", "--resume"), _cancel("dan"), RESUME, RESUME),
    ]
    children = race.meet(race.random.sample(commands, race.number))
    race.nothing_lost(children)
    race.finish()


def a_kill_among_resumes(race: Race) -> None:
    owner = race.at_work("wide")
    gate = race.site.folder / "early"
    others = [race.site.start(*RESUME, gate=gate) for _ in range(race.number - 1)]
    for other in others:
        other.begun()
    gate.touch()
    pause(race.random.random() * 0.05)
    race.kill(owner)
    for other in others:
        assert other.wait() in (0, 2), other.err
    race.finish()


RACES_OF: Mapping[str, Callable[[Race], None]] = {
    one.__name__: one
    for one in (
        resumes_of_a_dead_run,
        starts_of_one_run,
        decisions,
        decisions_that_resume,
        decisions_and_resumes,
        cancels_of_a_live_run,
        cancels_and_resumes_of_a_dead_run,
        everything_at_once,
        a_kill_among_resumes,
    )
}


def race(nursery: Nursery, folder: Path, name: str, random: Random) -> None:
    """One race of a kind, and its judgement."""
    made = Race(nursery, folder, random)
    try:
        RACES_OF[name](made)
        made.judge()
    except AssertionError as error:
        raise AssertionError(f"{name} of {made.number}\n{error}\nin {folder}") from error
