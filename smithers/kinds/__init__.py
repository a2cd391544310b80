"""The kinds of nodes: one file for each, with all that it decides.

`kind_of` finds the rules of a node. The union of kinds is closed: mypy and pyright name this place
if one is added to it.
"""

from __future__ import annotations

from typing import Any, assert_never, cast

from smithers.kinds._definition import Definition
from smithers.kinds._instance import Dropped, Instance, Slots
from smithers.kinds._kind import (
    NOTHING,
    Asking,
    Kind,
    KindName,
    OutputReader,
    Planning,
    result_of,
)
from smithers.kinds.approval import APPROVAL
from smithers.kinds.branch import BRANCH
from smithers.kinds.command import COMMAND
from smithers.kinds.foreach import FOREACH
from smithers.kinds.loop import ITERATION, LOOP, LoopExhausted
from smithers.kinds.parallel import PARALLEL
from smithers.kinds.sequence import SEQUENCE
from smithers.kinds.task import TASK, agent_work
from smithers.tree import Approval, Branch, Command, ForEach, Loop, Node, Parallel, Sequence, Task

__all__ = [
    "ITERATION",
    "NOTHING",
    "AnyNode",
    "Asking",
    "Definition",
    "Dropped",
    "Instance",
    "Kind",
    "KindName",
    "LoopExhausted",
    "OutputReader",
    "Planning",
    "Slots",
    "agent_work",
    "kind_of",
    "result_of",
]

AnyNode = (
    Task[Any]
    | Command[Any]
    | Approval
    | Sequence[Any]
    | Parallel[Any]
    | Branch[Any]
    | Loop[Any]
    | ForEach[Any]
)


def kind_of(node: Node[Any]) -> Kind[Any]:
    """The rules of a node. An iteration's are `ITERATION`: it has the node of its loop."""
    known = cast("AnyNode", node)
    match known:
        case Approval():
            return APPROVAL
        case Command():
            return COMMAND
        case Task():
            return TASK
        case Sequence():
            return SEQUENCE
        case Parallel():
            return PARALLEL
        case Branch():
            return BRANCH
        case Loop():
            return LOOP
        case ForEach():
            return FOREACH
        case _:
            assert_never(known)
