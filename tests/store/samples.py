"""Runs, owners and frames for the tests of the stores."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from smithers.changes import (
    AttemptStarted,
    CameUp,
    Change,
    Frame,
    Key,
    NodeMounted,
    Settled,
    StatusChanged,
    WaitOpened,
)
from smithers.store import Claim, NewRun, Note, Owner, Store
from smithers.store.lease import started_of, this_host, this_process

START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
SHIP = Key("ship")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def new_run(run_id: str = "r1") -> NewRun:
    return NewRun(
        run_id=run_id,
        workflow="ship_it",
        file="/w/ship_it.py",
        folder="/w",
        interpreter=sys.executable,
        environment=("PATH", "ÄPFEL"),
        input='{"topic": "apples\\u0000"}',
        source="digest-1",
        created_at=START,
    )


def frame(number: int, *changes: Change, inbox: int = 0) -> Frame:
    return Frame(number=number, at=START + timedelta(seconds=number), changes=changes, inbox=inbox)


def first_frame() -> Frame:
    root = NodeMounted(id="root", kind="sequence", parent=None, place=0)
    return frame(0, StatusChanged(status="running"), root)


def approval(opened: int, due: datetime | None = None) -> Frame:
    asked = "Ship\u2028this?\n"
    wait = WaitOpened(
        key=SHIP, kind="approval", due=due, asked=asked, digest="ab12", allowed_by=("ana",)
    )
    return frame(opened, CameUp(key=SHIP), wait)


def answer(opened: int, *, by: str = "ana", approved: bool = True) -> Note:
    word = "true" if approved else "false"
    body = f'{{"approved": {word}, "by": "{by}", "note": "", "at": "2026-01-02T03:04:05Z"}}'
    return Note(run_id="r1", kind="answer", key=SHIP, opened=opened, body=body, at=START)


def settled(name: str, came_up: int, output: str = "{}", model: str | None = None) -> Settled:
    return Settled(key=Key(name), outcome="finished", output=output, model=model, came_up=came_up)


def started(serial: int, name: str) -> AttemptStarted:
    return AttemptStarted(
        serial=serial,
        key=Key(name),
        number=1,
        agent="echo",
        prompt="Go",
        session=None,
        at=START,
    )


def dead_owner() -> Owner:
    """An owner on this host whose process has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    begun = started_of(child.pid)
    assert begun is not None
    child.communicate()
    return Owner(id="dead", host=this_host(), pid=child.pid, started=begun)


def live_owner(id: str = "live") -> Owner:
    """An owner whose process runs: this one, under another name."""
    me = this_process()
    return Owner(id=id, host=me.host, pid=me.pid, started=me.started)


async def begin(store: Store, owner: Owner | None = None) -> Claim:
    return await store.create(new_run(), owner or live_owner(), first_frame())


def told(frames: Iterable[Frame]) -> list[tuple[int, datetime, int, Counter[Change]]]:
    """Frames to compare: the changes of one have no order."""
    return [(f.number, f.at, f.inbox, Counter(f.changes)) for f in frames]
