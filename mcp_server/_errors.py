"""Our errors as a model reads them: a code, what is wrong, and what to do next."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from mcp.server.mcpserver.exceptions import ToolError

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
)
from smithers.hub import Hub, Secrets

__all__ = ["failure", "telling"]

_CODES: tuple[tuple[type[SmithersError], str], ...] = (
    (UnknownRun, "NOT_FOUND"),
    (RunExists, "CONFLICT"),
    (Owned, "CONFLICT"),
    (AlreadyDecided, "CONFLICT"),
    (QuestionChanged, "CONFLICT"),
    (AuthorError, "AUTHOR_ERROR"),
    (StoreError, "STORE_ERROR"),
    (Untrusted, "UNTRUSTED"),
    (Refused, "REFUSED"),
)
_NEXT = {
    "NOT_FOUND": "call list_runs for the runs there are",
    "AUTHOR_ERROR": "mend the workflow file, then start it again",
}


@contextmanager
def telling(hub: Hub, next: str = "") -> Generator[None]:
    """Errors of ours become errors that the model reads; `next` stands for their own hint."""
    try:
        yield
    except SmithersError as error:
        code = _code_of(error)
        hint = next or _NEXT.get(code) or hub.complete(error.hint)
        if isinstance(error, Untrusted):  # its hint is for the person alone
            hint = f"tell the person: {error.hint}"
        raise failure(code, error.said, hint) from error


def _code_of(error: SmithersError) -> str:
    return next((code for kind, code in _CODES if isinstance(error, kind)), "FAILED")


def failure(code: str, said: str, next: str) -> ToolError:
    """An error with a code that stays the same, and the next step."""
    text = f"{code}: {said}" + (f"\nnext: {next}" if next else "")
    return ToolError(Secrets(os.environ).mask(text))
