"""What is wrong with the arguments of a call, in words that name the argument and what it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, cast

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import ValidationError

from mcp_server._errors import failure

__all__ = ["misfit", "unknown_arguments", "unknown_tool"]

_WORDS = {"integer": "an integer", "array": "a list", "object": "an object", "null": "null"}


def unknown_tool(name: str, tools: list[str]) -> ToolError:
    """The error for a call of a tool that there is not."""
    near = get_close_matches(name, tools, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return failure(
        "NOT_FOUND", f"there is no tool {name!r}", f"{meant}the tools are: {', '.join(tools)}"
    )


def unknown_arguments(
    tool: str, schema: Mapping[str, Any], given: Mapping[str, Any]
) -> ToolError | None:
    """The error for arguments that the tool does not take, if there are any."""
    known = list(schema["properties"])
    unknown = [name for name in given if name not in known]
    if not unknown:
        return None
    first = unknown[0]
    near = get_close_matches(first, known, n=1)
    named = ", ".join(repr(name[:80]) for name in unknown[:5])
    meant = f"did you mean {near[0]!r}? " if near else ""
    what = "no argument" if len(unknown) == 1 else "no arguments"
    return failure(
        "INVALID_ARGUMENT",
        f"{tool} takes {what} {named}",
        f"{meant}it takes: {', '.join(known)}",
    )


def misfit(tool: str, schema: Mapping[str, Any], error: ValidationError) -> ToolError:
    """The error for arguments that do not fit the tool's schema."""
    said: dict[str, str] = {}
    for one in error.errors():
        name = str(one["loc"][0])
        if name in said:
            continue
        field = schema["properties"][name]
        if one["type"] == "missing":
            said[name] = f"{tool} needs {name!r}, {_takes(field)}"
        else:
            said[name] = f"{name!r} must be {_takes(field)}, not {_shown(one['input'])}"
    return failure(
        "INVALID_ARGUMENT", "; ".join(said.values()), "call it again with that corrected"
    )


def _takes(field: Mapping[str, Any]) -> str:
    """What fits a schema of one argument, in words.

    >>> _takes({"type": "integer", "minimum": 1, "maximum": 100})
    'an integer, 1 to 100'
    >>> _takes({"anyOf": [{"enum": ["done", "change"]}, {"type": "null"}]})
    '"done" or "change" or null'
    """
    if "anyOf" in field:
        return " or ".join(_takes(one) for one in cast("list[dict[str, Any]]", field["anyOf"]))
    if "enum" in field:
        return " or ".join(json.dumps(value) for value in field["enum"])
    kind = str(field.get("type", "any value"))
    words = _WORDS.get(kind, f"a {kind}")
    return f"{words}{_bounds(field)}"


def _bounds(field: Mapping[str, Any]) -> str:
    low = field.get("minimum")
    above = field.get("exclusiveMinimum")
    high = field.get("maximum")
    if low is not None and high is not None:
        return f", {low:g} to {high:g}"
    if above is not None and high is not None:
        return f" above {above:g}, {high:g} at most"
    if "minLength" in field and "maxLength" in field:
        return f" of {field['minLength']} to {field['maxLength']} characters"
    return ""


def _shown(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
