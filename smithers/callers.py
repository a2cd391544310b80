"""Who asks for something: over a network, as a server has found out, or the user of a process."""

from __future__ import annotations

import os
import pwd
from typing import Literal, get_args

from smithers.values import dataclass

__all__ = ["SCOPES", "Caller", "Scope", "login_name"]

Scope = Literal["read", "approve", "run", "admin"]
"""What a caller may do: look; answer questions and send signals and messages; start, resume, cancel
and fork runs; everything, budgets included.
"""
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks, by the name that a token or a session proves. `id` tells those of one name apart.

    A `session` was opened by a person in a terminal that no run has started. The `own token` of a
    server is in a file that every process of this user can read.
    """

    name: str
    scopes: frozenset[Scope]
    id: str = ""
    how: Literal["token", "own token", "session"] = "token"

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes


def login_name() -> str:
    """The name of the user whose process this is."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user without an entry, as in a container
        return f"uid-{os.getuid()}"
