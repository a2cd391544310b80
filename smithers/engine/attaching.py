"""A person in a task's session: the run's owner lets go of the task, and takes it up afterwards.

Everything that can be known is checked before anything is stopped. The program may start once the
hold is on disk and no attempt of the task runs (see `holding`); two programs in one session are the
worst outcome. When the person leaves, whatever their terminal has started ends before the release.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import chdir, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from smithers import inbox, waits
from smithers.agent import Agent, Attaching
from smithers.changes import ENDED, Key, WaitOpened
from smithers.engine.aiming import aimed_at
from smithers.engine.collecting import uncollected
from smithers.engine.deciding import with_store
from smithers.engine.detaching import Launched
from smithers.engine.driving import Driving
from smithers.engine.ending import After, Attached
from smithers.engine.holding import Hold, clear_hold
from smithers.engine.launching import ATTEMPT, RUN, RUN_DATABASE
from smithers.engine.orphans import adopt_orphans
from smithers.engine.processes import attempt_mark, below, kill_all
from smithers.errors import Owned, Refused
from smithers.kinds import agent_work
from smithers.shapes import shape_of
from smithers.state import Attempted, RunState
from smithers.store import Note, RunRow, Store
from smithers.store.lease import is_gone, started_of, this_host, this_process
from smithers.store.sqlite import SqliteStore
from smithers.tree import Node, valid_text
from smithers.values import dataclass

__all__ = ["Session", "Work", "find_work"]

T = TypeVar("T")
_WITHIN_S = 60.0
"""How long an owner may take to stop what runs of the task: an agent is asked to end first."""
_LOOK_S, _LOOKS = 0.1, 10


@dataclass(frozen=True)
class Work:
    """Who may work on a task, and in which folder."""

    agents: Sequence[Agent]
    cwd: Path


async def find_work(
    driving: Driving, store: SqliteStore, run_id: str, key: Key, *, owned: bool
) -> Work:
    """Who works on a task by the workflow as it is now. Raises `Refused`."""
    run = await store.run(run_id)
    folder = Path(run.folder)
    try:
        # In its folder as its owner: options of agents may be relative to that.
        with chdir(folder), uncollected():
            node = await _node(driving, store, run, key, owned=owned)
    except FileNotFoundError as error:
        raise Refused(f"the folder of run {run_id} no longer exists: {folder}") from error
    work = None if node is None else agent_work(node)
    if work is None:
        return Work(agents=(), cwd=folder)
    return Work(agents=work.agents, cwd=folder if work.cwd is None else folder / work.cwd)


async def _node(
    driving: Driving, store: SqliteStore, run: RunRow, key: Key, *, owned: bool
) -> Node[Any] | None:
    """The node of a key, if there is one; the rest of its tree is gone before it is collected.

    A living owner has checked the tree that its files give. If that reads no state, it is enough;
    else only the plan has the task, which is made for it as by the next owner.
    """
    root = driving.written(run) if owned else None
    node = None if root is None else _written(root, key)
    if node is not None:
        return node
    engine = await driving.look(store, await store.load(run.run_id))
    instance = engine.plan.instances.get(key)
    return None if instance is None else instance.node


def _written(root: Node[Any], key: Key) -> Node[Any] | None:
    """The node of a key in a tree as it is written, if it is in as many loops there."""
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if node.id == key.id:
            return node if depth == len(key.path) else None
        inner = depth + shape_of(node.kind).iterates
        waiting += [(child, inner) for child in node.children]
    return None


class Session:
    """The session of one task of one run, for a person. `launch` starts an owner of the run."""

    def __init__(
        self,
        database: Path,
        environment: Mapping[str, str],
        launch: Callable[[str], Launched],
        run_id: str,
        by: str,
    ) -> None:
        self._database = database.absolute()
        self._real = os.path.realpath(database)
        self._environment = environment
        self._launch = launch
        self._run_id = run_id
        self._hold = Hold(by=valid_text(by), holder=this_process())

    @contextmanager
    def attached(self, task: str, *, goes_on: bool) -> Generator[Attached, None, None]:
        """See `Hub.attach`."""
        driving = Driving(self._database, self._environment)
        key, work = self._with(lambda store: self._find(store, driving, task, goes_on=goes_on))
        worked, found = False, None
        note, before = self._offer(key, holds=True), set(below(os.getpid()))
        adopt_orphans()
        try:
            found = self._opened(key, work, self._wait(key, note, goes_on=goes_on))
            worked = True
            yield found
        finally:
            if not (_end_all_but(before) and clear_hold(self._hold.holder, self._run_id)):
                raise Refused(  # an owner tries that again, once we are gone
                    f"could not kill processes started in the terminal of {key}",
                    hint=(
                        f"find the processes with SMITHERS_RUN={self._run_id} in their"
                        " environment and end them"
                    ),
                )
            note = self._offer(key, holds=False, worked=worked)
            if found is not None:
                found.after, found.pid = self._after(note, goes_on=goes_on)

    def _with(self, work: Callable[[SqliteStore], Awaitable[T]]) -> T:
        return with_store(self._database, self._run_id, work)

    # -- before anything is stopped

    async def _find(
        self, store: SqliteStore, driving: Driving, task: str, *, goes_on: bool
    ) -> tuple[Key, Work]:
        """The task that is meant, and who works on it. Raises whatever must fail."""
        key, last, owned = await self._check(store, task)
        if not owned and not goes_on:
            raise self._not_driven(key)
        work = await find_work(driving, store, self._run_id, key, owned=owned)
        self._opened(key, work, last)
        return key, work

    async def _check(self, store: SqliteStore, task: str) -> tuple[Key, Attempted, bool]:
        """The task that is meant, the attempt whose session that is, and whether a living owner
        drives the run. Raises `Refused`.
        """
        history = await store.standing(self._run_id)
        state = RunState.of(history.frames)
        if state.run_status in ENDED:
            how = {"failed": "has failed"}.get(state.run_status, f"is {state.run_status}")
            hint = ""
            if state.run_status == "failed":
                hint = f"to see what to do, type `smithers why {self._run_id}`"
            raise Refused(f"run {self._run_id} {how}: none of its tasks can continue", hint=hint)
        key = await aimed_at(store, state, self._run_id, task)
        last = _last_session(self._run_id, state, key)
        if (wait := state.waits.get((key, waits.ATTACHED))) is not None:
            raise self._taken(key, wait.opened)
        owner = next((one for one in await store.drivers() if one.id == history.run.owner), None)
        if owner is None or is_gone(owner):
            return key, last, False
        if owner.host != this_host():
            raise Refused(
                f"run {self._run_id} is driven by process {owner.pid} on another host",
                hint="attach on that host: the agents' sessions are there",
            )
        return key, last, True

    def _taken(self, key: Key, wait: WaitOpened) -> Refused:
        hold = Hold.of_wait(wait)
        if is_gone(hold.holder):
            said = f"{hold.by} was attached to the session of {key}, which is about to be released"
            hint = f"if no process is driving the run: `smithers resume {self._run_id}`"
            return Refused(said, hint=hint)
        said = (
            f"{hold.by} is already attached to the session of {key}, in process {hold.holder.pid}"
        )
        return Refused(
            said, hint=("only one person can be attached at a time: leave the session there first")
        )

    def _not_driven(self, key: Key) -> Refused:
        said = f"no process is driving run {self._run_id}, so {key} cannot be paused"
        return Refused(said, hint="leave out --no-resume to start one")

    def _opened(self, key: Key, work: Work, last: Attempted) -> Attached:
        """What opens the session. Raises `Refused`, or what the agent says of its program."""
        agent = next((one for one in work.agents if one.name == last.agent), None)
        if agent is None:
            now = ", ".join(one.name for one in work.agents) or "no agent"
            raise Refused(
                f"the workflow no longer has agent {last.agent} for {key}, but {now}",
                hint=(
                    "restore the workflow file and the environment that the run was"
                    " started with, then attach again"
                ),
            )
        if not (agent.can.attaches and agent.can.resumes):
            raise Refused(
                f"{agent.name}, the agent of {key}, cannot open its sessions in a terminal",
                hint=f"follow its output with `smithers logs {self._run_id}"
                f" {shlex.quote(str(key))} --follow`",
            )
        holder = self._hold.holder
        marks = {
            RUN: self._run_id,
            RUN_DATABASE: self._real,
            ATTEMPT: attempt_mark(holder.id, self._run_id) + "terminal",
        }
        session = cast("str", last.session)
        return Attached(
            run_id=self._run_id,
            task=key.id,
            iteration=key.path,
            agent=agent.name,
            session=session,
            terminal=cast("Attaching", agent).terminal(session, work.cwd, marks),
        )

    # -- the hold

    def _offer(self, key: Key, *, holds: bool, worked: bool = False) -> int:
        """Write a note; its id."""

        async def work(store: SqliteStore) -> int:
            body, at = self._hold.body(worked=worked), datetime.now(UTC)
            kind: inbox.InboxKind = inbox.HOLD if holds else inbox.RELEASE
            note = Note(run_id=self._run_id, kind=kind, key=key, body=body, at=at)
            return (await store.offer(note)).id

        return self._with(work)

    def _wait(self, key: Key, note: int, *, goes_on: bool) -> Attempted:
        """Return when the hold is on disk, and nothing of the task runs: in whose session a person
        works then. Raises `Refused`.
        """
        end = time.monotonic() + _WITHIN_S

        async def held(store: SqliteStore) -> Attempted | None:
            """None if a process must be started for it."""
            while True:
                state, owned = await self._stands(store)
                if state.inbox >= note or (key, waits.ATTACHED) in state.waits:
                    state, owned = await self._stands(store, key)
                if self._has_hold(state, key, note):
                    return _last_session(self._run_id, state, key)
                if not owned:
                    if goes_on:
                        return None
                    raise self._not_driven(key)
                if time.monotonic() > end:
                    raise Refused(
                        f"the process that drives run {self._run_id} did not pause {key}",
                        hint="to see what that process is doing, type"
                        f" `smithers why {self._run_id}`",
                    )
                await _rest(store)

        while (last := self._with(held)) is None:
            self._start()
        return last

    def _has_hold(self, state: RunState, key: Key, note: int) -> bool:
        """Whether the task is held for this person, and stopped. Raises `Refused` if it cannot."""
        wait = state.waits.get((key, waits.ATTACHED))
        if wait is not None and wait.opened.on[0] == self._hold.holder.id:
            return not any(one.state == "running" for one in state.tries[key])
        if wait is not None:
            raise self._taken(key, wait.opened)
        if state.inbox < note:
            return False
        ended = state.ended.get(key)
        how = f"is already {ended.outcome}" if ended else "cannot be paused in its current state"
        raise Refused(f"{key} of run {self._run_id} {how}")

    def _after(self, note: int, *, goes_on: bool) -> tuple[After, int | None]:
        """How the run goes on once the person has left, and in which process it was started."""
        end = time.monotonic() + _WITHIN_S

        async def told(store: SqliteStore) -> After:
            while time.monotonic() < end:
                state, owned = await self._stands(store)
                if state.inbox >= note:
                    return "taken up"
                if state.run_status in ENDED:
                    return "over"
                if not owned:
                    return "started" if goes_on else "to be resumed"
                await _rest(store)
            return "asked"

        after = self._with(told)
        return after, self._start() if after == "started" else None

    async def _stands(self, store: Store, key: Key | None = None) -> tuple[RunState, bool]:
        """The run, as far as it is about its waits, or a task, and whether a living process drives
        it.
        """
        about = store.waits(self._run_id) if key is None else store.about(self._run_id, str(key))
        history = await about
        drivers = await store.drivers()
        owned = any(one.id == history.run.owner and not is_gone(one) for one in drivers)
        return RunState.of(history.frames), owned

    def _start(self) -> int | None:
        """Have the run driven. Somebody else may be faster."""
        try:
            return self._launch(self._run_id).pid
        except Owned:
            return None


async def _rest(store: Store) -> None:
    """Until something was committed, or it is time to look anyway: an owner may have died."""
    for _ in range(_LOOKS):
        await asyncio.sleep(_LOOK_S)
        if await store.changed():
            return


def _end_all_but(before: set[int]) -> bool:
    """End what this process has started since, and whatever that has, which may have lost its mark;
    whether all of it is gone.
    """
    while True:
        since = set(below(os.getpid())) - before
        left = [(pid, started) for pid in since if (started := started_of(pid)) is not None]
        if not left:
            return True
        if kill_all(left):
            return False


def _last_session(run_id: str, state: RunState, key: Key) -> Attempted:
    """The attempt in whose session a person would work. Raises `Refused`."""
    tries = [one for one in state.tries.get(key, ()) if one.counts]
    if not tries or (tries[-1].session is None and tries[-1].state == "running"):
        raise Refused(
            f"the agent of {key} of run {run_id} has not started its session yet",
            hint="try again in a moment",
        )
    last = next((one for one in reversed(tries) if one.session is not None), None)
    if last is None:
        raise Refused(f"{key} of run {run_id} has no session to attach to")
    if last.origin:
        raise Refused(
            f"the session of {key} belongs to run {last.origin}: once run {run_id} is resumed,"
            f" {key} works in a copy of it"
        )
    return last
