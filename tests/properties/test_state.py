"""What a reset takes away from a node, and what it leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    CameUp,
    Change,
    ChoiceMade,
    Frame,
    Key,
    ReadMade,
    Reset,
    Settled,
    UsageCounted,
    WaitClosed,
    WaitOpened,
)
from smithers.state import RunState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A, B = Key("a"), Key("a", (1,))


def folded(*frames: tuple[Change, ...]) -> RunState:
    return RunState.of(
        Frame(number=number, at=NOW, changes=changes) for number, changes in enumerate(frames)
    )


def started(serial: int, key: Key, number: int) -> AttemptStarted:
    return AttemptStarted(
        serial=serial, key=key, number=number, agent="x", prompt=None, session=None, at=NOW
    )


def life(key: Key, serial: int) -> tuple[Change, ...]:
    return (
        CameUp(key=key),
        started(serial, key, 1),
        UsageCounted(serial=serial, tokens_in=1, tokens_out=2, tokens_cached=0, cost=Decimal(3)),
        ChoiceMade(key=key, kind="skip_if", value="false"),
        ReadMade(reader=key, source=Key("b"), at=0),
        WaitOpened(key=key, kind="retry"),
    )


def over(key: Key, serial: int) -> tuple[Change, ...]:
    return (
        AttemptEnded(serial=serial, state="failed", error=None, at=NOW),
        Settled(key=key, outcome="failed"),
    )


def test_a_reset_takes_all_that_the_plan_knows_of_a_node() -> None:
    state = folded(life(A, 1), over(A, 1), (Reset(key=A),))
    assert A not in state.came_up
    assert A not in state.ended
    assert A not in state.reads
    assert not state.choices
    assert not state.waits
    assert state.reset == {A: 2}


def test_a_reset_leaves_other_iterations_alone() -> None:
    state = folded((*life(A, 1), *life(B, 2)), over(B, 2), (Reset(key=A),))
    assert state.ended[B].outcome == "failed"
    assert set(state.choices) == {(B, "skip_if")}
    assert [one.counts for one in state.tries[B]] == [True]


def test_after_a_reset_tries_count_anew_and_their_numbers_go_on() -> None:
    state = folded(life(A, 1), over(A, 1), (Reset(key=A), started(2, A, 2)))
    assert [(one.number, one.counts) for one in state.tries[A]] == [(1, False), (2, True)]
    assert state.usage.cost == Decimal(3)


def test_what_a_frame_says_beside_a_reset_holds_wherever_it_stands() -> None:
    beside: tuple[Change, ...] = (CameUp(key=A), ChoiceMade(key=A, kind="test", value="true"))
    before = folded(life(A, 1), over(A, 1), (*beside, Reset(key=A)))
    after = folded(life(A, 1), over(A, 1), (Reset(key=A), *beside))
    assert before == after
    assert before.came_up == {A: 2}
    assert before.choices[A, "test"].value == "true"


def test_a_wait_that_was_opened_anew_is_not_closed_with_the_old_one() -> None:
    closed = WaitClosed(key=A, kind="retry", opened=0)
    again = WaitOpened(key=A, kind="retry")
    for changes in ((closed, again), (again, closed)):
        state = folded((WaitOpened(key=A, kind="retry"),), changes)
        assert state.waits[A, "retry"].frame == 1
