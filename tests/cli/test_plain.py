"""What is typed in the plainest way is read as typer reads it, and all else is left to typer."""

from __future__ import annotations

import random
import shlex
from importlib import import_module
from inspect import signature
from typing import Any

import pytest
import typer.main

from smithers.cli._app import app
from smithers.cli._plain import COMMANDS, plainly

_WORDS = (
    "r1",
    "a b",
    "0",
    "3",
    "2.5",
    "-1",
    "1e3",
    "1_0",
    "nan",
    "",
    "--",
    "x=y",
    " 4 ",
    "é",
    "true",
)


def _function(name: str) -> Any:
    module, _, function = COMMANDS[name].partition(":")
    return getattr(import_module(f"smithers.cli.{module}"), function or name)


def _of_typer(name: str) -> Any:
    command: Any = typer.main.get_command(app)
    return command.commands[name]


def _by_typer(command: Any, words: list[str]) -> dict[str, object] | None:
    """What typer reads; None where it refuses."""
    try:
        context = command.make_context("smithers", list(words))
    except Exception:
        return None
    names = {one.name for one in command.params}
    read: dict[str, Any] = {one: value for one, value in context.params.items() if one in names}
    return {one: [*value] if isinstance(value, tuple) else value for one, value in read.items()}


def test_every_command_that_is_no_group_is_here() -> None:
    named = {one.name: one.callback for one in app.registered_commands if not one.hidden}
    assert {*COMMANDS} == {*named, "mcp"}
    for name, callback in named.items():
        assert getattr(callback, "__wrapped__", None) is _function(str(name))


@pytest.mark.sampled(13)
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_what_is_read_plainly_is_what_typer_reads(name: str) -> None:
    command, function = _of_typer(name), _function(name)
    chosen = random.Random(name)
    options = [one for param in command.params for one in param.opts if one.startswith("-")]
    plain: int = 0
    for _ in range(5000):
        if plain == 25:
            break
        words = chosen.choices((*_WORDS, *options, *options), k=chosen.randrange(6))
        words = [f"{one}=3" if one in options and chosen.random() < 0.2 else one for one in words]
        if (read := plainly(function, words)) is None:
            continue
        plain += 1
        theirs = _by_typer(command, words)
        assert theirs is not None, shlex.join(words)
        bound = signature(function).bind(**read)
        bound.apply_defaults()
        assert {one: value or None for one, value in bound.arguments.items()} == {
            one: value or None for one, value in theirs.items()
        }, shlex.join(words)
    assert plain == 25
