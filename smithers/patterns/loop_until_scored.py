"""LoopUntilScored: work is scored and done again, in its own session, until the score is enough.

For work whose quality is a number that must be reached. Not for the best of several candidates,
which an Optimizer keeps.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeVar

from smithers import Context, Node, Rework, Sequence, Step

__all__ = ["LoopUntilScored", "ScoredWork"]

T = TypeVar("T")


class ScoredWork(Protocol):
    """What a score gives: any model that has these two fields; more is better."""

    @property
    def score(self) -> float: ...
    @property
    def feedback(self) -> str: ...


def LoopUntilScored(
    id: str,
    ctx: Context[Any],
    work: Node[T],
    score: Node[ScoredWork],
    *,
    at_least: float,
    max_rounds: int = 5,
    on_exhausted: Literal["fail", "finish"] = "fail",
) -> Node[T]:
    """Score work, and do it again with the feedback until the score is at least `at_least`.

    `score` reads `work`, and gives a model with `score` and `feedback`. If that is too low, the
    agents of `work` continue their sessions with both as the message: at most `max_rounds` scores
    in all. Then the loop fails, or, with `on_exhausted="finish"`, gives the last work, and the run
    lists the verdict as tolerated. To keep the best work and not the last, use an Optimizer.
    """

    def judge() -> float:
        found = ctx[score]
        if found.score < at_least:
            raise ValueError(f"scored {found.score:g} of {at_least:g}: {found.feedback}")
        return found.score

    again = Rework(work, max_rounds=max_rounds)
    verdict = Step(f"{id}-verdict", judge, on_failure=again)
    handled = Sequence(verdict, on_failure="continue" if on_exhausted == "finish" else "fail")
    return Sequence(work, score, handled, result=work, id=id)
