"""The open questions of a database: what waits for a person's decision or for a larger budget."""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from smithers.changes import Key
from smithers.errors import AlreadyDecided, Refused
from smithers.naming import key_name
from smithers.reports._budgets import budgets_of, raise_command
from smithers.reports._database import Json, has_runs, reading
from smithers.reports._heads import Head, head_of, heads
from smithers.reports._tasks import COUNTING, Wait, open_waits, tree_of
from smithers.store.answers import describe_answer
from smithers.store.rows import path_of, time_of
from smithers.texts import title_of
from smithers.waits import APPROVAL, BUDGET, DECISIONS, WaitKind

__all__ = ["Question", "decide_command", "list_asks"]

_DIGEST_LENGTH = 32
"""How much of a digest a command carries: 128 bits, so that nobody finds two texts for one."""
_ASKING = (
    "SELECT run_id FROM waits WHERE ended IS NULL AND kind IN (SELECT value FROM json_each(?))"
    " GROUP BY run_id"
)
_ANSWERS = (
    "SELECT w.node, w.path, coalesce(w.answer, i.body) FROM waits w LEFT JOIN inbox i"
    " ON i.run_id = w.run_id AND i.node = w.node AND i.path = w.path AND i.opened = w.born"
    " AND i.kind = 'answer' WHERE w.run_id = ? AND w.kind = 'approval' AND "
    + COUNTING.format("w", "node")
    + " ORDER BY w.born DESC"
)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a run asks a person. `task` is None for the budget of the run as a whole, and `digest`
    that of the text, of an approval. `commands` are what a person types, without the database:
    `approve` and `deny`, or `budget`.
    """

    run_id: str
    workflow: str
    task: str | None
    iteration: tuple[int, ...]
    kind: WaitKind
    asked: str
    digest: str | None
    since: str
    due: str | None
    allowed_by: tuple[str, ...]
    commands: dict[str, str]

    @property
    def key(self) -> Key:
        return Key(self.task or "", self.iteration)

    @property
    def title(self) -> str:
        return title_of(self.asked)

    @property
    def data(self) -> Json:
        """The question as JSON data."""
        return {
            "run_id": self.run_id,
            "workflow": self.workflow,
            "task": self.task,
            "iteration": list(self.iteration),
            "kind": self.kind,
            "title": self.title,
            "asked": self.asked,
            "digest": self.digest,
            "since": self.since,
            "due": self.due,
            "allowed_by": list(self.allowed_by),
            "commands": self.commands,
        }


def decide_command(
    verb: Literal["approve", "deny"],
    run_id: str,
    key: Key,
    digest: str | None,
    allowed_by: Sequence[str] = (),
) -> str:
    """What a person types to decide a question that was read: the digest binds it to the text."""
    words = ["smithers", verb, shlex.quote(run_id), shlex.quote(str(key))]
    if allowed_by:
        words += ["--by", shlex.quote(allowed_by[0])]
    if digest:
        words += ["--digest", digest[:_DIGEST_LENGTH]]
    return " ".join(words)


def list_asks(path: Path, run_id: str | None = None, task: str | None = None) -> list[Question]:
    """The open questions of all runs, of one, or of one task of it, in the order in which the runs
    were started and in each the questions were asked. `task` may name an iteration: `review[2]`.

    Raises `UnknownRun`; for a task that asks nothing `AlreadyDecided` with the decision, or
    `Refused`.
    """
    if run_id is None and not has_runs(path) and not path.is_dir():
        return []
    with reading(path) as db:
        if run_id is None:
            asking = [one for (one,) in db.execute(_ASKING, (json.dumps(DECISIONS),))]
            return [found for head in heads(db, asking) for found in _questions(db, head)]
        head = head_of(db, run_id)
        found = list(_questions(db, head))
        if task is None:
            return found
        meant = [one for one in found if task in (one.task, str(one.key))]
        if not meant:
            raise _asks_nothing(db, head, task, found)
        return meant


def _questions(db: sqlite3.Connection, head: Head) -> Iterator[Question]:
    waits = [wait for wait in open_waits(db, head) if _is_open(head, wait)]
    is_capped = any(wait.kind == BUDGET for wait in waits)
    budgets = {one.key: one for one in budgets_of(db, head)} if is_capped else {}
    for wait in waits:
        key, data = Key(wait.task, wait.path), wait.data
        if wait.kind == APPROVAL:
            names = data["allowed_by"] or ()
            commands: dict[str, str] = {
                verb: decide_command(verb, head.run_id, key, data["digest"], names)
                for verb in _VERBS
            }
        else:
            budget = budgets.get(key)
            commands = {} if budget is None else {"budget": raise_command(head.run_id, budget)}
        yield Question(
            run_id=head.run_id,
            workflow=head.workflow,
            task=wait.task or None,
            iteration=wait.path,
            kind=wait.kind,
            asked=data["asked"] or "",
            digest=data["digest"],
            since=data["since"],
            due=data["due"],
            allowed_by=tuple(data["allowed_by"] or ()),
            commands=commands,
        )


_VERBS: tuple[Literal["approve"], Literal["deny"]] = ("approve", "deny")


def _is_open(head: Head, wait: Wait) -> bool:
    """Whether a person can still answer; a living owner goes by its own clock."""
    if wait.kind not in DECISIONS or wait.answered:
        return False
    due = wait.data["due"]
    return head.alive or not due or time_of(due) > datetime.now(UTC)


def _asks_nothing(
    db: sqlite3.Connection, head: Head, task: str, others: Sequence[Question]
) -> Refused:
    """Why there is no question of a task to be shown."""
    run_id = head.run_id
    for node, path, answer in db.execute(_ANSWERS, (run_id,)):
        key = Key(node, path_of(path))
        if answer is not None and task in (node, str(key)):
            return AlreadyDecided(
                f"{key_name(key)} of run {run_id} {describe_answer(answer)}",
                hint=f"`smithers inspect {shlex.quote(run_id)}` shows the decision",
            )
    tree = tree_of(db, head, open_waits(db, head))
    states = [one.state for one in tree.entries if task in (one.id, str(Key(one.id, one.path)))]
    names = ", ".join(shlex.quote(str(one.key)) for one in others if one.task)
    hint = f"to see what the run is waiting for, type `smithers why {shlex.quote(run_id)}`"
    if names:
        hint = f"open questions: {names}"
    elif others:
        hint = f"`smithers asks {shlex.quote(run_id)}` lists the open questions"
    if states:
        return Refused(
            f"{task} of run {run_id} has no open question; it is {states[-1]}", hint=hint
        )
    return Refused(f"{task!r} is not a task of run {run_id} with an open question", hint=hint)
