"""Reads the recording of a run from its frames."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime

from smithers import waits
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    Change,
    ChoiceGone,
    ChoiceKind,
    ChoiceMade,
    Frame,
    Key,
    Large,
    NodeMounted,
    ReadMade,
    Reset,
    Settled,
    SignalGiven,
    StatusChanged,
    WaitClosed,
    WaitKind,
    WaitOpened,
)
from smithers.engine.replaying.recording import (
    Answer,
    ChildAnswer,
    Done,
    Input,
    Moment,
    Question,
    Recording,
    SignalInput,
)
from smithers.signals import SentSignal
from smithers.state import RunState
from smithers.store import NewRun
from smithers.texts import object_from
from smithers.values import dataclass

__all__ = ["ASKED", "asked_of", "recording_of"]

ASKED: tuple[WaitKind, ...] = (
    waits.APPROVAL,
    waits.HUMAN,
    waits.CHILD,
    waits.EVENT,
    waits.TIMER,
)
"""The waits whose opening is compared. A `repeat` asks about an attempt that was interrupted."""
_MADE_ANEW: frozenset[ChoiceKind] = frozenset(
    {"cached", "items", "began", "undoing", "ending", "rework"}
)
"""Choices that are not compared: they say when or why something was done, or digest code."""

ReadOutput = Callable[[Key, int], str]
FindChild = Callable[[str], StatusChanged]


def asked_of(wait: WaitOpened) -> str:
    """What a wait asks for, as one text."""
    named = "" if wait.kind == waits.CHILD else " ".join(wait.on)
    return "\n".join(filter(None, (named, wait.asked)))


@dataclass
class _Round:
    """A round of a node, as far as it was read."""

    agent: str | None = None
    asked: str | None = None
    reads: dict[Key, None] = field(default_factory=dict[Key, None])
    serials: list[int] = field(default_factory=list[int])
    origin: str | None = None
    settled: Settled | None = None
    frame: int = -1
    started: int = -1
    """The frame in which its last attempt started."""
    failed: tuple[int, AttemptEnded] | None = None
    is_kept: bool = False
    sent_back: int = -1
    """The frame in which it has sent work back."""
    inputs: list[tuple[int, Input]] = field(default_factory=list[tuple[int, Input]])
    questions: list[tuple[int, Question]] = field(default_factory=list[tuple[int, Question]])


class _Reader:
    """Adds up the frames of a run."""

    def __init__(self, run_id: str, read: ReadOutput, find_child: FindChild) -> None:
        self._run_id = run_id
        self._read, self._find_child = read, find_child
        self.done_again = -1
        """The last frame in which a resume, a retry or a rewind has taken something back."""
        self.times: dict[int, datetime] = {}
        self.kinds: dict[str, str] = {}
        self.open: dict[Key, _Round] = {}
        self.left: dict[Key, list[_Round]] = {}
        """What a resume, a retry or a rewind has taken back."""
        self.rounds: dict[tuple[Key, int], _Round] = {}
        self.numbers: dict[Key, int] = {}
        self.keys: dict[int, Key] = {}
        self.signals: list[tuple[int, Input]] = []
        self.children: dict[Key, str] = {}
        self.choices: dict[tuple[Key, ChoiceKind], str] = {}

    def add(self, frame: Frame) -> None:
        self.times[frame.number] = frame.at
        resets = [change for change in frame.changes if isinstance(change, Reset)]
        is_sent_back = any(reset.cause is not None for reset in resets)
        if resets and not is_sent_back:
            self.done_again = frame.number
        for reset in resets:
            if is_sent_back:
                self._close(reset.key)
            elif (made := self.open.pop(reset.key, None)) is not None:
                self.left.setdefault(reset.key, []).append(made)
        for change in frame.changes:
            self._change(change, frame.number)

    def _round(self, key: Key) -> _Round:
        return self.open.setdefault(key, _Round())

    def _close(self, key: Key) -> None:
        number = self.numbers.get(key, 0)
        self.numbers[key] = number + 1
        if (made := self.open.pop(key, None)) is not None:
            self.rounds[key, number] = made

    def close_all(self) -> None:
        for key in list(self.open):
            self._close(key)

    def _change(self, change: Change, frame: int) -> None:  # noqa: C901  # one case a kind
        match change:
            case NodeMounted():
                self.kinds[change.id] = change.kind
            case AttemptStarted(key=key):
                made = self._round(key)
                if not made.serials:
                    made.agent, made.asked = change.agent, change.prompt
                made.serials.append(change.serial)
                made.started = frame
                made.origin = change.origin
                self.keys[change.serial] = key
            case AttemptEnded():
                if change.state == "failed":
                    self._round(self.keys[change.serial]).failed = (frame, change)
            case Settled(key=key):
                made = self._round(key)
                made.settled, made.frame = change, frame
                if not made.serials and change.set_by is None:
                    self._bring_back(made, change)
            case ReadMade():
                self._round(change.reader).reads[change.source] = None
            case ChoiceMade(key=key):
                if change.kind == "rework" and not (object_from(change.value) or {}).get("over"):
                    self._round(key).sent_back = frame
                if change.kind not in _MADE_ANEW:
                    self.choices[key, change.kind] = change.value
            case ChoiceGone(key=key):
                self.choices.pop((key, change.kind), None)
            case SignalGiven():
                sent = SentSignal(
                    id=change.id,
                    event=change.event,
                    correlation=change.correlation,
                    data=change.data,
                    by=change.by,
                    login=change.by,
                )
                self.signals.append((frame, SignalInput(sent=sent)))
            case WaitOpened(key=key):
                if change.kind == waits.CHILD:
                    self.children[key] = "".join(change.on)
                if change.kind in ASKED:
                    asked = Question(key=key, kind=change.kind, asked=asked_of(change))
                    self._round(key).questions.append((frame, asked))
            case WaitClosed(key=key):
                if (given := self._answer(change)) is not None:
                    self._round(key).inputs.append((frame, given))
            case _:
                pass

    def _bring_back(self, made: _Round, settled: Settled) -> None:
        """A rewind may have settled a node as it was: by the attempts of that time."""
        for left in reversed(self.left.get(settled.key, ())):
            before = left.settled
            if before and (before.outcome, before.output) == (settled.outcome, settled.output):
                made.agent, made.asked = left.agent, left.asked
                made.serials, made.origin, made.is_kept = left.serials, left.origin, True
                made.started = made.frame
                made.reads = made.reads or left.reads
                return

    def _answer(self, change: WaitClosed) -> Input | None:
        """What a person or a child run answered; None for what time or data has ended."""
        if change.answer is None:
            return None
        if change.kind == waits.CHILD:
            return self._child(change)
        row = object_from(change.answer) or {}
        if change.kind not in waits.ASKING or row.get("by") is None:
            return None
        return Answer(key=change.key, kind=change.kind, body=change.answer)

    def _child(self, change: WaitClosed) -> ChildAnswer:
        row = object_from(change.answer) or {}
        run_id = str(row.get("run", self.children.get(change.key, "")))
        status = self._find_child(run_id)
        error = status.error
        fields = (
            None
            if error is None
            else {name: getattr(error, name) for name in error.__dataclass_fields__}
        )
        body = {
            "run": run_id,
            "status": row.get("status", status.status),
            "output": status.output,
            "error": fields,
        }
        return ChildAnswer(key=change.key, body=json.dumps(body, ensure_ascii=False))

    # -- what was read

    def done(self, key: Key, number: int) -> Done:
        made = self.rounds[key, number]
        ended = made.settled
        output = None if ended is None else ended.output
        if isinstance(output, Large):
            output = output.text or self._read(key, made.frame)
        found = Done(
            key=key,
            round=number,
            kind=self.kinds.get(key.id, ""),
            outcome=None if ended is None else ended.outcome,
            output=output,
            type=None if ended is None else ended.type,
            error=None if ended is None else ended.error,
            agent=made.agent,
            asked=made.asked,
            reads=tuple(made.reads),
            attempts=len(made.serials),
            serial=made.serials[-1] if made.serials else None,
            origin=made.origin,
            is_kept=made.is_kept or made.frame < self.done_again,
        )
        if ended is None and made.failed is not None and made.failed[0] == made.sent_back:
            return _failed(found, made.failed[1])
        return found

    def moments(self) -> tuple[Moment, ...]:
        inputs: dict[int, list[Input]] = {}
        ended: dict[int, list[tuple[Key, int]]] = {}
        started: dict[int, list[tuple[Key, int]]] = {}
        first = min(self.times, default=0)
        for frame, given in self.signals:
            inputs.setdefault(frame, []).append(given)
        for (key, number), made in self.rounds.items():
            for frame, given in made.inputs:
                inputs.setdefault(frame, []).append(given)
            if made.serials and made.started > first:  # in the first frame nothing is held back
                started.setdefault(made.started, []).append((key, number))
            if made.settled is not None:
                ended.setdefault(made.frame, []).append((key, number))
            elif made.failed is not None and made.failed[0] == made.sent_back:
                ended.setdefault(made.sent_back, []).append((key, number))
        frames = sorted({*inputs, *ended, *started, *list(self.times)[-1:]})
        return tuple(
            Moment(
                at=self.times[number],
                inputs=tuple(inputs.get(number, ())),
                ended=tuple(ended.get(number, ())),
                started=tuple(started.get(number, ())),
            )
            for number in frames
        )


def _failed(found: Done, ended: AttemptEnded) -> Done:
    """A node that failed, and sent work back for it."""
    return replace(found, outcome="failed", error=ended.error)


def recording_of(
    run: NewRun,
    frames: Iterable[Frame],
    read: ReadOutput,
    find_child: FindChild,
    *,
    pools: Iterable[str] = (),
) -> Recording:
    """What the run did. `read` gives the text of a large output, and `find_child` the status in
    which a child run has ended, in the run as which it continued in the end.
    """
    reader = _Reader(run.run_id, read, find_child)
    state = RunState()
    for frame in frames:
        reader.add(frame)
        state.apply_frame(frame)
    reader.close_all()
    done = {(key, number): reader.done(key, number) for key, number in reader.rounds}
    questions = [pair for made in reader.rounds.values() for pair in made.questions]
    questions.sort(key=lambda pair: pair[0])
    return Recording(
        run_id=run.run_id,
        workflow=run.workflow,
        file=run.file,
        input=run.input,
        created_at=run.created_at,
        moments=reader.moments(),
        done=done,
        questions=tuple(one for _, one in questions),
        choices=_in_tree(reader.choices, state),
        status=state.run_status,
        output=state.status.output,
        error=state.status.error,
        pools=tuple(sorted(pools)),
        first_run=run.first_run,
        number=run.number,
        gone=frozenset(key for key, _ in done if not state.has_place(key)),
        set_up=reader.times.get(0),
    )


def _in_tree(
    choices: Mapping[tuple[Key, ChoiceKind], str], state: RunState
) -> dict[tuple[Key, ChoiceKind], str]:
    return {
        (key, kind): value
        for (key, kind), value in choices.items()
        if not key.id or state.has_place(key)
    }
