"""The tool that checks a workflow which its caller writes. Its docstring is what a model reads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from mcp.server.elicitation import ElicitationResult
from mcp.server.mcpserver import Context, Resolve
from pydantic import Field

from mcp_server._errors import telling
from mcp_server._face import Face, face_of
from mcp_server._fitting import DEFAULT_TOKENS, MaxTokens, Rows, fit, room_of
from mcp_server._models import Authored
from mcp_server._permitting import Permission, permitted, source_permission, source_startable
from mcp_server._reading import AfterRest
from smithers.hub import Hub, Startable

__all__ = ["author_workflow"]

_PASSED = "write it into a file below the roots, such as .smithers/workflows, and call start_run"
_FAILED = "correct the source, and call author_workflow again"


async def author_workflow(
    ctx: Context[Face],
    source: Annotated[
        str,
        Field(
            description="The whole Python file of one workflow. It may import smithers, harnesses"
            " and installed packages, but no file of the project.",
            min_length=1,
            max_length=200_000,
        ),
    ],
    start: Annotated[Startable, Resolve(source_startable)],
    answered: Annotated[ElicitationResult[Permission], Resolve(source_permission)],
    input: Annotated[
        dict[str, Any] | None,
        Field(description="Build the tree for this input; if left out, one is made."),
    ] = None,
    after: AfterRest = None,
    max_tokens: MaxTokens = DEFAULT_TOKENS,
) -> Authored:
    """Check the source of a workflow, and write nothing. The source is executed in a process
    without network, secrets, programs and writes: it is imported, its tree is built, and it is run
    to its end with made outputs; no agent is asked. Get the tree, or each mistake with its place
    and what to write instead. The command `smithers docs` prints the manual.
    """
    hub = face_of(ctx).hub
    permitted(hub, start, answered, "author_workflow")
    return await asyncio.to_thread(_checked, hub, source, input, after, room_of(max_tokens))


def _checked(
    hub: Hub, source: str, input: dict[str, Any] | None, after: str | None, characters: int
) -> Authored:
    given = None if input is None else json.dumps(input, ensure_ascii=False)
    with telling(hub):
        found = hub.check_source(source, input=given).to_json()
    head = {
        "passes": found["passes"],
        "workflow": found["workflow"],
        "agents": found.get("agents", []),
        "agent_calls": found.get("agent_calls"),
        "next": _PASSED if found["passes"] else _FAILED,
    }
    parts = {
        "findings": Rows([{**one, "place": _place(one["place"])} for one in found["findings"]]),
        "tree": Rows(list(_nodes(found["tree"], 0)) if found.get("tree") else []),
        "unknown": Rows(found.get("unknown", [])),
    }
    fitted = fit(hub.secrets, head, parts, after=after, characters=characters)
    return Authored.model_validate(fitted)


def _nodes(node: Mapping[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    """The node and all below it, in document order."""
    own = {name: node[name] for name in ("id", "kind", "agents", "waits")}
    yield {"depth": depth, **own, "place": _place(node["place"])}
    for child in node["children"]:
        yield from _nodes(child, depth + 1)


def _place(place: Mapping[str, Any] | None) -> str | None:
    return None if place is None else f"{place['file']}:{place['line']}:{place['column']}"
