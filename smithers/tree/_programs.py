"""A program to run, as a value: what of it an author gives, checked before anything starts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict

from smithers.tree._checks import check_number, wrong
from smithers.tree._handles import NODE_MARK, shown
from smithers.tree._outputs import Output, output_of
from smithers.tree._places import Mark
from smithers.values import dataclass

__all__ = [
    "Completed",
    "Program",
    "check_exit_codes",
    "checked_cwd",
    "checked_env",
    "checked_program",
    "checked_stdin",
    "checked_words",
]

_READ = "read the output of a task with ctx[task] in a callable"


class Completed(BaseModel):
    """How a program ended, and what it wrote.

    `exit_code` is minus the number of the signal for a program that a signal ended. Of a stream
    longer than 1 MiB the text is its end, after a line that says how much was omitted and which
    file has all of it. Bytes that are not UTF-8 are U+FFFD here; the file has them as they were.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    exit_code: int
    stdout: str
    stderr: str
    duration_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A program to run once. `cwd` is relative to the run's folder, and `env` is added to the
    environment of the run. `check` fails for an exit code other than 0.
    """

    argv: tuple[str, ...]
    cwd: Path | None
    env: Mapping[str, str]
    stdin: bytes | None
    check: bool
    output: Output[Any]
    timeout_s: float | None
    idle_s: float | None


def checked_words(mark: Mark, who: str, argv: object, *, shell: bool) -> tuple[str, ...]:
    """The words of a command. Raises `AuthorError`."""
    if shell:
        if not isinstance(argv, str | Path):
            said = f"the argv of {who} must be a string, since it has shell=True, not {shown(argv)}"
            wrong(mark, said, "write one string for the shell, or leave out shell=True")
        return ("/bin/sh", "-c", _word(mark, f"the argv of {who}", argv))
    given = shown(argv)
    if isinstance(argv, str | bytes | Mapping) or not isinstance(argv, Iterable):
        said = f"the argv of {who} must be a list of words, not {given}"
        wrong(mark, said, 'write ["git", "status"], or shell=True with one string')
    words = tuple(
        _word(mark, f"word {place} of the argv of {who}", word)
        for place, word in enumerate(cast("Iterable[object]", argv))
    )
    if not words or not words[0]:
        wrong(mark, f"the argv of {who} names no program", 'write ["git", "status"]')
    return words


def _word(mark: Mark, what: str, word: object) -> str:
    if not isinstance(word, str | Path):
        hint = _READ if hasattr(word, "kind") else "write str(...)"
        wrong(mark, f"{what} must be a string or a path, not {shown(word)}", hint)
    return _passable(mark, what, str(word))


def _passable(mark: Mark, what: str, text: str) -> str:
    """A text that the system can pass to a program."""
    if NODE_MARK in text:
        wrong(mark, f"{what} contains the repr of a node", _READ)
    if "\0" in text:
        hint = "no program can receive one this way: pass the text with stdin=, or remove it"
        wrong(mark, f"{what} contains a NUL character", hint)
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        hint = "remove it: it is half of a character"
        wrong(mark, f"{what} contains a lone surrogate", hint)
    return text


def checked_cwd(mark: Mark, who: str, cwd: object) -> Path | None:
    """The folder of a command. Raises `AuthorError`."""
    if cwd is None:
        return None
    if not isinstance(cwd, str | Path):
        said = f"the cwd of {who} must be a path, not {shown(cwd)}"
        wrong(mark, said, "pass a path, for example cwd='site'")
    return Path(_passable(mark, f"the cwd of {who}", str(cwd)))


def checked_env(mark: Mark, who: str, env: object) -> Mapping[str, str]:
    """The variables of a command. Raises `AuthorError`."""
    if env is None:
        return {}
    if not isinstance(env, Mapping):
        said = f"the env of {who} must be a dict, not {shown(env)}"
        wrong(mark, said, 'write env={"NAME": "value"}; it is added to the environment of the run')
    found: dict[str, str] = {}
    for name, value in cast("Mapping[object, object]", env).items():
        if not isinstance(name, str) or not name or "=" in name:
            said = f"the env of {who} has the invalid name {shown(name)}"
            wrong(mark, said, 'write env={"NAME": "value"}')
        what = f"the variable {name} in the env of {who}"
        if not isinstance(value, str | Path):
            wrong(mark, f"{what} must be a string, not {shown(value)}", "write str(...)")
        found[_passable(mark, what, name)] = _passable(mark, what, str(value))
    return found


def checked_stdin(mark: Mark, who: str, stdin: object) -> bytes | None:
    """What a command reads. Raises `AuthorError`."""
    if stdin is None or isinstance(stdin, bytes):
        return stdin
    if not isinstance(stdin, str):
        hint = "pass text or bytes; of a model, model_dump_json()"
        wrong(mark, f"the stdin of {who} must be a string or bytes, not {shown(stdin)}", hint)
    if NODE_MARK in stdin:
        wrong(mark, f"the stdin of {who} contains the repr of a node", _READ)
    return stdin.encode("utf-8", "surrogateescape" if _is_escaped(stdin) else "replace")


def _is_escaped(text: str) -> bool:
    """Whether it has bytes that Python read from the system and could not decode."""
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def check_exit_codes(mark: Mark, who: str, output: object, *, check: bool) -> None:
    """Exit codes are data of `Completed` alone. Raises `AuthorError`."""
    if not isinstance(cast("object", check), bool):
        wrong(mark, f"the check of {who} must be True or False, not {shown(check)}")
    if not check and output is not Completed:
        wrong(
            mark,
            f"{who} has check=False, and its output= has no exit code",
            "leave out output=, so that it gives Completed, or leave out check=False",
        )


def checked_program(
    mark: Mark,
    who: str,
    argv: object,
    *,
    shell: bool,
    cwd: object,
    env: object,
    stdin: object,
    check: bool,
    output: Any,
    timeout_s: float | None,
    idle_s: float | None,
) -> Program:
    """A program of which everything is known. Raises `AuthorError`."""
    check_exit_codes(mark, who, output, check=check)
    check_number(mark, "timeout_s", timeout_s, 0.001)
    check_number(mark, "idle_s", idle_s, 0.001)
    return Program(
        argv=checked_words(mark, who, argv, shell=shell),
        cwd=checked_cwd(mark, who, cwd),
        env=checked_env(mark, who, env),
        stdin=checked_stdin(mark, who, stdin),
        check=check,
        output=output_of(output),
        timeout_s=timeout_s,
        idle_s=idle_s,
    )
