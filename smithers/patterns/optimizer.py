"""Optimizer: candidates are scored, the best one is kept, and each round starts from it.

For work that gets better by trying: prompts, queries, parameters, texts. Not for work that is good
enough once it passes (ReviewLoop, LoopUntilScored).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from smithers import Context, Loop, Node, Step

__all__ = ["Optimizer", "Progress", "Scored"]

T = TypeVar("T")


class Scored(Protocol):
    """What a score gives: any model that has this field; more is better."""

    @property
    def score(self) -> float: ...


class Progress(BaseModel):
    """The number of the round, from 1, and the round and score of the best candidate so far."""

    round: int
    best_round: int
    best_score: float


def Optimizer(
    id: str,
    ctx: Context[Any],
    propose: Callable[[Callable[[], T | None]], Node[T]],
    score: Callable[[Node[T]], Node[Scored]],
    *,
    max_rounds: int,
    patience: int | None = None,
    enough: float | None = None,
) -> Node[T]:
    """Propose a candidate, score it, keep the best, and give that.

    `propose` makes the node of a candidate; it receives a function that gives the best one so far,
    or None in the first round, for a prompt. `score` makes the node that scores the candidate. Of
    equal scores the first counts. It is over after `max_rounds`, after `patience` rounds that were
    not better than the best, and once a score is `enough`. The score of the best is in
    `ctx.get(f"{id}-progress", Progress)`.
    """

    def improve() -> Progress:
        before, now = ctx.previous(progress), ctx[scored].score
        if before is None or now > before.best_score:
            number = 1 if before is None else before.round + 1
            return Progress(round=number, best_round=number, best_score=now)
        return before.model_copy(update={"round": before.round + 1})

    def choose() -> Any:
        is_best = ctx[progress].best_round == ctx[progress].round
        return ctx[candidate] if is_best else ctx.previous(best)

    def is_over() -> bool:
        now = ctx[progress]
        is_stuck = patience is not None and now.round - now.best_round >= patience
        is_enough = enough is not None and now.best_score >= enough
        return now.round == max_rounds or is_stuck or is_enough

    candidate = propose(lambda: ctx.previous(best))
    scored = score(candidate)
    progress: Step[Progress] = Step(f"{id}-progress", improve)
    best: Step[T] = Step(f"{id}-best", choose)
    return Loop(
        *(candidate, scored, progress, best),
        until=is_over,
        max_iterations=max_rounds,
        result=best,
        id=id,
    )
