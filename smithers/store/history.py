"""A run's rows read back as the frames that were committed: the inverse of `rows`.

The text of a large output is not read with its frame; `outputs` reads it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Literal, get_args

from smithers.amounts import Amounts
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    BudgetRaised,
    BudgetSet,
    CameUp,
    ChoiceGone,
    ChoiceMade,
    ContainerEnded,
    ContainerReopened,
    Failure,
    FailureHandled,
    Frame,
    Key,
    Large,
    MessageGiven,
    MessageTaken,
    NodeGone,
    NodeMounted,
    Outcome,
    ReadMade,
    Reset,
    SentBack,
    SessionSeen,
    Settled,
    SignalGiven,
    SignalTaken,
    StatusChanged,
    UsageCounted,
    WaitClosed,
    WaitKind,
    WaitOpened,
)
from smithers.errors import StoreError
from smithers.store.asked import LAST, AskedFrames
from smithers.store.rows import path_of, time_of

__all__ = ["LAST", "PARTS", "Part", "frames_of", "last_frame", "parts_of"]

Part = Literal[
    "tree",
    "tasks",
    "ends",
    "attempts",
    "samples",
    "choices",
    "waits",
    "budgets",
    "messages",
    "signals",
    "resets",
    "statuses",
]
"""A group of tables that are read together; `samples` are sessions and usage."""
PARTS: tuple[Part, ...] = get_args(Part)

_WAITS, _OUTCOMES = frozenset(get_args(WaitKind)), frozenset(get_args(Outcome))
_HEADS = (
    "SELECT frame, at, inbox FROM frames WHERE run_id = :run AND frame BETWEEN :first AND :last"
)
_NEWEST = "SELECT max(frame) FROM frames WHERE run_id = :run AND frame <= :last"
_CHOSEN = (  # each is looked up: one condition more, and all frames are walked
    "SELECT frame, at, inbox FROM frames WHERE run_id = :run"
    " AND frame IN (SELECT value FROM json_each(:frames)) ORDER BY frame"
)
_BORN = " AND {0}born BETWEEN :first AND :last"
_BORN_OR = " AND ({0}born BETWEEN :first AND :last OR {0}{1} BETWEEN :first AND :last)"


class _Keys(dict[tuple[str, str], Key]):
    """One `Key` for each id and path, made when it is first met."""

    def __missing__(self, told: tuple[str, str]) -> Key:
        key = self[told] = Key(told[0], path_of(told[1]))
        return key


def frames_of(
    db: sqlite3.Connection, run_id: str, *, first: int = 0, last: int = LAST
) -> tuple[Frame, ...]:
    """The frames of a run in order, or some of them; to be called inside one transaction.

    A frame's changes come in the order of the tables and their keys, not as they were given.
    """
    frames = AskedFrames(run_id, first, last)
    heads = db.execute(_HEADS + " ORDER BY frame", frames.asked).fetchall()
    frames.update((number, []) for number, _, _ in heads)
    _read(db, frames, PARTS)
    return _made(frames, heads)


def last_frame(db: sqlite3.Connection, run_id: str) -> int:
    """The number of the last frame of a run, -1 if it has none."""
    (last,) = db.execute("SELECT max(frame) FROM frames WHERE run_id = ?", (run_id,)).fetchone()
    return -1 if last is None else int(last)


def last_fence(db: sqlite3.Connection, run_id: str) -> int | None:
    """The fence under which the last frame of a run was written; None if it has no frame."""
    sql = "SELECT fence FROM frames WHERE run_id = ? ORDER BY frame DESC LIMIT 1"
    row = db.execute(sql, (run_id,)).fetchone()
    return None if row is None else int(row[0])


def parts_of(
    db: sqlite3.Connection,
    run_id: str,
    parts: Collection[Part],
    *,
    last: int = LAST,
    keys: Collection[Key] | None = None,
    ids: Collection[str] = (),
) -> tuple[Frame, ...]:
    """The changes of some kinds alone, in the frames that have any, and the last frame. So a long
    run costs what is asked of it. With `keys`, only those of these nodes, those of the tree with
    these `ids`, and the last status.
    """
    frames = AskedFrames(run_id, 0, last, keeps=True, keys=keys, ids=ids)
    _read(db, frames, parts)
    newest = db.execute(_NEWEST, frames.asked).fetchone()
    asked = {**frames.asked, "frames": json.dumps([*frames, *newest])}
    return _made(frames, db.execute(_CHOSEN, asked).fetchall())


def _read(db: sqlite3.Connection, frames: AskedFrames, parts: Collection[Part]) -> None:
    keys = _Keys()
    for part in PARTS:
        if part in parts:
            _READERS[part](db, frames, keys)


def _made(frames: AskedFrames, heads: list[tuple[int, str, int]]) -> tuple[Frame, ...]:
    return tuple(
        Frame(number=number, at=time_of(at), changes=tuple(frames[number]), inbox=inbox)
        for number, at, inbox in heads
    )


def _unknown(frames: AskedFrames, table: str, column: str, value: str) -> StoreError:
    run = frames.asked["run"]
    return StoreError(
        f"run {run} has a row in `{table}` with {column} {value!r}, which is unknown",
        hint="restore the database from a copy: no version of Smithers writes such a row",
    )


def _failure(text: str | None) -> Failure | None:
    return None if text is None else Failure(**json.loads(text))


def _names(text: str) -> tuple[str, ...]:
    return () if text == "[]" else tuple(json.loads(text))


def _read_tree(db: sqlite3.Connection, frames: AskedFrames, keys: _Keys) -> None:
    rows = db.execute(
        "SELECT id, born, kind, parent, place, gone FROM tree WHERE run_id = :run"
        + _BORN_OR.format("", "gone")
        + frames.of_ids("id")
        + " ORDER BY id, born",
        frames.asked,
    )
    for id, born, kind, parent, place, gone in rows:
        frames[born].append(NodeMounted(id=id, kind=kind, parent=parent, place=place))
        if gone is not None:
            frames[gone].append(NodeGone(id=id))


def _read_tasks(db: sqlite3.Connection, frames: AskedFrames, keys: _Keys) -> None:
    rows = db.execute(
        "SELECT t.task, t.path, t.born, t.up, t.ended, t.state, t.error, t.set_by,"
        " CASE WHEN l.bytes IS NULL THEN o.json END, l.bytes, l.digest, o.model, o.type"
        " FROM tasks t LEFT JOIN outputs o ON o.run_id = t.run_id AND o.task = t.task"
        " AND o.path = t.path AND o.born = t.ended LEFT JOIN large_outputs l"
        " ON l.run_id = t.run_id AND l.task = t.task AND l.path = t.path AND l.born = t.ended"
        " WHERE t.run_id = :run"
        + _BORN_OR.format("t.", "ended")
        + frames.of_keys("t.task", "t.path")
        + " ORDER BY t.task, t.path, t.born",
        frames.asked,
    )
    for task, path, born, up, ended, state, error, set_by, *given in rows:
        key, (text, size, digest, model, type) = keys[task, path], given
        if up:
            frames[born].append(CameUp(key=key))
        if ended is not None:
            settled = Settled(
                key=key,
                outcome=state,
                error=_failure(error),
                output=text if size is None else Large(size, digest),
                model=model,
                type=type,
                came_up=born if up else None,
                set_by=set_by,
            )
            frames[ended].append(settled)
    rows = db.execute(
        "SELECT node, path, born FROM handled WHERE run_id = :run"
        + _BORN.format("")
        + frames.of_keys("node", "path")
        + " ORDER BY node, path, born",
        frames.asked,
    )
    for node, path, born in rows:
        frames[born].append(FailureHandled(key=keys[node, path]))


def _read_ends(db: sqlite3.Connection, frames: AskedFrames, keys: _Keys) -> None:
    rows = db.execute(
        "SELECT node, path, born, state, gone FROM ends WHERE run_id = :run"
        + _BORN_OR.format("", "gone")
        + " ORDER BY node, path, born",
        frames.asked,
    )
    for node, path, born, state, gone in rows:
        if state not in _OUTCOMES:
            raise _unknown(frames, "ends", "state", state)
        key = keys[node, path]
        frames[born].append(ContainerEnded(key=key, outcome=state))
        if gone is not None:
            frames[gone].append(ContainerReopened(key=key))


def _read_attempts(db: sqlite3.Connection, frames: AskedFrames, keys: _Keys) -> None:
    rows = db.execute(
        "SELECT serial, task, path, attempt, born, agent, prompt, session, started_at, skipped,"
        " fingerprint, origin, ended, state, error, ended_at, turn FROM attempts"
        " WHERE run_id = :run"
        + _BORN_OR.format("", "ended")
        + frames.of_keys("task", "path")
        + " ORDER BY serial",
        frames.asked,
    )
    for serial, task, path, number, born, agent, prompt, session, at, skipped, *rest in rows:
        fingerprint, origin, *end = rest
        started = AttemptStarted(
            serial=serial,
            key=keys[task, path],
            number=number,
            agent=agent,
            prompt=prompt,
            session=session,
            at=time_of(at),
            skipped=() if skipped is None else _names(skipped),
            fingerprint=fingerprint,
            origin=origin,
        )
        frames[born].append(started)
        ended, state, error, ended_at, turn = end
        if ended is not None:
            failure, at = _failure(error), time_of(ended_at)
            frames[ended].append(
                AttemptEnded(serial=serial, state=state, error=failure, at=at, turn=turn)
            )


def _read_samples(db: sqlite3.Connection, frames: AskedFrames, keys: _Keys) -> None:
    chosen = frames.of_serials("serial")
    rows = db.execute(
        "SELECT serial, born, session FROM sessions WHERE run_id = :run"
        + _BORN.format("")
        + chosen
        + " ORDER BY serial, born, n",
        frames.asked,
    )
    for serial, born, session in rows:
        frames[born].append(SessionSeen(serial=serial, session=session))
    rows = db.execute(
        "SELECT serial, born, tokens_in, tokens_out, tokens_cached, cost_usd, model, calls"
        " FROM usage WHERE run_id = :run" + _BORN.format("") + chosen + " ORDER BY serial, born, n",
        frames.asked,
    )
    for serial, born, tokens_in, tokens_out, tokens_cached, cost, model, calls in rows:
        counted = UsageCounted(
            serial=serial,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            tokens_cached=tokens_cached,
            cost=None if cost is None else Decimal(cost),
            model=model,
            calls=calls,
        )
        frames[born].append(counted)


def _read_choices(db: sqlite3.Connection, frames: AskedFrames, keys: _Keys) -> None:
    rows = db.execute(
        "SELECT node, path, kind, born, value, children, gone FROM choices WHERE run_id = :run"
        + _BORN_OR.format("", "gone")
        + frames.of_keys("node", "path")
        + " ORDER BY node, path, kind, born",
        frames.asked,
    )
    for node, path, kind, born, value, children, gone in rows:
        key = keys[node, path]
        frames[born].append(ChoiceMade(key=key, kind=kind, value=value, children=children))
        if gone is not None:
            frames[gone].append(ChoiceGone(key=key, kind=kind, made=born))
    rows = db.execute(
        "SELECT reader, reader_path, born, source, source_path, at FROM reads WHERE run_id = :run"
        + _BORN.format("")
        + frames.of_keys("reader", "reader_path")
        + " ORDER BY reader, reader_path, born, source, source_path, at",
        frames.asked,
    )
    for reader, path, born, source, source_path, at in rows:
        read = ReadMade(reader=keys[reader, path], source=keys[source, source_path], at=at)
        frames[born].append(read)


def _read_resets(db: sqlite3.Connection, frames: AskedFrames, keys: _Keys) -> None:
    rows = db.execute(
        "SELECT node, path, born, cause FROM resets WHERE run_id = :run"
        + _BORN.format("")
        + frames.of_keys("node", "path")
        + " ORDER BY node, path, born",
        frames.asked,
    )
    for node, path, born, cause in rows:
        frames[born].append(_reset(keys[node, path], cause))


def _reset(key: Key, cause: str | None) -> Reset:
    if cause is None:
        return Reset(key=key)
    told = json.loads(cause)
    if told.get("anew"):
        return Reset(key=key, anew=True)
    sender = Key(told["node"], tuple(told["path"]))
    return Reset(key=key, cause=SentBack(key=sender, by=told["by"], note=told["note"]))


def _read_waits(db: sqlite3.Connection, frames: AskedFrames, keys: _Keys) -> None:
    rows = db.execute(
        "SELECT node, path, kind, born, due, asked, digest, waits_on, allowed_by, ended, answer,"
        " form FROM waits WHERE run_id = :run"
        + _BORN_OR.format("", "ended")
        + frames.of_keys("node", "path")
        + " ORDER BY node, path, kind, born",
        frames.asked,
    )
    for node, path, kind, born, due, asked, digest, on, allowed_by, ended, answer, form in rows:
        if kind not in _WAITS:
            raise _unknown(frames, "waits", "kind", kind)
        key = keys[node, path]
        opened = WaitOpened(
            key=key,
            kind=kind,
            due=None if due is None else time_of(due),
            asked=asked,
            digest=digest,
            on=_names(on),
            allowed_by=_names(allowed_by),
            form=form,
        )
        frames[born].append(opened)
        if ended is not None:
            frames[ended].append(WaitClosed(key=key, kind=kind, opened=born, answer=answer))


def _read_budgets(db: sqlite3.Connection, frames: AskedFrames, keys: _Keys) -> None:
    rows = db.execute(
        "SELECT node, path, born, kind, amounts FROM budgets WHERE run_id = :run"
        + _BORN.format("")
        + " ORDER BY born, n",
        frames.asked,
    )
    for node, path, born, kind, amounts in rows:
        key, told = keys[node, path], json.loads(amounts)
        if kind == "raised":
            added, at = Amounts.from_data(told), time_of(told["at"])
            frames[born].append(BudgetRaised(key=key, added=added, by=told["by"], at=at))
        elif told is None:
            frames[born].append(BudgetSet(key=key, caps=None))
        else:
            caps, ends = Amounts.from_data(told), told["on_exhausted"]
            frames[born].append(BudgetSet(key=key, caps=caps, on_exhausted=ends))


def _read_messages(db: sqlite3.Connection, frames: AskedFrames, keys: _Keys) -> None:
    rows = db.execute(
        "SELECT id, task, path, born, text, said_by, said_at, ended, serial FROM messages"
        " WHERE run_id = :run" + _BORN_OR.format("", "ended") + " ORDER BY id",
        frames.asked,
    )
    for id, task, path, born, text, by, at, ended, serial in rows:
        taken = MessageTaken(id=id, key=keys[task, path], text=text, by=by, at=time_of(at))
        frames[born].append(taken)
        if ended is not None:
            frames[ended].append(MessageGiven(id=id, serial=serial))


def _read_signals(db: sqlite3.Connection, frames: AskedFrames, keys: _Keys) -> None:
    rows = db.execute(
        "SELECT number, born, id, event, correlation, data, sent_by, sent_at, ended, node, path,"
        " misfit FROM signals WHERE run_id = :run" + _BORN_OR.format("", "ended"),
        frames.asked,
    )
    for number, born, id, event, correlation, data, by, at, ended, node, path, misfit in rows:
        given = SignalGiven(
            number=number,
            id=id,
            event=event,
            correlation=correlation,
            data=data,
            by=by,
            at=time_of(at),
        )
        frames[born].append(given)
        if ended is not None:
            key = keys[node, path]
            frames[ended].append(SignalTaken(number=number, key=key, misfit=misfit))


def _read_statuses(db: sqlite3.Connection, frames: AskedFrames, keys: _Keys) -> None:
    rows = db.execute(
        "SELECT born, status, error, output, stopped_by, next_run FROM statuses"
        " WHERE run_id = :run"
        + _BORN.format("")
        + (" ORDER BY born DESC LIMIT 1" if frames.is_part else ""),
        frames.asked,
    )
    for born, status, error, output, stopped_by, next_run in rows:
        changed = StatusChanged(
            status=status,
            error=_failure(error),
            output=output,
            stopped_by=stopped_by,
            next_run=next_run,
        )
        frames[born].append(changed)


_READERS: dict[Part, Callable[[sqlite3.Connection, AskedFrames, _Keys], None]] = {
    "tree": _read_tree,
    "tasks": _read_tasks,
    "ends": _read_ends,
    "attempts": _read_attempts,
    "samples": _read_samples,
    "choices": _read_choices,
    "waits": _read_waits,
    "budgets": _read_budgets,
    "messages": _read_messages,
    "signals": _read_signals,
    "resets": _read_resets,
    "statuses": _read_statuses,
}
