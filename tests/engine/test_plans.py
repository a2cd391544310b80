"""The comparison of plans, which is made after each frame in all tests, finds what differs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smithers import Approval, Context, Node, NoInput, Parallel, Sequence, Step, workflow
from smithers.changes import Key
from smithers.engine.asking import Asking
from smithers.engine.plan import Plan
from smithers.kinds import Instance
from tests.engine.runs import Run


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    late: Step[int] = Step("late", lambda: 2)
    reader = Step("reader", lambda: ctx[late])
    first = Step("first", lambda: 1)
    before, after = Approval("before", ask="?"), Approval("after", ask="?")
    return Parallel(Parallel(reader, limit=1), Sequence(first, after), Sequence(before, late))


def test_a_plan_that_is_right_is_the_plan_made_anew() -> None:
    assert Run(flow).go().status == "waiting"


def later(settle: Callable[[Plan, Key], None]) -> Callable[[Plan, Key], None]:
    def wrong(self: Plan, key: Key) -> None:
        settle(self, key)
        self.instances[key].settled_at += 1

    return wrong


def test_an_end_in_another_frame_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plan, "settle", later(Plan.settle))
    refused()


def test_a_slot_that_nobody_gives_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(self: Plan, instance: Instance) -> None:
        """Give nothing back."""

    monkeypatch.setattr(Plan, "unbegin", keep)
    refused()


def test_a_reader_that_nobody_wakes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for = Asking.wait_for

    def forgets(self: Asking, instance: Instance, on: tuple[Key, ...]) -> None:
        wait_for(self, instance, on)
        self.waiting.clear()
        self.frame.close_wait(instance.key, "data")

    monkeypatch.setattr(Asking, "wait_for", forgets)
    refused()


def refused() -> None:
    with pytest.raises(AssertionError):
        Run(flow).go()
