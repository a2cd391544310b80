"""A workflow on cases: each case is a child run of one run, and what it gives is scored.

That run is a run like any other, of the workflow in `smithers.evals.workflow`: it is resumed,
stopped and paid for as others are. What it found is read from its rows.
"""

from __future__ import annotations

from pathlib import Path

from smithers.evals._cases import Plan, make_plan
from smithers.evals._compared import Compared, Difference, compare
from smithers.evals._evaluated import AMOUNTS, Evaluated, Trial, evaluated
from smithers.evals._input import EVAL_NAME
from smithers.evals._json import eval_json
from smithers.evals._spread import Spread
from smithers.evals._verdict import Minimum, complaints

__all__ = [
    "AMOUNTS",
    "EVAL_FILE",
    "EVAL_NAME",
    "Compared",
    "Difference",
    "Evaluated",
    "Minimum",
    "Plan",
    "Spread",
    "Trial",
    "compare",
    "complaints",
    "eval_json",
    "evaluated",
    "make_plan",
]

EVAL_FILE = Path(__file__).parent / "workflow" / "smithers_eval.py"
