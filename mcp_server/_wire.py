"""The server's end of stdout: one message a line, for every reader of lines and on any terminal."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

import anyio

from smithers.hub import escaped

__all__ = ["MessageLines", "wire"]


class MessageLines(io.TextIOWrapper):
    """Messages as they are written, with escapes for what ends a line elsewhere, or steers."""

    def write(self, text: str, /) -> int:
        return super().write(escaped(text))


@contextmanager
def wire() -> Generator[anyio.AsyncFile[str]]:
    """Stdout for messages alone: what else is printed meanwhile goes to stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        # Never closed: a thread may still write to it when the server ends.
        yield anyio.wrap_file(MessageLines(os.fdopen(kept, "wb", closefd=False), encoding="utf-8"))
    finally:
        os.dup2(kept, 1)
