"""The kinds of waits, and what each of them means: the one place that says so.

Whoever opens a wait of one kind names its constant. Whoever asks whether a wait is of some kind
asks for a trait, so that a new kind has an answer everywhere. The union of kinds is closed: mypy
and pyright name `traits` if one is added to it. What `WaitOpened` holds for each kind is described
there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, assert_never, get_args

from smithers import inbox
from smithers.changes import Key, WaitKind, WaitOpened
from smithers.clock import Basis
from smithers.inbox import InboxKind
from smithers.texts import title_of
from smithers.values import dataclass

__all__ = [
    "AGENTS",
    "APPROVAL",
    "ASKING",
    "ATTACHED",
    "BUDGET",
    "CHILD",
    "COOLDOWN",
    "DATA",
    "DECIDED",
    "DECISIONS",
    "EVENT",
    "HOLDING",
    "HUMAN",
    "KINDS",
    "POOL",
    "REPEAT",
    "RETRY",
    "SETTLING",
    "TAKING_SLOTS",
    "THE_EDIT",
    "TIMED",
    "TIMER",
    "WHOLE",
    "Traits",
    "WaitKind",
    "Words",
    "answered_by",
    "is_named",
    "kinds_with",
    "traits",
    "words_of",
]

APPROVAL: Final = "approval"
HUMAN: Final = "human"
REPEAT: Final = "repeat"
RETRY: Final = "retry"
COOLDOWN: Final = "cooldown"
AGENTS: Final = "agents"
DATA: Final = "data"
BUDGET: Final = "budget"
ATTACHED: Final = "attached"
CHILD: Final = "child"
POOL: Final = "pool"
TIMER: Final = "timer"
EVENT: Final = "event"

THE_EDIT: Final[tuple[Key, WaitKind]] = (Key(""), APPROVAL)
"""The wait of a run for the decision on an edit; an edit is of the run as a whole."""

Ends = Literal["person", "time", "data", "owner", "process"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """How a wait is described. All but `many` are templates for `words_of`."""

    many: str
    """What many nodes do that wait for the same: `wait for a decision`."""
    opened: str
    """The sentence for its opening; `name` is the node."""
    row: str
    """What the row of a node says."""
    short: str
    """What is written in brackets after the name of a node; empty if the name is enough."""
    tells_end: bool = False
    """Whether its end has a line for a person; else another change beside it says more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """What is true of a kind of wait."""

    ended_by: Ends
    """Who ends it: a person's decision, a time, data, the owner that comes next, or another
    process.
    """
    words: Words
    is_for_person: bool = False
    """Whether it lasts until a person does something."""
    holds_start: bool = False
    """Whether its task starts as soon as it is over, and not before."""
    takes_slot: bool = False
    """Whether its task has begun, and so takes the slots of the groups around it."""
    keeps_owner: bool = False
    """Whether the owner keeps running for it; else the run is suspended once nothing runs."""
    clock: Basis | None = None
    """The clock on which it is due, unless somebody named the time; None if it is never due."""
    settles: bool = False
    """Whether the kind of its node is asked what its end means (`Kind.answered`), its time-out
    included; else the node is asked again what it needs.
    """
    answered_by: InboxKind | None = None
    """The kind of inbox row that ends it. It is not due before such a row was looked for."""
    answer: Literal["ignored", "kept", "decided", "try again", "attended"] = "ignored"
    """What the answer with which it closes does in the state: it is kept as the node's answer, or
    also says whether its last attempt may be repeated, the tries by which its agents were missing
    no longer count, or its last session was attended.
    """

    @property
    def is_outside(self) -> bool:
        """Whether something outside of the run ends it, not an end inside it."""
        return self.ended_by != "data"


_APPROVAL = Traits(
    ended_by="person",
    is_for_person=True,
    takes_slot=True,
    clock="boottime",
    settles=True,
    answered_by=inbox.ANSWER,
    answer="kept",
    words=Words(
        many="wait for a decision",
        opened="{name} waits for a person's decision{until}",
        row="waiting for a decision: {title}",
        short="",
        tells_end=True,
    ),
)
_HUMAN = Traits(
    ended_by="person",
    is_for_person=True,
    takes_slot=True,
    clock="boottime",
    settles=True,
    answered_by=inbox.ANSWER,
    answer="kept",
    words=Words(
        many="wait for an answer",
        opened="{name} waits for a person's answer{until}",
        row="waiting for an answer: {title}",
        short="",
        tells_end=True,
    ),
)
_REPEAT = Traits(
    ended_by="person",
    is_for_person=True,
    takes_slot=True,
    settles=True,
    answered_by=inbox.ANSWER,
    answer="decided",
    words=Words(
        many="wait for a decision",
        opened="{name} may have had its effect, and waits for a person's decision{until}",
        row="waiting for a decision: {title}",
        short="",
        tells_end=True,
    ),
)
_RETRY = Traits(
    ended_by="time",
    holds_start=True,
    takes_slot=True,
    clock="monotonic",
    words=Words(
        many="failed and will be retried",
        opened="{name} waits{until} to be retried",
        row="waiting{until} to be retried",
        short="retry",
    ),
)
_COOLDOWN = Traits(
    ended_by="time",
    holds_start=True,
    takes_slot=True,
    clock="boottime",
    words=Words(
        many="wait for an agent that is over its limit",
        opened="{name} waits{until} for an agent that is over its limit",
        row="waiting{until}: its agent is over its limit",
        short="cooldown",
    ),
)
_AGENTS = Traits(
    ended_by="owner",
    is_for_person=True,
    holds_start=True,
    takes_slot=True,
    answer="try again",
    words=Words(
        many="wait for an agent to be set up",
        opened="{name} waits for an agent to be set up: {line}",
        row="waiting for an agent to be set up: {line}",
        short="an agent must be set up",
    ),
)
_DATA = Traits(
    ended_by="data",
    words=Words(
        many="wait for the output of others",
        opened="{name} waits for the output of {on}",
        row="waiting for the output of {on}",
        short="data",
    ),
)
_BUDGET = Traits(
    ended_by="person",
    is_for_person=True,
    answered_by=inbox.BUDGET,
    words=Words(
        many="wait for a larger budget",
        opened="{name} waits for a larger budget: {asked}",
        row="waiting for a larger budget: {line}",
        short="budget",
    ),
)
_ATTACHED = Traits(
    ended_by="process",
    holds_start=True,
    takes_slot=True,
    keeps_owner=True,
    answered_by=inbox.RELEASE,
    answer="attended",
    words=Words(
        many="are in use by a person",
        opened="{name} is paused: {by} is attached to its session",
        row="{by} is attached to its session",
        short="{by} is attached",
        tells_end=True,
    ),
)
_CHILD = Traits(
    ended_by="process",
    takes_slot=True,
    settles=True,
    answered_by=inbox.CHILD_ENDED,
    answer="kept",
    words=Words(
        many="wait for a child run",
        opened="{name} waits for the child run {on}",
        row="waiting for the child run {on}",
        short="child run {on}",
    ),
)
_POOL = Traits(
    ended_by="owner",
    words=Words(
        many="wait for a slot of a pool",
        opened="{name} waits for a slot of the pool {on} (limit {asked} on this machine)",
        row="waiting for a slot of the pool {on} (limit {asked} on this machine)",
        short="a slot of the pool {on}",
    ),
)
_TIMER = Traits(
    ended_by="time",
    takes_slot=True,
    clock="boottime",
    settles=True,
    words=Words(
        many="wait for a time",
        opened="{name} waits{until}",
        row="waiting{until}",
        short="timer",
    ),
)

_EVENT = Traits(
    ended_by="process",
    takes_slot=True,
    clock="boottime",
    settles=True,
    answered_by=inbox.SIGNAL,
    words=Words(
        many="wait for an event",
        opened="{name} waits for the event {on}{until}",
        row="waiting for the event {on}",
        short="event {on}",
    ),
)


def traits(kind: WaitKind) -> Traits:  # noqa: C901  # one case a kind
    """What is true of the waits of a kind."""
    match kind:
        case "approval":
            return _APPROVAL
        case "human":
            return _HUMAN
        case "repeat":
            return _REPEAT
        case "retry":
            return _RETRY
        case "cooldown":
            return _COOLDOWN
        case "agents":
            return _AGENTS
        case "data":
            return _DATA
        case "budget":
            return _BUDGET
        case "attached":
            return _ATTACHED
        case "child":
            return _CHILD
        case "pool":
            return _POOL
        case "timer":
            return _TIMER
        case "event":
            return _EVENT
        case _:
            assert_never(kind)


KINDS: Final[tuple[WaitKind, ...]] = get_args(WaitKind)


def kinds_with(trait: Callable[[Traits], object]) -> tuple[WaitKind, ...]:
    """The kinds of which a trait is true."""
    return tuple(kind for kind in KINDS if trait(traits(kind)))


DECISIONS: Final = kinds_with(lambda one: one.ended_by == "person")
HOLDING: Final = kinds_with(lambda one: one.holds_start)
SETTLING: Final = kinds_with(lambda one: one.settles)
WHOLE: Final = tuple(kind for kind in SETTLING if kind != REPEAT)
"""Those that are all that a node does: it is never attempted."""
TAKING_SLOTS: Final = kinds_with(lambda one: one.takes_slot)
TIMED: Final = kinds_with(lambda one: one.clock is not None)


def is_named(wait: WaitOpened) -> bool:
    """Whether its author named the time at which a wait ends, so that the calendar decides it."""
    return wait.kind == TIMER and wait.asked is not None


def answered_by(kind: InboxKind) -> tuple[WaitKind, ...]:
    """The kinds of waits that an inbox row of this kind ends."""
    return kinds_with(lambda one: one.answered_by == kind)


ASKING: Final = answered_by(inbox.ANSWER)
"""The kinds that a person ends by answering what was asked."""
DECIDED: Final[tuple[WaitKind, ...]] = (APPROVAL, REPEAT)
"""Those of them that are approved or denied."""


def words_of(
    template: str,
    *,
    name: str = "",
    until: str = "",
    asked: str | None = None,
    line: str | None = None,
    on: str = "",
) -> str:
    """Fill a template of `Words`. `asked` is the text shown to a person, `line` the same in short,
    and `on` what is waited for, in words; `until` begins with a blank.

    >>> words_of(traits(DATA).words.opened, name="fix", on="plan and review")
    'fix waits for the output of plan and review'
    """
    line = line or asked or ""
    by = line or "someone"
    title = title_of(asked or "")
    return template.format(
        name=name, until=until, asked=asked, line=line, by=by, title=title, on=on
    )
