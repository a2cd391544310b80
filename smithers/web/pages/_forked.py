"""What a fork does with each task of its source: what it keeps, runs, and asks a person."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple

from smithers.shapes import asks_agent, asks_person
from smithers.values import dataclass
from smithers.web.pages._ahead import ahead_of, cost_of
from smithers.web.pages._words import name_of

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.hub import Hub
    from smithers.views import Spread, TaskView

__all__ = ["Forecast", "Row", "forecast"]

How = Literal["kept", "set", "runs", "asks"]
Choice = Literal["", "again", "set"]
_PENDING = {
    "failed": "failed",
    "running": "was running",
    "cancelled": "was cancelled",
    "waiting": "was waiting",
}
_FREE = Decimal(0)


class _Likely(NamedTuple):
    """The cost that is likely: from earlier runs, or known to be nothing."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True, kw_only=True)
class Row:
    """A task of a fork. `choice` is what a person has chosen for it, where they may."""

    task: TaskView
    how: How
    why: str
    may_choose: bool
    choice: Choice = ""
    paid: Decimal | None = None
    likely: _Likely | None = None


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """All tasks with what becomes of them. `likely` is what those that run cost together, without
    the `untold` ones, of which no cost is known.
    """

    rows: Sequence[Row]
    paid: Decimal | None
    likely: _Likely | None
    untold: int
    kept_likely: _Likely | None
    """What the kept tasks would cost if they ran as well."""

    @property
    def counts(self) -> Counter[How]:
        return Counter(row.how for row in self.rows)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do."""
        return not (self.counts["runs"] or self.counts["asks"])

    def of(self, how: How) -> list[Row]:
        return [row for row in self.rows if row.how == how]


def forecast(
    hub: Hub,
    workflow: str,
    tasks: Sequence[TaskView],
    choices: Mapping[str, Choice],
    outputs: Collection[str] = (),
) -> Forecast:
    """What a fork does; `choices` are by the names of tasks that would be kept, and `outputs` those
    that get another output.
    """
    kept = {one.line.key: one for one in ahead_of(tasks).kept}
    made: dict[str, Choice] = {
        name: one for name, one in choices.items() if one == "again" or name in outputs
    }
    picked: dict[Key, Choice] = {key: made.get(str(key), "") for key in kept}
    causes = _causes(tasks, picked)
    rows = [
        _row(one, one.line.key in kept, causes.get(one.line.key), choices.get(str(one.line.key)))
        for one in tasks
    ]
    running = {row.task.line.key.id: row.task.line.kind for row in rows if row.how == "runs"}
    cost = hub.likely_cost(workflow, running)
    stays = {row.task.line.key.id: row.task.line.kind for row in rows if row.how == "kept"}
    paid = [row.paid for row in rows if row.how == "kept" and row.paid is not None]
    return Forecast(
        rows=[
            replace(row, likely=_likely(cost.tasks[row.task.line.key.id]))
            if row.how == "runs"
            else row
            for row in rows
        ],
        paid=sum(paid, Decimal(0)) if paid else None,
        likely=_likely(cost.total),
        untold=cost.untold,
        kept_likely=_likely(hub.likely_cost(workflow, stays).total) if stays else None,
    )


def _likely(spread: Spread | None) -> _Likely | None:
    return None if spread is None else _Likely(spread.low, spread.high)


def _causes(tasks: Sequence[TaskView], choices: Mapping[Key, Choice]) -> dict[Key, str]:
    """Why tasks that would be kept run again: they were chosen, or have read one that changes."""
    readers: dict[Key, list[Key]] = {}
    for one in tasks:
        for source in one.reads:
            readers.setdefault(source, []).append(one.line.key)
    causes = {key: "you chose that" for key, choice in choices.items() if choice == "again"}
    left = deque(key for key, choice in choices.items() if choice)
    while left:
        source = left.popleft()
        for reader in readers.get(source, ()):
            if reader in causes or choices.get(reader) == "set" or reader not in choices:
                continue
            causes[reader] = f"reads {name_of(source)}"
            left.append(reader)
    return causes


def _row(task: TaskView, is_kept: bool, cause: str | None, choice: Choice | None) -> Row:
    line = task.line
    asks = asks_person(line.kind)
    if not is_kept:
        words = _PENDING.get(line.state, "has not run")
        why = f"reads {_sources(task.reads)}; {words}" if task.reads else words
        return Row(task=task, how="asks" if asks else "runs", why=why, may_choose=False)
    may_choose = line.state != "skipped"
    if cause is not None:
        how: How = "asks" if asks else "runs"
        return Row(
            task=task,
            how=how,
            why=cause,
            may_choose=may_choose,
            choice=choice or "",
            paid=cost_of(task) if asks_agent(line.kind) else None,
        )
    if choice == "set":
        return Row(task=task, how="set", why="your output", may_choose=True, choice="set")
    why = (
        "skipped"
        if line.state == "skipped"
        else "failed, which is allowed"
        if line.tolerated
        else ""
    )
    return Row(task=task, how="kept", why=why, may_choose=may_choose, paid=cost_of(task))


def _sources(keys: Collection[Key]) -> str:
    names = [name_of(key) for key in list(keys)[:3]]
    return ", ".join(names) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
