"""A result as its client receives it: the data once, and a line of text beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from mcp.types import CallToolResult, TextContent

__all__ = ["shaped"]

_STRUCTURED_SINCE = "2025-06-18"
"""The first version of the protocol that has structured content."""

_MOST = 240


def shaped(tool: str, result: CallToolResult, version: str | None) -> CallToolResult:
    """The result with one line as its text; for an older client with its data as text alone."""
    data = result.structured_content
    if data is None:
        return result
    if version is not None and version < _STRUCTURED_SINCE:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return CallToolResult(content=[TextContent(type="text", text=text)])
    line = " ".join(_LINES[tool](data).split())
    line = line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"
    return CallToolResult(content=[TextContent(type="text", text=line)], structured_content=data)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _page(data: Mapping[str, Any], number: int, noun: str) -> str:
    follows = data.get("rest") or data.get("more")
    return f"{_counted(number, noun)}{'; more follow' if follows else ''}"


def _run(data: Mapping[str, Any]) -> str:
    run_id, sentence = str(data["run_id"]), str(data["sentence"])
    return sentence if sentence.startswith(run_id) else f"{run_id}: {sentence}"


def _diff(data: Mapping[str, Any]) -> str:
    if data["equal"]:
        return "nothing differs"
    return _page(data, len(data["differences"]), "difference")


def _authored(data: Mapping[str, Any]) -> str:
    if data["passes"]:
        return f"{data['workflow']} passes; {data['next']}"
    errors = sum(one["level"] == "error" for one in data["findings"])
    return f"{_page(data, errors, 'mistake')}; {data['next']}"


_ANSWERED = {None: "answered", True: "approved", False: "denied"}
_LINES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "list_workflows": lambda data: _page(data, len(data["workflows"]), "workflow"),
    "author_workflow": _authored,
    "start_run": lambda data: f"{data['run_id']} is {data['status']}; {data['next']}",
    "wait_run": _run,
    "get_run": _run,
    "list_runs": lambda data: _page(data, len(data["runs"]), "run"),
    "get_task": lambda data: f"{data['id']} of {data['run_id']} is {data['state']}",
    "get_transcript": lambda data: _page(data, len(data["entries"]), "part"),
    "get_events": lambda data: _page(data, len(data["events"]), "event"),
    "explain_run": _run,
    "list_asks": lambda data: _page(data, len(data["asks"]), "open question"),
    "get_timeline": lambda data: _page(data, len(data["frames"]), "frame"),
    "diff_runs": _diff,
    "cancel_run": lambda data: f"{data['run_id']}: {data['outcome']}",
    "resume_run": lambda data: f"{data['run_id']} is {data['status']}: {data['why']}",
    "retry_task": lambda data: f"{data['run_id']} is {data['status']}; {data['next']}",
    "fork_run": lambda data: (
        f"{data['run_id']} is a fork of {data['source']} at frame {data['frame']}; {data['next']}"
    ),
    "steer_run": lambda data: f"message {data['id']} is {data['state']}",
    "send_event": lambda data: f"event {data['id']} of {data['run_id']}: {data['outcome']}",
    "answer": lambda data: f"{data['task']} was {_ANSWERED[data['approved']]} by {data['by']}",
}
