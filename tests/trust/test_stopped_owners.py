"""An owner that is stopped and wakes, and clocks that stand or jump: real processes, real signals.

Whoever takes over is told a monotonic clock that is ahead, so that nobody waits for a lease to end;
at length one test waits for a short lease to run out.
"""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.durability.commands import until
from tests.harness.helpers import alive
from tests.trust.audit import audit, ledger_of, overlaps
from tests.trust.children import FLOWS, Child, Nursery, Site, pause

LATER = "monotonic_ahead_s=40"


@pytest.fixture
def site(nursery: Nursery, tmp_path: Path) -> Iterator[Site]:
    made = Site(nursery, tmp_path / "site")
    hold(made).touch()
    yield made
    for child in made.children:
        if not child.is_over:
            child.kill()


def hold(site: Site) -> Path:
    return site.ledger_file.with_name("ledger.hold")


def pids(site: Site, word: str) -> list[int]:
    lines = (line.split("\t") for line in site.ledger_lines())
    return [int(pid) for said, _, _, _, pid in lines if said == word]


def at_work(site: Site, *altered: str) -> Child:
    """A run whose agent's program is at work, with a child of its own."""
    owner = site.start("up", f"{FLOWS}:worked", "--run-id", "r1", "--events", altered=altered)
    until(lambda: pids(site, "enter") or owner.is_over, "the program of the agent")
    assert not owner.is_over, owner.err
    return owner


def stop(site: Site, owner: Child) -> None:
    """SIGSTOP, but not in the middle of a commit: that holds SQLite's lock until it goes on."""
    for _ in range(100):
        owner.signal(signal.SIGSTOP)
        with closing(sqlite3.connect(site.database, timeout=0.2, isolation_level=None)) as db:
            try:
                db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                owner.signal(signal.SIGCONT)
                continue
            return
    raise AssertionError("the database is never free")


def taken_over(site: Site, owner: Child, takers: list[Child]) -> None:
    """One of those who resume ends the stopped owner and continues its run."""
    left = [pids(site, word)[0] for word in ("enter", "background")]
    until(lambda: len(pids(site, "enter")) == 2, "the second attempt")
    assert not any(map(alive, left)), "a program of the stopped owner lives beside its successor"
    hold(site).unlink()
    codes = sorted(taker.wait() for taker in takers)
    assert codes.count(0) >= 1
    assert set(codes) <= {0, 2}, [taker.err for taker in takers]
    assert owner.wait() == -signal.SIGKILL, "the stopped owner lives beside its successor"
    ledger = ledger_of(site.ledger_lines(), "r1")
    assert [entry.attempt for entry in ledger if entry.word == "enter"] == [1, 2, 1]
    assert not overlaps(ledger, left)
    told = [child.out for child in site.children]
    audit(site.database, "r1", ledger, told)


def test_a_stopped_owner_is_ended_with_its_programs_before_its_run_continues(
    site: Site,
) -> None:
    owner = at_work(site)
    stop(site, owner)
    taken_over(site, owner, [site.start("resume", "r1", "--events", altered=[LATER])])


def test_several_that_resume_after_a_stopped_owner_run_one_body_at_a_time(site: Site) -> None:
    owner = at_work(site)
    stop(site, owner)
    gate = site.folder / "gate"
    takers = [site.start("resume", "r1", "--events", gate=gate, altered=[LATER]) for _ in range(4)]
    for taker in takers:
        taker.begun()
    gate.touch()
    taken_over(site, owner, takers)


@pytest.mark.trust
def test_a_lease_that_runs_out_ends_as_one_that_is_said_to_have(site: Site) -> None:
    short = ["lease_s=8", "beat_s=0.1"]
    owner = at_work(site, *short)
    while_it_lives = site.start("resume", "r1", "--events", altered=short)
    assert while_it_lives.wait() == 2
    stop(site, owner)
    taker = while_it_lives
    while taker.is_over or len(pids(site, "enter")) < 2:
        if taker.is_over:
            assert taker.code == 2, taker.out
            taker = site.start("resume", "r1", "--events", altered=short)
        pause(0.05)
    taken_over(site, owner, [taker])


@pytest.mark.parametrize("ahead_s", [86_400, -86_400])
def test_a_step_of_the_wall_clock_takes_nothing_over(site: Site, ahead_s: int) -> None:
    owner = at_work(site)
    other = site.start("resume", "r1", altered=[f"wall_ahead_s={ahead_s}"])
    until(lambda: other.is_over or len(pids(site, "enter")) > 1, "a refusal")
    assert len(pids(site, "enter")) == 1, other.err
    assert other.wait() == 2
    assert str(owner.pid) in other.err
    hold(site).unlink()
    assert owner.wait() == 0, owner.err


def test_a_machine_that_slept_for_a_day_takes_nothing_over(site: Site) -> None:
    """While it sleeps the monotonic clock stands, and the owner beats as little as it runs."""
    owner = at_work(site)
    stop(site, owner)
    asleep = [f"monotonic_stands_at_ns={time.monotonic_ns()}", "wall_ahead_s=86400"]
    other = site.start("resume", "r1", altered=asleep)
    assert other.wait() == 2
    assert str(owner.pid) in other.err
    owner.signal(signal.SIGCONT)
    hold(site).unlink()
    assert owner.wait() == 0, owner.err
