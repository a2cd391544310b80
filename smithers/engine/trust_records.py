"""The file in which a user's trust records are kept, outside every project.

It is private to the user, written in one step under a lock, and read as a whole. A file that
anybody else could have written is refused.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
from collections.abc import Generator, Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import Any, cast

from smithers.errors import Refused
from smithers.store.ownership import is_foreign, user_name, writers_of
from smithers.values import dataclass

__all__ = ["TrustFile", "TrustRecords", "Trusted", "TrustedSettings", "home_of", "state_folder"]

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """A trusted database. `interpreters` and `folders` are those that this user has used with it
    beyond the defaults; `how` is the command that trusted it.
    """

    path: str
    device: int
    inode: int
    id: str
    at: str
    how: str
    interpreters: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    explicit: bool = False
    """Whether this user named it with `smithers trust`."""


@dataclass(frozen=True, kw_only=True)
class TrustedSettings:
    """A project's settings file, trusted as it was when it had this digest."""

    path: str
    digest: str
    at: str


@dataclass(kw_only=True)
class TrustRecords:
    """The records by the path of their file, oldest first."""

    databases: dict[str, Trusted] = field(default_factory=dict[str, Trusted])
    settings: dict[str, TrustedSettings] = field(default_factory=dict[str, TrustedSettings])


class TrustFile:
    """The trust records of the user whose environment this is."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.path = state_folder(environment) / "trusted.json"

    def read(self) -> TrustRecords:
        """All records. Raises `Refused`."""
        try:
            with self.path.open("rb") as file:
                _check_private(self.path, os.fstat(file.fileno()))
                _check_private(self.path.parent, self.path.parent.stat())
                text = file.read()
        except FileNotFoundError:
            return TrustRecords()
        except OSError as error:
            raise Refused(
                f"{self.path} cannot be read: {error.strerror}",
                hint="it records what you trust; make it readable",
            ) from error
        return _records(self.path, text)

    @contextlib.contextmanager
    def edited(self) -> Generator[TrustRecords]:
        """The records, to be changed; they are written when this is left. Raises `Refused`."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path.with_suffix(".lock"), flags, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            records = self.read()
            yield records
            if records != self.read():
                self._write(records)
        finally:
            os.close(lock)

    def _write(self, records: TrustRecords) -> None:
        beside = self.path.with_suffix(".new")
        document = {
            "version": VERSION,
            "databases": [vars(one) for one in records.databases.values()],
            "settings": [vars(one) for one in records.settings.values()],
        }
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with open(os.open(beside, flags, 0o600), "w", encoding="utf-8") as stream:
                json.dump(document, stream, indent=2)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(beside, self.path)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> Refused:
        return Refused(
            f"{self.path} cannot be written: {error.strerror}",
            hint="it records what you trust; make its folder writable, or set"
            " the variable XDG_STATE_HOME to another folder",
        )


def home_of(environment: Mapping[str, str]) -> Path | None:
    """The home folder of this user: HOME, unless it belongs to another user, as under sudo."""
    named = environment.get("HOME", "")
    if named.startswith("/") and _may_be_home(named):
        return Path(named)
    import pwd

    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:
        return None


def _may_be_home(folder: str) -> bool:
    try:
        return os.stat(folder).st_uid == os.geteuid()
    except OSError:
        return True  # it is not there yet


def state_folder(environment: Mapping[str, str]) -> Path:
    """Where the state of a user is kept that is no run's: in XDG_STATE_HOME, else in
    `~/.local/state`. Raises `Refused`.
    """
    named = environment.get("XDG_STATE_HOME", "")
    if named.startswith("/"):
        return Path(named) / "smithers"
    if (home := home_of(environment)) is None:
        raise Refused(
            "this user has no home folder, so nothing can be trusted or shared by its runs",
            hint="set HOME or XDG_STATE_HOME to a folder of this user",
        )
    return home / ".local" / "state" / "smithers"


def _check_private(path: Path, found: os.stat_result) -> None:
    if is_foreign(found):
        raise Refused(
            f"{path} belongs to another user ({user_name(found.st_uid)}), so it cannot"
            " record what you trust",
            hint="set the variable XDG_STATE_HOME to your own folder",
        )
    if (who := writers_of(found)) is not None:
        raise Refused(
            f"{path} can be written by {who}, so it cannot record what you trust",
            hint=f"check its contents, then type: chmod go-w {shlex.quote(str(path))}",
        )


def _records(path: Path, text: bytes) -> TrustRecords:
    try:
        document = cast("dict[str, Any]", json.loads(text))
        if document["version"] == VERSION:
            databases = [_record(one) for one in _typed("databases", document["databases"], list)]
            settings = [
                TrustedSettings(
                    **{one.name: _typed(one.name, item[one.name], str) for one in _OF_SETTINGS}
                )
                for item in _typed("settings", document.get("settings", []), list)
            ]
            return TrustRecords(
                databases={one.path: one for one in databases},
                settings={one.path: one for one in settings},
            )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        quoted = shlex.quote(str(path))
        raise Refused(
            f"{path} is damaged: {type(error).__name__}: {error}",
            hint=f"it records what you trust; move it away: mv {quoted} {quoted}.old",
        ) from error
    raise Refused(
        f"{path} was written by a newer Smithers",
        hint="upgrade with `pip install --upgrade smithers-orchestrator`",
    )


_OF_SETTINGS = fields(TrustedSettings)


def _record(data: Mapping[str, Any]) -> Trusted:
    """A record, each field of the type that it must have. Raises `TypeError` or `KeyError`."""
    values: dict[str, Any] = {one.name: data[one.name] for one in fields(Trusted)}
    for name, value in values.items():
        if name in ("interpreters", "folders"):
            values[name] = tuple(_typed(name, item, str) for item in _typed(name, value, list))
        else:
            kinds: dict[str, type] = {"device": int, "inode": int, "explicit": bool}
            _typed(name, value, kinds.get(name, str))
    return Trusted(**values)


def _typed(name: str, value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{name} is {value!r}")
    return value
