"""A loop: its body again and again, until a test holds or the bound is reached.

Each iteration is a sequence of its own, with the loop's definition and one number more in its path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from smithers.changes import ChoiceKind, Key, Outcome
from smithers.errors import SmithersError
from smithers.kinds._called import Called
from smithers.kinds._container import Container
from smithers.kinds._definition import Definition
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking, Planning
from smithers.kinds.sequence import Ordered
from smithers.naming import node_name
from smithers.state import Ended, RunState
from smithers.tree import Loop
from smithers.words import count_of

__all__ = ["ITERATION", "LOOP", "LoopExhausted", "NoProgress"]


class LoopExhausted(SmithersError):
    """A loop with `on_exhausted="fail"` has reached its bound."""

    for_resume = True


class NoProgress(SmithersError):
    """An iteration of a loop with `on_exhausted="fail"` changed nothing."""

    for_resume = True


def _bound(state: RunState, loop: Instance[Loop[Any]]) -> int:
    """How many iterations there may be; a loop that reached its bound keeps that number."""
    exhausted = state.choices.get((loop.key, "exhausted"))
    return loop.node.max_iterations if exhausted is None else int(exhausted.value)


def _has_next_iteration(state: RunState, loop: Instance[Loop[Any]], number: int) -> bool:
    """Whether the state says that another iteration comes after this number.

    Then the iteration stays as it was: what a later tree adds to the body is skipped in it.
    """
    choice = state.choices.get((Key(loop.key.id, (*loop.path, number)), "until"))
    more = choice is not None and choice.value == "false" and number + 1 < _bound(state, loop)
    return more and not _stands_still(state, loop, number)


def _stands_still(state: RunState, loop: Instance[Loop[Any]], number: int) -> bool:
    """Whether the loop ends after this iteration because it changed nothing.

    A resume of a loop that failed by this gives it another iteration.
    """
    now, before = (
        state.choices.get((Key(loop.key.id, (*loop.path, one)), "same"))
        for one in (number, number - 1)
    )
    if loop.node.stop_if_same is None or now is None or before is None:
        return False
    was_resumed = now.frame < state.reset.get(loop.key, -1)
    if was_resumed and loop.node.on_exhausted == "fail":
        return False
    return _exact(now.value) == _exact(before.value)


def _exact(text: str) -> str:
    """The same text for the same JSON value: the order of names does not count; 1 is not true."""
    return json.dumps(json.loads(text), sort_keys=True)


class IterationKind(Ordered[Loop[Any]]):
    name = "iteration"
    is_alone = False
    reopens = True

    def end(self, plan: Planning, one: Instance[Loop[Any]]) -> None:
        """`until` is asked, unless the state has its answer."""
        choice = plan.state.choices.get((one.key, "until"))
        if choice is None:
            assert one.parent is not None
            plan.ask(one, one.parent)
        else:
            plan.mark(one, "finished", max(one.settled_at, choice.frame))

    def chosen(self, plan: Planning, one: Instance[Loop[Any]]) -> None:
        if (one.key, "until") in plan.state.choices:  # what `stop_if_same` gave comes before it
            self.end(plan, one)

    def is_tolerated(self, node: Loop[Any]) -> bool:
        return False  # its loop ends by its failure

    def loops_around(self, definition: Definition) -> tuple[str, ...]:
        return (*definition.loops, definition.id)

    def is_complete(self, state: RunState, one: Instance[Loop[Any]]) -> bool:
        return (one.key, "until") in state.choices

    def chooses_result(self, node: Loop[Any]) -> bool:
        return False  # its loop does

    def end_of(self, state: RunState, one: Instance[Loop[Any]]) -> Ended | None:
        return None  # its key may be that of the loop itself before an edit moved it

    def resolve(self, asking: Asking, one: Instance[Loop[Any]]) -> bool:
        what = f"the until of {node_name(one.key.id)}"
        value = asking.test(one, one.node.until, what, one.node.mark, one.parent)
        if value is None:
            return False
        if one.node.stop_if_same is not None and not value:
            same = asking.compute(one, one.node.stop_if_same, one.parent)
            if same is None:
                return False
            asking.choose(one, "same", same)
        asking.choose(one, "until", json.dumps(value))
        return False


class LoopKind(Container[Loop[Any]]):
    name = "loop"
    chooses = True
    is_ordered = True
    comes_to_all = True
    grows = True

    def loops_below(self, definition: Definition) -> tuple[str, ...]:
        return (*definition.loops, definition.id)

    def callables(self, node: Loop[Any]) -> Iterator[Called]:
        yield Called("until", node.until, at_end=True)
        yield from super().callables(node)

    def chooser(self, node: Loop[Any], kind: ChoiceKind) -> Callable[[], object] | None:
        return node.until if kind == "until" else None

    def activate(self, plan: Planning, one: Instance[Loop[Any]]) -> None:
        self._iterate(plan, one)

    def _iterate(self, plan: Planning, loop: Instance[Loop[Any]]) -> None:
        if loop.next == len(loop.children):
            self._make_iteration(plan, loop)
        loop.next += 1
        plan.activate(loop.children[loop.next - 1])

    def _make_iteration(self, plan: Planning, loop: Instance[Loop[Any]]) -> None:
        number = len(loop.children)
        key = Key(loop.key.id, (*loop.path, number))
        made = plan.add_child(loop, loop.definition, key, ITERATION)
        made.closed = made.closed or _has_next_iteration(plan.state, loop, number)

    def child_settled(self, plan: Planning, one: Instance[Loop[Any]], child: Instance) -> None:
        if one.dropping is not None:
            self.settle_by_children(plan, one)
            return
        if child.failing or child.status == "cancelled":
            outcome: Outcome = "failed" if child.failing else "cancelled"
            self.conclude(plan, one, outcome, one.settled_at)
            return
        state = plan.state
        exhausted = state.choices.get((one.key, "exhausted"))
        if state.choices[child.key, "until"].value == "true":
            self.conclude(plan, one, "finished", one.settled_at)
        elif one.next < _bound(state, one) and not _stands_still(state, one, one.next - 1):
            self._iterate(plan, one)
        elif exhausted is not None:
            self.conclude(plan, one, "finished", max(one.settled_at, exhausted.frame))
        else:
            plan.ask(one, one)

    def chosen(self, plan: Planning, one: Instance[Loop[Any]]) -> None:
        exhausted = plan.state.choices.get((one.key, "exhausted"))
        frame = one.settled_at if exhausted is None else max(one.settled_at, exhausted.frame)
        self.conclude(plan, one, "finished", frame)

    def is_complete(self, state: RunState, one: Instance[Loop[Any]]) -> bool:
        last = state.choices.get((one.children[-1].key, "until"))
        exhausted = (one.key, "exhausted") in state.choices
        return last is not None and (last.value == "true" or exhausted)

    def make_below(self, plan: Planning, one: Instance[Loop[Any]]) -> None:
        """At least the first iteration."""
        while not one.children or _has_next_iteration(plan.state, one, len(one.children) - 1):
            self._make_iteration(plan, one)

    def resolve(self, asking: Asking, one: Instance[Loop[Any]]) -> bool:
        """It ends without `until`, or its result is missing."""
        if self.is_complete(asking.state, one):
            return super().resolve(asking, one)
        if one.node.on_exhausted == "finish":
            asking.choose(one, "exhausted", json.dumps(len(one.children)))
            return False
        last = len(one.children) - 1
        if last + 1 < one.node.max_iterations and _stands_still(asking.state, one, last):
            asking.fail(one, _no_progress(one.node, last))
            return False
        error = LoopExhausted(
            f"`until` was not true within {count_of(one.node.max_iterations, 'iteration')}",
            hint=f"raise max_iterations at {one.node.mark.place}, or set on_exhausted='finish'"
            " there, then resume the run",
        )
        asking.fail(one, error)
        return False

    def most_iterations(self, node: Loop[Any]) -> int | None:
        return node.max_iterations

    def runs_again(self, state: RunState, key: Key, node: Loop[Any], ended: Ended) -> bool:
        """One that reached its bound continues only if the bound was raised, or ends if the file
        says so now.
        """
        if ended.error is None or ended.error.kind != LoopExhausted.__name__:
            return True
        if node.on_exhausted == "finish":
            return True
        asked = (one for one, kind in state.choices if kind == "until" and one.id == key.id)
        return node.max_iterations > sum(one.path[:-1] == key.path for one in asked)


def _no_progress(node: Loop[Any], last: int) -> NoProgress:
    return NoProgress(
        f"iteration {last} changed nothing: `stop_if_same` returned the same value as in"
        f" iteration {last - 1}",
        hint=f"change what the loop does, then resume the run, which gives it another iteration;"
        f" or set on_exhausted='finish' at {node.mark.place}",
    )


ITERATION = IterationKind()
LOOP = LoopKind()
