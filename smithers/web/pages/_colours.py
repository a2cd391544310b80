"""Python source in parts that have a colour, by Python's own tokens."""

from __future__ import annotations

import io
import keyword
import token
import tokenize
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Piece", "lines_of", "pieces_of"]

_STRINGS = {token.STRING} | {
    getattr(token, name)
    for name in ("FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END")
    if hasattr(token, name)  # from Python 3.12 on
}
_BREAKS = {token.NEWLINE, token.NL, token.INDENT, token.DEDENT, token.ENCODING}


class Piece(NamedTuple):
    """A part of a line and its kind: keyword, string, number, comment, name, or nothing."""

    kind: str
    text: str


def lines_of(text: str) -> list[str]:
    r"""The lines of a source as Python numbers them.

    >>> lines_of("a\r\nb\x0cc\n")
    ['a', 'b\x0cc']
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


@lru_cache(maxsize=16)
def pieces_of(text: str) -> tuple[tuple[Piece, ...], ...]:
    """The pieces of each line. What is not Python has one piece a line.

    >>> pieces_of("def f(): # x")
    ((Piece(kind='k', text='def'), Piece(kind='', text=' '), Piece(kind='f', text='f'), \
Piece(kind='', text='(): '), Piece(kind='c', text='# x')),)
    >>> pieces_of("(")
    ((Piece(kind='', text='('),),)
    """
    lines = lines_of(text)
    found: list[list[Piece]] = [[] for _ in lines]
    ends = [0] * len(lines)
    try:
        for kind, start, end in _tokens("\n".join(lines) + "\n"):
            _put(found, ends, lines, kind, start, end)
    except (tokenize.TokenError, SyntaxError, ValueError):
        return tuple((Piece("", line),) for line in lines)
    for number, line in enumerate(lines):
        if ends[number] < len(line):
            found[number].append(Piece("", line[ends[number] :]))
    return tuple(map(tuple, found))


_Place = tuple[int, int]


def _tokens(text: str) -> list[tuple[str, _Place, _Place]]:
    """The tokens that have a colour, with their places."""
    found: list[tuple[str, _Place, _Place]] = []
    before, is_first, decorates = "", True, False
    for one in tokenize.generate_tokens(io.StringIO(text).readline):
        if kind := _kind(one, is_named=before in ("def", "class") or decorates):
            found.append((kind, one.start, one.end))
        if one.type == token.OP:
            decorates = (one.string == "@" and is_first) or (decorates and one.string == ".")
        elif one.type != token.NAME:
            decorates = False
        is_first = one.type in _BREAKS
        before = one.string
    return found


def _kind(one: tokenize.TokenInfo, *, is_named: bool) -> str:
    """The kind of a token. `is_named`: if it is a name, it is that of a definition."""
    if one.type in _STRINGS:
        return "s"
    if one.type == token.NAME:
        return "k" if keyword.iskeyword(one.string) else "f" if is_named else ""
    return {token.COMMENT: "c", token.NUMBER: "n"}.get(one.type, "")


def _put(
    found: list[list[Piece]],
    ends: list[int],
    lines: list[str],
    kind: str,
    start: _Place,
    end: _Place,
) -> None:
    """Add a token, which may have several lines, and what is before it."""
    for number in range(start[0] - 1, min(end[0], len(lines))):
        line = lines[number]
        first = start[1] if number == start[0] - 1 else 0
        last = end[1] if number == end[0] - 1 else len(line)
        if first > ends[number]:
            found[number].append(Piece("", line[ends[number] : first]))
        first = max(first, ends[number])
        if last > first:
            found[number].append(Piece(kind, line[first:last]))
            ends[number] = last
