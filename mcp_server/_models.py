"""What the tools give, as schemas: the names are those of the command line's JSON."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

__all__ = [
    "Answered",
    "Cancelled",
    "Events",
    "Explained",
    "Listed",
    "Result",
    "Resumed",
    "Run",
    "Started",
    "TaskFound",
    "Waited",
    "Workflows",
]

_KINDS = ("object", "array", "string", "number", "boolean", "null")
AnyJson = Annotated[Any, WithJsonSchema({"anyOf": [{"type": kind} for kind in _KINDS]})]
"""Whatever a workflow gives. Its kinds are named, since not every client takes an empty schema."""


class Result(BaseModel):
    """What a tool gives."""

    masked: list[str] = Field(
        default=[],
        description="Variables of the environment whose values are secret: where one was, the"
        " text has ${NAME}. The run itself keeps and uses the values.",
    )


class Workflow(BaseModel):
    """A workflow that can be started; `workflow` is what to call it in start_run."""

    workflow: str
    file: str
    description: str
    input_schema: dict[str, Any] | None = Field(
        description="Null where the file was only parsed: the person does not trust its folder yet."
    )


class Broken(BaseModel):
    """A file that cannot be imported, and why."""

    file: str
    message: str


class Workflows(Result):
    workflows: list[Workflow]
    broken: list[Broken] = Field(description="Files that cannot be imported, and why.")
    roots: list[str] = Field(description="The folders below which files may be started as well.")


class Error(BaseModel):
    kind: str | None
    message: str | None
    hint: str | None = None
    place: str | None = None


class Usage(BaseModel):
    tokens_in: int
    tokens_out: int
    cost_usd: float | None


class Wait(BaseModel):
    """What a run waits for from outside, and what ends the wait."""

    task: str | None
    iteration: list[int]
    kind: str
    since: str
    due: str | None
    asked: str | None
    sentence: str | None
    command: str | None = Field(description="What a person types to unblock the run.")


class State(BaseModel):
    id: str
    iteration: list[int]
    state: str
    tolerated: bool = Field(
        description="It failed, or was cancelled because of a failure, and its author allows that."
    )


class Run(Result):
    """How a run stands."""

    run_id: str
    workflow: str
    status: str = Field(
        description="running, waiting, stale, finished, failed or cancelled. stale: its process"
        " died; it is started again by itself."
    )
    stopped_by: str | None = Field(
        description="The signal by which a person or the machine stopped it, as SIGTERM; null if it"
        " was not stopped, or crashed."
    )
    sentence: str
    tasks: dict[str, int] = Field(description="How many tasks are in each state.")
    states: list[State] = Field(description="The first 100 tasks that are not finished, or all.")
    waiting_for: list[Wait]
    output: AnyJson = Field(description="The result, once finished.")
    output_cut: bool = Field(description="The output was too long: this is its beginning, as text.")
    error: Error | None
    tolerated: list[str] = Field(
        description="The first 100 failures that the author allows, as review[2]."
    )
    exhausted: list[str] = Field(
        description="Loops that ended because their iterations were used up, as review[2]."
    )
    usage: Usage
    cursor: str | None = Field(description="The newest event, for `after`.")


class Event(BaseModel):
    cursor: str
    at: str
    what: str
    task: str | None
    words: str


class Waited(Run):
    """How a run stands after a wait."""

    timed_out: bool = Field(
        description="Time was up first. That is no error: the run goes on, call wait_run again."
    )
    events: list[Event] = Field(description="What happened after `after`, 50 at most.")
    more: bool = Field(description="Further events follow `cursor` already.")


class Started(Result):
    run_id: str
    status: str
    workflow: str
    started: bool = Field(description="False where this request_id had started the run before.")
    cursor: str | None
    next: str


class ListedRun(BaseModel):
    run_id: str
    workflow: str
    status: str
    stopped_by: str | None = Field(description="The signal that stopped it, as SIGTERM, or null.")
    created_at: str
    last_activity: str
    tasks: dict[str, int]
    done: int = Field(description="How many tasks need nothing more.")
    tolerated: int = Field(description="How many failures the author allows.")
    waiting_for: list[str]


class Listed(Result):
    runs: list[ListedRun] = Field(description="Newest first.")
    more: bool


class Attempt(BaseModel):
    attempt: int
    agent: str | None
    state: str
    session_id: str | None
    started_at: str
    ended_at: str | None
    error: Error | None
    usage: Usage


class TaskFound(Result):
    """A task of a run, in one iteration of its loops."""

    run_id: str
    id: str
    iteration: list[int]
    iterations: int = Field(description="How many iterations of it there are so far.")
    state: str
    tolerated: bool = Field(
        description="It failed, or was cancelled because of a failure, and its author allows that."
    )
    output: AnyJson
    output_cut: bool
    error: Error | None
    attempts: list[Attempt] = Field(description="The last 10.")


class Events(Result):
    run_id: str
    status: str
    events: list[Event]
    cursor: str | None = Field(description="Where to go on, as `after`.")
    more: bool


class Reason(BaseModel):
    task: str | None
    iteration: list[int]
    sentence: str
    command: str | None = None
    hint: str | None = None


class Explained(Result):
    run_id: str
    status: str
    sentence: str
    reasons: list[Reason]
    exhausted: list[str] = Field(
        description="Loops that ended because their iterations were used up, as review[2]."
    )


class Cancelled(Result):
    run_id: str
    outcome: str = Field(description="cancelled, or asked: its process is stopping its agents.")


class Resumed(Result):
    run_id: str
    status: str
    resumed: bool = Field(description="False where it runs already, or has finished.")
    cursor: str | None


class Steered(Result):
    run_id: str
    task: str
    iteration: list[int]
    id: int = Field(description="Of the message: message_given with it tells that it was told.")
    state: str = Field(description="told, kept until the agent takes it in, or late: it had ended.")
    cursor: str | None


class Answered(Result):
    """What a person decided."""

    run_id: str
    task: str
    iteration: list[int]
    approved: bool
    by: str
    note: str | None
    status: str
