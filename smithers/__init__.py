"""Smithers: a durable orchestration layer for AI agents.

A workflow is a tree of Python calls, a pure function of the run's state, which is rows in SQLite.
Names are imported when they are first used, so that `import smithers` costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` would be half of what `import smithers` costs
if TYPE_CHECKING:
    from smithers.allowed import AllowRuns as AllowRuns
    from smithers.changes import Failure as Failure
    from smithers.context import Context as Context
    from smithers.context import ItemFailure as ItemFailure
    from smithers.context import State as State
    from smithers.errors import CommandFailed as CommandFailed
    from smithers.flows import Call as Call
    from smithers.flows import CallFailed as CallFailed
    from smithers.flows import Flow as Flow
    from smithers.flows import Run as Run
    from smithers.kinds import Caught as Caught
    from smithers.kinds import Compensated as Compensated
    from smithers.kinds import ContinueAsNew as ContinueAsNew
    from smithers.kinds import Saga as Saga
    from smithers.kinds import Subflow as Subflow
    from smithers.kinds import Try as Try
    from smithers.kinds import WaitForEvent as WaitForEvent
    from smithers.tree import Approval as Approval
    from smithers.tree import Attempt as Attempt
    from smithers.tree import Branch as Branch
    from smithers.tree import Budget as Budget
    from smithers.tree import Cache as Cache
    from smithers.tree import Command as Command
    from smithers.tree import Completed as Completed
    from smithers.tree import Decision as Decision
    from smithers.tree import ForEach as ForEach
    from smithers.tree import HumanTask as HumanTask
    from smithers.tree import Loop as Loop
    from smithers.tree import Node as Node
    from smithers.tree import Parallel as Parallel
    from smithers.tree import Retry as Retry
    from smithers.tree import Rework as Rework
    from smithers.tree import Sequence as Sequence
    from smithers.tree import Step as Step
    from smithers.tree import Task as Task
    from smithers.tree import Timer as Timer
    from smithers.workflows import NoInput as NoInput
    from smithers.workflows import Workflow as Workflow
    from smithers.workflows import workflow as workflow

_HOMES = {
    "AllowRuns": "smithers.allowed",
    "Approval": "smithers.tree",
    "Attempt": "smithers.tree",
    "Branch": "smithers.tree",
    "Budget": "smithers.tree",
    "Cache": "smithers.tree",
    "Call": "smithers.flows",
    "CallFailed": "smithers.flows",
    "Caught": "smithers.kinds",
    "Command": "smithers.tree",
    "CommandFailed": "smithers.errors",
    "Compensated": "smithers.kinds",
    "Completed": "smithers.tree",
    "Context": "smithers.context",
    "ContinueAsNew": "smithers.kinds",
    "Decision": "smithers.tree",
    "Failure": "smithers.changes",
    "Flow": "smithers.flows",
    "ForEach": "smithers.tree",
    "HumanTask": "smithers.tree",
    "ItemFailure": "smithers.context",
    "Loop": "smithers.tree",
    "NoInput": "smithers.workflows",
    "Node": "smithers.tree",
    "Parallel": "smithers.tree",
    "Retry": "smithers.tree",
    "Rework": "smithers.tree",
    "Run": "smithers.flows",
    "Saga": "smithers.kinds",
    "Sequence": "smithers.tree",
    "State": "smithers.context",
    "Step": "smithers.tree",
    "Subflow": "smithers.kinds",
    "Task": "smithers.tree",
    "Timer": "smithers.tree",
    "Try": "smithers.kinds",
    "WaitForEvent": "smithers.kinds",
    "Workflow": "smithers.workflows",
    "workflow": "smithers.workflows",
}
__version__ = "0.1.0"
__distribution__ = "smithers-orchestrator"
"""By which the command recognizes this package: another distribution has one of the same name."""
__all__ = [  # literal, for the checkers
    "AllowRuns",
    "Approval",
    "Attempt",
    "Branch",
    "Budget",
    "Cache",
    "Call",
    "CallFailed",
    "Caught",
    "Command",
    "CommandFailed",
    "Compensated",
    "Completed",
    "Context",
    "ContinueAsNew",
    "Decision",
    "Failure",
    "Flow",
    "ForEach",
    "HumanTask",
    "ItemFailure",
    "Loop",
    "NoInput",
    "Node",
    "Parallel",
    "Retry",
    "Rework",
    "Run",
    "Saga",
    "Sequence",
    "State",
    "Step",
    "Subflow",
    "Task",
    "Timer",
    "Try",
    "WaitForEvent",
    "Workflow",
    "__version__",
    "workflow",
]


def __getattr__(name: str) -> object:
    if (home := _HOMES.get(name)) is None:
        if name[:1].isupper() and (module := _module_of_agent(name)) is not None:
            said = f"cannot import name {name!r} from 'smithers'"
            # `from` would make an ImportError of another class, and lose the words.
            raise ImportError(f"{said}: write from {module} import {name}", name="smithers")
        raise AttributeError(f"module 'smithers' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def _module_of_agent(name: str) -> str | None:
    """Where the class of an agent is, which is often looked for here."""
    from smithers.adapters import agent_classes

    return agent_classes().get(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
