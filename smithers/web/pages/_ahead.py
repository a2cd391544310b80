"""What a resume or a fork keeps of a run, what it runs, and what it asks a person."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from smithers.shapes import asks_person
from smithers.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smithers.changes import Key
    from smithers.views import AttemptView, TaskView

__all__ = ["Ahead", "ahead_of", "cost_of", "counted", "counted_cost"]


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """The tasks of a run as they would be taken up. `paid` is what the kept ones cost, as far as
    their agents told it.
    """

    kept: tuple[TaskView, ...]
    runs: tuple[Key, ...]
    asks: tuple[Key, ...]
    paid: Decimal | None


def ahead_of(tasks: Iterable[TaskView]) -> Ahead:
    """What has ended well is kept; all else is still to come, unless the tree changes."""
    kept: list[TaskView] = []
    runs: list[Key] = []
    asks: list[Key] = []
    for one in tasks:
        line = one.line
        if line.tolerated or line.state in ("finished", "skipped"):
            kept.append(one)
        else:
            (asks if asks_person(line.kind) else runs).append(line.key)
    costs = [cost for one in kept if (cost := cost_of(one)) is not None]
    paid = sum(costs, Decimal(0)) if costs else None
    return Ahead(kept=tuple(kept), runs=tuple(runs), asks=tuple(asks), paid=paid)


def cost_of(task: TaskView) -> Decimal | None:
    """What all attempts of a task cost; None if no agent has told it."""
    return _sum(task.attempts)


def counted(task: TaskView) -> tuple[AttemptView, ...]:
    """The attempts behind the state of a task: those of the run itself, or if a fork has made none,
    those that it has from its source.
    """
    own = tuple(one for one in task.attempts if one.origin is None)
    return own or task.attempts


def counted_cost(task: TaskView) -> Decimal | None:
    """What those attempts cost; None if no agent has told it."""
    return _sum(counted(task))


def _sum(attempts: Iterable[AttemptView]) -> Decimal | None:
    costs = [one.usage.cost for one in attempts if one.usage.cost is not None]
    return sum(costs, Decimal(0)) if costs else None
