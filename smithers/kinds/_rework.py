"""Sending work back: the choice of a node that was denied, or has failed, and has rounds left."""

from __future__ import annotations

import json

from smithers.changes import Key
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.kinds._questions import denied
from smithers.state import RunState
from smithers.texts import object_from
from smithers.tree import Decision, Rework, Task

__all__ = [
    "asked_again",
    "deny",
    "is_sent_back",
    "last_round",
    "made_again",
    "send_back",
    "sent_back",
]


def send_back(
    asking: Asking, one: Instance[Task], *, by: str | None, note: str | None, asked: str | None
) -> bool:
    """Choose that work is done again; False if the node has no `Rework`, no round left, or will not
    continue, and if a budget does not pay for it: then what was done would be lost. `asked` is the
    text that was denied.

    The engine resets that work in the next frame, before anything else happens.
    """
    rework = one.node.rework
    if rework is None or one.dropping is not None:
        return False
    number = last_round(asking.state, one.key) + 1
    if number > rework.most_sent_back or not asking.pays(one, rework.ids):
        return False
    if asked is not None and number > 1:
        asked = asked.rpartition(_heading(number, rework))[0]  # what changed before is not asked
    row = {"round": number, "by": by, "note": note, "asked": asked}
    asking.choose(one, "rework", json.dumps(row, ensure_ascii=False))
    return True


def deny(asking: Asking, one: Instance[Task], decision: Decision, asked: str | None) -> None:
    """Send work back, or fail. Nothing is sent back by a denial because time ran out, which has no
    name in it. `asked` is the text that was denied.
    """
    if decision.by is None or not send_back(
        asking, one, by=decision.by, note=decision.note, asked=asked
    ):
        asking.settle(one, "failed", error=denied(decision, asking, one.node.rework))


def sent_back(state: RunState, one: Instance[Task]) -> tuple[str, ...]:
    """The ids of what a denial sends back; none if it fails the node."""
    rework = one.node.rework
    if rework is None or last_round(state, one.key) >= rework.most_sent_back:
        return ()
    return rework.ids


def asked_again(state: RunState, one: Instance[Task], text: str) -> str:
    """The question, and what has changed in it since it was denied."""
    rework, choice = one.node.rework, state.choices.get((one.key, "rework"))
    row = None if choice is None else object_from(choice.value)
    if rework is None or row is None:
        return text
    from difflib import unified_diff

    before = (row["asked"] or "").splitlines()
    changes = list(unified_diff(before, text.splitlines(), n=1, lineterm=""))[2:]
    note = f": {row['note']}" if row["note"] else "."
    said = f"{_heading(row['round'] + 1, rework)}{row['by']} denied round {row['round']}{note}"
    if not changes:
        return f"{text}{said}\nThe question has not changed since."
    return "\n".join([f"{text}{said}", "What has changed in the question since:", *changes])


def _heading(number: int, rework: Rework) -> str:
    return f"\n\nRound {number} of {rework.max_rounds}. "


def is_sent_back(state: RunState, key: Key) -> bool:
    """Whether a node has sent work back that is not reset yet."""
    choice = state.choices.get((key, "rework"))
    if choice is None or state.reset.get(key, -1) > choice.frame:
        return False
    row = object_from(choice.value)
    return row is None or not row.get("over")


def made_again(state: RunState, key: Key) -> str:
    """The choice to send work back, to be made again in a later frame: of what was reset already,
    so that it is not done again once more.
    """
    value = state.choices[key, "rework"].value
    row = object_from(value)
    if row is None or is_sent_back(state, key):
        return value
    return json.dumps({**row, "over": True}, ensure_ascii=False)


def last_round(state: RunState, key: Key) -> int:
    """How often a node has sent work back."""
    choice = state.choices.get((key, "rework"))
    row = None if choice is None else object_from(choice.value)
    return 0 if row is None else int(row["round"])
