"""What is kept of a change: who has asked for it, and from where.

Callers have checked that no run has started them, and write once the change is made: a process that
is killed between both leaves a change without its row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from smithers.agent import Event
from smithers.callers import Caller, current_origin, login_name
from smithers.changes import Frame, Key
from smithers.engine.people import person_of
from smithers.engine.settings import Observer
from smithers.errors import Refused
from smithers.state import RunState
from smithers.store.audit import AuditRow, put_audit

__all__ = ["Noting", "record"]


def record(
    database: Path,
    environment: Mapping[str, str],
    what: str,
    run_id: str = "",
    *,
    about: str = "",
    by: str | None = None,
    caller: Caller | None = None,
) -> None:
    """Keep that something was done; `by` is the name that was given. Raises `StoreError`."""
    origin = current_origin()
    if origin.is_launched:
        return
    caller = caller or origin.caller
    who = f"hook {origin.hook}" if origin.hook else _name(environment, caller)
    put_audit(
        database,
        AuditRow(
            at=datetime.now(UTC),
            run_id=run_id,
            what=what,
            about=about,
            who=who,
            claimed=by if by is not None and by != who else "",
            face=origin.face,
            address=origin.address,
            credential=caller.id if caller is not None else "",
        ),
    )


def _name(environment: Mapping[str, str], caller: Caller | None) -> str:
    try:
        return person_of(environment, caller).name
    except Refused:  # the settings are wrong, and the change is made already
        return login_name()


class Noting:
    """An observer that calls `note_start` with the first frame, once that is on disk."""

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
