"""Whatever is sent, whenever owners die: a signal is taken once and in order, and none is lost."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from smithers import Context, Loop, Node, NoInput, Parallel, Sequence, Step, WaitForEvent, workflow
from smithers.changes import ENDED, Frame, Key, SignalTaken
from smithers.errors import AlreadySent, Refused, WrongAnswer
from smithers.signals import Signal
from smithers.state import RunState
from tests.rules.runs import Run

LAST = 9
"""The number that ends the loop."""
ON = st.sampled_from([("x", None), ("x", None), ("x", "k"), ("go", None), ("y", None)])
DATA = st.sampled_from([1, 2, 3, 4, 5, LAST, "text", None])


def number(id: str, correlation: str | None = None) -> WaitForEvent[int]:
    return WaitForEvent(id, event="x", output=int, correlation=correlation)


@workflow
def flow(ctx: Context[NoInput]) -> Node[Any]:
    """Waits that compete for one event, some behind others, in a loop and with a correlation."""
    each, seen = number("each"), Step("seen", lambda: ctx[each])
    go = WaitForEvent("go", event="go")
    return Parallel(
        Loop(
            each,
            seen,
            until=lambda: ctx[seen] == LAST,
            max_iterations=6,
            on_exhausted="finish",
            id="loop",
        ),
        Sequence(number("first", "k"), number("second", "k")),
        Sequence(go, number("late")),
    )


@dataclass(frozen=True)
class Sent:
    """A signal that was accepted."""

    id: str
    event: str
    correlation: str | None
    data: object

    @property
    def on(self) -> tuple[str, ...]:
        return (self.event,) if self.correlation is None else (self.event, self.correlation)

    @property
    def fits(self) -> bool:
        return self.event != "x" or isinstance(self.data, int)


def at_once(work: Coroutine[Any, Any, None]) -> None:
    """Do what waits for nothing, in the middle of what an owner does."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited")


class Signals(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.run = Run(flow)
        self.sent: list[Sent] = []
        self.run.go_frames(1)

    @property
    def state(self) -> RunState:
        """The state as another process reads it."""
        return RunState.of(self.run.watch.frames)

    @property
    def is_over(self) -> bool:
        return self.state.run_status in ENDED

    # -- what may happen

    @rule(on=ON, data=DATA)
    def send(self, on: tuple[str, str | None], data: object) -> None:
        self._send(Sent(f"s{len(self.sent)}", *on, data))

    def _send(self, one: Sent) -> None:
        state = self.state
        open = [wait for wait in state.waits.values() if wait.opened.on == one.on]
        taken = {signal.id for signal in state.signals.values() if signal.taken is not None}
        before = [other for other in self.sent if other.on == one.on and other.fits]
        is_free = len(open) > sum(other.id not in taken for other in before)
        try:
            self._offer(one)
        except WrongAnswer:
            assert is_free
            assert not one.fits
        except Refused:
            assert self.is_over
        else:
            assert not self.is_over
            assert one.fits or not is_free
            self.sent.append(one)

    def _offer(self, one: Sent) -> None:
        given = self.run.offer_signal(one.event, one.data, correlation=one.correlation, id=one.id)
        at_once(given)

    @precondition(lambda self: self.sent)
    @rule(chosen=st.randoms(use_true_random=False), same=st.booleans())
    def send_again(self, chosen: Any, same: bool) -> None:
        one: Sent = chosen.choice(self.sent)
        other = one if same else Sent(one.id, one.event, one.correlation, "another")
        try:
            self._offer(other)
        except AlreadySent:
            assert same
        except Refused:
            assert not same or one.data == "another"
        else:
            raise AssertionError("it was kept twice")

    @rule(frames=st.integers(1, 5))
    def die(self, frames: int) -> None:
        """The owner dies after so many frames, or leaves the run before."""
        if not self.is_over:
            self.run.go_frames(frames)

    @rule(given=st.lists(st.tuples(ON, DATA), min_size=1, max_size=4))
    def send_while_it_runs(self, given: list[tuple[tuple[str, str | None], object]]) -> None:
        """Each is sent right after a frame was written."""
        if self.is_over:
            return
        left, kept = list(given), self.run.watch.frame

        def frame(made: Frame, state: RunState) -> None:
            kept(made, state)
            if left:
                on, data = left.pop()
                self._send(Sent(f"s{len(self.sent)}", *on, data))

        self.run.watch.frame = frame  # type: ignore[method-assign, assignment]
        try:
            self.run.go()
        finally:
            del self.run.watch.frame

    @rule()
    def resume(self) -> None:
        if self.is_over:
            return
        self.run.go()
        state = self.state
        assert len(state.signals) == len(self.sent)
        for (_, kind), wait in state.waits.items():
            assert kind == "event"
            assert state.queues.oldest(wait.opened.on) is None

    # -- what always holds

    @invariant()
    def none_is_lost_or_taken_twice(self) -> None:
        state = self.state
        signals = sorted(state.signals.items())
        assert [one.id for _, one in signals] == [one.id for one in self.sent][: len(signals)]
        assert all(
            self.says_the_same(one, mine)
            for (_, one), mine in zip(signals, self.sent, strict=False)
        )
        taken = [one for _, one in signals if one.taken is not None and one.misfit is None]
        keys = [one.taken for one in taken]
        assert len(set(keys)) == len(keys)
        finished = {
            key
            for key, ended in state.ended.items()
            if ended.outcome == "finished" and key.id != "seen" and key.id in state.nodes
        }
        assert finished == set(keys)
        by_id = {one.id: one for one in self.sent}
        for one in taken:
            assert one.taken is not None
            assert json.loads(str(state.ended[one.taken].output)) == by_id[one.id].data
            assert by_id[one.id].fits
        for _, one in signals:
            assert one.misfit is None or not by_id[one.id].fits

    @staticmethod
    def says_the_same(one: Signal, mine: Sent) -> bool:
        is_kept = one.data is None or json.loads(one.data) == mine.data
        return is_kept and (one.event, one.correlation) == (mine.event, mine.correlation)

    @invariant()
    def each_queue_is_taken_in_order(self) -> None:
        state = self.state
        for on in {one.on for one in state.signals.values()}:
            queue = [one for _, one in sorted(state.signals.items()) if one.on == on]
            is_left = [one.taken is None for one in queue]
            assert is_left == sorted(is_left), "one was taken before an older one"
        frames = [
            (frame.number, one.number)
            for frame in self.run.watch.frames
            for one in frame.changes
            if isinstance(one, SignalTaken)
        ]
        for on in {one.on for one in state.signals.values()}:
            mine = [(k, n) for k, n in frames if state.signals[n].on == on]
            assert sorted(mine) == sorted(mine, key=lambda one: one[1])
            assert len({n for _, n in mine}) == len(mine)

    @invariant()
    def iterations_take_in_order(self) -> None:
        taken = {one.taken: number for number, one in self.state.signals.items() if one.taken}
        loop = [taken[key] for n in range(6) if (key := Key("each", (n,))) in taken]
        assert loop == sorted(loop)


TestSignals = Signals.TestCase
TestSignals.settings = settings(
    max_examples=settings().max_examples // 5, stateful_step_count=25, deadline=None
)
