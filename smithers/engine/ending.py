"""What a face is told: how a run was left, and what a person said as it was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from smithers.amounts import Amounts
from smithers.changes import Failure, Key, RunStatus
from smithers.errors import Refused
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.agent import Terminal
    from smithers.forms import Form

__all__ = [
    "After",
    "Asked",
    "Attached",
    "Decided",
    "Forked",
    "Left",
    "NotSent",
    "Raised",
    "Reply",
    "Rewound",
    "Sent",
    "SignalReceipt",
]

After = Literal["taken up", "started", "to be resumed", "over", "asked"]
"""What became of a task that a person has left: its run's owner has it, one was started, nobody
drives the run, the run has ended meanwhile, or its owner has not said a word yet.
"""


@dataclass(frozen=True, kw_only=True)
class Left:
    """How a run stands when its owner leaves it.

    `tolerated`: it finished with failures that its author allowed. `stopped`: its owner was asked
    to stop, by the signal of the name `stopped_by` if it was one, and the run can be resumed.
    `unpaid`: it finished without tasks that a budget did not pay for.
    `over_budget`: it waits for a larger budget, or has failed by one. `output` is JSON text.
    `next_run` is the run as which it has continued.
    """

    run_id: str
    status: RunStatus
    output: str | None = None
    error: Failure | None = None
    tolerated: bool = False
    stopped: bool = False
    stopped_by: str | None = None
    unpaid: bool = False
    over_budget: bool = False
    next_run: str | None = None


@dataclass(frozen=True, kw_only=True)
class Forked:
    """A run that was made as a copy of `source` as of its frame `frame`. `notes` are what a person
    should know of it.
    """

    run_id: str
    source: str
    frame: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rewound:
    """A run that was taken back to a frame; `kept` is the fork that has what it was before. `notes`
    are what a person should know of it.
    """

    run_id: str
    frame: int
    kept: str
    notes: tuple[str, ...] = ()


class _OfTask:
    """What is of one task, in one iteration of its loops."""

    task: str
    iteration: tuple[int, ...]

    @property
    def name(self) -> str:
        """The task with its iteration, as it is typed: `review[2]`."""
        return str(Key(self.task, self.iteration))


@dataclass(frozen=True, kw_only=True)
class Asked(_OfTask):
    """An open question as a person is shown it. `opened` is the frame of its birth, so that one
    which is asked anew is another, and `digest` that of the text. `form` is what the answer must
    be.
    """

    run_id: str
    task: str
    iteration: tuple[int, ...]
    opened: int
    asked: str
    digest: str
    due: str | None
    allowed_by: tuple[str, ...]
    form: Form


@dataclass(frozen=True, kw_only=True)
class Decided(_OfTask):
    """A decision as it was recorded; `digest` is that of the text that was shown. `login` is the
    name of the user whose process recorded it.
    """

    run_id: str
    task: str
    iteration: tuple[int, ...]
    approved: bool
    by: str
    login: str
    note: str | None
    at: str
    asked: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Reply(_OfTask):
    """An answer as it was recorded: what a person gave, `approve` or `deny` for a decision."""

    run_id: str
    task: str
    iteration: tuple[int, ...]
    answer: object
    by: str
    login: str
    note: str | None
    at: str
    asked: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Raised:
    """By how much a budget is raised; `task` is None for that of the run as a whole."""

    run_id: str
    task: str | None
    iteration: tuple[int, ...]
    added: Amounts
    by: str


@dataclass(frozen=True, kw_only=True)
class Sent(_OfTask):
    """A message for the agent of a task, as it was kept; `id` names it in this database."""

    run_id: str
    task: str
    iteration: tuple[int, ...]
    id: int
    text: str
    by: str


@dataclass(frozen=True, kw_only=True)
class SignalReceipt:
    """A signal as it was kept for a run. `is_new` is False if the same one was sent before. `taker`
    is the task that takes it, or took it before, None if none does yet; `waits_for` are the events
    that the run waited for, in words, the first of them if there are many.
    """

    run_id: str
    id: str
    event: str
    correlation: str | None
    data: object
    by: str
    login: str
    at: str
    is_new: bool
    taker: str | None
    waits_for: tuple[str, ...]
    had_by: str
    """The run that has it: another one if it was sent to a run that has continued as this one."""


@dataclass(frozen=True, kw_only=True)
class NotSent:
    """A run to which a signal was not sent, and why."""

    run_id: str
    error: Refused


@dataclass(kw_only=True)
class Attached(_OfTask):
    """A session that a person is in: `terminal` opens it. `after` tells how the run goes on, and
    `pid` the process that was started for it, once they have left.
    """

    run_id: str
    task: str
    iteration: tuple[int, ...]
    agent: str
    session: str
    terminal: Terminal
    after: After = "asked"
    pid: int | None = None
