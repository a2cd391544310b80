"""Which database a command uses, and how its own commands name it."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from pathlib import Path

from smithers.errors import Refused, Untrusted
from smithers.store.ownership import is_foreign, writers_of
from smithers.values import dataclass

__all__ = ["Place", "check_usable", "complete", "current_folder", "place", "workflow_files"]

_FOLDER, _NAME = ".smithers", "smithers.db"


@dataclass(frozen=True)
class Place:
    """A database. `given` says that it was named by `--db`, so commands must name it again."""

    path: Path
    given: bool

    def command(self, text: str) -> str:
        """A command for a person to type, on this database."""
        if not self.given:
            return text
        words = shlex.split(text)
        if words[-3:-2] == ["--"]:  # two names that look like options are last, as of `send`
            return shlex.join([*words[:-3], "--db", str(self.path), *words[-3:]])
        return f"{text} --db {shlex.quote(str(self.path))}"


_named: list[Path] = []
"""The database that was named by `--db`: a process runs one command."""


def complete(hint: str) -> str:
    """A hint in which each command names the database if this command did."""
    if not _named or "`smithers " not in hint:
        return hint
    from smithers.reports import name_database

    return name_database(hint, _named[-1])


def place(db: Path | None, *, checked: bool = True) -> Place:
    """`--db`, else SMITHERS_DB, else what the settings name, else the nearest
    `.smithers/smithers.db` upward, else the one that would be made in the current folder.

    Raises `Refused` for one that cannot be looked at; and for one that was found and not named, if
    another user owns it, or if it is above this folder and another user may write it, or if a link
    leads out of the folder to it.
    """
    if db is not None:
        _named.append(db)
        check_usable(db)
        return Place(db, given=True)
    if variable := os.environ.get("SMITHERS_DB"):
        check_usable(Path(variable))
        return Place(Path(variable), given=False)
    here = current_folder()
    if (named := _named_in_settings(here)) is not None:
        return Place(named, given=False)
    above = (folder for folder in (here, *here.parents) if (folder / _FOLDER / _NAME).exists())
    folder = next(above, here)
    found = folder / _FOLDER / _NAME
    if checked and _is_suspect(found, folder, is_above=folder != here):
        _check(found, folder, here)
    return Place(found, given=False)


def check_usable(database: Path) -> None:
    """Raises `Refused` for a path of which the system does not even say whether it is there."""
    try:
        database.is_file()
        Path(f"{database}-journal").is_file()  # the longest name of what lies beside it
    except OSError as error:
        raise Refused(
            f"{database} cannot be used: {error.strerror}", hint="choose another with --db PATH"
        ) from error


def _named_in_settings(here: Path) -> Path | None:
    from smithers.settings import named_database

    def is_trusted(path: Path, digest: str) -> bool | None:
        from smithers.engine.trust import Trusts

        return Trusts(os.environ).believes_settings(path, digest)

    return named_database(here, os.environ, is_trusted)


def _is_suspect(database: Path, folder: Path, *, is_above: bool) -> bool:
    """Whether a database that was found in `folder` may be another user's, or in another place."""
    real = Path(os.path.realpath(database))
    if not real.is_relative_to(os.path.realpath(folder)):
        return True
    for one in (real, real.parent, *((folder,) if is_above else ())):
        with suppress(FileNotFoundError):
            status = one.stat()
            if is_foreign(status) or (is_above and writers_of(status) is not None):
                return True
    return False


def _check(database: Path, folder: Path, here: Path) -> None:
    """Raises `Untrusted` unless this user has said that the database is to be used here."""
    from smithers.engine.trust import Trusts

    trusts = Trusts(os.environ)
    try:
        trusted = trusts.find(database)
    except Untrusted as error:
        if folder == here:
            raise
        said = f"{error.said}; it contains the nearest database above {here}"
        hint = f"use one in this folder: --db {_FOLDER}/{_NAME}"
        raise Untrusted(said, hint=error.hint if os.geteuid() == 0 else hint) from error
    real = Path(os.path.realpath(database))
    if not real.is_relative_to(os.path.realpath(folder)) and not (
        trusted is not None and trusts.allows(trusted, folder)
    ):
        raise Untrusted(
            f"{database} is a symbolic link to {real}, which is outside {folder}",
            hint="check where the link came from; if it is yours, type: smithers trust",
        )


def current_folder() -> Path:
    """Where the command was typed. Raises `Refused` if somebody has removed that folder."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise Refused(
            "the current folder no longer exists", hint="change to another folder with cd"
        ) from error


def workflow_files(folder: Path) -> list[Path]:
    """The Python files in the nearest `.smithers/workflows` upward, by name; none without one."""
    for one in (folder, *folder.parents):
        if (found := one / _FOLDER / "workflows").is_dir():
            files = (path for path in found.glob("*.py") if not path.name.startswith("_"))
            return sorted(path for path in files if path.is_file())
    return []
