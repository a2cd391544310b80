"""What both stores refuse, in the same words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from smithers.errors import AlreadyDecided, Fenced, Owned, Refused, StoreError
from smithers.store import Claim, Note, Owner

__all__ = ["Asked", "check_answer", "check_claim", "check_number", "describe_answer", "owned"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question to a person: `over` when it was closed or reset."""

    over: bool
    answer: str | None
    due: datetime | None


def check_answer(
    note: Note, first: str | None, wait: Asked | None, now: datetime, *, driven: bool
) -> None:
    """Refuse an answer that comes second, too late, or to no question.

    `first` is the body of the answer that is in the inbox already. While a living process drives
    the run (`driven`), it is too late once that process has closed the wait: the wall clock may
    have been set since the question was asked.
    """
    if first is None and wait is not None:
        first = wait.answer
    if first is not None:
        raise AlreadyDecided(
            f"{note.key} {describe_answer(first)}", hint="the first decision counts"
        )
    if wait is None:
        raise Refused(f"{note.key} of run {note.run_id} is not waiting for a decision")
    if wait.over:
        raise Refused(f"{note.key} of run {note.run_id} is no longer waiting for an answer")
    if wait.due is not None and now >= wait.due and not driven:
        when = f"{wait.due:%Y-%m-%d %H:%M:%S} UTC"
        raise Refused(
            f"the time to answer {note.key} of run {note.run_id} ended at {when}",
            hint=f"continue the run with `smithers resume {note.run_id}`",
        )


def check_claim(claim: Claim, fence: int, owner: str | None) -> None:
    """Raise `Fenced` unless the claim is still the run's."""
    if (fence, owner) == (claim.fence, claim.owner):
        return
    if fence == claim.fence:
        raise Fenced(f"run {claim.run_id} was released (fence {fence})")
    taker = f"claimed by {owner}" if owner else "claimed and released"
    raise Fenced(
        f"run {claim.run_id} has since been {taker} (fence {fence}, this one is {claim.fence})"
    )


def check_number(run_id: str, last: int, number: int) -> None:
    """Raise `StoreError` unless the frame is the next one of its run."""
    if number != last + 1:
        said = f"frame {number} of run {run_id} cannot follow frame {last}"
        raise StoreError(said, hint="this is a bug in Smithers; nothing of it was stored")


def owned(run_id: str, owner: Owner, beat_s_ago: float) -> Owned:
    """The refusal to a second owner."""
    return Owned(
        f"run {run_id} is owned by process {owner.pid} on host {owner.host}, which was"
        f" last seen {beat_s_ago:.0f} s ago",
        hint=f"wait until it has finished, or end process {owner.pid} and try again",
    )


def describe_answer(body: str) -> str:
    """A recorded decision in words; `body` is JSON text, in older or foreign forms too."""
    try:
        told: object = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        return f"was already answered: {body}"
    decision = cast("dict[str, Any]", told)
    if not isinstance(decision.get("approved"), bool):
        return f"was already answered: {body}"
    word = "approved" if decision["approved"] else "denied"
    by = f" by {decision['by']}" if decision.get("by") else ""  # nobody, if time ran out
    return f"was {word}{by} at {decision.get('at') or 'an unknown time'}"
