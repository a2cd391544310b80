"""`python accepting.py RUN`: a client of a server of its own, with a "person" who accepts all."""

from __future__ import annotations

import asyncio
import sys

from mcp import Client, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitResult


async def accepts(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    return ElicitResult(action="accept", content={"decision": "approve", "note": "sure"})


async def main(run_id: str) -> None:
    """The server gets HOME, PATH and few other variables, as that of many a client does."""
    server = StdioServerParameters(command=sys.executable, args=["-m", "smithers", "mcp"])
    async with Client(server, elicitation_callback=accepts) as client:
        result = await client.call_tool("answer", {"run_id": run_id})
    sys.stdout.write(str(result.content))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
