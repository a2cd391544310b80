"""What is kept of a change: who has asked for it, and from where.

Callers have checked that no run has started them. What is put into the inbox of a run, and a run
that begins in this process, is written with its row in one transaction. Any other row is written
once the change is made: a process that is killed between both, or a database that cannot be written
then, leaves a change without its row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from smithers.agent import Event
from smithers.callers import AuditRow, Caller, current_origin, login_name
from smithers.changes import Frame, Key
from smithers.engine.people import person_of
from smithers.engine.settings import Observer
from smithers.errors import Refused
from smithers.state import RunState
from smithers.store.audit import put_audit
from smithers.tree import valid_text

__all__ = ["about", "noting", "record", "row_of"]


def row_of(
    environment: Mapping[str, str],
    what: str,
    run_id: str = "",
    *,
    about: str = "",
    by: str | None = None,
    caller: Caller | None = None,
) -> AuditRow | None:
    """The row of what is done here and now; `by` is the name that was given. None if it was asked
    in another process, which keeps it.
    """
    origin = current_origin()
    if origin.is_launched:
        return None
    caller = caller or origin.caller
    who = f"hook {origin.hook}" if origin.hook else _name(environment, caller)
    return AuditRow(
        at=datetime.now(UTC),
        run_id=run_id,
        what=what,
        about=valid_text(about),
        who=valid_text(who),
        claimed=valid_text(by) if by is not None and by != who else "",
        face=origin.face,
        address=origin.address,
        credential=caller.id if caller is not None else "",
    )


def about(row: AuditRow | None, told: str, run_id: str | None = None) -> AuditRow | None:
    """The row, now that it is known what is changed."""
    if row is None:
        return None
    return replace(row, about=valid_text(told), run_id=row.run_id if run_id is None else run_id)


def record(database: Path, row: AuditRow | None) -> None:
    """Keep that something was done. Raises `StoreError`."""
    if row is not None:
        put_audit(database, row)


def _name(environment: Mapping[str, str], caller: Caller | None) -> str:
    if caller is not None:
        return caller.name
    try:
        return person_of(environment).name
    except Refused:  # the settings are wrong, and the change is made already
        return login_name()


def noting(
    database: Path,
    environment: Mapping[str, str],
    observer: Observer,
    what: str,
    run_id: str,
    about: str = "",
) -> Observer:
    """The observer of a run that is driven here, with which what was asked for is kept once the
    first frame is on disk.
    """

    def note() -> None:
        record(database, row_of(environment, what, run_id, about=about))

    return _Noting(observer, note)


class _Noting:
    """An observer that calls `note_start` with the first frame."""

    def __init__(self, observer: Observer, note_start: Callable[[], None]) -> None:
        self._observer, self._note_start = observer, note_start
        self._is_noted = False

    def frame(self, frame: Frame, state: RunState) -> None:
        if not self._is_noted:
            self._is_noted = True
            self._note_start()
        self._observer.frame(frame, state)

    def event(self, key: Key, event: Event) -> None:
        self._observer.event(key, event)

    def note(self, text: str) -> None:
        self._observer.note(text)
