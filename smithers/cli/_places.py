"""Which database a command uses, and how its own commands name it."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from smithers.errors import Refused

__all__ = ["Place", "complete", "current_folder", "place", "workflow_files"]

_FOLDER, _NAME = ".smithers", "smithers.db"


@dataclass(frozen=True)
class Place:
    """A database. `given` says that it was named by `--db`, so commands must name it again."""

    path: Path
    given: bool

    def command(self, text: str) -> str:
        """A command for a person to type, on this database."""
        return f"{text} --db {shlex.quote(str(self.path))}" if self.given else text


_named: list[Path] = []
"""The database that was named by `--db`: a process runs one command."""


def complete(hint: str) -> str:
    """A hint in which each command names the database if this command did."""
    if not _named or "`smithers " not in hint:
        return hint
    from smithers.reports import name_database

    return name_database(hint, _named[-1])


def place(db: Path | None) -> Place:
    """`--db`, else SMITHERS_DB, else the nearest `.smithers/smithers.db` upward, else the one that
    would be made in the current folder.
    """
    if db is not None:
        _named.append(db)
        return Place(db, given=True)
    if named := os.environ.get("SMITHERS_DB"):
        return Place(Path(named), given=False)
    here = current_folder()
    for folder in (here, *here.parents):
        if (found := folder / _FOLDER / _NAME).exists():
            return Place(found, given=False)
    return Place(here / _FOLDER / _NAME, given=False)


def current_folder() -> Path:
    """Where the command was typed. Raises `Refused` if somebody has removed that folder."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise Refused(
            "the current folder does not exist any more", hint="change to another with cd"
        ) from error


def workflow_files(folder: Path) -> list[Path]:
    """The Python files in the nearest `.smithers/workflows` upward, by name; none without one."""
    for one in (folder, *folder.parents):
        if (found := one / _FOLDER / "workflows").is_dir():
            return sorted(path for path in found.glob("*.py") if not path.name.startswith("_"))
    return []
