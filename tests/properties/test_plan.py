"""The plan, kept up to date event by event, is the plan made from nothing, is the reference."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from smithers.engine.plan import Plan
from smithers.kinds import Instance
from tests.engine.runs import ends_of
from tests.plans import Told, asked, told
from tests.properties.driver import Driver
from tests.properties.reference import Reference
from tests.properties.schedules import SCHEDULES, Schedule
from tests.properties.trees import Idle, Shape, broad_trees, build, saga_trees, trees

MOST_EVENTS = 2000


def fresh(driver: Driver) -> Told:
    plan = Plan(driver.root, driver.state, driver.expand, driver.pools)
    plan.start()
    if driver.state.ending is not None:
        plan.end()
    return told(plan, {one.key for one in asked(plan)})


def kept(driver: Driver) -> Told:
    return told(driver.plan, {one.key for one in asked(driver.plan)} | set(driver.live()))


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
        pools={name: said.taken(name) for name in driver.pools},
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
        told_before = {key: "stop" for key in driver.stopping if driver.is_at_work(key)}
        mine = mine._replace(drops={**mine.drops, **told_before})
    assert mine == right, driver.log


def check_limits(driver: Driver) -> None:
    for one in driver.plan.instances.values():
        if one.limit is not None and not one.settled:
            begun = [child for child in one.children if child.begun and not child.settled]
            assert len(begun) == one.begun_open <= one.limit, driver.log
    for pool in driver.plan.pools.values():
        assert pool.taken <= pool.limit, driver.log


def check_free_slots_are_used(driver: Driver) -> None:
    """Nothing waits for a slot that is free, once everything that may begin was asked to."""
    ready = [key for key in driver.live() if key not in driver.blocked | driver.waiting]
    if not any(may_take_slot(driver.plan.instances[key]) for key in ready):
        blocked = {driver.plan.instances[key] for key in driver.blocked & set(driver.live())}
        for one in blocked.union(asked(driver.plan)):
            assert driver.plan.blocker(one) is not None or lacks_place(driver, one), driver.log


def may_take_slot(one: Instance) -> bool:
    """Whether a task may begin once it is asked: itself, or what follows it in a child of a group
    that has the turn.
    """
    above: Instance | None = one
    while above is not None and not above.has_turn:
        above = above.parent
    return one.kind.is_task or above is not None


def lacks_place(driver: Driver, one: Instance) -> bool:
    """Whether the pool of a task has no slot for it, in the run or on the machine."""
    pool = driver.plan.pools.get(one.node.pool or "")
    return pool is not None and (pool.is_full or (not one.begun and pool.taken == pool.limit))


def check_nothing_starts_below_a_failure(driver: Driver) -> None:
    """Where a group or a sequence has failed nothing may start, and it ends after what runs."""
    for one in driver.plan.instances.values():
        asked = one.key in driver.live() and one.kind.is_task
        runs = one.kind.is_task and not one.settled and driver.running(one.key)
        below, above = one, one.parent if asked or runs else None
        while above is not None and not _cleans_up(above, below):
            assert not above.settled, driver.log
            stopped = above.kind.name != "branch" and not above.kind.is_tolerant(above.node)
            bad = any(child.failing or child.status == "cancelled" for child in above.children)
            assert not (asked and stopped and bad), driver.log
            below, above = above, above.parent


def _cleans_up(above: Instance, below: Instance) -> bool:
    """Whether what is below it runs whatever has failed around it."""
    is_undo = above.kind.name == "saga" and below is not above.children[0]
    return is_undo or above.kind.name == "finally"


def run(shape: Shape, schedule: Schedule, pools: Mapping[str, int] | None = None) -> Driver:
    """A whole run, compared after every event, before and after what follows from it."""
    driver = Driver(build(shape, Idle()), pools=pools)
    driver.cancels = schedule.cancelling
    for _ in range(MOST_EVENTS):
        check_frame(driver)
        if not (events := driver.events()):
            break
        if schedule.happen(driver, events):
            agree(driver, drained=False)
            driver.drain()
            driver.edit(build(shape, Idle()), resumed=True)
    return driver


def check_frame(driver: Driver) -> None:
    """Compare before and after what follows from an event."""
    agree(driver, drained=False)
    driver.drain()
    agree(driver, drained=True)
    check_limits(driver)
    check_free_slots_are_used(driver)
    check_nothing_starts_below_a_failure(driver)


@given(st.one_of(trees(effects=True), broad_trees(), saga_trees()), SCHEDULES)
def test_a_plan_kept_up_to_date_is_a_plan_made_anew_and_the_reference(
    shape: Shape, schedule: Schedule
) -> None:
    check_end(run(shape, schedule), schedule)


@given(
    st.one_of(trees(effects=True, pools=True), broad_trees(pools=True)),
    SCHEDULES,
    st.fixed_dictionaries({"a": st.integers(1, 2), "b": st.integers(1, 2)}),
)
def test_a_plan_with_pools_is_a_plan_made_anew_and_the_reference(
    shape: Shape, schedule: Schedule, pools: dict[str, int]
) -> None:
    check_end(run(shape, schedule, pools), schedule)


def check_end(driver: Driver, schedule: Schedule) -> None:
    assert driver.plan.root.settled, driver.log
    assert not driver.state.running()
    assert not driver.state.waits
    assert schedule.crashing or set(driver.settled_times.values()) == {1}
