"""Who asks for something, as a face has found out."""

from __future__ import annotations

from typing import Literal, get_args

from smithers.values import dataclass

__all__ = ["SCOPES", "Caller", "Face", "How", "Scope"]

Scope = Literal["read", "approve", "run", "admin"]
"""What a caller may do: look; answer questions and tell runs something; start, resume, cancel and
fork runs; everything, budgets included.
"""
SCOPES: tuple[Scope, ...] = get_args(Scope)
How = Literal["login", "token", "session"]
Face = Literal["cli", "mcp", "http", "python"]
"""Where a request comes from; `python` is a program that uses `Hub` itself."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks, by a name that was authenticated: that of the user whose process asks, or of a
    token or a session. `id` tells the tokens of one name apart. `on_terminal`: a person opened the
    session by a command that they typed on a terminal.

    `address` is where a request came from, as "127.0.0.1:53210", and `peer` the process that sent
    it: None if it was not looked for, as for what runs in this process, 0 if it is not of this
    machine or was not found.
    """

    name: str
    scopes: frozenset[Scope]
    how: How
    face: Face = "python"
    id: str = ""
    on_terminal: bool = False
    address: str = ""
    peer: int | None = None

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes
