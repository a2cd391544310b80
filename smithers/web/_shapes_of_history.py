"""The shapes of the documents about what has happened in a run, and what it cost. See `_shapes`."""

from __future__ import annotations

from typing import Any, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from smithers.callers import Face
from smithers.views import Status
from smithers.web._shapes import CLOSED, Document, RunAndFrame, State, Usage

__all__ = ["Audit", "Cost", "Diff", "Graph", "Source", "Timeline", "Why"]

_OPEN = ConfigDict(extra="allow")


@with_config(CLOSED)
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


@with_config(CLOSED)
class Frame(TypedDict):
    frame: int
    at: str
    why: NotRequired[str]
    usage: NotRequired[Usage]
    changes: list[Change]


@with_config(CLOSED)
class Timeline(Document):
    """A run frame by frame, and its forks."""

    run_id: str
    forked_from: NotRequired[RunAndFrame]
    forks: list[Fork]
    frames: list[Frame]


@with_config(CLOSED)
class Difference(TypedDict):
    task: str | None
    iteration: list[int]
    part: str
    file: str | None
    old: str | None
    new: str | None
    diff: list[str]


@with_config(CLOSED)
class Diff(Document):
    """What differs from one run, or one of its frames, to another."""

    old: RunAndFrame
    new: RunAndFrame
    equal: bool
    differences: list[Difference]


@with_config(CLOSED)
class Node(TypedDict):
    id: str
    kind: str
    iteration: list[int]
    state: State
    tolerated: bool
    cached: NotRequired[str]
    children: list[Node]


@with_config(CLOSED)
class Graph(Document):
    """The tree of a run with its states."""

    run_id: str
    workflow: str
    status: Status
    root: Node | None


@with_config(CLOSED)
class Spent(TypedDict):
    calls: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    time_s: float
    cost_usd: float | None
    untold: int


@with_config(CLOSED)
class CostLine(Spent):
    task: str
    agent: str
    model: str | None


@with_config(CLOSED)
class Measure(TypedDict):
    measure: str
    cap: float
    raised_by: float
    used: float
    left: float


@with_config(CLOSED)
class Budget(TypedDict):
    task: str | None
    iteration: list[int]
    on_exhausted: str
    measures: list[Measure]


@with_config(CLOSED)
class Cost(Document):
    """What a run used and cost, by task, agent and model."""

    run_id: str
    status: Status
    lines: list[CostLine]
    total: Spent
    inherited: NotRequired[Spent]
    budgets: list[Budget]


@with_config(CLOSED)
class File(TypedDict):
    path: str
    digest: str
    text: str | None


@with_config(CLOSED)
class Source(Document):
    """The author's files as they were when a frame was written."""

    run_id: str
    frame: int
    source: str
    about: dict[str, Any]
    files: list[File]


@with_config(CLOSED)
class Reason(TypedDict):
    task: str | None
    iteration: list[int]
    kind: str
    sentence: str
    hint: NotRequired[str]
    command: NotRequired[str]
    asked: NotRequired[str]
    digest: NotRequired[str | None]


@with_config(CLOSED)
class Why(Document):
    """What a run waits for or why it failed: a sentence each, with what to type."""

    run_id: str
    status: Status
    sentence: str
    reasons: list[Reason]
    exhausted: list[str]


@with_config(CLOSED)
class AuditRow(TypedDict):
    at: str
    who: str
    claimed: str | None
    what: str
    run_id: str | None
    about: str | None
    face: Face
    address: str | None
    credential: str | None


@with_config(CLOSED)
class Audit(Document):
    """Who changed what, oldest first; `cursor` leads to the page of later ones."""

    rows: list[AuditRow]
    more: bool
    cursor: str
