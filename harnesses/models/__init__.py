"""Models as agents, through their vendors' packages; Smithers runs the tool loop.

Each adapter is one file. The shared code, the loop, the sessions on disk and the tools, is in the
files that start with `_`. A vendor's package is imported when its agent runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harnesses.models._builtin import bash, edit, grep, read, write
    from harnesses.models._mcp import McpServer
    from harnesses.models._prices import Price
    from harnesses.models._tools import Tool
    from harnesses.models.anthropic import Anthropic
    from harnesses.models.google import Google
    from harnesses.models.litellm import LiteLLM
    from harnesses.models.openai import OpenAI

__all__ = [
    "Anthropic",
    "Google",
    "LiteLLM",
    "McpServer",
    "OpenAI",
    "Price",
    "Tool",
    "bash",
    "edit",
    "grep",
    "read",
    "write",
]

_HOMES = {
    "Anthropic": "harnesses.models.anthropic",
    "Google": "harnesses.models.google",
    "LiteLLM": "harnesses.models.litellm",
    "McpServer": "harnesses.models._mcp",
    "OpenAI": "harnesses.models.openai",
    "Price": "harnesses.models._prices",
    "Tool": "harnesses.models._tools",
    "bash": "harnesses.models._builtin",
    "edit": "harnesses.models._builtin",
    "grep": "harnesses.models._builtin",
    "read": "harnesses.models._builtin",
    "write": "harnesses.models._builtin",
}


def __getattr__(name: str) -> object:
    """Each is imported when it is used, as in `harnesses`."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
