"""One question is answered from everywhere at once: one answer counts, and all are told which."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest
from mcp.types import ElicitResult

from tests.cli.command import smithers
from tests.mcp_server.serving import ERAS, Project
from tests.web.flows import ships
from tests.web.process import PATIENCE_S, listening
from tests.web.serving import EVERYTHING


@pytest.mark.anyio
async def test_of_answers_at_the_same_moment_one_counts(tmp_path: Path) -> None:
    project = Project(tmp_path)
    hub, database = project.hub, project.database
    await hub.run(ships, run_id="r1")
    is_asked, go = asyncio.Event(), asyncio.Event()

    async def answers(_: str) -> ElicitResult:
        is_asked.set()
        await go.wait()
        return ElicitResult(action="accept", content={"decision": "approve", "note": "by mcp"})

    async def over_http(url: str, note: str) -> str | None:
        headers = {"authorization": f"Bearer {EVERYTHING}"}
        async with httpx2.AsyncClient(headers=headers, timeout=PATIENCE_S) as client:
            await go.wait()
            body = {"task": "ship", "approved": False, "note": note}
            answer = await client.post(f"{url}/api/v1/runs/r1/answers", json=body)
        problem = answer.json()
        if answer.status_code == 200:
            return None
        assert (answer.status_code, problem["kind"]) == (409, "AlreadyDecided")
        return str(problem["message"])

    async def over_mcp() -> str | None:
        answered = await call("answer", run_id="r1")
        assert not answered.error or "CONFLICT" in answered.error
        return answered.error or None

    async def typed() -> str | None:
        words = ["approve", "r1", "ship", "--note", "typed", "--db", str(database)]
        said = await asyncio.to_thread(smithers, tmp_path, *words)
        return said.err if said.code == 2 else None

    async with AsyncExitStack() as stack:
        urls = [stack.enter_context(listening(hub))[0].url for _ in range(2)]
        call = await stack.enter_async_context(project.client(ERAS[-1], answers=answers))
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
            made = {"by mcp": group.create_task(over_mcp())}
            await is_asked.wait()
            for number, url in enumerate(urls):
                note = f"server {number}"
                made[note] = group.create_task(over_http(url, note))
            made["typed"] = group.create_task(typed())
            go.set()
    refused = {note: task.result() for note, task in made.items()}
    (winner,) = (note for note, why in refused.items() if why is None)
    told = [re.search(r"was \w+ by \w+ at [\w:.-]+", one) for one in refused.values() if one]
    assert len(told) == 3
    (why,) = {one[0] if one else "" for one in told}
    is_denied = winner.startswith("server")
    assert why.startswith("was denied by ann at " if is_denied else "was approved by "), why
    await hub.resume("r1", workflow=ships)
    assert hub.status("r1") == ("failed" if is_denied else "finished")
