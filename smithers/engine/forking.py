"""Forks, and runs that are taken back: what a new run inherits, and its first own frame.

A fork never makes a decision of a person. Whoever may not decide what they would inherit has it
asked again; an agent gets a fork that ends before the first decision.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import Protocol

from smithers import waits
from smithers.callers import AuditRow
from smithers.changes import (
    AttemptEnded,
    Change,
    Failure,
    Frame,
    Key,
    Reset,
    StatusChanged,
    WaitClosed,
)
from smithers.engine.agent_forks import check_above, check_replaced, first_decision, options_of
from smithers.engine.auditing import about
from smithers.engine.decisions import decided_below, not_theirs
from smithers.engine.ending import Forked, Rewound
from smithers.engine.inputs import input_text
from smithers.engine.people import Person
from smithers.engine.requesting import requested
from smithers.engine.rewinding import changes_back
from smithers.engine.settings import Request
from smithers.errors import Refused
from smithers.naming import key_name
from smithers.state import RunState
from smithers.store import Claimed, History, Model, NewRun, RunRow, Store
from smithers.store.forking import check_frame, fork_ids, forked_frames
from smithers.store.lease import this_process
from smithers.tree import check_run_id
from smithers.values import dataclass

__all__ = ["Driver", "Fork", "check_repeatable", "fork", "rewind"]


@dataclass(frozen=True, kw_only=True)
class Fork:
    """What is asked for. `frame` None is the last one, and `run_id` None the first id that is free.
    `input` is JSON text, `outputs` JSON texts by tasks, and `again` names tasks that are to be done
    again with what read them. `by` is the name of the `person` who forks, None an agent; of an
    agent `request` is the digest of what it asked for, by which the same request is known again.
    """

    frame: int | None = None
    run_id: str | None = None
    input: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    again: Sequence[str] = ()
    by: str | None = None
    person: Person | None = None
    request: str | None = None
    audit: AuditRow | None = None


_CANCELLED = StatusChanged(
    status="failed",
    error=Failure(kind="Cancelled", message="the run was cancelled before it was forked"),
)
"""What was cancelled fails in a copy, so that it can be resumed."""


class Driver(Protocol):
    """Loads the code of a run, and ends what it has left."""

    async def clear_away(self, store: Store, claimed: Claimed, last_owner: str | None) -> None:
        """End what the last owner has left running."""

    async def end_strays(self, store: Store, run_id: str, state: RunState) -> list[str]:
        """End the child runs that a run does not wait for; what to tell a person."""
        ...

    async def begin_apart(
        self,
        store: Store,
        run: NewRun,
        source: RunRow,
        state: RunState,
        changes: Sequence[Change],
        request: Request,
    ) -> tuple[Frame, list[Model], list[str]]:
        """The first frame of a fork `run` of `source`, whose state was this, and after these
        changes; nothing is started. With the models that it declares, and what to tell a person.
        """
        ...


async def fork(driver: Driver, store: Store, run_id: str, wanted: Fork) -> Forked:
    """See `Hub.fork`."""
    history = await store.load(run_id)
    last = history.frames[-1].number
    at = last if wanted.frame is None else wanted.frame
    check_frame(run_id, at, last)
    if wanted.run_id is not None:
        check_run_id(wanted.run_id)
    frames = forked_frames(history.frames, at, run_id)
    notes: list[str] = []
    if wanted.by is None:
        await check_above(store, history.run)
    if wanted.by is None and (first := await first_decision(store, frames)) is not None:
        at = first.frame - 1
        notes.append(f"it ends at frame {at}, before {first.words}: only a person may answer that")
        frames = forked_frames(history.frames, at, run_id)
    state = RunState.of(frames)
    if wanted.by is None:
        check_replaced(state, run_id, wanted.outputs)
    run = _row(history.run, wanted, at)
    asked = not_theirs(frames, state, wanted.person)
    if wanted.input is not None:
        asked |= dict.fromkeys(_open_questions(state), "its text may read the input")
    notes += [f"{key_name(key)} is asked again: {why}" for key, why in asked.items()]
    if wanted.person is not None:
        below = await decided_below(store, frames, state, wanted.person)
        notes += [f"{key_name(key)} runs again: {why}" for key, why in below.items()]
        asked |= below
    changes = list(_foreign(state))
    frame: Frame | None
    if wanted.outputs or wanted.again or asked or wanted.input is not None:
        request = requested(
            run_id,
            again=wanted.again,
            keys=list(asked),
            outputs=wanted.outputs,
            by=wanted.by or "an agent",
        )
        made = await driver.begin_apart(store, run, history.run, state, changes, request)
        frame, models, told = made
        notes += told
    else:
        frame, models = _own_frame(state, changes), []
    finds_id = wanted.run_id is None
    found = await store.fork(run, frame, models, finds_id=finds_id)
    return Forked(run_id=found, source=run_id, frame=at, notes=tuple(notes))


def _row(source: RunRow, wanted: Fork, at: int) -> NewRun:
    """The row of a fork. It is nobody's child, and continues no other run."""
    given = None if wanted.input is None else input_text(wanted.input)
    return NewRun(
        run_id=wanted.run_id or next(fork_ids(source.run_id)),
        workflow=source.workflow,
        file=source.file,
        folder=source.folder,
        interpreter=source.interpreter,
        environment=source.environment,
        input=source.input if given is None else given,
        source=source.source,
        created_at=datetime.now(UTC),
        options=options_of(source, is_agents=wanted.by is None, request=wanted.request),
        allow_runs=source.allow_runs,
        forked_from=source.run_id,
        forked_at=at,
        audit=about(wanted.audit, f"{source.run_id} frame {at}"),
    )


def _own_frame(state: RunState, changes: Sequence[Change]) -> Frame | None:
    """The first frame of a fork in which nothing is done again; None if it needs none: it waits, or
    has ended, as its source did.
    """
    status: StatusChanged | None = None
    if state.run_status == "cancelled":
        status = _CANCELLED
    elif changes or state.run_status in ("running", "continued"):
        status = StatusChanged(status="running", stopped_by="fork")
    if status is None:
        return None
    return Frame(
        number=state.frame + 1,
        at=datetime.now(UTC),
        changes=(*changes, status),
        inbox=state.inbox,
    )


def _foreign(state: RunState) -> Iterator[Change]:
    """The end of what belongs to the source alone: its child runs, and who is in its sessions."""
    for (key, kind), wait in state.waits.items():
        if kind in (waits.CHILD, waits.ATTACHED):
            yield WaitClosed(key=key, kind=kind, opened=wait.frame)
        if kind == waits.CHILD:
            yield Reset(key=key)


def _open_questions(state: RunState) -> Iterator[Key]:
    return (key for key, kind in state.waits if kind in waits.ASKING)


async def rewind(driver: Driver, store: Store, run_id: str, frame: int) -> Rewound:
    """See `Hub.rewind`."""
    history = await store.load(run_id)
    _check_rewind(history, frame)
    claimed = await store.claim(run_id, this_process(), source=history.run.source)
    try:
        await driver.clear_away(store, claimed, history.run.owner)
        history = await store.load(run_id)
        _check_rewind(history, frame)
        last = history.frames[-1]
        copy = RunState.of(forked_frames(history.frames, last.number, run_id))
        kept = await store.rewind(
            claimed.claim,
            _back(store, history, frame),
            replace(_row(history.run, Fork(), last.number), options=history.run.options),
            _own_frame(copy, list(_foreign(copy))),
        )
    finally:
        await store.release(claimed.claim)
    state = RunState.of((await store.load(run_id)).frames)
    ended = await driver.end_strays(store, run_id, state)
    return Rewound(run_id=run_id, frame=frame, kept=kept, notes=tuple(ended))


def _check_rewind(history: History, frame: int) -> None:
    """Raises `Refused` for a run that cannot be taken back to a frame."""
    run, last = history.run, history.frames[-1].number
    check_frame(run.run_id, frame, last)
    check_repeatable(history)


def check_repeatable(history: History) -> None:
    """Raises `Refused` for a run of which nothing is done again in place."""
    run, state = history.run, RunState.of(history.frames)
    hint = f"fork it: `smithers fork {shlex.quote(run.run_id)}`"
    if state.run_status == "cancelled":
        raise Refused(f"run {run.run_id} was cancelled, which is final", hint=hint)
    if state.run_status == "continued":
        raise Refused(f"run {run.run_id} has continued as {state.status.next_run}", hint=hint)
    if (parent := run.parent) is not None and parent.waits:
        words = f"{shlex.quote(parent.run_id)} {shlex.quote(str(parent.key))}"
        raise Refused(
            f"run {run.run_id} is a child run of {parent.run_id}",
            hint=f"`smithers retry {words}` runs its task again; or {hint}",
        )


def _back(store: Store, history: History, frame: int) -> Frame:
    """The frame that takes a run back."""
    run_id, last = history.run.run_id, history.frames[-1]

    def text(key: Key, settled: int) -> str:
        return store.output(run_id, key, settled)

    at, now = datetime.now(UTC), RunState.of(history.frames)
    left = [
        AttemptEnded(serial=one.serial, state="interrupted", error=None, at=at)
        for one in now.running()
    ]
    changes = changes_back(history.frames, frame, text)
    then = RunState.of(history.frames[: frame + 1]).status
    status = StatusChanged(status="running", stopped_by="rewind")
    if then.status in ("finished", "failed"):
        status = then
    return Frame(number=last.number + 1, at=at, changes=(*left, *changes, status), inbox=last.inbox)
