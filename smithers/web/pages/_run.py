"""The page of a run: its state, what needs somebody, and its tree over time, now or as it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, Strict
from starlette.responses import Response

from smithers.changes import ENDED
from smithers.waits import DECISIONS
from smithers.web._routes import Call, Closed, number_of
from smithers.web.pages._acts import acts_of
from smithers.web.pages._ahead import ahead_of
from smithers.web.pages._facts import amounts_of, every_ms, marks_of, worked_s
from smithers.web.pages._page import page, render, typed
from smithers.web.pages._source import failed_lines
from smithers.web.pages._texts import text_of
from smithers.web.pages._tree import MOST, Item, Window, items_of, leaves_of, scale_s, tree_of
from smithers.web.pages._words import mark_of_run, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smithers.views import Picture

__all__ = ["ROUTES"]

_MOST_REASONS = 20
_Number = Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)]
_Show = Literal["running", "waiting", "failed", "finished", "pending"]
_GLYPHS: Mapping[_Show, tuple[str, ...]] = {
    "running": ("run",),
    "waiting": ("ask", "wait"),
    "failed": ("bad",),
    "finished": ("ok",),
    "pending": ("pend",),
}


class RunParameters(Closed):
    """As of which frame; which tasks, or which part of a large group."""

    frame: _Number | None = None
    group: str | None = Field(None, max_length=250)
    start: _Number = 0
    show: _Show | None = None
    find: str = Field("", max_length=250)


class _Filter(NamedTuple):
    """A state by which the tasks are filtered, and how many have it."""

    show: str
    number: int


def _run(call: Call) -> Response:
    given, hub = call.query_as(RunParameters), call.hub
    cursor = hub.look(call.run).cursor  # first, so that what follows it is told
    drawn = hub.picture(call.run, frame=given.frame)
    found, last = drawn.found, drawn.last
    run, now = found.run, datetime.now(UTC)
    frame = None if run.frames > last else run.frames - 1
    has_ended = run.status in ENDED
    end = run.last_activity if has_ended or frame is not None else now
    elapsed_s = (end - run.created_at).total_seconds()
    why = hub.why(call.run) if frame is None else None
    scale = scale_s(elapsed_s, grows=not has_ended and frame is None)
    tasks = Counter[str](one.line.state for one in found.tasks)
    handled = sum(one.line.tolerated for one in found.tasks)
    return render(
        call,
        "run.html",
        title=run.run_id,
        run=run,
        mark=mark_of_run(run.status, found.waits),
        has_ended=has_ended,
        done=tasks["finished"] + tasks["skipped"] + handled,
        total=tasks.total(),
        parts=parts_of(tasks, asked=sum(one.kind in DECISIONS for one in found.waits)),
        elapsed_s=elapsed_s,
        worked_s=worked_s(found.tasks, end),
        amounts=amounts_of(run, drawn.budget),
        frame=frame,
        last=last,
        ticks=marks_of(drawn.ticks, last),
        why=why,
        reasons=[] if why is None else why.reasons[:_MOST_REASONS],
        more_reasons=0 if why is None else max(0, len(why.reasons) - _MOST_REASONS),
        asking={one.key for one in hub.list_asks(call.run)} if frame is None else set(),
        acts=acts_of(call, run, why),
        ahead=ahead_of(found.tasks) if run.status == "failed" and frame is None else None,
        lines=failed_lines(hub, run, found.tasks) if frame is None else {},
        output=None if run.output is None else text_of(run.output),
        command=partial(typed, call),
        hint=hub.complete,
        given=given,
        live=f"/api/v1/runs/{call.run}/events{'' if cursor is None else f'?after={cursor}'}",
        every_ms=every_ms(tasks.total()),
        scale=scale,
        most=MOST,
        **_rows(drawn, given, end, scale),
    )


def _rows(drawn: Picture, given: RunParameters, end: datetime, scale: float) -> dict[str, Any]:
    """The rows of the tasks: a tree, or those that a filter finds."""
    tree = tree_of(drawn.root, drawn.found, end=end, scale=scale)
    marks = Counter[str]() if tree is None else tree.states
    filters = [
        _Filter(show, number)
        for show, glyphs in _GLYPHS.items()
        if (number := sum(marks[one] for one in glyphs)) or show == given.show
    ]
    if not (given.show or given.find):
        window = None if given.group is None else Window(given.group, given.start)
        return {"items": items_of(tree, window), "filters": filters, "matching": None}
    matching = [one for one in leaves_of(tree) if _matches(one, given)]
    shown = [replace(one, depth=0) for one in matching[given.start : given.start + MOST]]
    return {"items": shown, "filters": filters, "matching": len(matching)}


def _matches(item: Item, given: RunParameters) -> bool:
    return given.find.lower() in item.name.lower() and (
        given.show is None or item.mark.glyph in _GLYPHS[given.show]
    )


ROUTES = (page("/runs/{run}", "run_page", "A run, for a browser.", _run, query=RunParameters),)
