"""A run in short, and with all its tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from smithers.texts import object_from
from smithers.values import dataclass
from smithers.views._exhausted import exhausted_loops
from smithers.views._signals import SignalView, view_signals
from smithers.views._tasks import (
    counts,
    open_waits,
    task_lines,
    tolerated,
    unpaid,
)
from smithers.views._texts import OutputView
from smithers.views._usage import usage_of

if TYPE_CHECKING:
    from smithers.changes import AttemptState, Failure, Key
    from smithers.state import Attempted
    from smithers.store import Parent
    from smithers.views._pages import TaskMessage
    from smithers.views._snapshot import OwnerView, Snapshot, StartedRun, Status
    from smithers.views._tasks import (
        Counts,
        TaskLine,
        WaitView,
    )
    from smithers.views._usage import Usage

__all__ = [
    "AttemptView",
    "Inspection",
    "RunView",
    "Summary",
    "TaskView",
    "inspect",
    "summarize",
    "view_task",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptView:
    """One try of one agent, or of a step. `skipped` are the limits by which others were skipped."""

    serial: int
    number: int
    agent: str
    skipped: tuple[str, ...]
    state: AttemptState
    session: str | None
    error: Failure | None
    started_at: datetime
    ended_at: datetime | None
    usage: Usage
    answer: str | None = None
    """The beginning of what the agent of a failed attempt answered, where it was read."""
    origin: str | None = None
    """The run whose attempt it was, if a fork has it from there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskView:
    """A task in one iteration, with its attempts. `iterations` is in how many it has come up.
    `answered` says who answered its question, if the login name was kept.
    """

    line: TaskLine
    output: OutputView | None
    answered: Mapping[str, Any] | None
    attempts: tuple[AttemptView, ...]
    iterations: int = 1
    child: str | None = None
    """The id of the child run that it started last, if it started any."""
    set_by: str | None = None
    """Who gave the output in its place, if somebody did."""
    messages: tuple[TaskMessage, ...] = ()
    """What people have sent to its agent, where it was read."""
    came_up: datetime | None = None
    """When it could have begun, but for what it waited for then."""
    settled: datetime | None = None
    reads: tuple[Key, ...] = ()
    """The nodes whose outputs it has read, in the order in which it did."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunView:
    """A run without its tasks. `input` and `output` are JSON text; `output` is None unless it
    finished. `exhausted` are the loops that ended before `until` was true.
    """

    run_id: str
    workflow: str
    status: Status
    stopped_by: str | None
    file: str
    folder: str
    input: str
    output: str | None
    error: Failure | None
    exhausted: tuple[Key, ...]
    created_at: datetime
    last_activity: datetime
    frames: int
    owner: OwnerView | None
    usage: Usage
    inherited: Usage
    """What attempts used that a fork has from its source."""
    forked_from: tuple[str, int] | None = None
    """The run and its frame of which it is a fork."""
    parent: Parent | None = None
    """The run and the node that started it, if it is a child run."""
    next_run: str | None = None
    """The run as which it has continued."""
    started: tuple[StartedRun, ...] = ()
    """The runs that its agents and programs have started."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """A run with all its tasks, what it waits for, and the signals that were sent to it."""

    run: RunView
    tasks: tuple[TaskView, ...]
    waits: tuple[WaitView, ...]
    signals: tuple[SignalView, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A run, what it waits for from outside, and how many of its tasks are in which state. `unpaid`
    are the tasks that were skipped since a budget was spent.
    """

    run_id: str
    status: Status
    stopped_by: str | None
    waiting_for: tuple[WaitView, ...]
    counts: Counts
    tolerated: tuple[Key, ...]
    output: str | None
    error: Failure | None
    unpaid: tuple[Key, ...]
    exhausted: tuple[Key, ...]
    frames: int
    usage: Usage
    next_run: str | None = None


def inspect(snapshot: Snapshot, lines: Iterable[TaskLine] | None = None) -> Inspection:
    """A run with all its tasks, their attempts, and what it waits for; `lines` are its
    `task_lines`, if they are known.
    """
    lines = task_lines(snapshot) if lines is None else lines
    return Inspection(
        run=view_run(snapshot),
        tasks=tuple(_task(snapshot, line) for line in lines),
        waits=tuple(wait for wait in open_waits(snapshot) if not wait.answered),
        signals=tuple(view_signals(snapshot)),
    )


def view_run(snapshot: Snapshot) -> RunView:
    """A run without its tasks."""
    run, state = snapshot.run, snapshot.state
    return RunView(
        run_id=run.run_id,
        workflow=run.workflow,
        status=snapshot.status,
        stopped_by=state.status.stopped_by,
        file=run.file,
        folder=run.folder,
        input=run.input,
        output=state.status.output,
        error=state.status.error,
        exhausted=exhausted_loops(state),
        created_at=run.created_at,
        last_activity=snapshot.last_activity(),
        frames=state.frame + 1,
        owner=snapshot.owner,
        usage=usage_of(state.usage),
        inherited=usage_of(state.inherited),
        forked_from=run.source_frame,
        parent=run.parent,
        next_run=state.status.next_run,
        started=tuple(snapshot.started),
    )


def summarize(snapshot: Snapshot) -> Summary:
    """A run in short: what `up --json` prints at its end."""
    state = snapshot.state
    return Summary(
        run_id=snapshot.run_id,
        status=snapshot.status,
        stopped_by=state.status.stopped_by,
        waiting_for=tuple(wait for wait in open_waits(snapshot) if wait.is_outside),
        counts=counts(snapshot, list(task_lines(snapshot))),
        tolerated=tuple(tolerated(snapshot)),
        output=state.status.output,
        error=state.status.error,
        unpaid=tuple(one.key for one in unpaid(snapshot)),
        exhausted=exhausted_loops(state),
        frames=state.frame + 1,
        usage=usage_of(state.usage),
        next_run=state.status.next_run,
    )


def view_task(snapshot: Snapshot, task: str) -> TaskView | None:
    """A task in its last iteration, unless `task` names one, as in `review[2]`; None if there is no
    such task.
    """
    found = [line for line in task_lines(snapshot) if task in (line.key.id, str(line.key))]
    return _task(snapshot, found[-1], len(found)) if found else None


def _task(snapshot: Snapshot, line: TaskLine, iterations: int = 1) -> TaskView:
    state = snapshot.state
    ended = state.ended.get(line.key)
    output = None
    if ended is not None and ended.output is not None:
        output = OutputView(line.key, ended, snapshot.texts)
    return TaskView(
        line=line,
        output=output,
        answered=_answered(state.answers.get(line.key)),
        attempts=tuple(_attempts(state.tries.get(line.key, ()))),
        iterations=iterations,
        child=None if (child := state.children.get(line.key)) is None else child.run_id,
        set_by=None if ended is None else ended.set_by,
        came_up=None if (up := state.came_up.get(line.key)) is None else state.time_of(up),
        settled=None if ended is None else state.time_of(ended.frame),
        reads=tuple(state.reads.get(line.key, ())),
    )


def _answered(body: str | None) -> Mapping[str, Any] | None:
    answer = object_from(body) or {}
    if answer.get("login") is None:
        return None
    return {name: answer.get(name) for name in ("by", "login", "note", "at")}


def _attempts(tries: Iterable[Attempted]) -> Iterable[AttemptView]:
    for one in sorted(tries, key=lambda one: one.serial):
        yield AttemptView(
            serial=one.serial,
            number=one.number,
            agent=one.agent,
            skipped=one.skipped,
            state=one.state,
            session=one.session,
            error=one.error,
            started_at=one.started_at,
            ended_at=one.ended_at,
            usage=usage_of(one.used),
            origin=one.origin,
        )
