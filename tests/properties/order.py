"""What may start when, judged by the tree and the rows alone: a check that shares no code with the
plan or its reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal, assert_never, cast

from smithers.changes import Key
from smithers.engine.plan import Expand
from smithers.flows import Flow
from smithers.kinds import AnyNode, Compensated, Definition, Saga, Try
from smithers.kinds.try_ import Catch, Finally, Handler
from smithers.state import RunState
from smithers.tree import Branch, Computed, ForEach, Giving, Loop, Parallel, Part, Sequence, Task
from tests.properties.reference import continues, grown

__all__ = ["Order"]

Verdict = Literal["open", "unasked", "good", "bad"]
"""Of a node before the one that starts: not settled, settled, or failed and not tolerated. What was
not asked for its choice is open as well, unless a failure beside it has dropped it.
"""

_WORST_FIRST: tuple[Verdict, ...] = ("open", "bad", "unasked")


class Order:
    """The rows of a run, and how the items of its fan-outs are found."""

    def __init__(self, state: RunState, expand: Expand) -> None:
        self.state = state
        self.expand = expand

    def check(self, one: Definition, path: tuple[int, ...]) -> None:
        """Everything before this node is settled, and nothing of it has failed."""
        for before, its, allowed in _before(self, one, path):
            verdict = self.judge(before, its)
            said = f"{one.id}{list(path)} starts, and {before.id} before it is {verdict}"
            assert verdict in allowed, said

    def find(self, key: Key, below: Definition) -> Definition | None:
        """The definition of what runs under this key, in the tree or an item that is chosen."""
        for one in below.walk():
            if one.id == key.id:
                return one
            path = key.path[: len(one.loops)]
            for item in self.expand(one, path) if self._is_expanded(one, path) else ():
                if (found := self.find(key, item)) is not None:
                    return found
        return None

    def _is_expanded(self, one: Definition, path: tuple[int, ...]) -> bool:
        match cast("AnyNode", one.node):
            case Handler():
                return one.parent is not None and self.has_caught(one.parent, path)
            case ForEach() | Part():
                return (Key(one.id, path), "items") in self.state.choices
            case _:
                return False

    def judge(self, one: Definition, path: tuple[int, ...]) -> Verdict:
        node, key = cast("AnyNode", one.node), Key(one.id, path)
        if (ended := self.state.ended.get(key)) is not None:
            tolerated = continues(node)
            bad = ended.outcome == "cancelled" or (ended.outcome == "failed" and not tolerated)
            return "bad" if bad else "good"
        verdict = self._judge_open(one, node, path)
        is_open_group = isinstance(node, Parallel | ForEach)  # which its own rule has looked at
        if verdict == "bad" and continues(node) and not is_open_group:
            return "good"
        missing = _computes(node) and (key, "result") not in self.state.choices
        return "unasked" if verdict == "good" and missing else verdict

    def _judge_open(  # noqa: C901  # one case a kind
        self, one: Definition, node: AnyNode, path: tuple[int, ...]
    ) -> Verdict:
        match node:
            case Handler():
                return _all([self.judge(child, path) for child in self.expand(one, path)])
            case Part():
                if (Key(one.id, path), "items") not in self.state.choices:
                    return "unasked"
                return _all([self.judge(child, path) for child in self.expand(one, path)[:1]])
            case Sequence():
                below = grown(one, path, self.state, self.expand)
                return _all([self.judge(child, path) for child in below])
            case Catch() | Finally():
                return self._in_order(one, path)
            case Try():
                return self._try(one, node, path)
            case Saga():
                return self._saga(one, path)
            case Compensated():
                return self.judge(one.children[0], path)
            case Parallel():
                return self._group(one.children, path, tolerant=node.on_failure == "continue")
            case Branch():
                return self._branch(one, node, path)
            case Loop():
                return self._loop(one, node, path)
            case ForEach():
                return self._fan(one, path, tolerant=node.on_failure == "continue")
            case Task():
                return "open"
            case Flow():
                raise AssertionError("flows have properties of their own")
            case _:
                assert_never(node)

    def _in_order(self, one: Definition, path: tuple[int, ...]) -> Verdict:
        return _all([self.judge(child, path) for child in one.children])

    def has_caught(self, one: Definition, path: tuple[int, ...]) -> bool:
        choice = self.state.choices.get((Key(one.id, path), "caught"))
        return choice is not None and choice.value != "null"

    def _try(self, one: Definition, node: Try[Any], path: tuple[int, ...]) -> Verdict:
        body, *rest = one.children
        verdict = self.judge(body, path)
        if verdict in ("open", "unasked"):
            return verdict
        if self.has_caught(one, path):
            verdict = self.judge(rest[0], path)
        if node.finally_ is None or verdict in ("open", "unasked"):
            return verdict
        last = self.judge(rest[-1], path)
        return last if last != "good" else verdict

    def _saga(self, one: Definition, path: tuple[int, ...]) -> Verdict:
        verdict = self.judge(one.children[0], path)
        undone = [self.judge(undo, its) for undo, its in self.undone(one, path)]
        return "open" if "open" in undone else verdict

    def undone(
        self, saga: Definition, path: tuple[int, ...]
    ) -> list[tuple[Definition, tuple[int, ...]]]:
        """What a saga undoes by its choice, in order."""
        choice = self.state.choices.get((Key(saga.id, path), "undoing"))
        listed = None if choice is None else json.loads(choice.value)
        found: list[tuple[Definition, tuple[int, ...]]] = []
        for id, its, _ in listed or ():
            one = self.find(Key(id, tuple(its)), saga.children[0])
            if one is not None:
                found.append((one.children[1], tuple(its)))
        return found

    def _branch(self, one: Definition, node: Branch, path: tuple[int, ...]) -> Verdict:
        chosen = self.state.choices.get((Key(one.id, path), "test"))
        if chosen is None:
            return "unasked"
        first, yes = len(node.arms[0]), chosen.value == "true"
        arm = [child for child in one.children if (child.place < first) == yes]
        return _all([self.judge(child, path) for child in arm])

    def _loop(self, one: Definition, node: Loop, path: tuple[int, ...]) -> Verdict:
        exhausted = self.state.choices.get((Key(one.id, path), "exhausted"))
        bound = node.max_iterations if exhausted is None else int(exhausted.value)
        for number in range(bound):
            verdict = self._in_order(one, (*path, number))
            chosen = self.state.choices.get((Key(one.id, (*path, number)), "until"))
            still = node.stop_if_same is not None and self._is_still(one.id, path, number)
            more = chosen is not None and chosen.value == "false" and number + 1 < bound
            followed = more and not still
            if verdict == "unasked" and followed:
                continue  # it came to the body later, and is skipped in this iteration
            if verdict != "good":
                return verdict
            if chosen is None:
                return "unasked"
            if chosen.value == "true":
                return "good"
            if still:
                break
        return "unasked" if exhausted is None else "good"

    def _is_still(self, id: str, path: tuple[int, ...], number: int) -> bool:
        turns = [Key(id, (*path, one)) for one in (number - 1, number)]
        said = [self.state.choices.get((turn, "same")) for turn in turns]
        return said[0] is not None and said[1] is not None and said[0].value == said[1].value

    def _fan(self, one: Definition, path: tuple[int, ...], *, tolerant: bool) -> Verdict:
        if (Key(one.id, path), "items") not in self.state.choices:
            return "unasked"
        return self._group(self.expand(one, path), path, tolerant=tolerant)

    def _group(
        self, below: Iterable[Definition], path: tuple[int, ...], *, tolerant: bool
    ) -> Verdict:
        found: list[Verdict] = [self.judge(item, path) for item in below]
        if tolerant:
            return "open" if "open" in found or "unasked" in found else "good"
        return _all(found)


def _computes(node: AnyNode) -> bool:
    return isinstance(node, Giving) and isinstance(node.result, Computed)


def _all(found: list[Verdict]) -> Verdict:
    for verdict in _WORST_FIRST:
        if verdict in found:
            return verdict
    return "good"


_Before = tuple[Definition, tuple[int, ...], tuple[Verdict, ...]]


def _before(  # noqa: C901  # one case a kind
    order: Order, one: Definition, path: tuple[int, ...]
) -> Iterator[_Before]:
    """What stands before a node in its sequences, loop bodies and tries, each in the node's
    iteration, and what it may have come to.
    """
    above = one.parent
    while above is not None:
        node = cast("AnyNode", above.node)
        match node:
            case Sequence():
                below = grown(above, path, order.state, order.expand)
                for earlier in below[: one.place]:
                    yield earlier, path, ("good",)
            case Loop() | Catch() | Finally():
                for earlier in above.children[: one.place]:
                    yield earlier, path, ("good",)
            case Try() if isinstance(one.node, Catch):
                yield above.children[0], path, ("bad",)
            case Try() if isinstance(one.node, Finally):
                yield above.children[0], path, ("good", "bad", "unasked")
                if order.has_caught(above, path):
                    yield above.children[1], path, ("good", "bad", "unasked")
                return  # whatever has stopped around it
            case Try() | Saga():
                pass
            case Compensated() if one.place:
                yield from _before_undo(order, one, path)
                return  # whatever has stopped around it
            case Compensated():
                pass
            case Parallel() | Branch() | ForEach() | Part() | Task() | Flow():
                pass
            case _:
                assert_never(node)
        if isinstance(node, Loop):
            path = path[:-1]
        one, above = above, above.parent


def _before_undo(order: Order, one: Definition, path: tuple[int, ...]) -> Iterator[_Before]:
    """The body of the saga that undoes this, and what it undoes before."""
    above, its = one.parent, path
    while above is not None:
        if isinstance(above.node, Loop):
            its = its[:-1]
        undone = order.undone(above, its) if isinstance(above.node, Saga) else []
        if (one, path) in undone:
            yield above.children[0], its, ("bad", "unasked")
            for undo, where in undone[: undone.index((one, path))]:
                yield undo, where, ("good",)
            return
        above = above.parent
    raise AssertionError(f"no saga undoes {one.id}{list(path)}")
