"""Who has changed what counts for every database of this user: tokens, sessions, and trust.

These rows are lines of a private file beside what they tell of, since they are of no run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from smithers.callers import AuditRow, Caller
from smithers.engine.auditing import row_of
from smithers.engine.private_files import PrivateFile, state_folder
from smithers.errors import Refused, StoreError

__all__ = ["OwnAudit", "note_done", "note_own"]


class OwnAudit:
    """The rows of the user whose environment this is."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        path = state_folder(environment) / "audit.jsonl"
        self._file = PrivateFile(path, "keep", "who has changed your tokens and what you trust")

    def add(self, row: AuditRow | None) -> None:
        """Keep a row. Raises `Refused`."""
        if row is not None:
            with self._file.locked():
                self._file.append(json.dumps({**vars(row), "at": row.at.isoformat()}))

    def rows(self, after: int = 0) -> list[AuditRow]:
        """The rows behind the first `after` ones, oldest first. Raises `Refused`."""
        lines = (self._file.read() or b"").rpartition(b"\n")[0].splitlines()[after:]
        try:
            return [_row(json.loads(line)) for line in lines]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._file.damaged(error) from error


def note_own(
    environment: Mapping[str, str], what: str, about: str, *, caller: Caller | None = None
) -> None:
    """Keep a change that this user is about to make: a crash then leaves a row too many rather than
    one too few. Raises `Refused`, before anything was granted.
    """
    OwnAudit(environment).add(row_of(environment, what, about=about, caller=caller))


def note_done(
    environment: Mapping[str, str], what: str, about: str, *, caller: Caller | None = None
) -> None:
    """Keep a change that is made, since what takes something away must not wait for its row. Raises
    `StoreError`.
    """
    try:
        note_own(environment, what, about, caller=caller)
    except Refused as error:
        said = f"{what} {about}: it is done, but who did it could not be recorded: {error.said}"
        raise StoreError(said, hint=error.hint) from error


def _row(given: object) -> AuditRow:
    row = cast("dict[str, Any]", given)
    row["at"] = datetime.fromisoformat(row["at"])
    return AuditRow(**row)
