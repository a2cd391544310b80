"""The state of each task of a run. What a node has come to is judged here and nowhere else.

A task that has ended has its outcome. Else, while the run continues, it is `running` with an
attempt that has not ended, `waiting` with an open wait, `ready` if it came up, and `pending`
before. In a run that has ended, what never settled is `cancelled`, or `skipped` if it finished.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from smithers.changes import ENDED, Key
from smithers.forms import Form
from smithers.shapes import shape_of
from smithers.values import dataclass
from smithers.waits import ASKING, COOLDOWN, EVENT, KINDS, traits

if TYPE_CHECKING:
    from smithers.changes import Failure, RunStatus
    from smithers.state import RunState
    from smithers.store import Cooldown
    from smithers.views._snapshot import Snapshot
    from smithers.waits import WaitKind

__all__ = [
    "OPEN",
    "Counts",
    "NodeState",
    "State",
    "TaskLine",
    "WaitView",
    "counts",
    "failures",
    "is_tolerated",
    "open_waits",
    "state_of",
    "task_lines",
    "tolerated",
    "unpaid",
    "unsettled",
]

State = Literal[
    "pending", "ready", "running", "waiting", "finished", "failed", "skipped", "cancelled"
]
OPEN: tuple[State, ...] = ("pending", "ready", "running", "waiting")
_SETTLED: tuple[State, ...] = ("finished", "failed", "skipped", "cancelled")


class NodeState(NamedTuple):
    """The state of a node in one iteration. `tolerated`: it failed, or was cancelled by a failure,
    and its author allows that.
    """

    state: State
    tolerated: bool = False

    @property
    def is_done(self) -> bool:
        """Whether the node needs nothing more."""
        return self.tolerated or self.state in ("finished", "skipped")

    @property
    def is_settled(self) -> bool:
        return self.state in _SETTLED

    @property
    def is_bad(self) -> bool:
        return self.state in ("failed", "cancelled")


_NOBODY: frozenset[tuple[Key, str]] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskLine:
    """A task in one iteration, in short. The path of `key` is empty for a task in a loop that has
    not come up. `tolerated`: it failed, or was cancelled by a failure, and its author allows that.
    """

    key: Key
    kind: str
    state: State
    tolerated: bool = False
    error: Failure | None = None
    cached: str | None = None
    """The run from which it has its answer, if it did not ask its agent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitView:
    """An open wait. `opened` is its frame, `since` the time of that. `form` is what an answer to it
    must be, if it is a question, or the data of a signal. `cooling` are the limits of
    agents that it waits for. One that is `answered` has its answer in the inbox.
    """

    key: Key
    kind: WaitKind
    opened: int
    since: datetime
    due: datetime | None
    asked: str | None
    digest: str | None
    allowed_by: tuple[str, ...]
    form: Form | None
    on: tuple[str, ...]
    cooling: tuple[Cooldown, ...]
    answered: bool

    @property
    def is_outside(self) -> bool:
        """Whether a person or a time ends it, not the run itself."""
        return traits(self.kind).is_outside and not self.answered


@dataclass(frozen=True, kw_only=True)
class Counts:
    """`tasks` by state; what is ready or running counts as pending. `tolerated` are the failures
    that the author allows, `handled` the tasks that failed or were cancelled by one of them, and
    `cached` those that have their answer from another run.
    """

    tasks: Mapping[str, int]
    tolerated: int = 0
    handled: int = 0
    cached: int = 0

    @property
    def done(self) -> int:
        """How many tasks need nothing more."""
        return self.tasks["finished"] + self.tasks["skipped"] + self.handled


def state_of(state: RunState, key: Key, answered: Collection[tuple[Key, str]] = _NOBODY) -> State:
    """The state of a task in one iteration. `answered` are the waits that are over."""
    if (ended := state.ended.get(key)) is not None:
        return ended.outcome
    if state.run_status in ENDED or key not in state.came_up:
        return unsettled(state.run_status)
    tries = state.tries.get(key)
    if tries and any(one.state == "running" for one in tries):
        return "running"
    if state.waits and any(
        (key, kind) in state.waits and (key, kind) not in answered for kind in KINDS
    ):
        return "waiting"
    return "ready"


def unsettled(status: RunStatus) -> State:
    """The state of what has not come up, in a run of this status."""
    if status in ENDED:
        return "skipped" if status in ("finished", "continued") else "cancelled"
    return "pending"


def task_lines(snapshot: Snapshot) -> Iterator[TaskLine]:
    """All tasks of a run, in document order and then by iteration."""
    state, tree, answered = snapshot.state, snapshot.tree, snapshot.answered
    keys = _keys_by_id(state)
    for id, depth in tree.walk():
        if not tree.is_leaf(id):
            continue
        found = sorted(key for key in keys.get(id, ()) if len(key.path) == depth)
        if not found:
            yield TaskLine(key=Key(id), kind=tree.kinds[id], state=unsettled(state.run_status))
        for key in found:
            yield TaskLine(
                key=key,
                kind=tree.kinds[id],
                state=state_of(state, key, answered),
                tolerated=is_tolerated(state, key),
                error=_error(state, key),
                cached=state.cached_from(key),
            )


def failures(snapshot: Snapshot) -> Iterator[TaskLine]:
    """The tasks and containers that failed by themselves, in document order."""
    ended = snapshot.state.ended.items()
    return _settled(snapshot, [key for key, end in ended if end.outcome == "failed"])


def is_tolerated(state: RunState, key: Key) -> bool:
    """Whether the author allows that a node failed, or was cancelled by a failure. What made a saga
    undo is handled, since a resume does not run it again; it is allowed only if the saga is.
    """
    if key not in state.handled:
        return False
    saga = _undone_by(state, key)
    return saga is None or is_tolerated(state, saga)


def _undone_by(state: RunState, key: Key) -> Key | None:
    """The innermost saga that undid because of a node; None if none did."""
    frame = _end_frame(state, key)
    row = state.nodes.get(key.id)
    while row is not None and row.parent is not None:
        row = state.nodes.get(row.parent)
        if row is None:
            return None
        shape = shape_of(row.kind)
        key = Key(row.id, key.path[:-1] if shape.iterates else key.path)
        end = state.ends.get(key)
        if shape.undoes:
            is_undone = state.choices.get((key, "undoing")) is not None
            return key if is_undone and (end is None or end.outcome != "finished") else None
        if end is None or end.outcome not in ("failed", "cancelled"):
            return None
        if (shape.is_ordered or shape.is_code) and end.frame != frame:
            return None  # it continued after the failure
        frame = end.frame
    return None


def _end_frame(state: RunState, key: Key) -> int | None:
    end = state.ends.get(key) or state.ended.get(key)
    return None if end is None else end.frame


def unpaid(snapshot: Snapshot) -> Iterator[TaskLine]:
    """The tasks that were skipped since a budget was spent, in document order."""
    return _settled(snapshot, snapshot.state.unpaid)


def _settled(snapshot: Snapshot, keys: Sequence[Key]) -> Iterator[TaskLine]:
    state, tree = snapshot.state, snapshot.tree
    found: dict[str, list[Key]] = {}
    for key in keys:
        found.setdefault(key.id, []).append(key)
    for id, depth in tree.walk() if found else ():
        for key in sorted(key for key in found.get(id, ()) if len(key.path) == depth):
            yield TaskLine(
                key=key,
                kind=tree.kinds[id],
                state=state.ended[key].outcome,
                tolerated=is_tolerated(state, key),
                error=_error(state, key),
            )


def _error(state: RunState, key: Key) -> Failure | None:
    """Why a node failed. That the run may be resumed is no hint for a failure that is allowed."""
    ended = state.ended.get(key)
    error = None if ended is None else ended.error
    if error is not None and error.for_resume and key in state.handled:
        return replace(error, hint="")
    return error


def tolerated(snapshot: Snapshot) -> list[Key]:
    """The failures that the author allows."""
    return [one.key for one in failures(snapshot) if one.tolerated]


def counts(snapshot: Snapshot, lines: Collection[TaskLine]) -> Counts:
    """The counts of a run from the lines of its tasks."""
    found = Counter[str](line.state for line in lines)
    found["pending"] += found["ready"] + found["running"]
    return Counts(
        tasks={state: found[state] for state in _COUNTED},
        tolerated=len(tolerated(snapshot)),
        handled=sum(line.tolerated for line in lines),
        cached=sum(line.cached is not None for line in lines),
    )


def open_waits(snapshot: Snapshot) -> list[WaitView]:
    """What the run waits for, in the order in which it was asked; nothing once it has ended."""
    if snapshot.has_ended:
        return []
    state = snapshot.state
    waits = sorted(state.waits.items(), key=lambda one: (one[1].frame, one[0]))
    return [
        WaitView(
            key=key,
            kind=kind,
            opened=wait.frame,
            since=state.time_of(wait.frame),
            due=wait.opened.due,
            asked=wait.opened.asked,
            digest=wait.opened.digest,
            allowed_by=wait.opened.allowed_by,
            form=Form.from_row(wait.opened.form) if kind in (*ASKING, EVENT) else None,
            on=wait.opened.on,
            cooling=snapshot.cooling(wait.opened.on) if kind == COOLDOWN else (),
            answered=(key, kind) in snapshot.answered,
        )
        for (key, kind), wait in waits
    ]


def _keys_by_id(state: RunState) -> dict[str, list[Key]]:
    found: dict[str, list[Key]] = {}
    for key in state.came_up:
        found.setdefault(key.id, []).append(key)
    for key in state.ended:
        if key not in state.came_up:
            found.setdefault(key.id, []).append(key)
    return found


_COUNTED = ("finished", "failed", "skipped", "waiting", "pending", "cancelled")
