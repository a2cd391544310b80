"""The commands in one place, and what surrounds each of them: errors, signals, broken pipes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from smithers.cli import _deciding, _demo, _reading, _running
from smithers.cli._arguments import as_typed, wants_json
from smithers.cli._failures import REFUSED, Usage, error_data, tell
from smithers.cli._streams import give_json, prepare, quiet_end, say

__all__ = ["app", "run"]

app = typer.Typer(
    name="smithers",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="\b\n  $ smithers demo\n  $ smithers up ship_it.py\n\n"
    "Run workflows of AI agents that survive crashes.",
)
for _module in (_running, _reading, _deciding, _demo):
    _module.register(app)


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


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    prepare()
    try:
        code = _command(as_typed(arguments), arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        quiet_end()
        return 0
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    return code


def _command(arguments: list[str], typed: Sequence[str]) -> int:
    try:
        code: object = app(arguments, prog_name="smithers", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        raise
    except Exception as error:
        told = _usage(error) if isinstance(error, _UsageError) else error
        if isinstance(told, _Help):
            say(told.text)
            return REFUSED
        if wants_json(typed):
            _give_error(told, typed)
        tell(told)
        return REFUSED


class _Help(Exception):
    """Nothing was asked for, so help is what there is to say."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def _usage(error: BaseException) -> Exception:
    """An error of the arguments in our words."""
    said = str(getattr(error, "format_message", lambda: str(error))())
    if type(error).__name__.startswith("NoArgsIsHelp"):
        return _Help(said)
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "smithers")
    return Usage(said, hint=f"see `{path} --help`")


def _give_error(error: Exception, arguments: Sequence[str]) -> None:
    """The one document of a command that could not do its work."""
    if arguments[0] in ("up", "resume"):
        _running.give_failure(error, arguments)
    else:
        give_json({"version": 1, "error": error_data(error)})
