"""The commands in one place, and the arguments that typer cannot take as they are typed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from smithers.cli import (
    _answering,
    _asking,
    _attaching,
    _auditing,
    _authoring,
    _cache,
    _checking,
    _configuring,
    _deciding,
    _demo,
    _doctor,
    _evaluating,
    _forking,
    _graphing,
    _harness,
    _initializing,
    _manual,
    _mcp,
    _opening,
    _patterns,
    _proving,
    _raising,
    _reading,
    _recording,
    _replaying,
    _running,
    _sending,
    _service,
    _steering,
    _supervising,
    _tokens,
    _travelling,
    _trusting,
    _web,
    _workflows,
)
from smithers.cli._arguments import as_typed
from smithers.cli._failures import OnlyHelp
from smithers.cli._signals import SIGNALS
from smithers.cli._usage import plain_commands, usage_error

__all__ = ["app", "call"]

app = typer.Typer(
    name="smithers",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="\b\n  $ smithers demo\n  $ smithers up ship_it.py\n\n"
    "Run workflows of AI agents that survive crashes.",
)
_MODULES = (
    _running,
    _reading,
    _graphing,
    _travelling,
    _forking,
    _replaying,
    _evaluating,
    _proving,
    _auditing,
    _asking,
    _deciding,
    _answering,
    _sending,
    _raising,
    _steering,
    _attaching,
    _supervising,
    _service,
    _tokens,
    _trusting,
    _configuring,
    _cache,
    _initializing,
    _authoring,
    _checking,
    _workflows,
    _patterns,
    _manual,
    _mcp,
    _web,
    _opening,
    _demo,
    _doctor,
    _recording,
    _harness,
)
for _module in _MODULES:
    _module.register(app)
plain_commands(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        from smithers import __version__

        sys.stdout.write(f"smithers {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction]  # typer calls it
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    del version


_UsageError = typer.BadParameter.__mro__[1]
"""What typer raises for arguments that do not fit; older ones take it from click."""


def call(arguments: Sequence[str]) -> int:
    """Run the command that was typed; its exit code. Raises `Usage` for one that does not fit."""
    if arguments[:1] == ["mcp"] or "_SMITHERS_COMPLETE" in os.environ:
        _mcp.register_clients()
    try:
        code: object = app(as_typed(arguments), prog_name="smithers", standalone_mode=False)
    except Exception as error:
        if isinstance(error, _UsageError):
            raise _ours(error) from None
        raise
    if SIGNALS.raised is not None:  # typer makes an exit code of it
        raise SIGNALS.raised
    return code if isinstance(code, int) else 0


def _ours(error: BaseException) -> Exception:
    """An error of the arguments in our words."""
    if type(error).__name__.startswith("NoArgsIsHelp"):
        return OnlyHelp(str(error))
    return usage_error(error)
