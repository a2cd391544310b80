"""What ends a run from outside, and how its database is opened for that: a row of its inbox."""

from __future__ import annotations

import json
import shlex
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

from smithers import inbox
from smithers.callers import AuditRow
from smithers.changes import ENDED, AttemptEnded, Key, StatusChanged
from smithers.engine.apart import run_apart
from smithers.engine.endings import leave_nothing_open, stopped_by_parent
from smithers.engine.outputs import Outputs
from smithers.engine.processes import clear_away
from smithers.engine.transition import Transition
from smithers.engine.trust import Trusts
from smithers.errors import Owned, Refused, UnknownRun
from smithers.shapes import shape_of
from smithers.state import RunState
from smithers.store import InboxRow, Note, Store
from smithers.store.lease import this_process
from smithers.store.sqlite import SqliteStore
from smithers.texts import object_from
from smithers.tree import valid_text

__all__ = [
    "CancelOutcome",
    "cancel",
    "cancel_if_free",
    "end_left_below",
    "must_clean_up",
    "refusal_of_ended",
    "with_store",
]

T = TypeVar("T")
CANCELLED = StatusChanged(status="cancelled")
CancelOutcome = Literal["asked", "cancelled", "to clean up", "ended"]
"""What became of a request to cancel: a live owner has it, the run is cancelled, a process must be
started for what cleans up, or the run had ended before.
"""


def cancel(
    database: Path,
    environment: Mapping[str, str],
    run_id: str,
    by: str,
    *,
    now: bool,
    audit: AuditRow | None = None,
) -> CancelOutcome:
    """See `Hub.cancel`."""

    async def work(store: SqliteStore) -> CancelOutcome:
        state = RunState.of((await store.waits(run_id)).frames)
        if state.run_status in ENDED:
            raise await refusal_of_ended(store, run_id, state)
        body = json.dumps({"by": valid_text(by), "now": now}, ensure_ascii=False)
        at = datetime.now(UTC)
        await store.offer(Note(run_id=run_id, kind=inbox.CANCEL, body=body, at=at, audit=audit))
        trusted = Trusts(environment).believes(database)
        return await cancel_if_free(store, run_id, trusted, now=now)

    return with_store(database, run_id, work)


async def refusal_of_ended(store: SqliteStore, run_id: str, state: RunState) -> Refused:
    """What says that nothing can be told to a run, since it has ended, and where that is told."""
    hint = f"`smithers inspect {shlex.quote(run_id)}` shows how it ended"
    if (last := await store.last_run(run_id)) != run_id:
        hint = f"name {last}, as which the run has continued"
    return Refused(f"run {run_id} has ended: it is {state.run_status}", hint=hint)


async def cancel_if_free(
    store: Store, run_id: str, trusted: bool, *, now: bool = False
) -> CancelOutcome:
    """End a run that nobody owns here and now, unless something of it cleans up first; a live owner
    reads its inbox itself. `trusted` says whether the rows may name processes to end.
    """
    run = await store.run(run_id)
    try:
        claimed = await store.claim(run_id, this_process(), source=run.source)
    except Owned:
        return "asked"
    try:
        await clear_away(store, claimed, run.owner, trusted)
        state = RunState.of((await store.standing(run_id)).frames)
        if state.run_status in ENDED:
            return "ended"
        if not await _end_children(store, run_id, trusted, now=now):
            return "to clean up"
        if not now and await must_clean_up(store, run_id):
            return "to clean up"
        transition, at = Transition(state, Outputs(run_id)), datetime.now(UTC)
        for attempt in state.running():
            transition.do(AttemptEnded(serial=attempt.serial, state="cancelled", error=None, at=at))
        leave_nothing_open(transition)
        rows = await store.inbox(claimed.claim, state.inbox)
        transition.do(stopped_by_parent() if _only_stopped(rows) else CANCELLED)
        state.inbox = max([state.inbox, *(row.id for row in rows)])
        await store.commit(claimed.claim, transition.frame(at))
    finally:
        await store.release(claimed.claim)
    await end_left_below(store, run_id, trusted)
    return "cancelled"


def _only_stopped(rows: Sequence[InboxRow]) -> bool:
    """Whether the run is only to end since the one has that started it, which nobody cancelled."""
    bodies = [object_from(row.body) or {} for row in rows if row.kind == inbox.CANCEL]
    return bool(bodies) and all(body.get("why") == "parent" for body in bodies)


async def end_left_below(store: Store, run_id: str, trusted: bool) -> list[str]:
    """End the runs that were started from below a run that has ended, each if nobody owns it; those
    that clean up first, and so have to be driven.
    """
    left: list[str] = []
    seen = set[str]()
    while new := [one for one in await store.left_below(run_id) if one not in seen]:
        for one in new:
            seen.add(one)
            if await cancel_if_free(store, one, trusted) == "to clean up":
                left.append(one)
    return left


async def _end_children(store: Store, run_id: str, trusted: bool, *, now: bool) -> bool:
    """End the child runs of a run, each if nobody owns it; whether all have ended."""
    ended = True
    body = json.dumps({"by": f"run {run_id}", "now": now, "why": "cancel"})
    for child in await store.open_children(run_id):
        note = Note(run_id=child.run_id, kind=inbox.CANCEL, body=body, at=datetime.now(UTC))
        await store.offer(note)
        outcome = await cancel_if_free(store, child.run_id, trusted, now=now)
        ended = ended and outcome in ("cancelled", "ended")
    return ended


async def must_clean_up(store: Store, run_id: str) -> bool:
    """Whether something that is left to do when the run is cancelled may have begun: in a container
    that cleans up, and that has not ended.
    """
    if all(shape_of(kind).cleans_up == "no" for kind in await store.kinds(run_id)):
        return False  # so most runs are not read as a whole
    state = RunState.of((await store.load(run_id)).frames)
    depths = {id: state.depth(id) for id in _cleaning(state)}
    begun = {*state.tries, *(key for key, _ in state.waits), *state.ended} if depths else ()
    for key in begun:
        row = state.nodes.get(key.id)
        while row is not None:
            depth = depths.get(row.id)
            if depth is not None and Key(row.id, key.path[:depth]) not in state.ends:
                return True
            row = state.nodes.get(row.parent or "")
    return False


def _cleaning(state: RunState) -> Iterator[str]:
    """The ids of the containers that clean up."""
    for id, row in state.nodes.items():
        match shape_of(row.kind).cleans_up:
            case "itself":
                yield id
            case "parent":
                yield row.parent or id
            case "no":
                pass


def with_store(database: Path, run_id: str, work: Callable[[SqliteStore], Awaitable[T]]) -> T:
    if not database.exists():
        raise UnknownRun(
            f"there is no run {run_id!r}: there is no database at {database}",
            hint="start a run with `smithers up FILE`, or name another database with --db PATH",
        )

    async def main() -> T:
        async with await SqliteStore.open(database, create=False) as store:
            return await work(store)

    return run_apart(main())
