"""Tools in the items of a Codex turn, as both of its interfaces tell them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harnesses._json import list_of, object_of
from smithers.agent import ToolCalled, ToolReturned

__all__ = ["called", "returned"]

_TOOLS = {
    "commandExecution": ("shell", ("command", "cwd")),
    "command_execution": ("shell", ("command",)),
    "fileChange": ("apply_patch", ("changes",)),
    "file_change": ("apply_patch", ("changes",)),
    "webSearch": ("web_search", ("query",)),
    "web_search": ("web_search", ("query",)),
    "imageView": ("view_image", ("path",)),
    "dynamicToolCall": ("", ("arguments",)),
    "mcpToolCall": ("", ("arguments",)),
    "mcp_tool_call": ("", ("arguments",)),
}
"""Name and arguments by type of item; a nameless one brings its name along."""
_GOOD = ("completed", "inProgress", "in_progress", None)


def called(item: Mapping[str, Any]) -> Iterator[ToolCalled]:
    """The call that an item begins with, if it is that of a tool."""
    if (known := _TOOLS.get(str(item.get("type")))) is None:
        return
    name, fields = known
    if name:
        arguments = {field: item[field] for field in fields if field in item}
    else:
        server, tool = item.get("server"), str(item.get("tool", "tool"))
        name = f"mcp__{server}__{tool}" if server else tool
        arguments = object_of(item.get("arguments"))
    yield ToolCalled(call=str(item.get("id", "")), name=name, arguments=arguments)


def returned(item: Mapping[str, Any]) -> Iterator[ToolReturned]:
    """The result that an item ends with, if it is that of a tool."""
    if str(item.get("type")) not in _TOOLS:
        return
    code = item.get("exitCode", item.get("exit_code"))
    failed = item.get("status") not in _GOOD or code not in (None, 0) or bool(item.get("error"))
    yield ToolReturned(call=str(item.get("id", "")), text=_text(item), failed=failed)


def _text(item: Mapping[str, Any]) -> str:
    for field in ("aggregatedOutput", "aggregated_output"):
        if item.get(field) is not None:
            return str(item[field])
    if error := object_of(item.get("error")):
        return str(error.get("message", ""))
    content = list_of(object_of(item.get("result")).get("content")) or list_of(
        item.get("contentItems")
    )
    if content:
        return "\n".join(str(object_of(part).get("text", "")) for part in content)
    if changes := list_of(item.get("changes")):
        return "\n".join(_change(object_of(each)) for each in changes)
    return str(item.get("status") or "")


def _change(change: Mapping[str, Any]) -> str:
    kind = change.get("kind")
    said = object_of(kind).get("type", kind) if not isinstance(kind, str) else kind
    return f"{said} {change.get('path', '')}" if said else json.dumps(change)
