"""What anyone may ask of a run from outside: a decision, a larger budget, or its end.

Each is a row of its inbox.
"""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

from smithers import inbox, waits
from smithers.changes import ENDED, AttemptEnded, Key, StatusChanged, WaitClosed
from smithers.engine.ending import Asked, Decided
from smithers.engine.endings import leave_nothing_open
from smithers.engine.outputs import Outputs
from smithers.engine.processes import clear_away
from smithers.engine.transition import Transition
from smithers.engine.trust import Trusts
from smithers.errors import AlreadyDecided, Owned, QuestionChanged, Refused, UnknownRun
from smithers.shapes import shape_of
from smithers.state import RunState, Waiting
from smithers.store import Claim, History, Note, Store
from smithers.store.lease import this_process
from smithers.store.sqlite import SqliteStore
from smithers.tree import Decision, valid_text

__all__ = [
    "CancelOutcome",
    "asks",
    "cancel",
    "cancel_if_free",
    "decide",
    "must_clean_up",
    "with_store",
]

T = TypeVar("T")
CancelOutcome = Literal["asked", "cancelled", "to clean up", "ended"]
"""What became of a request to cancel: a live owner has it, the run is cancelled, a process must be
started for what cleans up, or the run had ended before.
"""


def decide(
    database: Path,
    environment: Mapping[str, str],
    run_id: str,
    task: str | None,
    *,
    approved: bool,
    by: str,
    note: str | None,
    shown: Asked | None = None,
    digest: str | None = None,
) -> Decided:
    """See `Hub.decide`."""
    _check_digest(digest)

    async def work(store: SqliteStore) -> Decided:
        history = await store.load(run_id)
        state = RunState.of(history.frames)
        key, wait = _open(history, state, run_id, task)
        _check_allowed(key, wait, by)
        if shown is not None and shown != _asked(run_id, key, wait):
            raise _changed(run_id, key, "has changed since it was shown")
        if digest is not None and not (wait.opened.digest or "").startswith(digest.lower()):
            raise _changed(run_id, key, f"does not match digest {digest}")
        at = datetime.now(UTC)
        decision = Decision(
            approved=approved,
            by=valid_text(by),
            note=None if note is None else valid_text(note),
            at=at,
        )
        body = {**decision.model_dump(mode="json"), "digest": wait.opened.digest}
        text = json.dumps(body, ensure_ascii=False)
        await store.offer(
            Note(run_id=run_id, kind=inbox.ANSWER, key=key, opened=wait.frame, body=text, at=at)
        )
        return Decided(
            run_id=run_id,
            task=key.id,
            iteration=key.path,
            approved=approved,
            by=decision.by or "",
            note=decision.note,
            at=str(body["at"]),
            asked=wait.opened.asked or "",
            digest=wait.opened.digest or "",
        )

    return with_store(database, run_id, work)


def asks(database: Path, environment: Mapping[str, str], run_id: str, task: str | None) -> Asked:
    """See `Hub.asks`."""

    async def work(store: SqliteStore) -> Asked:
        history = await store.load(run_id)
        state = RunState.of(history.frames)
        key, wait = _open(history, state, run_id, task)
        nobody = Claim(run_id=run_id, owner="", fence=0)
        for note in await store.inbox(nobody, state.inbox):
            if (note.kind, note.key, note.opened) == (inbox.ANSWER, key, wait.frame):
                raise _decided(run_id, str(key), note.body)
        return _asked(run_id, key, wait)

    return with_store(database, run_id, work)


def _asked(run_id: str, key: Key, wait: Waiting) -> Asked:
    opened = wait.opened
    return Asked(
        run_id=run_id,
        task=key.id,
        iteration=key.path,
        opened=wait.frame,
        asked=opened.asked or "",
        digest=opened.digest or "",
        due=None if opened.due is None else opened.due.isoformat(),
        allowed_by=tuple(opened.allowed_by),
    )


def cancel(
    database: Path, environment: Mapping[str, str], run_id: str, by: str, *, now: bool
) -> CancelOutcome:
    """See `Hub.cancel`."""

    async def work(store: SqliteStore) -> CancelOutcome:
        history = await store.load(run_id)
        state = RunState.of(history.frames)
        if state.run_status in ENDED:
            raise Refused(f"run {run_id} has ended: it is {state.run_status}")
        body = json.dumps({"by": valid_text(by), "now": now}, ensure_ascii=False)
        await store.offer(Note(run_id=run_id, kind=inbox.CANCEL, body=body, at=datetime.now(UTC)))
        trusted = Trusts(environment).believes(database)
        return await cancel_if_free(store, run_id, trusted, now=now)

    return with_store(database, run_id, work)


async def cancel_if_free(
    store: Store, run_id: str, trusted: bool, *, now: bool = False
) -> CancelOutcome:
    """End a run that nobody owns here and now, unless something of it cleans up first; a live owner
    reads its inbox itself. `trusted` says whether the rows may name processes to end.
    """
    run = (await store.load(run_id)).run
    try:
        claimed = await store.claim(run_id, this_process(), source=run.source)
    except Owned:
        return "asked"
    try:
        await clear_away(store, claimed, run.owner, trusted)
        state = RunState.of((await store.load(run_id)).frames)
        if state.run_status in ENDED:
            return "ended"
        if not await _end_children(store, run_id, state, trusted, now=now):
            return "to clean up"
        if not now and must_clean_up(state):
            return "to clean up"
        transition, at = Transition(state, Outputs(run_id)), datetime.now(UTC)
        for attempt in state.running():
            transition.do(AttemptEnded(serial=attempt.serial, state="cancelled", error=None, at=at))
        leave_nothing_open(transition)
        transition.do(StatusChanged(status="cancelled"))
        rows = await store.inbox(claimed.claim, state.inbox)
        state.inbox = max([state.inbox, *(row.id for row in rows)])
        await store.commit(claimed.claim, transition.frame(at))
    finally:
        await store.release(claimed.claim)
    return "cancelled"


async def _end_children(
    store: Store, run_id: str, state: RunState, trusted: bool, *, now: bool
) -> bool:
    """End the child runs that a run waits for, each if nobody owns it; whether all have ended."""
    ended = True
    body = json.dumps({"by": f"run {run_id}", "now": now, "why": "cancel"})
    for (_, kind), wait in state.waits.items():
        if kind == waits.CHILD:
            (child,) = wait.opened.on
            note = Note(run_id=child, kind=inbox.CANCEL, body=body, at=datetime.now(UTC))
            with suppress(UnknownRun):  # it was not started yet
                await store.offer(note)
                outcome = await cancel_if_free(store, child, trusted, now=now)
                ended = ended and outcome in ("cancelled", "ended")
    return ended


def must_clean_up(state: RunState) -> bool:
    """Whether something that is left to do when the run is cancelled may have begun: in a container
    that cleans up, and that has not ended.
    """
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

    return asyncio.run(main())


def _open(history: History, state: RunState, run_id: str, task: str | None) -> tuple[Key, Waiting]:
    """The open question that is meant."""
    waiting = {key: wait for (key, kind), wait in state.waits.items() if kind in waits.ASKING}
    meant = {
        key: wait for key, wait in waiting.items() if task is None or task in (key.id, str(key))
    }
    if len(meant) == 1:
        return next(iter(meant.items()))
    listed = ", ".join(map(str, sorted(meant)))
    if meant:
        raise Refused(
            f"several approvals of run {run_id} are waiting: {listed}",
            hint=f"name one of them after the run: {_quoted(meant)}",
        )
    if (answer := _answered(history, task)) is not None:
        raise _decided(run_id, *answer)
    what = "nothing" if task is None else f"no approval {task!r}"
    raise Refused(
        f"{what} of run {run_id} is waiting for a decision",
        hint=f"name one that is waiting: {_quoted(waiting)}"
        if waiting
        else f"to see what the run is waiting for, type `smithers why {run_id}`",
    )


def _quoted(keys: Iterable[Key]) -> str:
    """Nodes and iterations as they are typed in a shell."""
    return ", ".join(shlex.quote(str(key)) for key in sorted(keys))


def _decided(run_id: str, key: str, answer: str) -> AlreadyDecided:
    decision = Decision.model_validate_json(answer)
    how = "approved" if decision.approved else "denied"
    return AlreadyDecided(
        f"{key} of run {run_id} was {how} by {decision.by} at {decision.at.isoformat()}",
        hint="the first decision counts",
    )


def _check_digest(digest: str | None) -> None:
    if digest is not None and not re.fullmatch(r"[0-9a-fA-F]{8,64}", digest):
        raise Refused(
            f"{digest!r} is not a digest or the first 8 or more characters of one",
            hint="`smithers asks` shows the digest of each question",
        )


def _changed(run_id: str, key: Key, how: str) -> QuestionChanged:
    look = f"smithers asks {shlex.quote(run_id)} {shlex.quote(str(key))}"
    return QuestionChanged(
        f"the question of {key} of run {run_id} {how}; nothing was recorded",
        hint=f"read the question with `{look}`, then decide",
    )


def _answered(history: History, task: str | None) -> tuple[str, str] | None:
    """The last question that was answered, and its answer."""
    for frame in reversed(history.frames):
        for change in frame.changes:
            if not isinstance(change, WaitClosed) or change.kind not in waits.ASKING:
                continue
            if change.answer and (task is None or task in (change.key.id, str(change.key))):
                return str(change.key), change.answer
    return None


def _check_allowed(key: Key, wait: Waiting, by: str) -> None:
    allowed: Sequence[str] = wait.opened.allowed_by
    if allowed and by not in allowed:
        raise Refused(
            f"{by!r} may not decide {key}",
            hint=f"allowed: {', '.join(allowed)}; name one of them with --by",
        )
