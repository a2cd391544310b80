"""The server: the tools, and what runs beside them while it is up."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import Context, MCPServer, RequestStateSecurity
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.stdio import stdio_server
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import ValidationError

import smithers
from mcp_server import _reading, _tools, _travelling
from mcp_server._answering import answer
from mcp_server._arguments import misfit, unknown_arguments, unknown_tool
from mcp_server._authoring import author_workflow
from mcp_server._errors import failure
from mcp_server._face import Face
from mcp_server._masking import masking
from mcp_server._sending import send_event
from mcp_server._shaping import shaped
from mcp_server._waiting import wait_run
from mcp_server._watch import Watch
from mcp_server._wire import wire
from smithers.hub import Hub, Origin, Roots, called_from, plain

__all__ = ["make_server", "serve"]

_INSTRUCTIONS = """\
Smithers runs workflows of AI agents that survive crashes. start_run starts one and returns at once;
wait_run waits for it, bounded, as often as you like; get_run reads its result. A run has its own
process and continues when you leave: come back later with its run_id. If a run waits for a
person, call answer: they answer, never you. Each answer has at most max_tokens (characters /
3.5); what was left out has a cursor for the next call."""
_CODE = re.compile(r"[A-Z_]+: ")
_DAY_S = 86_400.0
_LOOKS_S = 1.0

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)


def _acts(
    *, destroys: bool = False, repeats: bool = False, reaches_out: bool = True
) -> ToolAnnotations:
    return ToolAnnotations(
        read_only_hint=False,
        destructive_hint=destroys,
        idempotent_hint=repeats,
        open_world_hint=reaches_out,
    )


_TOOLS: tuple[tuple[Callable[..., Any], str, ToolAnnotations], ...] = (
    (_reading.list_workflows, "List workflows", _READS),
    # It executes code that its caller gives; what holds it stops mistakes, not attacks.
    (author_workflow, "Check a workflow that you write", _acts(destroys=True, repeats=True)),
    (_tools.start_run, "Start a run", _acts()),
    (wait_run, "Wait for a run", _READS),
    (_reading.get_run, "Look at a run", _READS),
    (_reading.list_runs, "List runs", _READS),
    (_reading.get_task, "Look at a task", _READS),
    (_reading.get_transcript, "Read what an agent said and did", _READS),
    (_reading.get_events, "Read the events of a run", _READS),
    (_reading.explain_run, "Explain a run", _READS),
    (_reading.list_asks, "List open questions", _READS),
    (_travelling.get_timeline, "Look at the frames of a run", _READS),
    (_travelling.diff_runs, "Compare two runs", _READS),
    (_tools.cancel_run, "Cancel a run", _acts(destroys=True, reaches_out=False)),
    (_tools.resume_run, "Resume a run", _acts(repeats=True)),
    (_travelling.retry_task, "Run a task again", _acts()),
    (_travelling.fork_run, "Make a fork of a run", _acts(repeats=True, reaches_out=False)),
    (_tools.steer_run, "Steer an agent of a run", _acts()),
    (send_event, "Send an event to a run", _acts()),
    (answer, "Have a person answer a question", _acts()),
)


class Server(MCPServer[Face]):
    """A server whose messages are lines for every reader of lines, and whose errors begin with
    their code.
    """

    def offer(self, tool: Callable[..., Any], title: str, hints: ToolAnnotations) -> None:
        """Add a tool that takes the arguments of its schema and no others."""
        self.add_tool(tool, title=title, annotations=hints)
        if (added := self._tool_manager.get_tool(tool.__name__)) is not None:
            added.parameters["additionalProperties"] = False

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Face] | None = None
    ) -> CallToolResult | InputRequiredResult:
        if (tool := self._tool_manager.get_tool(name)) is None:
            raise unknown_tool(name, [one.name for one in self._tool_manager.list_tools()])
        if (error := unknown_arguments(name, tool.parameters, arguments)) is not None:
            raise error
        try:
            tool.fn_metadata.validate_arguments(arguments)
        except ValidationError as found:
            raise misfit(name, tool.parameters, found) from None
        try:
            result = await super().call_tool(name, arguments, context)
        except ToolError as found:
            raise _with_code(name, found) from found
        if isinstance(result, InputRequiredResult):
            return result
        return shaped(name, result, None if context is None else context.protocol_version)

    async def run_stdio_async(self) -> None:
        lowlevel = self._lowlevel_server
        with wire() as stdout:
            async with stdio_server(stdout=stdout) as (reads, writes):
                await lowlevel.run(reads, writes, lowlevel.create_initialization_options())


def _with_code(tool: str, error: ToolError) -> ToolError:
    """The error as the tool raised it; the library writes its own words before that. What it raises
    itself, after the arguments fit, is that a client's answer to a question does not.
    """
    said = str(error).removeprefix(f"Error executing tool {tool}: ")
    if isinstance(error, UnexpectedToolError):
        return UnexpectedToolError(f"FAILED: {tool} failed; the server's log on stderr says why")
    if _CODE.match(said):
        return ToolError(said)
    return failure(
        "FAILED",
        "your client's answer does not fit the question that it was to ask; nothing was done",
        f"tell the person, and call {tool} again if they want to answer",
    )


def make_server(
    hub: Hub, roots: Sequence[Path], *, supervises: bool = True, client: int | None = None
) -> MCPServer[Face]:
    """A server for the runs of `hub`, which may start workflows below `roots`.

    While it is up it wakes runs as they come up, unless another process does. This process ends
    when `client` is not its parent any more.
    """

    @asynccontextmanager
    async def lifespan(_: MCPServer[Face]) -> AsyncGenerator[Face]:
        face = Face(hub=hub, roots=Roots(roots), watch=Watch(hub))
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(face.watch.run(), name="watch")]
            if client is not None:
                beside.append(group.create_task(_leave_with(client), name="leave"))
            if supervises:
                beside.append(group.create_task(hub.keep_supervising(_say), name="supervise"))
            try:
                yield face
            finally:
                for task in beside:
                    task.cancel()

    server = Server(
        "smithers",
        title="Smithers",
        version=smithers.__version__,
        instructions=_INSTRUCTIONS,
        lifespan=lifespan,
        log_level="WARNING",
        # A person may take hours to answer; the key lives as long as this process does.
        request_state_security=RequestStateSecurity.ephemeral(ttl=_DAY_S),
    )
    for tool, title, hints in _TOOLS:
        server.offer(masking(tool, hub.secrets), title, hints)
    return server


def serve(hub: Hub, roots: Sequence[Path]) -> None:
    """Serve over stdin and stdout until the client goes. The runs go on."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # A reader that waits for the client would keep it waiting; there is nothing to clean.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    with called_from(Origin(face="mcp")):
        make_server(hub, roots, client=os.getppid()).run("stdio")


async def _leave_with(client: int) -> None:
    """A killed client may leave its end of the pipe to a child, and then no end of file comes."""
    while os.getppid() == client:  # noqa: ASYNC110  # nothing tells of it
        await asyncio.sleep(_LOOKS_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _say(text: str) -> None:
    sys.stderr.write(f"smithers mcp: {plain(text)}\n")
