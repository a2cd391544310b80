"""One table of a TOML file is put in or taken out; every other byte stays as it was.

A library that keeps comments was tried, and moved those that stood above the next table to the end
of ours. The text is cut into its statements instead, each of which is TOML by itself.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

__all__ = ["dropped", "parsed", "put"]

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_WIDTH = 88


@dataclass(frozen=True)
class _Statement:
    """A header, a value, or a blank line or comment, with its end of line.

    `path` is what a header opens, or the key of a value; for a blank it is empty.
    """

    text: str
    kind: str
    path: tuple[str, ...] = ()


def parsed(text: str) -> dict[str, Any]:
    """What the file says. Raises `ValueError` that tells where it is no TOML."""
    return tomllib.loads(text)


def put(text: str, path: Sequence[str], fields: Mapping[str, object]) -> str:
    """The text in which the table at `path` has these fields. Raises `LookupError` where the table
    is there and is not written as one with a header of its own.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    statements = _statements(text)
    lines = {key: f"{key} = {_value(value, newline)}{newline}" for key, value in fields.items()}
    if not _is_there(parsed(text), path):
        between = "" if not text else newline if text.endswith("\n") else newline * 2
        header = f"[{'.'.join(map(_key, path))}]{newline}"
        return f"{text}{between}{header}{''.join(lines.values())}"
    begin, end = _table(statements, path)
    for number in range(begin + 1, end):
        statement = statements[number]
        if statement.kind == "value" and statement.path[0] in lines:
            statements[number] = _Statement(lines.pop(statement.path[0]), "value")
    header = statements[begin].text
    if not header.endswith("\n"):
        header += newline
    statements[begin] = _Statement(header + "".join(lines.values()), "header")
    return "".join(one.text for one in statements)


def dropped(text: str, path: Sequence[str]) -> str:
    """The text without the table at `path` and those within it. Raises `LookupError` like `put`."""
    statements = _statements(text)
    _table(statements, path)
    while (found := _header(statements, path)) is not None:
        begin, end = found, _end(statements, found)
        after = statements[end:]
        if begin and _is_blank(statements[begin - 1]) and (not after or _is_blank(after[0])):
            begin -= 1
        statements = [*statements[:begin], *after]
    return "".join(one.text for one in statements)


def _table(statements: Sequence[_Statement], path: Sequence[str]) -> tuple[int, int]:
    """Where the statements of the table itself begin, with its header, and end."""
    for number, one in enumerate(statements):
        if one.kind == "header" and one.path == tuple(path):
            return number, _end(statements, number)
    raise LookupError(f"it has no header [{'.'.join(path)}]")


def _header(statements: Sequence[_Statement], path: Sequence[str]) -> int | None:
    """The first header of the table or of one within it."""
    wanted = tuple(path)
    return next(
        (
            number
            for number, one in enumerate(statements)
            if one.kind == "header" and one.path[: len(wanted)] == wanted
        ),
        None,
    )


def _end(statements: Sequence[_Statement], begin: int) -> int:
    """After the last value under a header: comments that follow belong to the next one."""
    end = begin + 1
    for number in range(begin + 1, len(statements)):
        if statements[number].kind == "header":
            break
        if statements[number].kind == "value":
            end = number + 1
    return end


def _statements(text: str) -> list[_Statement]:
    """The file in pieces: lines are taken together until they are TOML by themselves."""
    found: list[_Statement] = []
    open_lines = ""
    for line in _LINE.findall(text):
        open_lines += line
        try:
            said = tomllib.loads(open_lines)
        except tomllib.TOMLDecodeError:
            continue
        found.append(_statement(open_lines, said))
        open_lines = ""
    return found


def _statement(text: str, said: dict[str, Any]) -> _Statement:
    if not said:
        return _Statement(text, "blank")
    path: list[str] = []
    while len(said) == 1:
        ((key, value),) = said.items()
        path.append(key)
        if not isinstance(value, dict):
            break
        said = cast("dict[str, Any]", value)
    return _Statement(text, "header" if text.lstrip().startswith("[") else "value", tuple(path))


def _is_there(said: dict[str, Any], path: Sequence[str]) -> bool:
    for key in path:
        if key not in said:
            return False
        said = said[key]
    return True


def _is_blank(one: _Statement) -> bool:
    return not one.text.strip()


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name, "\n")


def _value(value: object, newline: str) -> str:
    """A value as TOML, of the kinds that we write: a word, yes or no, and a list of words."""
    if isinstance(value, list):
        words = [_value(one, newline) for one in cast("list[object]", value)]
        line = f"[{', '.join(words)}]"
        if len(line) <= _WIDTH:
            return line
        return f"[{newline}{''.join(f'    {word},{newline}' for word in words)}]"
    if not isinstance(value, (str, bool)):
        raise LookupError(f"{value!r} cannot be written anew")
    # What JSON escapes in a string, TOML escapes the same way; DEL alone is its own affair.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
