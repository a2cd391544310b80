"""Why a run stands where it stands: a sentence for each thing that holds it, and what to type."""

from __future__ import annotations

import shlex
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

from smithers import inbox, waits
from smithers.changes import Key
from smithers.naming import key_name, node_name
from smithers.reports._asks import decide_command
from smithers.reports._budgets import budgets_of, raise_command
from smithers.reports._cooldowns import cooling
from smithers.reports._database import Json, from_json, object_from, reading
from smithers.reports._exhausted import exhausted_loops, exhausted_words
from smithers.reports._failing import describe_failure, failure_reasons, reason_of
from smithers.reports._heads import Head, error_of, head_of, last_activity
from smithers.reports._tasks import Entry, Tree, Wait, open_waits, tree_of
from smithers.reports._waking import given_up
from smithers.store import Owner
from smithers.store.files import owner_log, streams_folder
from smithers.store.lease import is_gone
from smithers.store.rows import path_of, time_of
from smithers.texts import title_of

__all__ = ["clock", "why", "why_of"]

_RUNNING = (
    "SELECT serial, task, path, attempt, agent, started_at, skipped FROM attempts"
    " WHERE run_id = ? AND state IS NULL ORDER BY serial"
)
_NOTES = "SELECT kind, node, path, opened, body, at FROM inbox WHERE run_id = ? AND id > ?"


def why(path: Path, run_id: str) -> Json:
    """One honest sentence for whatever holds the run, with the command that goes on, if any does.

    Raises `UnknownRun`.
    """
    with reading(path) as db:
        head = head_of(db, run_id)
        waits = open_waits(db, head)
        return why_of(db, path, head, waits, tree_of(db, head, waits))


def why_of(db: sqlite3.Connection, path: Path, head: Head, waits: list[Wait], tree: Tree) -> Json:
    """The same of a run that is being read."""
    reasons = _Reasons(db, path, head, waits, tree).all()
    exhausted = exhausted_loops(db, head.run_id)
    return {
        "version": 1,
        "run_id": head.run_id,
        "status": head.status,
        "sentence": _sentence(head, reasons) + exhausted_words(exhausted),
        "reasons": reasons,
        "exhausted": exhausted,
    }


def clock(text: str) -> str:
    """A stored time as a person reads it: local, with the date where it is not today.

    >>> len(clock("2026-01-02T03:04:05.000000Z"))
    19
    """
    at = time_of(text).astimezone()
    today = at.date() == datetime.now().astimezone().date()
    return f"{at:%H:%M:%S}" if today else f"{at:%Y-%m-%d %H:%M:%S}"


class _Reasons:
    """Gathers the reasons of one run, in one snapshot."""

    def __init__(
        self, db: sqlite3.Connection, path: Path, head: Head, waits: list[Wait], tree: Tree
    ) -> None:
        self.db, self.path, self.head, self.waits, self.tree = db, path, head, waits, tree
        self.resume = f"smithers resume {shlex.quote(head.run_id)}"
        self.answers: dict[tuple[str, tuple[int, ...], int], Json] = {}
        self.cancel: str | None = None
        self.raised: dict[Key, Json] = {}
        self.budgets = {budget.key: budget for budget in budgets_of(db, head)}
        for kind, node, at, opened, body, when in db.execute(_NOTES, (head.run_id, head.inbox)):
            if kind == inbox.CANCEL:
                self.cancel = when
            elif kind == inbox.BUDGET:
                self.raised[Key(node, path_of(at))] = object_from(body) or {}
            elif kind == inbox.ANSWER:
                self.answers[node, path_of(at), opened] = object_from(body) or {}

    def all(self) -> list[Json]:
        head = self.head
        if head.stored == "failed":
            return self._failures()
        if head.stored == "finished":
            return [
                reason_of(
                    Key(one.id, one.path),
                    describe_failure(one, tolerated=True),
                    hint=_hint_of(one),
                    kind="tolerated",
                )
                for one in self.tree.failed
                if one.tolerated
            ]
        if head.stored == "cancelled":
            return []
        found = [
            {**self._wait(wait), "kind": wait.kind} for wait in self.waits if _is_outside(wait)
        ]
        found = [*self._given_up(), *self._attempts(), *found]
        found = found or [self._wait(wait) for wait in self.waits if not _is_outside(wait)]
        if head.status == "stale" and not any("command" in one for one in found):
            said = "nothing runs until the run is resumed"
            found.append(reason_of(Key(""), said, self.resume))
        return found

    def _failures(self) -> list[Json]:
        spent = [key for key, budget in self.budgets.items() if budget.is_spent]
        budgets = [self.budgets[key] for key in spent if key not in self.raised]
        return failure_reasons(self.db, self.head, self.tree, budgets, self.resume)

    def _given_up(self) -> list[Json]:
        """That nothing starts the run any more, and where its processes have said why."""
        if self.head.run_id not in (told := given_up(self.db, self.head.run_id)):
            return []
        said = f"`smithers supervise` gave up on the run: {told[self.head.run_id]}"
        found = reason_of(Key(""), said, self.resume)
        log = owner_log(streams_folder(self.path, self.head.run_id))
        if log.exists():
            found["hint"] = f"the output of its processes is in {log}"
        return [found]

    def _attempts(self) -> list[Json]:
        head, found = self.head, list[Json]()
        rows = self.db.execute(_RUNNING, (head.run_id,)).fetchall()
        for serial, task, at, number, agent, since, skipped in rows:
            key = Key(task, path_of(at))
            tried = f"attempt {number}, {agent}"
            if head.alive:
                heard = clock(last_activity(self.path, head, [serial]))
                said = (
                    f"{key_name(key)} has been running since {clock(since)} ({tried}),"
                    f" last activity at {heard}"
                )
                if instead := self._cooling(cooling(self.db, from_json(skipped) or ())):
                    said += f"; skipped: {instead}"
                found.append(reason_of(key, said, kind="running"))
            else:
                said = f"{key_name(key)} was running ({tried}) when {self._owner()} ended"
                found.append(reason_of(key, said, self.resume, kind="interrupted"))
        return found

    def _owner(self) -> str:
        owner = self.head.owner
        return "its process" if owner is None else f"process {owner['pid']}"

    def _wait(self, wait: Wait) -> Json:
        key, data = Key(wait.task, wait.path), wait.data
        until = "" if data["due"] is None else f" at {clock(data['due'])}"
        match wait.kind:
            case waits.APPROVAL:
                return self._approval(key, wait)
            case waits.BUDGET:
                return self._budget(key, wait)
            case waits.AGENTS:
                return self._agents(key, wait)
            case waits.ATTACHED:
                return self._attached(key, wait)
            case waits.DATA:
                return self._data(key, wait)
            case waits.RETRY:
                said = f"{key_name(key)} failed and will be retried{until}"
            case waits.COOLDOWN:
                said = f"{key_name(key)} is waiting for an agent that is over its limit{until}"
                if cools := self._cooling(data["cooling"]):
                    said += f": {cools}"
            case _:
                assert_never(wait.kind)
        return reason_of(key, said, None if self.head.alive else self.resume)

    def _agents(self, key: Key, wait: Wait) -> Json:
        missing = "; ".join(str(wait.data["asked"]).splitlines())
        said = f"{key_name(key)} is waiting for an agent to be installed or signed in: {missing}"
        hint = "install it or sign in, then resume the run"
        return reason_of(key, said, None if self.head.alive else self.resume, hint=hint)

    def _attached(self, key: Key, wait: Wait) -> Json:
        by, (id, host, pid, started) = wait.data["asked"] or "someone", wait.data["on"]
        said = (
            f"{by} has been attached to the session of {key_name(key)} since"
            f" {clock(wait.data['since'])}"
        )
        if not is_gone(Owner(id=id, host=host, pid=int(pid), started=started)):
            left = "until they exit the program there"
            return reason_of(key, f"{said}, in process {pid}, {left}")
        said = f"{said}, in process {pid}, which is no longer running"
        return reason_of(key, said, None if self.head.alive else self.resume)

    @staticmethod
    def _cooling(limits: list[Json]) -> str:
        """Who cools down until when, and why."""
        return ", ".join(
            f"{one['agent']} is cooling down until {clock(one['until'])}"
            f" ({'as reported' if one['told'] else 'no time was reported'}:"
            f" {_line(one['reason'])})"
            for one in limits
        )

    def _approval(self, key: Key, wait: Wait) -> Json:
        answer = self.answers.get((wait.task, wait.path, wait.opened))
        if answer is not None:
            word = "approved" if answer.get("approved") else "denied"
            by = answer.get("by") or "someone"
            said = f"{key_name(key)} was {word} by {by}; the run continues when it is resumed"
            if self.head.alive:
                said = f"{key_name(key)} was {word} by {by}; the running process is picking it up"
                return reason_of(key, said)
            return reason_of(key, said, self.resume)
        asked = wait.data["asked"] or ""
        title = title_of(asked)
        question = f': "{title}"' if title else ""
        due = "" if wait.data["due"] is None else f" until {clock(wait.data['due'])}"
        names = wait.data["allowed_by"]
        whom = f"{' or '.join(names)} to decide" if names else "a person's decision"
        said = (
            f"{key_name(key)} has been waiting for {whom} since"
            f" {clock(wait.data['since'])}{due}{question}"
        )
        over = wait.data["due"] is not None and time_of(wait.data["due"]) <= datetime.now(UTC)
        if over and not self.head.alive:  # a living owner goes by its own clock
            return reason_of(key, f"the time to answer {key_name(key)} is over", self.resume)
        digest = wait.data["digest"]
        command = decide_command("approve", self.head.run_id, key, digest, names)
        return {**reason_of(key, said, command), "asked": asked, "digest": digest}

    def _budget(self, key: Key, wait: Wait) -> Json:
        if (raised := self.raised.get(key)) is not None:
            said = f"the budget of {key_name(key)} was raised by {raised.get('by') or 'someone'}"
            if self.head.alive:
                return reason_of(key, f"{said}; the running process is picking it up")
            return reason_of(key, f"{said}; the run continues when it is resumed", self.resume)
        budget = self.budgets.get(key)
        command = None if budget is None else raise_command(self.head.run_id, budget)
        said = f"{wait.data['asked']}; nothing starts until a person raises it"
        return reason_of(key, said, command)

    def _data(self, key: Key, wait: Wait) -> Json:
        said = (
            f"{key_name(key)} is waiting for the output of"
            f" {', '.join(map(node_name, wait.data['on']))}"
        )
        return reason_of(key, said, None if self.head.alive else self.resume, kind=waits.DATA)


def _is_outside(wait: Wait) -> bool:
    return waits.traits(wait.kind).is_outside


def _hint_of(allowed: Entry) -> str | None:
    """The hint of a failure that is final, unless it is about resuming the run."""
    hint: str = (error_of(allowed.error) or {}).get("hint") or ""
    return None if "resum" in hint else hint


def _line(text: str, most: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def _sentence(head: Head, reasons: list[Json]) -> str:
    """The whole in one sentence."""
    run, since = head.run_id, clock(head.since)
    if head.status == "stale":
        owner = head.owner
        who = (
            "no process is running it"
            if owner is None
            else f"process {owner['pid']}, which ran it, has ended"
        )
        if head.stopped_by is not None:
            return f"{run} was stopped by {head.stopped_by} at {since}"
        return f"{run} is stale: {who}"
    if head.stored == "finished":
        number = len(reasons)
        tolerated = f", with {number} tolerated failure{'s'[: number != 1]}" if reasons else ""
        return f"{run} finished at {since}{tolerated}"
    if head.stored in ("failed", "cancelled"):
        word = "failed" if head.stored == "failed" else "was cancelled"
        return f"{run} {word} at {since}"
    if head.stored == "running":
        pid = "" if head.owner is None else f" in process {head.owner['pid']}"
        return f"{run} has been running{pid} since {since}"
    return f"{run} has been waiting since {since}; nothing is running"
