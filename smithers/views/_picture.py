"""A run at a frame for a face that draws it: its tasks, its tree, its budget, and what to look at
in its history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from smithers.shapes import asks_person
from smithers.values import dataclass
from smithers.views._budgets import BudgetView, budgets
from smithers.views._graph import GraphNode, graph
from smithers.views._runs import Inspection, inspect
from smithers.waits import ASKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smithers.state import RunState
    from smithers.views._snapshot import Snapshot

__all__ = ["Picture", "Tick", "picture"]


class Tick(NamedTuple):
    """A frame in which a task failed, or in which a person was asked or has answered."""

    frame: int
    what: Literal["failed", "person"]


def _no_times() -> Mapping[int, datetime]:
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A run as of a frame. `last` is its last frame, `budget` that of the run as a whole, and
    `ticks` are of all frames, in their order.
    """

    found: Inspection
    root: GraphNode | None
    budget: BudgetView | None
    last: int
    ticks: tuple[Tick, ...]
    whole: Inspection
    """The run as of its last frame."""
    heard: Mapping[int, datetime] = field(default_factory=_no_times)
    """When each attempt that is running has given its last output, by its serial."""


def picture(snapshot: Snapshot, latest: Snapshot) -> Picture:
    """A run as of a snapshot, whose last state is in `latest`."""
    found = inspect(snapshot)
    serials = [one.serial for one in latest.state.running()]
    return Picture(
        found=found,
        root=graph(snapshot).root,
        budget=next((one for one in budgets(snapshot) if not one.key.id), None),
        last=latest.state.frame,
        ticks=tuple(sorted(set(_ticks(latest.state)))),
        whole=found if snapshot is latest else inspect(latest),
        heard={one: at for one in serials if (at := latest.heard(one)) is not None},
    )


def _ticks(state: RunState) -> Iterator[Tick]:
    for key, ended in state.ended.items():
        row = state.nodes.get(key.id)
        if ended.outcome == "failed":
            yield Tick(ended.frame, "failed")
        elif row is not None and asks_person(row.kind) and ended.outcome == "finished":
            yield Tick(ended.frame, "person")
    for (_, kind), wait in state.waits.items():
        if kind in ASKING:
            yield Tick(wait.frame, "person")
