"""ClassifyAndRoute: an agent names the class of something, and Python takes the route for it.

For input of several kinds that need different work. Not for facts that Python can decide on by
itself (DecisionTable).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from smithers import Branch, Context, Node, Sequence, Step

__all__ = ["ClassifyAndRoute", "Labelled", "route"]

T = TypeVar("T")


class Labelled(Protocol):
    """What a classification gives: any model that has this field."""

    @property
    def label(self) -> str: ...


def ClassifyAndRoute(
    id: str,
    ctx: Context[Any],
    classify: Node[Labelled],
    routes: Mapping[str, Node[T]],
    *,
    otherwise: Node[T] | None = None,
) -> Node[T]:
    """Classify something, run the one route for its label, and give what that gives.

    A label without a route takes `otherwise`; without that, this fails and names the labels that
    have one. If the class of the answer is a Literal, the agent is asked again before that.
    """
    if otherwise is not None and "otherwise" in routes:
        raise ValueError(f"{id}: a route has the name otherwise, which is that of otherwise=")
    arms = dict(routes) if otherwise is None else {**routes, "otherwise": otherwise}

    def choose() -> str:
        label = ctx[classify].label
        if label not in routes and otherwise is None:
            raise ValueError(f"no route for {label!r}, only for {', '.join(routes)}")
        return label if label in routes else "otherwise"

    return Sequence(
        classify, routed := route(id, ctx, Step(f"{id}-label", choose), arms), result=routed
    )


def route(id: str, ctx: Context[Any], chosen: Node[str], arms: Mapping[str, Node[T]]) -> Node[T]:
    """The arm of the name that was chosen; the others are skipped."""

    def branch(name: str, arm: Node[T]) -> Node[object]:
        return Branch(lambda: ctx[chosen] == name, arm, id=f"{id}-if-{name}")

    branches = [branch(name, arm) for name, arm in arms.items()]
    return Sequence(chosen, *branches, result=lambda: ctx[arms[ctx[chosen]]], id=id)
