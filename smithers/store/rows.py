"""Changes as rows, and rows as changes again.

`rows_of` and `write` put a frame into the tables; `frames_of` reads a run back. Each change knows
its table alone, so the order of the changes of a frame does not matter. Within a frame ends of
older nodes come first, then births, then ends: a node may leave and join, and a task come up and
settle, in the same frame. Where a row is filled, exactly one unfilled row must be there; otherwise
the frame is refused, since a fact would be lost.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    BudgetRaised,
    BudgetSet,
    CameUp,
    Change,
    ChoiceGone,
    ChoiceMade,
    ContainerEnded,
    ContainerReopened,
    Failure,
    FailureHandled,
    Frame,
    Large,
    MessageGiven,
    MessageTaken,
    NodeGone,
    NodeMounted,
    ReadMade,
    Reset,
    SessionSeen,
    Settled,
    SignalGiven,
    SignalTaken,
    StatusChanged,
    UsageCounted,
    WaitClosed,
    WaitOpened,
)
from smithers.errors import StoreError

__all__ = ["has_status", "path_of", "path_text", "rows_of", "time_of", "time_text", "write"]

Row = tuple[object, ...]
Rows = defaultdict[str, list[Row]]

_GONE = (
    "UPDATE tree SET gone = ? WHERE run_id = ? AND id = ? AND gone IS NULL AND born ="
    " (SELECT max(t.born) FROM tree t WHERE t.run_id = tree.run_id AND t.id = tree.id"
    " AND t.born < ?)"
)
_TREE = "INSERT INTO tree (run_id, id, born, kind, parent, place) VALUES (?, ?, ?, ?, ?, ?)"
_TASK = (
    "INSERT INTO tasks (run_id, task, path, born, up, ended, state, error, set_by)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_TASK_END = (
    "UPDATE tasks SET ended = ?, state = ?, error = ?, set_by = ?"
    " WHERE run_id = ? AND task = ? AND path = ? AND born = ? AND ended IS NULL"
)
_OUTPUT = (
    "INSERT INTO outputs (run_id, task, path, born, model, json, type) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_LARGE = (
    "INSERT INTO large_outputs (run_id, task, path, born, bytes, digest) VALUES (?, ?, ?, ?, ?, ?)"
)
_REOPENED = (
    "UPDATE ends SET gone = ? WHERE run_id = ? AND node = ? AND path = ? AND gone IS NULL"
    " AND born < ?"
)
_END = "INSERT INTO ends (run_id, node, path, born, state) VALUES (?, ?, ?, ?, ?)"
_HANDLED = "INSERT INTO handled (run_id, node, path, born) VALUES (?, ?, ?, ?)"
_ATTEMPT = (
    "INSERT INTO attempts"
    " (run_id, serial, task, path, attempt, born, agent, prompt, session, started_at, skipped,"
    " fingerprint, origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ATTEMPT_END = (
    "UPDATE attempts SET ended = ?, state = ?, error = ?, ended_at = ?, turn = ?"
    " WHERE run_id = ? AND serial = ? AND ended IS NULL"
)
_SESSION = "INSERT INTO sessions (run_id, serial, born, n, session) VALUES (?, ?, ?, ?, ?)"
_USAGE = (
    "INSERT INTO usage (run_id, serial, born, n, tokens_in, tokens_out, tokens_cached, cost_usd,"
    " model, calls) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_CHOICE = (
    "INSERT INTO choices (run_id, node, path, kind, born, value, children)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_CHOICE_GONE = (
    "UPDATE choices SET gone = ?"
    " WHERE run_id = ? AND node = ? AND path = ? AND kind = ? AND born = ? AND gone IS NULL"
)
_READ = (
    "INSERT OR IGNORE INTO reads (run_id, reader, reader_path, born, source, source_path, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_WAIT = (
    "INSERT INTO waits (run_id, node, path, kind, born, due, asked, digest, waits_on, allowed_by,"
    " form) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_WAIT_END = (
    "UPDATE waits SET ended = ?, answer = ?"
    " WHERE run_id = ? AND node = ? AND path = ? AND kind = ? AND born = ? AND ended IS NULL"
)
_BUDGET = (
    "INSERT INTO budgets (run_id, node, path, born, n, kind, amounts) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_MESSAGE = (
    "INSERT INTO messages (run_id, id, task, path, born, text, said_by, said_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_MESSAGE_END = (
    "UPDATE messages SET ended = ?, serial = ? WHERE run_id = ? AND id = ? AND ended IS NULL"
)
_SIGNAL = (
    "INSERT INTO signals (run_id, number, born, id, event, correlation, data, sent_by, sent_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SIGNAL_END = (
    "UPDATE signals SET ended = ?, node = ?, path = ?, misfit = ?"
    " WHERE run_id = ? AND number = ? AND ended IS NULL"
)
_RESET = "INSERT INTO resets (run_id, node, path, born, cause) VALUES (?, ?, ?, ?, ?)"
_STATUS = (
    "INSERT INTO statuses (run_id, born, status, error, output, stopped_by, next_run)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)

_ANEW = '{"anew": true}'

_IN_ORDER = (
    *(_GONE, _REOPENED, _CHOICE_GONE, _TREE, _TASK, _OUTPUT, _ATTEMPT, _SESSION, _USAGE, _CHOICE),
    *(_READ, _WAIT, _RESET, _LARGE, _HANDLED, _END, _BUDGET, _MESSAGE, _STATUS, _SIGNAL),
    *(_TASK_END, _ATTEMPT_END, _WAIT_END, _MESSAGE_END, _SIGNAL_END),
)
_PLACES = {sql: place for place, sql in enumerate(_IN_ORDER)}
_FILLS = {
    _GONE: "a node that left",
    _REOPENED: "a container that was reopened",
    _CHOICE_GONE: "a choice that no longer counts",
    _TASK_END: "a task that settled",
    _ATTEMPT_END: "an attempt that ended",
    _WAIT_END: "a wait that closed",
    _MESSAGE_END: "a message that was given",
    _SIGNAL_END: "a signal that was taken",
}


def path_text(path: tuple[int, ...]) -> str:
    """An iteration path as it stands in a row.

    >>> path_text((2, 0)), path_text(())
    ('2.0', '')
    """
    return ".".join(map(str, path)) if path else ""


def path_of(text: str) -> tuple[int, ...]:
    """The inverse of `path_text`.

    >>> path_of("2.0"), path_of("")
    ((2, 0), ())
    """
    return tuple(map(int, text.split("."))) if text else ()


@lru_cache(maxsize=64)
def time_text(at: datetime) -> str:
    """An aware time as ISO 8601 text in UTC, of one width, so that text sorts as time does.

    >>> time_text(datetime(2026, 1, 2, tzinfo=UTC))
    '2026-01-02T00:00:00.000000Z'
    """
    if at.tzinfo is None:
        raise ValueError(f"a time without a time zone cannot be stored: {at}")
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def time_of(text: str) -> datetime:
    """The inverse of `time_text`."""
    return datetime.fromisoformat(text)


def rows_of(run_id: str, frame: Frame) -> Rows:
    """The rows of a frame by the statement that writes them."""
    rows: Rows = defaultdict(list)  # a `list[Row]` takes five times as long to make one
    for change in frame.changes:
        _PUT[type(change)](rows, run_id, frame.number, change)
    return rows


def has_status(rows: Rows) -> bool:
    """Whether the run has another status with these rows."""
    return _STATUS in rows


def write(db: sqlite3.Connection, rows: Mapping[str, list[Row]]) -> None:
    """Write the rows of a frame. Raises `StoreError` where a row to be filled is not there."""
    for sql in sorted(rows, key=_PLACES.__getitem__):
        todo = rows[sql]
        one = len(todo) == 1
        done = (db.execute(sql, todo[0]) if one else db.executemany(sql, todo)).rowcount
        if sql in _FILLS and done != len(todo):
            what = f"the frame contains {_FILLS[sql]}, which has no open row"
            raise StoreError(f"{what}: {todo}", hint="this is a bug in Smithers")


def _error_text(error: Failure | None) -> str | None:
    return None if error is None else json.dumps(error.to_json(), ensure_ascii=False)


def _put_mounted(rows: Rows, run: str, k: int, change: NodeMounted) -> None:
    rows[_TREE].append((run, change.id, k, change.kind, change.parent, change.place))


def _put_gone(rows: Rows, run: str, k: int, change: NodeGone) -> None:
    rows[_GONE].append((k, run, change.id, k))


def _put_up(rows: Rows, run: str, k: int, change: CameUp) -> None:
    id, path = change.key
    rows[_TASK].append((run, id, path_text(path), k, 1, None, None, None, None))


def _put_settled(rows: Rows, run: str, k: int, change: Settled) -> None:
    id, path = change.key[0], path_text(change.key[1])
    error = _error_text(change.error)
    if change.came_up is None:
        rows[_TASK].append((run, id, path, k, 0, k, change.outcome, error, change.set_by))
    else:
        ended = (k, change.outcome, error, change.set_by)
        rows[_TASK_END].append((*ended, run, id, path, change.came_up))
    if (output := change.output) is not None:
        if isinstance(output, Large):
            rows[_LARGE].append((run, id, path, k, output.size, output.digest))
            output = output.text
        rows[_OUTPUT].append((run, id, path, k, change.model, output, change.type))


def _put_handled(rows: Rows, run: str, k: int, change: FailureHandled) -> None:
    id, path = change.key
    rows[_HANDLED].append((run, id, path_text(path), k))


def _put_container_ended(rows: Rows, run: str, k: int, change: ContainerEnded) -> None:
    id, path = change.key
    rows[_END].append((run, id, path_text(path), k, change.outcome))


def _put_reopened(rows: Rows, run: str, k: int, change: ContainerReopened) -> None:
    id, path = change.key
    rows[_REOPENED].append((k, run, id, path_text(path), k))


def _put_started(rows: Rows, run: str, k: int, change: AttemptStarted) -> None:
    id, path = change.key
    begun = (change.agent, change.prompt, change.session, time_text(change.at))
    skipped = _list_text(change.skipped) if change.skipped else None
    row = (run, change.serial, id, path_text(path), change.number, k, *begun, skipped)
    rows[_ATTEMPT].append((*row, change.fingerprint, change.origin))


def _put_ended(rows: Rows, run: str, k: int, change: AttemptEnded) -> None:
    error, at = _error_text(change.error), time_text(change.at)
    rows[_ATTEMPT_END].append((k, change.state, error, at, change.turn, run, change.serial))


def _put_session(rows: Rows, run: str, k: int, change: SessionSeen) -> None:
    n = len(rows.get(_SESSION, ()))
    rows[_SESSION].append((run, change.serial, k, n, change.session))


def _put_usage(rows: Rows, run: str, k: int, change: UsageCounted) -> None:
    cost = None if change.cost is None else format(change.cost, "f")
    tokens = (change.tokens_in, change.tokens_out, change.tokens_cached)
    row = (run, change.serial, k, len(rows.get(_USAGE, ())), *tokens, cost)
    rows[_USAGE].append((*row, change.model, change.calls))


def _put_choice(rows: Rows, run: str, k: int, change: ChoiceMade) -> None:
    id, path = change.key
    rows[_CHOICE].append((run, id, path_text(path), change.kind, k, change.value, change.children))


def _put_choice_gone(rows: Rows, run: str, k: int, change: ChoiceGone) -> None:
    id, path = change.key
    rows[_CHOICE_GONE].append((k, run, id, path_text(path), change.kind, change.made))


def _put_read(rows: Rows, run: str, k: int, change: ReadMade) -> None:
    id, path = change.reader
    source, source_path = change.source
    rows[_READ].append((run, id, path_text(path), k, source, path_text(source_path), change.at))


def _put_opened(rows: Rows, run: str, k: int, change: WaitOpened) -> None:
    id, path = change.key
    due = None if change.due is None else time_text(change.due)
    lists = (_list_text(change.on), _list_text(change.allowed_by))
    row = (run, id, path_text(path), change.kind, k, due, change.asked, change.digest, *lists)
    rows[_WAIT].append((*row, change.form))


def _list_text(names: Sequence[str]) -> str:
    return json.dumps(names, ensure_ascii=False) if names else "[]"


def _put_closed(rows: Rows, run: str, k: int, change: WaitClosed) -> None:
    id, path = change.key
    row = (k, change.answer, run, id, path_text(path), change.kind, change.opened)
    rows[_WAIT_END].append(row)


def _put_budget(rows: Rows, run: str, k: int, change: BudgetSet) -> None:
    told = None
    if change.caps is not None:
        told = {**change.caps.data(), "on_exhausted": change.on_exhausted}
    _add_budget(rows, (run, change.key.id, path_text(change.key.path), k), "set", told)


def _put_raised(rows: Rows, run: str, k: int, change: BudgetRaised) -> None:
    told = {**change.added.data(), "by": change.by, "at": time_text(change.at)}
    _add_budget(rows, (run, change.key.id, path_text(change.key.path), k), "raised", told)


def _add_budget(rows: Rows, begun: Row, kind: str, told: object) -> None:
    n = len(rows.get(_BUDGET, ()))
    rows[_BUDGET].append((*begun, n, kind, json.dumps(told, ensure_ascii=False)))


def _put_message(rows: Rows, run: str, k: int, change: MessageTaken) -> None:
    id, path = change.key
    said = (change.text, change.by, time_text(change.at))
    rows[_MESSAGE].append((run, change.id, id, path_text(path), k, *said))


def _put_given(rows: Rows, run: str, k: int, change: MessageGiven) -> None:
    rows[_MESSAGE_END].append((k, change.serial, run, change.id))


def _put_signal(rows: Rows, run: str, k: int, change: SignalGiven) -> None:
    said = (change.id, change.event, change.correlation, change.data)
    rows[_SIGNAL].append((run, change.number, k, *said, change.by, time_text(change.at)))


def _put_signal_taken(rows: Rows, run: str, k: int, change: SignalTaken) -> None:
    id, path = change.key
    rows[_SIGNAL_END].append((k, id, path_text(path), change.misfit, run, change.number))


def _put_reset(rows: Rows, run: str, k: int, change: Reset) -> None:
    id, path = change.key
    rows[_RESET].append((run, id, path_text(path), k, _cause_text(change)))


def _cause_text(change: Reset) -> str | None:
    if (cause := change.cause) is None:
        return _ANEW if change.anew else None
    told = {"node": cause.key.id, "path": cause.key.path, "by": cause.by, "note": cause.note}
    return json.dumps(told, ensure_ascii=False)


def _put_status(rows: Rows, run: str, k: int, change: StatusChanged) -> None:
    error = _error_text(change.error)
    more = (change.output, change.stopped_by, change.next_run)
    rows[_STATUS].append((run, k, change.status, error, *more))


_PUT: dict[type[Change], Callable[[Rows, str, int, Any], None]] = {
    NodeMounted: _put_mounted,
    NodeGone: _put_gone,
    CameUp: _put_up,
    Settled: _put_settled,
    FailureHandled: _put_handled,
    ContainerEnded: _put_container_ended,
    ContainerReopened: _put_reopened,
    AttemptStarted: _put_started,
    AttemptEnded: _put_ended,
    SessionSeen: _put_session,
    UsageCounted: _put_usage,
    ChoiceMade: _put_choice,
    ChoiceGone: _put_choice_gone,
    ReadMade: _put_read,
    WaitOpened: _put_opened,
    WaitClosed: _put_closed,
    BudgetSet: _put_budget,
    BudgetRaised: _put_raised,
    MessageTaken: _put_message,
    MessageGiven: _put_given,
    SignalGiven: _put_signal,
    SignalTaken: _put_signal_taken,
    Reset: _put_reset,
    StatusChanged: _put_status,
}
