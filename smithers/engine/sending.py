"""Sending a signal to runs: checked, and put into their inboxes."""

from __future__ import annotations

import json
import secrets
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from smithers import inbox
from smithers.callers import AuditRow, login_name
from smithers.engine.auditing import about
from smithers.engine.deciding import with_store
from smithers.engine.ending import NotSent, SignalReceipt
from smithers.errors import AlreadySent, Refused
from smithers.forms import Form
from smithers.naming import event_name
from smithers.signals import SentSignal
from smithers.store import Note
from smithers.store.sqlite import SqliteStore
from smithers.tree import clean, did_you_mean, name_problem, valid_text
from smithers.values import dataclass

__all__ = ["MAX_DATA", "Signal", "no_runs_of", "send", "send_to"]

MAX_DATA = 1 << 20
"""Bytes of the data of one signal; whoever has more to say names a file."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """What is sent. Without an `id`, each run gets a new one."""

    event: str
    data: object
    correlation: str | None
    id: str | None
    by: str | None
    login: str | None = None
    """The name that is proved (None: the login name)."""
    audit: AuditRow | None = None

    def to_send(self) -> SentSignal:
        """The signal with its id. Raises `Refused` if a part of it cannot be."""
        _check_name("event", self.event)
        for what, name in (("correlation", self.correlation), ("id", self.id)):
            if name is not None:
                _check_name(what, name)
        return SentSignal(
            id=self.id or secrets.token_hex(8),
            event=self.event,
            correlation=self.correlation,
            data=_data_text(self.data),
            by=valid_text(self.by or self.login or login_name()),
            login=valid_text(self.login or login_name()),
        )


def send(
    database: Path, environment: Mapping[str, str], run_id: str, signal: Signal
) -> SignalReceipt:
    """See `Hub.send`."""
    sent = signal.to_send()
    Form(kind="data").check(None, closed=False)  # loads what validates, before the transaction

    async def work(store: SqliteStore) -> SignalReceipt:
        return await _send(store, run_id, sent, signal.audit)

    return with_store(database, run_id, work)


def send_to(
    database: Path, environment: Mapping[str, str], run_ids: Sequence[str], signal: Signal
) -> tuple[list[SignalReceipt], list[NotSent]]:
    """The same to several runs: what was sent, and to which runs it was not."""
    signal.to_send()
    Form(kind="data").check(None, closed=False)

    async def work(store: SqliteStore) -> tuple[list[SignalReceipt], list[NotSent]]:
        sent: list[SignalReceipt] = []
        refused: list[NotSent] = []
        for run_id in run_ids:
            try:
                sent.append(await _send(store, run_id, signal.to_send(), signal.audit))
            except Refused as error:
                refused.append(NotSent(run_id=run_id, error=error))
        return sent, refused

    return with_store(database, run_ids[0], work)


async def _send(
    store: SqliteStore, run_id: str, sent: SentSignal, audit: AuditRow | None
) -> SignalReceipt:
    taker, awaited = await store.awaited(run_id, sent)
    at = datetime.now(UTC)
    is_new, had_by = True, run_id
    note = Note(
        run_id=run_id,
        kind=inbox.SIGNAL,
        signal=sent.id,
        body=sent.body(),
        at=at,
        audit=about(audit, sent.event, run_id),
    )
    try:
        await store.offer(note)
    except AlreadySent as error:
        is_new, had_by = False, error.had_by
    return SignalReceipt(
        run_id=run_id,
        id=sent.id,
        event=sent.event,
        correlation=sent.correlation,
        data=json.loads(sent.data),
        by=sent.by,
        login=sent.login,
        at=at.isoformat().replace("+00:00", "Z"),
        is_new=is_new,
        had_by=had_by,
        taker=None if taker is None else str(taker),
        waits_for=tuple(map(event_name, awaited)),
    )


def no_runs_of(workflow: str, known: Sequence[str]) -> Refused:
    """The refusal to send to the runs of a workflow that has none that has not ended."""
    if workflow in known:
        hint = f"list them with `smithers ps --workflow {shlex.quote(workflow)}`"
        return Refused(f"no run of workflow {workflow!r} is unfinished", hint=hint)
    listed = (
        f"there are runs of {', '.join(known)}" if known else "list the runs with `smithers ps`"
    )
    hint = did_you_mean(workflow, known) or listed
    return Refused(f"there is no run of a workflow {workflow!r}", hint=hint)


def _check_name(what: str, given: object) -> None:
    if why := name_problem(given):
        shown = repr(
            given if not isinstance(given, str) or len(given) <= 60 else f"{given[:57]}..."
        )
        hint = "use 1 to 200 printable characters"
        raise Refused(f"the {what} of the signal, {shown}, {why}", hint=hint)


def _data_text(data: object) -> str:
    try:
        text = json.dumps(clean(data), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        hint = "pass plain JSON data"
        raise Refused(f"the data of the signal is not JSON: {error}", hint=hint) from error
    if (size := len(text.encode())) > MAX_DATA:
        raise Refused(
            f"the data of the signal has {size} bytes; the limit is {MAX_DATA}",
            hint="write the data into a file, and send the path of the file",
        )
    return text
