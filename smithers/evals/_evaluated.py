"""What an eval found, read from the rows of its run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from statistics import fmean
from typing import Literal

from smithers import reports
from smithers.changes import Failure, Key
from smithers.evals._cases import Plan, stored_plan
from smithers.evals._input import Case, case_node, score_node, trial_names, trial_node
from smithers.evals._spread import Spread, spread_of
from smithers.evals._subject import Scores
from smithers.state import Ended
from smithers.texts import from_json
from smithers.values import dataclass
from smithers.views import Snapshot, Spent, Status, view_cost

__all__ = ["AMOUNTS", "Amount", "Evaluated", "Trial", "evaluated"]

TrialStatus = Literal["open", "finished", "failed", "cancelled"]
Amount = Literal["usd", "time_s"]
"""Not a score: a score may have the same name."""
AMOUNTS: tuple[Amount, ...] = ("usd", "time_s")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One run of the workflow on a case. `failed_in` is the run or the score function, if one has
    failed. `time_s` is what its attempts took; `cost` is None if no agent reported it.
    """

    name: str
    case: Case
    run_id: str | None
    status: TrialStatus
    failed_in: Literal["run", "score"] | None
    error: Failure | None
    scores: Scores | None
    calls: int
    tokens: int
    cost: Decimal | None
    time_s: float


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """An eval as far as it is. The spreads are over cases: of a case that was repeated, the mean of
    its trials counts.
    """

    run_id: str
    status: Status
    plan: Plan
    trials: tuple[Trial, ...]

    @property
    def failures(self) -> Mapping[tuple[str, str], int]:
        """How many trials failed, by where and by the class of the error."""
        failed = (one for one in self.trials if one.failed_in is not None)
        return Counter(
            (str(one.failed_in), "unknown" if one.error is None else one.error.kind)
            for one in failed
        )

    @property
    def score_names(self) -> list[str]:
        """The names of the scores, in the order in which the cases gave them first."""
        return list(dict.fromkeys(name for one in self.trials for name in one.scores or ()))

    @property
    def cost(self) -> Decimal | None:
        known = [one.cost for one in self.trials if one.cost is not None]
        return sum(known, Decimal(0)) if known else None

    def by_case(self, score: str) -> dict[str, float]:
        """A score by the cases that have it: the mean of their trials."""
        return _by_case((one, (one.scores or {}).get(score)) for one in self.trials)

    def amount_by_case(self, amount: Amount) -> dict[str, float]:
        """What cases cost or took, of trials that were not stopped: the mean of their trials."""
        return _by_case((one, _amount(one, amount)) for one in self.trials)

    def spread(self, score: str) -> Spread | None:
        return spread_of(list(self.by_case(score).values()))

    def amount_spread(self, amount: Amount) -> Spread | None:
        return spread_of(list(self.amount_by_case(amount).values()))

    def is_yes_or_no(self, score: str) -> bool:
        """Whether all values of a score are True or False."""
        found = [one.scores[score] for one in self.trials if one.scores and score in one.scores]
        return all(isinstance(value, bool) for value in found)


def _by_case(values: Iterable[tuple[Trial, float | None]]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for one, value in values:
        if value is not None:
            found.setdefault(one.case.id, []).append(float(value))
    return {case: fmean(numbers) for case, numbers in found.items()}


def _amount(one: Trial, amount: Amount) -> float | None:
    if one.status not in ("finished", "failed"):
        return None
    if amount == "time_s":
        return one.time_s
    return None if one.cost is None else float(one.cost)


def evaluated(database: Path, run_id: str) -> Evaluated:
    """An eval as its run is now. Raises `UnknownRun`, and `Refused` for a run of anything else."""
    with reports.reading(database) as db:
        snapshot = reports.snapshot_with_texts(db, database, run_id)
        plan = stored_plan(run_id, snapshot.run.workflow, snapshot.run.input)
        reader = _Reader(snapshot)
        trials = [
            reader.trial(name, case)
            for case in plan.given.cases
            for name in trial_names(case.id, plan.given.repeat)
        ]
    return Evaluated(run_id=run_id, status=snapshot.status, plan=plan, trials=tuple(trials))


class _Reader:
    """Reads the trials of a run, each from the rows of its two nodes."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._spent: dict[str, Spent] = {}
        for line in view_cost(snapshot).lines:
            self._spent.setdefault(line.task, Spent()).add(line.spent)

    def trial(self, name: str, case: Case) -> Trial:
        state = self._snapshot.state
        keys = Key(case_node(name)), Key(score_node(name))
        run, score = (state.ended.get(key) for key in keys)
        child = state.children.get(keys[0])
        failed = next((one for one in (run, score) if one and one.outcome == "failed"), None)
        spent = self._spent.get(keys[0].id, Spent())
        return Trial(
            name=name,
            case=case,
            run_id=None if child is None else child.run_id,
            status=self._status(name, run),
            failed_in=None if failed is None else "run" if failed is run else "score",
            error=None if failed is None else failed.error,
            scores=self._scores(keys[1]),
            calls=spent.calls,
            tokens=spent.tokens_in + spent.tokens_out,
            cost=spent.cost,
            time_s=spent.time_ms / 1000,
        )

    def _status(self, name: str, run: Ended | None) -> TrialStatus:
        """A trial has ended once what is around its nodes has."""
        end = self._snapshot.state.ends.get(Key(trial_node(name)))
        if end is None:
            return "cancelled" if self._snapshot.has_ended else "open"
        if run is None or run.outcome == "cancelled":
            return "cancelled"
        return "failed" if run.outcome == "failed" else "finished"

    def _scores(self, key: Key) -> Scores | None:
        ended = self._snapshot.state.ended.get(key)
        if ended is None or ended.outcome != "finished":
            return None
        found: Scores = from_json(self._snapshot.texts.output(key, ended))
        return found
