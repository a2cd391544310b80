"""Whether an eval is good enough, and if not, why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smithers.evals._compared import Compared
from smithers.evals._evaluated import Evaluated
from smithers.values import dataclass

__all__ = ["Minimum", "complaints"]


@dataclass(frozen=True, kw_only=True)
class Minimum:
    """What the mean of a score must be at least; of every score, if it names none."""

    least: float
    score: str | None = None


def complaints(
    found: Evaluated, minimums: Sequence[Minimum], compared: Compared | None
) -> Iterator[str]:
    """Why an eval is not good enough, a sentence each. Without a minimum, a score of True and False
    must be True of all cases.
    """
    for (where, kind), number in found.failures.items():
        what = "trial" if where == "run" else "score"
        yield f"{number} {what}{'s'[: number != 1]} failed: {kind}"
    for score in found.score_names:
        spread = found.spread(score)
        least = _least(found, score, minimums)
        if spread is not None and least is not None and spread.mean < least:
            yield f"{score} is {spread.mean:.4g} and must be at least {least:g}"
    for one in minimums:
        if one.score not in (None, *found.score_names) or not found.score_names:
            name = "" if one.score is None else f" {one.score}"
            yield f"no case has a score{name}, which must be at least {one.least:g}"
    if compared is not None:
        for score in compared.worse:
            yield f"{score} is worse than in {compared.run_id}"


def _least(found: Evaluated, score: str, minimums: Sequence[Minimum]) -> float | None:
    """The minimum of a score: its own, or else that of all."""
    for one in sorted(minimums, key=lambda one: one.score is None):
        if one.score in (score, None):
            return one.least
    return 1.0 if not minimums and found.is_yes_or_no(score) else None
