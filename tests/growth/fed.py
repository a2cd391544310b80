"""Runs to which something comes from outside, one after the other: an answer, a signal, a message,
a larger budget, or time.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from smithers import waits
from smithers.amounts import Amounts
from smithers.changes import Frame, Key, WaitKind
from smithers.inbox import InboxKind
from smithers.signals import SentSignal
from smithers.state import RunState
from smithers.store import Note
from smithers.tree import Decision
from smithers.workflows import Workflow
from tests.engine.runs import Watch
from tests.growth.counting import count_rows
from tests.rules.runs import Clock, Run

__all__ = ["Comes", "Fed", "approval", "denial", "message", "more_budget", "second", "signal"]

Comes = Callable[["Fed", RunState], bool]
"""Gives a run what comes; False if the run is not there yet."""


class Fed(Run):
    """Gets one of these after each frame, once it can take it. It is kept from suspending until all
    have come: a step of its workflow is to await `over`.
    """

    def __init__(
        self, workflow: Workflow[Any, Any], comes: Iterable[Comes], over: asyncio.Event
    ) -> None:
        self.time = Clock()
        super().__init__(workflow, now=self.time, max_concurrency=10_000)
        self.before = count_rows
        self.comes = deque(comes)
        self.watch = _Feeding(self, over)

    def put(self, kind: InboxKind, key: Key | None, body: str, **more: Any) -> None:
        note = Note(run_id="r1", kind=kind, key=key, body=body, at=self.now(), **more)
        store = self.store  # checks at the door are those of other processes
        store._put(store._run("r1"), note)  # pyright: ignore[reportPrivateUsage]
        self.engine.look()


class _Feeding(Watch):
    def __init__(self, run: Fed, over: asyncio.Event) -> None:
        super().__init__()
        self._run, self._over = run, over

    def frame(self, frame: Frame, state: RunState) -> None:
        super().frame(frame, state)
        comes = self._run.comes
        if not comes:
            self._over.set()
        elif comes[0](self._run, state):
            comes.popleft()


def _answer(id: str, path: tuple[int, ...], *, approved: bool) -> Comes:
    key = Key(id, path)

    def come(run: Fed, state: RunState) -> bool:
        if (wait := state.waits.get((key, waits.APPROVAL))) is None:
            return False
        body = Decision(approved=approved, by="ann", note="n", at=run.now()).model_dump_json()
        run.put("answer", key, body, opened=wait.frame)
        return True

    return come


def approval(id: str, *path: int) -> Comes:
    return _answer(id, path, approved=True)


def denial(id: str, *path: int) -> Comes:
    return _answer(id, path, approved=False)


def signal(event: str, id: str) -> Comes:
    def come(run: Fed, state: RunState) -> bool:
        sent = SentSignal(id=id, event=event, correlation=None, data="1", by="ann", login="ann")
        run.put("signal", None, sent.body(), signal=id)
        return True

    return come


def message(task: str) -> Comes:
    key = Key(task)

    def come(run: Fed, state: RunState) -> bool:
        if key not in state.tries:
            return False
        run.put("steer", key, json.dumps({"text": "quick", "by": "ann"}))
        return True

    return come


def more_budget(node: str, calls: int) -> Comes:
    key = Key(node)

    def come(run: Fed, state: RunState) -> bool:
        if (key, waits.BUDGET) not in state.waits:
            return False
        run.put("budget", key, json.dumps({**Amounts(calls=calls).data(), "by": "ann"}))
        return True

    return come


def second(id: str, kind: WaitKind) -> Comes:
    """A second passes once this node waits."""

    def come(run: Fed, state: RunState) -> bool:
        if (Key(id), kind) not in state.waits:
            return False
        run.time.pass_s(1)
        run.engine.look()
        return True

    return come
