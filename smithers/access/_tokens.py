"""Tokens: secrets by which programs and devices call a server."""

from __future__ import annotations

import hmac
import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from smithers.access._file import TOKEN_PREFIX, AccessFile, Session, Token, digest_of, new_secret
from smithers.callers import SCOPES, Caller, Scope
from smithers.engine.own_audit import note_done, note_own
from smithers.engine.private_files import PrivateFile
from smithers.errors import Refused
from smithers.texts import near_name, plain

__all__ = ["TOKEN_PREFIX", "Token", "Tokens", "check_name", "now_utc"]

_MOST_TOKENS = 200
_MOST_NAME = 100
_IDS = 8


def now_utc() -> datetime:
    return datetime.now(UTC)


class Tokens:
    """The tokens of this user.

    Each has the name of who calls with it; a person with two devices has two tokens of one name.
    """

    def __init__(
        self, environment: Mapping[str, str], *, now: Callable[[], datetime] = now_utc
    ) -> None:
        self._environment = environment
        self._file, self._now = AccessFile(environment), now

    def all(self) -> list[Token]:
        """Every token, oldest first, also those that have expired. Raises `Refused`."""
        return list(self._file.read().tokens)

    def find(self, secret: str) -> Caller | None:
        """Who calls with a token; None if it is not one, was revoked or has expired.

        Every digest is compared, each in constant time. Raises `Refused` if the file is not
        private.
        """
        digest, found = digest_of(secret), None
        for one in self._file.read().tokens:
            if hmac.compare_digest(one.digest, digest):
                found = one
        if found is None or not secret.startswith(TOKEN_PREFIX) or found.is_over(self._now()):
            return None
        how: Literal["own token", "token"] = "own token" if found.own else "token"
        return Caller(name=found.name, scopes=frozenset(found.scopes), id=found.id, how=how)

    def add(
        self,
        name: str,
        scopes: Iterable[str],
        *,
        expires_in: timedelta | None = None,
        own: bool = False,
    ) -> tuple[Token, str]:
        """Make a token: what is kept of it, and the secret, which is known only now. Raises
        `Refused`.
        """
        check_name(name)
        secret, at = new_secret(), self._now().replace(microsecond=0)
        digest = digest_of(secret)
        token = Token(
            id=digest[:_IDS],
            name=name,
            scopes=_all_scopes(scopes),
            digest=digest,
            created=at,
            expires=None if expires_in is None else at + expires_in,
            own=own,
        )
        with self._file.edited() as kept:
            kept.tokens[:] = [one for one in kept.tokens if not one.is_over(at)]
            if len(kept.tokens) >= _MOST_TOKENS:
                raise Refused(
                    f"there are {len(kept.tokens)} tokens already, which is the most",
                    hint="`smithers token list` shows them; revoke those that nobody uses",
                )
            kept.tokens.append(token)
            about = f"{name} ({token.id}): {', '.join(token.scopes)}"
            note_own(self._environment, "add token", about)
        return token, secret

    def own(self, name: str) -> Path:
        """The file with the secret of the server's own token, for this user's programs on this
        machine; both are made if they are not there. The token has every scope: what agents of this
        user's runs do with it is refused by where they call from. Raises `Refused`.
        """
        file = PrivateFile(self._file.path.with_name("server.token"), "keep", "your own token")
        with file.locked():
            text = file.read()
            found = None if text is None else self.find(text.decode(errors="replace").strip())
            if found is None or found.how != "own token" or found.name != name:
                file.write(self.add(name, SCOPES, own=True)[1] + "\n")
        return file.path

    def revoke(self, named: str) -> list[Token | Session]:
        """Delete the token or the session with this id, or all that have this name. Raises
        `Refused` if there is none, and `StoreError` if they are deleted without a row of the audit.
        """
        with self._file.edited() as kept:
            both: list[Token | Session] = [*kept.tokens, *kept.sessions]
            gone = [one for one in both if named in (one.id, one.name)]
            kept.tokens[:] = [one for one in kept.tokens if one not in gone]
            kept.sessions[:] = [one for one in kept.sessions if one not in gone]
        for one in gone:
            what = "end session" if isinstance(one, Session) else "revoke token"
            note_done(self._environment, what, f"{one.name} ({one.id})")
        if not gone:
            hint = "`smithers token list` shows the tokens"
            raise Refused(f"there is no token or session {plain(repr(named))}", hint=hint)
        return gone


def check_name(name: str) -> None:
    """Raises `Refused` for what cannot be the name of a caller."""
    is_shown = name.isprintable() and name == plain(name) == name.strip()
    if not name or len(name) > _MOST_NAME or not is_shown:
        raise Refused(
            f"{plain(repr(name))} cannot be the name of a caller",
            hint=f"use 1 to {_MOST_NAME} printable characters, such as ann",
        )


def _all_scopes(given: Iterable[str]) -> tuple[Scope, ...]:
    """The scopes that were given, with those that they include: each lets its caller read, and
    `admin` is all of them. Raises `Refused`.
    """
    wanted = [one.strip() for one in given]
    for one in wanted:
        if one not in SCOPES:
            near = near_name(one, SCOPES)
            hint = f"did you mean {near!r}?" if near else f"use one of: {', '.join(SCOPES)}"
            raise Refused(f"{plain(repr(one))} is not a scope", hint=hint)
    if not wanted:
        example = shlex.join(["smithers", "token", "add", "ann", "--scope", "approve"])
        raise Refused("a token needs a scope", hint=f"for example `{example}`")
    if "admin" in wanted:
        return SCOPES
    return tuple(one for one in SCOPES if one in wanted or one == "read")
