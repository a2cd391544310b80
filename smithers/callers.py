"""Who asks for something, and from where, as a face has found out; or the user of a process."""

from __future__ import annotations

import os
import pwd
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Literal, get_args

from smithers.values import dataclass

__all__ = [
    "SCOPES",
    "AuditRow",
    "Caller",
    "Face",
    "Origin",
    "Scope",
    "called_from",
    "current_origin",
    "login_name",
]

Scope = Literal["read", "approve", "run", "admin"]
"""What a caller may do: look; answer questions and send signals and messages; start, resume, cancel
and fork runs; everything, budgets included.
"""
SCOPES: tuple[Scope, ...] = get_args(Scope)
Face = Literal["command line", "http", "mcp", "hook", "python"]
"""By what something is asked: `python` is a program that uses `Hub`."""


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


@dataclass(frozen=True, kw_only=True)
class Origin:
    """From where something is asked. Over a network, `caller` is who asks and `address` where they
    are; `hook` is the one that a delivery is for. A process that another one has started for a run
    `is_launched`: what it does was asked there.
    """

    face: Face
    caller: Caller | None = None
    address: str = ""
    hook: str = ""
    is_launched: bool = False


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """One change. `who` is the name that was proved, and `claimed` another one that was given.
    `credential` is the id of a token or a session, and `address` where a request came from. A text
    is empty where there is nothing to tell.
    """

    at: datetime
    run_id: str
    what: str
    about: str
    who: str
    claimed: str
    face: str
    address: str
    credential: str


_PYTHON = Origin(face="python")
_origin: ContextVar[Origin] = ContextVar("_origin", default=_PYTHON)


@contextmanager
def called_from(origin: Origin) -> Generator[None]:
    """Inside it, and in all that it starts in this process, what changes is asked from there."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def current_origin() -> Origin:
    return _origin.get()
