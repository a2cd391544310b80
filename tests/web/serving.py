"""Tokens for tests, and the real server."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from smithers.callers import Caller, Scope
from tests.cli.command import started

__all__ = ["EVERYTHING", "OWN", "READER", "FakeTokens", "serving"]

EVERYTHING = "smt_everything"
READER = "smt_reader"
OWN = "smt_own"


class FakeTokens:
    """Two tokens: one that may do everything, and one that may read; and the server's own."""

    def find(self, secret: str, /) -> Caller | None:
        if secret in (EVERYTHING, OWN):
            scopes: frozenset[Scope] = frozenset(("read", "approve", "run", "admin"))
            how: Literal["token", "own token"] = "own token" if secret == OWN else "token"
            return Caller(name="ann", scopes=scopes, how=how)
        if secret == READER:
            return Caller(name="rita", scopes=frozenset({"read"}))
        return None


@contextmanager
def serving(
    folder: Path, env: Mapping[str, str] | None = None, *more: str
) -> Generator[dict[str, Any]]:
    """`smithers serve` in a folder, on a port of its own; the first line that it prints."""
    with started(folder, "serve", "--port", "0", "--json", *more, env=env) as server:
        assert server.stdout is not None
        told: dict[str, Any] = json.loads(server.stdout.readline())
        yield told
