"""What a run did, as its rows have it: what each node came to, and what came from outside.

A node that a `Rework` has sent back has several rounds. What a resume or a retry did again is one
round: the outcome that counts in the end. Of the attempts of a round only what they came to in the
end is kept, and the request of the first one, which no earlier failure has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from smithers.changes import ChoiceKind, Failure, Key, Outcome, RunStatus, WaitKind
from smithers.signals import SentSignal
from smithers.values import dataclass

__all__ = [
    "Answer",
    "ChildAnswer",
    "Done",
    "Input",
    "Moment",
    "Question",
    "Recording",
    "SignalInput",
]


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a node came to in one round; `outcome` is None if it was left or done again before.

    `asked` is the first prompt of an agent, and `agent` who worked, or the words of a command.
    `reads` are the nodes whose outputs were used.
    """

    key: Key
    round: int
    kind: str
    outcome: Outcome | None
    output: str | None = None
    type: str | None = None
    error: Failure | None = None
    agent: str | None = None
    asked: str | None = None
    reads: tuple[Key, ...] = ()
    attempts: int = 0
    serial: int | None = None
    """The last attempt, of which the streams are those of the answer."""
    origin: str | None = None
    """The run that made that attempt, if the rows were copied."""
    is_kept: bool = False
    """Whether it ended before something that was done again, by a resume, a retry or a rewind:
    what came before it may have ended later.
    """


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer to a question; `body` is the row of the inbox."""

    key: Key
    kind: WaitKind
    body: str


@dataclass(frozen=True, kw_only=True)
class ChildAnswer:
    """The end of a child run; `body` is the row of the inbox."""

    key: Key
    body: str


@dataclass(frozen=True, kw_only=True)
class SignalInput:
    """A signal that was sent to the run."""

    sent: SentSignal


Input = Answer | ChildAnswer | SignalInput


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A frame in which something happened that does not follow from the frames before it."""

    at: datetime
    inputs: tuple[Input, ...] = ()
    ended: tuple[tuple[Key, int], ...] = ()
    """The nodes that ended in it, each with its round."""
    started: tuple[tuple[Key, int], ...] = ()
    """Those of which the last attempt started in it."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a node that waits has asked for: the text for a person, the input of a child run, the
    event and its correlation, or the time that the author named.
    """

    key: Key
    kind: WaitKind
    asked: str


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A run that has ended. `pools` are the pools that its tasks may name, and `gone` the nodes
    that had left the tree at its end.
    """

    run_id: str
    workflow: str
    file: str
    input: str
    created_at: datetime
    moments: tuple[Moment, ...]
    done: Mapping[tuple[Key, int], Done]
    questions: tuple[Question, ...] = ()
    choices: Mapping[tuple[Key, ChoiceKind], str] = field(
        default_factory=dict[tuple[Key, ChoiceKind], str]
    )
    status: RunStatus
    output: str | None = None
    error: Failure | None = None
    pools: tuple[str, ...] = ()
    first_run: str | None = None
    number: int = 1
    gone: frozenset[Key] = frozenset()
    set_up: datetime | None = None
    """When frame 0 was made, if that is known."""

    def last(self) -> dict[Key, Done]:
        """What each node came to in the end, in the order of the rows."""
        found: dict[Key, Done] = {}
        for (key, _), one in self.done.items():
            before = found.get(key)
            if before is None or before.round < one.round:
                found[key] = one
        return found
