"""`mcp`: other agents start and watch runs, over the Model Context Protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smithers.cli._arguments import Db, example
from smithers.cli._places import place
from smithers.errors import Refused
from smithers.hub import Hub

__all__ = ["register"]

Roots = Annotated[
    list[Path] | None,
    typer.Option(
        "--root",
        metavar="DIR",
        help="A folder whose workflows may be started, besides the current one.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        name="mcp",
        invoke_without_command=True,
        short_help="Let other agents start and watch runs.",
        help=example(
            "smithers mcp",
            says="Serve MCP on stdin and stdout.",
        ),
    )
    group.callback()(mcp)
    app.add_typer(group)


def mcp(ctx: typer.Context, root: Roots = None, db: Db = None) -> None:
    if ctx.invoked_subcommand is None:
        serve(root or [], db)


def serve(roots: list[Path], db: Path | None) -> None:
    for folder in roots:
        if not folder.is_dir():
            raise Refused(f"--root {folder} is no folder", hint="name a folder that is there")
    import mcp_server

    mcp_server.serve(Hub(place(db).path), [Path.cwd(), *roots])
