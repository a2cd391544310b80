"""A small MCP server on stdio, as a person writes one: `python mcp_example.py [mode]`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("example")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
def refuse() -> str:
    """Refuses."""
    raise ToolError("not today")


@server.tool()
def environment() -> str:
    """Tells the environment, without what it must not hold."""
    return "\n".join(f"{name}={value}" for name, value in os.environ.items())


@server.tool()
def spawn() -> str:
    """Starts a process in a session of its own."""
    child = subprocess.Popen(["sleep", "300"], start_new_session=True)
    Path("spawned.pid").write_text(str(child.pid))
    return "spawned"


@server.tool()
def crash() -> str:
    """Ends the server."""
    os._exit(3)


@server.tool()
def dot() -> Image:
    """Shows a dot."""
    return Image(data=b"\x89PNG made up", format="png")


if __name__ == "__main__":
    Path("server.pid").write_text(str(os.getpid()))
    if "noisy" in sys.argv:
        print("hello from the server", flush=True)  # noqa: T201
    if "broken" in sys.argv:
        sys.exit("it cannot start")
    server.run("stdio")
