"""Tries everything that changes a run or its database, from where this process stands.

    python probe.py DATABASE FILE [--services] [--few]

It writes a JSON object to FILE: what was tried, and the error or `done`. `smithers attach` is left
out, since it looks for a terminal first: `Hub.attach` is tried. With `--few` it tries only `FEW`,
which is enough to know whether a process that stands here is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smithers import Context, Node, NoInput, Step, workflow
from smithers.cli._main import run
from smithers.engine.settings import Unwatched
from smithers.errors import SmithersError
from smithers.hub import Amounts, Hub

if TYPE_CHECKING:
    from mcp.client.context import ClientRequestContext
    from mcp.types import CallToolResult, ElicitRequestParams, ElicitResult

COMMANDS: dict[str, tuple[str, ...]] = {
    "up": ("up", "ways.py:other", "--run-id", "new"),
    "up --detach": ("up", "ways.py:other", "--run-id", "new", "--detach"),
    "resume": ("resume", "r1"),
    "resume --detach": ("resume", "r1", "--detach"),
    "approve": ("approve", "r1", "gate"),
    "deny": ("deny", "r1", "gate"),
    "cancel": ("cancel", "r1"),
    "budget": ("budget", "r1", "--add-calls", "1"),
    "fork": ("fork", "r1"),
    "retry": ("retry", "r1", "work"),
    "rewind": ("rewind", "r1", "--frame", "0"),
    "send": ("send", "r1", "x"),
    "steer": ("steer", "r1", "work", "Stop."),
    "supervise": ("supervise", "--once"),
    "trust": ("trust",),
    "trust --remove": ("trust", "--remove"),
}
SERVICES = {
    "service install": ("service", "install"),
    "service uninstall": ("service", "uninstall"),
}
"""For a process that is refused: nobody's services are to be changed by a test."""


FEW = ("smithers approve", "Hub.steer", "Hub.cancel")


async def _start(hub: Hub) -> object:
    return await hub.start("ways.py:other", run_id="new", observer=Unwatched())


async def _resume(hub: Hub) -> object:
    return await hub.resume("r1", observer=Unwatched())


async def _retry(hub: Hub) -> object:
    return await hub.retry("r1", "work", observer=Unwatched())


async def _supervise(hub: Hub) -> None:
    await hub.supervise(print, once=True)


@workflow
def quick(ctx: Context[NoInput]) -> Node[int]:
    return Step("quick", lambda: 1)


async def _run(hub: Hub) -> object:
    return await hub.run(quick, run_id="quick-run")


async def _begin(hub: Hub) -> object:
    async with hub:
        return await (await hub.begin(quick, run_id="quick-begin")).wait()


METHODS: dict[str, Callable[[Hub], object]] = {
    "start": _start,
    "run": _run,
    "begin": _begin,
    "resume": _resume,
    "launch": lambda hub: hub.launch("ways.py:other", run_id="new"),
    "launch_again": lambda hub: hub.launch_again("r1"),
    "decide": lambda hub: hub.decide("r1", "gate", approved=True, by="ann"),
    "asks": lambda hub: hub.asks("r1", "gate"),
    "cancel": lambda hub: hub.cancel("r1", by="ann"),
    "raise_budget": lambda hub: hub.raise_budget("r1", added=Amounts(calls=1), by="ann"),
    "steer": lambda hub: hub.steer("r1", "work", "Stop.", by="ann"),
    "attach": lambda hub: hub.attach("r1", "work", by="ann").__enter__(),
    "send": lambda hub: hub.send("r1", "x", by="ann"),
    "send_all": lambda hub: hub.send_all("way", "x", by="ann"),
    "fork": lambda hub: hub.fork("r1", by="ann"),
    "fork_once": lambda hub: hub.fork_once("r1", request_id="k"),
    "launch_retry": lambda hub: hub.launch_retry("r1", "work"),
    "retry": _retry,
    "rewind": lambda hub: hub.rewind("r1", 0),
    "supervise": _supervise,
    "trust": lambda hub: hub.trust("trust"),
    "distrust": lambda hub: hub.distrust(),
}

TOOLS: dict[str, dict[str, Any]] = {
    "start_run": {"workflow": "ways.py:other"},
    "resume_run": {"run_id": "failed"},
    "fork_run": {"run_id": "r1", "request_id": "k"},
    "retry_task": {"run_id": "r1", "task": "work"},
    "answer": {"run_id": "r1"},
    "cancel_run": {"run_id": "r1"},
    "steer_run": {"run_id": "r1", "task": "work", "message": "Stop."},
    "send_event": {"run_id": "r1", "event": "x"},
}


def commands(database: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    environment = dict(os.environ)  # `up` marks that of its process
    for name, words in {**COMMANDS, **(SERVICES if "--services" in sys.argv else {})}.items():
        if not _is_asked_for(f"smithers {name}"):
            continue
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            code = run([*words, "--db", str(database)])
        found[f"smithers {name}"] = said.getvalue() if code else "done"
        os.environ.clear()
        os.environ.update(environment)
    return found


def methods(database: Path) -> dict[str, str]:
    return {
        f"Hub.{name}": _tried(call, Hub(database))
        for name, call in METHODS.items()
        if _is_asked_for(f"Hub.{name}")
    }


def _is_asked_for(verb: str) -> bool:
    return verb in FEW or "--few" not in sys.argv


def _tried(call: Callable[[Hub], object], hub: Hub) -> str:
    try:
        given = call(hub)
        if isinstance(given, Awaitable):
            asyncio.run(given)  # type: ignore[arg-type]
    except SmithersError as error:
        return f"error: {error}"
    return "done"


async def tools(database: Path) -> dict[str, str]:
    if "--few" in sys.argv:
        return {}
    from mcp import Client  # half of what a look costs

    from mcp_server import make_server

    server = make_server(Hub(database), [Path.cwd()], supervises=False)
    found: dict[str, str] = {}
    async with Client(server, elicitation_callback=_approves) as client:
        for name, arguments in TOOLS.items():
            result = await client.call_tool(name, arguments)
            found[name] = _text(result) if result.is_error else "done"
    return found


async def _approves(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    from mcp.types import ElicitResult

    decision = "trust" if "Trust this folder" in params.message else "approve"
    return ElicitResult(action="accept", content={"decision": decision})


def _text(result: CallToolResult) -> str:
    return " ".join(getattr(one, "text", "") for one in result.content)


def main(database: Path, file: Path) -> None:
    try:
        found = {**commands(database), **methods(database), **asyncio.run(tools(database))}
    except BaseException:  # told in the file, which is waited for
        found = {"the probe itself failed": traceback.format_exc()}
    beside = file.with_name(f"{file.name}.new")
    beside.write_text(json.dumps(found, indent=1))
    os.replace(beside, file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
