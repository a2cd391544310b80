"""GatherAndSynthesize: one task per source, in parallel, and one that makes a whole of it.

For research: many sources, one whole. Not for findings that must be verified (FanOutRefute), nor
for parts that depend on each other (Supervisor).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from smithers import Context, ForEach, Node, Sequence, Step

__all__ = ["GatherAndSynthesize"]

S = TypeVar("S")
G = TypeVar("G")
T = TypeVar("T")


def GatherAndSynthesize(
    id: str,
    ctx: Context[Any],
    sources: Iterable[S] | Callable[[], Iterable[S]],
    gather: Callable[[S], Node[G]],
    synthesize: Callable[[ForEach[G]], Node[T]],
    *,
    key: Callable[[S], str],
    at_least: int | None = None,
    limit: int | None = None,
) -> Node[T]:
    """Gather from each source, and make a whole of what was gathered.

    `gather` makes the node of a source; `synthesize` makes the node that reads all of them, as a
    list in the order of the sources. With `at_least`, sources may fail as long as so many are left;
    they are tolerated, and `ctx.failures` names them. `key` gives texts that ids are made of.
    """
    gathered = ForEach(
        sources,
        key=key,
        each=gather,
        limit=limit,
        allow_empty=at_least == 0,
        on_failure="finish" if at_least is None else "continue",
        id=f"{id}-sources",
    )

    def count() -> int:
        found, failed = len(ctx[gathered]), ctx.failures(gathered)
        if found < (at_least or 0):
            names = ", ".join(one.key for one in failed) or "none"
            raise ValueError(f"{found} sources, {at_least} are needed; failed: {names}")
        return found

    counted = Step(f"{id}-count", count)
    whole = synthesize(gathered)
    return Sequence(gathered, counted, whole, result=whole, id=id)
