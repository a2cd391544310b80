"""`mcp`: the server for agents.

The package of the server is imported when something of it runs, and by no other command: another
distribution may have written into its folder.
"""

from __future__ import annotations

import typer

from smithers.cli._arguments import Db, example
from smithers.cli._failures import Usage
from smithers.cli._serving import Roots
from smithers.cli._serving import serve as serve_stdio
from smithers.cli._usage import for_typer, plain_commands

__all__ = ["register", "register_clients"]

_GROUP = typer.Typer(name="mcp", rich_markup_mode=None, invoke_without_command=True)


def register(app: typer.Typer) -> None:
    app.add_typer(
        _GROUP,
        short_help="Let agents start, watch and steer runs over MCP.",
        help=example(
            "smithers mcp",
            "smithers mcp --root ~/flows",
            says="Serve MCP on stdin and stdout for the client that starts this command:"
            " agents start runs, wait for them and read them; a person decides"
            " approvals. Each run has its own process. While the server is running,"
            " it wakes runs as `smithers supervise` does. `smithers mcp add` adds"
            " the server to a client's settings.",
        ),
    )
    _GROUP.callback()(for_typer(serve))


def register_clients() -> None:
    """Add the commands that edit the settings of clients."""
    if not _GROUP.registered_commands:
        from smithers.cli._mcp_clients import register

        register(_GROUP)
        plain_commands(_GROUP)


def serve(
    context: typer.Context,
    roots: Roots = None,
    db: Db = None,
) -> None:
    if context.invoked_subcommand is not None:
        if roots or db:
            raise Usage(
                f"--root and --db must come after {context.invoked_subcommand}, not before it",
                hint=f"run `smithers mcp {context.invoked_subcommand} --help`",
            )
        return
    serve_stdio(roots, db)
