"""Random sequences of fork, rewind, retry, edit, resume, kill, approve and deny agree with a model.

The model knows what each task gave, what was decided, and what has to run: nothing of frames, rows
or plans. A state that a run had once, when nothing drove it, is known by the number of its last
frame: to that it is forked, or taken back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,  # pyright: ignore[reportUnknownVariableType]
)

from smithers.changes import Frame
from smithers.engine.settings import Unwatched
from smithers.errors import Owned, Refused
from smithers.hub import Hub
from smithers.state import RunState
from smithers.wire import inspection_json

WORK: tuple[str, ...] = ("a", "b", "c", "d", "e")
GATE = "ok"
READS: Mapping[str, tuple[str, ...]] = {GATE: ("d",), "d": ("b",), "e": ("d", GATE)}
"""What reads what: a task its sources, and the gate what its text reads."""
FLOW = """\
import os

from smithers import *


def did(id, text):
    with open(os.environ["LEDGER"], "a") as ledger:
        ledger.write(id + "\\n")
    return text


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    a = Step("a", lambda: did("a", "a{a}"))
    b = Step("b", lambda: did("b", "b{b}"))
    c = Step("c", lambda: did("c", "c{c}"))
    d = Step("d", lambda: did("d", f"d{d}({{ctx[b]}})"))
    ok = Approval("ok", ask=lambda: f"Ship {{ctx[d]}}?")
    e = Step("e", lambda: did("e", f"e{e}({{ctx[d]}}, {{ctx[ok].by}})"))
    return Sequence(Parallel(a, b, c), d, ok, e)
"""


@dataclass(frozen=True)
class Model:
    """A run: what its tasks gave, what was asked, and who approved or denied it. `tried` are the
    tasks that ever ran, be it that they are to run again.
    """

    gave: Mapping[str, str] = field(default_factory=dict[str, str])
    tried: frozenset[str] = frozenset()
    asked: str | None = None
    decided: str | None = None
    approved: bool = False
    cancelled: bool = False

    @property
    def status(self) -> str:
        if self.cancelled:
            return "cancelled"
        if self.decided is not None and not self.approved:
            return "failed"
        done = all(task in self.gave for task in WORK) and self.decided is not None
        return "finished" if done else "waiting"

    def without(self, names: Iterable[str]) -> Model:
        """The same, of which these are to be done again."""
        names = set(names)
        gave = {task: text for task, text in self.gave.items() if task not in names}
        if GATE in names:
            return replace(self, gave=gave, asked=None, decided=None, approved=False)
        return replace(self, gave=gave)

    def driven(self, versions: Mapping[str, int]) -> tuple[Model, Counter[str]]:
        """As it is once nothing is left to do, and which tasks have run for that."""
        gave, ran = dict(self.gave), Counter[str]()

        def work(task: str, text: str) -> None:
            if task not in gave:
                gave[task] = text
                ran[task] += 1

        for task in "abc":
            work(task, f"{task}{versions[task]}")
        work("d", f"d{versions['d']}({gave['b']})")
        asked = self.asked or f"Ship {gave['d']}?"
        if self.approved:
            work("e", f"e{versions['e']}({gave['d']}, {self.decided})")
        return replace(self, gave=gave, tried=self.tried | gave.keys(), asked=asked), ran


def readers(name: str) -> set[str]:
    """What has read a task, and what has read that."""
    found: set[str] = set()
    todo = [name]
    while todo:
        one = todo.pop()
        new = {reader for reader, sources in READS.items() if one in sources} - found
        found |= new
        todo += new
    return found


KILLING = """\
import asyncio, os, signal, sys
from pathlib import Path
from smithers.engine.settings import Unwatched
from smithers.hub import Hub


class Killing(Unwatched):
    left = int(sys.argv[3])

    def frame(self, frame, state):
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


asyncio.run(Hub(Path(sys.argv[1])).resume(sys.argv[2], observer=Killing()))
"""
"""Resumes a run, and ends its process after some frames."""


class TimeTravel(RuleBasedStateMachine):
    """`runs` are the runs as the model has them, and `past` their states by their last frames."""

    def __init__(self) -> None:
        super().__init__()
        self._scratch = TemporaryDirectory()
        self.folder = Path(self._scratch.name)
        self.ledger = self.folder / "ledger"
        self.ledger.touch()
        self.hub = Hub(self.folder / ".smithers" / "runs.db")
        self.versions = dict.fromkeys(WORK, 0)
        self.runs: dict[str, Model] = {}
        self.past: dict[str, dict[int, Model]] = {}
        self.receipts: dict[str, str] = {}
        self.written = 0

    def teardown(self) -> None:
        try:
            self._verify()
        finally:
            self._scratch.cleanup()

    # -- what happens

    @initialize()
    def start(self) -> None:
        self._write()
        with self._ledger():
            asyncio.run(
                self.hub.start(str(self.folder / "flow.py"), run_id="r", observer=Unwatched())
            )
        self._expect("r", Model())

    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        run = self._draw(data)
        self._resume(run)
        self._expect(run, self.runs[run])

    @rule(data=st.data(), after=st.integers(0, 4))
    def kill(self, data: st.DataObject, after: int) -> None:
        """Kill the process that drives it after some frames; another one goes on."""
        run = self._draw(data)
        with self._ledger():
            command = (sys.executable, "-c", KILLING, str(self.hub.database), run, str(after))
            done = subprocess.run(command, cwd=self.folder, check=False, capture_output=True)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        self._resume(run)
        self._expect(run, self.runs[run], killed=True)

    @rule(data=st.data(), approved=st.booleans(), by=st.sampled_from(["ann", "bob"]))
    def decide(self, data: st.DataObject, approved: bool, by: str) -> None:
        run = self._draw(data)
        model = self.runs[run]
        if model.asked is None or model.decided is not None:
            with pytest.raises(Refused):
                self.hub.decide(run, GATE, approved=approved, by=by)
            return
        self.hub.decide(run, GATE, approved=approved, by=by)
        self._resume(run)
        self._expect(run, replace(model, decided=by, approved=approved))

    @rule(data=st.data(), task=st.sampled_from([*WORK, GATE]), with_readers=st.booleans())
    def retry(self, data: st.DataObject, task: str, with_readers: bool) -> None:
        run = self._draw(data)
        model = self.runs[run]
        has_run = task in model.tried or (task == GATE and model.asked is not None)
        has_run = has_run or model.status == "failed"  # what never ran was cancelled
        if not has_run:
            with pytest.raises(Refused, match=f"{task} of run {run} has not run"):
                self._retry(run, task, with_readers)
            return
        self._retry(run, task, with_readers)
        again = {task, *(readers(task) if with_readers else ())}
        if task in READS[GATE]:  # what read the decision, too: another one may be made now
            again |= {GATE, *readers(GATE)}
        self._expect(run, model.without(again))

    @rule(data=st.data())
    def fork(self, data: st.DataObject) -> None:
        run = self._draw(data)
        frame = data.draw(st.sampled_from(sorted(self.past[run])))
        fork = self.hub.fork(run, frame=frame, by="ann").run_id
        assert fork not in self.runs
        model = self.past[run][frame]
        self.runs[fork], self.past[fork] = model, {}
        self._compare(fork, model)
        self._resume(fork)
        self._expect(fork, model)

    @rule(data=st.data())
    def rewind(self, data: st.DataObject) -> None:
        run = self._draw(data)
        frame = data.draw(st.sampled_from(sorted(self.past[run])))
        before = self.runs[run]
        kept = self.hub.rewind(run, frame).kept
        self.runs[kept], self.past[kept] = before, {}
        self._remember(kept)
        model = self.past[run][frame]
        self._compare(run, model)
        self._resume(run)
        self._expect(run, model)

    @rule(task=st.sampled_from(WORK))
    def edit(self, task: str) -> None:
        """What has finished stays as it is; what runs later is of the new version."""
        self.versions[task] += 1
        self._write()

    @precondition(lambda self: len(self.runs) > 1)
    @rule(data=st.data())
    def nobody_interferes(self, data: st.DataObject) -> None:
        """What a living process drives is neither forked nor taken back."""
        run = self._draw(data)
        tried: list[BaseException] = []

        class Trying(Unwatched):
            def __init__(self, hub: Hub) -> None:
                self._hub = hub

            def frame(self, frame: Frame, state: RunState) -> None:
                if not tried:
                    tried.extend(_refused(self._hub, run))

        with self._ledger():
            asyncio.run(self.hub.resume(run, observer=Trying(self.hub)))
        assert all(isinstance(one, Owned) for one in tried), tried
        self._expect(run, self.runs[run])

    # -- what must hold

    @invariant()
    def others_are_as_they_were(self) -> None:
        for run, model in self.runs.items():
            self._compare(run, model)

    # -- how

    def _draw(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.runs)))

    def _write(self) -> None:
        (self.folder / "flow.py").write_text(FLOW.format(**self.versions))

    @contextmanager
    def _ledger(self) -> Generator[None]:
        os.environ["LEDGER"] = str(self.ledger)
        try:
            yield
        finally:
            del os.environ["LEDGER"]

    def _resume(self, run: str) -> None:
        with self._ledger():
            asyncio.run(self.hub.resume(run, observer=Unwatched()))

    def _retry(self, run: str, task: str, with_readers: bool) -> None:
        with self._ledger():
            asyncio.run(self.hub.retry(run, task, readers=with_readers, observer=Unwatched()))

    def _expect(self, run: str, model: Model, *, killed: bool = False) -> None:
        """The run was driven on from a state."""
        after, ran = model.driven(self.versions)
        lines = Counter(self.ledger.read_text()[self.written :].split())
        self.written = self.ledger.stat().st_size
        if killed:  # what was at work runs again
            assert all(lines[task] in (1, 2) for task in ran), (lines, ran)
            assert set(lines) == set(ran)
        else:
            assert lines == ran, f"{run} ran {lines} and not {ran}"
        self.runs[run] = after
        self._compare(run, after)
        self._remember(run)

    def _remember(self, run: str) -> None:
        self.past.setdefault(run, {})[self.hub.summary(run).frames - 1] = self.runs[run]
        if run not in self.receipts:
            self.receipts[run] = self.hub.receipt(run).receipt

    def _verify(self) -> None:
        """No run looks altered, also compared with the first receipt that it gave."""
        for run, receipt in self.receipts.items():
            found = self.hub.verify(run, digest=receipt)
            assert found.matches, f"{run}: {found.findings}"

    def _compare(self, run: str, model: Model) -> None:
        found: dict[str, Any] = inspection_json(self.hub.inspect(run))
        tasks = {task["id"]: task for task in found["tasks"]}
        gave = {id: tasks[id]["output"] for id in WORK if tasks[id]["state"] == "finished"}
        assert gave == model.gave, f"{run}: {gave} and not {model.gave}"
        decision = tasks[GATE]["output"]
        if model.approved:
            assert (decision["approved"], decision["by"]) == (True, model.decided)
        else:
            assert decision is None
        asks = [one.asked for one in self.hub.list_asks(run)]
        open_ = [] if model.decided is not None or model.asked is None else [model.asked]
        status = self.hub.status(run)
        if status == "waiting":
            assert asks == open_, f"{run} asks {asks} and not {open_}"
        if status not in ("running", "stale"):  # else nobody has resumed it yet
            assert status == model.status, f"{run} is {status} and not {model.status}"


def _refused(hub: Hub, run: str) -> Iterator[BaseException]:
    """What another caller is told who forks a run, or takes it back."""
    import threading

    def call(work: Any) -> None:
        try:
            work()
        except BaseException as error:
            found.append(error)
        else:
            found.append(AssertionError("it was not refused"))

    found: list[BaseException] = []
    for work in (lambda: hub.fork(run, by="ann"), lambda: hub.rewind(run, 0)):
        thread = threading.Thread(target=call, args=(work,))
        thread.start()
        thread.join()
    yield from found


_PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
_CALM = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def test_random_travels_agree_with_the_model() -> None:
    run_state_machine_as_test(
        TimeTravel,
        settings=settings(
            max_examples=4,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=_CALM,
            phases=_PHASES,
        ),
    )


@pytest.mark.trust
@pytest.mark.timeout(1800)
def test_many_random_travels_agree_with_the_model() -> None:
    run_state_machine_as_test(
        TimeTravel,
        settings=settings(
            max_examples=200,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=_CALM,
            phases=_PHASES,
        ),
    )
