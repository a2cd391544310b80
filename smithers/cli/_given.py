"""Data that is typed as an argument, or named by it: `@FILE`, or `@-` for stdin."""

from __future__ import annotations

import sys
from pathlib import Path

from smithers.cli._failures import Usage
from smithers.errors import Refused
from smithers.sources import FILE_ENDINGS
from smithers.texts import strict_json

__all__ = ["check_port", "file_and_name", "given_json", "given_text", "names_file", "parse_json"]

_MAX_BYTES = 256 << 20
_LAST_PORT = 65_535


def check_port(port: int) -> None:
    """Raises `Usage` for a number that is not a port."""
    if port > _LAST_PORT:
        raise Usage(f"--port {port} is not a port", hint=f"use 0 to {_LAST_PORT}")


def file_and_name(given: str) -> tuple[str, str | None]:
    """The file of `FILE:NAME`, and the name of one of its workflows if there is one."""
    path, colon, name = given.rpartition(":")
    if not colon or Path(given).exists() or not name.isidentifier():
        return given, None
    return path, name


def names_file(given: str) -> bool:
    """Whether an argument that may be a run is a file: no run id has a slash, and no new one ends
    so.

    >>> names_file("ship_it.py:ship"), names_file("flows/x"), names_file("r1"), names_file("a.py1")
    (True, True, False, False)
    """
    path, _ = file_and_name(given)
    return "/" in path or path.endswith(FILE_ENDINGS)


def given_text(given: str, what: str, option: str) -> str:
    """The text itself, the content of `@FILE`, or of stdin for `@-`."""
    if not given.startswith("@"):
        return given
    name = given[1:]
    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise Refused(f"the {what} {name} is larger than {_MAX_BYTES >> 20} MB")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise Refused(
            f"the {what} {name} cannot be read: {error.strerror}",
            hint=f"give {option} @FILE the path of a readable file",
        ) from error
    except UnicodeDecodeError as error:
        raise Refused(f"the {what} {name} is not UTF-8 text: {error}") from error


def given_json(given: str, what: str, option: str) -> object:
    """The same as data. Raises `Usage` if it is not JSON."""
    text = given_text(given, what, option)
    try:
        return parse_json(text)
    except ValueError as error:
        raise Usage(
            f"the {what} is not JSON: {error}",
            hint=f'for example {option} \'{{"name": "value"}}\' or {option} @FILE',
        ) from error


def parse_json(text: str) -> object:
    """Strict JSON as data. Raises `ValueError`, which names the place."""
    try:
        return strict_json(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
