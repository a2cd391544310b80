"""The workflow of an eval. It has a folder to itself, since a resume puts that on the path."""

from __future__ import annotations

from typing import Any

from smithers import Budget, Context, ForEach, Node, Sequence, Step, Subflow, workflow
from smithers.errors import AuthorError
from smithers.evals._input import (
    EVAL_NAME,
    Case,
    EvalInput,
    case_node,
    score_node,
    trial_names,
    trial_node,
)
from smithers.evals._subject import Scores, Subject, as_scores, known_subject

__all__ = ["evaluate"]

_MOST_AT_ONCE = 1000
"""The limit of the cases is the one that holds, which is stored with them."""


@workflow(input=EvalInput, name=EVAL_NAME, max_concurrency=_MOST_AT_ONCE)
def evaluate(ctx: Context[EvalInput]) -> Node:
    given = ctx.input
    subject = known_subject(given)
    if subject.code != given.code:
        raise AuthorError(
            f"{given.file} or its score function was edited since this eval was started, so its"
            " cases would not be comparable",
            hint="start an eval with `smithers eval FILE --cases CASES`",
        )
    cases = {trial: case for case in given.cases for trial in trial_names(case.id, given.repeat)}
    budget = None if given.budget_usd is None else Budget(usd=given.budget_usd)

    def each(trial: str) -> Node:
        case = cases[trial]
        text = subject.workflow.input.model_validate(case.input)
        run: Subflow[Any] = Subflow(case_node(trial), subject.workflow, input=text)
        if subject.score is None and not case.is_expected:
            return Sequence(run, on_failure="continue", id=trial_node(trial))
        scored = _score_step(ctx, trial, subject, run, case)
        return Sequence(run, scored, result=scored, on_failure="continue", id=trial_node(trial))

    return ForEach(list(cases), key=str, each=each, limit=given.limit, budget=budget, id="cases")


def _score_step(
    ctx: Context[EvalInput], trial: str, subject: Subject, run: Subflow[Any], case: Case
) -> Step[Any]:
    async def score_async() -> Scores:
        return as_scores(await subject.call(ctx[run], case))

    def score() -> Scores:
        return as_scores(subject.call(ctx[run], case))

    made = score_async if subject.is_async else score
    return Step(score_node(trial), made, output=Scores)
