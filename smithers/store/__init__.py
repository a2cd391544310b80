"""Where runs are kept: one small protocol, two implementations.

`sqlite` is the one that lasts; `memory` keeps the protocol honest and serves simulations. Both
pass `tests/store/test_store_contract.py`. What the tables mean is told in `schema.sql`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from smithers.allowed import NO_RUNS, AllowRuns
from smithers.amounts import Amounts
from smithers.callers import AuditRow
from smithers.changes import Frame, Key
from smithers.inbox import InboxKind
from smithers.sources import ClaimRow, Code, SourceFile
from smithers.values import dataclass

__all__ = [
    "CAPS",
    "HOT",
    "INHERITED",
    "IN_MEMORY",
    "Below",
    "CachedAnswer",
    "Claim",
    "Claimed",
    "Cooldown",
    "CountFree",
    "History",
    "InboxRow",
    "Model",
    "NewRun",
    "Note",
    "Owner",
    "Parent",
    "ProcessRow",
    "Revival",
    "RunRow",
    "Store",
    "Wakeable",
    "Why",
    "options_below",
]

Why = Literal["answer", "due", "left", "cancel", "slot"]
"""Why a run is to be woken: it was answered, its time has come, its owner is gone, it was cancelled
and nobody obeys, or a pool that it waits for has a free slot.
"""
INHERITED = "counts_inherited"
"""The option of a fork which says that what it inherits counts for its budgets."""
HOT = "hot"
"""The option of a run whose owners take edits of its files while they drive it."""
CAPS = "caps"
"""The option of a run with what it may use at most, beside the budget of its author."""
IN_MEMORY = "made_in_memory"
"""The option of a run whose workflow no file has: a program has made it."""
CountFree = Callable[[str, int], int]
"""How many slots of a pool are free on this machine, by its name and its limit."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A process that owns runs: `host` is boot id and pid namespace, `started` its start time."""

    id: str
    host: str
    pid: int
    started: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to write a run. `fence` grows with each claim; a smaller one can write nothing."""

    run_id: str
    owner: str
    fence: int


@dataclass(frozen=True, kw_only=True)
class Model:
    """An output model with its JSON Schema, from which its typed view `out_<name>` is made."""

    name: str
    schema: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Parent:
    """The run that started a run, and the node there that waits for its end.

    With `waits` False nobody waits: a process of that node has started the run.
    """

    run_id: str
    key: Key
    waits: bool = True


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """What starting a run again needs. `input` is JSON text; `source` digests the author's code;
    `environment` holds the names of the variables that were set, never their values; `options` is
    what else it was started with, as a JSON object. `parent` is None unless it is a child run.
    `first_run` is None unless a run has continued as this one, the `number`th from the first.
    `allow_runs` is what may be started from below it, as of the last claim. `forked_from` is the
    run that it was copied from, up to the frame `forked_at`, if it is a fork. `audit` tells who has
    started it, and is kept in the same transaction.
    """

    run_id: str
    workflow: str
    file: str
    folder: str
    interpreter: str
    environment: tuple[str, ...]
    input: str
    source: str
    created_at: datetime
    options: str = "{}"
    parent: Parent | None = None
    first_run: str | None = None
    number: int = 1
    allow_runs: AllowRuns = NO_RUNS
    forked_from: str | None = None
    forked_at: int | None = None
    audit: AuditRow | None = None

    @property
    def source_frame(self) -> tuple[str, int] | None:
        """The run and its frame of which it is a fork."""
        if self.forked_from is None or self.forked_at is None:
            return None
        return self.forked_from, self.forked_at

    @property
    def counts_inherited(self) -> bool:
        """Whether what it inherits counts for its budgets: an agent has made this fork."""
        return bool(json.loads(self.options).get(INHERITED))

    @property
    def is_hot(self) -> bool:
        """Whether its owners take edits of its files while they drive it."""
        return bool(json.loads(self.options).get(HOT))

    @property
    def caps(self) -> Amounts | None:
        """What it may use at most, as whoever started it said."""
        found = json.loads(self.options).get(CAPS)
        if found is None:
            return None
        usd = None if found["usd"] is None else Decimal(found["usd"])
        return Amounts(usd=usd, tokens=found["tokens"], calls=found["calls"])

    @property
    def is_made_in_memory(self) -> bool:
        """Whether its workflow is an object of the program that started it, and in no file."""
        return bool(json.loads(self.options).get(IN_MEMORY))

    @property
    def is_started_below(self) -> bool:
        """Whether a process of its parent has started it."""
        return self.parent is not None and not self.parent.waits


def options_below(run: NewRun) -> str:
    """The options of a child run: its workflow is where that of its parent is."""
    return json.dumps({IN_MEMORY: True}) if run.is_made_in_memory else "{}"


@dataclass(frozen=True, kw_only=True)
class RunRow(NewRun):
    """A run as it stands: `owner` is None when nobody owns it."""

    owner: str | None
    fence: int


@dataclass(frozen=True, kw_only=True)
class History:
    """A whole run, read in one go: its row, and its frames in order, from which its state folds.
    `fence` is that under which the last frame was written, if the store tells it.
    """

    run: RunRow
    frames: Sequence[Frame]
    fence: int | None = None


@dataclass(frozen=True, kw_only=True)
class Note:
    """A message for a run's owner, written by anyone. `opened` is the frame of the wait it answers,
    and `signal` the id of the signal that it is.

    `body` is JSON text: for an answer the decision as it is recorded, for a cancel the reason, for
    a budget by how much it is raised and by whom, for a steer what is said to an agent and by whom,
    for a hold or a release which process a person is in a session through, for the end of a child
    run how it ended, for a signal what was sent (`signals.SentSignal`). `audit` tells who has
    written it, and is kept in the same transaction.
    """

    run_id: str
    kind: InboxKind
    key: Key | None = None
    opened: int | None = None
    signal: str | None = None
    body: str
    at: datetime
    audit: AuditRow | None = None


@dataclass(frozen=True, kw_only=True)
class InboxRow(Note):
    """A note that was kept; ids grow in the order of their commits."""

    id: int


@dataclass(frozen=True, kw_only=True)
class ProcessRow:
    """A process of an attempt of a run; `started` tells it from a later process of the same pid.
    `cgroup` is the folder of the control group that holds all processes of the attempt, if it has
    one.
    """

    owner: str
    run_id: str
    serial: int
    pid: int
    started: str
    cgroup: str | None = None


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A claim, and what the owner before had left running: to be killed before anything starts.

    `frame` is the run's last one, which nobody else can add to from now on. `previous` is the owner
    before, if the claim took the run from it instead of being given it: on the same host it may
    still live, stopped or hanging, with a step half done.
    """

    claim: Claim
    frame: int
    processes: tuple[ProcessRow, ...] = field(default=())
    previous: Owner | None = None


@dataclass(frozen=True, kw_only=True)
class Cooldown:
    """A limit that an agent ran into: whoever shares `key` is not asked again before `until`.

    `agent` is who ran into it, in `run_id` at `at`; `told` says that the provider told the time,
    and `refused` how often in a row that came.
    """

    key: str
    agent: str
    until: datetime
    told: bool
    refused: int
    reason: str
    run_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Wakeable:
    """A run that should go on while nobody alive drives it."""

    run_id: str
    why: Why


@dataclass(frozen=True, kw_only=True)
class Revival:
    """Whether a run may be started again: at once, not before a time, or not any more.

    `starts` counts those since it last got further, this one included.
    """

    starts: int
    not_before: datetime | None = None
    gave_up: str | None = None


@dataclass(frozen=True, kw_only=True)
class Below:
    """What the attempts of a run below another one have used, and that one's node it is below."""

    run_id: str
    key: Key
    used: Amounts


@dataclass(frozen=True, kw_only=True)
class CachedAnswer:
    """The answer of a task that later runs may take, by the digest of what it was asked. `json` is
    the output as JSON text, `model` the name of its model. `run_id` is the run that paid for it.
    """

    key: str
    task: str
    model: str | None
    json: str
    run_id: str
    created_at: datetime


class Store(Protocol):
    """Runs, their frames, their owners, and the inbox.

    Every write of a run's state carries its claim and is refused with `Fenced`, whole, when a
    larger fence exists. All calls are safe to make from one event loop at a time; a call that
    fails has written nothing, one that is cancelled may have. Other processes write `offer` only.

    A frame tells each fact once: `StoreError` refuses one that begins something twice, ends what is
    not open, or is not the next of its run. Only a `ReadMade` may come twice, and is kept once. A
    node that changes its kind or place leaves and joins in one frame.
    """

    async def create(
        self,
        run: NewRun,
        owner: Owner,
        frame: Frame,
        models: Sequence[Model] = (),
        code: Code | None = None,
    ) -> Claim:
        """Begin a run with its frame 0, its models and its code, owned by `owner`, in one
        transaction.

        Raises `RunExists`, or `Refused` if a process of its parent has started it, and a run above
        it does not allow that.
        """
        ...

    async def claim(
        self,
        run_id: str,
        owner: Owner,
        *,
        source: str,
        file: str | None = None,
        allow_runs: AllowRuns | None = None,
        options: str | None = None,
        code: Code | None = None,
    ) -> Claimed:
        """Take a run that nobody alive owns. `source` replaces the run's source digest, and `file`,
        `allow_runs` and `options`, if they are given, the path of its workflow, what that allows,
        and the run's options. `code` is kept as by `create`.

        Raises `UnknownRun`, or `Owned` naming the live owner (pid, host, since when it beats).
        """
        ...

    async def reclaim(
        self, claim: Claim, *, source: str, allow_runs: AllowRuns, code: Code | None = None
    ) -> Claim:
        """The claim under which the owner of a run goes on with other code than it had loaded, with
        a fence of its own; from then on `claim` is stale. Raises `Fenced`.
        """
        ...

    async def commit(
        self,
        claim: Claim,
        frame: Frame,
        models: Sequence[Model] = (),
        cooldowns: Sequence[Cooldown] = (),
        answers: Sequence[CachedAnswer] = (),
        starts: NewRun | None = None,
        here: bool = False,
    ) -> Sequence[InboxRow]:
        """Make a frame durable, and give the inbox rows with ids above `frame.inbox`.

        `models` are those that were not declared in this run before; to declare one again does no
        harm. `cooldowns` are kept with it, for all runs; one that ends no later than what is known
        of its key changes nothing. `answers` are kept as well, each in place of the one of its key.
        If the frame ends a child run, its parent gets a row in its inbox in the same transaction;
        so do the runs that were started from below a run that ends, which end with it; so does the
        run that it `starts` begin, with a frame in which it is running, owned by nobody and due
        now. `here` says that nothing else needs the calling thread now: a commit that is known to
        be quick may be made on it. Raises `Fenced`, or `UnknownRun`.
        """
        ...

    async def fork(
        self,
        run: NewRun,
        frame: Frame | None,
        models: Sequence[Model] = (),
        *,
        finds_id: bool = False,
    ) -> str:
        """Make `run` a copy of the run `forked_from` as of its frame `forked_at`, owned by nobody,
        in one transaction; `frame`, if given, is the first of its own, with the models that it
        declares. The id of the fork, which with `finds_id` is the first of `RUN-fork`, `RUN-fork-2`
        … that is free.

        What had not ended then is open in it; attempts that were running then are left out, and so
        are notes, processes and raised budgets. Raises `UnknownRun`, `RunExists`, `Owned` naming
        the living owner of the run that is forked, or `Refused` if that has no such frame.
        """
        ...

    async def rewind(
        self, claim: Claim, frame: Frame, kept: NewRun, first: Frame | None = None
    ) -> str:
        """Commit a frame that takes a run back, and keep the run as it was before as the fork
        `kept`, whose own frame is `first`, in one transaction; the id of the fork, the first one
        that is free. Raises `Fenced`.
        """
        ...

    async def cooldowns(self, *, here: bool = False) -> Sequence[Cooldown]:
        """The last cooldown of each key in this store, those that are over included. `here` as for
        `commit`.
        """
        ...

    async def end_cooldown(self, key: str) -> bool:
        """Forget what is known of a key; False where nothing is. For a person who knows better."""
        ...

    async def inbox(self, claim: Claim, after: int) -> Sequence[InboxRow]:
        """The inbox rows with ids above `after`. Raises `Fenced` where another owner took the run,
        so that one that was stopped learns of it before it writes; fence 0 is a claim of nobody,
        who may read as well.
        """
        ...

    async def release(self, claim: Claim, wake_at: datetime | None = None) -> None:
        """Give the run back; it has no owner afterwards, and is due at `wake_at`, if ever. A stale
        claim releases nothing.
        """
        ...

    async def run(self, run_id: str) -> RunRow:
        """The run's row alone. Raises `UnknownRun`."""
        ...

    async def load(self, run_id: str) -> History:
        """The run and all its frames, each with its changes in some order, without the texts of
        large outputs. Raises `UnknownRun`.
        """
        ...

    async def standing(self, run_id: str) -> History:
        """The run, and of its frames only what it has of the nodes that are open: that have begun
        or wait, and have not ended. A state that folds from it is right about these nodes, the
        status, the last frame and its inbox; what it says of anything else, nobody may rely on.
        Raises `UnknownRun`.
        """
        ...

    async def waits(self, run_id: str) -> History:
        """The same of the nodes that wait, and of those whose question a person has answered last,
        without their attempts. Raises `UnknownRun`.
        """
        ...

    async def about(self, run_id: str, name: str) -> History:
        """The same of the nodes that a person may mean by a name: an id, or an iteration such as
        `review[2]`. It tells whether the tree has such a node as well. Raises `UnknownRun`.
        """
        ...

    async def budgets(self, run_id: str) -> History:
        """The same as `waits`, and in which loops the nodes are that have a budget, and which.
        Raises `UnknownRun`.
        """
        ...

    async def kinds(self, run_id: str) -> Collection[str]:
        """The kinds of the nodes that are in the tree."""
        ...

    async def claims(self, run_id: str) -> Sequence[ClaimRow]:
        """Who has owned the run, in order; a fork has what its source had until its frame."""
        ...

    async def files(self, source: str) -> Sequence[SourceFile]:
        """The author's files of a digest, by their paths; none where they were not kept."""
        ...

    def output(self, run_id: str, key: Key, frame: int) -> str:
        """What a node gave when it ended in that frame, as JSON text; from any thread, and without
        a transaction of the connection that commits.

        Raises `StoreError` where there is none, and for all for which a commit raises it.
        """
        ...

    async def offer(self, note: Note) -> InboxRow:
        """Put a note into the inbox of a run. An answer is unique per wait, and a signal by its id.

        Raises `UnknownRun`; for an answer `AlreadyDecided` naming the first decision, and `Refused`
        when the wait is not open or its due time has passed; for a signal `AlreadySent`, `Refused`
        when the run has ended or its id was used for another one, and `WrongAnswer` when it fits
        none of the waits that are open for it. From then on the run is called, until a frame takes
        the note, unless that is a signal for which no wait is open; a run that was given up is so
        no longer.
        """
        ...

    async def wakeable(self, count_free: CountFree | None = None) -> Sequence[Wakeable]:
        """The runs that should go on while nobody alive drives them: answered, due, left by their
        owner, or cancelled; but for those that were given up, or stopped by a person. Of a child
        run it is the run that waits for it. With `count_free` also those that wait for a pool, the
        oldest first, as many as it has free slots.
        """
        ...

    async def called(self, run_ids: Collection[str]) -> Collection[str]:
        """Which of these runs nobody owns, and were sent a note or are due."""
        ...

    async def below(self, run_id: str, *, every: bool = False) -> Sequence[Below]:
        """What the runs that were started from below a run have used, and those below its child
        runs, each without what is counted for a child run there. With `every`, also what its child
        runs have used.
        """
        ...

    async def open_children(self, run_id: str) -> Sequence[RunRow]:
        """The child runs that nodes of a run have started and that have not ended."""
        ...

    async def is_budgeted(self, run_id: str) -> bool:
        """Whether a node of the run ever had a budget."""
        ...

    async def left_below(self, run_id: str) -> Sequence[str]:
        """The runs below a run that have not ended, though the run has from below which they were
        started.
        """
        ...

    async def revive(self, run_id: str) -> Revival:
        """Count that the run is being started again, if it may be: it may so often without getting
        further, and then it is given up. Whoever claims a run that was given up gets it back.
        """
        ...

    async def start_failed(self, run_id: str, said: str, *, spared: bool = False) -> str | None:
        """Keep why the last start came to nothing; why the run is given up, if it is now. A
        `spared` failure was the machine's: it makes the pause longer, and counts for nothing else.
        """
        ...

    async def take_seat(self, owner: Owner) -> Owner | None:
        """Make `owner` the one that wakes runs of this store, until it dies or closes the store.
        Another living one that has the seat keeps it, and is returned.
        """
        ...

    async def add_processes(self, rows: Sequence[ProcessRow]) -> None:
        """Remember processes of attempts, outside the fence. They outlive every process, but not
        the machine, which no process of it outlives either.
        """
        ...

    async def remove_processes(self, owner: str, run_id: str, serial: int) -> None:
        """Forget the processes of an attempt that has ended."""
        ...

    async def processes(self) -> Sequence[ProcessRow]:
        """Every process that owners of this store have started and not forgotten."""
        ...

    async def drivers(self) -> Sequence[Owner]:
        """The processes that own runs, and those through which persons are in a session, living
        or not.
        """
        ...

    async def overdue(self) -> Sequence[Owner]:
        """The processes of this host that live, but have not said so for longer than a lease."""
        ...

    async def changed(self, reader: str = "") -> bool:
        """Whether another connection has committed, or this one has put a note into an inbox, since
        the last call of this reader: each run that is driven here is one. Heartbeats count as well,
        so it may say so where nothing is new.
        """
        ...

    def check(self) -> None:
        """Raise `StoreError` if what was opened is no longer what others find at its place. It is
        cheap, and part of each commit; ask before work begins that must not be done in vain.
        """
        ...

    async def close(self) -> None:
        """Release the file. Runs that are still owned become stale when this process ends."""
        ...
