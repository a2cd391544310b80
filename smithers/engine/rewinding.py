"""Taking a run back to one of its frames, in place: ordinary changes of a new frame.

What happened later no longer counts and is kept. What counted at that frame and was done again
later counts again, as it was then; but nobody's answer is repeated: such a question is asked again.
What was paid stays paid, and what was sent to the run stays sent.
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
    WaitClosed,
    WaitKind,
)
from smithers.state import Chosen, RunState
from smithers.store.forking import forked_frames

__all__ = ["changes_back"]

_OF_TASKS: tuple[ChoiceKind, ...] = ("skip_if", "cached")
"""The choices that a reset of their task takes away."""
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
        self._settled: dict[tuple[Key, int], Settled] = {}
        self._given: dict[int, SignalGiven] = {}
        for frame in frames:
            for change in frame.changes:
                if isinstance(change, Settled) and frame.number <= then.frame:
                    self._settled[change.key, frame.number] = change
                elif isinstance(change, SignalGiven):
                    self._given[change.number] = change
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
        if ended is None or key in then.answers:
            return
        settled = self._settled[key, ended.frame]
        output = settled.output
        if isinstance(output, Large):
            output = Large(output.size, output.digest, self._text(key, ended.frame))
        yield replace(settled, output=output, came_up=frame if up else None)
        if key in then.handled:
            yield FailureHandled(key=key)
        for source, at in then.reads.get(key, {}).items():
            yield ReadMade(reader=key, source=source, at=at)
        for kind in _OF_TASKS:
            if (choice := then.choices.get((key, kind))) is not None:
                yield _made(key, kind, choice)

    def choices(self) -> Iterator[Change]:
        now, then = self._now.choices, self._then.choices
        for (key, kind), choice in now.items():
            if kind not in _OF_TASKS and then.get((key, kind)) != choice:
                yield ChoiceGone(key=key, kind=kind, made=choice.frame)
        for (key, kind), choice in then.items():
            if kind not in _OF_TASKS and now.get((key, kind)) != choice:
                yield _made(key, kind, choice)

    def waits(self) -> Iterator[Change]:
        """What is not waited for any more, and the questions that are open again. A node asks anew
        for what else it waited for then.
        """
        for (key, kind), wait in self._now.waits.items():
            if key in self._differ:
                yield WaitClosed(key=key, kind=kind, opened=wait.frame)
        for (key, kind), wait in self._then.waits.items():
            is_asked = kind in (waits.APPROVAL, waits.HUMAN) and wait.opened.due is None
            if key in self._differ and is_asked:
                yield wait.opened

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
        """Signals that were taken later wait again, each once."""
        last: dict[str, int] = {}
        for number, signal in sorted(self._now.signals.items(), key=lambda one: one[1].given):
            last[signal.id] = number
        for number in last.values():
            signal, known = self._now.signals[number], self._then.signals.get(number)
            if signal.taken is not None and (known is None or known.taken is None):
                yield replace(self._given[number], number=number - _BEFORE)


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
