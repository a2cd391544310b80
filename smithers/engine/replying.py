"""What a person answers to the question of a run: found, validated, and put into its inbox."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from smithers import inbox, waits
from smithers.callers import AuditRow
from smithers.changes import ENDED, Key, WaitClosed
from smithers.engine.auditing import about
from smithers.engine.deciding import with_store
from smithers.engine.ending import Asked, Decided, Reply
from smithers.engine.people import Person
from smithers.engine.standing import nobody
from smithers.errors import AlreadyDecided, QuestionChanged, Refused
from smithers.forms import Form
from smithers.naming import key_name
from smithers.state import RunState, Waiting
from smithers.store import History, Note, Store
from smithers.store.answers import describe_answer
from smithers.store.sqlite import SqliteStore
from smithers.tree import clean, valid_text
from smithers.values import dataclass
from smithers.views import answer_command

__all__ = ["answer", "asks", "decide", "given_answers"]


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What a person gives, and for which question: what they were shown, or one of a digest. `by`
    is the name that they give.
    """

    person: Person
    by: str
    note: str | None
    shown: Asked | None
    digest: str | None
    audit: AuditRow | None


@dataclass(frozen=True)
class _Decision:
    """An answer that approves or denies, also where more is asked for."""

    approved: bool

    @property
    def word(self) -> str:
        return "approve" if self.approved else "deny"


def decide(
    database: Path,
    person: Person,
    run_id: str,
    task: str | None,
    *,
    approved: bool,
    by: str,
    note: str | None,
    shown: Asked | None = None,
    digest: str | None = None,
    audit: AuditRow | None = None,
) -> Decided:
    """See `Hub.decide`."""

    def value_for(key: Key, wait: Waiting) -> object:
        is_asked = wait.opened.kind in waits.DECIDED
        if not is_asked and (approved or not Form.from_row(wait.opened.form).may_deny):
            raise _wants_answer(run_id, key, wait)
        return _Decision(approved)

    given = _Given(person=person, by=by, note=note, shown=shown, digest=digest, audit=audit)
    reply = _reply(database, run_id, task, value_for, given)
    return Decided(
        run_id=run_id,
        task=reply.task,
        iteration=reply.iteration,
        approved=approved,
        by=reply.by,
        login=reply.login,
        note=reply.note,
        at=reply.at,
        asked=reply.asked,
        digest=reply.digest,
    )


def answer(
    database: Path,
    person: Person,
    run_id: str,
    task: str | None,
    *,
    value: object,
    by: str,
    note: str | None,
    shown: Asked | None = None,
    digest: str | None = None,
    audit: AuditRow | None = None,
) -> Reply:
    """See `Hub.answer`."""
    given = _Given(person=person, by=by, note=note, shown=shown, digest=digest, audit=audit)
    return _reply(database, run_id, task, lambda key, wait: value, given)


def _reply(
    database: Path,
    run_id: str,
    task: str | None,
    value_for: Callable[[Key, Waiting], object],
    given: _Given,
) -> Reply:
    """Record an answer. Raises before anything is written if it is not one."""
    _check_digest(given.digest)

    async def work(store: SqliteStore) -> Reply:
        key, wait = await _open(store, run_id, task)
        verb = "decide" if wait.opened.kind in waits.DECIDED else "answer"
        given.person.check(wait.opened.allowed_by, f"{verb} {key}", claimed=given.by)
        _check_shown(run_id, key, wait, given)
        value = value_for(key, wait)
        if not isinstance(value, _Decision):
            Form.from_row(wait.opened.form).check(value)
            value = _Decision(value == "approve") if wait.opened.kind in waits.DECIDED else value
        at = datetime.now(UTC)
        body = _body(wait.opened.digest, value, given, at)
        text = json.dumps(body, ensure_ascii=False)
        await store.offer(
            Note(
                run_id=run_id,
                kind=inbox.ANSWER,
                key=key,
                opened=wait.frame,
                body=text,
                at=at,
                audit=about(given.audit, str(key)),
            )
        )
        return Reply(
            run_id=run_id,
            task=key.id,
            iteration=key.path,
            answer=value.word if isinstance(value, _Decision) else value,
            by=str(body["by"]),
            login=str(body["login"]),
            note=cast("str | None", body["note"]),
            at=str(body["at"]),
            asked=wait.opened.asked or "",
            digest=wait.opened.digest or "",
        )

    return with_store(database, run_id, work)


def _body(digest: str | None, value: object, given: _Given, at: datetime) -> dict[str, Any]:
    """The row of an answer; that of a decision says whether it is approved."""
    told: dict[str, Any] = (
        {"approved": value.approved} if isinstance(value, _Decision) else {"value": clean(value)}
    )
    return {
        **told,
        "by": valid_text(given.by),
        "login": valid_text(given.person.name),
        "note": None if given.note is None else valid_text(given.note),
        "at": at.isoformat().replace("+00:00", "Z"),
        "digest": digest,
    }


def asks(database: Path, run_id: str, task: str | None) -> Asked:
    """See `Hub.asks`."""

    async def work(store: SqliteStore) -> Asked:
        key, wait = await _open(store, run_id, task)
        return _asked(run_id, key, wait)

    return with_store(database, run_id, work)


def _asked(run_id: str, key: Key, wait: Waiting) -> Asked:
    opened = wait.opened
    return Asked(
        run_id=run_id,
        task=key.id,
        iteration=key.path,
        opened=wait.frame,
        asked=opened.asked or "",
        digest=opened.digest or "",
        due=None if opened.due is None else opened.due.isoformat(),
        allowed_by=tuple(opened.allowed_by),
        form=Form.from_row(opened.form),
    )


async def _open(store: Store, run_id: str, task: str | None) -> tuple[Key, Waiting]:
    """The open question that is meant. Raises `Refused`."""
    history = await store.waits(run_id)
    given = await given_answers(store, history)
    state = RunState.of(history.frames)
    asked = {key: wait for (key, kind), wait in state.waits.items() if kind in waits.ASKING}
    waiting = {key: wait for key, wait in asked.items() if (key, wait.frame) not in given}
    meant = {key: wait for key, wait in waiting.items() if task is None or task in _names(key)}
    if len(meant) == 1:
        return next(iter(meant.items()))
    if meant:
        names = ", ".join(_names(key)[-1] for key in sorted(meant))
        raise Refused(
            f"several questions of run {run_id} are open: {names}",
            hint=f"name one of them after the run: {_quoted(meant)}",
        )
    for key, wait in asked.items():
        if (task is None or task in _names(key)) and (key, wait.frame) in given:
            raise _taken(run_id, str(key), given[key, wait.frame])
    if task is not None:
        history = await store.about(run_id, task)
    if (answered := _answered(history, task)) is not None:
        raise _taken(run_id, *answered)
    hint = f"to see what the run is waiting for, type `smithers why {run_id}`"
    if waiting:
        hint = f"name one that is open: {_quoted(waiting)}"
    raise Refused(_no_question(RunState.of(history.frames), run_id, task), hint=hint)


def _names(key: Key) -> tuple[str, ...]:
    """How a person may name what asks."""
    return (key.id, str(key)) if key.id else (key_name(key),)


def _no_question(state: RunState, run_id: str, task: str | None) -> str:
    """Why a run has no such open question. The state is right about what the name may mean."""
    for key, ended in state.ended.items():
        if task in (key.id, str(key)) and ended.error is not None:
            return f"{task} of run {run_id} {ended.outcome}: {ended.error.message}"
    if state.run_status in ENDED:
        return f"run {run_id} has ended: it is {state.run_status}"
    if task is None:
        return f"nothing of run {run_id} is waiting for an answer"
    ids = [task, *([task[: task.index("[")]] if "[" in task else [])]
    if any(id in state.nodes for id in ids):
        return f"{task} of run {run_id} has no open question"
    return f"run {run_id} has no question {task!r}"


def _quoted(keys: Iterable[Key]) -> str:
    """Nodes and iterations as they are typed in a shell."""
    return ", ".join(shlex.quote(_names(key)[-1]) for key in sorted(keys))


async def given_answers(store: Store, history: History) -> dict[tuple[Key, int | None], str]:
    """The answers in the inbox that no frame has taken, by question; the first of each counts."""
    taken = history.frames[-1].inbox
    notes = await store.inbox(nobody(history.run.run_id), taken)
    return {
        (note.key, note.opened): note.body
        for note in reversed(notes)
        if note.kind == inbox.ANSWER and note.key is not None
    }


def _answered(history: History, task: str | None) -> tuple[str, str] | None:
    """The last question that was answered, and its answer."""
    for frame in reversed(history.frames):
        for change in frame.changes:
            if not isinstance(change, WaitClosed) or change.kind not in waits.ASKING:
                continue
            if change.answer and (task is None or task in (change.key.id, str(change.key))):
                return str(change.key), change.answer
    return None


def _taken(run_id: str, key: str, body: str) -> AlreadyDecided:
    said = f"{key} of run {run_id} {describe_answer(body)}"
    return AlreadyDecided(said, hint="the first answer counts")


def _check_digest(digest: str | None) -> None:
    if digest is not None and not re.fullmatch(r"[0-9a-fA-F]{8,64}", digest):
        raise Refused(
            f"{digest!r} is not a digest or the first 8 or more characters of one",
            hint="`smithers asks` shows the digest of each question",
        )


def _check_shown(run_id: str, key: Key, wait: Waiting, given: _Given) -> None:
    """The question is the one that the person has read."""
    if given.shown is not None and given.shown != _asked(run_id, key, wait):
        raise _changed(run_id, key, "has changed since it was shown")
    digest = given.digest
    if digest is not None and not (wait.opened.digest or "").startswith(digest.lower()):
        raise _changed(run_id, key, f"does not match digest {digest}")


def _changed(run_id: str, key: Key, how: str) -> QuestionChanged:
    look = f"smithers asks {shlex.quote(run_id)} {shlex.quote(_names(key)[-1])}"
    return QuestionChanged(
        f"the question of {key} of run {run_id} {how}; nothing was recorded",
        hint=f"read the question with `{look}`, then answer it",
    )


def _wants_answer(run_id: str, key: Key, wait: Waiting) -> Refused:
    """A person approves or denies what asks for more."""
    opened = wait.opened
    form = Form.from_row(opened.form)
    command = answer_command(run_id, key, opened.digest, form)
    return Refused(
        f"{key} of run {run_id} asks for an answer ({form.type}), not for a decision",
        hint=f"answer it with `{command}`",
    )
