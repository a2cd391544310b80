"""What a run of an eval is given: the cases themselves, so that it depends on no file of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = [
    "EVAL_NAME",
    "Case",
    "EvalInput",
    "case_node",
    "score_node",
    "trial_names",
    "trial_node",
]

EVAL_NAME = "eval"
"""The name of the workflow."""


class Case(BaseModel):
    """A line of the file of cases. `is_expected` tells an expected null from none at all."""

    model_config = ConfigDict(extra="forbid")

    id: str
    line: int
    input: Any
    expected: Any = None
    is_expected: bool = False


class EvalInput(BaseModel):
    """The workflow, the score function and the cases. `code` is a digest of the files of both."""

    model_config = ConfigDict(extra="forbid")

    file: str
    name: str
    score_file: str | None = None
    score_name: str | None = None
    cases: list[Case]
    repeat: int
    limit: int
    budget_usd: Decimal | None
    code: str


def trial_names(case: str, repeat: int) -> list[str]:
    """The names of the trials of a case.

    >>> trial_names("refund", 1), trial_names("refund", 2)
    (['refund'], ['refund.1', 'refund.2'])
    """
    return [case] if repeat == 1 else [f"{case}.{number}" for number in range(1, repeat + 1)]


def trial_node(trial: str) -> str:
    """The id of the node around a trial, which runs and scores it."""
    return f"trial-{trial}"


def case_node(trial: str) -> str:
    """The id of the node that runs the workflow."""
    return f"case-{trial}"


def score_node(trial: str) -> str:
    """The id of the step that scores what the workflow gave."""
    return f"score-{trial}"
