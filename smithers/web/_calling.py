"""Who calls, and what they may do."""

from __future__ import annotations

from typing import Literal, Protocol

from smithers.values import dataclass

__all__ = ["Caller", "Scope", "Tokens"]

Scope = Literal["read", "approve", "run", "admin"]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who has shown a token or has a session."""

    name: str
    scopes: frozenset[Scope]
    how: Literal["token", "session", "login"]
    claim: str | None = None


class Tokens(Protocol):
    """Finds the caller of a token; None for one that is unknown, revoked or expired."""

    def find(self, secret: str, /) -> Caller | None: ...
