"""Who may call: the tokens and sessions of a user.

Every request of a server needs one, reading too, since other users and every agent of a machine
reach its loopback. They are in one file of the user outside every project, as digests.
"""

from __future__ import annotations

from smithers.access._servers import RunningServer, Servers
from smithers.access._sessions import CODE_LIFE, SESSION_LIFE, Opened, Session, Sessions
from smithers.access._tokens import TOKEN_PREFIX, Token, Tokens
from smithers.callers import SCOPES, Caller, Scope

__all__ = [
    "CODE_LIFE",
    "SCOPES",
    "SESSION_LIFE",
    "TOKEN_PREFIX",
    "Caller",
    "Opened",
    "RunningServer",
    "Scope",
    "Servers",
    "Session",
    "Sessions",
    "Token",
    "Tokens",
]
