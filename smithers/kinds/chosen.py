"""A value that a flow has chosen: its function is called once, at no attempt's cost."""

from __future__ import annotations

from typing import Any

from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.kinds.task import Leaf
from smithers.tree import Chosen, Computed

__all__ = ["CHOSEN"]


class ChosenKind(Leaf[Chosen[Any]]):
    name = "chosen"

    def resolve(self, asking: Asking, one: Instance[Chosen[Any]]) -> bool:
        if asking.make_ready(one) and (row := asking.compute(one, one.node.computed)) is not None:
            asking.settle(
                one,
                "finished",
                output=Computed.text(row),
                model=one.node.output.model,
                type=Computed.type_name(row),
            )
        return False


CHOSEN = ChosenKind()
