"""Two evals of the same cases: what differs, case by case."""

from __future__ import annotations

from collections.abc import Mapping

from smithers.evals._evaluated import AMOUNTS, Evaluated
from smithers.evals._input import Case
from smithers.evals._spread import Spread, spread_of
from smithers.values import dataclass

__all__ = ["Compared", "Difference", "compare"]

_SURE = 2.0
"""A score is worse if its mean difference is more than this many standard errors below 0."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How a score, `usd` or `time_s` differs in the cases that both evals have: the spread of the
    differences, and in how many cases it is more, less and the same.
    """

    of: str
    before: Spread
    after: Spread
    spread: Spread
    more: int
    less: int
    same: int

    @property
    def is_less(self) -> bool:
        """Whether it went down by more than chance explains."""
        error = self.spread.standard_error
        return error is not None and self.spread.mean + _SURE * error < 0


@dataclass(frozen=True, kw_only=True)
class Compared:
    """An eval against another one. `others` counts the cases that one of them does not have, or has
    with another input or expectation.
    """

    run_id: str
    cases: int
    others: int
    scores: tuple[Difference, ...]
    amounts: tuple[Difference, ...]

    @property
    def worse(self) -> tuple[str, ...]:
        """The scores that went down by more than chance explains."""
        return tuple(one.of for one in self.scores if one.is_less)


def compare(now: Evaluated, other: Evaluated) -> Compared:
    """What `now` found, against what `other` did."""
    mine, others = _cases(now), _cases(other)
    shared = [id for id, case in mine.items() if others.get(id) == case]
    names = [name for name in now.score_names if name in other.score_names]
    scores = [_difference(one, now.by_case(one), other.by_case(one), shared) for one in names]
    amounts = [
        _difference(one, now.amount_by_case(one), other.amount_by_case(one), shared)
        for one in AMOUNTS
    ]
    return Compared(
        run_id=other.run_id,
        cases=len(shared),
        others=len({*mine, *others}) - len(shared),
        scores=tuple(one for one in scores if one is not None),
        amounts=tuple(one for one in amounts if one is not None),
    )


def _cases(one: Evaluated) -> dict[str, Case]:
    """The cases by id, without their lines."""
    return {case.id: case.model_copy(update={"line": 0}) for case in one.plan.given.cases}


def _difference(
    what: str, mine: Mapping[str, float], others: Mapping[str, float], shared: list[str]
) -> Difference | None:
    both = [id for id in shared if id in mine and id in others]
    before = spread_of([others[id] for id in both])
    after = spread_of([mine[id] for id in both])
    gains = [mine[id] - others[id] for id in both]
    gained = spread_of(gains)
    if before is None or after is None or gained is None:
        return None
    return Difference(
        of=what,
        before=before,
        after=after,
        spread=gained,
        more=sum(gain > 0 for gain in gains),
        less=sum(gain < 0 for gain in gains),
        same=sum(gain == 0 for gain in gains),
    )
