"""A branch: one of two arms, by a test that is asked once. The other arm is skipped."""

from __future__ import annotations

import json

from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking, Container, Planning
from smithers.naming import node_name
from smithers.state import RunState
from smithers.tree import Branch

__all__ = ["BRANCH"]


class BranchKind(Container[Branch]):
    name = "branch"
    chooses = True
    hint = "read a task of each arm: ctx.get(task) is None if it was skipped"

    def split(self, node: Branch) -> int:
        return len(node.arms[0])

    def is_tolerated(self, node: Branch) -> bool:
        return node.on_failure == "continue"

    def activate(self, plan: Planning, one: Instance[Branch]) -> None:
        self.chosen(plan, one)

    def chosen(self, plan: Planning, one: Instance[Branch]) -> None:
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
            plan.mark(one, "finished", choice.frame)

    def child_settled(self, plan: Planning, one: Instance[Branch], child: Instance) -> None:
        self.settle_by_children(plan, one)

    def is_complete(self, state: RunState, one: Instance[Branch]) -> bool:
        return bool(one.children) or (one.key, "test") in state.choices

    def resolve(self, asking: Asking, one: Instance[Branch]) -> bool:
        what = f"the test of {node_name(one.key.id)}"
        value = asking.test(one, one.node.test, what, one.node.mark)
        if value is not None:
            asking.choose(one, "test", json.dumps(value))
        return False


BRANCH = BranchKind()
