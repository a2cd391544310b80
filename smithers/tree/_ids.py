"""Which ids are allowed: for tasks 1 to 200 printable characters, for runs a file name's."""

from __future__ import annotations

import re

from smithers.errors import AuthorError, Refused
from smithers.sources import FILE_ENDINGS
from smithers.tree._places import Mark

__all__ = ["MAX_ID", "check_id", "check_run_id", "id_problem", "name_problem"]

MAX_ID = 200
_SEGMENTS = re.compile(r"[/\\]")
_RUN_ID = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]{0,63}")


def _shown(text: str) -> str:
    return repr(text) if len(text) <= 60 else f"{text[:57]!r}... ({len(text)} characters)"


def name_problem(given: object) -> str:
    """Why this is not 1 to 200 printable characters; empty if it is."""
    if not isinstance(given, str):
        return f"must be a string, not {type(given).__name__}"
    if not given:
        return "is empty"
    if len(given) > MAX_ID:
        return f"is longer than {MAX_ID} characters"
    if not given.isprintable():
        return "has characters that cannot be printed"
    return "starts or ends with a space" if given != given.strip() else ""


def id_problem(given: object) -> str:
    """Why this cannot be the id of a node; empty if it can."""
    if wrong := name_problem(given):
        return wrong
    has_parent = ".." in str(given) and ".." in _SEGMENTS.split(str(given))
    return "has a '..' segment" if has_parent else ""


def check_id(given: object, kind: str, mark: Mark) -> str:
    """`given` if it can be the id of a node. Raises `AuthorError` that says what is wrong."""
    if not (wrong := id_problem(given)):
        return str(given)
    shown = _shown(given) if isinstance(given, str) else repr(given)
    raise AuthorError(
        f"the id of this {kind}, {shown}, {wrong}",
        place=mark.place,
        hint="use 1 to 200 printable characters, taken from the data and not from a position",
    )


def check_run_id(given: str) -> str:
    """`given` if it can be the id of a new run. Raises `Refused`.

    One that ends as a file of a workflow would be taken for the file.
    """
    if given.endswith(FILE_ENDINGS) and _RUN_ID.fullmatch(given):
        raise Refused(
            f"{_shown(given)} is not a valid run id: it ends as a file of a workflow does",
            hint=f"leave out {given[given.rindex('.') :]}",
        )
    if _RUN_ID.fullmatch(given) and given not in {".", ".."}:
        return given
    raise Refused(
        f"{_shown(given)} is not a valid run id",
        hint="use 1 to 64 letters, digits, dots, underscores and hyphens; a run id does"
        " not start with a hyphen",
    )
