"""What may start when, judged by the tree and the rows alone: a check that shares no code with the
plan or its reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, cast

from smithers.changes import Key
from smithers.engine.instance import Instance
from smithers.engine.mount import Definition
from smithers.engine.plan import Expand
from smithers.state import RunState
from smithers.tree import Branch, ForEach, Loop, Parallel, Sequence, Task

__all__ = ["Order"]

Verdict = Literal["open", "unasked", "good", "bad"]
"""Of a node before the one that starts: not settled, settled, or failed and not tolerated. What was
not asked for its choice is open as well, unless a failure beside it has dropped it.
"""


class Order:
    """The rows of a run, and how the items of its fan-outs are found."""

    def __init__(self, state: RunState, expand: Expand) -> None:
        self.state = state
        self.expand = expand

    def check(self, one: Instance) -> None:
        """Everything before this instance is settled, and nothing of it has failed."""
        for before, path in _before(one.definition, one.key.path):
            verdict = self.judge(before, path)
            assert verdict == "good", f"{one.key} starts, and {before.id} before it is {verdict}"

    def judge(self, one: Definition, path: tuple[int, ...]) -> Verdict:
        node, key = one.node, Key(one.id, path)
        if (ended := self.state.ended.get(key)) is not None:
            tolerated = isinstance(node, Task) and node.on_failure == "continue"
            bad = ended.outcome == "cancelled" or (ended.outcome == "failed" and not tolerated)
            return "bad" if bad else "good"
        if isinstance(node, Sequence):
            return self._in_order(one, path)
        if isinstance(node, Parallel):
            return _all([self.judge(child, path) for child in one.children])
        if isinstance(node, Branch):
            return self._branch(one, node, path)
        if isinstance(node, Loop):
            return self._loop(one, node, path)
        if isinstance(node, ForEach):
            return self._fan(one, cast("ForEach[Any]", node), path)
        return "open"

    def _in_order(self, one: Definition, path: tuple[int, ...]) -> Verdict:
        return _all([self.judge(child, path) for child in one.children])

    def _branch(self, one: Definition, node: Branch, path: tuple[int, ...]) -> Verdict:
        chosen = self.state.choices.get((Key(one.id, path), "test"))
        if chosen is None:
            return "unasked"
        first, yes = len(node.arms[0]), chosen.value == "true"
        arm = [child for child in one.children if (child.place < first) == yes]
        return _all([self.judge(child, path) for child in arm])

    def _loop(self, one: Definition, node: Loop, path: tuple[int, ...]) -> Verdict:
        exhausted = self.state.choices.get((Key(one.id, path), "exhausted"))
        number = 0
        while (verdict := self._in_order(one, (*path, number))) == "good":
            chosen = self.state.choices.get((Key(one.id, (*path, number)), "until"))
            if chosen is None:
                return "unasked"
            number += 1
            if chosen.value == "true" or (exhausted and number >= int(exhausted.value)):
                return "good"
            if exhausted is None and number >= node.max_iterations:
                return "unasked"
        return verdict

    def _fan(self, one: Definition, node: ForEach[Any], path: tuple[int, ...]) -> Verdict:
        if (Key(one.id, path), "items") not in self.state.choices:
            return "unasked"
        found = [self.judge(item, path) for item in self.expand(one, path)]
        if node.on_failure == "continue":
            return "open" if "open" in found or "unasked" in found else "good"
        return _all(found)


def _all(found: list[Verdict]) -> Verdict:
    order: tuple[Verdict, ...] = ("open", "bad", "unasked")
    return next((verdict for verdict in order if verdict in found), "good")


def _before(one: Definition, path: tuple[int, ...]) -> Iterator[tuple[Definition, tuple[int, ...]]]:
    """What stands before a node in its sequences and loop bodies, each in the node's iteration."""
    above = one.parent
    while above is not None:
        if isinstance(above.node, Sequence | Loop):
            for earlier in above.children[: one.place]:
                yield earlier, path
        if isinstance(above.node, Loop):
            path = path[:-1]
        one, above = above, above.parent
