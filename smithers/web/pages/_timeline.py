"""The page of a run's history, frame by frame, the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, Strict
from starlette.responses import Response

from smithers.changes import (
    AttemptEnded,
    BudgetRaised,
    MessageGiven,
    MessageTaken,
    Settled,
    StatusChanged,
    WaitClosed,
    WaitOpened,
)
from smithers.values import dataclass
from smithers.views import FOR_A_PERSON, ChangeView, change_lines
from smithers.waits import ASKING, DECISIONS
from smithers.web._routes import Call, Closed, Flag, number_of
from smithers.web.pages._page import page, render
from smithers.web.pages._words import short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smithers.changes import Key
    from smithers.views import ForkView, FrameView

__all__ = ["ROUTES"]

_PAGE = 60
_FILTERED = 600
"""At most this many frames are searched for a page of what was asked for."""
_MOST_LINES = 12
_MOST_WORDS = 400
"""At most this many characters of a change are shown: the page of the task has all of an error."""
_TOLD = FOR_A_PERSON | {StatusChanged}


_Number = Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)]


class TimelineParameters(Closed):
    """Which frames: those before one, those up to one, or the last; with `all` each of their
    changes. `task` and `show` name the events that are wanted.
    """

    before: Annotated[_Number, Field(ge=1)] | None = None
    frame: _Number | None = None
    all: Flag = False
    task: str = Field("", max_length=250)
    show: Literal["", "failed", "people"] = ""


class _Words(NamedTuple):
    """A change in words, and the task that it is about, if it is about one."""

    text: str
    key: Key | None


@dataclass(frozen=True, kw_only=True)
class _Moment:
    """A frame: what a person wants to know of it, how many changes are not told, and its forks. One
    that has nothing of that is `quiet`, and tells what else has changed.
    """

    number: int
    at: datetime
    lines: tuple[_Words, ...]
    others: int
    quiet: bool
    forks: tuple[ForkView, ...]


def _timeline(call: Call) -> Response:
    given, hub = call.query_as(TimelineParameters), call.hub
    look = hub.look(call.run)
    last = hub.summary(call.run).frames - 1
    newest = last if given.frame is None else min(given.frame, last)
    end = newest + 1 if given.before is None else min(given.before, newest + 1)
    most = _FILTERED if given.task or given.show else _PAGE
    frames = hub.frames(call.run, max(0, end - most), end - 1)
    lineage = hub.lineage(call.run)
    forks: dict[int, list[ForkView]] = {}
    for one in lineage.forks:
        forks.setdefault(one.frame, []).append(one)
    moments = [_moment(one, forks.get(one.number, []), given) for one in frames]
    cursor = "" if look.cursor is None else f"?after={look.cursor}"
    follows: dict[str, Any] = (
        {"live": f"/api/v1/runs/{call.run}/events{cursor}"} if end > last else {}
    )
    return render(
        call,
        "timeline.html",
        title=f"Timeline of {call.run}",
        run=call.run,
        lineage=lineage,
        moments=[one for one in reversed(moments) if one is not None],
        first=max(0, end - most),
        end=end,
        last=newest,
        most=most,
        given=given,
        **follows,
    )


def _moment(frame: FrameView, forks: list[ForkView], given: TimelineParameters) -> _Moment | None:
    """What a frame tells; None if that is not wanted."""
    is_filtered = bool(given.task or given.show)
    views = [view for view in frame.changes if _is_wanted(view, given)]
    if is_filtered and not views:
        return None
    told = list(_words(views, everything=given.all))
    found = told or list(_words(views, everything=True))
    shown = found if given.all else found[:_MOST_LINES]
    return _Moment(
        number=frame.number,
        at=frame.at,
        lines=tuple(shown),
        others=max(0, len(views) - len(shown)),
        quiet=not told,
        forks=() if is_filtered else tuple(forks),
    )


def _is_wanted(view: ChangeView, given: TimelineParameters) -> bool:
    """Whether a change is of the task and of the kind that are wanted."""
    if given.task:
        key = view.key
        if key is None or not key.id or given.task.casefold() not in str(key).casefold():
            return False
    match view.change:
        case Settled(outcome=how) | AttemptEnded(state=how) | StatusChanged(status=how):
            return not given.show or (given.show == "failed" and how == "failed")
        case WaitOpened(kind=kind) | WaitClosed(kind=kind):
            return not given.show or (given.show == "people" and kind in (*ASKING, *DECISIONS))
        case MessageTaken() | MessageGiven() | BudgetRaised():
            return given.show != "failed"
        case _:
            return not given.show


def _words(views: list[ChangeView], *, everything: bool) -> Iterator[_Words]:
    if everything:
        for view in views:
            yield _Words(short(view.words, _MOST_WORDS), _task_of(view))
        return
    told = [view for view in views if type(view.change) in _TOLD]
    for line in change_lines(told):
        key = None if line.is_folded else _task_of(told[line.position])
        yield _Words(short(line.words, _MOST_WORDS), key)


def _task_of(view: ChangeView) -> Key | None:
    return view.key if view.key is not None and view.key.id else None


ROUTES = (
    page(
        "/runs/{run}/timeline",
        "timeline_page",
        "What happened in a run, for a browser.",
        _timeline,
        query=TimelineParameters,
    ),
)
