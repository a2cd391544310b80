"""What the tools give, as schemas: the names are those of the command line's JSON."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

__all__ = [
    "Answered",
    "Asks",
    "Authored",
    "Cancelled",
    "Diff",
    "Events",
    "Explained",
    "ForkMade",
    "Listed",
    "Result",
    "Resumed",
    "Retried",
    "Run",
    "Started",
    "TaskFound",
    "Timeline",
    "Transcript",
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


Rest = Annotated[
    str | None,
    Field(
        description="Null if this is everything. Else call the tool again with this as `after` for"
        " what was left out."
    ),
]


class Workflow(BaseModel):
    """A workflow that can be started; `workflow` is what to call it in start_run."""

    workflow: str
    description: str = Field(description="Its first line.")
    input: str | None = Field(
        description="The fields of its input, those in brackets may be left out. Null if the file"
        " was only parsed: the person does not trust its folder yet."
    )


class Broken(BaseModel):
    """A file that cannot be imported, and why."""

    file: str
    message: str


class Workflows(Result):
    workflows: list[Workflow]
    broken: list[Broken] = Field(description="Files that cannot be imported, and why.")
    roots: list[str] = Field(description="The folders below which files may be started as well.")
    file: str | None = Field(default=None, description="Of the workflow that was asked for.")
    description: str | None = Field(default=None, description="Of that workflow, in full.")
    description_cut: bool = False
    input_schema: AnyJson = Field(
        default=None, description="The JSON Schema of that workflow's input."
    )
    input_schema_cut: bool = Field(
        default=False, description="It did not fit: this is a piece of it, as text."
    )
    rest: Rest = None


class Mistake(BaseModel):
    """What is wrong, where, and what to write instead; a `warning` keeps nothing from passing."""

    level: str
    rule: str
    message: str
    hint: str
    place: str | None


class PlannedNode(BaseModel):
    """A node of the tree: `depth` says below which it is, `waits` for what."""

    depth: int
    id: str
    kind: str
    agents: list[str]
    waits: str | None
    place: str | None


class NotKnown(BaseModel):
    """What is not known of a node before the workflow runs, and why."""

    node: str
    what: str
    why: str


class Authored(Result):
    passes: bool = Field(description="Whether it has no mistakes and its dry run came to its end.")
    workflow: str | None
    findings: list[Mistake]
    tree: list[PlannedNode] = Field(description="All nodes in the order of the document.")
    unknown: list[NotKnown]
    agents: list[str]
    agent_calls: AnyJson = Field(
        description="How many calls of agents there are: `once`, and `at_most` with retries."
    )
    next: str
    rest: Rest = None


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


class Running(BaseModel):
    """An agent at work: the tool that it called last, and its last words."""

    task: str
    attempt: int
    agent: str | None
    since: str
    tool: str
    words: str


class Run(Result):
    """How a run stands."""

    run_id: str
    workflow: str
    status: str = Field(
        description="running, waiting, stale, finished, continued (as the run `next_run`), failed"
        " or cancelled. stale: its process died; it is started again by itself."
    )
    stopped_by: str | None = Field(
        description="The signal by which a person or the machine stopped it, as SIGTERM; null if it"
        " was not stopped, or crashed."
    )
    sentence: str
    tasks: dict[str, int] = Field(description="How many tasks are in each state.")
    error: Error | None
    usage: Usage
    cursor: str | None = Field(
        description="The newest event: `after` of wait_run and get_events for what comes next."
    )
    waiting_for: list[Wait]
    running: list[Running] = Field(description="The agents that are running.")
    output: AnyJson = Field(description="The result, once finished.")
    output_cut: bool = Field(description="The output did not fit: this is a piece of it, as text.")
    states: list[str] = Field(
        description="The tasks, as `review[2] failed`: those that failed, run or wait first."
    )
    tolerated: list[str] = Field(description="The failures that the author allows, as review[2].")
    unpaid: list[str] = Field(description="Tasks skipped since a budget was spent, as review[2].")
    exhausted: list[str] = Field(
        description="Loops that ended before `until` was true, as review[2]."
    )
    rest: str | None = Field(
        description="Null if this is everything. Else call get_run with this as `after` for what"
        " was left out."
    )


EventLine = Annotated[str, Field(description="Month, day and time in UTC, then what happened.")]


class Waited(Run):
    """How a run stands after a wait."""

    timed_out: bool = Field(
        description="The time was up first. This is not an error: the run continues, call wait_run"
        " again."
    )
    events: list[EventLine] = Field(description="What happened after `after`, up to `cursor`.")
    more: bool = Field(description="Further events follow `cursor` already.")


class Started(Result):
    run_id: str
    status: str
    workflow: str
    started: bool = Field(description="False if this request_id had started the run before.")
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
    waiting_for: list[str] = Field(description="The first 5 things that it waits for.")
    parent: str | None = Field(default=None, description="The run that started it, if one did.")


class Listed(Result):
    runs: list[ListedRun] = Field(description="Newest first.")
    more: int = Field(description="How many older runs there are.")
    children: int = Field(
        default=0, description="How many child runs were left out: give children for these."
    )
    rest: Rest = None


class Attempt(BaseModel):
    attempt: int
    agent: str | None
    state: str
    session_id: str | None
    started_at: str
    ended_at: str | None
    error: Error | None
    usage: Usage
    answer: str | None = Field(
        default=None,
        description="If the attempt failed: the first 500 characters of what its agent answered.",
    )


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
    cached: str | None = Field(
        description="The run from which it has its answer, if it did not ask its agent."
    )
    error: Error | None
    attempts: list[Attempt] = Field(description="The newest first.")
    output: AnyJson
    output_cut: bool = Field(description="The output did not fit: this is a piece of it, as text.")
    rest: Rest = None


class Events(Result):
    run_id: str
    status: str
    events: list[EventLine]
    cursor: str | None = Field(description="Where to continue, as `after`.")
    more: bool = Field(description="Further events follow `cursor` already.")


class Entry(BaseModel):
    attempt: int
    iteration: list[int]
    text: str


class Transcript(Result):
    """What the agent of a task said and did."""

    run_id: str
    task: str
    entries: list[Entry] = Field(
        description="In order. A tool call begins with →, what it returned with ← or, if it"
        " failed, with ✗."
    )
    cursor: str | None = Field(description="Where to continue, as `after`.")
    more: bool = Field(description="Further entries follow `cursor` already.")


class Reason(BaseModel):
    task: str | None
    iteration: list[int]
    sentence: str
    tool: str | None = Field(description="The tool that helps, if you can.")
    command: str | None = Field(description="What a person types, if only a person can help.")
    hint: str | None = None


class Explained(Result):
    run_id: str
    status: str
    sentence: str
    exhausted: list[str] = Field(
        description="Loops that ended before `until` was true, as review[2]."
    )
    reasons: list[Reason]
    rest: Rest = None


class Question(BaseModel):
    """What a run asks a person."""

    run_id: str
    workflow: str
    task: str | None = Field(description="As review[2]; null for the budget of the whole run.")
    kind: str = Field(description="approval, human, repeat or budget.")
    title: str = Field(description="The first line of the question.")
    asked: str = Field(description="The question, up to 1 000 characters.")
    digest: str | None
    since: str
    due: str | None
    allowed_by: list[str] = Field(description="Who may decide; anyone if it is empty.")
    form: list[str] | None = Field(
        description="What the answer is, as `blue or green` or `Plan`; a line for each field; and"
        " why the run has refused the last answer, if it has. Null for a decision or a budget."
    )
    commands: list[str] = Field(description="What a person types to answer it.")


class Asks(Result):
    asks: list[Question] = Field(description="The open questions.")
    asked: AnyJson = Field(
        default=None, description="If only one question is meant: the whole of it."
    )
    asked_cut: bool = Field(default=False, description="It did not fit: this is a piece of it.")
    rest: Rest = None


class Cancelled(Result):
    run_id: str
    outcome: str = Field(
        description="cancelled; asked: its process stops its agents; to clean up: one is started."
    )


class Resumed(Result):
    run_id: str
    status: str
    resumed: bool = Field(description="Whether a process was started that continues the run.")
    why: str = Field(description="What was done, or why nothing was.")
    cursor: str | None


class ForkMade(Result):
    """A run that was made as a copy of another one as of a frame."""

    run_id: str
    source: str
    frame: int = Field(description="The last frame that it has of its source.")
    notes: list[str] = Field(description="What else is to be known: where it ends, what is asked.")
    made: bool = Field(description="False if this request_id had made the fork before.")
    status: str
    cursor: str | None
    next: str


class Retried(Result):
    run_id: str
    task: str
    status: str
    cursor: str | None
    next: str


class FrameLine(BaseModel):
    frame: int
    at: str
    why: str = Field(description="What made it: the first thing that happened in it.")
    usage: Usage = Field(description="What the run had used by then, itself.")


class ForkLine(BaseModel):
    run_id: str
    source: str = Field(description="The run that it is a fork of.")
    frame: int = Field(description="The last frame that it has of its source.")
    status: str


class ForkSource(BaseModel):
    """Where a fork comes from."""

    run_id: str
    frame: int


class Timeline(Result):
    run_id: str
    forked_from: ForkSource | None = Field(description="Of what the run is a fork itself, if any.")
    frames: list[FrameLine]
    forks: list[ForkLine] = Field(description="The forks of the run, and theirs.")
    rest: Rest = None


class DiffSide(BaseModel):
    run_id: str
    frame: int


class Difference(BaseModel):
    task: str | None = Field(description="As review[2]; null for the run as a whole.")
    part: str = Field(description="state, output, prompt, tree, source and others.")
    diff: str = Field(description="A unified diff, without its head.")


class Diff(Result):
    old: DiffSide
    new: DiffSide
    equal: bool
    differences: list[Difference]
    rest: Rest = None


class Steered(Result):
    run_id: str
    task: str
    iteration: list[int]
    id: int = Field(
        description="Of the message: message_given with this id means that the agent received it."
    )
    state: str = Field(description="told, kept until the agent takes it in, or late: it had ended.")
    cursor: str | None


class SentEvent(Result):
    run_id: str
    id: str = Field(description="Of the event, by which a run keeps it once.")
    event: str
    outcome: str = Field(description="sent to the task, kept until one waits for it, already sent.")
    task: str | None
    waits_for: list[str] = Field(description="The events that the run waited for.")
    status: str
    cursor: str | None


class Answered(Result):
    """What a person answered."""

    run_id: str
    task: str
    iteration: list[int]
    answer: AnyJson = Field(description="approve, deny, the choice, the text or the data.")
    approved: bool | None = Field(description="Null unless a decision was asked for.")
    by: str
    note: str | None
    status: str
