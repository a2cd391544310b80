"""Whatever frames a run commits, `load` gives them back, and they fold to the same state."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from smithers.amounts import Amounts
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    AttemptState,
    BudgetRaised,
    BudgetSet,
    CameUp,
    Change,
    ChoiceGone,
    ChoiceKind,
    ChoiceMade,
    ContainerEnded,
    ContainerReopened,
    Failure,
    FailureHandled,
    Frame,
    Key,
    MessageGiven,
    MessageTaken,
    NodeGone,
    NodeMounted,
    Outcome,
    ReadMade,
    Reset,
    RunStatus,
    SentBack,
    SessionSeen,
    Settled,
    SignalGiven,
    SignalTaken,
    StatusChanged,
    UsageCounted,
    WaitClosed,
    WaitKind,
    WaitOpened,
    held,
    text_of,
)
from smithers.state import RunState
from smithers.store import Store
from smithers.store.memory import MemoryStore
from smithers.store.sqlite import SqliteStore
from tests.store.samples import live_owner, new_run, told

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MAYBE = st.none() | TEXT


def of_size(size: int, letter: str) -> str:
    return letter * (size // len(letter.encode()))


SIZES, LETTERS = st.integers(4094, 4099), st.sampled_from(["x", "ä", "\U0001f600"])
OUTPUTS = st.none() | (TEXT | st.builds(of_size, SIZES, LETTERS)).map(held)
IDS = st.sampled_from(["root", "a", "b/c.d:e f", "ünï", "nul\0here"])
KEYS = st.builds(Key, IDS, st.lists(st.integers(0, 99), max_size=3).map(tuple))
TIMES = st.datetimes(
    min_value=datetime(2020, 1, 1),
    max_value=datetime(2060, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]),
)
FAILURES = st.none() | st.builds(Failure, kind=TEXT, message=TEXT, hint=TEXT, place=MAYBE)
COSTS = st.none() | st.decimals(0, 1000, places=6, allow_nan=False)
TOKENS = st.integers(0, 2**40)
NAMES = st.lists(TEXT, max_size=2).map(tuple)

AMOUNTS = st.builds(
    Amounts,
    tokens=st.none() | TOKENS,
    usd=st.none() | st.decimals(0, 99, places=4),
    calls=st.none() | TOKENS,
    time_s=st.none() | st.floats(0, 1e9),
)
OUTCOMES: list[Outcome] = ["finished", "failed", "skipped", "cancelled"]


class Author:
    """Draws frames that a run could have: nothing ends that is not open, no fact comes twice."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.nodes: dict[str, int] = {}
        self.tasks: dict[tuple[Key, int], bool] = {}
        self.attempts: dict[int, bool] = {}
        self.waits: dict[tuple[Key, WaitKind, int], bool] = {}
        self.messages: dict[int, bool] = {}
        self.signals: dict[int, bool] = {}
        self.ends: dict[Key, int] = {}
        self.choices: dict[tuple[Key, ChoiceKind], int] = {}

    def frame(self, number: int) -> Frame:
        told: set[object] = set()
        changes: list[Change] = []
        for _ in range(self.data.draw(st.integers(0, 8))):
            kind = self.data.draw(st.sampled_from(list(KINDS)))
            fact, change = KINDS[kind](self, number)
            if change is not None and fact not in told:
                told.add(fact)
                changes.append(change)
                self._keep(change, number)
        at, inbox = self.data.draw(TIMES), self.data.draw(st.integers(0, 9))
        return Frame(number=number, at=at, changes=tuple(changes), inbox=inbox)

    def _keep(self, change: Change, k: int) -> None:  # noqa: C901  # one case a kind of change
        match change:
            case NodeMounted(id=id):
                self.nodes[id] = k
            case NodeGone(id=id):
                del self.nodes[id]
            case CameUp(key=key):
                self.tasks[key, k] = True
            case Settled(key=key, came_up=came_up):
                self.tasks[key, k if came_up is None else came_up] = False
            case AttemptStarted(serial=serial):
                self.attempts[serial] = True
            case AttemptEnded(serial=serial):
                self.attempts[serial] = False
            case WaitOpened(key=key, kind=kind):
                self.waits[key, kind, k] = True
            case WaitClosed(key=key, kind=kind, opened=opened):
                self.waits[key, kind, opened] = False
            case ContainerEnded(key=key):
                self.ends[key] = k
            case ContainerReopened(key=key):
                del self.ends[key]
            case ChoiceMade(key=key, kind=kind):
                self.choices[key, kind] = k
            case ChoiceGone(key=key, kind=kind):
                del self.choices[key, kind]
            case MessageTaken(id=id):
                self.messages[id] = True
            case MessageGiven(id=id):
                self.messages[id] = False
            case SignalGiven(number=number):
                self.signals[number] = True
            case SignalTaken(number=number):
                self.signals[number] = False
            case _:
                pass

    def mounted(self, k: int) -> tuple[object, Change | None]:
        id = self.data.draw(IDS)
        change = NodeMounted(
            id=id, kind="task", parent=self.data.draw(MAYBE), place=self.data.draw(TOKENS)
        )
        return ("node", id), None if id in self.nodes else change

    def gone(self, k: int) -> tuple[object, Change | None]:
        old = [id for id, born in self.nodes.items() if born < k]
        if not old:
            return None, None
        id = self.data.draw(st.sampled_from(old))
        return ("gone", id), NodeGone(id=id)

    def came_up(self, k: int) -> tuple[object, Change | None]:
        key = self.data.draw(KEYS)
        return ("task", key), None if (key, k) in self.tasks else CameUp(key=key)

    def settled(self, k: int) -> tuple[object, Change | None]:
        live = [task for task, is_open in self.tasks.items() if is_open]
        key, came_up = self.data.draw(KEYS), None
        if live and self.data.draw(st.sampled_from([True, False])):
            key, came_up = self.data.draw(st.sampled_from(live))
        elif (key, k) in self.tasks:
            return None, None
        output = self.data.draw(OUTPUTS)
        return ("settled", key), Settled(
            key=key,
            outcome=self.data.draw(st.sampled_from(OUTCOMES)),
            error=self.data.draw(FAILURES),
            output=output,
            model=None if output is None else self.data.draw(st.sampled_from([None, "Model"])),
            type=None if output is None else self.data.draw(st.sampled_from([None, "m:Model"])),
            came_up=came_up,
            set_by=self.data.draw(MAYBE),
        )

    def started(self, k: int) -> tuple[object, Change | None]:
        serial = len(self.attempts) + 1
        return ("started", serial), AttemptStarted(
            serial=serial,
            key=self.data.draw(KEYS),
            number=self.data.draw(st.integers(1, 9)),
            agent=self.data.draw(TEXT),
            prompt=self.data.draw(MAYBE),
            session=self.data.draw(MAYBE),
            at=self.data.draw(TIMES),
            fingerprint=self.data.draw(MAYBE),
            origin=self.data.draw(MAYBE),
        )

    def ended(self, k: int) -> tuple[object, Change | None]:
        live = [serial for serial, is_open in self.attempts.items() if is_open]
        if not live:
            return None, None
        serial = self.data.draw(st.sampled_from(live))
        states: list[AttemptState] = ["succeeded", "failed", "interrupted", "deferred"]
        return ("ended", serial), AttemptEnded(
            serial=serial,
            state=self.data.draw(st.sampled_from(states)),
            error=self.data.draw(FAILURES),
            at=self.data.draw(TIMES),
            turn=self.data.draw(MAYBE),
        )

    def session(self, k: int) -> tuple[object, Change | None]:
        if not self.attempts:
            return None, None
        serial = self.data.draw(st.sampled_from(list(self.attempts)))
        return object(), SessionSeen(serial=serial, session=self.data.draw(TEXT))

    def usage(self, k: int) -> tuple[object, Change | None]:
        if not self.attempts:
            return None, None
        return object(), UsageCounted(
            serial=self.data.draw(st.sampled_from(list(self.attempts))),
            tokens_in=self.data.draw(TOKENS),
            tokens_out=self.data.draw(TOKENS),
            tokens_cached=self.data.draw(TOKENS),
            cost=self.data.draw(COSTS),
            model=self.data.draw(st.none() | TEXT),
            calls=self.data.draw(st.integers(0, 2)),
        )

    def choice(self, k: int) -> tuple[object, Change | None]:
        kinds: list[ChoiceKind] = ["test", "items", "until", "exhausted", "skip_if"]
        key, kind = self.data.draw(KEYS), self.data.draw(st.sampled_from(kinds))
        value, children = self.data.draw(TEXT), self.data.draw(TEXT)
        return ("choice", key, kind), ChoiceMade(key=key, kind=kind, value=value, children=children)

    def choice_gone(self, k: int) -> tuple[object, Change | None]:
        old = [(*what, born) for what, born in self.choices.items() if born < k]
        if not old:
            return None, None
        key, kind, made = self.data.draw(st.sampled_from(old))
        return ("choice", key, kind), ChoiceGone(key=key, kind=kind, made=made)

    def read(self, k: int) -> tuple[object, Change | None]:
        change = ReadMade(
            reader=self.data.draw(KEYS),
            source=self.data.draw(KEYS),
            at=self.data.draw(st.integers(0, k)),
        )
        return ("read", change.reader, change.source), change

    def opened(self, k: int) -> tuple[object, Change | None]:
        kinds: list[WaitKind] = ["approval", "retry", "cooldown", "data", "budget"]
        key, kind = self.data.draw(KEYS), self.data.draw(st.sampled_from(kinds))
        return ("wait", key, kind), WaitOpened(
            key=key,
            kind=kind,
            due=self.data.draw(st.none() | TIMES),
            asked=self.data.draw(MAYBE),
            digest=self.data.draw(MAYBE),
            on=self.data.draw(NAMES),
            allowed_by=self.data.draw(NAMES),
        )

    def closed(self, k: int) -> tuple[object, Change | None]:
        live = [wait for wait, is_open in self.waits.items() if is_open]
        if not live:
            return None, None
        key, kind, opened = self.data.draw(st.sampled_from(live))
        answer = self.data.draw(MAYBE)
        return ("closed", key, kind, opened), WaitClosed(
            key=key, kind=kind, opened=opened, answer=answer
        )

    def budget(self, k: int) -> tuple[object, Change | None]:
        caps = self.data.draw(st.none() | AMOUNTS)
        key = Key(self.data.draw(IDS))
        if caps is None:
            return ("budget", key), BudgetSet(key=key, caps=None)
        ends: list[Literal["wait", "fail"]] = ["wait", "fail"]
        chosen = self.data.draw(st.sampled_from(ends))
        return ("budget", key), BudgetSet(key=key, caps=caps, on_exhausted=chosen)

    def raised(self, k: int) -> tuple[object, Change | None]:
        return object(), BudgetRaised(
            key=self.data.draw(KEYS),
            added=self.data.draw(AMOUNTS),
            by=self.data.draw(TEXT),
            at=self.data.draw(TIMES),
        )

    def said(self, k: int) -> tuple[object, Change | None]:
        id = len(self.messages) + 1
        return ("said", id), MessageTaken(
            id=id,
            key=self.data.draw(KEYS),
            text=self.data.draw(TEXT),
            by=self.data.draw(TEXT),
            at=self.data.draw(TIMES),
        )

    def given(self, k: int) -> tuple[object, Change | None]:
        live = [id for id, is_open in self.messages.items() if is_open]
        if not live or not self.attempts:
            return None, None
        id = self.data.draw(st.sampled_from(live))
        serial = self.data.draw(st.sampled_from(list(self.attempts)))
        return ("given", id), MessageGiven(id=id, serial=serial)

    def signal(self, k: int) -> tuple[object, Change | None]:
        number = len(self.signals) + 1
        return ("signal", number), SignalGiven(
            number=number,
            id=f"{number} {self.data.draw(TEXT)}",
            event=self.data.draw(TEXT),
            correlation=self.data.draw(MAYBE),
            data=self.data.draw(TEXT),
            by=self.data.draw(TEXT),
            at=self.data.draw(TIMES),
        )

    def signal_taken(self, k: int) -> tuple[object, Change | None]:
        live = [number for number, is_open in self.signals.items() if is_open]
        if not live:
            return None, None
        number = self.data.draw(st.sampled_from(live))
        key, misfit = self.data.draw(KEYS), self.data.draw(MAYBE)
        return ("taken", number), SignalTaken(number=number, key=key, misfit=misfit)

    def reset(self, k: int) -> tuple[object, Change | None]:
        key = self.data.draw(KEYS)
        causes = st.none() | st.builds(SentBack, key=KEYS, by=MAYBE, note=MAYBE)
        cause = self.data.draw(causes)
        anew = cause is None and self.data.draw(st.booleans())
        return ("reset", key), Reset(key=key, cause=cause, anew=anew)

    def handled(self, k: int) -> tuple[object, Change | None]:
        key = self.data.draw(KEYS)
        return ("handled", key), FailureHandled(key=key)

    def container_ended(self, k: int) -> tuple[object, Change | None]:
        key, outcome = self.data.draw(KEYS), self.data.draw(st.sampled_from(OUTCOMES))
        change = ContainerEnded(key=key, outcome=outcome)
        return ("end", key), None if key in self.ends else change

    def reopened(self, k: int) -> tuple[object, Change | None]:
        old = [key for key, born in self.ends.items() if born < k]
        if not old:
            return None, None
        key = self.data.draw(st.sampled_from(old))
        return ("reopened", key), ContainerReopened(key=key)

    def status(self, k: int) -> tuple[object, Change | None]:
        statuses: list[RunStatus] = ["running", "waiting", "finished", "failed", "cancelled"]
        return "status", StatusChanged(
            status=self.data.draw(st.sampled_from(statuses)),
            error=self.data.draw(FAILURES),
            output=self.data.draw(MAYBE),
            stopped_by=self.data.draw(st.sampled_from([None, "SIGINT", "SIGTERM", "SIGHUP"])),
        )


KINDS: dict[str, Callable[[Author, int], tuple[object, Change | None]]] = {
    name: getattr(Author, name)
    for name in (
        *("mounted", "gone", "came_up", "settled", "started", "ended", "session", "usage"),
        *("choice", "read", "opened", "closed", "reset", "status"),
        *("budget", "raised", "said", "given", "handled", "container_ended", "reopened"),
        "choice_gone",
        *("signal", "signal_taken"),
    )
}


async def round_trip(store: Store, frames: list[Frame]) -> list[Frame]:
    owner = live_owner()
    claim = await store.create(new_run(), owner, frames[0])
    for each in frames[1:]:
        await store.commit(claim, each)
    for one, change in outputs_of(frames):
        assert store.output("r1", change.key, one.number) == text_of(change.output)
    loaded = list((await store.load("r1")).frames)
    for _, change in outputs_of(loaded):
        assert isinstance(change.output, str) == (text_of(change.output) is not None)
    return loaded


def outputs_of(frames: list[Frame]) -> list[tuple[Frame, Settled]]:
    return [
        (frame, change)
        for frame in frames
        for change in frame.changes
        if isinstance(change, Settled) and change.output is not None
    ]


async def both_round_trips(frames: list[Frame]) -> list[list[Frame]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.db"
        async with await SqliteStore.open(path, synchronous="normal") as store:
            return [await round_trip(MemoryStore(), frames), await round_trip(store, frames)]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_load_gives_the_frames_that_were_committed(data: st.DataObject) -> None:
    author = Author(data)
    frames = [author.frame(k) for k in range(data.draw(st.integers(1, 6)))]
    for loaded in asyncio.run(both_round_trips(frames)):
        assert told(loaded) == told(frames)
        assert RunState.of(loaded) == RunState.of(frames)


def test_small_and_large_costs_come_back_exactly() -> None:
    costs = [Decimal("0.000000000000000000012"), Decimal("1E+3"), Decimal(0), None]
    used = [
        UsageCounted(serial=1, tokens_in=1, tokens_out=2, tokens_cached=3, cost=cost)
        for cost in [*costs, costs[0]]
    ]
    frames = [Frame(number=0, at=datetime(2026, 1, 1, tzinfo=UTC), changes=tuple(used))]
    for loaded in asyncio.run(both_round_trips(frames)):
        assert told(loaded) == told(frames)
