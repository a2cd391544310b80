"""An MCP server that answers, then many who wait: `python -m bench.serving WAITS SECONDS FOLDER`.

The server is a process of its own, its client is this one. First comes what the server spent until
it had answered `tools/list`; then WAITS clients wait for a run in which nothing happens, and it is
told what the server spends meanwhile, and its memory.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from mcp import Client, StdioServerParameters

from bench.driving import emit
from smithers import Context, Node, NoInput, Sequence, Step, workflow
from smithers.hub import Hub

__all__: list[str] = []

_SETTLES_S = 3.0
_MOST_S = 300.0


@workflow
def sleeps(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("sleep", lambda: time.sleep(_MOST_S)))


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def measure(waits: int, seconds: float, folder: Path) -> dict[str, float]:
    here = Path(__file__).parent
    Hub(folder / ".smithers" / "smithers.db").trust("trust", folders=[here, folder])
    arguments = ["-P", "-m", "smithers", "mcp", "--root", str(here)]
    parameters = StdioServerParameters(
        command=sys.executable, args=arguments, cwd=str(folder), env=dict(os.environ)
    )
    async with Client(parameters, mode="2026-07-28") as client:
        await client.list_tools()
        (server,) = psutil.Process().children()
        first = cpu_s(server)
        run_id = await started(client)
        try:
            asked: dict[str, Any] = {"run_id": run_id, "timeout_s": 50}
            async with asyncio.TaskGroup() as group:
                waiting = [
                    group.create_task(wait(client, asked), name=f"wait {number}")
                    for number in range(waits)
                ]
                await asyncio.sleep(_SETTLES_S)
                before, begun = cpu_s(server), time.monotonic()
                await asyncio.sleep(seconds)
                share = (cpu_s(server) - before) / (time.monotonic() - begun)
                memory = server.memory_info().rss
                for one in waiting:
                    assert not one.done(), "the run did not stand still"
                    one.cancel()
        finally:
            await client.call_tool("cancel_run", {"run_id": run_id})
    return {"first_cpu_s": first, "share": share, "memory_bytes": memory}


async def started(client: Client) -> str:
    said = await client.call_tool("start_run", {"workflow": f"{__file__}:sleeps"})
    assert said.structured_content is not None, said.content
    run_id: str = said.structured_content["run_id"]
    return run_id


async def wait(client: Client, asked: dict[str, Any]) -> None:
    with suppress(asyncio.CancelledError):
        await client.call_tool("wait_run", asked)


def main(waits: str, seconds: str, where: str) -> None:
    Path(where).mkdir(parents=True, exist_ok=True)
    figures = asyncio.run(measure(int(waits), float(seconds), Path(where)))
    emit(**figures)


if __name__ == "__main__":
    main(*sys.argv[1:])
