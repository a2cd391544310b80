"""The shapes of the documents that `smithers.wire` makes, from which OpenAPI's schemas are made.

A test compares real documents with them, so a field that is added there is added here.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from smithers.changes import AttemptState, WaitKind
from smithers.views import Status

__all__ = [
    "Asks",
    "Cost",
    "Diff",
    "Document",
    "Files",
    "Graph",
    "Inspection",
    "RunSummary",
    "Runs",
    "Source",
    "Task",
    "Timeline",
    "Transcript",
    "Why",
    "Workflows",
]

_CLOSED = ConfigDict(extra="forbid")
_OPEN = ConfigDict(extra="allow")
State = Literal[
    "pending", "ready", "running", "waiting", "finished", "failed", "skipped", "cancelled"
]


class Document(TypedDict):
    """What every document has. `masked` names the variables whose values are not shown."""

    version: Literal[1]
    masked: NotRequired[list[str]]


@with_config(_CLOSED)
class Failure(TypedDict):
    kind: str
    message: str
    hint: str | None
    place: str | None


@with_config(_CLOSED)
class Usage(TypedDict):
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    cost_usd: float | None


@with_config(_CLOSED)
class SummaryUsage(TypedDict):
    tokens_in: int
    tokens_out: int
    cost_usd: float | None


@with_config(_CLOSED)
class Field(TypedDict):
    name: str
    type: str
    required: bool
    default: Any
    description: str | None


@with_config(_CLOSED)
class Form(TypedDict):
    """What an answer must be; null for a decision."""

    kind: str
    choices: list[str]
    model: str | None
    fields: list[Field]
    schema: dict[str, Any] | None
    refused: str | None
    given: Any
    may_deny: bool


@with_config(_CLOSED)
class Cooldown(TypedDict):
    key: str
    agent: str
    until: str
    told: bool
    reason: str
    run_id: str | None
    at: str


@with_config(_CLOSED)
class Wait(TypedDict):
    task: str | None
    iteration: list[int]
    kind: WaitKind
    since: str
    due: str | None
    asked: str | None
    digest: str | None
    allowed_by: list[str]
    form: Form | None
    on: list[str]
    cooling: list[Cooldown]


@with_config(_CLOSED)
class RunAndTask(TypedDict):
    run_id: str
    task: str
    iteration: list[int]


@with_config(_CLOSED)
class RunAndFrame(TypedDict):
    run_id: str
    frame: int


@with_config(_CLOSED)
class RunLine(TypedDict):
    run_id: str
    workflow: str
    status: Status
    stopped_by: str | None
    created_at: str
    last_activity: str
    tasks: dict[str, int]
    done: int
    tolerated: int
    cached: NotRequired[int]
    exhausted: int
    usage: Usage
    waiting_for: list[Wait]
    gave_up: str | None
    made_in_memory: NotRequired[Literal[True]]
    parent: NotRequired[RunAndTask]


@with_config(_CLOSED)
class Runs(Document):
    """A page of runs, oldest first; `cursor` leads to the page of older ones."""

    runs: list[RunLine]
    more: bool
    cursor: str | None
    children: NotRequired[int]


@with_config(_CLOSED)
class Owner(TypedDict):
    pid: int
    alive: bool
    beat_at: str


@with_config(_CLOSED)
class StartedRun(TypedDict):
    run_id: str
    workflow: str
    status: Status
    task: str
    iteration: list[int]


@with_config(_CLOSED)
class Run(TypedDict):
    run_id: str
    workflow: str
    status: Status
    stopped_by: str | None
    file: str
    folder: str
    input: Any
    output: Any
    error: Failure | None
    exhausted: list[str]
    created_at: str
    last_activity: str
    frames: int
    owner: Owner | None
    usage: Usage
    next_run: NotRequired[str]
    parent: NotRequired[RunAndTask]
    forked_from: NotRequired[RunAndFrame]
    inherited: NotRequired[Usage]
    started: NotRequired[list[StartedRun]]


@with_config(_CLOSED)
class Attempt(TypedDict):
    attempt: int
    agent: str | None
    skipped: list[str]
    state: AttemptState
    session_id: str | None
    error: Failure | None
    started_at: str
    ended_at: str | None
    usage: Usage
    origin: NotRequired[str]


@with_config(_CLOSED)
class AnsweredAttempt(Attempt):
    answer: str | None


@with_config(_CLOSED)
class TaskOfRun(TypedDict):
    id: str
    iteration: list[int]
    state: State
    tolerated: bool
    cached: NotRequired[str]
    output: Any
    error: Failure | None
    answered: dict[str, Any] | None
    attempts: list[Attempt]
    child: NotRequired[str]
    set_by: NotRequired[str]


@with_config(_CLOSED)
class Signal(TypedDict):
    id: str
    event: str
    correlation: str | None
    by: str
    at: str
    state: str
    task: str | None
    iteration: list[int] | None
    misfit: str | None
    data: Any


@with_config(_CLOSED)
class Inspection(Document):
    """A run with its tasks, their attempts and outputs, and what it waits for."""

    run: Run
    tasks: list[TaskOfRun]
    waits: list[Wait]
    signals: list[Signal]


@with_config(_CLOSED)
class TaskLine(TypedDict):
    id: str
    iteration: list[int]
    state: State
    tolerated: bool
    cached: NotRequired[str]


@with_config(_CLOSED)
class Tasks(Document):
    """The tasks of a run with their states, without their outputs."""

    run_id: str
    tasks: list[TaskLine]


@with_config(_CLOSED)
class Message(TypedDict):
    """A message to the agent: `told` it in an attempt, `kept` until it can read it, or `late`."""

    id: int
    text: str
    by: str
    at: str
    state: Literal["told", "kept", "late"]
    attempt: int | None
    agent: str | None


@with_config(_CLOSED)
class OneTask(TypedDict):
    id: str
    iteration: list[int]
    iterations: int
    state: State
    tolerated: bool
    cached: NotRequired[str]
    output: Any
    error: Failure | None
    answered: dict[str, Any] | None
    attempts: list[AnsweredAttempt]
    messages: NotRequired[list[Message]]
    child: NotRequired[str]
    set_by: NotRequired[str]


@with_config(_CLOSED)
class Task(Document):
    """One task of a run: its output, its error and its attempts with their answers."""

    run_id: str
    task: OneTask


@with_config(_CLOSED)
class ChangedFile(TypedDict):
    path: str
    change: Literal["added", "changed", "removed"]
    named: bool
    diff: str
    note: str | None


@with_config(_CLOSED)
class Files(Document):
    """The files that have changed while a task was at work, each with its unified diff."""

    run_id: str
    task: str
    folder: str
    base: str | None
    since: str | None
    until: str | None
    files: list[ChangedFile]
    later: list[str]
    note: str | None


@with_config(_CLOSED)
class Entry(TypedDict):
    attempt: int
    iteration: list[int]
    text: str


@with_config(_CLOSED)
class Transcript(Document):
    """A page of what the agent of a task said and did."""

    run_id: str
    task: str
    entries: list[Entry]
    cursor: str | None
    more: bool


@with_config(_CLOSED)
class Fork(TypedDict):
    run_id: str
    frame: int
    status: Status
    forks: list[Fork]


@with_config(_OPEN)
class Change(TypedDict):
    """A change, with the facts of its kind."""

    what: str
    words: str


@with_config(_CLOSED)
class Frame(TypedDict):
    frame: int
    at: str
    why: NotRequired[str]
    usage: NotRequired[Usage]
    changes: list[Change]


@with_config(_CLOSED)
class Timeline(Document):
    """A run frame by frame, and its forks."""

    run_id: str
    forked_from: NotRequired[RunAndFrame]
    forks: list[Fork]
    frames: list[Frame]


@with_config(_CLOSED)
class Difference(TypedDict):
    task: str | None
    iteration: list[int]
    part: str
    file: str | None
    old: str | None
    new: str | None
    diff: list[str]


@with_config(_CLOSED)
class Diff(Document):
    """What differs from one run, or one of its frames, to another."""

    old: RunAndFrame
    new: RunAndFrame
    equal: bool
    differences: list[Difference]


@with_config(_CLOSED)
class Node(TypedDict):
    id: str
    kind: str
    iteration: list[int]
    state: State
    tolerated: bool
    cached: NotRequired[str]
    children: list[Node]


@with_config(_CLOSED)
class Graph(Document):
    """The tree of a run with its states."""

    run_id: str
    workflow: str
    status: Status
    root: Node | None


@with_config(_CLOSED)
class Spent(TypedDict):
    calls: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    time_s: float
    cost_usd: float | None
    untold: int


@with_config(_CLOSED)
class CostLine(Spent):
    task: str
    agent: str
    model: str | None


@with_config(_CLOSED)
class Measure(TypedDict):
    measure: str
    cap: float
    raised_by: float
    used: float
    left: float


@with_config(_CLOSED)
class Budget(TypedDict):
    task: str | None
    iteration: list[int]
    on_exhausted: str
    measures: list[Measure]


@with_config(_CLOSED)
class Cost(Document):
    """What a run used and cost, by task, agent and model."""

    run_id: str
    status: Status
    lines: list[CostLine]
    total: Spent
    inherited: NotRequired[Spent]
    budgets: list[Budget]


@with_config(_CLOSED)
class File(TypedDict):
    path: str
    digest: str
    text: str | None


@with_config(_CLOSED)
class Source(Document):
    """The author's files as they were when a frame was written."""

    run_id: str
    frame: int
    source: str
    about: dict[str, Any]
    files: list[File]


@with_config(_CLOSED)
class Reason(TypedDict):
    task: str | None
    iteration: list[int]
    kind: str
    sentence: str
    hint: NotRequired[str]
    command: NotRequired[str]
    asked: NotRequired[str]
    digest: NotRequired[str | None]


@with_config(_CLOSED)
class Why(Document):
    """What a run waits for or why it failed: a sentence each, with what to type."""

    run_id: str
    status: Status
    sentence: str
    reasons: list[Reason]
    exhausted: list[str]


@with_config(_CLOSED)
class Question(TypedDict):
    run_id: str
    workflow: str
    task: str | None
    iteration: list[int]
    kind: WaitKind
    title: str
    asked: str
    digest: str | None
    since: str
    due: str | None
    allowed_by: list[str]
    form: Form | None
    commands: dict[str, str]


@with_config(_CLOSED)
class Asks(Document):
    """The open questions of runs."""

    asks: list[Question]


@with_config(_CLOSED)
class Workflows(Document):
    """The workflows that can be started by name, with the JSON Schema of their inputs."""

    workflows: list[dict[str, Any]]


@with_config(_CLOSED)
class RunSummary(Document):
    """How a run stands, as `smithers up --json` prints it at its end."""

    run_id: str
    status: Status
    stopped_by: str | None
    waiting_for: list[Wait]
    tasks: dict[str, int]
    tolerated: list[str]
    output: Any
    error: Failure | None
    unpaid: list[str]
    exhausted: list[str]
    frames: int
    usage: SummaryUsage
    next_run: NotRequired[str]
