"""What a dry run would have done, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.texts import from_json
from smithers.wire._runs import spread_json

if TYPE_CHECKING:
    from smithers.engine.dry import DryRun
    from smithers.views import Estimate
    from smithers.wire._values import Json

__all__ = ["dry_run_json"]


def dry_run_json(dry: DryRun, estimate: Estimate) -> Json:
    """Money is decimal text, in US dollars."""
    known = zip(estimate.wanted, estimate.lines, estimate.models, strict=True)
    costs = {(one.workflow, one.task, one.agent): (line, models) for one, line, models in known}
    tasks: list[Json] = []
    for one in dry.tasks:
        cost, models = costs.get((one.workflow, one.task, one.agent), (None, ()))
        tasks.append(
            {
                "workflow": one.workflow,
                "task": one.task,
                "kind": one.kind,
                "agent": one.agent or None,
                "models": list(models),
                "times": one.times,
                "cost": spread_json(cost),
            }
        )
    return {
        "version": 1,
        "workflow": dry.workflow,
        "run_id": dry.run_id,
        "made_input": None if dry.made_input is None else from_json(dry.made_input),
        "status": dry.status,
        "why": dry.why or None,
        "hint": dry.hint or None,
        "output": None if dry.output is None else from_json(dry.output),
        "calls": dry.calls,
        "timers_s": dry.timers_s,
        "without_type": list(dry.guessed),
        "tasks": tasks,
        "not_taken": [
            {
                "workflow": one.workflow,
                "task": one.task,
                "kind": one.kind,
                "agent": one.agent or None,
                "undo": one.is_undo,
            }
            for one in dry.untaken
        ],
        "cost": spread_json(estimate.total),
        "without_history": [
            one.task
            for one, line in zip(estimate.wanted, estimate.lines, strict=True)
            if line is None
        ],
    }
