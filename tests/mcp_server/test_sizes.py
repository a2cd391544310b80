"""Every answer has at most the size that its caller asks for, and says how to read the rest."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from mcp_server._fitting import DEFAULT_TOKENS
from tests.durability.commands import until
from tests.mcp_server.serving import Calls, Era, Project, Said, in_one_era

pytestmark = pytest.mark.anyio

BUDGETS = (500, 2_000)
LISTS = {
    "get_run": ("waiting_for", "states", "tolerated"),
    "explain_run": ("reasons",),
    "list_asks": ("asks",),
}
SHOWN = {"waiting_for": 30, "states": 300, "tolerated": 30, "reasons": 30, "asks": 30}


async def started(call: Calls, workflow: str) -> str:
    run_id: str = (await call("start_run", workflow=workflow))["run_id"]
    return run_id


@pytest.fixture
async def many(project: Project) -> str:
    """A run of 300 tasks, some of which have failed, and some wait."""
    async with project.client("2026-07-28") as call:
        run_id = await started(call, "flows:many")

    def settled() -> bool:
        states = Counter(one.state for one in project.hub.states(run_id))
        return states == {"failed": 30, "finished": 240, "waiting": 30}

    await asyncio.to_thread(until, settled, "all that does not wait", within_s=30)
    return run_id


@pytest.mark.long
async def test_a_run_of_300_tasks_stays_within_the_budget_in_every_tool(
    project: Project, many: str
) -> None:
    (finished, failed) = (
        next(one.key.id for one in project.hub.states(many) if one.state == state)
        for state in ("finished", "failed")
    )
    of_run = {"run_id": many}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("get_run", of_run),
        ("wait_run", {**of_run, "after": "0.0", "timeout_s": 1}),
        ("wait_run", {**of_run, "after": "0.0", "timeout_s": 1, "until": "change"}),
        ("list_runs", {}),
        ("get_task", {**of_run, "task": finished}),
        ("get_task", {**of_run, "task": failed}),
        ("get_transcript", {**of_run, "task": failed}),
        ("get_events", of_run),
        ("explain_run", of_run),
        ("get_timeline", of_run),
        ("diff_runs", {"old": many, "old_frame": 0, "new": many}),
        ("diff_runs", {"old": many, "new": many, "new_frame": 0, "everything": True}),
        ("list_asks", {}),
        ("list_asks", of_run),
        ("list_workflows", {}),
        ("list_workflows", {"workflow": "flows:many"}),
    ]
    for era in ("legacy", "2026-07-28"):
        async with project.client(era) as call:
            tools = {one.name for one in (await call.client.list_tools()).tools}
            acts = {"start_run", "cancel_run", "resume_run", "steer_run", "send_event", "answer"}
            acts |= {"author_workflow", "fork_run", "retry_task"}
            assert {tool for tool, _ in calls} == tools - acts
            for tool, arguments in calls:
                for budget in BUDGETS:
                    asked = {} if budget == DEFAULT_TOKENS else {"max_tokens": budget}
                    said = await call(tool, **arguments, **asked)
                    assert not said.error
                    assert said.size <= budget * 3.5, (era, tool, budget, said.size)
                    assert "\n" not in said.line
            for tool in acts - {"answer"}:
                wrong = {
                    "run_id": many,
                    "task": "nope",
                    "message": "a",
                    "workflow": "nope",
                    "event": "x",
                    "source": "x",
                }
                takes = (await schema_of(call, tool))["properties"]
                if tool not in ("cancel_run", "send_event"):
                    said = await call(tool, **{k: v for k, v in wrong.items() if k in takes})
                    assert said.size <= 7_000, tool
            missing = await call("get_task", run_id=many, task="item")
            assert missing.size <= 7_000


async def schema_of(call: Calls, name: str) -> dict[str, Any]:
    tools = (await call.client.list_tools()).tools
    return next(one.input_schema for one in tools if one.name == name)


@pytest.mark.long
@in_one_era
async def test_what_was_left_out_is_read_with_the_cursor(
    project: Project, many: str, era: Era
) -> None:
    async with project.client(era) as call:
        for tool, names in LISTS.items():
            whole = await call(tool, run_id=many, max_tokens=50_000)
            pages = await every_page(call, tool, run_id=many, max_tokens=2_000)
            assert len(pages) > 2
            for name in names:
                found = [entry for page in pages for entry in page[name]]
                assert found[: len(whole[name])] == whole[name]
                assert len(found) >= SHOWN.get(name, 0)
        await every_event_is_short(call, many)


async def every_page(call: Calls, tool: str, **arguments: Any) -> list[Said]:
    pages = [await call(tool, **arguments)]
    while (rest := pages[-1]["rest"]) is not None:
        pages.append(await call(tool, **arguments, after=rest))
        assert len(pages) < 500
    return pages


async def every_event_is_short(call: Calls, run_id: str) -> None:
    """Less than 20 tokens, in all pages."""
    found: list[str] = []
    after: str | None = None
    while True:
        page = await call("get_events", run_id=run_id, after=after)
        found += page["events"]
        after = page["cursor"]
        if not page["more"]:
            break
    assert max(len(json.dumps(line, ensure_ascii=False)) + 1 for line in found) < 20 * 3.5
    assert len([line for line in found if " started " in line]) == 270


@pytest.mark.long
@in_one_era
async def test_a_transcript_is_read_piece_by_piece(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        run_id = await started(call, "flows:talks")

        def has_called_all() -> bool:
            return any("ls 59" in one.tool for one in project.hub.overview(run_id).running)

        await asyncio.to_thread(until, has_called_all, "its last tool")
        waited = await call("wait_run", run_id=run_id, after="0.0", until="change", timeout_s=50)
        (running,) = waited["running"]
        assert (running["task"], running["agent"], running["tool"]) == (
            "plan",
            "talks",
            "Bash: ls 59",
        )
        assert running["words"].startswith("word 59: talk talk")
        texts: dict[int, str] = {}
        for budget in (500, 3_000):
            after, pieces = None, list[str]()
            while True:
                asked = {"run_id": run_id, "task": "plan", "max_tokens": budget}
                page = await call("get_transcript", **asked, after=after)
                assert page.size <= budget * 3.5
                pieces += [entry["text"] for entry in page["entries"]]
                after = page["cursor"]
                if not page["more"]:
                    break
            texts[budget] = "".join(pieces)
        assert texts[500] == texts[3_000]
        assert texts[500].startswith("word 0: talk")
        assert texts[500].count('→ Bash {"command": "ls ') == 60
        judged = await call("get_task", run_id=run_id, task="judge")
        (attempt,) = judged["attempts"]
        assert attempt["answer"] == ("I would say " + "perhaps " * 1_000)[:500] + "…"
        bad = await call("get_transcript", run_id=run_id, task="plan", after="x")
        assert bad.error.startswith("REFUSED: 'x' is not a cursor of a transcript")
        (project.folder / "go").touch()
        assert (await call("wait_run", run_id=run_id, timeout_s=50))["status"] == "finished"
