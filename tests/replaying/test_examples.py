"""Each example of a kind of node, replayed."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from smithers import inbox, waits
from smithers.signals import SentSignal
from smithers.store import Note
from smithers.tree import Decision
from tests.engine.runs import Run
from tests.replaying.runs import replayed
from tests.trust.examples import EXAMPLES, flow_of

NAMES = [name for name, one in EXAMPLES.items() if one.ends == "finished"]


def answer(run: Run, name: str) -> None:
    """Answer what the run waits for: one question is denied at first where that is the example."""
    signals = [("late", "12"), ("number", None), ("number", None)]
    if EXAMPLES[name].asked == "send":
        for id, (event, correlation) in enumerate(signals):
            sent = SentSignal(
                id=str(id),
                event=event,
                correlation=correlation,
                data=json.dumps(event if correlation else id),
                by="ann",
                login="ann",
            )
            asyncio.run(
                run.store.offer(
                    Note(
                        run_id="r1",
                        kind=inbox.SIGNAL,
                        signal=sent.id,
                        body=sent.body(),
                        at=run.now(),
                    )
                )
            )
        return
    denied = any(
        change.kind == "rework"
        for frame in run.watch.frames
        for change in frame.changes
        if hasattr(change, "kind")
    )
    for run_id in list(run.store._runs):
        from smithers.state import RunState

        state = RunState.of(asyncio.run(run.store.load(run_id)).frames)
        for (key, kind), wait in state.waits.items():
            if kind not in waits.ASKING:
                continue
            approved = EXAMPLES[name].asked != "deny" or denied or kind == waits.REPEAT
            body = Decision(approved=approved, by="ann", note="no", at=run.now()).model_dump_json()
            if kind == waits.HUMAN and approved:
                body = json.dumps({"value": "blue", "by": "ann", "note": "so", "at": "now"})
            asyncio.run(
                run.store.offer(
                    Note(
                        run_id=run_id,
                        kind="answer",
                        key=key,
                        opened=wait.frame,
                        body=body,
                        at=run.now(),
                    )
                )
            )


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_replayed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = tmp_path / "ledger"
    ledger.touch()
    monkeypatch.setenv("LEDGER", str(ledger))
    flow = flow_of(name, "")
    run = Run(flow)
    run.settings = __import__("dataclasses").replace(
        run.settings, pools={str(ledger): 1}, machine_pools={}
    )
    try:
        for _ in range(9):
            if run.go().status != "waiting":
                break
            answer(run, name)
        assert run.state.run_status == "finished", run.state.status
        before = ledger.read_text()
        again = replayed(flow, run, pools=(str(ledger),))
        assert [one.message for one in again.differences] == []
        assert ledger.read_text() == before
    finally:
        shutil.rmtree(run.folder)
