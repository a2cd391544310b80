"""The state of a run: the fold of its changes, in memory, and nothing else.

`apply` is the only way to change it, and the same for a frame that is made and one that is loaded.
A `Reset` hides what a node had before it: from then on the node has no outcome or waits, and its
tries are counted anew, while the numbers of its attempts go on. What a container has chosen stays
chosen.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import assert_never

from smithers import waits
from smithers.amounts import Amounts
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    AttemptState,
    BudgetRaised,
    BudgetSet,
    CameUp,
    Change,
    ChoiceGone,
    ChoiceKind,
    ChoiceMade,
    ContainerEnded,
    ContainerReopened,
    Failure,
    FailureHandled,
    Frame,
    Key,
    Large,
    MessageGiven,
    MessageTaken,
    NodeGone,
    NodeMounted,
    Outcome,
    ReadMade,
    Reset,
    RunStatus,
    SentBack,
    SessionSeen,
    Settled,
    SignalGiven,
    SignalTaken,
    StatusChanged,
    UsageCounted,
    WaitClosed,
    WaitKind,
    WaitOpened,
)
from smithers.shapes import shape_of
from smithers.signals import Queues, Signal
from smithers.texts import object_from
from smithers.values import dataclass

__all__ = [
    "Attempted",
    "Child",
    "Chosen",
    "ContainerEnd",
    "Ended",
    "Message",
    "RunState",
    "Total",
    "Waiting",
]

_PLACES: dict[type[Change], int] = {
    **dict.fromkeys((Reset, NodeGone, ContainerReopened, ChoiceGone), 0),
    SignalTaken: sys.maxsize + 1,
}
"""Where these changes come in their frame; all others but attempts are between them."""
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a node settled, and in which frame; `output` is JSON text if it gave one, or the size and
    digest of a large one, and `type` the class that it was made from, where the node does not
    declare one. `set_by` is who gave the output in its place, if somebody did.
    """

    outcome: Outcome
    frame: int
    error: Failure | None
    output: str | Large | None
    type: str | None = None
    set_by: str | None = None


@dataclass(frozen=True, slots=True)
class ContainerEnd:
    """How a container or an iteration ended, and in which frame."""

    outcome: Outcome
    frame: int


@dataclass(frozen=True, slots=True)
class Chosen:
    value: str
    children: str
    frame: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open wait, and the frame in which it opened. A question that was asked with another form
    until then opened at first in the frame `before`; an answer to that one counts too.
    """

    opened: WaitOpened
    frame: int
    before: int | None = None


@dataclass(slots=True)
class Attempted:
    """One try: `counts` is False for those before a reset, which spend no try any more."""

    serial: int
    key: Key
    number: int
    agent: str
    started_at: datetime
    state: AttemptState = "running"
    error: Failure | None = None
    session: str | None = None
    counts: bool = True
    is_call: bool = False
    """Whether an agent was asked; else it is a step's."""
    skipped: tuple[str, ...] = ()
    """The limits because of which earlier agents of the array were passed over."""
    ended_at: datetime | None = None
    used: Total | None = None
    models: dict[str | None, Total] | None = None
    """What it used of each model; None is that of no model that was named."""
    attended: bool = False
    """Whether a person has worked in its session since."""
    is_discarded: bool = False
    """Whether it does not count since its task is to begin anew, as if it had never been made."""
    may_repeat: bool | None = None
    """Whether a person lets its task run again after an interruption; None if nobody decided."""
    turn: str | None = None
    """The point in its session after its last answer, if it is known."""
    fingerprint: str | None = None
    """What it was made from, as JSON of digests."""
    origin: str | None = None
    """The run whose attempt it was, if a fork has it from there; empty where it is here under
    another id as well. What it used counts there.
    """

    def use(self, used: UsageCounted) -> None:
        self.used, self.models = self.used or Total(), self.models or {}
        self.used.add(used)
        self.models.setdefault(used.model, Total()).add(used)


@dataclass(slots=True)
class Total:
    """Tokens, and US dollars as far as they were told; `cost` is None where nobody said. `calls`
    are those beyond the first of each attempt.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost: Decimal | None = None
    calls: int = 0

    def add(self, used: UsageCounted) -> None:
        self.tokens_in += used.tokens_in
        self.tokens_out += used.tokens_out
        self.tokens_cached += used.tokens_cached
        self.calls += used.calls
        if used.cost is not None:
            self.cost = (self.cost or Decimal(0)) + used.cost


@dataclass(slots=True)
class Message:
    """What a person said to the agent of a task; `given` is the attempt that was told, if any."""

    id: int
    text: str
    given: int | None = None


@dataclass(frozen=True, slots=True)
class Child:
    """A child run: the `number`th of its node, started with the input of this digest (sha256 in
    hex). `status` is how it ended, None while it has not or nobody waited for its end.
    """

    run_id: str
    number: int
    digest: str | None
    status: str | None = None
    resumes: bool = False
    """Whether it had failed when its node came up again, so that it is resumed."""
    counts: bool = True
    """False for one from before a reset, until its node comes up again."""
    asks_again: bool = False
    """Whether its node is done again by request, and it had failed by a person's denial: what was
    denied is asked again.
    """


@dataclass(slots=True)
class RunState:
    """Everything that a run's plan is made from."""

    frame: int = -1
    inbox: int = 0
    status: StatusChanged = field(default_factory=lambda: StatusChanged(status="running"))
    status_frame: int = 0
    """The frame in which the run came to its status."""
    nodes: dict[str, NodeMounted] = field(default_factory=dict[str, NodeMounted])
    came_up: dict[Key, int] = field(default_factory=dict[Key, int])
    ended: dict[Key, Ended] = field(default_factory=dict[Key, Ended])
    ended_in_loops: dict[str, set[Key]] = field(
        default_factory=dict[str, set[Key]], compare=False, repr=False
    )
    """By id, those of these keys that are in loops: an edit may have taken the loop away."""
    ends: dict[Key, ContainerEnd] = field(default_factory=dict[Key, ContainerEnd])
    """All containers and iterations that have ended. It is for views: plan and kinds decide nothing
    by it, since it follows from them.
    """
    handled: set[Key] = field(default_factory=set[Key])
    """Nodes whose failure, or cancellation because of one, an `on_failure="continue"` absorbed."""
    choices: dict[tuple[Key, ChoiceKind], Chosen] = field(
        default_factory=dict[tuple[Key, ChoiceKind], Chosen]
    )
    waits: dict[tuple[Key, WaitKind], Waiting] = field(
        default_factory=dict[tuple[Key, WaitKind], Waiting]
    )
    answers: dict[Key, str] = field(default_factory=dict[Key, str])
    """The last answer to each approval, and to the question whether a node may run again, as JSON
    text: a person's, or that time was up.
    """
    attempts: dict[int, Attempted] = field(default_factory=dict[int, Attempted])
    last_serial: int = 0
    """The highest number of an attempt; a fork leaves some of them out."""
    tries: dict[Key, tuple[Attempted, ...]] = field(
        default_factory=dict[Key, tuple[Attempted, ...]]
    )
    reads: dict[Key, dict[Key, int]] = field(default_factory=dict[Key, dict[Key, int]])
    reset: dict[Key, int] = field(default_factory=dict[Key, int])
    reopened: set[Key] = field(default_factory=set[Key])
    """Containers and iterations that had a choice which no longer counts."""
    discarded: dict[str, int] = field(default_factory=dict[str, int])
    """By session, the last attempt in it that was discarded: nobody goes on from what it did."""
    sent_back: dict[Key, SentBack] = field(default_factory=dict[Key, SentBack])
    """Why tasks are done again, of those that a `Rework` has reset."""
    usage: Total = field(default_factory=Total)
    inherited: Total = field(default_factory=Total)
    """What attempts used that a fork has from the run that it was copied from."""
    budgets: dict[Key, BudgetSet] = field(default_factory=dict[Key, BudgetSet])
    raised: dict[Key, Amounts] = field(default_factory=dict[Key, Amounts])
    messages: dict[Key, dict[int, Message]] = field(default_factory=dict[Key, dict[int, Message]])
    """By the ids of their notes, which grow."""
    signals: dict[int, Signal] = field(default_factory=dict[int, Signal])
    """By their numbers, which grow."""
    queues: Queues = field(default_factory=Queues, compare=False, repr=False)
    _left: dict[Key, tuple[int, int]] = field(
        default_factory=dict[Key, tuple[int, int]], compare=False, repr=False
    )
    """The questions that were closed without an answer: in which frame, and when they opened."""
    """The signals that no node has taken, and the nodes that wait for one."""
    children: dict[Key, Child] = field(default_factory=dict[Key, Child])
    """The last child run of each node that started one."""
    gone: dict[str, NodeMounted] = field(default_factory=dict[str, NodeMounted])
    """Nodes that left the tree, as they last stood in it: what they used, they used there."""
    times: array[int] = field(default_factory=lambda: array("q"))
    """When each frame was made, in microseconds since 1970; see `time_of`."""

    @classmethod
    def of(cls, frames: Iterable[Frame]) -> RunState:
        """The state after the given frames, in order."""
        state = cls()
        for frame in frames:
            state.apply_frame(frame)
        return state

    @property
    def run_status(self) -> RunStatus:
        return self.status.status

    @property
    def at(self) -> datetime | None:
        """When the last frame was made."""
        return self.time_of(self.frame) if self.times else None

    def time_of(self, frame: int) -> datetime:
        """When a frame was made (aware UTC)."""
        return _EPOCH + timedelta(microseconds=self.times[frame])

    def close_frame(self, number: int, at: datetime) -> None:
        """All changes of a frame are made. Frames before it that were left out have no time."""
        self.frame = number
        if (missing := number - len(self.times)) > 0:
            self.times.frombytes(bytes(missing * self.times.itemsize))
        self.times.append((at - _EPOCH) // _MICROSECOND)

    @property
    def tolerated(self) -> list[Key]:
        """The failures that the author allowed, of nodes that are in the tree."""
        failed = (key for key in self.handled if self.outcome(key) == "failed")
        return [key for key in failed if self.has_place(key)]

    @property
    def ending(self) -> str | None:
        """Why the run ends from outside, while it cleans up; None if it does not."""
        choice = self.choices.get((Key(""), "ending"))
        row = None if choice is None else object_from(choice.value)
        return None if row is None else str(row["why"])

    def cached_from(self, key: Key) -> str | None:
        """The run from which a task has its answer, if it did not ask its agent."""
        choice = self.choices.get((key, "cached"))
        row = None if choice is None else object_from(choice.value)
        return None if row is None else str(row["run_id"])

    @property
    def cached(self) -> list[Key]:
        """The tasks of the tree that have their answer from another run."""
        return [key for key, kind in self.choices if kind == "cached" and self.has_place(key)]

    @property
    def unpaid(self) -> list[Key]:
        """The tasks of the tree that were skipped since a budget was spent."""
        skipped = (key for key, ended in self.ended.items() if ended.error is not None)
        return [key for key in skipped if self.outcome(key) == "skipped" and self.has_place(key)]

    def outcome(self, key: Key) -> Outcome | None:
        """How a node ended, if it has."""
        ended = self.ended.get(key)
        return None if ended is None else ended.outcome

    def has_place(self, key: Key) -> bool:
        """Whether the tree has this node inside that number of loops: an edit may have moved it."""
        return key.id in self.nodes and len(key.path) == self.depth(key.id)

    def depth(self, id: str) -> int:
        """In how many loops a node is."""
        depth, row = 0, self.nodes.get(id)
        while row is not None and row.parent is not None:
            row = self.nodes.get(row.parent)
            depth += row is not None and shape_of(row.kind).iterates
        return depth

    def has_wait(self, key: Key, kinds: tuple[WaitKind, ...]) -> bool:
        """Whether a wait of one of these kinds is open."""
        return bool(self.waits) and any((key, kind) in self.waits for kind in kinds)

    def running(self) -> list[Attempted]:
        """The attempts that have not ended."""
        return [attempt for attempt in self.attempts.values() if attempt.state == "running"]

    def apply_frame(self, frame: Frame) -> None:
        # What takes away comes first: what else the frame says of the same node then counts.
        changes, number = frame.changes, frame.number
        for change in changes if len(changes) == 1 else sorted(changes, key=_place_in_frame):
            self.apply(change, number)
        self.inbox = frame.inbox
        self.close_frame(frame.number, frame.at)

    def apply(self, change: Change, frame: int) -> None:  # noqa: C901  # one case a kind of change
        """Make one change, as part of the given frame."""
        match change:
            case CameUp(key=key):
                self.came_up[key] = frame
            case Settled(key=key):
                output = change.output
                if isinstance(output, Large):
                    output = output.without_text()
                more = change.error, output, change.type, change.set_by
                self.ended[key] = Ended(change.outcome, frame, *more)
                if key.path:
                    self.ended_in_loops.setdefault(key.id, set()).add(key)
            case AttemptStarted(key=key):
                attempt = Attempted(
                    serial=change.serial,
                    key=key,
                    number=change.number,
                    agent=change.agent,
                    started_at=change.at,
                    session=change.session,
                    is_call=change.prompt is not None,
                    skipped=change.skipped,
                    fingerprint=change.fingerprint,
                    origin=change.origin,
                )
                self.attempts[change.serial] = attempt
                self.last_serial = max(self.last_serial, change.serial)
                self.tries[key] = (*self.tries.get(key, ()), attempt)  # half the size of a list
            case AttemptEnded():
                attempt = self.attempts[change.serial]
                attempt.state, attempt.error = change.state, change.error
                attempt.ended_at, attempt.turn = change.at, change.turn
            case NodeMounted():
                self.nodes[change.id] = change
            case ReadMade():
                self.reads.setdefault(change.reader, {})[change.source] = change.at
            case UsageCounted():
                attempt = self.attempts[change.serial]
                (self.usage if attempt.origin is None else self.inherited).add(change)
                attempt.use(change)
            case SessionSeen():
                attempt = self.attempts[change.serial]
                attempt.session = change.session
                if attempt.is_discarded:
                    self._discard(attempt)
            case ChoiceMade(key=key):
                chosen = Chosen(change.value, change.children, frame)
                self.choices[key, change.kind] = chosen
            case ChoiceGone(key=key, kind=kind):
                known = self.choices.get((key, kind))
                if known is not None and known.frame == change.made:
                    del self.choices[key, kind]
                self.reopened.add(key)
                if kind == "until":  # then its loop may have other iterations
                    self.reopened.add(Key(key.id, key.path[:-1]))
            case FailureHandled(key=key):
                self.handled.add(key)
            case ContainerEnded(key=key):
                self.ends[key] = ContainerEnd(change.outcome, frame)
            case ContainerReopened(key=key):
                self.ends.pop(key, None)
            case WaitOpened(key=key):
                closed = self._left.get(key)
                is_same = change.kind == waits.HUMAN and closed is not None and closed[0] == frame
                before = closed[1] if closed is not None and is_same else None
                self.waits[key, change.kind] = Waiting(change, frame, before)
                if change.kind == waits.CHILD:
                    self._child(change)
                elif change.kind == waits.EVENT:
                    self.queues.listen(change.on, frame, key)
            case WaitClosed(key=key):
                self._closed(key, change)
                if change.kind == waits.HUMAN and change.answer is None:
                    self._left[key] = (frame, change.opened)
            case NodeGone():
                if (left := self.nodes.pop(change.id, None)) is not None:
                    self.gone[change.id] = left
            case BudgetSet(key=key):
                if change.caps is None:
                    self.budgets.pop(key, None)
                else:
                    self.budgets[key] = change
            case BudgetRaised(key=key):
                self.raised[key] = self.raised.get(key, Amounts()) + change.added
            case MessageTaken(key=key):
                said = Message(id=change.id, text=change.text)
                self.messages.setdefault(key, {})[change.id] = said
            case MessageGiven():
                told = self.messages.get(self.attempts[change.serial].key, {})
                if change.id in told:  # else it was said before a reset
                    told[change.id].given = change.serial
            case SignalGiven():
                signal = self.signals[change.number] = Signal.of(change, frame)
                self.queues.add(signal)
            case SignalTaken():
                signal = self.signals[change.number]
                signal.taken, signal.misfit = change.key, change.misfit
                if change.misfit is None:
                    signal.data = None  # it is the output of the node
            case StatusChanged():
                self.status, self.status_frame = change, frame
            case Reset(key=key):
                ended = self.ended.get(key)
                self._reset(key, frame)
                if change.anew:
                    self.sent_back.pop(key, None)
                    for attempt in self.tries.get(key, ()):
                        attempt.is_discarded = True
                        self._discard(attempt)
                if change.cause is not None:
                    self.sent_back[key] = change.cause
                self._begin_child_anew(key, change, ended)

    def _begin_child_anew(self, key: Key, reset: Reset, ended: Ended | None) -> None:
        """The next child run of a node is another one, since nobody waits for the end of the last.
        One that has failed is resumed all the same, unless it was sent back, and one that asks
        again what was denied continues.
        """
        child = self.children.get(key)
        if child is None:
            return
        is_denied = ended is not None and ended.error is not None and ended.error.is_denial
        is_open = child.status is None
        if reset.cause is not None or (reset.anew and is_open and not child.asks_again):
            self.children[key] = replace(child, status="cancelled")
        elif not is_open:
            self.children[key] = replace(child, asks_again=reset.anew and is_denied)

    def listeners(self, on: tuple[str, ...]) -> Iterator[Key]:
        """The nodes that wait for a signal of an event and correlation, the first one first."""
        return self.queues.listeners(on, self._listens)

    def _listens(self, frame: int, key: Key) -> bool:
        wait = self.waits.get((key, waits.EVENT))
        return wait is not None and wait.frame == frame

    def _child(self, wait: WaitOpened) -> None:
        """A node waits for a child run: a new one, or its last one, which is resumed."""
        run_id, known = "".join(wait.on), self.children.get(wait.key)
        is_same = known is not None and known.run_id == run_id
        number = 1 if known is None else known.number + (not is_same)
        resumes = is_same and known is not None and known.status == "failed"
        again = resumes and known is not None and known.asks_again
        self.children[wait.key] = Child(
            run_id, number, wait.digest, resumes=resumes, asks_again=again
        )

    def _closed(self, key: Key, change: WaitClosed) -> None:
        known = self.waits.get((key, change.kind))
        if known is not None and known.frame == change.opened:
            del self.waits[key, change.kind]
        if change.answer is None:
            return
        if change.kind == waits.CHILD and (child := self.children.get(key)) is not None:
            status = (object_from(change.answer) or {}).get("status")
            self.children[key] = replace(child, status=status)
        effect = waits.traits(change.kind).answer
        match effect:
            case "kept":
                self.answers[key] = change.answer
            case "decided":
                self.answers[key] = change.answer
                self._decided(key, change.answer)
            case "try again":
                self._try_again(key)
            case "attended":
                self._attended(key)
            case "ignored":
                pass
            case _:
                assert_never(effect)

    def _decided(self, key: Key, answer: str) -> None:
        """A person has said whether the last attempt that is over may be repeated."""
        approved = bool((object_from(answer) or {}).get("approved"))
        for attempt in reversed(self.tries.get(key, ())):
            if attempt.state != "running":
                attempt.may_repeat = approved
                return

    def _try_again(self, key: Key) -> None:
        """What agents failed by, since nobody had set them up, no longer counts."""
        for attempt in self.tries.get(key, ()):
            if attempt.error is not None and attempt.error.then == "set up":
                attempt.counts = False

    def _attended(self, key: Key) -> None:
        """A person has worked in the last session of the task."""
        for attempt in reversed(self.tries.get(key, ())):
            if attempt.session is not None:
                attempt.attended = True
                return

    def _reset(self, key: Key, frame: int) -> None:
        self.reset[key] = frame
        self.came_up.pop(key, None)
        self.ended.pop(key, None)
        if key.path:
            self.ended_in_loops.get(key.id, set()).discard(key)
        self.handled.discard(key)
        self.answers.pop(key, None)
        self.reads.pop(key, None)
        self.messages.pop(key, None)
        self.choices.pop((key, "skip_if"), None)
        self.choices.pop((key, "cached"), None)
        if (child := self.children.get(key)) is not None:
            self.children[key] = replace(child, counts=False)
        for kind in waits.KINDS:
            self.waits.pop((key, kind), None)
        for attempt in self.tries.get(key, ()):
            attempt.counts = False
            if attempt.may_repeat is False:  # a person is asked again
                attempt.may_repeat = None

    def _discard(self, attempt: Attempted) -> None:
        if attempt.session is not None:
            known = self.discarded.get(attempt.session, 0)
            self.discarded[attempt.session] = max(known, attempt.serial)


def _place_in_frame(change: Change) -> int:
    """What takes away is first, then what begins attempts, in their order, since one that counts
    what a child run has used ends with the frame in which it begins. A signal may be given and
    taken in one frame.
    """
    if isinstance(change, AttemptStarted):
        return change.serial
    return _PLACES.get(type(change), sys.maxsize)
