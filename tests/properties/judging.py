"""Holding a real run against the reference: its state, its frames, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from smithers import Context, ForEach, NoInput, Workflow
from smithers.changes import AttemptStarted, Frame, Key, WaitClosed
from smithers.engine.mount import mount
from smithers.engine.plan import Expand
from smithers.kinds import Definition
from smithers.kinds.try_ import Handler
from smithers.shapes import is_container
from smithers.state import RunState
from smithers.tree import Part, StepWork
from tests.engine.runs import Watch
from tests.properties.driver import CAUGHT, part_made
from tests.properties.fates import Expected
from tests.properties.order import Order
from tests.properties.reference import Reference

__all__ = ["Comparing", "Made", "check_effects", "check_end", "check_frames"]


@dataclass
class Comparing(Watch):
    """Holds the engine's state, after each frame, against the fold of the frames."""

    fold: RunState = field(default_factory=RunState)

    def frame(self, frame: Frame, state: RunState) -> None:
        super().frame(frame, state)
        self.fold.apply_frame(frame)
        assert state == self.fold


class Made:
    """The same tree once more, for the reference."""

    def __init__(self, flow: Workflow[NoInput, Any]) -> None:
        self.root = mount(flow.function(Context(NoInput(), "r1")))
        self._subtrees: dict[tuple[int, tuple[int, ...]], list[Definition]] = {}

    def reference(self, state: RunState) -> Reference:
        return Reference(self.root, state, self.expanding(state))

    def expanding(self, state: RunState) -> Expand:
        """The subtrees of the items that the state has chosen."""

        def expand(one: Definition, path: tuple[int, ...]) -> Sequence[Definition]:
            if (id(one), path) not in self._subtrees:
                if isinstance(one.node, Handler):
                    made = one.kind.subtree(one.node, CAUGHT)
                    self._subtrees[id(one), path] = [mount(made, parent=one)]
                    return self._subtrees[id(one), path]
                if isinstance(one.node, Part):
                    self._subtrees[id(one), path] = part_made(one, path, state)
                    return self._subtrees[id(one), path]
                node = cast("ForEach[Any]", one.node)
                chosen = state.choices[Key(one.id, path), "items"]
                keys: list[str] = json.loads(chosen.value)["keys"]
                self._subtrees[id(one), path] = [
                    mount(node.each(key), parent=one, item=key, place=place)
                    for place, key in enumerate(keys)
                ]
            return self._subtrees[id(one), path]

        return expand


def check_end(state: RunState, made: Made, expected: Expected) -> None:
    """A run has ended as its fates want it, and as the reference reads its rows."""
    status = state.run_status
    assert status == ("failed" if expected.fails else "finished")
    said = made.reference(state)
    if Key(made.root.id) not in state.ended:  # a root that is tolerated has failed by itself
        assert said.root == status or (said.root == "cancelled" and expected.fails)
    assert not said.asks
    assert not said.drops
    groups = {id for id, row in state.nodes.items() if is_container(row.kind)}
    ended = {key: end.outcome for key, end in state.ended.items() if key.id not in groups}
    for key in ended.keys() | expected.allowed.keys():
        assert ended.get(key) in expected.allowed.get(key, set()), key


def check_effects(frames: Sequence[Frame], made: Made) -> None:
    """No step with an effect starts after an attempt that did not end by itself, unless a person
    has said that it may.
    """
    state = RunState()
    for frame in frames:
        answered = {one.key for one in frame.changes if isinstance(one, WaitClosed) and one.answer}
        started = {one.key for one in frame.changes if isinstance(one, AttemptStarted)}
        last = {key: state.tries[key][-1] for key in started if key in state.tries}
        unasked = [
            key
            for key, one in last.items()
            if one.state in ("running", "interrupted", "cancelled")
            and not (one.may_repeat or key in answered)
        ]
        state.apply_frame(frame)
        order = Order(state, made.expanding(state))
        for key in unasked:
            found = order.find(key, made.root)
            work = None if found is None else getattr(found.node, "work", None)
            assert not isinstance(work, StepWork) or not work.effect, f"{key} acts again, unasked"


def check_frames(frames: Sequence[Frame], made: Made) -> None:
    """At the end of each frame nothing is left to drop, and no limit is exceeded."""
    check_effects(frames, made)
    state = RunState()
    for frame in frames:
        state.apply_frame(frame)
        said = made.reference(state)
        assert set(said.drops.values()) <= {"stop"}
        for key, limit in said.limited.items():
            assert said.open_slots(key) <= limit
