"""A run as a line of a list, and what its agents do."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.store import Parent
    from smithers.views._snapshot import Status
    from smithers.views._tasks import Counts, WaitView
    from smithers.views._usage import Usage

__all__ = ["Activity", "RunCost", "RunLine", "RunsPage"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunLine:
    """A run in short. `exhausted` is how many loops used up their iterations and ended all the
    same; `gave_up` is why it is no longer started unattended.
    """

    run_id: str
    workflow: str
    status: Status
    stopped_by: str | None
    created_at: datetime
    last_activity: datetime
    counts: Counts
    exhausted: int
    usage: Usage
    waiting_for: tuple[WaitView, ...]
    gave_up: str | None
    parent: Parent | None = None
    """The run and the node that started it, if it is a child run."""
    is_made_in_memory: bool = False
    """Whether no file has its workflow, so that only the program that made it resumes it."""
    running: int = 0
    """How many of its attempts run; none if no process drives it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunsPage:
    """Runs in short, oldest first, how many older ones a query has, and the cursor for those.
    `children` is how many child runs the query leaves out.
    """

    runs: tuple[RunLine, ...]
    more: int = 0
    cursor: str | None = None
    children: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class RunCost:
    """What the cost of a run is measured by. `untold` counts the attempts whose agents did not
    report it; `cap` is the budget of the run as a whole in US dollars, if it has one, and `charged`
    what counts for that.
    """

    untold: int = 0
    cap: Decimal | None = None
    charged: Decimal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Activity:
    """A running attempt, with the `tool` that its agent called last and its last `words`, which are
    empty if there are none. `heard_at` is when its streams were last written, if it has any.
    """

    key: Key
    attempt: int
    agent: str
    since: datetime
    tool: str
    words: str
    heard_at: datetime | None = None
