"""Schedules of each kind of container, on purpose: what random ones may miss.

A line is what happens in one frame, several things joined by `+`. After each frame the plan is
compared with one made anew and with the reference. A render or another owner may make it anew: each
place is tried.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from smithers.changes import Key
from tests.properties.driver import Driver, Event
from tests.properties.test_plan import check_frame
from tests.properties.trees import Idle, Kind, Shape, build


def leaf(name: str, kind: Kind = "step", on_failure: str = "fail") -> Shape:
    return Shape(kind=kind, name=name, on_failure=on_failure)


def group(kind: Kind, *below: Shape, count: int = 0, on_failure: str = "finish") -> Shape:
    return Shape(kind=kind, below=below, count=count, on_failure=on_failure, name="n")


A, B, C = leaf("a"), leaf("b"), leaf("c")
ASK = leaf("ask", "approval")
INNER = replace(group("sequence", A, B), name="inner")

CATCHING = replace(group("try", A, C, leaf("f"), on_failure="catch finally"), name="t")
CLEANING = replace(group("try", ASK, leaf("f"), on_failure="finally"), name="t")

CASES: dict[str, tuple[Shape, list[str], str]] = {
    "a sequence that fails late": (
        group("sequence", A, B, C),
        ["begin a", "finish a", "begin b", "fail b"],
        "failed",
    ),
    "a parallel that fails, then another fails": (
        group("parallel", INNER, C, ASK),
        ["begin a", "begin c", "begin ask", "fail c", "fail a"],
        "failed",
    ),
    "a parallel in which two fail in one frame": (
        group("parallel", INNER, C),
        ["begin a", "begin c", "fail a + fail c"],
        "failed",
    ),
    "a parallel in which one finishes as another fails": (
        group("parallel", INNER, C),
        ["begin a", "begin c", "fail c + finish a"],
        "failed",
    ),
    "a parallel that cancels what has just ended": (
        group("parallel", INNER, C, on_failure="cancel"),
        ["begin a", "begin c", "fail c + finish a"],
        "failed",
    ),
    "a parallel that cancels what runs": (
        group("parallel", INNER, C, on_failure="cancel"),
        ["begin a", "begin c", "fail c", "stopped a"],
        "failed",
    ),
    "a limit whose slot comes free by a step that waits": (
        group("parallel", INNER, C, count=1),
        [
            "begin a",
            "begin c",
            "defer a",
            "begin c",
            "wake a",
            "finish c",
            "begin a",
            "finish a",
            "begin b",
            "finish b",
        ],
        "finished",
    ),
    "a branch that chose, whose arm fails": (
        group("branch", INNER, C, count=1),
        ["test=true n", "begin a", "fail a"],
        "failed",
    ),
    "a branch without an arm": (
        group("branch", INNER, count=1),
        ["test=false n"],
        "finished",
    ),
    "a loop that goes round and ends": (
        group("loop", A, B, count=2),
        [
            "begin a[0]",
            "finish a[0]",
            "begin b[0]",
            "finish b[0]",
            "until=false n[0]",
            "begin a[1]",
            "finish a[1]",
            "begin b[1]",
            "finish b[1]",
            "until=true n[1]",
        ],
        "finished",
    ),
    "a loop that is exhausted": (
        group("loop", A, count=2),
        [
            "begin a[0]",
            "finish a[0]",
            "until=false n[0]",
            "begin a[1]",
            "finish a[1]",
            "until=false n[1]",
            "exhausted=2 n",
        ],
        "finished",
    ),
    "a loop that fails in its second iteration": (
        group("loop", A, B, count=3),
        [
            "begin a[0]",
            "finish a[0]",
            "begin b[0]",
            "finish b[0]",
            "until=false n[0]",
            "begin a[1]",
            "fail a[1]",
        ],
        "failed",
    ),
    "a fan-out in which two fail in one frame": (
        group("foreach", A),
        ['items={"keys": ["a", "b", "c"]} n', "begin a@a", "begin a@b", "fail a@a + fail a@b"],
        "failed",
    ),
    "a fan-out that continues without what failed": (
        group("foreach", A, on_failure="continue"),
        ['items={"keys": ["a", "b"]} n', "begin a@a", "begin a@b", "fail a@a", "finish a@b"],
        "finished",
    ),
    "a fan-out with a limit, whose first item fails": (
        group("foreach", A, count=1),
        ['items={"keys": ["a", "b"]} n', "begin a@a", "begin a@b", "fail a@a"],
        "failed",
    ),
    "a fan-out with a limit, in which one that waits is asked again since nobody is at work": (
        group("foreach", A, count=1, on_failure="continue"),
        [
            'items={"keys": ["a", "b", "c"]} n',
            "begin a@a",
            "finish a@a",
            "begin a@b",
            "defer a@b",
            "begin a@c",
            "wake a@b",
            "begin a@b",
            "retry a@c",
            "wake a@c",
            "begin a@c",
            "fail a@c",
            "begin a@b",
            "finish a@b",
        ],
        "finished",
    ),
    "a try that catches": (
        group("sequence", CATCHING, B),
        ["begin a", "fail a", "begin c", "finish c", "begin f", "finish f", "begin b", "finish b"],
        "finished",
    ),
    "a try whose body fails after its group has stopped": (
        group("parallel", CATCHING, B),
        ["begin a", "begin b", "fail b", "fail a", "begin f", "finish f"],
        "failed",
    ),
    "a try whose body fails in the frame in which its group stops": (
        group("parallel", CATCHING, B),
        ["begin a", "begin b", "fail b + fail a", "begin f", "finish f"],
        "failed",
    ),
    "a try that catches before its group stops": (
        group("parallel", CATCHING, B),
        ["begin a", "begin b", "fail a", "fail b", "begin f", "finish f"],
        "failed",
    ),
    "a try whose question is withdrawn, in a group with a limit": (
        group("parallel", CLEANING, B, C, count=2),
        ["begin ask", "begin b", "begin c", "fail b", "begin f", "finish f"],
        "failed",
    ),
    "a fan-out without items": (
        group("foreach", A),
        ['items={"keys": []} n'],
        "finished",
    ),
}

FANS = (replace(group("foreach", A), name="body"), replace(group("foreach", B), name="last"))
FINALLY = replace(group("try", *FANS, on_failure="finally"), name="t")
LONGER = replace(FINALLY, below=(replace(group("sequence", FANS[0], C), name="longer"), FANS[1]))
IN_FINALLY = [
    'items={"keys": []} body',
    'items={"keys": ["a", "b"]} last',
    "begin b@a",
    "finish b@a",
]

EDITED: dict[str, tuple[Shape, list[str], Shape, list[str], str]] = {
    "what cleans up continues, though what was put before its try is denied": (
        group("sequence", FINALLY),
        IN_FINALLY,
        group("sequence", ASK, FINALLY),
        ["begin ask", "deny ask", "begin b@b", "finish b@b"],
        "failed",
    ),
    "so it does if the body, which had begun nothing, got a step more": (
        group("sequence", FINALLY),
        IN_FINALLY,
        group("sequence", ASK, LONGER),
        ["begin ask", "deny ask", "begin b@b", "finish b@b"],
        "failed",
    ),
}
"""The tree before and after an edit, and what happens then."""


def happen(driver: Driver, line: str) -> None:
    """Let what a line names happen in one frame. A new plan asks by itself who waited before."""
    *first, last = [name for name in line.split(" + ")]
    for name in first:
        driver.join(find(driver, name))
    if is_held_back(driver, last):  # in a plan made anew, who waits for data has a turn again
        for one in driver.live().values():
            tries = driver.state.tries.get(one.key)
            if tries and tries[-1].state == "deferred":
                driver.plan.offer_slots(one)
        driver.drain()
        if is_held_back(driver, last):
            return
    if not last.startswith("wake") or driver.waiting:
        driver.happen(find(driver, last))


def find(driver: Driver, name: str) -> Event:
    return next(event for event in driver.events() if repr(event) == name)


def is_held_back(driver: Driver, name: str) -> bool:
    """Whether this is the begin of what waits for its turn in a limited group."""
    what, _, id = name.partition(" ")
    one = driver.plan.instances.get(Key(id)) if what == "begin" else None
    return one is not None and one.status == "up" and one.key not in driver.live()


@pytest.mark.parametrize("case", CASES)
def test_a_schedule_ends_the_same_wherever_the_plan_is_made_anew(case: str) -> None:
    shape, lines, outcome = CASES[case]
    for anew in range(len(lines) + 1):
        driver = Driver(build(shape, Idle()))
        check_frame(driver)
        for number, line in enumerate(lines):
            if number == anew:
                driver.edit(build(shape, Idle()), resumed=False)
                check_frame(driver)
            happen(driver, line)
            check_frame(driver)
        assert driver.plan.root.status == outcome, (anew, driver.log)
        assert not driver.events()


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize("case", EDITED)
def test_an_edited_tree_continues_the_same_wherever_the_plan_is_made_anew(
    case: str, resumed: bool
) -> None:
    before, lines, after, then, outcome = EDITED[case]
    for anew in range(len(then) + 1):
        driver = Driver(build(before, Idle()))
        check_frame(driver)
        for line in lines:
            happen(driver, line)
            check_frame(driver)
        for number, line in enumerate(then):
            if number in (0, anew):
                driver.edit(build(after, Idle()), resumed=resumed and number == 0)
                check_frame(driver)
            happen(driver, line)
            check_frame(driver)
        assert driver.plan.root.status == outcome, (anew, driver.log)
        assert not driver.events()
