"""An eval as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from smithers.evals._compared import Compared, Difference
from smithers.evals._evaluated import Evaluated, Trial
from smithers.evals._spread import Spread
from smithers.wire import Json, dollars, error_json

__all__ = ["eval_json"]


def eval_json(found: Evaluated, complaints: Sequence[str], compared: Compared | None) -> Json:
    """What an eval found, and why it is not good enough, if it is not."""
    given = found.plan.given
    return {
        "version": 1,
        "run_id": found.run_id,
        "status": found.status,
        "workflow": given.name,
        "file": given.file,
        "passes": found.status == "finished" and not complaints,
        "complaints": list(complaints),
        "scores": {name: _spread(found.spread(name)) for name in found.score_names},
        "cost_usd": dollars(found.cost),
        "usd": _spread(found.amount_spread("usd")),
        "time_s": _spread(found.amount_spread("time_s")),
        "failures": [
            {"failed_in": where, "kind": kind, "trials": number}
            for (where, kind), number in found.failures.items()
        ],
        "trials": [_trial(one) for one in found.trials],
        "against": None if compared is None else _compared(compared),
        "error": None,
    }


def _trial(one: Trial) -> Json:
    return {
        "trial": one.name,
        "id": one.case.id,
        "line": one.case.line,
        "run_id": one.run_id,
        "status": one.status,
        "failed_in": one.failed_in,
        "error": error_json(one.error),
        "scores": one.scores,
        "calls": one.calls,
        "tokens": one.tokens,
        "cost_usd": dollars(one.cost),
        "time_s": one.time_s,
    }


def _compared(one: Compared) -> Json:
    return {
        "run_id": one.run_id,
        "cases": one.cases,
        "others": one.others,
        "worse": list(one.worse),
        "scores": {score.of: _difference(score) for score in one.scores},
        "amounts": {amount.of: _difference(amount) for amount in one.amounts},
    }


def _difference(one: Difference) -> Json:
    return {
        "before": _spread(one.before),
        "after": _spread(one.after),
        "difference": _spread(one.spread),
        "more": one.more,
        "less": one.less,
        "same": one.same,
    }


def _spread(one: Spread | None) -> Json | None:
    if one is None:
        return None
    return {
        name: getattr(one, name)
        for name in ("n", "mean", "standard_error", "low", "median", "high")
    }
