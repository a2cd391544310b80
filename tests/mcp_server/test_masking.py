"""A model reads no secret, whatever tool it calls; `masked` names what was left out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from mcp.types import ElicitResult

from tests.mcp_server.serving import Calls, Project, in_one_era

pytestmark = pytest.mark.anyio

SECRET = 'tok-"5f1d"-8e0c'
FLOW = '''
"""A workflow that meets a secret."""
import os
from smithers import Approval, Context, Node, NoInput, Parallel, Sequence, Step, workflow

def secret() -> str:
    return os.environ["SHOP_API_TOKEN"]

def boom() -> str:
    raise RuntimeError(f"refused {secret()}")

@workflow
def leaks(ctx: Context[NoInput]) -> Node[dict[str, str]]:
    found = Step("found", lambda: {secret(): f"it is {secret()}", "word": "development"})
    bad = Step("bad", boom, on_failure="continue")
    ask = Approval("ask", ask=lambda: f"spend with {secret()}?")
    return Sequence(Parallel(found, bad), ask, result=found)
'''


@pytest.fixture(autouse=True)
def secrets(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SHOP_API_TOKEN", SECRET), ("DB_PASSWORD", "development")):
        monkeypatch.setenv(name, value)
        project.environment[name] = value
    (project.folder / ".smithers" / "workflows" / "leaks.py").write_text(FLOW)


@in_one_era
async def test_no_tool_tells_a_secret_and_each_result_names_what_was_masked(
    project: Project, era: Any
) -> None:
    questions: list[str] = []

    async def answers(message: str) -> ElicitResult:
        questions.append(message)
        return ElicitResult(
            action="accept", content={"decision": "approve", "note": f"with {SECRET}"}
        )

    async with project.client(era, answers=answers) as call:
        started = await call("start_run", workflow="leaks")
        assert started["masked"] == []
        run_id, after = started["run_id"], started["cursor"]
        waited = await call("wait_run", run_id=run_id, after=after, timeout_s=50)
        assert waited["masked"] == ["SHOP_API_TOKEN"]
        assert waited["waiting_for"][0]["asked"] == "spend with ${SHOP_API_TOKEN}?"
        answered = await call("answer", run_id=run_id)
        assert answered["note"] == "with ${SHOP_API_TOKEN}"
        done = await call("wait_run", run_id=run_id, timeout_s=50)
        assert done["output"] == {
            "${SHOP_API_TOKEN}": "it is ${SHOP_API_TOKEN}",
            "word": "development",
        }
        told = [waited.data, answered.data, done.data, *await everything(call, run_id)]
    assert questions
    for one in [*told, questions]:
        assert SECRET not in json.dumps(one).replace('\\\\"', '"').replace('\\"', '"')
    kept = await asyncio.to_thread(project.hub.inspect, run_id)
    found = [task.output for task in kept.tasks if task.line.key.id == "found"]
    assert [json.loads(one.text()) for one in found if one is not None] == [
        {SECRET: f"it is {SECRET}", "word": "development"}
    ]


async def everything(call: Calls, run_id: str) -> list[object]:
    found = [
        await call("get_run", run_id=run_id),
        *[await call("get_task", run_id=run_id, task=one) for one in ("found", "bad", "ask")],
        await call("get_events", run_id=run_id),
        await call("explain_run", run_id=run_id),
    ]
    assert any(one["masked"] for one in found)
    missing = await call("get_task", run_id=run_id, task=f"with {SECRET}")
    assert "NOT_FOUND" in missing.error
    return [*(one.data for one in found), missing.error]
