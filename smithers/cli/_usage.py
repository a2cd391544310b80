"""Usage lines, help and errors of arguments in plain words: what typer writes about Python's types
stays out of them.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, get_args, get_origin

import typer
from typer.core import TyperCommand

from smithers.cli._arguments import Argument, Option
from smithers.cli._failures import Usage

__all__ = ["for_typer", "plain_commands", "usage_error"]

_PIECE = re.compile(r"[\[{](.+)[\]}](?:\.\.\.)?")
_TYPE = re.compile(r" <[^ ]+>$")
_REQUIRED = re.compile(r" *\[required\]|; required(?=\])")
_RANGES = (
    (re.compile(r"\b([\d.]+)<=x<=([\d.]+)"), r"\1 to \2"),
    (re.compile(r"\bx>=([\d.]+)"), r"at least \1"),
    (re.compile(r"\bx<=([\d.]+)"), r"at most \1"),
)
_VALUES = (
    (re.compile(r"greater than or equal to (\S+)|not in the range x>=(\S+)\."), "at least {}"),
    (re.compile(r"less than or equal to (\S+)|not in the range x<=(\S+)\."), "at most {}"),
    (re.compile(r"(?i)integer"), "a whole number"),
    (re.compile(r"(?i)number|float"), "a number"),
)


class _Command(TyperCommand):
    """A command that writes `RUN [TASK]` in its usage line, and names alone in its help."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [_piece(piece) for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        write = formatter.write_dl

        def write_plain(rows: list[tuple[str, str]], *more: Any, **named: Any) -> None:
            write([(_TYPE.sub("", name), _plain(help)) for name, help in rows], *more, **named)

        formatter.write_dl = write_plain
        super().format_options(ctx, formatter)
        formatter.write_dl = write


def plain_commands(app: typer.Typer) -> None:
    """Have all commands of an app, and of its groups, write their usage plainly."""
    for command in app.registered_commands:
        if command.callback is not None:
            command.callback = for_typer(command.callback)
        command.cls = _Command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            plain_commands(group.typer_instance)


def for_typer(command: Callable[..., object]) -> Callable[..., object]:
    """A command whose arguments typer understands."""
    signature = inspect.signature(command, eval_str=True)
    parameters = [
        one.replace(annotation=_typed(one.annotation)) for one in signature.parameters.values()
    ]

    @wraps(command)
    def call(**given: object) -> object:
        return command(**given)

    call.__annotations__ = {}
    call.__dict__["__signature__"] = signature.replace(parameters=parameters)
    return call


def _typed(annotation: object) -> object:
    if get_origin(annotation) is not Annotated:
        return annotation
    kind, said = get_args(annotation)
    if isinstance(said, Option):
        return Annotated[kind, typer.Option(*said.names, **said.told)]
    if isinstance(said, Argument):
        return Annotated[kind, typer.Argument(**said.told)]
    return annotation


def _piece(text: str) -> str:
    """A piece of a usage line.

    >>> [_piece(text) for text in ("{RUN}", "[[TASK]]", "[FILE]", "[[FILE]...]...")]
    ['RUN', '[TASK]', '[FILE]', '[FILE]...']
    """
    found = _PIECE.fullmatch(text)
    if found is None:
        return text
    inner = found[1]
    return inner if text.startswith("{") or inner.startswith("[") else f"[{inner}]"


def _plain(help: str) -> str:
    """The help of an argument or an option.

    >>> _plain("The id.  [required]"), _plain("Seconds.  [default: 60.0; x>=0]")
    ('The id.', 'Seconds.  [default: 60; at least 0]')
    >>> _plain("The address.  [default: 127.0.0.1]")
    'The address.  [default: 127.0.0.1]'
    """
    help = re.sub(r"(\[default: \d+)\.0(?![.\d])", r"\1", _REQUIRED.sub("", help))
    for pattern, words in _RANGES:
        help = pattern.sub(words, help)
    return help


def usage_error(error: BaseException) -> Usage:
    """An error of the arguments in our words; typer's own for what it says well."""
    path = getattr(getattr(error, "ctx", None), "command_path", "smithers")
    hint = f"run `{path} --help`"
    match type(error).__name__:
        case "MissingParameter":
            said = f"{_name(error)} is missing"
        case "NoSuchOption":
            said = f"unknown option {getattr(error, 'option_name', '')}"
            if near := sorted(getattr(error, "possibilities", None) or ()):
                said += f"; did you mean {' or '.join(near)}?"
        case "BadOptionUsage":
            said = f"{getattr(error, 'option_name', '')} needs a value"
        case "BadParameter":
            said = _bad_value(error)
        case _:
            said = str(getattr(error, "format_message", lambda: str(error))())
            said = re.sub(r"^Got unexpected extra arguments?(?:\(s\))? \((.*)\)$", _extra, said)
    return Usage(said, hint=hint)


def _bad_value(error: BaseException) -> str:
    message = str(getattr(error, "message", error))
    for pattern, words in _VALUES:
        if found := pattern.search(message):
            bound = next((group for group in found.groups() if group), "")
            return f"{_name(error)} must be {words.format(bound)}"
    return f"{_name(error)}: {message}"


def _name(error: BaseException) -> str:
    """What is typed for the parameter of an error: its option, or its name in the usage line."""
    parameter = getattr(error, "param", None)
    if parameter is None:
        return "the value"
    options: list[str] = parameter.opts
    if options[0].startswith("-"):
        return max(options, key=len)
    found = re.search(r"[A-Z-]*[A-Z]", str(parameter.metavar or parameter.name.upper()))
    return "argument" if found is None else found[0]


def _extra(found: re.Match[str]) -> str:
    return f"unexpected argument: {found[1]}"
