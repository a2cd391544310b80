"""ReviewLoop: work is reviewed and done again, in its own session, until the review approves.

For work that somebody else can judge: a text, a change, a plan. Not for what a program can check
(FixUntilGreen), nor for a choice among several (Panel).
"""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeVar

from smithers import Context, Node, Rework, Sequence, Step

__all__ = ["ReviewLoop", "Reviewed"]

T = TypeVar("T")


class Reviewed(Protocol):
    """What a review gives: any model that has these two fields."""

    @property
    def approved(self) -> bool: ...
    @property
    def feedback(self) -> str: ...


def ReviewLoop(
    id: str,
    ctx: Context[Any],
    work: Node[T],
    review: Node[Reviewed],
    *,
    max_rounds: int = 3,
    on_exhausted: Literal["fail", "finish"] = "fail",
) -> Node[T]:
    """Review work, and do it again with the feedback until the review approves.

    `review` reads `work`, and gives a model with `approved` and `feedback`. If it does not approve,
    the agents of `work` continue their sessions with the feedback as the message, and the review
    runs again: at most `max_rounds` reviews in all. Then the loop fails, or, with
    `on_exhausted="finish"`, gives the last work, and the run lists the verdict as tolerated.
    """

    def judge() -> str:
        if not (found := ctx[review]).approved:
            raise ValueError(found.feedback or "not approved")
        return "approved"

    again = Rework(work, max_rounds=max_rounds)
    verdict = Step(f"{id}-verdict", judge, on_failure=again)
    handled = Sequence(verdict, on_failure="continue" if on_exhausted == "finish" else "fail")
    return Sequence(work, review, handled, result=work, id=id)
