"""Waking runs: whoever was answered, is due, or lost its owner gets a process of its own.

One process of a database does it at a time; others that would stand by, and one of them takes over
when it dies. It looks where the indexes of the store point, never through the runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from smithers.engine.deciding import cancel_if_free
from smithers.engine.gate import Gate
from smithers.engine.launching import MACHINE_FAILED, Launcher, how_it_ended
from smithers.engine.processes import kill_owner
from smithers.engine.settings import MachinePools
from smithers.engine.slot_files import SlotFiles
from smithers.engine.trust import interpreter_of, untrusted
from smithers.errors import (
    MachineError,
    Owned,
    Refused,
    SmithersError,
    StoreError,
    UnknownRun,
    Untrusted,
)
from smithers.naming import resume_in_program
from smithers.store import RunRow, Store, Wakeable
from smithers.store.lease import this_process, utc_now
from smithers.store.locks import Locked
from smithers.store.waking import pause_s
from smithers.values import dataclass

__all__ = ["EXPECTED", "Happened", "Supervisor"]

POLL_S = 0.25
"""How often it asks whether anything was written; one look costs microseconds."""

LOOK_S = 1.0
"""How often it looks for runs to wake where nothing was written: for owners that died, and times
that came.
"""

STARTS_AT_ONCE = 4
_BACKOFF_LOOK_S = 2.0
"""How often it looks at a run that may not be started yet: an answer changes that."""

_SLOTS_S = 3.0
"""How long those who were woken for a slot of a pool have to take it, until more are woken."""

EXPECTED = (0, 1, 3, 4, 5, 6, 129, 130, 143)
"""Exit codes of a process that left its run in order."""

_OF_A_SHELL = (
    *("COLORTERM", "COLUMNS", "DISPLAY", "EDITOR", "HISTFILE", "HISTSIZE", "INVOCATION_ID"),
    *("JOURNAL_STREAM", "LESS", "LINES", "LS_COLORS", "MAIL", "MANPATH", "OLDPWD", "PAGER"),
    *("PS1", "PWD", "SHELL", "SHLVL", "STY", "TERM", "TMUX", "TMUX_PANE", "VISUAL"),
    *("WAYLAND_DISPLAY", "WINDOWID", "XAUTHORITY", "_"),
)
_OF_A_SESSION = ("SSH_", "XDG_", "DBUS_", "GNOME_", "KDE_", "LC_", "TERM_", "VSCODE_", "ITERM_")


Did = Literal[
    "supervising",
    "standing by",
    "started",
    "not started",
    "failed",
    "gave up",
    "cancelled",
    "ended",
    "untrusted",
]


@dataclass(frozen=True, kw_only=True)
class Happened:
    """What a supervisor did, for whoever watches. `pid` is the process that was started, or the
    one that supervises already.
    """

    what: Did
    text: str
    run_id: str | None = None
    pid: int | None = None


class Supervisor:
    """Wakes the runs of one database, in processes of their own."""

    def __init__(
        self,
        store: Store,
        database: Path,
        environment: Mapping[str, str],
        tell: Callable[[Happened], None],
        machine: MachinePools | None = None,
    ) -> None:
        self._store = store
        self._gate = Gate(database, environment, lambda why: self._say("untrusted", why))
        self._environment = environment
        self._launcher = Launcher(database, environment)
        self._database = database
        self._tell = tell
        self._machine = machine
        self._slots_from: dict[str, float] = {}
        """When the slots of a pool are counted again: those who were woken take theirs first."""
        self._no_slots = self._said_of_slots = ""
        """Why the slots of a pool cannot be counted, and what was last said of it."""
        self._busy: set[str] = set()
        self._left_alone = set[str]()
        """Runs that agents have started: nobody drives these unattended, not even to clean up."""
        self._in_memory = set[str]()
        """Runs of which it was said that their workflow is in no file."""
        self._looping = False
        self._standing_by: int | None = None
        """The process that supervises, 0 for this one."""
        self._blocked_by: tuple[int, str] | None = None
        """The process that was last reported to hold the database's lock."""
        self._unnoted: list[tuple[str, int]] = []
        """Processes that ended otherwise than in order, which is not written down yet."""
        self._refusals = 0
        """How often in a row this machine refused what the supervisor itself wanted to write."""
        self._free = asyncio.Semaphore(STARTS_AT_ONCE)
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Wake nothing any more; what was started goes on."""
        self._stopped.set()
        self._launcher.leave()

    async def once(self) -> None:
        """Wake what is to be woken now. Raises `Owned` where another process does that."""
        holder = await self._store.take_seat(this_process())
        if holder is not None:
            raise Owned(
                f"process {holder.pid} is already supervising this database",
                hint="it wakes the runs that are due; you need not do anything",
            )
        async with asyncio.TaskGroup() as group:
            await self._look(group)

    async def run(self) -> None:
        """Wake runs as they come up, until it is stopped; while another process does, stand by.
        While this machine fails, it waits, longer each time.

        Raises another `StoreError`, such as when the database was deleted or replaced.
        """
        self._looping = True
        failed: StoreError | None = None
        async with asyncio.TaskGroup() as group:
            try:
                while not self._stopped.is_set():
                    try:
                        await self._turn(group)
                    except Locked as locked:
                        await self._unblock(locked)
                        await self._rest(LOOK_S)
                    except MachineError as error:
                        await self._wait_for_machine(error)
            except StoreError as error:  # raised below: a group would wrap it
                failed = error
                self._stopped.set()
        if failed is not None:
            raise failed

    async def _turn(self, group: asyncio.TaskGroup) -> None:
        """Look once, if no other process supervises, and rest."""
        holder = await self._store.take_seat(this_process())
        if holder is None:
            if self._standing_by != 0:
                self._say("supervising", "supervising")
            self._standing_by = 0
            await self._look(group)
            await self._pause()
            return
        if self._standing_by != holder.pid:
            said = f"process {holder.pid} is already supervising; waiting to take over"
            self._say("standing by", said, pid=holder.pid)
        self._standing_by = holder.pid
        await self._rest(LOOK_S)

    async def _look(self, group: asyncio.TaskGroup) -> None:
        """Begin to wake each run that is to be woken, but for those that are being woken."""
        if not await asyncio.to_thread(self._gate.look):
            return
        wakeable = await self._store.wakeable(self._count_free)
        if self._no_slots != self._said_of_slots:
            self._say("failed", self._no_slots)
            self._said_of_slots = self._no_slots
        self._unnoted += [one for one in self._launcher.ended() if one[1] not in EXPECTED]
        while self._unnoted:  # now: why one of them was left is known first
            run_id, code = self._unnoted[0]
            with suppress(UnknownRun):
                await self._failed(run_id, how_it_ended(code), spared=code == MACHINE_FAILED)
            del self._unnoted[0]
            self._refusals = 0
        for found in wakeable:
            if found.run_id in self._left_alone:
                continue
            if found.run_id not in self._busy and not self._launcher.is_dying(found.run_id):
                self._busy.add(found.run_id)
                group.create_task(self._wake(found), name=f"wake {found.run_id}")

    def _count_free(self, pool: str, limit: int) -> int:
        """How many runs may be woken for a pool now."""
        now = time.monotonic()
        if now < self._slots_from.get(pool, now):
            return 0
        try:
            self._machine = self._machine or SlotFiles.of_user(self._environment)
            free = self._machine.count_free(pool, limit)
        except (MachineError, Refused) as error:
            self._slots_from[pool] = now + _SLOTS_S
            self._no_slots = f"{error.said}; no run is woken for the pool {pool} ({error.hint})"
            return 0
        if free:
            self._slots_from[pool] = now + _SLOTS_S
        return free

    async def _wake(self, found: Wakeable) -> None:
        try:
            async with self._free:
                pause_s = 0.0 if self._stopped.is_set() else await self._go_on(found)
            if self._looping:
                await self._rest(min(pause_s, _BACKOFF_LOOK_S))
        except Locked as locked:
            await self._unblock(locked)
        except MachineError as error:
            await self._wait_for_machine(error)
        except SmithersError as error:
            self._say("failed", f"{found.run_id}: {error.said}", found.run_id)
        finally:
            self._busy.discard(found.run_id)

    async def _unblock(self, locked: Locked) -> None:
        """End a process that holds the lock, if it is an owner of this host that has been stopped
        for longer than its lease; any other is for a person to end.
        """
        is_trusted = await asyncio.to_thread(self._gate.look)
        overdue = await self._store.overdue() if is_trusted else ()
        for holder in locked.holders:
            owner = next((o for o in overdue if (o.pid, o.started) == holder.identity), None)
            if owner is not None and holder.stopped and await asyncio.to_thread(kill_owner, owner):
                text = f"ended {holder}, which held the database lock after its lease had expired"
                self._say("ended", text, pid=holder.pid)
            elif self._blocked_by != holder.identity:
                self._blocked_by = holder.identity
                self._say("failed", f"{locked.said}; {locked.hint}", pid=holder.pid)

    async def _go_on(self, found: Wakeable) -> float:
        """Wake a run, or give the seconds after which it may be."""
        run_id = found.run_id
        if found.why == "cancel":
            outcome = await cancel_if_free(self._store, run_id, trusted=True)
            if outcome == "cancelled":
                self._say("cancelled", f"{run_id}: cancelled, as requested", run_id)
            if outcome == "to clean up" and (await self._store.run(run_id)).is_started_below:
                self._left_alone.add(run_id)
                said = f"it must clean up, and an agent has started it: `smithers resume {run_id}`"
                self._say("failed", f"{run_id}: {said}", run_id)
                return 0.0
            if outcome != "to clean up":
                return 0.0
        if (await self._store.run(run_id)).is_made_in_memory:
            self._leave_to_program(run_id)
            return _BACKOFF_LOOK_S
        revival = await self._store.revive(run_id)
        self._refusals = 0
        if revival.not_before is not None:
            return (revival.not_before - utc_now()).total_seconds()
        if revival.gave_up is not None:
            self._say("gave up", f"{run_id}: given up: {revival.gave_up}", run_id)
        else:
            await self._start(found, await self._store.run(run_id))
        return 0.0

    def _leave_to_program(self, run_id: str) -> None:
        """Say once that only the program that made the workflow of a run can resume it."""
        if run_id not in self._in_memory:
            self._in_memory.add(run_id)
            said = "its workflow was made in the memory of a program"
            self._say("not started", f"{run_id}: {said}; {resume_in_program(run_id)}", run_id)

    async def _start(self, found: Wakeable, run: RunRow) -> None:
        trusted = self._gate.trusted
        try:
            if trusted is None:  # since the last look
                raise Untrusted(untrusted(self._database))
            self._gate.trusts.check_may_run(trusted, self._database, run, file=True)
            owning = await asyncio.to_thread(
                self._launcher.launch,
                run.run_id,
                ["resume", run.run_id],
                folder=Path(run.folder),
                interpreter=interpreter_of(trusted, run.interpreter),
            )
        except Owned:
            return  # someone else was faster
        except Refused as error:
            await self._failed(run.run_id, f"{error.said}{self._lacking(run)}")
        except SmithersError as error:
            await self._failed(run.run_id, error.said, spared=isinstance(error, MachineError))
        else:
            said = f"{run.run_id}: {_WHY[found.why]}; resumed in process {owning.pid}"
            self._say("started", said, run.run_id, owning.pid)

    async def _wait_for_machine(self, error: MachineError) -> None:
        """Say once what this machine refuses, and rest, longer each time."""
        self._refusals += 1
        if self._refusals == 1:
            self._say("failed", f"{error.said}; trying again until it works ({error.hint})")
        if self._looping:
            await self._rest(pause_s(self._refusals))

    async def _failed(self, run_id: str, said: str, *, spared: bool = False) -> None:
        gave_up = await self._store.start_failed(run_id, said, spared=spared)
        if gave_up is None:
            self._say("failed", f"{run_id}: {said}", run_id)
        else:
            self._say("gave up", f"{run_id}: given up: {gave_up}", run_id)

    def _lacking(self, run: RunRow) -> str:
        """The variables that the run was started with and this process has not, but for those that
        only tell of a terminal.
        """
        lacking = [
            name
            for name in run.environment
            if name not in self._environment
            and name not in _OF_A_SHELL
            and not name.startswith(_OF_A_SESSION)
        ]
        if not lacking:
            return ""
        more = f" and {len(lacking) - 8} more" if len(lacking) > 8 else ""
        return f" (variables set when it was started, but not here: {', '.join(lacking[:8])}{more})"

    async def _pause(self) -> None:
        """Until something was written, or it is time to look anyway."""
        loop = asyncio.get_running_loop()
        end = loop.time() + LOOK_S
        while loop.time() < end and not self._stopped.is_set():
            await self._rest(POLL_S)
            if await self._store.changed():
                return

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), max(0.0, seconds))

    def _say(
        self,
        what: Did,
        text: str,
        run_id: str | None = None,
        pid: int | None = None,
    ) -> None:
        self._tell(Happened(what=what, text=text, run_id=run_id, pid=pid))


_WHY = {
    "answer": "was answered",
    "due": "is due",
    "left": "lost its owner",
    "cancel": "is being cancelled, and cleans up",
    "slot": "waited for a pool, which has a free slot",
}
