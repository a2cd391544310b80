"""A branch: one of two arms, by a test that is asked once. The other arm is skipped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from smithers.changes import ChoiceKind
from smithers.kinds._called import Called
from smithers.kinds._container import Container
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking, Planning
from smithers.kinds._output_reader import OutputReader
from smithers.naming import node_name
from smithers.state import RunState
from smithers.tree import Branch, Computed, Node

__all__ = ["BRANCH"]


class BranchKind(Container[Branch[Any]]):
    name = "branch"
    chooses = True

    def split(self, node: Branch[Any]) -> int:
        return len(node.arms[0])

    def activate(self, plan: Planning, one: Instance[Branch[Any]]) -> None:
        self._take(plan, one)

    def chosen(self, plan: Planning, one: Instance[Branch[Any]]) -> None:
        if (one.key, "result") in plan.state.choices:
            super().chosen(plan, one)
        else:
            self._take(plan, one)

    def _take(self, plan: Planning, one: Instance[Branch[Any]]) -> None:
        choice = plan.state.choices.get((one.key, "test"))
        if choice is None:
            plan.ask(one, one)
            return
        plan.make_children(one, one.definition.children)
        one.settled_at = choice.frame
        first = len(one.node.arms[0])
        is_true = choice.value == "true"
        for child in one.children:
            if (child.place < first) == is_true:
                plan.activate(child)
            else:
                plan.drop(child, "skipped", cancel=False)
        if not one.children:
            self.conclude(plan, one, "finished", choice.frame)

    def child_settled(self, plan: Planning, one: Instance[Branch[Any]], child: Instance) -> None:
        self.settle_by_children(plan, one)

    def is_complete(self, state: RunState, one: Instance[Branch[Any]]) -> bool:
        return bool(one.children) or (one.key, "test") in state.choices

    def resolve(self, asking: Asking, one: Instance[Branch[Any]]) -> bool:
        if (one.key, "test") in asking.state.choices:
            return super().resolve(asking, one)
        what = f"the test of {node_name(one.key.id)}"
        value = asking.test(one, one.node.test, what, one.node.mark)
        if value is not None:
            asking.choose(one, "test", json.dumps(value))
        return False

    def callables(self, node: Branch[Any]) -> Iterator[Called]:
        yield Called("test", node.test)
        yield from super().callables(node)

    def chooser(self, node: Branch[Any], kind: ChoiceKind) -> Callable[[], object] | None:
        return node.test if kind == "test" else None

    # -- what it gives

    def source_of_output(self, node: Branch[Any]) -> Node[Any]:
        return node if node.result is None else super().source_of_output(node) or node

    def source(self, outputs: OutputReader, one: Instance[Branch[Any]]) -> Instance | None:
        if one.node.result is not None:
            return super().source(outputs, one)
        choice = outputs.state.choices.get((one.key, "test"))
        first = len(one.node.arms[0])
        taken = choice is not None and choice.value == "true"
        arm = (child for child in one.children if (child.place < first) == taken)
        return next(arm, None)

    def gives(self, outputs: OutputReader, one: Instance[Branch[Any]]) -> bool:
        if self._is_none(outputs, one):
            return one.status == "finished" and not one.tolerated
        return super().gives(outputs, one)

    def value(
        self, outputs: OutputReader, one: Instance[Branch[Any]], handle: Branch[Any]
    ) -> object:
        if self.gives(outputs, one) and self._is_none(outputs, one):
            return None
        return super().value(outputs, one, handle)

    def text(self, outputs: OutputReader, one: Instance[Branch[Any]]) -> str | None:
        return None if self._is_none(outputs, one) else super().text(outputs, one)

    def _is_none(self, outputs: OutputReader, one: Instance[Branch[Any]]) -> bool:
        """Whether it gives None: its arm is not there, or gives nothing, or the node that is its
        result is in the other one.
        """
        if isinstance(one.node.result, Computed):
            return False
        source = self.source(outputs, one)
        if source is None or source.kind.source_of_output(source.node) is None:
            return True
        return one.node.result is not None and source.status == "skipped"


BRANCH = BranchKind()
