"""The changes to files that the arguments of a tool's call describe, as rows of diffs.

They are recognized by their form, not by the name of the tool: a pair of an old and a new text, a
path with a whole content, a patch, or a list of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from typing import cast

from smithers.web.pages._texts import Part, Row, rows_of_hunks

__all__ = ["edits_of", "lists_in", "path_in"]

_PATHS = ("file_path", "path", "filePath", "filename", "file", "absolute_path")
_PAIRS = (
    ("old_string", "new_string"),
    ("old_str", "new_str"),
    ("old_text", "new_text"),
    ("oldString", "newString"),
    ("oldText", "newText"),
)
_WHOLE = ("content", "contents", "file_text")
_LISTS = ("edits", "changes", "replacements")
_PATCHES = ("patch", "input", "diff")
_BEGIN = "*** Begin Patch"
_FILE = ("*** Update File: ", "*** Add File: ", "*** Delete File: ")
_MOST_CHARS, _MOST_EDITS, _MOST_COMPARED = 20_000, 50, 400


def path_in(arguments: Mapping[str, object]) -> str:
    """The path of the file that a call names, or an empty text."""
    return next((found for name in _PATHS if isinstance(found := arguments.get(name), str)), "")


def edits_of(arguments: Mapping[str, object]) -> list[Part]:
    r"""The files that a call changes, each with the rows of its diff; none if it changes no file.

    >>> [part] = edits_of({"path": "a.py", "old_string": "one\ntwo", "new_string": "one\n2"})
    >>> part.file, [(row.kind, row.text) for row in part.rows]
    ('a.py', [('same', 'one'), ('removed', 'two'), ('added', '2')])
    """
    found = [Part(file=file, rows=tuple(rows)) for file, rows in _edits(arguments, "")]
    return [part for part in found if part.rows][:_MOST_EDITS]


def _edits(
    given: Mapping[str, object], around: str, *, is_inner: bool = False
) -> Iterator[tuple[str, Sequence[Row]]]:
    path = path_in(given) or around
    for one in () if is_inner else lists_in(given):
        yield from _edits(one, path, is_inner=True)
    for old, new in _PAIRS:
        both = given.get(old), given.get(new)
        if isinstance(both[0], str) and isinstance(both[1], str):
            yield path, _compared(both[0], both[1])
    for name in _WHOLE:
        if path and isinstance(text := given.get(name), str):
            yield path, _all("added", text)
    for name in _PATCHES:
        if isinstance(text := given.get(name), str):
            yield from _patched(text[:_MOST_CHARS], path if name == "diff" else "")


def lists_in(given: Mapping[str, object]) -> list[dict[str, object]]:
    """The changes that a call lists."""
    values = (given.get(name) for name in _LISTS)
    lists = [cast("list[object]", found) for found in values if isinstance(found, list)]
    entries = [one for found in lists for one in found]
    return [cast("dict[str, object]", one) for one in entries if isinstance(one, dict)]


def _compared(old: str, new: str) -> list[Row]:
    before, after = old[:_MOST_CHARS].splitlines(), new[:_MOST_CHARS].splitlines()
    if len(before) + len(after) > _MOST_COMPARED:  # comparing long texts takes too long
        return [*_all("removed", old), *_all("added", new)]
    hunks = list(unified_diff(before, after, lineterm=""))[2:]
    return _signed(line for number, line in enumerate(hunks) if number or line[:1] != "@")


def _patched(text: str, path: str) -> Iterator[tuple[str, Sequence[Row]]]:
    """The files of a patch whose hunks have no numbers; for the file at a path its hunks, or its
    whole content.
    """
    if not text.startswith(_BEGIN):
        if path:
            is_diff = text.startswith("@@ ")
            yield path, list(rows_of_hunks(text)) if is_diff else _all("added", text)
        return
    file, lines = "", list[str]()
    for line in (*text.splitlines(), "*** End Patch"):
        if not line.startswith("*** "):
            lines.append(line)
            continue
        if lines:
            yield file, _signed(lines)
        named = (line.removeprefix(sign) for sign in _FILE if line.startswith(sign))
        file, lines = next(named, file), []


def _signed(lines: Iterator[str] | Sequence[str]) -> list[Row]:
    """Rows without numbers, of lines that begin with a sign."""
    found = list[Row]()
    for line in lines:
        if line.startswith("@@"):
            found.append(Row(kind="hunk", text="…"))
        elif line.startswith("+"):
            found.append(Row(kind="added", text=line[1:]))
        elif line.startswith("-"):
            found.append(Row(kind="removed", text=line[1:]))
        else:
            found.append(Row(kind="same", text=line[1:]))
    return found


def _all(kind: str, text: str) -> list[Row]:
    sign = {"added": "+", "removed": "-"}[kind]
    return _signed([f"{sign}{line}" for line in text[:_MOST_CHARS].splitlines()])
