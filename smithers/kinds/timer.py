"""A timer: it waits for a time, and gives it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from smithers import waits
from smithers.changes import WaitKind, WaitOpened
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.kinds._questions import due_in
from smithers.kinds._waiting import WaitingKind
from smithers.tree import Timer, TimerWork

__all__ = ["TIMER"]


def _bound(work: TimerWork, asking: Asking) -> datetime | Callable[[], datetime]:
    """What the author named, with the time of now where their callable takes it."""
    assert work.until is not None
    if work.takes_now and callable(work.until):
        return partial(work.until, asking.now())
    return work.until


class TimerKind(WaitingKind[Timer]):
    name = "timer"
    wait = waits.TIMER

    def ask(self, asking: Asking, one: Instance[Timer]) -> None:
        """Wait. `asked` keeps a time that the author named, so that the calendar decides it."""
        work = one.node.work
        if work.until is None:
            opened = WaitOpened(key=one.key, kind=self.wait, due=due_in(work.seconds, asking))
        else:
            until = asking.time(one, _bound(work, asking))
            if until is None:
                return
            due, named = until.astimezone(UTC), until.isoformat()
            opened = WaitOpened(key=one.key, kind=self.wait, due=due, asked=named)
        asking.open_wait(one, opened)

    def answered(
        self, asking: Asking, one: Instance[Timer], kind: WaitKind, body: str | None
    ) -> None:
        """It is due."""
        due = asking.state.waits[one.key, kind].opened.due
        assert due is not None, "a timer is due at some time"
        output = one.node.output.dump(due)
        asking.settle(one, "finished", output=output)


TIMER = TimerKind()
