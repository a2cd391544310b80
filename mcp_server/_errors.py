"""Our errors as a model reads them: a code, what is wrong, and what to do next."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Literal

from mcp.server.mcpserver.exceptions import ToolError

from mcp_server._hints import for_tools
from smithers.errors import (
    AlreadyDecided,
    AuthorError,
    Owned,
    QuestionChanged,
    Refused,
    RunExists,
    SmithersError,
    StoreError,
    UnknownRun,
    Untrusted,
    WrongAnswer,
)
from smithers.hub import Hub, Secrets

__all__ = ["Code", "failure", "nearest", "telling"]

Code = Literal[
    "AUTHOR_ERROR",
    "CONFLICT",
    "FAILED",
    "INVALID_ARGUMENT",
    "NOT_DECIDED",
    "NOT_FOUND",
    "OUTSIDE_ROOTS",
    "REFUSED",
    "STORE_ERROR",
    "UNTRUSTED",
]
"""All codes, which stay the same."""

_CODES: tuple[tuple[type[SmithersError], Code], ...] = (
    (UnknownRun, "NOT_FOUND"),
    (RunExists, "CONFLICT"),
    (Owned, "CONFLICT"),
    (AlreadyDecided, "CONFLICT"),
    (QuestionChanged, "CONFLICT"),
    (AuthorError, "AUTHOR_ERROR"),
    (StoreError, "STORE_ERROR"),
    (Untrusted, "UNTRUSTED"),
    (WrongAnswer, "INVALID_ARGUMENT"),
    (Refused, "REFUSED"),
)
_NEXT: dict[Code, str] = {
    "NOT_FOUND": "call list_runs for the runs there are",
    "AUTHOR_ERROR": "correct the workflow file, then start it again",
}
_FEW = 10
_MOST = 2_500
"""How many characters an error's sentence and its hint have each."""


@contextmanager
def telling(hub: Hub, next: str = "") -> Generator[None]:
    """Errors of ours become errors that the model reads; `next` replaces their own hint."""
    try:
        yield
    except SmithersError as error:
        code = _code_of(error)
        hint = next or _NEXT.get(code) or for_tools(error.hint, hub.database)
        if isinstance(error, Untrusted):  # its hint is for the person alone
            hint = f"tell the person: {hint}"
        raise failure(code, error.said, hint) from error


def _code_of(error: SmithersError) -> Code:
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return "FAILED"


def failure(code: Code, said: str, next: str) -> ToolError:
    """An error with its code and the next step."""
    text = f"{code}: {_cut(said)}" + (f"\nnext: {_cut(next)}" if next else "")
    return ToolError(Secrets(os.environ).mask(text))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


def nearest(given: str, names: Sequence[str]) -> str:
    """The name that was meant, in words; else the first of them."""
    if near := get_close_matches(given, names, n=1):
        return f"did you mean {near[0]!r}?"
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return f"there are: {', '.join(names[:_FEW])}{more}" if names else ""
