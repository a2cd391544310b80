"""The changes of a run's state: small frozen values, grouped in frames.

A frame is one committed transition, numbered from 0. All that it changed is written in one
transaction, and nothing else ever changes a run's state: `state.RunState` is the fold of these
values, and a store is what keeps them. Each change is one fact, so the order of the changes of a
frame does not matter.
"""

from __future__ import annotations

import hashlib
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from smithers.amounts import Amounts
from smithers.values import dataclass

__all__ = [
    "ENDED",
    "AttemptEnded",
    "AttemptStarted",
    "AttemptState",
    "BudgetRaised",
    "BudgetSet",
    "CameUp",
    "Change",
    "ChoiceGone",
    "ChoiceKind",
    "ChoiceMade",
    "ContainerEnded",
    "ContainerReopened",
    "Failure",
    "FailureHandled",
    "Frame",
    "Key",
    "Large",
    "MessageGiven",
    "MessageTaken",
    "NodeGone",
    "NodeMounted",
    "Outcome",
    "ReadMade",
    "Reset",
    "RunStatus",
    "SentBack",
    "SessionSeen",
    "Settled",
    "SignalGiven",
    "SignalTaken",
    "StatusChanged",
    "UsageCounted",
    "WaitClosed",
    "WaitKind",
    "WaitOpened",
    "held",
    "text_of",
]

Outcome = Literal["finished", "failed", "skipped", "cancelled"]
AttemptState = Literal["running", "succeeded", "failed", "interrupted", "deferred", "cancelled"]
RunStatus = Literal["running", "waiting", "finished", "continued", "failed", "cancelled"]
ENDED: Final[tuple[RunStatus, ...]] = ("finished", "continued", "failed", "cancelled")
"""The statuses of a run that has ended."""
ChoiceKind = Literal[
    "test",
    "items",
    "until",
    "exhausted",
    "skip_if",
    "same",
    "result",
    "caught",
    "began",
    "undoing",
    "ending",
    "cached",
    "rework",
    "started",
    "input",
    "raised",
]
WaitKind = Literal[
    "approval",
    "human",
    "repeat",
    "retry",
    "cooldown",
    "agents",
    "data",
    "budget",
    "attached",
    "child",
    "pool",
    "timer",
    "event",
]


class Key(NamedTuple):
    """A node of the tree in one iteration: its id, and those of its loops, outermost first. Without
    an id it is the run as a whole.
    """

    id: str
    path: tuple[int, ...] = ()

    def __str__(self) -> str:
        id = self.id or "the run"
        return id + "".join(f"[{number}]" for number in self.path) if self.path else id


DENIED: Final = "Denied"
"""The kind of the error of a question that was denied or timed out."""
_FINAL = (
    "resuming the run does not change a person's denial: ask again with `smithers retry RUN TASK`, "
    "for a child run with RUN and TASK of its parent, or start a new run"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why something failed. In a text it is its message.

    `kind` is the error's class; `place` is `file:line:column` or None. `then` is what an agent's
    error makes the engine do next, or None for other errors. `for_resume` is whether the hint is
    about resuming the run: of no use if the author allows the failure.
    """

    kind: str
    message: str
    hint: str = ""
    place: str | None = None
    then: str | None = None
    for_resume: bool = False

    @classmethod
    def of_denial(cls, message: str, *, is_final: bool) -> Failure:
        """That of a question, which is final if a person denied it, and not if it timed out."""
        hint = _FINAL if is_final else ""
        return cls(kind=DENIED, message=message, hint=hint, for_resume=is_final)

    @property
    def is_denial(self) -> bool:
        """Whether a person denied something, here or in a child run, and a retry asks again. A
        question that timed out is not a denial, nor is a saga that was undone because of one.
        """
        return self.kind == DENIED and self.hint == _FINAL

    def to_json(self) -> dict[str, str | bool | None]:
        """As it is stored: a flag only where it holds."""
        found: dict[str, str | bool | None] = {
            "kind": self.kind,
            "message": self.message,
            "hint": self.hint,
            "place": self.place,
            "then": self.then,
        }
        if self.for_resume:
            found["for_resume"] = True
        return found

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Large:
    """An output of more than 4096 bytes: its size in bytes of UTF-8, and its sha256 in hex.

    `text` is there until the output is durable; whoever needs it later reads it from the store.
    """

    size: int
    digest: str
    text: str | None = field(default=None, compare=False, repr=False)

    def without_text(self) -> Large:
        return self if self.text is None else Large(self.size, self.digest)


_MOST_BYTES = 4096


def held(text: str) -> str | Large:
    """An output as a change holds it.

    >>> held("[1]"), held("x" * 4097).size
    ('[1]', 4097)
    """
    if len(text) * 4 <= _MOST_BYTES:
        return text
    data = text.encode(errors="surrogatepass")  # the store refuses a lone surrogate
    if len(data) <= _MOST_BYTES:
        return text
    return Large(len(data), hashlib.sha256(data).hexdigest(), text)


def text_of(output: str | Large | None) -> str | None:
    """The text of an output, or None where it is not here."""
    return output.text if isinstance(output, Large) else output


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeMounted:
    """A node joined the tree. `place` is its ordinal below its parent; the root has no parent."""

    id: str
    kind: str
    parent: str | None
    place: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeGone:
    """A node left the tree: an edit or a render no longer has it. Its outputs stay readable."""

    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CameUp:
    """All that stands before the task is settled."""

    key: Key


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """A node has ended, once and for all (but for a `Reset`).

    `output` is JSON text as `held` gives it, set when it finished; `model` is the name of the
    output's model, or None where the output is not an object. A container settles here only if it
    failed by itself, by a callable or a bound; how each one ended is a `ContainerEnded`.
    """

    key: Key
    outcome: Outcome
    error: Failure | None = None
    output: str | Large | None = None
    model: str | None = None
    type: str | None = None
    """The importable class of a step's output (`module:qualified name`), where the step does not
    declare one.
    """
    came_up: int | None = None
    """The frame in which the task came up, or None if it never did; a store finds its row by it."""
    set_by: str | None = None
    """Who gave the output in place of the task."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptStarted:
    """`serial` numbers the attempts of a run from 1 and names the attempt's files; `number` counts
    those of one task from 1. `session` is the agent's session that it goes on in, if any.
    `skipped` are the limits because of which earlier agents of the array were passed over.
    `fingerprint` tells what the attempt was made from, as JSON of digests. `origin` is the run
    whose attempt it was, if a fork has it from there; it is empty where the attempt is one of this
    run that is here under another id as well.
    """

    serial: int
    key: Key
    number: int
    agent: str
    prompt: str | None
    session: str | None
    at: datetime
    skipped: tuple[str, ...] = ()
    fingerprint: str | None = None
    origin: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptEnded:
    """`turn` is the point in the agent's session after its last answer, if the agent named it."""

    serial: int
    state: AttemptState
    error: Failure | None
    at: datetime
    turn: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionSeen:
    """The agent's session id, written before anything else of the attempt happens."""

    serial: int
    session: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageCounted:
    """What an attempt used of a model since its last one. `cost` is US dollars; it and `model` are
    None where nobody said. `calls` are requests that began beyond the attempt's first: its repairs.
    """

    serial: int
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost: Decimal | None = None
    model: str | None = None
    calls: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoiceMade:
    """A callable that shapes the run gave its answer, once per node and iteration path.

    `value` is JSON text; `children` is the digest of the container's child ids, or empty where the
    author named the container.
    """

    key: Key
    kind: ChoiceKind
    value: str
    children: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoiceGone:
    """A choice no longer counts: what it was made from is done again. `made` is its frame."""

    key: Key
    kind: ChoiceKind
    made: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureHandled:
    """An `on_failure="continue"` absorbed the failure of this node, or its cancellation because of
    a failure beside it: the node's own, or that of a container around it. What is handled is final.
    """

    key: Key


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerEnded:
    """A container has ended, or an iteration of a loop: its key is that of the loop with its number
    in the path. Views show this; the engine decides nothing by it.
    """

    key: Key
    outcome: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerReopened:
    """A container that had ended is open again, since an edit, a render or a resume changed what is
    below it, or it has left the tree.
    """

    key: Key


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadMade:
    """`reader` used what `source` had settled to (`at` is the frame in which it settled)."""

    reader: Key
    source: Key
    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitOpened:
    """A node waits: for a person, for a time, for the data of `on`, or for a larger budget.

    A `repeat` waits for a person to say whether a step that was interrupted may run again. A
    `cooldown` waits for the agents whose limits are `on`; `agents` for a person to set up one of
    the task's agents: it ends with the next owner, who tries them again; `attached` for a person
    who is in the task's session, through the process that `on` names; `child` for the end of the
    child run that `on` names, of which `asked` is the input as JSON text; `timer` for a time, of
    which `asked` is the author's own words if they named it, as ISO 8601 with their zone; `event`
    for a signal of the event that `on` names first, with the correlation that it names second, if
    it names one; `pool` for a slot of the pool that `on` names, of which `asked` is the limit on
    this machine: who stands first in a queue of the run has it.

    `due` is when the wait ends by itself (aware UTC). `asked` is the text shown to a person, and
    `digest` its sha256 in hex. `form` is what the answer must be, as JSON text (`forms.Form`), if a
    person gives more than a decision, or what the data of a signal must be.
    """

    key: Key
    kind: WaitKind
    due: datetime | None = None
    asked: str | None = None
    digest: str | None = None
    on: tuple[str, ...] = ()
    allowed_by: tuple[str, ...] = ()
    form: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitClosed:
    """The wait is over. `answer` is JSON text, or None; `opened` is the frame of its opening."""

    key: Key
    kind: WaitKind
    opened: int
    answer: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetSet:
    """The author gave a node a budget, another one than before, or took it away (`caps` is None).
    It holds in each iteration of the node for itself; the path of `key` is empty.
    """

    key: Key
    caps: Amounts | None
    on_exhausted: Literal["wait", "fail", "finish"] = "wait"


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetRaised:
    """A person lets a node use more, in one iteration."""

    key: Key
    added: Amounts
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageTaken:
    """A person's message for the agent at work on a task. `id` is that of its note in the inbox."""

    id: int
    key: Key
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageGiven:
    """The message is part of the session of this attempt."""

    id: int
    serial: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalGiven:
    """A signal that was sent to the run. `number` is that of its note in the inbox, so that signals
    queue in the order in which they were sent; `id` is the sender's, once in a run. `data` is JSON
    text.
    """

    number: int
    id: str
    event: str
    correlation: str | None
    data: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalTaken:
    """The node `key` has taken a signal from its queue: its data is the output of the node. With
    `misfit`, why the data does not fit, it was set aside, and gives nothing.
    """

    number: int
    key: Key
    misfit: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SentBack:
    """Why work is done again: the node `key` was denied, or failed. `by` is the person who denied
    it, and `note` what they or the failed check said.
    """

    key: Key
    by: str | None
    note: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reset:
    """Everything of this node that was born before this frame no longer counts; it is kept.

    With `cause` it is done again by a `Rework`, and continues the session in which it was done.
    With `anew`, an earlier such cause no longer counts either.
    """

    key: Key
    cause: SentBack | None = None
    anew: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusChanged:
    """The run's status. `output` is JSON text when it finished. `stopped_by` is the signal by which
    the owner was stopped (`SIGINT`, `SIGTERM`, `SIGHUP`), or None. `next_run` is the run as which
    it has continued.
    """

    status: RunStatus
    error: Failure | None = None
    output: str | None = None
    stopped_by: str | None = None
    next_run: str | None = None


Change = (
    NodeMounted
    | NodeGone
    | CameUp
    | Settled
    | FailureHandled
    | AttemptStarted
    | AttemptEnded
    | SessionSeen
    | UsageCounted
    | ChoiceMade
    | ChoiceGone
    | ContainerEnded
    | ContainerReopened
    | ReadMade
    | WaitOpened
    | WaitClosed
    | BudgetSet
    | BudgetRaised
    | MessageTaken
    | MessageGiven
    | SignalGiven
    | SignalTaken
    | Reset
    | StatusChanged
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One transition. `at` is aware UTC; `inbox` is the id of the last inbox row taken so far."""

    number: int
    at: datetime
    changes: tuple[Change, ...]
    inbox: int = 0
