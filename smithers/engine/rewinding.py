"""Taking a run back to one of its frames, in place: ordinary changes of a new frame.

What happened later no longer counts and is kept. What counted at that frame and was done again
later counts again, as it was then, answers of persons to the same questions included. What was paid
stays paid, and what was sent to the run stays sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from smithers import waits
from smithers.changes import (
    BudgetSet,
    CameUp,
    Change,
    ChoiceGone,
    ChoiceKind,
    ChoiceMade,
    ContainerEnded,
    ContainerReopened,
    FailureHandled,
    Frame,
    Key,
    Large,
    NodeGone,
    NodeMounted,
    ReadMade,
    Reset,
    Settled,
    SignalGiven,
    SignalTaken,
    WaitClosed,
    WaitKind,
)
from smithers.engine.decisions import ended_waits
from smithers.kinds import made_again
from smithers.signals import Signal
from smithers.state import Chosen, RunState
from smithers.store.forking import forked_frames

__all__ = ["changes_back"]

_OF_TASKS: tuple[ChoiceKind, ...] = ("skip_if", "cached")
"""The choices that a reset of their task takes away."""
_QUESTIONS: tuple[WaitKind, ...] = (waits.APPROVAL, waits.HUMAN)
_BEFORE = 2**32
"""Signals are numbered by their rows in the inbox; one that is given again comes before all of
those, in the order in which they came.
"""
_Text = Callable[[Key, int], str]


def changes_back(frames: Sequence[Frame], last: int, text: _Text) -> list[Change]:
    """The changes by which a run with these frames becomes as it was at the frame `last`. `text`
    gives the large output of a node that settled in a frame, as JSON text.
    """
    then = RunState.of(forked_frames(frames, last, ""))
    back = _Back(RunState.of(frames), then, frames, text)
    return [
        *back.tree(),
        *back.tasks(),
        *back.choices(),
        *back.waits(),
        *back.ends(),
        *back.budgets(),
        *back.signals(),
    ]


class _Back:
    def __init__(self, now: RunState, then: RunState, frames: Sequence[Frame], text: _Text) -> None:
        self._now, self._then, self._text = now, then, text
        changes = [(frame.number, change) for frame in frames for change in frame.changes]
        self._settled = {
            (change.key, number): change
            for number, change in changes
            if isinstance(change, Settled) and number <= then.frame
        }
        self._given = {one.number: one for _, one in changes if isinstance(one, SignalGiven)}
        self._decided = {
            opened.key: (opened, closed)
            for number, opened, closed in ended_waits(frames)
            if number <= then.frame and opened.kind in _QUESTIONS and closed.answer is not None
        }
        """The last answer of a person to each question, as of then."""
        self._differ = {key: None for key in self._known() if _facts(now, key) != _facts(then, key)}

    def _known(self) -> Iterator[Key]:
        """All nodes that have done anything, each once."""
        found = dict[Key, None]()
        for state in (self._now, self._then):
            for keys in (state.came_up, state.ended, state.tries, state.reads, state.answers):
                found.update(dict.fromkeys(keys))
            found.update(dict.fromkeys(key for key, _ in (*state.waits, *state.choices)))
        yield from found

    def tree(self) -> Iterator[Change]:
        now, then = self._now.nodes, self._then.nodes
        for id, row in now.items():
            if then.get(id) != row:
                yield NodeGone(id=id)
        for id, row in then.items():
            if now.get(id) != row:
                yield NodeMounted(id=id, kind=row.kind, parent=row.parent, place=row.place)

    def tasks(self) -> Iterator[Change]:
        for key in self._differ:
            yield Reset(key=key, anew=True)
            yield from self._again(key)

    def _again(self, key: Key) -> Iterator[Change]:
        """What a node had then, once more; an attempt that was at work is made again."""
        then, frame = self._then, self._now.frame + 1
        up, ended = key in then.came_up, then.ended.get(key)
        if up:
            yield CameUp(key=key)
        if (decided := self._decided.get(key)) is not None and key in then.answers:
            opened, closed = decided
            yield opened
            yield replace(closed, opened=frame)
        if ended is None:
            return
        settled = self._settled[key, ended.frame]
        output = settled.output
        if isinstance(output, Large):
            output = Large(output.size, output.digest, self._text(key, ended.frame))
        yield replace(settled, output=output, came_up=frame if up else None)
        if key in then.handled:
            yield FailureHandled(key=key)
        yield from self._reads(key)
        for kind in _OF_TASKS:
            if (choice := then.choices.get((key, kind))) is not None:
                yield _made(key, kind, choice)

    def _reads(self, key: Key) -> Iterator[Change]:
        for source, at in self._then.reads.get(key, {}).items():
            yield ReadMade(reader=key, source=source, at=at)

    def choices(self) -> Iterator[Change]:
        now, then = self._now.choices, self._then.choices
        for (key, kind), choice in now.items():
            if kind not in _OF_TASKS and not self._keeps(key, kind):
                yield ChoiceGone(key=key, kind=kind, made=choice.frame)
        for (key, kind), choice in then.items():
            if kind not in _OF_TASKS and not self._keeps(key, kind):
                again = _made(key, kind, choice)
                if kind == "rework":
                    again = replace(again, value=made_again(self._then, key))
                yield again

    def _keeps(self, key: Key, kind: ChoiceKind) -> bool:
        """Whether a choice is what it was. That work is sent back counts from its frame on, until a
        reset, so it is made again where its node is.
        """
        if kind == "rework" and key in self._differ:
            return False
        return self._now.choices.get((key, kind)) == self._then.choices.get((key, kind))

    def waits(self) -> Iterator[Change]:
        """What is not waited for any more, and the questions that are open again. A node asks anew
        for what else it waited for then.
        """
        for (key, kind), wait in self._now.waits.items():
            if key in self._differ:
                yield WaitClosed(key=key, kind=kind, opened=wait.frame)
        for (key, kind), wait in self._then.waits.items():
            if key in self._differ and kind in _QUESTIONS and self._is_open_again(key):
                yield wait.opened
                yield from self._reads(key)

    def _is_open_again(self, key: Key) -> bool:
        """Whether a question was open then, and may be answered as it was asked. One with a time
        limit is asked anew.
        """
        asked = [self._then.waits.get((key, kind)) for kind in _QUESTIONS]
        return any(wait is not None and wait.opened.due is None for wait in asked)

    def ends(self) -> Iterator[Change]:
        now, then = self._now.ends, self._then.ends
        for key, end in now.items():
            if then.get(key) != end:
                yield ContainerReopened(key=key)
        for key, end in then.items():
            if now.get(key) != end:
                yield ContainerEnded(key=key, outcome=end.outcome)

    def budgets(self) -> Iterator[Change]:
        now, then = self._now.budgets, self._then.budgets
        for key in dict.fromkeys((*now, *then)):
            if (budget := then.get(key)) != now.get(key):
                yield budget or BudgetSet(key=key, caps=None)

    def signals(self) -> Iterator[Change]:
        """Signals that were taken later wait again; what was taken then is taken."""
        now, then = _last_signals(self._now), _last_signals(self._then)
        first = min([0, *self._now.signals]) // _BEFORE * _BEFORE - _BEFORE
        for id, signal in now.items():
            taken = then[id].taken if id in then else None
            if signal.taken is not None and taken is None:
                number = first + signal.number % _BEFORE
                yield replace(self._given[signal.number], number=number)
            elif signal.taken is None and taken is not None:
                yield SignalTaken(number=signal.number, key=taken, misfit=then[id].misfit)


def _last_signals(state: RunState) -> dict[str, Signal]:
    """The signals by their ids; of one that was given again, the last time."""
    return {one.id: one for one in sorted(state.signals.values(), key=lambda one: one.given)}


def _made(key: Key, kind: ChoiceKind, choice: Chosen) -> ChoiceMade:
    return ChoiceMade(key=key, kind=kind, value=choice.value, children=choice.children)


def _facts(state: RunState, key: Key) -> tuple[object, ...]:
    """What counts of a node."""
    return (
        state.came_up.get(key),
        state.ended.get(key),
        key in state.handled,
        state.answers.get(key),
        state.reads.get(key),
        [one.serial for one in state.tries.get(key, ()) if one.counts],
        [state.choices.get((key, kind)) for kind in _OF_TASKS],
        [_opened(state, key, kind) for kind in waits.KINDS],
        state.sent_back.get(key),
    )


def _opened(state: RunState, key: Key, kind: WaitKind) -> int | None:
    wait = state.waits.get((key, kind))
    return None if wait is None else wait.frame
