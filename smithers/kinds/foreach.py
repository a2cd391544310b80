"""A fan-out: as a parallel, over the subtrees of items that the author's callable gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smithers.kinds._called import Called
from smithers.kinds._instance import Instance
from smithers.kinds._kind import NOTHING, Asking, Planning
from smithers.kinds._output_reader import OutputReader
from smithers.kinds.parallel import SideBySide
from smithers.state import RunState
from smithers.tree import ForEach, Node

__all__ = ["FOREACH"]


class ForEachKind(SideBySide[ForEach[Any]]):
    name = "foreach"
    chooses = True
    expands = True
    made_from = "items"
    reopens = True

    def callables(self, node: ForEach[Any]) -> Iterator[Called]:
        yield Called("items", node.items)
        yield from super().callables(node)

    def source_of_output(self, node: ForEach[Any]) -> ForEach[Any]:
        return node

    def gives(self, outputs: OutputReader, one: Instance[ForEach[Any]]) -> bool:
        return one.status == "finished" and not one.tolerated

    def value(
        self, outputs: OutputReader, one: Instance[ForEach[Any]], handle: ForEach[Any]
    ) -> object:
        if not self.gives(outputs, one):
            return NOTHING
        return [outputs.result(each) for each in outputs.results(one)]

    def text(self, outputs: OutputReader, one: Instance[ForEach[Any]]) -> str | None:
        if not self.gives(outputs, one):
            return None
        texts = (outputs.text(each) for each in outputs.results(one))
        return f"[{','.join(text or 'null' for text in texts)}]"

    def activate(self, plan: Planning, one: Instance[ForEach[Any]]) -> None:
        self.chosen(plan, one)

    def chosen(self, plan: Planning, one: Instance[ForEach[Any]]) -> None:
        choice = plan.state.choices.get((one.key, "items"))
        if choice is None or one.key in plan.state.ended:
            plan.ask(one, one)
            return
        subtrees = plan.expand(one)
        if subtrees is None:  # after a crash, what its items read is further down
            plan.expand_later(one)
            return
        one.settled_at = choice.frame
        plan.make_children(one, subtrees)
        self.open_all(plan, one)

    def is_complete(self, state: RunState, one: Instance[ForEach[Any]]) -> bool:
        return bool(one.children) or (one.key, "items") in state.choices

    def make_below(self, plan: Planning, one: Instance[ForEach[Any]]) -> None:
        if one.children or (one.key, "items") not in plan.state.choices:
            return
        subtrees = plan.expand(one)
        if subtrees is not None:  # else what its items read is not settled in this tree
            plan.make_children(one, subtrees)

    def subtree(self, node: ForEach[Any], value: object) -> Node[Any]:
        return node.each(value)

    def can_expand(self, state: RunState, one: Instance[ForEach[Any]]) -> bool:
        return (one.key, "items") in state.choices

    def resolve(self, asking: Asking, one: Instance[ForEach[Any]]) -> bool:
        asking.make_items(one)
        return False


FOREACH = ForEachKind()
