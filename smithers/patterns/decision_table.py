"""DecisionTable: rules in Python decide on facts, and say which rule it was.

For decisions that must be explained and repeated: who reviews, who approves, which way. Not where
only an agent can tell which case it is (ClassifyAndRoute).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from smithers import Context, Node, Sequence, Step
from smithers.patterns.classify_and_route import route

__all__ = ["DecisionTable"]

F = TypeVar("F")
T = TypeVar("T")


def DecisionTable(
    id: str,
    ctx: Context[Any],
    facts: Node[F],
    rules: Mapping[str, tuple[Callable[[F], bool], Node[T]]],
    *,
    hit: Literal["first", "unique"],
    otherwise: Node[T] | None = None,
) -> Node[T]:
    """Find facts, run the node of the rule that holds for them, and give what that gives.

    A rule has a name, a test and a node. `hit` says what several rules that hold mean: the first
    counts, or the table fails and names them. If none holds, `otherwise` runs, or the table fails.
    """
    if hit not in ("first", "unique"):
        raise ValueError(f"{id}: hit={hit!r} is not one of first, unique")
    if otherwise is not None and "otherwise" in rules:
        raise ValueError(f"{id}: a rule has the name otherwise, which is that of otherwise=")
    arms = {name: node for name, (_, node) in rules.items()}

    def choose() -> str:
        known = ctx[facts]
        hits = [name for name, (test, _) in rules.items() if test(known)]
        if hit == "unique" and len(hits) > 1:
            raise ValueError(f"several rules hold: {', '.join(hits)}")
        if not hits and otherwise is None:
            raise ValueError(f"none of the rules holds: {', '.join(rules)}")
        return hits[0] if hits else "otherwise"

    every = arms if otherwise is None else {**arms, "otherwise": otherwise}
    decided = route(id, ctx, Step(f"{id}-rule", choose), every)
    return Sequence(facts, decided, result=decided)
