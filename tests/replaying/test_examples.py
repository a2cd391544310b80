"""Each example of a kind of node gives what it gave when it is replayed, and nothing is done."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from smithers import inbox, waits
from smithers.changes import ChoiceMade, Key
from smithers.signals import SentSignal
from smithers.state import RunState, Waiting
from smithers.store import Note
from smithers.tree import Decision
from tests.engine.runs import Run
from tests.replaying.runs import record, refrozen, replayed
from tests.trust.examples import EXAMPLES, flow_of
from tests.trust.workers import UNEDITED

NAMES = [name for name, one in EXAMPLES.items() if one.ends == "finished"]
SIGNALS = [("late", "12", "late"), ("number", None, 1), ("number", None, 2)]


def send_all(run: Run) -> None:
    for number, (event, correlation, data) in enumerate(SIGNALS):
        sent = SentSignal(
            id=str(number),
            event=event,
            correlation=correlation,
            data=json.dumps(data),
            by="ann",
            login="ann",
        )
        note = Note(run_id="r1", kind=inbox.SIGNAL, signal=sent.id, body=sent.body(), at=run.now())
        asyncio.run(run.store.offer(note))


def answer_all(run: Run, name: str) -> None:
    """Answer what the run and its child runs wait for; where the example is a denial, once so."""
    changes = (change for frame in run.watch.frames for change in frame.changes)
    denied = any(isinstance(one, ChoiceMade) and one.kind == "rework" for one in changes)
    for run_id in ("r1", "r1.part"):
        if run_id == "r1" or name in ("subflow", "flow_as_a_workflow"):
            state = RunState.of(asyncio.run(run.store.load(run_id)).frames)
            for (key, kind), wait in state.waits.items():
                if kind in waits.ASKING:
                    again = EXAMPLES[name].asked != "deny" or denied or kind == waits.REPEAT
                    answer(run, run_id, key, wait, approved=again)


def answer(run: Run, run_id: str, key: Key, wait: Waiting, *, approved: bool) -> None:
    body = Decision(approved=approved, by="ann", note="no", at=run.now()).model_dump_json()
    if wait.opened.kind == waits.HUMAN and approved:
        body = json.dumps({"value": "blue", "by": "ann", "note": "so", "at": "now"})
    note = Note(run_id=run_id, kind="answer", key=key, opened=wait.frame, body=body, at=run.now())
    asyncio.run(run.store.offer(note))


@pytest.mark.sampled(20)
@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_replayed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = tmp_path / "ledger"
    ledger.touch()
    monkeypatch.setenv("LEDGER", str(ledger))
    flow = flow_of(name, UNEDITED)
    run = Run(flow)
    run.settings = replace(run.settings, pools={str(ledger): 1})
    while run.go().status == "waiting":
        if EXAMPLES[name].asked == "send":
            send_all(run)
        else:
            answer_all(run, name)
    assert run.state.run_status == "finished", run.state.status
    shutil.rmtree(run.folder)
    before = ledger.read_text()
    for recording in (record(run, [str(ledger)]), refrozen(record(run, [str(ledger)]))):
        again = replayed(flow, recording)
        assert [one.message for one in again.differences] == []
        assert again.attempts or name == "timer"
    assert ledger.read_text() == before
