"""The page of a run: its state, what needs somebody, and its tree over time, now or as it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, Strict
from starlette.responses import Response

from smithers.changes import ENDED, StatusChanged
from smithers.views import FOR_A_PERSON, change_lines
from smithers.waits import DECISIONS
from smithers.web._plain import Word, words_of
from smithers.web._problems import ProblemError
from smithers.web._routes import Call, Closed, number_of
from smithers.web.pages._acts import acts_of, resume_of
from smithers.web.pages._ahead import ahead_of
from smithers.web.pages._attention import attention_of
from smithers.web.pages._facts import amounts_of, every_ms, marks_of, times_of
from smithers.web.pages._page import events_of, page, render, typed
from smithers.web.pages._source import failed_lines
from smithers.web.pages._sums import Facts
from smithers.web.pages._texts import text_of
from smithers.web.pages._tree import MOST, Window, flat_rows, rows_of
from smithers.web.pages._water import Scale, Water, scale_of
from smithers.web.pages._words import mark_of_run, name_of, parts_of, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smithers.hub import Hub
    from smithers.views import GraphNode, Inspection, Picture, RunView, WhyView

__all__ = ["ROUTES"]

_MOST_LINES = 3
"""At most this many of the things that happened in a frame are named beside the slider."""
_TOLD = FOR_A_PERSON | {StatusChanged}
_STARTS = ("start", "fork")
_FIRST_ROWS = 3
"""Who has started a run is among the first rows of its audit."""
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


class _Moment(NamedTuple):
    """What happened in a frame, and when."""

    at: datetime
    words: str


def _run(call: Call) -> Response:
    given, hub = call.query_as(RunParameters), call.hub
    live = events_of(call)
    drawn = hub.picture(call.run, frame=given.frame)
    found, last = drawn.found, drawn.last
    if given.frame is not None and given.frame > last:
        said = f"run {call.run} has no frame {given.frame}: its last is {last}"
        raise ProblemError(404, said, kind="UnknownFrame")
    run, now = found.run, datetime.now(UTC)
    frame = None if run.frames > last else run.frames - 1
    has_ended = drawn.whole.run.status in ENDED
    is_still = has_ended or frame is not None or run.status == "stale"
    end = run.last_activity if is_still else now
    why = hub.why(call.run)
    return render(
        call,
        "run.html",
        title=run.run_id,
        run=run,
        mark=mark_of_run(run.status, found.waits, is_silent=drawn.is_silent),
        has_ended=has_ended,
        elapsed_s=(end - run.created_at).total_seconds(),
        times=times_of(found, end),
        amounts=amounts_of(run, drawn.budget),
        frame=frame,
        last=last,
        moment_=_moment(call, last if frame is None else frame),
        ticks=marks_of(drawn.ticks, last),
        acts=acts_of(call, run, why if frame is None else None),
        given=given,
        live=live,
        every_ms=every_ms(len(found.tasks)),
        end=end,
        most=MOST,
        **_progress(found),
        **_head(call, run),
        **_why(call, drawn, why),
        **_rows(drawn, given, end),
    )


def _progress(found: Inspection) -> dict[str, Any]:
    """How many tasks there are, and how many of them need nothing more."""
    tasks = Counter[str](one.line.state for one in found.tasks)
    handled = sum(one.line.tolerated for one in found.tasks)
    return {
        "done": tasks["finished"] + tasks["skipped"] + handled,
        "total": tasks.total(),
        "parts": parts_of(tasks, asked=sum(one.kind in DECISIONS for one in found.waits)),
    }


def _moment(call: Call, frame: int) -> _Moment | None:
    """What happened in a frame in one sentence."""
    for view in call.hub.frames(call.run, frame, frame):
        told = [one for one in view.changes if type(one.change) in _TOLD]
        lines = [line.words for line in islice(change_lines(told), _MOST_LINES + 1)]
        lines = lines or [one.words for one in view.changes[: _MOST_LINES + 1]]
        more = "; …" if len(lines) > _MOST_LINES else ""
        words = "; ".join(short(line, 120) for line in lines[:_MOST_LINES])
        return _Moment(view.at, words + more)
    return None


def _head(call: Call, run: RunView) -> dict[str, Any]:
    """Where a run comes from."""
    file = Path(run.folder, run.file) if run.file else None
    home = Path.home()
    if file is not None and file.is_relative_to(home):
        file = Path("~", file.relative_to(home))
    first = call.hub.audit_page(call.run, limit=_FIRST_ROWS).rows
    started = next((one for one in first if one.what in _STARTS), None)
    return {
        "place": "" if file is None else str(file),
        "started_by": "" if started is None else started.claimed or started.who,
    }


def _why(call: Call, drawn: Picture, why: WhyView) -> dict[str, Any]:
    """What needs somebody, as it is now, also beside a frame of the past: no row moves by that."""
    whole, hub = drawn.whole, call.hub
    output, has_failed = whole.run.output, why.status == "failed"
    lines = failed_lines(hub, whole.run, whole.tasks) if has_failed else {}
    acts = acts_of(call, whole.run, why)
    offered = [resume_of(call.run)] if acts.resume and not has_failed else []
    return {
        "told": attention_of(whole, why, drawn.silent, placed=lines, offered=offered),
        "has_failed": has_failed,
        "may_resume": acts.resume,
        "may_retry": acts.retry,
        "ended_at": whole.run.last_activity if whole.run.status in ENDED else None,
        "ended_word": mark_of_run(whole.run.status, ()).word,
        "ahead": ahead_of(whole.tasks) if has_failed else None,
        "lines": lines,
        "output": None if output is None else text_of(output),
        "command": partial(typed, call),
        "words_of": partial(_words_of, hub),
    }


def _words_of(hub: Hub, text: str) -> Iterator[Word]:
    """A sentence in parts, of which a command is one, on this database."""
    return words_of(hub.complete(text))


def _rows(drawn: Picture, given: RunParameters, end: datetime) -> dict[str, Any]:
    """The rows of the tasks over time: a tree, or those that a filter finds."""
    facts, run, root = Facts(drawn, end), drawn.found.run, drawn.root
    scale = scale_of((drawn.until - run.created_at).total_seconds(), grows=not drawn.has_ended)
    water = Water(facts, run.created_at, scale, _later(drawn, scale))
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


def _later(drawn: Picture, scale: Scale) -> Water | None:
    """The spans of all frames, if that of the picture is an earlier one."""
    if drawn.found is drawn.whole:
        return None
    facts = Facts(replace(drawn, found=drawn.whole), drawn.until)
    return Water(facts, drawn.found.run.created_at, scale)


def _matches(node: GraphNode, given: RunParameters, facts: Facts) -> bool:
    return given.find.lower() in name_of(node.key).lower() and (
        given.show is None or facts.leaf(node).state in _STATES[given.show]
    )


ROUTES = (page("/runs/{run}", "run_page", "A run, for a browser.", _run, query=RunParameters),)
