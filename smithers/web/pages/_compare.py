"""The page that compares two runs, or two frames: sums, then task by task what differs."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, Strict
from starlette.responses import Response

from smithers.hub import RunsQuery
from smithers.values import dataclass
from smithers.web._problems import ProblemError
from smithers.web._routes import Call, Closed, Flag, is_run_id, number_of
from smithers.web.pages._ahead import counted, counted_cost
from smithers.web.pages._page import page, render
from smithers.web.pages._reasons import lines_words, reasons
from smithers.web.pages._texts import Row, rows_of
from smithers.web.pages._words import Mark, mark_of_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smithers.changes import Key
    from smithers.hub import Hub
    from smithers.views import Difference, Inspection, RunLine, RunView, TaskView

__all__ = ["ROUTES"]

_MOST = 200
_MOST_CHARACTERS = 200_000
_CANDIDATES = 30
_How = Literal["same", "changed", "only left", "only right"]


_Number = Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)]


class CompareParameters(Closed):
    """Two runs, each as RUN or RUN@FRAME; with `all` what is the same as well. `task` is shown, and
    `at` names a frame of the left run as the other side. Without `left`, both are asked for.
    """

    left: str = Field("", max_length=90)
    right: str = Field("", max_length=90)
    all: Flag = False
    task: str | None = Field(None, max_length=250)
    start: _Number = 0
    at: _Number | None = None


class Side(NamedTuple):
    """A run as of a frame (None: its last)."""

    run_id: str
    frame: int | None

    def __str__(self) -> str:
        return self.run_id if self.frame is None else f"{self.run_id}@{self.frame}"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task of both runs, how it differs, and why."""

    key: Key
    how: _How
    why: str
    costs: tuple[Decimal | None, Decimal | None]

    @property
    def change(self) -> Decimal | None:
        """By how much the second one cost more; None if neither has told a cost."""
        old, new = self.costs
        return None if old is None and new is None else (new or Decimal(0)) - (old or Decimal(0))


@dataclass(frozen=True, kw_only=True)
class Other:
    """A run to compare with, and how it is related to the first."""

    run: RunLine
    mark: Mark
    related: str

    @classmethod
    def of(cls, run: RunLine, related: str = "") -> Other:
        return cls(run=run, mark=mark_of_run(run.status, run.waiting_for), related=related)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A part that differs, as a diff; without rows it is too large for one."""

    part: str
    rows: tuple[Row, ...]
    added: int
    removed: int


def _compare(call: Call) -> Response:
    given, hub = call.query_as(CompareParameters), call.hub
    if not given.left:
        return _choose_both(call, given.right)
    left = _side(given.left)
    if not given.right and given.at is None:
        return _choose(call, left)
    right = Side(left.run_id, given.at) if given.at is not None else _side(given.right)
    found = tuple(hub.inspect(one.run_id, frame=one.frame) for one in (left, right))
    by_key: dict[Key | None, list[Difference]] = {}
    for one in hub.compare(left, right).differences:
        by_key.setdefault(one.key, []).append(one)
    rows = list(_rows(found[0], found[1], by_key))
    listed = [row for row in rows if given.all or row.how != "same"]
    key = _wanted(given.task, rows, by_key)
    return render(
        call,
        "compare.html",
        title=f"{left} and {right}",
        sides=(left, right),
        runs=tuple(one.run for one in found),
        marks=tuple(mark_of_run(one.run.status, one.waits) for one in found),
        counts=Counter(row.how for row in rows),
        rows=listed[given.start : given.start + _MOST],
        total=len(listed),
        most=_MOST,
        whole=[_shown(one) for one in by_key.get(None, ())],
        inputs=_part_words(by_key.get(None, ()), "input"),
        source=_part_words(by_key.get(None, ()), "source"),
        key=key,
        picked=next((row for row in rows if row.key == key), None),
        parts=[] if key is None else [_shown(one) for one in by_key.get(key, ())],
        given=given,
        times=tuple((one.run.last_activity - one.run.created_at).total_seconds() for one in found),
        costs=tuple(_total(row.costs[side] for row in rows) for side in (0, 1)),
        tokens=tuple(sum(map(_tokens, one.tasks)) for one in found),
    )


def _total(costs: Iterable[Decimal | None]) -> Decimal | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if known else None


def _tokens(task: TaskView) -> int:
    return sum(one.usage.tokens_in + one.usage.tokens_out for one in counted(task))


def _part_words(found: Iterable[Difference], part: str) -> list[str]:
    """What differs of a part of the runs as a whole, file by file; nothing if it is the same."""
    return [
        lines_words(one.file or "differs", one).removeprefix("differs, ")
        for one in found
        if one.part == part
    ]


def _side(text: str) -> Side:
    """A run and its frame as they are typed. Raises `ProblemError`."""
    run_id, at, frame = text.strip().partition("@")
    if at and not (frame.isascii() and frame.isdigit() and len(frame) <= 16):
        raise ProblemError(
            422, f"{text!r} is not a run", kind="WrongParameters", hint="write RUN or RUN@FRAME"
        )
    if not is_run_id(run_id):
        raise ProblemError(404, f"{run_id!r} is not the id of a run", kind="UnknownRun")
    return Side(run_id, int(frame) if at else None)


def _choose_both(call: Call, right: str) -> Response:
    """The form that asks for both runs, with the newest."""
    runs = reversed(call.hub.list_runs(RunsQuery(limit=_CANDIDATES)).runs)
    listed = [Other.of(one) for one in runs if one.run_id != right]
    return render(call, "compare_two.html", title="Compare two runs", right=right, runs=listed)


def _choose(call: Call, left: Side) -> Response:
    """The form that asks for the other run, with those that are likely."""
    run = call.hub.inspect(left.run_id, frame=left.frame).run
    return render(
        call,
        "compare_with.html",
        title=f"Compare {left}",
        left=left,
        workflow=run.workflow,
        last=run.frames - 1,
        likely=_likely(call.hub, run),
    )


def _likely(hub: Hub, run: RunView) -> list[Other]:
    """Other runs of the workflow, the newest first; its source and its forks before them."""
    forks = {one.run_id: f"forked at frame {one.frame}" for one in hub.lineage(run.run_id).forks}
    if run.forked_from is not None:
        source, frame = run.forked_from
        forks[source] = f"this is a fork of its frame {frame}"
    query = RunsQuery(workflow=run.workflow, limit=_CANDIDATES)
    listed = [one for one in reversed(hub.list_runs(query).runs) if one.run_id != run.run_id]
    found = [Other.of(one, forks.get(one.run_id, "")) for one in listed]
    return sorted(found, key=lambda one: not one.related)


def _rows(
    left: Inspection, right: Inspection, by_key: Mapping[Key | None, list[Difference]]
) -> Iterable[Task]:
    olds, news = ({one.line.key: one for one in found.tasks} for found in (left, right))
    changed = {
        key
        for key, found in by_key.items()
        if key is not None and any(one.part == "output" for one in found)
    }
    for key in dict.fromkeys([*olds, *news]):
        old, new, found = olds.get(key), news.get(key), by_key.get(key, ())
        yield Task(
            key=key,
            how=_how(old, new, by_key.get(key)),
            why=_missing(key, old)
            if old is None or new is None
            else reasons(old, new, found, changed),
            costs=(
                None if old is None else counted_cost(old),
                None if new is None else counted_cost(new),
            ),
        )


def _missing(key: Key, old: TaskView | None) -> str:
    """Why one side does not have a task."""
    side = "A" if old is None else "B"
    return f"{side} did not reach this iteration" if key.path else f"not in the tree of {side}"


def _how(old: TaskView | None, new: TaskView | None, found: list[Difference] | None) -> _How:
    if old is None:
        return "only right"
    if new is None:
        return "only left"
    return "changed" if found else "same"


def _wanted(
    task: str | None, rows: Iterable[Task], by_key: Mapping[Key | None, list[Difference]]
) -> Key | None:
    """The task whose parts are shown: that which is named, else the first of which more than the
    state differs.
    """
    if task is not None:
        return next((row.key for row in rows if str(row.key) == task), None)
    for row in rows:
        if row.how == "changed" and any(one.part != "state" for one in by_key[row.key]):
            return row.key
    return None


def _shown(one: Difference) -> Shown:
    part = one.part if one.file is None else f"{one.part} {one.file}"
    if max(len(one.old or ""), len(one.new or "")) > _MOST_CHARACTERS:
        return Shown(part=part, rows=(), added=0, removed=0)
    rows = tuple(rows_of(one.lines))
    kinds = Counter(row.kind for row in rows)
    return Shown(part=part, rows=rows, added=kinds["added"], removed=kinds["removed"])


ROUTES = (
    page(
        "/compare",
        "compare_page",
        "What differs between two runs, for a browser.",
        _compare,
        query=CompareParameters,
    ),
)
