"""Hints: a tool's caller is told of tools, a person of commands, which work with any PATH."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

__all__ = ["TOOLS", "for_tools", "tool_of", "typed"]

TOOLS = {
    "asks": "list_asks",
    "cancel": "cancel_run",
    "diff": "diff_runs",
    "events": "get_events",
    "fork": "fork_run",
    "graph": "get_run",
    "inspect": "get_run",
    "logs": "get_transcript",
    "ps": "list_runs",
    "resume": "resume_run",
    "retry": "retry_task",
    "send": "send_event",
    "steer": "steer_run",
    "timeline": "get_timeline",
    "up": "start_run",
    "why": "explain_run",
    "workflows": "list_workflows",
}
"""The commands whose work a tool does as well."""

_NO_DATABASE = frozenset({"config", "demo", "doctor", "harness", "record", "replay", "trust"})
_COMMAND = re.compile(r"`(smithers ([a-z]+)[^`]*)`")
_BARE = re.compile(r"(?<![`\w])(smithers trust [^`\n]*)$")


def for_tools(hint: str, database: Path) -> str:
    """A hint for a tool's caller: a command whose work a tool does is replaced by the tool's name;
    any other is written so that a person can type it anywhere.

    >>> for_tools("list the runs with `smithers ps`", Path("/r.db"))
    'list the runs with list_runs'
    """

    def name(found: re.Match[str]) -> str:
        command, verb = found.groups()
        if verb in TOOLS:
            return TOOLS[verb]
        return f"`{typed(command, database)}` (a person types that)"

    hint = _COMMAND.sub(name, hint)
    return _BARE.sub(lambda found: typed(found[1], database), hint)


def tool_of(command: str | None) -> str | None:
    """The tool that does the work of a command; None if only a person can."""
    words = (command or "").split()
    return TOOLS.get(words[1]) if words[:1] == ["smithers"] and len(words) > 1 else None


def typed(command: str, database: Path) -> str:
    """A command for a person, who may type it in any folder and with any PATH."""
    verb = command.split()[1]
    program = f"{shlex.quote(sys.executable)} -P -m {command}"
    if verb in _NO_DATABASE or " --db " in command or "--help" in command:
        return program
    return f"{program} --db {shlex.quote(str(database.absolute()))}"
