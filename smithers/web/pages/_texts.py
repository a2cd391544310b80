"""A text with its unified diffs found. Every line of it is in one of its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from smithers.texts import from_json, json_text
from smithers.values import dataclass

__all__ = ["Part", "Row", "parts_of_text", "rows_of", "rows_of_hunks", "text_of"]

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of a diff with its numbers in the old and the new file."""

    kind: Literal["same", "added", "removed", "hunk", "head"]
    text: str
    old: int | None = None
    new: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Lines as they are, or rows of a diff of one file."""

    text: str = ""
    file: str = ""
    rows: tuple[Row, ...] = ()

    @property
    def added(self) -> int:
        return sum(row.kind == "added" for row in self.rows)

    @property
    def removed(self) -> int:
        return sum(row.kind == "removed" for row in self.rows)


def text_of(output: str) -> str:
    """An output, which is JSON: a text as it is, other data indented."""
    data = from_json(output)
    return data if isinstance(data, str) else json_text(data, indent=2)


def parts_of_text(text: str) -> list[Part]:
    r"""The parts of a text in their order.

    >>> [part.file for part in parts_of_text("Ship?\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b")]
    ['', 'x']
    """
    lines, found, plain, at = text.split("\n"), list[Part](), list[str](), 0
    while at < len(lines):
        end = _end_of_file(lines, at)
        if end == at:
            plain.append(lines[at])
            at += 1
            continue
        if plain:
            found.append(Part(text="\n".join(plain)))
            plain = []
        found.append(_file(lines[at:end]))
        at = end
    if plain:
        found.append(Part(text="\n".join(plain)))
    return found


def _end_of_file(lines: Sequence[str], at: int) -> int:
    """Where the diff of a file ends that begins at a line; that line if none does."""
    here = at
    if lines[here].startswith("diff --git "):
        while here < len(lines) and not lines[here].startswith(("--- ", "@@")):
            here += 1
            if here - at > 8:
                return at
    if here + 2 >= len(lines) or not (
        lines[here].startswith("--- ") and lines[here + 1].startswith("+++ ")
    ):
        return at
    here += 2
    end = at
    while here < len(lines) and (found := _HUNK.match(lines[here])):
        here = end = _end_of_hunk(lines, here + 1, found)
    return end


def _end_of_hunk(lines: Sequence[str], at: int, hunk: re.Match[str]) -> int:
    old, new = (int(one) if one is not None else 1 for one in (hunk[2], hunk[4]))
    while at < len(lines) and (old > 0 or new > 0) and lines[at][:1] in ("", " ", "+", "-", "\\"):
        sign = lines[at][:1]
        old -= sign in ("", " ", "-")
        new -= sign in ("", " ", "+")
        at += 1
    if at < len(lines) and lines[at].startswith("\\ "):
        at += 1
    return at


def _file(lines: Sequence[str]) -> Part:
    name = next((line for line in lines if line.startswith("+++ ")), "")
    if name.startswith("+++ /dev/null"):
        name = next(line for line in lines if line.startswith("--- "))
    name = re.sub(r"^[ab]/", "", name[4:].split("\t")[0])
    return Part(file=name, rows=tuple(rows_of(lines)))


def rows_of_hunks(diff: str) -> Iterator[Row]:
    """The rows of a diff that begins with its first hunk."""
    return rows_of(diff.split("\n")) if diff else iter(())


def rows_of(lines: Sequence[str]) -> Iterator[Row]:
    """The lines of the diff of one file, with their numbers."""
    old = new = 0
    is_head = True
    for line in lines:
        sign, rest = line[:1], line[1:]
        if found := _HUNK.match(line):
            old, new, is_head = int(found[1]), int(found[3]), False
            yield Row(kind="hunk", text=line)
        elif is_head or sign == "\\":
            yield Row(kind="head", text=line)
        elif sign == "+":
            yield Row(kind="added", text=rest, new=new)
            new += 1
        elif sign == "-":
            yield Row(kind="removed", text=rest, old=old)
            old += 1
        else:
            yield Row(kind="same", text=rest, old=old, new=new)
            old, new = old + 1, new + 1
