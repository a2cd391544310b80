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
    "CLOSED",
    "Asks",
    "Document",
    "Files",
    "Inspection",
    "RunAndFrame",
    "RunSummary",
    "Runs",
    "State",
    "Task",
    "Transcript",
    "Usage",
    "Workflows",
]

CLOSED = ConfigDict(extra="forbid")
State = Literal[
    "pending", "ready", "running", "waiting", "finished", "failed", "skipped", "cancelled"
]


class Document(TypedDict):
    """What every document has. `masked` names the variables whose values are not shown."""

    version: Literal[1]
    masked: NotRequired[list[str]]


@with_config(CLOSED)
class Failure(TypedDict):
    kind: str
    message: str
    hint: str | None
    place: str | None


@with_config(CLOSED)
class Usage(TypedDict):
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    cost_usd: float | None


@with_config(CLOSED)
class SummaryUsage(TypedDict):
    tokens_in: int
    tokens_out: int
    cost_usd: float | None


@with_config(CLOSED)
class Field(TypedDict):
    name: str
    type: str
    required: bool
    default: Any
    description: str | None


@with_config(CLOSED)
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


@with_config(CLOSED)
class Cooldown(TypedDict):
    key: str
    agent: str
    until: str
    told: bool
    reason: str
    run_id: str | None
    at: str


@with_config(CLOSED)
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


@with_config(CLOSED)
class RunAndTask(TypedDict):
    run_id: str
    task: str
    iteration: list[int]


@with_config(CLOSED)
class RunAndFrame(TypedDict):
    run_id: str
    frame: int


@with_config(CLOSED)
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


@with_config(CLOSED)
class Runs(Document):
    """A page of runs, oldest first; `cursor` leads to the page of older ones."""

    runs: list[RunLine]
    more: bool
    cursor: str | None
    children: NotRequired[int]


@with_config(CLOSED)
class Owner(TypedDict):
    pid: int
    alive: bool
    beat_at: str


@with_config(CLOSED)
class StartedRun(TypedDict):
    run_id: str
    workflow: str
    status: Status
    task: str
    iteration: list[int]


@with_config(CLOSED)
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


@with_config(CLOSED)
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


@with_config(CLOSED)
class AnsweredAttempt(Attempt):
    answer: str | None


@with_config(CLOSED)
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


@with_config(CLOSED)
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


@with_config(CLOSED)
class Inspection(Document):
    """A run with its tasks, their attempts and outputs, and what it waits for."""

    run: Run
    tasks: list[TaskOfRun]
    waits: list[Wait]
    signals: list[Signal]


@with_config(CLOSED)
class TaskLine(TypedDict):
    id: str
    iteration: list[int]
    state: State
    tolerated: bool
    cached: NotRequired[str]


@with_config(CLOSED)
class Tasks(Document):
    """The tasks of a run with their states, without their outputs."""

    run_id: str
    tasks: list[TaskLine]


@with_config(CLOSED)
class Message(TypedDict):
    """A message to the agent: `told` it in an attempt, `kept` until it can read it, or `late`."""

    id: int
    text: str
    by: str
    at: str
    state: Literal["told", "kept", "late"]
    attempt: int | None
    agent: str | None


@with_config(CLOSED)
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


@with_config(CLOSED)
class Task(Document):
    """One task of a run: its output, its error and its attempts with their answers."""

    run_id: str
    task: OneTask


@with_config(CLOSED)
class ChangedFile(TypedDict):
    path: str
    change: Literal["added", "changed", "removed"]
    named: bool
    diff: str
    note: str | None


@with_config(CLOSED)
class Files(Document):
    """The files that have changed while a task ran, each with its unified diff."""

    run_id: str
    task: str
    folder: str
    base: str | None
    since: str | None
    until: str | None
    files: list[ChangedFile]
    later: list[str]
    note: str | None


@with_config(CLOSED)
class Entry(TypedDict):
    attempt: int
    iteration: list[int]
    text: str


@with_config(CLOSED)
class Transcript(Document):
    """A page of what the agent of a task said and did."""

    run_id: str
    task: str
    entries: list[Entry]
    cursor: str | None
    more: bool


@with_config(CLOSED)
class Spread(TypedDict):
    """US dollars: what a tenth, half and nine tenths of `runs` earlier runs stayed below."""

    low: str
    middle: str
    high: str
    runs: int


@with_config(CLOSED)
class NextTask(TypedDict):
    """A task that has not come up; without a `cost` it is not known, as fewer than 3 runs tell."""

    id: str
    kind: str
    certain: bool
    cost: Spread | None


@with_config(CLOSED)
class NextWork(TypedDict):
    """What an answer lets run: `number` tasks, of which those of `untold` are not in the `cost`.
    With `open`, the author's code decides what else runs. `done` tasks have finished.
    """

    tasks: list[NextTask]
    number: int
    untold: int
    cost: Spread | None
    open: bool
    done: int


@with_config(CLOSED)
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
    if_denied: Literal["fails", "continues", "sent back"] | None
    sends_back: list[str]
    commands: dict[str, str]
    next: NotRequired[NextWork]


@with_config(CLOSED)
class Asks(Document):
    """The open questions of runs."""

    asks: list[Question]


@with_config(CLOSED)
class Workflows(Document):
    """The workflows that can be started by name, with the JSON Schema of their inputs."""

    workflows: list[dict[str, Any]]


@with_config(CLOSED)
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
