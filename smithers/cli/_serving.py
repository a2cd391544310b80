"""Bare `mcp`: what a client starts and waits for, so it must cost little."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from smithers.cli._arguments import Db, Option
from smithers.cli._failures import Usage
from smithers.cli._places import place
from smithers.cli._signals import SIGNALS
from smithers.cli._streams import is_terminal, say
from smithers.hub import Hub

__all__ = ["Roots", "folder_at", "serve"]

Roots = Annotated[
    list[Path] | None,
    Option(
        "--root",
        metavar="DIR",
        help="Also allow workflows in this folder to be started; repeatable.",
        show_default=False,
    ),
]


def serve(roots: Roots = None, db: Db = None) -> int:
    """Serve until the client goes."""
    allowed = [Path.cwd(), *map(folder_at, roots or ())]
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
