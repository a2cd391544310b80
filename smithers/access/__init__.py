"""Who may call: the tokens of a user.

Every request of a server needs one, reading too, since other users and every agent of a machine
reach its loopback. They are in one file of the user outside every project, as digests.
"""

from __future__ import annotations

from smithers.access._tokens import TOKEN_PREFIX, Token, Tokens
from smithers.callers import SCOPES, Caller, Scope

__all__ = ["SCOPES", "TOKEN_PREFIX", "Caller", "Scope", "Token", "Tokens"]
