"""Who may call: the tokens and sessions of a user, and which process is behind a connection.

Every request of a server needs one of these, reading too, since other users and every agent of a
machine reach its loopback. All of it is in one file of the user outside every project, where
secrets are kept as digests.
"""

from __future__ import annotations

from smithers.access._tokens import TOKEN_PREFIX, Token, Tokens
from smithers.callers import SCOPES, Caller, Scope

__all__ = ["SCOPES", "TOKEN_PREFIX", "Caller", "Scope", "Token", "Tokens"]
