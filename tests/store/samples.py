"""Runs, owners and frames for the tests of the stores."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    CameUp,
    Change,
    ChoiceMade,
    ContainerEnded,
    ContainerReopened,
    Failure,
    Frame,
    Key,
    NodeGone,
    NodeMounted,
    Outcome,
    ReadMade,
    Reset,
    SessionSeen,
    Settled,
    SignalGiven,
    SignalTaken,
    StatusChanged,
    UsageCounted,
    WaitClosed,
    WaitOpened,
)
from smithers.signals import SentSignal, signal_of
from smithers.store import Claim, InboxRow, Model, NewRun, Note, Owner, Store
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


def waiting_for(opened: int, event: str = "paid", *, schema: str = "") -> Frame:
    """`ship` waits for an event, by default with a number as data."""
    form = schema or '{"kind": "data", "schema": {"type": "integer"}}'
    wait = WaitOpened(key=SHIP, kind="event", on=(event,), form=form)
    return frame(opened, CameUp(key=SHIP), wait)


def signal(id: str = "one", event: str = "paid", data: str = "1", run_id: str = "r1") -> Note:
    sent = SentSignal(id=id, event=event, correlation=None, data=data, by="ana", login="ana")
    return Note(run_id=run_id, kind="signal", signal=id, body=sent.body(), at=START)


def taken(row: InboxRow) -> tuple[SignalGiven, SignalTaken]:
    """What an owner makes of a signal that `ship` waits for."""
    sent = signal_of(row.body)
    given = SignalGiven(
        number=row.id,
        id=sent.id,
        event=sent.event,
        correlation=sent.correlation,
        data=sent.data,
        by=sent.by,
        at=row.at,
    )
    return given, SignalTaken(number=row.id, key=SHIP)


def settled(name: str, came_up: int, output: str = "{}", model: str | None = None) -> Settled:
    return Settled(key=Key(name), outcome="finished", output=output, model=model, came_up=came_up)


def ended(name: str, *path: int, outcome: Outcome = "finished") -> ContainerEnded:
    return ContainerEnded(key=Key(name, path), outcome=outcome)


def reopened(name: str, *path: int) -> ContainerReopened:
    return ContainerReopened(key=Key(name, path))


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


def idle_child() -> subprocess.Popen[bytes]:
    """A process that waits for the end of its input."""
    code = "import sys; sys.stdin.read()"
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)


def dead_owner() -> Owner:
    """An owner on this host whose process has ended."""
    child = idle_child()
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


def whole_run() -> list[Frame]:
    """A run that has every kind of change."""
    a, b = Key("a"), Key("b", (2, 0))
    failure = Failure(kind="Busy", message="over\nits limit", hint="wait", place="w.py:3:1")
    ended = AttemptEnded(serial=1, state="failed", error=failure, at=START)
    used = UsageCounted(serial=1, tokens_in=7, tokens_out=5, tokens_cached=2, cost=Decimal("0.01"))
    retry = WaitOpened(key=a, kind="retry", due=START, on=("b[2][0]",))
    output = '{"severity": "high", "lines": [1, 2], "good": true}'
    finished = Settled(key=a, outcome="finished", output=output, model="Analysis", came_up=1)
    skipped = Settled(key=b, outcome="skipped")
    read = ReadMade(reader=b, source=a, at=3)
    choice = ChoiceMade(key=b, kind="until", value="true", children="12ab")
    return [
        first_frame(),
        frame(1, CameUp(key=a), started(1, "a")),
        frame(2, SessionSeen(serial=1, session="s-1"), used, used, ended, retry),
        frame(3, WaitClosed(key=a, kind="retry", opened=2), finished, skipped),
        frame(4, read, choice, NodeMounted(id="a", kind="task", parent="root", place=1), inbox=1),
        frame(5, NodeGone(id="a"), Reset(key=b)),
        replace(approval(6), at=START),
        frame(7, StatusChanged(status="failed", error=failure, output="null")),
    ]


ANALYSIS = Model(
    name="Analysis",
    schema={"type": "object", "properties": {"severity": {}, "lines": {}, "good": {}}},
)
