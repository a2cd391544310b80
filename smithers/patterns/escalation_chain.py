"""EscalationChain: the cheapest attempt first, the next one only if it is not good enough.

For work that a cheap agent can often do, if its answer can be checked in Python. Not for an agent
that is not available: agent=[first, second] takes the next one by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from smithers import Branch, Context, Node, Sequence, Step, Task

__all__ = ["EscalationChain"]

T = TypeVar("T")


def EscalationChain(
    id: str, ctx: Context[Any], *attempts: Task[T], accept: Callable[[T], bool]
) -> Node[T]:
    """Try one task after the other until the output of one is accepted, and give that.

    A task that fails is as one whose output is not accepted; its failure is tolerated. The last may
    be a HumanTask. If none is accepted, this fails and says why for each.
    """
    if not attempts:
        raise ValueError(f"{id}: there are no attempts")

    def is_accepted(attempt: Task[T]) -> bool:
        output = ctx.get(attempt)
        return output is not None and accept(output)

    def chain(first: Task[T], *rest: Task[T]) -> Node[object]:
        tried = Sequence(first, on_failure="continue")
        if not rest:
            return tried
        further = Branch(lambda: not is_accepted(first), chain(*rest), id=f"{id}-after-{first.id}")
        return Sequence(tried, further)

    def choose() -> T:
        for attempt in attempts:
            if (output := ctx.get(attempt)) is not None and accept(output):
                return output
        errors = {attempt.id: ctx.error(attempt) for attempt in attempts}
        told = [
            f"{name}: {error.message if error else 'was not accepted'}"
            for name, error in errors.items()
        ]
        raise ValueError(f"nothing was accepted; {'; '.join(told)}")

    chosen = Step(f"{id}-chosen", lambda: choose())
    return Sequence(chain(*attempts), chosen, result=chosen, id=id)
