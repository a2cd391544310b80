"""Whatever an edit does to a tree that is under way, nothing starts out of order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from smithers.changes import Key
from smithers.kinds import Definition, Instance
from smithers.tree import Loop
from tests.properties.driver import Driver
from tests.properties.edits import EDITS, Edit, edited, named
from tests.properties.order import Order
from tests.properties.schedules import SCHEDULES, Schedule
from tests.properties.test_plan import (
    MOST_EVENTS,
    agree,
    check_free_slots_are_used,
    check_nothing_starts_below_a_failure,
)
from tests.properties.trees import Idle, Kind, Shape, build, trees

Edits = dict[int, tuple[Edit, bool]]
"""By the number of the event before which they happen, and whether another owner goes on."""


def under_way_now(driver: Driver, *, resumed: bool) -> set[Key]:
    running = () if resumed else driver.state.running()
    return {one.key for one in running} | {key for key, _ in driver.state.waits}


def check_what_has_a_place_continues(driver: Driver, under_way: set[Key]) -> None:
    """What runs or is asked goes on in the edited tree, also where something came before it."""
    for key in under_way - driver.plan.instances.keys():
        one = next((one for one in driver.root.walk() if one.id == key.id), None)
        assert one is None or not has_place(driver, one, key), (key, driver.log)


def has_place(driver: Driver, one: Definition, key: Key) -> bool:
    """Whether the loops around a node have the iteration, by the rows."""
    choices, by_id = driver.state.choices, {each.id: each for each in driver.root.walk()}
    if len(one.loops) != len(key.path):
        return False
    for depth, (loop, number) in enumerate(zip(one.loops, key.path, strict=True)):
        node = by_id[loop].node
        assert isinstance(node, Loop)
        before = choices.get((Key(loop, (*key.path[:depth], number - 1)), "until"))
        if number and (before is None or before.value == "true" or number >= node.max_iterations):
            return False
    return True


def run(shape: Shape, schedule: Schedule, edits: Edits) -> Driver:
    """A whole run with edits, compared with the reference after every event."""
    shape = named(shape)
    driver = Driver(build(shape, Idle()))

    def began(one: Instance) -> None:
        Order(driver.state, driver.expand).check(one.definition, one.key.path)

    driver.began = began
    for number in range(MOST_EVENTS):
        agree(driver, drained=False)
        driver.drain()
        agree(driver, drained=True)
        check_free_slots_are_used(driver)
        check_nothing_starts_below_a_failure(driver)
        if number in edits and not driver.plan.root.settled:
            edit, resumed = edits[number]
            shape = edited(shape, edit, f"e{number}")
            under_way = under_way_now(driver, resumed=resumed)
            driver.edit(build(shape, Idle()), resumed=resumed)
            check_what_has_a_place_continues(driver, under_way)
        elif events := driver.events():
            schedule.happen(driver, events)
        else:
            break
    return driver


_LEAVES: tuple[Kind, ...] = ("step", "task", "command", "approval", "human", "subflow")
"""Without kinds that came later. With them other trees are drawn, among which are edits of
iterations that are over: a node that is added there may start too early, or settle otherwise in a
new plan.
"""

ORDERED = st.builds(
    Shape,
    kind=st.sampled_from(["sequence", "loop"]),
    below=st.lists(trees(_LEAVES), min_size=1, max_size=3).map(tuple),
    count=st.just(3),
    on_failure=st.sampled_from(["finish", "fail"]),
)
"""Trees in which something comes after something else."""


@given(
    st.one_of(ORDERED, trees(_LEAVES)),
    SCHEDULES,
    st.dictionaries(st.integers(0, 20), st.tuples(EDITS, st.booleans()), min_size=1, max_size=4),
)
@settings(max_examples=settings().max_examples)
def test_nothing_starts_before_what_an_edit_put_before_it(
    shape: Shape, schedule: Schedule, edits: Edits
) -> None:
    driver = run(shape, schedule, edits)
    assert driver.plan.root.settled, driver.log
    assert not driver.state.running()
    assert not driver.state.waits
