"""Every hint in the code is in one of four tables, and those that can be followed are followed.

A new hint makes `test_every_hint_is_in_a_table` fail. Where it belongs:

- it names a command or an option of ours: a scene in `arguments.py`, `runs.py` or `states.py`;
- it says how to correct a workflow: the file before and after in `files.py`, or a mistake in
  `tests/mistakes/table.py`;
- another test follows it, with a disk or a second process: `TESTED` in `tested.py`;
- it is advice that nothing here can follow: its kind in `WORDS` of `words.py`.
"""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from smithers.cli._app import app
from smithers.cli._mcp import register_clients
from tests.checks.table_more import MORE
from tests.hints.files import FILES, follow_in_file
from tests.hints.found import ROOT, hints, texts_of
from tests.hints.scenes import SCENES
from tests.hints.shell import Shell, error_of
from tests.hints.tested import TESTED
from tests.hints.words import WORDS
from tests.mistakes.table import MISTAKES
from tests.places import MCP_SERVER, SMITHERS

_TABLES = (SCENES, FILES, TESTED, WORDS)
_OURS = re.compile(r"`(smithers [^`]*)`")
_WHOLE = re.compile(r"smithers [a-z]+( .*)?")
_HEADS = ("smithers budget",)
"""Commands that the code puts together from words."""


def test_every_hint_is_in_a_table() -> None:
    missing = [
        str(one)
        for one in hints()
        if not any(one.words in table for table in _TABLES) and not _corrects(one.words)
    ]
    assert not missing, "\n".join(missing)


def _corrects(words: str) -> bool:
    """Whether a mistake of an author gets this hint: all of it, or of those of `check` its part."""
    pattern = re.compile(".*".join(map(re.escape, words.split("…"))))
    is_found = any(pattern.fullmatch(one.hint) for one in MISTAKES)
    return is_found or any(one.hint and one.hint in words for one in MORE)


def test_no_table_has_a_hint_that_is_gone() -> None:
    known = {one.words for one in hints()}
    gone = [words for table in _TABLES for words in table if words not in known]
    assert not gone, "\n".join(gone)


def test_a_hint_with_a_command_of_ours_is_tried() -> None:
    for one in hints():
        if _OURS.search(one.words) and not one.file.startswith("mcp_server/"):
            assert one.words in SCENES or one.words in TESTED, f"{one} needs a scene"


def test_the_tests_that_follow_hints_exist() -> None:
    for test in TESTED.values():
        file, name = test.split("::")
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(), test


@pytest.mark.sampled(16)
@pytest.mark.parametrize("hint", SCENES)
def test_what_a_hint_says_helps(hint: str, tmp_path: Path) -> None:
    failed, helped = SCENES[hint](Shell(tmp_path))
    told = failed.err + failed.out
    assert failed.code != 0, failed
    assert all(part.split("`")[0] in told for part in hint.split("…")), f"{hint!r}:\n{told}"
    assert helped.code in (0, 3), f"after {hint!r}:\n{helped.err}"
    assert error_of(failed) not in helped.err.splitlines()


@pytest.mark.sampled(16)
@pytest.mark.parametrize("hint", FILES)
def test_a_file_that_is_corrected_as_its_hint_says_works(hint: str, tmp_path: Path) -> None:
    follow_in_file(tmp_path, hint, *FILES[hint])


def test_every_command_that_the_code_prints_has_arguments_that_exist() -> None:
    found = set(_commands())
    assert len(found) > 50
    for words in sorted(found):
        _parse(shlex.split(words)[1:])


def _commands() -> Iterator[str]:
    """The commands in all texts of the code, with x for each part that is filled in."""
    for package in (SMITHERS, MCP_SERVER):
        for path in package.rglob("*.py"):
            for text in texts_of(path):
                given = text.replace("…", "x").replace("{}", "x")
                yield from _OURS.findall(given)
                if _WHOLE.fullmatch(given) and given not in _HEADS:
                    yield given.split(" < ")[0].split(" > ")[0]


@functools.cache
def _whole() -> Any:
    register_clients()
    return typer.main.get_command(app)


def _parse(arguments: list[str]) -> None:
    """Parse a command as typer does, without calling it."""
    command = _whole()
    while hasattr(command, "commands") and arguments[:1] and arguments[0] in command.commands:
        command, arguments = command.commands[arguments[0]], arguments[1:]
    if arguments in (["x"], ["x", "--help"]):  # any command
        return
    command.make_context("smithers", [one for one in arguments if one != "--help"])
