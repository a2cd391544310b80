"""The file in which a user's trust records are kept, outside every project."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Mapping
from dataclasses import field, fields
from typing import Any, cast

from smithers.engine.private_files import PrivateFile, state_folder
from smithers.values import dataclass

__all__ = ["TrustFile", "TrustRecords", "Trusted", "TrustedSettings"]

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
        path = state_folder(environment) / "trusted.json"
        self._file, self.path = PrivateFile(path, "record", "what you trust"), path

    def read(self) -> TrustRecords:
        """All records. Raises `Refused`."""
        text = self._file.read()
        return TrustRecords() if text is None else _records(self._file, text)

    @contextlib.contextmanager
    def edited(self) -> Generator[TrustRecords]:
        """The records, to be changed; they are written when this is left. Raises `Refused`."""
        with self._file.locked():
            records = self.read()
            yield records
            if records != self.read():
                self._write(records)

    def _write(self, records: TrustRecords) -> None:
        document = {
            "version": VERSION,
            "databases": [vars(one) for one in records.databases.values()],
            "settings": [vars(one) for one in records.settings.values()],
        }
        self._file.write(json.dumps(document, indent=2))


def _records(file: PrivateFile, text: bytes) -> TrustRecords:
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
        raise file.damaged(error) from error
    raise file.newer()


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
