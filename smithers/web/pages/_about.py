"""What kind of a task a page is about, in sentences for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smithers import waits
from smithers.naming import key_name, waited_for
from smithers.shapes import is_timer, kind_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from smithers.views import State, TaskContext, TaskView, WaitView

__all__ = ["Sentence", "about_task", "expected_words"]

_NAMES = 5


class Sentence(NamedTuple):
    """A sentence, with the run or the time with which it ends."""

    text: str
    run: str | None = None
    at: datetime | None = None


def about_task(task: TaskView, wait: WaitView | None) -> Iterator[Sentence]:
    """What is done here if no agent works, what it waits for, and from where its output is."""
    line = task.line
    if (said := kind_words(line.kind)) and (wait is None or not is_timer(line.kind)):
        yield Sentence(said)
    if task.child is not None:
        yield Sentence("Its run:", run=task.child)
    yield from _sources(task)
    if line.state in _STATES:
        yield Sentence(_STATES[line.state])
    if wait is not None:
        yield from _waiting(wait)
    elif is_timer(line.kind) and task.settled is not None:
        yield Sentence("It was over at", at=task.settled)


def _sources(task: TaskView) -> Iterator[Sentence]:
    """From where an output is that this run did not make."""
    if task.line.cached is not None:
        yield Sentence("Its agent was not asked: the answer is that of run", run=task.line.cached)
    for origin in dict.fromkeys(one.origin for one in task.attempts if one.origin):
        yield Sentence("Kept from run", run=origin)
    if task.set_by is not None:
        yield Sentence(f"Its output was set by {task.set_by}.")


_STATES: Mapping[State, str] = {
    "pending": "It has not started: what comes before it has not ended.",
    "skipped": "It was skipped: the run did not need it.",
    "cancelled": "It was cancelled before it had ended.",
}


def _waiting(wait: WaitView) -> Iterator[Sentence]:
    if wait.kind == waits.EVENT:
        yield Sentence(f"It waits for the event {waited_for(wait.kind, wait.on)}.")
    if wait.due is not None:
        yield Sentence(_DUE.get(wait.kind, "It waits until"), at=wait.due)


_DUE = {
    waits.APPROVAL: "Without an answer it is over at",
    waits.HUMAN: "Without an answer it is over at",
    waits.EVENT: "Without it, the wait is over at",
    waits.RETRY: "It is tried again at",
    waits.COOLDOWN: "Its agents can be asked again at",
}


def expected_words(context: TaskContext) -> str:
    """Where an output that is not there yet goes."""
    names = [key_name(key) for key in context.following[:_NAMES]]
    if not names:
        return ""
    more = len(context.following) - len(names)
    return f"Next: {', '.join(names)}{f' and {more} more' if more else ''}."
