"""The page of a run: its state, what needs somebody, and its tree over time, now or as it was."""

from __future__ import annotations

from collections import Counter
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
from smithers.web.pages._sums import Facts
from smithers.web.pages._texts import text_of
from smithers.web.pages._tree import MOST, Window, flat_rows, rows_of
from smithers.web.pages._water import Water, scale_of
from smithers.web.pages._words import mark_of_run, name_of, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smithers.views import GraphNode, Picture

__all__ = ["ROUTES"]

_MOST_REASONS = 20
_Number = Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)]
_Show = Literal[
    "running", "needs", "waiting", "failed", "finished", "pending", "skipped", "cancelled"
]
_STATES: Mapping[_Show, tuple[str, ...]] = {
    "running": ("running",),
    "needs": ("asks", "stalled"),
    "waiting": ("waiting",),
    "failed": ("failed",),
    "finished": ("finished",),
    "pending": ("pending",),
    "skipped": ("skipped",),
    "cancelled": ("cancelled",),
}


class RunParameters(Closed):
    """As of which frame; which tasks, which group is open and which part of it if it is large, and
    which is closed.
    """

    frame: _Number | None = None
    group: str | None = Field(None, max_length=300)
    shut: str | None = Field(None, max_length=300)
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
        end=end,
        most=MOST,
        **_rows(drawn, given, end, grows=not (has_ended or drawn.has_ended)),
    )


def _rows(drawn: Picture, given: RunParameters, end: datetime, *, grows: bool) -> dict[str, Any]:
    """The rows of the tasks over time: a tree, or those that a filter finds."""
    facts, run, root = Facts(drawn, end), drawn.found.run, drawn.root
    scale = scale_of((drawn.until - run.created_at).total_seconds(), grows=grows)
    water = Water(facts, run.created_at, scale)
    states = Counter[str]() if root is None else facts.sum(root).states
    filters = [
        _Filter(show, number)
        for show, names in _STATES.items()
        if (number := sum(states[one] for one in names)) or show == given.show
    ]
    found: dict[str, Any] = {"filters": filters, "scale": scale, "now_at": water.now}
    if not (given.show or given.find):
        window = Window(given.group, given.start, given.shut)
        return {**found, "rows": rows_of(root, facts, water, window), "matching": None}
    every = () if root is None else facts.leaves(root)
    matching = [one for one in every if _matches(one, given, facts)]
    shown = matching[given.start : given.start + MOST]
    return {**found, "rows": flat_rows(shown, facts, water), "matching": len(matching)}


def _matches(node: GraphNode, given: RunParameters, facts: Facts) -> bool:
    return given.find.lower() in name_of(node.key).lower() and (
        given.show is None or facts.leaf(node).state in _STATES[given.show]
    )


ROUTES = (page("/runs/{run}", "run_page", "A run, for a browser.", _run, query=RunParameters),)
