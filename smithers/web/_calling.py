"""How the server finds who calls."""

from __future__ import annotations

from typing import Protocol

from smithers.callers import Caller

__all__ = ["Tokens"]


class Tokens(Protocol):
    """Finds the caller of a token, as `smithers.access.Tokens` does; None for one that is unknown,
    revoked or expired.
    """

    def find(self, secret: str, /) -> Caller | None: ...
