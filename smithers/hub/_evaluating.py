"""Workflows on cases: planned, driven as a run with a child run a case, and read from its rows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from smithers.engine.ending import Left
from smithers.hub._running import Running

if TYPE_CHECKING:
    from smithers.engine.engine import Observer
    from smithers.evals import Compared, Evaluated, Plan

__all__ = ["Evaluating"]


class Evaluating(Running):
    """What runs a workflow on cases and compares."""

    def plan_eval(
        self,
        file: str,
        cases: Path,
        *,
        name: str | None = None,
        score: tuple[str, str] | None = None,
        repeat: int = 1,
        limit: int = 4,
        budget_usd: Decimal | None = None,
    ) -> Plan:
        """An eval of a workflow on the cases of a file of JSON lines, of which every case was
        checked. `score` is a file and a function in it, which takes the output, what was expected
        and the input; without it, outputs must equal what is expected. Each case is run `repeat`
        times, `limit` of them at once, for at most `budget_usd` US dollars in all.

        Raises `Refused` and `AuthorError`, which names each line of the file that does not fit.
        """
        from smithers.evals import make_plan

        with self._drive().naming_here():
            return make_plan(
                file, name, cases, score=score, repeat=repeat, limit=limit, budget_usd=budget_usd
            )

    async def evaluate(
        self, plan: Plan, *, run_id: str, observer: Observer, linger_s: float | None = None
    ) -> Left:
        """Start the run of an eval, or resume the one of this id, and drive it until it ends or
        waits. A case that has ended does not run again. A case that fails does not end the others.

        Raises what `start` and `resume` raise, and `Refused` if the run is of another eval.
        """
        from smithers.evals import EVAL_FILE, EVAL_NAME

        if self.status(run_id) is None:
            return await self.start(
                str(EVAL_FILE),
                name=EVAL_NAME,
                input=plan.input,
                run_id=run_id,
                observer=observer,
                linger_s=linger_s,
            )
        plan.check_same(run_id, self.evaluated(run_id).plan)
        return await self.resume(run_id, observer=observer, linger_s=linger_s)

    def evaluated(self, run_id: str) -> Evaluated:
        """What an eval has found so far. Raises `UnknownRun`, and `Refused` for another run."""
        from smithers.evals import evaluated

        return evaluated(self.database, run_id)

    def compare_evals(self, run_id: str, other: str) -> Compared:
        """What an eval found, against what another one did on the same cases. Raises as
        `evaluated`.
        """
        from smithers.evals import compare

        return compare(self.evaluated(run_id), self.evaluated(other))
