"""What can be done about a failed run: a reason for each failure, and what helps against it.

A command that would meet the same failure again is not offered by itself: what must change first is
its hint.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from smithers.changes import Key
from smithers.reports._budgets import Budgeted, raise_command
from smithers.reports._database import Json, object_from
from smithers.reports._heads import Head
from smithers.reports._tasks import Entry, Tree
from smithers.store.rows import path_of

__all__ = ["describe_failure", "failure_reasons", "reason_of"]

_COUNTS = (
    "NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = o.run_id AND r.node = o.node"
    " AND r.path = o.path AND r.born > o.born)"
)
_ANSWERS = (
    "SELECT o.node, o.path, o.answer FROM waits o WHERE o.run_id = ? AND o.kind = 'approval'"
    f" AND o.answer IS NOT NULL AND {_COUNTS}"
)
_DENIED = "a person's denial is final: resuming the run does not help, start a new one"
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
    is_final = any(Key(entry.id, entry.path) in denied for entry in failed)
    found: list[Json] = []
    for entry in failed:
        key, error = Key(entry.id, entry.path), _error(entry)
        said = describe_failure(entry)
        if is_final:
            hint = error.get("hint") or (_DENIED if key in denied else None)
            found.append(reason_of(key, said, hint=hint))
        elif error.get("kind") == _BUDGET:
            around = [one for one in budgets if _is_around(tree, one.key, key)]
            found += _raises(key, said, head.run_id, around, resume)
        else:
            found.append(reason_of(key, said, resume, hint=_needed(error)))
    error = object_from(head.error) or {}
    told = str(error.get("message") or "the run failed")
    if not any(told.endswith(str(_error(entry).get("message"))) for entry in failed):
        said = _where(told, error)
        found.insert(0, reason_of(Key(""), said, resume, hint=_needed(error)))
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
    return _CORRECT if error.get("kind") == "AuthorError" else None


def _is_around(tree: Tree, outer: Key, key: Key) -> bool:
    """Whether a node is `key` or a container around it, in the same iteration of its loops."""
    if outer.path != key.path[: len(outer.path)]:
        return False
    if outer.id in ("", key.id):
        return True
    return any(_is_around(tree, outer, Key(id, key.path)) for id in tree.parents(key.id))


def _raises(
    key: Key, said: str, run_id: str, budgets: Sequence[Budgeted], resume: str
) -> list[Json]:
    """The commands that raise each spent budget; the last of them resumes the run."""
    if not budgets:
        return [reason_of(key, said, resume)]
    commands = [
        raise_command(run_id, budget, resumes=number == len(budgets))
        for number, budget in enumerate(budgets, 1)
    ]
    more = [
        reason_of(key, f"the budget of {budget.key} is spent as well", command)
        for budget, command in zip(budgets[1:], commands[1:], strict=True)
    ]
    return [reason_of(key, said, commands[0]), *more]


def reason_of(key: Key, sentence: str, command: str | None = None, *, hint: object = None) -> Json:
    """One thing that holds a run. With a `hint`, that comes before the `command`."""
    found: Json = {"task": key.id or None, "iteration": list(key.path), "sentence": sentence}
    if hint:
        found["hint"] = hint
    return found if command is None else {**found, "command": command}


def describe_failure(entry: Entry, *, tolerated: bool = False) -> str:
    error = _error(entry)
    allowed = ", which its author allows" if tolerated else ""
    key = Key(entry.id, entry.path)
    return _where(f"{key} failed{allowed}: {error.get('message') or 'no reason was told'}", error)


def _error(entry: Entry) -> Json:
    return object_from(entry.error) or {}


def _where(said: str, error: Mapping[str, object]) -> str:
    return f"{said} (at {error['place']})" if error.get("place") else said
