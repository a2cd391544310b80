"""Questions to a person: how they are opened, and what a denial means."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from smithers.changes import Failure, WaitKind, WaitOpened
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.tree import Decision, Rework

__all__ = ["denied", "due_in", "open_question"]


def open_question(
    asking: Asking,
    one: Instance,
    kind: WaitKind,
    text: str,
    *,
    due: datetime | None = None,
    allowed_by: tuple[str, ...] = (),
    form: str | None = None,
) -> None:
    """Ask a person; the digest binds the answer to the text."""
    asking.open_wait(
        one,
        WaitOpened(
            key=one.key,
            kind=kind,
            due=due,
            asked=text,
            digest=hashlib.sha256(text.encode()).hexdigest(),
            allowed_by=allowed_by,
            form=form,
        ),
    )


def due_in(seconds: float | None, asking: Asking) -> datetime | None:
    """When a question that is asked now is due."""
    return None if seconds is None else asking.now() + timedelta(seconds=seconds)


def denied(decision: Decision, asking: Asking, rework: Rework | None = None) -> Failure:
    """The failure by a denial, of a person or because nobody answered in time; `rework` is what had
    no round left.
    """
    by = f" by {decision.by}" if decision.by else ""
    note = f": {decision.note}" if decision.note else ""
    if rework is not None and decision.by is not None:
        note += f" (round {rework.max_rounds} of {rework.max_rounds})"
    message, is_final = asking.scrub(f"denied{by}{note}"), decision.by is not None
    return Failure.of_denial(message, is_final=is_final)
