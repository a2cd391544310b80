"""Tasks that are held: a person is in their session, in the program's own terminal.

Whoever attaches writes a note, `hold`. The owner stops what runs of the task and opens a wait that
names the process through which the person is there; while it is open nothing of the task starts.
A note `release` of that process closes it, and so does its end: a process that was killed can write
nothing. Only a wait that is on disk, with no attempt of the task running, lets the program start.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Self

from smithers import inbox, waits
from smithers.changes import Key, WaitOpened
from smithers.engine.asking import Asking
from smithers.engine.attempts import Running
from smithers.engine.processes import attempt_mark, kill_all, marked
from smithers.store import InboxRow, Owner
from smithers.store.lease import is_gone
from smithers.values import dataclass

__all__ = ["LOOK_S", "Hold", "Holding", "clear_hold"]

LOOK_S = 1.0
"""How often an owner looks whether those who hold a task still live."""


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Who holds a task: a person, and the process through which they are in its session."""

    by: str
    holder: Owner

    def body(self, *, worked: bool = True) -> str:
        """The text of a note. `worked` is whether the person was in the session at all."""
        return json.dumps({"by": self.by, "worked": worked, **asdict(self.holder)})

    @classmethod
    def of_note(cls, body: str) -> Self:
        told: dict[str, Any] = json.loads(body)
        holder = {name: told[name] for name in ("id", "host", "pid", "started")}
        return cls(by=told["by"], holder=Owner(**holder))

    @classmethod
    def of_wait(cls, wait: WaitOpened) -> Self:
        id, host, pid, started = wait.on
        return cls(
            by=wait.asked or "", holder=Owner(id=id, host=host, pid=int(pid), started=started)
        )

    def wait(self, key: Key) -> WaitOpened:
        one = self.holder
        on = (one.id, one.host, str(one.pid), one.started)
        return WaitOpened(key=key, kind=waits.ATTACHED, asked=self.by, on=on)


def clear_hold(holder: Owner, run_id: str) -> bool:
    """End what a holder has left running of its terminal; whether all of it is gone."""
    mark = attempt_mark(holder.id, run_id)
    while left := marked(mark):
        if kill_all(left):
            return False
    return True


class Holding:
    """The holds of a run, for its owner. `begun` are the attempts that were started."""

    def __init__(self, run_id: str, asking: Asking, begun: Callable[[], Sequence[Running]]) -> None:
        self._run_id = run_id
        self._asking = asking
        self._frame = asking.frame
        self._begun = begun
        self._look_at = 0.0

    def __contains__(self, key: Key) -> bool:
        return (key, waits.ATTACHED) in self._frame.state.waits

    def take(self, row: InboxRow) -> None:
        """Take a note of the inbox into the frame. One that comes too late changes nothing."""
        if row.key is None:
            return
        hold = Hold.of_note(row.body)
        if row.kind == inbox.RELEASE:
            worked = bool(json.loads(row.body).get("worked"))
            self._release(row.key, hold.holder, worked=worked)
        elif row.key not in self and not is_gone(hold.holder) and self._may(row.key):
            self._frame.open_wait(hold.wait(row.key))
            for running in self._begun():
                if running.key == row.key:
                    running.hold()

    def _may(self, key: Key) -> bool:
        """Whether the task is begun, in a session, and not settled."""
        instance = self._asking.plan.instances.get(key)
        if instance is None or instance.settled or instance.dropping is not None:
            return False
        return any(one.counts and one.session for one in self._frame.state.tries.get(key, ()))

    def _release(self, key: Key, holder: Owner, *, worked: bool) -> None:
        wait = self._frame.state.waits.get((key, waits.ATTACHED))
        if wait is None or wait.opened.on[0] != holder.id:
            return
        answer = json.dumps({"by": wait.opened.asked}, ensure_ascii=False) if worked else None
        self._frame.close_wait(key, waits.ATTACHED, answer)
        if (instance := self._asking.plan.instances.get(key)) is not None:
            self._asking.plan.up.append(instance)

    async def look(self) -> bool:
        """End the holds of those that have ended without a word, once what they left running is
        gone; whether there were any.
        """
        now = asyncio.get_running_loop().time()
        if now < self._look_at:
            return False
        self._look_at = now + LOOK_S
        known = self._frame.state.waits.items()
        ended = False
        for wait in [wait for (_, kind), wait in known if kind == waits.ATTACHED]:
            holder = Hold.of_wait(wait.opened).holder
            if is_gone(holder) and await asyncio.to_thread(clear_hold, holder, self._run_id):
                self._release(wait.opened.key, holder, worked=True)
                ended = True
        return ended
