"""Smithers as an MCP server: agents start runs, watch and steer them; the runs live elsewhere.

A face over `Hub`, with no logic of its own. The SDK is imported when a server is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_server._server import make_server, serve

__all__ = ["make_server", "serve"]


def __getattr__(name: str) -> object:
    """The SDK costs a second, and `smithers mcp add` needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mcp_server import _server

    found: object = getattr(_server, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
