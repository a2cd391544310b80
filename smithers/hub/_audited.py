"""Who has changed what: the rows of a database, and those of its user, as one list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from heapq import merge
from itertools import islice
from pathlib import Path

from smithers.callers import AuditRow
from smithers.engine.own_audit import OwnAudit
from smithers.errors import Refused
from smithers.store.audit import list_audit
from smithers.values import dataclass

__all__ = ["AuditPage", "audit_page"]

_CURSOR = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")
"""The id of the last row of the database, and the number of rows of the user."""


@dataclass(frozen=True, kw_only=True)
class AuditPage:
    """Rows, oldest first, and the cursor for those that follow, also for those that come later."""

    rows: tuple[AuditRow, ...]
    more: bool
    cursor: str


def audit_page(
    database: Path,
    environment: Mapping[str, str],
    run_id: str | None,
    after: str | None,
    limit: int,
) -> AuditPage:
    """A page of the rows of a run, or of all with those of the user. Raises `Refused`."""
    found = _CURSOR.fullmatch("0.0" if after is None else after)
    if found is None:
        raise Refused(
            f"{after!a} is not a cursor of the audit", hint="use the `cursor` of the page before"
        )
    last, number = map(int, found.groups())
    of_runs = list_audit(database, run_id, last, limit + 1)
    own = OwnAudit(environment).rows(number)[: limit + 1] if run_id is None else []
    both = merge(of_runs, [(None, one) for one in own], key=lambda one: one[1].at)
    page = list(islice(both, limit))
    for id, _ in page:
        last, number = (last, number + 1) if id is None else (id, number)
    more = len(of_runs) + len(own) > limit
    return AuditPage(rows=tuple(row for _, row in page), more=more, cursor=f"{last}.{number}")
