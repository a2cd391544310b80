"""Bare `mcp`: what a client starts and waits for, so it comes without typer."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from smithers.cli._failures import Usage
from smithers.cli._places import place
from smithers.cli._signals import SIGNALS
from smithers.cli._streams import is_terminal, say
from smithers.hub import Hub

__all__ = ["folder_at", "plain_mcp", "serve"]


def plain_mcp(arguments: Sequence[str]) -> tuple[list[Path], Path | None] | None:
    """The roots and the database of an `mcp` that is to serve, typed in the plainest way."""
    if arguments[:1] != ["mcp"]:
        return None
    roots: list[Path] = []
    db: Path | None = None
    rest = list(arguments[1:])
    while rest:
        if rest[0] not in ("--root", "--db") or len(rest) < 2 or rest[1].startswith("-"):
            return None
        option, value = rest.pop(0), Path(rest.pop(0))
        if option == "--root":
            roots.append(value)
        else:
            db = value
    return roots, db


def serve(roots: Sequence[Path], db: Path | None) -> int:
    """Serve until the client goes."""
    allowed = [Path.cwd(), *map(folder_at, roots)]
    hub = Hub(place(db).path)
    from mcp_server import serve as serve_stdio

    if is_terminal(sys.stdin):
        say("serving MCP on stdin and stdout, for a client; add it to one with `smithers mcp add`")
    # A reader that waits for the client would keep the end waiting, and there is nothing to clean.
    with SIGNALS.handled(SIGNALS.exit):
        serve_stdio(hub, allowed)
    return 0


def folder_at(root: Path) -> Path:
    """A folder that was named with `--root`."""
    if not root.is_dir():
        raise Usage(f"--root {root} is not a folder", hint="name an existing folder")
    return root.absolute()
