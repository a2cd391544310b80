"""Asking a person, once, whether the workflow files of a folder may be executed at all."""

from __future__ import annotations

import asyncio
import shlex
from typing import Annotated, Literal

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context, Elicit, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from mcp_server._errors import failure, telling
from mcp_server._face import Face, face_of
from mcp_server._hints import typed
from mcp_server._roots import find_startable, running_folder
from smithers.hub import Hub, Startable, plain

__all__ = [
    "Permission",
    "permission",
    "permitted",
    "source_permission",
    "source_startable",
    "startable",
]


class Permission(BaseModel):
    """What a person is asked for. Nothing is chosen beforehand."""

    decision: Literal["trust", "refuse"] = Field(description="Trust the folder, or refuse.")


async def startable(ctx: Context[Face], workflow: str, cwd: str | None = None) -> Startable:
    """The workflow that is meant. Raises `ToolError`."""
    face = face_of(ctx)
    return await asyncio.to_thread(find_startable, face.roots, face.hub, workflow, cwd)


async def source_startable(ctx: Context[Face]) -> Startable:
    """A source that the caller gives: it is executed only where files are. Raises `ToolError`."""
    folder = running_folder(face_of(ctx).roots)
    return Startable(file=folder / "workflow.py", name=None, folder=folder, is_source=True)


async def permission(
    ctx: Context[Face], start: Annotated[Startable, Resolve(startable)]
) -> Permission | Elicit[Permission]:
    """Asks the person where the client has one, unless the file is trusted already."""
    return await _permission(ctx, start)


async def source_permission(
    ctx: Context[Face], start: Annotated[Startable, Resolve(source_startable)]
) -> Permission | Elicit[Permission]:
    """The same for a source."""
    return await _permission(ctx, start)


async def _permission(ctx: Context[Face], start: Startable) -> Permission | Elicit[Permission]:
    hub = face_of(ctx).hub
    with telling(hub):
        await asyncio.to_thread(hub.is_trusted)  # a database that nobody may trust is refused
    if await asyncio.to_thread(_is_permitted, hub, start):
        return Permission(decision="trust")
    capabilities = ctx.client_capabilities
    elicitation = None if capabilities is None else capabilities.elicitation
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        raise _untrusted(hub, start, "this client cannot ask a person")
    return Elicit(plain(_question(hub, start)), Permission)


def permitted(
    hub: Hub, start: Startable, answered: ElicitationResult[Permission], tool: str
) -> None:
    """Take the person's answer. Raises `ToolError` if it is not to trust the folder."""
    if not isinstance(answered, AcceptedElicitation):
        raise _untrusted(hub, start, f"the question was answered with {answered.action!r}")
    if answered.data.decision != "trust":
        raise _untrusted(hub, start, "the person refused")
    if not _is_permitted(hub, start):
        with telling(hub):
            hub.trust(tool, folders=[start.file.parent, start.folder])


def _is_permitted(hub: Hub, start: Startable) -> bool:
    return hub.may_import(start.file.parent) and hub.may_import(start.folder)


def _question(hub: Hub, start: Startable) -> str:
    what = f"run the workflow file {start.file}"
    if start.is_source:
        what = "check a workflow that it has written"
    return (
        f"An agent wants to {what} in {start.folder}, which executes it"
        " as you. You have not used Smithers there yet. Trust this folder?\n\nIf you do, runs in"
        f" {hub.database} are also resumed without asking."
    )


def _untrusted(hub: Hub, start: Startable, why: str) -> ToolError:
    command = f"smithers trust {shlex.quote(str(hub.database.absolute()))}"
    for folder in dict.fromkeys((start.file.parent, start.folder)):
        command += f" --folder {shlex.quote(str(folder))}"
    where = f"{start.file} is in a folder" if not start.is_source else f"{start.folder} is a folder"
    return failure(
        "UNTRUSTED",
        f"{why}; {where} that the person has not trusted yet",
        "tell the person to look at it, and to type in their own terminal:"
        f" {typed(command, hub.database)}",
    )
