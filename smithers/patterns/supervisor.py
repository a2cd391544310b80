"""Supervisor: a plan becomes one worker per item, in the order of their dependencies.

For work that a planner can split into parts with dependencies. Not for items that are known before
(ForEach), and not for steps of one agent (Sequence).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Sequence as Many
from graphlib import CycleError, TopologicalSorter
from typing import Any, Protocol, TypeVar

from smithers import Context, ForEach, Node, Rework, Sequence, Step
from smithers.patterns.review_loop import Reviewed, ReviewLoop

__all__ = ["Planned", "Supervisor", "check_plan"]

T = TypeVar("T")


class Planned(Protocol):
    """What an item of a plan has: a unique name, and the names of the items that it needs."""

    @property
    def name(self) -> str: ...
    @property
    def needs(self) -> Many[str]: ...


P = TypeVar("P", bound=Planned)


def Supervisor(
    id: str,
    ctx: Context[Any],
    plan: Node[list[P]],
    work: Callable[[P], Node[T]],
    check: Callable[[P, Node[T]], Node[Reviewed]],
    *,
    limit: int | None = None,
    max_rounds: int = 3,
    max_plans: int = 2,
) -> Node[list[T]]:
    """Plan, do each item as soon as what it needs has passed its check, and give all results.

    `plan` gives a list of models with `name` and `needs`. `work` makes the node of an item, and
    `check` a review of it. An item whose check does not approve is done again in its session, at
    most `max_rounds` checks in all, and nothing else is. A plan without items, with a cycle, an
    unknown need, or a name that is there twice or cannot be part of an id, goes back to its agent,
    until there were `max_plans` plans. At most `limit`
    items are in work at once. The results are in the order of the plan.
    """

    def approve() -> str:
        needs = {item.name: list(item.needs) for item in ctx[plan]}
        if len(needs) < len(ctx[plan]):
            raise ValueError("the plan has the same name twice; give each item another name")
        for name in needs:
            check_name(name, needs)
        return check_plan(needs)

    approved = Step(f"{id}-plan", approve, on_failure=Rework(plan, max_rounds=max_plans))

    def each(item: P) -> Node[T]:
        needs = [f"{id}/{name}-done" for name in item.needs]
        name = f"{id}/{item.name}"
        ready = Step(f"{name}-ready", lambda: sorted(item.needs), needs=needs)
        made = work(item)
        passed = ReviewLoop(name, ctx, made, check(item, made), max_rounds=max_rounds)
        done = Step(f"{name}-done", lambda: item.name)
        return Sequence(ready, passed, done, result=made)

    items = ForEach(
        lambda: ctx[plan], key=lambda item: item.name, each=each, limit=limit, id=f"{id}-items"
    )
    return Sequence(plan, approved, items, result=items, id=id)


def check_name(name: str, names: Iterable[str]) -> None:
    """Raises `ValueError` for a name of which no ids can be made, or the same as for another."""
    if not name.isprintable() or name.strip() != name or not 0 < len(name) <= 100 or ".." in name:
        raise ValueError(f"{name!r} cannot be a name; use 1 to 100 letters, digits and hyphens")
    for step in ("ready", "verdict", "done"):
        if name.endswith(f"-{step}") and name.removesuffix(f"-{step}") in names:
            raise ValueError(f"the step {step} of another item has the name {name}; use another")


def check_plan(needs: Mapping[str, Many[str]]) -> str:
    """The names in an order in which they can be done. Raises `ValueError` if there is none."""
    if not needs:
        raise ValueError("the plan has no items")
    for name, needed in needs.items():
        if unknown := [one for one in needed if one not in needs]:
            raise ValueError(f"{name} needs {', '.join(unknown)}, which is not in the plan")
    try:
        return ", ".join(TopologicalSorter(needs).static_order())
    except CycleError as error:
        cycle = " needs ".join(reversed(error.args[1]))
        raise ValueError(f"the plan has a cycle: {cycle}") from None
