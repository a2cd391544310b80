"""The one way by which a node ends or a container chooses: in the state, then in the plan.

An end of something that is not activated yet is kept in the state, and counts in the plan when it
is activated.
"""

from __future__ import annotations

from smithers.changes import ChoiceKind, ChoiceMade, Failure, Key, Outcome
from smithers.engine.mount import children_digest
from smithers.engine.plan import Plan
from smithers.engine.transition import Transition
from smithers.kinds import Instance

__all__ = ["choose", "settle"]


def settle(
    frame: Transition,
    plan: Plan,
    key: Key,
    outcome: Outcome,
    *,
    error: Failure | None = None,
    output: str | None = None,
    model: str | None = None,
    type: str | None = None,
) -> None:
    """A node ends. `output` is JSON text, `model` the name of its model, and `type` the class that
    it was made from, if the node does not declare one.
    """
    frame.settle(key, outcome, error=error, output=output, model=model, type=type)
    plan.settle(key)


def choose(frame: Transition, plan: Plan, instance: Instance, kind: ChoiceKind, value: str) -> None:
    """A node decides what the run does next. `value` is JSON text."""
    digest = "" if instance.kind.is_task else children_digest(instance.definition)
    frame.do(ChoiceMade(key=instance.key, kind=kind, value=value, children=digest))
    plan.choose(instance.key)
