"""What happened in a run in lines for a person, each with the position of its change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    BudgetRaised,
    MessageGiven,
    MessageTaken,
    NodeGone,
    Reset,
    SentBack,
    Settled,
    StatusChanged,
    WaitClosed,
    WaitOpened,
)
from smithers.naming import first_names, key_name, why_again
from smithers.store.rows import time_text
from smithers.values import dataclass
from smithers.waits import APPROVAL, ASKING, traits

if TYPE_CHECKING:
    from smithers.views._changes import Shown
    from smithers.views._frames import ChangeView, FrameView

__all__ = [
    "ASK",
    "FOR_A_PERSON",
    "MOST_ALIKE",
    "ChangeLine",
    "change_lines",
    "question_of",
    "short_lines",
]

FOR_A_PERSON: frozenset[type[Shown]] = frozenset(
    {
        *(AttemptStarted, AttemptEnded, Settled, WaitOpened, WaitClosed),
        *(Reset, NodeGone, BudgetRaised, MessageTaken, MessageGiven),
    }
)
"""The changes that have a line. How a run is left is reported at its end."""

MOST_ALIKE = 5
"""So many nodes of one frame have a line each, if the same happened to them."""

ASK = traits(APPROVAL).words.many

_IN_SHORT = FOR_A_PERSON | {StatusChanged}
_LINE_CHARS = 66
"""What a model reads as fewer than 20 tokens, quotes and comma included."""

_NAME_CHARS = 24


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What a change says, with its position among the changes; `is_folded` if it is that of many
    alike.
    """

    position: int
    words: str
    is_folded: bool = False


def change_lines(
    changes: Sequence[ChangeView], settled: Callable[[ChangeView], str] | None = None
) -> Iterator[ChangeLine]:
    """A line a change; one line for many nodes that a frame resets, cancels or skips, or that ask.
    `settled` has the words for a node that has settled.
    """
    alike: dict[str, list[str]] = {}
    for view in changes:
        if (what := _in_bulk(view.change)) and view.key is not None:
            alike.setdefault(what, []).append(key_name(view.key))
    for number, view in enumerate(changes):
        what = _in_bulk(view.change)
        names = alike.get(what, [])
        is_sent_back = isinstance(view.change, Reset) and view.change.cause is not None
        if len(names) <= (1 if is_sent_back else MOST_ALIKE):
            if words := _words(view, settled):
                yield ChangeLine(number, words)
        elif names[0]:
            words = f"{len(names)} tasks {what}: {first_names(names)}"
            yield ChangeLine(number, words, is_folded=True)
            names[0] = ""  # the line is written


def short_lines(frame: FrameView) -> Iterator[tuple[int, str]]:
    """The lines of a frame for a model, each with the number of its change and its time in UTC."""
    shown = [
        (number, view)
        for number, view in enumerate(frame.changes, frame.first)
        if type(view.change) in _IN_SHORT
    ]
    at = time_text(frame.at)
    for line in change_lines([view for _, view in shown]):
        number, view = shown[line.position]
        words, name = line.words, "" if view.key is None else key_name(view.key)
        if len(name) > _NAME_CHARS:
            half = _NAME_CHARS // 2
            words = words.replace(name, f"{name[: half - 1]}…{name[-half:]}")
        text = f"{at[5:10]} {at[11:19]} {' '.join(words.split())}"
        yield number, text if len(text) <= _LINE_CHARS else f"{text[: _LINE_CHARS - 1]}…"


def _words(view: ChangeView, settled: Callable[[ChangeView], str] | None) -> str:
    """The line of a change, or nothing for one that says little to a person."""
    match view.change:
        case Settled():
            return view.words if settled is None else settled(view)
        case AttemptEnded(state="succeeded" | "deferred"):
            return ""
        case WaitOpened(kind=kind):
            return view.words if traits(kind).is_outside else ""
        case WaitClosed(kind=kind):
            return view.words if traits(kind).words.tells_end else ""
        case _:
            return view.words


def _in_bulk(change: Shown) -> str:
    """What a change does that a frame may do to thousands of nodes at once, else nothing."""
    match change:
        case Settled(outcome="cancelled" | "skipped" as outcome):
            return f"were {outcome}"
        case Reset(cause=None):
            return "run again"
        case Reset(cause=SentBack() as cause):
            return f"are done again, because {why_again(cause)}"
        case _:
            if isinstance(change, WaitOpened) and change.kind in ASKING:
                return traits(change.kind).words.many
            return ""


def question_of(change: Shown) -> str | None:
    """What a person is asked by a change, or None."""
    if isinstance(change, WaitOpened) and change.kind in ASKING:
        return change.asked or ""
    return None
