"""Tokens for tests."""

from __future__ import annotations

from smithers.callers import Caller, Scope

__all__ = ["EVERYTHING", "READER", "FakeTokens"]

EVERYTHING = "smt_everything"
READER = "smt_reader"


class FakeTokens:
    """Two tokens: one that may do everything, and one that may read."""

    def find(self, secret: str, /) -> Caller | None:
        if secret == EVERYTHING:
            scopes: frozenset[Scope] = frozenset(("read", "approve", "run", "admin"))
            return Caller(name="ann", scopes=scopes, how="token")
        if secret == READER:
            return Caller(name="rita", scopes=frozenset({"read"}), how="token")
        return None
