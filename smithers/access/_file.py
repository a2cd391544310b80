"""The file in which a user's tokens and sessions are kept, as digests."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Generator, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from smithers.callers import SCOPES, Scope
from smithers.engine.private_files import PrivateFile, state_folder
from smithers.values import dataclass

__all__ = ["TOKEN_PREFIX", "AccessFile", "Code", "Session", "Token", "digest_of", "new_secret"]

VERSION = 1
IDLE_LIFE = timedelta(hours=12)
SESSION_LIFE = timedelta(days=7)
TOKEN_PREFIX = "smt_"  # it tells those who find one what it is


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token as it is kept. `expires` is None for one that counts until it is revoked. `own` is
    that of the server.
    """

    id: str
    name: str
    scopes: tuple[Scope, ...]
    digest: str
    created: datetime
    expires: datetime | None = None
    own: bool = False

    def is_over(self, now: datetime) -> bool:
        return self.expires is not None and self.expires <= now


@dataclass(frozen=True, kw_only=True)
class Code:
    """What opens a session, once."""

    name: str
    digest: str
    expires: datetime


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session as it is kept; `used` is when it was used last, to the minute."""

    id: str
    name: str
    digest: str
    opened: datetime
    used: datetime

    @property
    def expires(self) -> datetime:
        """When it ends, unless it is used before."""
        return min(self.used + IDLE_LIFE, self.opened + SESSION_LIFE)

    def is_over(self, now: datetime) -> bool:
        return self.expires <= now


@dataclass(kw_only=True)
class Kept:
    """What the file holds, oldest first."""

    tokens: list[Token] = field(default_factory=list[Token])
    codes: list[Code] = field(default_factory=list[Code])
    sessions: list[Session] = field(default_factory=list[Session])


class AccessFile:
    """The tokens and sessions of the user whose environment this is."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        path = state_folder(environment) / "access.json"
        self._file, self.path = PrivateFile(path, "keep", "your tokens"), path
        self._read: tuple[tuple[int, int, int] | None, Kept] = (None, Kept())

    def read(self) -> Kept:
        """All of it, not to be changed; read again only if the file was replaced. Raises
        `Refused`.
        """
        mark = self._mark()
        if mark is None or mark != self._read[0]:
            self._read = (mark, self._load())
        return self._read[1]

    @contextlib.contextmanager
    def edited(self) -> Generator[Kept]:
        """All of it, to be changed; it is written when this is left. Raises `Refused`."""
        with self._file.locked():
            kept = self._load()
            yield kept
            if kept != self._load():
                self._file.write(json.dumps(_document(kept), indent=2))

    def _load(self) -> Kept:
        text = self._file.read()
        if text is None:
            return Kept()
        try:
            document = cast("dict[str, Any]", json.loads(text))
            if document["version"] == VERSION:
                return Kept(
                    tokens=[_token(one) for one in document["tokens"]],
                    codes=[_code(one) for one in document.get("codes", ())],
                    sessions=[_session(one) for one in document.get("sessions", ())],
                )
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._file.damaged(error) from error
        raise self._file.newer()

    def _mark(self) -> tuple[int, int, int] | None:
        """What differs once the file was replaced."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            found = os.stat(self.path)
            return found.st_ino, found.st_mtime_ns, found.st_size
        return None


def new_secret() -> str:
    """256 random bits, as text that needs no quoting."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is kept of a secret. It is random and long, so one round of a hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _time(text: object) -> datetime:
    """A time as the file has it. Raises `ValueError` or `TypeError`."""
    at = datetime.fromisoformat(cast("str", text))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _document(kept: Kept) -> dict[str, Any]:
    lists: Mapping[str, Sequence[Token | Code | Session]] = vars(kept)
    return {"version": VERSION, **{name: [_row(one) for one in lists[name]] for name in lists}}


def _row(one: Token | Code | Session) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in vars(one).items()
    }


def _token(row: Mapping[str, Any]) -> Token:
    return Token(
        id=_text(row["id"]),
        name=_text(row["name"]),
        scopes=_scopes(row["scopes"]),
        digest=_text(row["digest"]),
        created=_time(row["created"]),
        expires=None if row["expires"] is None else _time(row["expires"]),
        own=row.get("own") is True,
    )


def _code(row: Mapping[str, Any]) -> Code:
    name, digest = _text(row["name"]), _text(row["digest"])
    return Code(name=name, digest=digest, expires=_time(row["expires"]))


def _session(row: Mapping[str, Any]) -> Session:
    return Session(
        id=_text(row["id"]),
        name=_text(row["name"]),
        digest=_text(row["digest"]),
        opened=_time(row["opened"]),
        used=_time(row["used"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _scopes(value: object) -> tuple[Scope, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list of scopes")
    given = cast("list[object]", value)
    if unknown := [one for one in given if one not in SCOPES]:
        raise ValueError(f"{unknown[0]!r} is not a scope")
    return tuple(one for one in SCOPES if one in given)
