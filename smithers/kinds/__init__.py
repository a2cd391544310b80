"""The kinds of nodes: one file for each, with all that it decides.

`kind_of` finds the rules of a node. The union of kinds is closed: mypy and pyright name this place
if one is added to it.
"""

from __future__ import annotations

from typing import Any, assert_never, cast

from smithers.flows import Flow
from smithers.kinds._container import result_of
from smithers.kinds._definition import Definition
from smithers.kinds._failures import error_of, find_failure
from smithers.kinds._instance import Dropped, Instance, Slots
from smithers.kinds._kind import (
    NOTHING,
    Asking,
    Kind,
    KindName,
    Planning,
)
from smithers.kinds._output_reader import OutputReader
from smithers.kinds._rework import asked_again, is_sent_back, made_again, send_back
from smithers.kinds.approval import APPROVAL
from smithers.kinds.branch import BRANCH
from smithers.kinds.chosen import CHOSEN
from smithers.kinds.command import COMMAND
from smithers.kinds.continuing import CONTINUE, ContinueAsNew, check_next_input
from smithers.kinds.event import EVENT, WaitForEvent
from smithers.kinds.flow import FLOW
from smithers.kinds.foreach import FOREACH
from smithers.kinds.human import HUMAN, human_form
from smithers.kinds.loop import ITERATION, LOOP, LoopExhausted
from smithers.kinds.parallel import PARALLEL
from smithers.kinds.saga import COMPENSATED, SAGA, Compensated, Saga
from smithers.kinds.sequence import GROWING, PART, SEQUENCE
from smithers.kinds.subflow import (
    STOPPED,
    SUBFLOW,
    ChildEnd,
    Subflow,
    TooManyLevels,
    child_workflow,
    output_of_workflow,
    start_digest,
)
from smithers.kinds.task import TASK, agent_work, has_effect
from smithers.kinds.timer import TIMER
from smithers.kinds.try_ import (
    CATCH,
    FINALLY,
    HANDLER,
    TRY,
    Catch,
    Caught,
    Finally,
    Handler,
    Try,
)
from smithers.tree import (
    Approval,
    Branch,
    Chosen,
    Command,
    ForEach,
    HumanTask,
    Loop,
    Node,
    Parallel,
    Part,
    Sequence,
    Task,
    Timer,
)

__all__ = [
    "COMPENSATED",
    "ITERATION",
    "NOTHING",
    "STOPPED",
    "AnyNode",
    "Asking",
    "Caught",
    "ChildEnd",
    "Compensated",
    "ContinueAsNew",
    "Definition",
    "Dropped",
    "Instance",
    "Kind",
    "KindName",
    "LoopExhausted",
    "OutputReader",
    "Planning",
    "Saga",
    "Slots",
    "Subflow",
    "TooManyLevels",
    "Try",
    "WaitForEvent",
    "agent_work",
    "asked_again",
    "check_next_input",
    "child_workflow",
    "error_of",
    "find_failure",
    "has_effect",
    "human_form",
    "is_sent_back",
    "kind_of",
    "made_again",
    "output_of_workflow",
    "result_of",
    "send_back",
    "start_digest",
]

AnyNode = (
    Task[Any]
    | Command[Any]
    | Chosen[Any]
    | Approval
    | HumanTask[Any]
    | Timer
    | Subflow[Any]
    | ContinueAsNew
    | WaitForEvent[Any]
    | Sequence[Any]
    | Part
    | Parallel[Any]
    | Branch[Any]
    | Loop[Any]
    | ForEach[Any]
    | Flow[Any]
    | Try[Any]
    | Handler
    | Catch
    | Finally
    | Saga[Any]
    | Compensated[Any]
)


def kind_of(node: Node[Any]) -> Kind[Any]:
    """The rules of a node. An iteration's are `ITERATION`: it has the node of its loop."""
    known = _KINDS.get(type(node))
    if known is None:
        known = _KINDS[type(node)] = _kind_of(cast("AnyNode", node))
    if known is SEQUENCE and cast("Sequence[Any]", node).part is not None:
        return GROWING
    return known


_KINDS: dict[type[Node[Any]], Kind[Any]] = {}


def _kind_of(known: AnyNode) -> Kind[Any]:  # noqa: C901  # one case a kind
    match known:
        case Approval():
            return APPROVAL
        case HumanTask():
            return HUMAN
        case Timer():
            return TIMER
        case ContinueAsNew():
            return CONTINUE
        case Subflow():
            return SUBFLOW
        case WaitForEvent():
            return EVENT
        case Command():
            return COMMAND
        case Chosen():
            return CHOSEN
        case Task():
            return TASK
        case Sequence():
            return SEQUENCE
        case Part():
            return PART
        case Parallel():
            return PARALLEL
        case Branch():
            return BRANCH
        case Loop():
            return LOOP
        case ForEach():
            return FOREACH
        case Flow():
            return FLOW
        case Try():
            return TRY
        case Handler():
            return HANDLER
        case Catch():
            return CATCH
        case Finally():
            return FINALLY
        case Saga():
            return SAGA
        case Compensated():
            return COMPENSATED
        case _:
            assert_never(known)
