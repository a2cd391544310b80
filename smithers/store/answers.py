"""What both stores refuse, in the same words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from smithers.errors import AlreadyDecided, Fenced, Owned, Refused, StoreError
from smithers.store import Claim, Note, Owner
from smithers.texts import object_from
from smithers.values import dataclass

__all__ = [
    "Asked",
    "answer_word",
    "check_answer",
    "check_claim",
    "check_number",
    "describe_answer",
    "owned",
    "who_answered",
]


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
        raise AlreadyDecided(f"{note.key} {describe_answer(first)}", hint="the first answer counts")
    if wait is None:
        raise Refused(f"{note.key} of run {note.run_id} is not waiting for an answer")
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


def answer_word(answer: Mapping[str, Any]) -> str:
    """What became of a question, as a word.

    >>> answer_word({"approved": False}), answer_word({"value": "blue"})
    ('denied', 'answered')
    """
    if "value" in answer:
        return "answered"
    return "approved" if answer.get("approved") else "denied"


def describe_answer(body: str) -> str:
    """A recorded answer in words; `body` is JSON text, in older or foreign forms too."""
    answer = object_from(body) or {}
    if "value" not in answer and not isinstance(answer.get("approved"), bool):
        return f"was already answered: {body}"
    who = f" by {who_answered(answer)}" if answer.get("by") else ""  # nobody, if time ran out
    return f"was {answer_word(answer)}{who} at {answer.get('at') or 'an unknown time'}"


def who_answered(answer: Mapping[str, Any]) -> str:
    """Who gave an answer: the name that they gave, and their login name if it is another one.

    >>> who_answered({"by": "ann", "login": "ann"}), who_answered({"by": "ann", "login": "bob"})
    ('ann', 'ann (login bob)')
    """
    by, login = answer.get("by") or "someone", answer.get("login")
    return f"{by} (login {login})" if login and login != by else str(by)
