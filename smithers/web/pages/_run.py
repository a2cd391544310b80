"""The page of a run: its state, what needs somebody, and its tree over time, now or as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, Strict
from starlette.responses import Response

from smithers.changes import ENDED
from smithers.web._routes import Call, Closed, number_of
from smithers.web.pages._page import page, render, typed
from smithers.web.pages._texts import text_of
from smithers.web.pages._tree import Window, items_of, scale_s
from smithers.web.pages._words import mark_of_run, parts_of

if TYPE_CHECKING:
    from smithers.views import TaskView

__all__ = ["ROUTES"]

_MOST_REASONS = 20
_Number = Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)]


class RunParameters(Closed):
    """As of which frame, and which part of a large group."""

    frame: _Number | None = None
    group: str | None = Field(None, max_length=250)
    start: _Number = 0


def _run(call: Call) -> Response:
    given, hub = call.query_as(RunParameters), call.hub
    cursor = hub.look(call.run).cursor  # first, so that what follows it is told
    summary = hub.summary(call.run)
    last = summary.frames - 1
    frame = None if given.frame is None or given.frame >= last else given.frame
    found, tree = hub.picture(call.run, frame=frame)
    run, now = found.run, datetime.now(UTC)
    has_ended = run.status in ENDED
    end = run.last_activity if has_ended or frame is not None else now
    elapsed_s = (end - run.created_at).total_seconds()
    why = hub.why(call.run) if frame is None else None
    window = None if given.group is None else Window(given.group, given.start)
    scale = scale_s(elapsed_s, grows=not has_ended and frame is None)
    after = "" if cursor is None else f"?after={cursor}"
    tasks = dict(summary.counts.tasks) if frame is None else _counted(found.tasks)
    return render(
        call,
        "run.html",
        title=run.run_id,
        run=run,
        mark=mark_of_run(run.status, found.waits),
        has_ended=has_ended,
        done=summary.counts.done if frame is None else tasks.get("finished", 0),
        total=sum(tasks.values()),
        parts=parts_of(tasks),
        elapsed_s=elapsed_s,
        frame=frame,
        last=last,
        why=why,
        reasons=[] if why is None else why.reasons[:_MOST_REASONS],
        asking={one.key for one in hub.list_asks(call.run)} if frame is None else set(),
        output=None if run.output is None else text_of(run.output),
        command=partial(typed, call),
        items=items_of(tree.root, found, end=end, scale=scale, window=window),
        scale=scale,
        live=f"/api/v1/runs/{call.run}/events{after}",
    )


def _counted(tasks: Iterable[TaskView]) -> dict[str, int]:
    return dict(Counter(one.line.state for one in tasks))


ROUTES = (page("/runs/{run}", "run_page", "A run, for a browser.", _run, query=RunParameters),)
