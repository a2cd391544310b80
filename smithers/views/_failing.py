"""What can be done about a failed run: a reason for each failure, and what helps against it.

A command that would meet the same failure again is not offered by itself: what must change first is
its hint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from smithers import waits
from smithers.changes import Key
from smithers.naming import key_name
from smithers.texts import object_from
from smithers.values import dataclass
from smithers.views._budgets import raise_command
from smithers.views._tasks import failures
from smithers.views._words import resume_command, with_place

if TYPE_CHECKING:
    from smithers.changes import Failure
    from smithers.views._budgets import BudgetView
    from smithers.views._snapshot import Snapshot
    from smithers.views._tasks import TaskLine

__all__ = ["Reason", "describe_failure", "failure_reasons"]

_CORRECT = "correct the workflow, then resume the run"
_BUDGET_EXHAUSTED = "BudgetExhausted"
_UNDO_FAILED = "UndoFailed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One thing that holds a run, of a `kind` by which many are counted: that of a wait, `failed`,
    `tolerated`, `running`, `interrupted`, or `run`. With a `hint`, that comes before the `command`.
    `asked` and `digest` are those of an open question.
    """

    key: Key
    sentence: str
    kind: str = "run"
    command: str | None = None
    hint: str | None = None
    asked: str | None = None
    digest: str | None = None


def failure_reasons(snapshot: Snapshot, spent: Sequence[BudgetView]) -> list[Reason]:
    """The failed tasks of a failed run, or the run's own error if no task has it. `spent` are the
    budgets that are spent and that nobody has raised since.
    """
    failed = [one for one in failures(snapshot) if one.key not in snapshot.state.handled]
    if _is_final(snapshot):
        return [
            Reason(
                key=one.key, sentence=describe_failure(one), hint=_needed(one.error), kind="failed"
            )
            for one in failed
        ]
    resume = resume_command(snapshot.run)
    by_budget = [
        one for one in failed if one.error is not None and one.error.kind == _BUDGET_EXHAUSTED
    ]
    around = _budgets_around(snapshot, by_budget, spent)
    raise_ = raise_command(snapshot.run_id, around.pop()) if around else resume
    found = [
        Reason(
            key=budget.key,
            sentence=f"the budget of {key_name(budget.key)} is spent",
            command=raise_command(snapshot.run_id, budget, resumes=False),
            kind=waits.BUDGET,
        )
        for budget in around
    ]
    for one in failed:
        command, hint = (raise_, None) if one in by_budget else (resume, _needed(one.error))
        said = describe_failure(one)
        found.append(Reason(key=one.key, sentence=said, command=command, hint=hint, kind="failed"))
    whole = snapshot.state.status.error
    told = whole.message if whole is not None and whole.message else "the run failed"
    if not any(told.endswith(one.error.message) for one in failed if one.error is not None):
        said = with_place(told, None if whole is None else whole.place)
        found.insert(0, Reason(key=Key(""), sentence=said, command=resume, hint=_needed(whole)))
    return found


def _is_final(snapshot: Snapshot) -> bool:
    """Whether a failed run fails again when it is resumed: by a denial, a saga that was undone, or
    a child run that is final.
    """
    denied = set(_denied(snapshot))
    return any(
        one.key in denied or _is_undone(snapshot, one) or _is_of_final_child(snapshot, one.key)
        for one in failures(snapshot)
        if one.key not in snapshot.state.handled
    )


def _is_of_final_child(snapshot: Snapshot, key: Key) -> bool:
    child = snapshot.state.children.get(key)
    found = None if child is None else snapshot.children.get(child.run_id)
    return found is not None and found.state.run_status == "failed" and _is_final(found)


def _denied(snapshot: Snapshot) -> Iterator[Key]:
    """The approvals that a person denied; a denial because time ran out has no name in it."""
    for key, text in snapshot.state.answers.items():
        answer = object_from(text) or {}
        if answer.get("approved") is False and answer.get("by") is not None:
            yield key


def _is_undone(snapshot: Snapshot, line: TaskLine) -> bool:
    """Whether it is a saga that has undone all it could: it is final, unless an undo has failed."""
    choice = snapshot.state.choices.get((line.key, "undoing"))
    has_failed = line.error is not None and line.error.kind == _UNDO_FAILED
    return choice is not None and choice.value != "null" and not has_failed


def _needed(error: Failure | None) -> str | None:
    """What must change before the run is resumed; None if resuming it may be enough."""
    if error is None:
        return None
    if error.hint:
        return error.hint
    hint = _CORRECT if error.kind == "AuthorError" else None
    return hint


def _budgets_around(
    snapshot: Snapshot, lines: Sequence[TaskLine], spent: Sequence[BudgetView]
) -> list[BudgetView]:
    """Those budgets that are of one of the tasks, or of a container around it, in its iteration."""
    over: set[Key] = set()
    for line in lines:
        path = line.key.path
        for id in snapshot.tree.around(line.key.id):
            over.update(Key(id, path[:length]) for length in range(len(path) + 1))
        over.add(Key(""))
    return [one for one in spent if one.key in over]


def describe_failure(line: TaskLine, *, tolerated: bool = False) -> str:
    allowed = " (tolerated)" if tolerated else ""
    message = "" if line.error is None else line.error.message
    said = f"{key_name(line.key)} failed{allowed}: {message or 'no reason was given'}"
    return with_place(said, None if line.error is None else line.error.place)
