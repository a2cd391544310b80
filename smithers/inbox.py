"""The kinds of rows of an inbox: what other processes may ask of the owner of a run.

The union is closed: where the owner takes a row, mypy and pyright name a kind without an answer.
"""

from __future__ import annotations

from typing import Final, Literal

__all__ = [
    "ANSWER",
    "BUDGET",
    "CANCEL",
    "CHILD_ENDED",
    "HOLD",
    "RELEASE",
    "SIGNAL",
    "STEER",
    "InboxKind",
]

InboxKind = Literal[
    "answer",
    "cancel",
    "budget",
    "steer",
    "hold",
    "release",
    "child_ended",
    "signal",
]

ANSWER: Final = "answer"
"""A person answers a wait; the kind of node that opened it takes the answer."""
CANCEL: Final = "cancel"
"""The run ends."""
BUDGET: Final = "budget"
"""A person raises a budget."""
STEER: Final = "steer"
"""A person writes to the agent of a task."""
HOLD: Final = "hold"
"""A person attaches to the session of a task."""
RELEASE: Final = "release"
"""They have left it."""
CHILD_ENDED: Final = "child_ended"
"""A child run has ended; its last transaction writes this into the inbox of its parent."""
SIGNAL: Final = "signal"
"""Somebody sends a signal. It is kept for the wait that takes it, which may not be open yet."""
