"""A run at a frame for a face that draws it: its tasks, its tree, its budget, and what to look at
in its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from smithers.changes import Key
from smithers.shapes import asks_agent, asks_person
from smithers.values import dataclass
from smithers.views._budgets import BudgetView, budgets
from smithers.views._graph import GraphNode, graph
from smithers.views._lists import Activity
from smithers.views._runs import Inspection, inspect
from smithers.views._tasks import task_lines
from smithers.waits import ASKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smithers.state import RunState
    from smithers.views._snapshot import Snapshot

__all__ = ["SILENT", "Picture", "Tick", "picture"]

SILENT = timedelta(minutes=2)
"""An agent that gave no event for longer is silent, which is worth a look."""


class Tick(NamedTuple):
    """A frame in which a task failed, or in which a person was asked or has answered."""

    frame: int
    what: Literal["failed", "person"]


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
    until: datetime
    """The end of what is known of the run, also where the picture is of an earlier frame."""
    has_ended: bool = False
    """Whether the run has ended, be it after the frame of the picture."""
    silent: Mapping[Key, datetime] = field(default_factory=dict[Key, datetime])
    """The tasks whose agent is silent now, and the time of its last event."""
    activities: Mapping[Key, Activity] = field(default_factory=dict[Key, Activity])
    """What the first running attempts do."""

    @property
    def is_silent(self) -> bool:
        """Whether an agent is silent; in the past nobody knows of one."""
        return self.found is self.whole and bool(self.silent)


def picture(snapshot: Snapshot, latest: Snapshot, running: Iterable[Activity] = ()) -> Picture:
    """A run as of a snapshot, whose last state is in `latest`. `running` are the attempts that run,
    with what they do.
    """
    whole = next((one for one in budgets(snapshot) if not one.key.id), None)
    lines = tuple(task_lines(snapshot))
    found = inspect(snapshot, lines)
    return Picture(
        found=found,
        root=graph(snapshot, lines).root,
        budget=whole,
        last=latest.state.frame,
        ticks=tuple(sorted(set(_ticks(latest.state)))),
        whole=found if snapshot is latest else inspect(latest),
        until=latest.known_until,
        has_ended=latest.has_ended,
        silent=dict(_silent(latest)),
        activities={one.key: one for one in running},
    )


def _silent(snapshot: Snapshot) -> Iterator[tuple[Key, datetime]]:
    for one in snapshot.state.running() if snapshot.alive else ():
        node = snapshot.state.nodes.get(one.key.id)
        if node is not None and asks_agent(node.kind):
            at = snapshot.heard(one.serial) or one.started_at
            if snapshot.now - at > SILENT:
                yield one.key, at


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
