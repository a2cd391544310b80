"""What a line says of a task at work: what it waits for, why it failed, what its agent does."""

from __future__ import annotations

from smithers import waits
from smithers.agent import Answered, Event, Said, Started, Thought, ToolCalled, ToolReturned
from smithers.changes import WaitOpened
from smithers.views import WorkView, due_words

__all__ = ["activity", "agent_of", "note_of"]

_MOST = 400


def agent_of(work: WorkView) -> str:
    """The agent at work, with the number of an attempt that is not the first."""
    return f"{work.agent} #{work.attempt}" if work.attempt > 1 else work.agent


def note_of(work: WorkView) -> str:
    """What the task waits for, where its answer is from, or its error."""
    if work.wait is not None:
        return _awaited(work.wait)
    if work.cached is not None:
        return f"cached, from run {work.cached}"
    return "" if work.error is None else _line(work.error.message)


def activity(event: Event) -> str:
    """What an event says of its task, in a few words on one line."""
    match event:
        case Started():
            return "started"
        case Said(text) | Thought(text) | Answered(text):
            return _line(text)
        case ToolCalled():
            inner = next((str(value) for value in event.arguments.values()), "")
            return _line(f"{event.name}: {inner}" if inner else event.name)
        case ToolReturned():
            return _line(event.text)
        case _:
            return ""


def _line(text: str) -> str:
    return " ".join(text[:_MOST].split())


def _awaited(wait: WaitOpened) -> str:
    until = "" if wait.due is None else f" until {due_words(wait.due)}"
    return waits.words_of(
        waits.traits(wait.kind).words.row,
        until=until,
        asked=wait.asked,
        line=_line(wait.asked or ""),
        on=", ".join(wait.on),
    )
