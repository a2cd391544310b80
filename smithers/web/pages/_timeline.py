"""The page of a run's history, frame by frame, the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import BeforeValidator, Field, Strict
from starlette.responses import Response

from smithers.changes import StatusChanged
from smithers.values import dataclass
from smithers.views import FOR_A_PERSON, ChangeView, change_lines
from smithers.web._routes import Call, Closed, Flag, number_of
from smithers.web.pages._page import page, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smithers.changes import Key
    from smithers.views import ForkView, FrameView

__all__ = ["ROUTES"]

_PAGE = 60
_MOST_LINES = 12
_TOLD = FOR_A_PERSON | {StatusChanged}


class TimelineParameters(Closed):
    """Which frames: those before one, or the last; with `all` each of their changes."""

    before: Annotated[int, Strict(), Field(ge=1, le=2**53), BeforeValidator(number_of)] | None = (
        None
    )
    all: Flag = False
    frame: Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)] | None = None


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
    end = last + 1 if given.before is None else min(given.before, last + 1)
    frames = hub.frames(call.run, max(0, end - _PAGE), end - 1)
    lineage = hub.lineage(call.run)
    forks: dict[int, list[ForkView]] = {}
    for one in lineage.forks:
        forks.setdefault(one.frame, []).append(one)
    moments = [_moment(one, forks.get(one.number, []), everything=given.all) for one in frames]
    cursor = "" if look.cursor is None else f"?after={look.cursor}"
    return render(
        call,
        "timeline.html",
        title=f"Timeline of {call.run}",
        run=call.run,
        lineage=lineage,
        moments=moments[::-1],
        first=max(0, end - _PAGE),
        end=end,
        last=last,
        most=_PAGE,
        given=given,
        live=f"/api/v1/runs/{call.run}/events{cursor}",
    )


def _moment(frame: FrameView, forks: list[ForkView], *, everything: bool) -> _Moment:
    told = list(_words(frame, everything=everything))
    found = told or list(_words(frame, everything=True))
    shown = found if everything else found[:_MOST_LINES]
    return _Moment(
        number=frame.number,
        at=frame.at,
        lines=tuple(shown),
        others=max(0, len(frame.changes) - len(shown)),
        quiet=not told,
        forks=tuple(forks),
    )


def _words(frame: FrameView, *, everything: bool) -> Iterator[_Words]:
    if everything:
        for view in frame.changes:
            yield _Words(view.words, _task_of(view))
        return
    told = [view for view in frame.changes if type(view.change) in _TOLD]
    for line in change_lines(told):
        key = None if line.is_folded else _task_of(told[line.position])
        yield _Words(line.words, key)


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
