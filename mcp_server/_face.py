"""What every tool works with."""

from __future__ import annotations

from dataclasses import dataclass

from mcp.server.mcpserver import Context

from mcp_server._watch import Watch
from smithers.hub import Hub, Roots

__all__ = ["Face", "face_of"]


@dataclass(frozen=True, kw_only=True)
class Face:
    """The runs of one database, the folders that may be used, and the eye on what changes."""

    hub: Hub
    roots: Roots
    watch: Watch


def face_of(ctx: Context[Face]) -> Face:
    """What the server of a request has."""
    return ctx.request_context.lifespan_context
