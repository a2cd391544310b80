"""Settings files: where they are, and on which line each of their keys is."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from smithers.errors import Refused, Untrusted
from smithers.store.ownership import is_foreign, user_name, writers_of
from smithers.values import dataclass

__all__ = [
    "PROJECT_FILE",
    "SettingsFile",
    "find_project_file",
    "find_user_file",
    "parse_file",
    "read_file",
    "read_project_file",
    "user_file",
]

PROJECT_FILE = "smithers.toml"
_MOST_BYTES = 1 << 20
_LINE = r"\(at line (\d+), column (\d+)\)|\(at end of document\)"


@dataclass(frozen=True, kw_only=True)
class SettingsFile:
    """A file that was read. `is_project` is whether it may come with somebody else's project."""

    path: Path
    is_project: bool
    digest: str
    text: str
    data: dict[str, Any]

    @cached_property
    def _lines(self) -> dict[tuple[str, ...], int]:
        return _lines_of(self.text)

    def line_of(self, key: tuple[str, ...]) -> int:
        """The line of a key, or of the table that it is written in."""
        while key and key not in self._lines:
            key = key[:-1]
        return self._lines.get(key, 1)

    def refuse(self, key: tuple[str, ...], said: str, hint: str) -> Refused:
        """The error for a key that is wrong."""
        return Refused(f"{self.path}:{self.line_of(key)}: {said}", hint=hint)


def find_project_file(folder: Path) -> Path | None:
    """The settings file in this folder, or in the nearest one above it."""
    above = (one / PROJECT_FILE for one in (folder, *folder.parents))
    return next((path for path in above if path.is_file()), None)


def find_user_file(environment: Mapping[str, str]) -> Path | None:
    """The user's own settings file, if there is one."""
    path = user_file(environment)
    return path if path is not None and path.is_file() else None


def user_file(environment: Mapping[str, str]) -> Path | None:
    """Where the user's own settings file is, or would be."""
    named, home = environment.get("XDG_CONFIG_HOME", ""), environment.get("HOME", "")
    if named.startswith("/"):
        folder = Path(named)
    elif home.startswith("/"):
        folder = Path(home, ".config")
    else:
        return None
    return folder / "smithers" / "config.toml"


def read_file(path: Path, *, is_project: bool) -> SettingsFile:
    """Raises `Untrusted` if another user could have written it, and `Refused`."""
    try:
        with path.open("rb") as file:
            _check_writers(path, os.fstat(file.fileno()))
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise Refused(
            f"{path} cannot be read: {error.strerror}",
            hint="name a settings file that this user can read",
        ) from error
    if len(raw) > _MOST_BYTES:
        raise Refused(f"{path} is larger than {_MOST_BYTES >> 20} MB", hint="shorten it")
    return parse_file(path, raw, is_project=is_project)


def parse_file(path: Path, raw: bytes, *, is_project: bool) -> SettingsFile:
    """What a file has in it. Raises `Refused`."""
    import hashlib  # most folders have no settings
    import tomllib

    try:
        text = raw.decode()
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise Refused(f"{path} is not UTF-8 text: {error}", hint="save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, str(error), raw.count(b"\n") + 1) from error
    return SettingsFile(
        path=path,
        is_project=is_project,
        digest=hashlib.sha256(raw).hexdigest(),
        text=text,
        data=data,
    )


def read_project_file(path: Path) -> SettingsFile:
    """A project's file that a person names, or that of the folder that they name."""
    return read_file((path / PROJECT_FILE if path.is_dir() else path).absolute(), is_project=True)


def _check_writers(path: Path, found: os.stat_result) -> None:
    if is_foreign(found):
        raise Untrusted(
            f"{path} belongs to another user ({user_name(found.st_uid)}), so its settings are"
            " not used",
            hint="work in another folder, or move the file away",
        )
    if (who := writers_of(found)) is not None:
        letter = "o" if who == "everybody" else "g"
        raise Untrusted(
            f"{path} can be written by {who}, so its settings are not used",
            hint=f"check its contents, then type: chmod {letter}-w {shlex.quote(str(path))}",
        )


def _not_toml(path: Path, said: str, lines: int) -> Refused:
    found = re.search(_LINE, said)
    line = found[1] if found is not None and found[1] else str(lines)
    column = f", column {found[2]}" if found is not None and found[2] else ""
    said = re.sub(_LINE, "", said).strip()
    return Refused(
        f"{path}:{line}: not valid TOML: {said}{column}", hint='write settings as `name = "value"`'
    )


def _lines_of(text: str) -> dict[tuple[str, ...], int]:
    """The line on which each key and each table is first written. What looks like a key inside of a
    text of several lines is found too, and asked for by nobody.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("["):
            table = _path_in(line) or table
            found.setdefault(table, number)
        elif "=" in line and (path := _path_in(line.partition("=")[0] + "= 0")):
            for length in range(1, len(path) + 1):
                found.setdefault((*table, *path[:length]), number)
    return found


def _path_in(line: str) -> tuple[str, ...]:
    """The dotted name in a line: of a table, or of a key."""
    import tomllib

    try:
        inner: object = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    path: list[str] = []
    while isinstance(inner, dict | list) and inner:
        if isinstance(inner, list):
            inner = cast("list[object]", inner)[0]
            continue
        name, inner = next(iter(cast("dict[str, object]", inner).items()))
        path.append(name)
    return tuple(path)
