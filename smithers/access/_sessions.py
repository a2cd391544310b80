"""Sessions: how a person's browser calls, once a terminal has let it in."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from smithers.access._file import SESSION_LIFE, AccessFile, Code, Session, digest_of
from smithers.access._tokens import check_name, now_utc
from smithers.callers import SCOPES, Caller
from smithers.engine.own_audit import note_done, note_own
from smithers.values import dataclass

__all__ = ["CODE_LIFE", "SESSION_LIFE", "Opened", "Session", "Sessions"]

CODE_LIFE = timedelta(seconds=60)
_NOTED_EVERY = timedelta(minutes=1)
"""How exactly the last use is kept: a request seldom writes."""
_MOST_SESSIONS = 100
_IDS = 8


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A session that a request has proved. `csrf` is what only the pages of the server know, so
    that no other page changes anything with the browser's cookie.
    """

    caller: Caller
    csrf: str


class Sessions:
    """The sessions of this user, kept as digests beside the tokens, so that they outlive a server.

    A code is made by a person in a terminal, counts once and for a minute, and opens a session that
    may do everything. It ends 12 hours after its last use, and 7 days after it was opened.
    """

    def __init__(
        self, environment: Mapping[str, str], *, now: Callable[[], datetime] = now_utc
    ) -> None:
        self._environment = environment
        self._file, self._now = AccessFile(environment), now

    def all(self) -> list[Session]:
        """The sessions that are open, oldest first. Raises `Refused`."""
        at = self._now()
        return [one for one in self._file.read().sessions if not one.is_over(at)]

    def offer(self, name: str) -> str:
        """A code that opens a session of this name. Raises `Refused`."""
        check_name(name)
        code, at = secrets.token_urlsafe(32), self._now()
        with self._file.edited() as kept:
            kept.codes[:] = [one for one in kept.codes if one.expires > at]
            kept.codes.append(Code(name=name, digest=digest_of(code), expires=at + CODE_LIFE))
        return code

    def is_offered(self, code: str) -> bool:
        """Whether the code still waits for its use."""
        digest, at = digest_of(code), self._now()
        codes = self._file.read().codes
        return any(one.digest == digest and one.expires > at for one in codes)

    def open(self, code: str) -> tuple[Session, str] | None:
        """The session that a code opens, and its secret, which is known only now; None if the code
        is unknown, over or used. Raises `Refused`.
        """
        digest, secret, at = digest_of(code), secrets.token_urlsafe(32), self._now()
        with self._file.edited() as kept:
            found = [one for one in kept.codes if hmac.compare_digest(one.digest, digest)]
            kept.codes[:] = [one for one in kept.codes if one not in found and one.expires > at]
            if not found or found[0].expires <= at:
                return None
            own = digest_of(secret)
            opened = Session(id=own[:_IDS], name=found[0].name, digest=own, opened=at, used=at)
            left = [one for one in kept.sessions if not one.is_over(at)]
            kept.sessions[:] = [*left[1 - _MOST_SESSIONS :], opened]
            note_own(self._environment, "open session", _about(opened), caller=_caller(opened))
        return opened, secret

    def find(self, secret: str) -> Opened | None:
        """Who calls with the secret of a session; None if it is over, was ended, or is none. Raises
        `Refused`.
        """
        digest, at, found = digest_of(secret), self._now(), None
        for one in self._file.read().sessions:
            if hmac.compare_digest(one.digest, digest):
                found = one
        if found is None or found.is_over(at):
            return None
        if at - found.used >= _NOTED_EVERY:
            with self._file.edited() as kept:
                kept.sessions[:] = [
                    replace(one, used=at) if one.id == found.id else one for one in kept.sessions
                ]
        return Opened(
            caller=_caller(found), csrf=hashlib.sha256(b"csrf " + secret.encode()).hexdigest()
        )

    def end(self, named: str) -> list[Session]:
        """End the session with this id, or all of this name. Raises `Refused`, and `StoreError` if
        one is ended without a row of the audit.
        """
        with self._file.edited() as kept:
            gone = [one for one in kept.sessions if named in (one.id, one.name)]
            kept.sessions[:] = [one for one in kept.sessions if one not in gone]
        for one in gone:
            note_done(self._environment, "end session", _about(one), caller=_caller(one))
        return gone


def _about(one: Session) -> str:
    return f"{one.name} ({one.id})"


def _caller(one: Session) -> Caller:
    return Caller(name=one.name, scopes=frozenset(SCOPES), id=one.id, how="session")
