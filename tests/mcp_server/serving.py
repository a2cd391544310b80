"""A project with workflows, its server here or in a process of its own, and a client for it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp.types import CallToolResult, ElicitRequestParams, ElicitResult, TextContent

from mcp_server import make_server
from smithers.hub import Hub

__all__ = ["ERAS", "Calls", "Era", "Project", "Said", "human", "in_both_eras", "in_one_era"]

Era = Literal["legacy", "2026-07-28"]
ERAS: tuple[Era, ...] = ("legacy", "2026-07-28")
in_both_eras = pytest.mark.parametrize("era", ERAS)
"""For what the protocol itself takes part in; else the older era is left to `make live`."""
in_one_era = pytest.mark.parametrize("era", ERAS[1:])
"""For what is decided behind the protocol, where a process is started for each answer."""
FLOWS = Path(__file__).with_name("flows.py")
Human = Callable[[str], Awaitable[ElicitResult]]


@dataclass(frozen=True)
class Said:
    """What a tool gave: its structured content, or the text of its error. `size` is how many
    characters the client received, and `line` the text beside the data.
    """

    data: dict[str, Any]
    error: str
    size: int
    line: str = ""

    def __getitem__(self, name: str) -> Any:
        assert not self.error, self.error
        return self.data[name]


class Calls:
    """A client that calls tools as a model would."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def __call__(self, tool: str, /, **arguments: Any) -> Said:
        return _said(await self.client.call_tool(tool, arguments))


def _said(result: CallToolResult) -> Said:
    size = len(result.model_dump_json(by_alias=True, exclude_none=True))
    (content,) = result.content
    assert isinstance(content, TextContent)
    if result.is_error:
        return Said({}, content.text, size)
    assert result.structured_content is not None
    return Said(result.structured_content, "", size, content.text)


class Project:
    """A folder with `.smithers/workflows/flows.py`, and a server for it."""

    def __init__(self, folder: Path, *, trusted: bool = True) -> None:
        self.folder = folder
        workflows = folder / ".smithers" / "workflows"
        workflows.mkdir(parents=True)
        shutil.copy(FLOWS, workflows / "flows.py")
        self.database = folder / ".smithers" / "smithers.db"
        self.environment = {
            name: text for name, text in os.environ.items() if not name.startswith("SMITHERS")
        }

        if trusted:
            self.hub.trust("mcp add")

    @property
    def hub(self) -> Hub:
        return Hub(self.database, environment=self.environment)

    @asynccontextmanager
    async def client(
        self,
        era: Era,
        *,
        answers: Human | None = None,
        roots: Sequence[Path] = (),
        supervises: bool = False,
    ) -> AsyncGenerator[Calls]:
        """A client of a server in this process."""
        server = make_server(self.hub, [self.folder, *roots], supervises=supervises)
        async with Client(server, mode=era, elicitation_callback=_callback(answers)) as client:
            yield Calls(client)

    @asynccontextmanager
    async def stdio(
        self, era: Era, *arguments: str, env: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Calls]:
        """A client of a server in a process of its own."""
        command = ["-m", "smithers", "mcp", *arguments]
        parameters = StdioServerParameters(
            command=sys.executable,
            args=command,
            cwd=str(self.folder),
            env={**self.environment, **(env or {})},
        )
        async with Client(parameters, mode=era) as client:
            yield Calls(client)


def human(action: Literal["accept", "decline", "cancel"], **content: Any) -> Human:
    """A person who answers every question in one way."""

    async def answers(_: str) -> ElicitResult:
        return ElicitResult(action=action, content=dict(content) if content else None)

    return answers


def _callback(answers: Human | None) -> Any:
    if answers is None:
        return None

    async def ask(_: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        return await answers(params.message)

    return ask
