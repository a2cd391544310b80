"""What can be done about a failed run: a reason for each failure, and what helps against it.

A command that would meet the same failure again is not offered by itself: what must change first is
its hint.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from smithers import waits
from smithers.changes import Key
from smithers.naming import key_name
from smithers.reports._budgets import Budgeted, raise_command
from smithers.reports._database import Json, object_from
from smithers.reports._heads import Head
from smithers.reports._tasks import Entry, Tree
from smithers.store.rows import path_of

__all__ = ["describe_failure", "failure_reasons", "reason_of", "with_place"]

_COUNTS = (
    "NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = o.run_id AND r.node = o.node"
    " AND r.path = o.path AND r.born > o.born)"
)
_ANSWERS = (
    "SELECT o.node, o.path, o.answer FROM waits o WHERE o.run_id = ? AND o.kind = 'approval'"
    f" AND o.answer IS NOT NULL AND {_COUNTS}"
)
_DENIED = "a person's denial is final: resuming the run does not change it, start a new run"
_CORRECT = "correct the workflow, then resume the run"
_BUDGET = "BudgetExhausted"


def failure_reasons(
    db: sqlite3.Connection,
    head: Head,
    tree: Tree,
    budgets: Sequence[Budgeted],
    resume: str,
) -> list[Json]:
    """The failed tasks of a failed run, or the run's own error where no task has it. `budgets` are
    those that are spent and that nobody has raised since.
    """
    failed = [one for one in tree.failed if not one.tolerated]
    denied = set(_denied(db, head.run_id))
    if any(Key(entry.id, entry.path) in denied for entry in failed):
        return [
            reason_of(
                key,
                describe_failure(entry),
                hint=_DENIED if key in denied else None,
                kind="failed",
            )
            for entry in failed
            for key in [Key(entry.id, entry.path)]
        ]
    spent = [one for one in failed if _error(one).get("kind") == _BUDGET]
    around = _budgets_around(tree, spent, budgets)
    raise_ = raise_command(head.run_id, around.pop()) if around else resume
    found = [
        reason_of(
            budget.key,
            f"the budget of {key_name(budget.key)} is spent",
            raise_command(head.run_id, budget, resumes=False),
            kind=waits.BUDGET,
        )
        for budget in around
    ]
    for entry in failed:
        key, error, is_budget = Key(entry.id, entry.path), _error(entry), entry in spent
        command, hint = (raise_, None) if is_budget else (resume, _needed(error))
        found.append(reason_of(key, describe_failure(entry), command, hint=hint, kind="failed"))
    whole = object_from(head.error) or {}
    told = str(whole.get("message") or "the run failed")
    if not any(told.endswith(str(_error(entry).get("message"))) for entry in failed):
        said = with_place(told, whole.get("place"))
        found.insert(0, reason_of(Key(""), said, resume, hint=_needed(whole)))
    return found


def _denied(db: sqlite3.Connection, run_id: str) -> Iterator[Key]:
    """The approvals that a person denied; a denial because time ran out has no name in it."""
    for node, path, text in db.execute(_ANSWERS, (run_id,)):
        answer = object_from(text) or {}
        if not answer.get("approved") and answer.get("by") is not None:
            yield Key(node, path_of(path))


def _needed(error: Mapping[str, object]) -> str | None:
    """What must change before the run is resumed; None if resuming it may be enough."""
    if error.get("hint"):
        return str(error["hint"])
    hint = _CORRECT if error.get("kind") == "AuthorError" else None
    return hint


def _budgets_around(
    tree: Tree, entries: Sequence[Entry], budgets: Sequence[Budgeted]
) -> list[Budgeted]:
    """Those budgets that are of one of the tasks, or of a container around it, in its iteration."""
    parents = {child: outer for outer, inner in tree.children.items() for child in inner}
    over: set[tuple[str, tuple[int, ...]]] = set()
    for entry in entries:
        id: str | None = entry.id
        paths = [entry.path[:length] for length in range(len(entry.path) + 1)]
        while id is not None and (id, entry.path) not in over:
            over.update((id, path) for path in paths)
            id = parents.get(id)
        over.add(("", ()))
    return [one for one in budgets if (one.key.id, one.key.path) in over]


def reason_of(
    key: Key,
    sentence: str,
    command: str | None = None,
    *,
    hint: object = None,
    kind: str = "run",
) -> Json:
    """One thing that holds a run, of a `kind` by which many are counted: that of a wait, `failed`,
    `tolerated`, `running`, `interrupted`, or `run`. With a `hint`, that comes before the `command`.
    """
    found: Json = {
        "task": key.id or None,
        "iteration": list(key.path),
        "kind": kind,
        "sentence": sentence,
    }
    if hint:
        found["hint"] = hint
    return found if command is None else {**found, "command": command}


def describe_failure(entry: Entry, *, tolerated: bool = False) -> str:
    error = _error(entry)
    allowed = " (tolerated)" if tolerated else ""
    key = Key(entry.id, entry.path)
    said = f"{key_name(key)} failed{allowed}: {error.get('message') or 'no reason was given'}"
    return with_place(said, error.get("place"))


def _error(entry: Entry) -> Json:
    return object_from(entry.error) or {}


def with_place(said: str, place: object) -> str:
    r"""A message with the place of its error, if it has one, at the end of its first line.

    >>> with_place("they wait in a circle:\na waits for b", "flow.py:3:5")
    'they wait in a circle (at flow.py:3:5):\na waits for b'
    """
    first, newline, rest = said.partition("\n")  # the rest may be what a program wrote
    if not place:
        return said
    colon = ":" if first.endswith(":") else ""
    return f"{first.removesuffix(':')} (at {place}){colon}{newline}{rest}"
