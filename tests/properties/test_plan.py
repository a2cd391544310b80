"""The plan, kept up to date event by event, is the plan made from nothing, is the reference."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from smithers.changes import Key
from smithers.engine.plan import Plan
from smithers.kinds import Instance
from tests.engine.runs import ends_of
from tests.properties.driver import Driver, Event
from tests.properties.reference import Reference
from tests.properties.trees import Idle, Shape, build, trees

MOST_EVENTS = 2000
SCHEDULES = st.lists(st.integers(0, 11), max_size=80)


class Told(NamedTuple):
    """All that a plan says, in a form that can be compared."""

    root: str
    settled: dict[Key, str]
    asks: set[Key]
    drops: dict[Key, str]
    begun: set[Key]
    slots: dict[Key, int]
    blocked: dict[Key, Key]


def told(plan: Plan, asks: set[Key]) -> Told:
    drops: dict[Key, str] = {}
    for one in plan.dropped:
        drops.setdefault(one.instance.key, "stop" if one.running else one.outcome)
    mine = plan.instances
    groups = {id(plan.blocker(mine[key])): plan.blocker(mine[key]) for key in asks}
    limited = [one for one in mine.values() if one.limit and not one.settled]
    assert all(group is None or group in limited for group in groups.values())
    return Told(
        root=plan.root.status,
        settled={key: one.status for key, one in mine.items() if one.settled},
        asks=asks,
        drops=drops,
        begun={key for key, one in mine.items() if one.begun and not one.settled},
        slots={one.key: one.begun_open for one in limited if one.begun_open},
        blocked={key: group.key for key in asks if (group := plan.blocker(mine[key]))},
    )


def live(one: Instance) -> bool:
    return one.status == "up" and one.dropping is None


def fresh(driver: Driver) -> Told:
    plan = Plan(driver.root, driver.state, driver.expand)
    plan.start()
    return told(plan, {one.key for one in plan.up if live(one)})


def kept(driver: Driver) -> Told:
    new = {one.key for one in driver.plan.up if live(one)}
    return told(driver.plan, new | set(driver.live()))


def reference(driver: Driver) -> Told:
    said = Reference(driver.root, driver.state, driver.expand)
    open_slots = {key: said.open_slots(key) for key in said.limited if key not in said.settled}
    return Told(
        root=said.root,
        settled=said.settled,
        asks=said.asks,
        drops=said.drops,
        begun={key for key in said.begun if key not in said.settled},
        slots={key: count for key, count in open_slots.items() if count},
        blocked=said.blocked,
    )


def agree(driver: Driver, *, drained: bool) -> None:
    """The three tell the same. A plan tells only once what is to be stopped."""
    again, right, mine = fresh(driver), reference(driver), kept(driver)
    assert again == right, driver.log
    if drained:
        ends = {key: end.outcome for key, end in driver.state.ends.items()}
        assert ends == ends_of(driver.plan), driver.log
        assert not mine.drops
        assert set(right.drops.values()) <= {"stop"}, driver.log
        assert driver.stopping >= set(right.drops), driver.log
        mine = mine._replace(drops=right.drops)
    else:
        told_before = {key: "stop" for key in driver.stopping if driver.running(key)}
        mine = mine._replace(drops={**mine.drops, **told_before})
    assert mine == right, driver.log


def check_limits(driver: Driver) -> None:
    for one in driver.plan.instances.values():
        if one.limit is not None and not one.settled:
            begun = [child for child in one.children if child.begun and not child.settled]
            assert len(begun) == one.begun_open <= one.limit, driver.log


def check_free_slots_are_used(driver: Driver) -> None:
    """Nothing waits for a slot that is free, once everything that may begin was asked to."""
    ready = [key for key in driver.live() if key not in driver.blocked | driver.waiting]
    if not any(driver.plan.instances[key].kind.name == "task" for key in ready):
        for key in driver.blocked & set(driver.live()):
            assert driver.plan.blocker(driver.plan.instances[key]) is not None, driver.log


def check_nothing_starts_below_a_failure(driver: Driver) -> None:
    """Where a group or a sequence has failed nothing may start, and it ends after what runs."""
    for one in driver.plan.instances.values():
        asked = one.key in driver.live() and one.kind.name == "task"
        runs = one.kind.name == "task" and not one.settled and driver.running(one.key)
        above = one.parent if asked or runs else None
        while above is not None:
            assert not above.settled, driver.log
            stopped = above.kind.name != "branch" and not above.kind.is_tolerant(above.node)
            bad = any(child.failing or child.status == "cancelled" for child in above.children)
            assert not (asked and stopped and bad), driver.log
            above = above.parent


def choose(events: list[Event], picks: list[int]) -> Event:
    return events[picks.pop(0) % len(events)] if picks else events[0]


def run(shape: Shape, picks: list[int]) -> Driver:
    """A whole run, compared after every event, before and after what follows from it."""
    driver = Driver(build(shape, Idle()))
    for _ in range(MOST_EVENTS):
        agree(driver, drained=False)
        driver.drain()
        agree(driver, drained=True)
        check_limits(driver)
        check_free_slots_are_used(driver)
        check_nothing_starts_below_a_failure(driver)
        if not (events := driver.events()):
            break
        driver.happen(choose(events, picks))
    return driver


@given(trees(), SCHEDULES)
def test_a_plan_kept_up_to_date_is_a_plan_made_anew_and_the_reference(
    shape: Shape, picks: list[int]
) -> None:
    driver = run(shape, picks)
    assert driver.plan.root.settled, driver.log
    assert not driver.state.running()
    assert not driver.state.waits
    assert set(driver.settled_times.values()) == {1}
