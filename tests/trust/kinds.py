"""The kinds of races: who meets over which run, and what must have come of it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

from tests.durability.commands import until
from tests.trust.children import Nursery, pause
from tests.trust.races import OVER, RESUME, Race, cancel, decision, up

__all__ = ["RACES_OF", "race"]

ONCE = ("supervise", "--once")


def resumes_of_a_dead_run(race: Race) -> None:
    race.dead_in_the_middle(race.random.choice(["wide", "fans", "rounds"]))
    children = race.meet([RESUME] * race.number)
    assert any(child.code == 0 for child in children)


def starts_of_one_run(race: Race) -> None:
    children = race.meet([up("fans")] * race.number)
    assert sorted(child.code or 0 for child in children) == [0, *[2] * (race.number - 1)]


def decisions(race: Race) -> None:
    race.waiting()
    names = [f"person-{n}" for n in range(race.number)]
    children = race.meet([decision(race.random, name) for name in names])
    race.one_decision(children)
    race.finish()
    race.one_decision(children)


def decisions_that_resume(race: Race) -> None:
    race.waiting()
    names = [f"person-{n}" for n in range(race.number)]
    race.meet([decision(race.random, name, "--resume") for name in names])
    race.finish()


def decisions_and_resumes(race: Race) -> None:
    race.waiting()
    names = [f"person-{n}" for n in range(race.number // 2 + 1)]
    commands = [decision(race.random, name) for name in names]
    children = race.meet([*commands, *[RESUME] * (race.number // 2)])
    race.one_decision(children)
    race.finish()


def cancels_of_a_live_run(race: Race) -> None:
    owner = race.at_work("wide")
    children = race.meet([cancel(f"person-{n}") for n in range(race.number)])
    assert owner.wait() in (0, 4), owner.err
    race.nothing_lost(children)


def cancels_and_resumes_of_a_dead_run(race: Race) -> None:
    race.dead_in_the_middle("wide")
    half = race.number // 2 or 1
    children = race.meet([*[cancel("ann")] * half, *[RESUME] * half])
    race.nothing_lost(children)
    race.finish()


def everything_at_once(race: Race) -> None:
    race.waiting()
    commands = [
        *(RESUME, cancel("ann"), decision(race.random, "bob"), RESUME),
        *(decision(race.random, "cid", "--resume"), cancel("dan"), RESUME, RESUME),
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


def supervisors_and_resumes_of_a_dead_run(race: Race) -> None:
    race.dead_in_the_middle(race.random.choice(["wide", "fans", "rounds"]))
    half = race.number // 2
    race.meet([*[ONCE] * half, *[RESUME] * (race.number - half)])
    race.finish()


def supervisors_that_die(race: Race) -> None:
    """All but one of them, the one at work first; whoever is left wakes the run, and once."""
    race.dead_in_the_middle("long")
    gate = race.site.folder / "gate"
    everyone = [race.site.start("supervise", gate=gate) for _ in range(race.number)]
    for one in everyone:
        one.begun()
    gate.touch()
    for _ in range(race.number - 1):
        pause(race.random.random() * 0.3)
        mine = [one for one in everyone if not one.is_over]
        at_work = [one for one in mine if one.pid == race.supervisor()]
        race.kill(race.random.choice(at_work or mine))
    until(lambda: race.status() == "waiting", "the question", within_s=60)
    names = [f"person-{n}" for n in range(race.number)]
    children = race.meet([decision(race.random, name) for name in names])
    until(lambda: race.status() in OVER, "the end of the run", within_s=60)
    race.one_decision(children)
    (left,) = (one for one in everyone if not one.is_over)
    left.signal(signal.SIGTERM)
    assert left.wait() == 128 + signal.SIGTERM, left.err
    race.finish()


def everything_with_supervisors(race: Race) -> None:
    race.waiting()
    commands = [
        *(ONCE, cancel("ann"), decision(race.random, "bob"), ONCE),
        *(decision(race.random, "cid", "--resume"), ONCE, RESUME, RESUME),
    ]
    children = race.meet(race.random.sample(commands, race.number))
    until(lambda: not race.detached(), "the end of the owners that were started", within_s=60)
    race.nothing_lost(children)
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
        supervisors_and_resumes_of_a_dead_run,
        supervisors_that_die,
        everything_with_supervisors,
    )
}


def race(nursery: Nursery, folder: Path, name: str, random: Random) -> None:
    """One race of a kind, and its judgement."""
    with Race(nursery, folder, random) as made:
        try:
            RACES_OF[name](made)
            made.judge()
        except AssertionError as error:
            raise AssertionError(f"{name} of {made.number}\n{error}\nin {folder}") from error
