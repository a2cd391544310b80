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
            before = TrustRecords(
                databases=dict(records.databases), settings=dict(records.settings)
            )
            yield records
            if records != before:
                self._write(records)

    def _write(self, records: TrustRecords) -> None:
        """One record a line: with an indent, Python's own encoder would write each value."""
        databases, settings = (
            ",\n".join(json.dumps(vars(one)) for one in kept.values())
            for kept in (records.databases, records.settings)
        )
        self._file.write(
            f'{{"version": {VERSION},\n"databases": [\n{databases}\n],\n'
            f'"settings": [\n{settings}\n]}}\n'
        )


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
_LISTS = ("interpreters", "folders")
_KINDS: dict[str, type] = {
    **{one.name: str for one in fields(Trusted)},
    **{"device": int, "inode": int, "explicit": bool},
    **dict.fromkeys(_LISTS, list),
}


def _record(data: Mapping[str, Any]) -> Trusted:
    """A record, each field of the type that it must have. Raises `TypeError` or `KeyError`."""
    values = {name: _typed(name, data[name], kind) for name, kind in _KINDS.items()}
    for name in _LISTS:
        values[name] = tuple(_typed(name, item, str) for item in values[name])
    return Trusted(**values)


def _typed(name: str, value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{name} is {value!r}")
    return value
