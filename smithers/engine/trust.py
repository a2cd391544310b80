"""Which databases this user trusts: those whose runs may be resumed unattended.

A row may be written by somebody else: a repository can ship a `.smithers/smithers.db`. So nothing
is executed because a row says so. `supervise` and `mcp` wake the runs of a trusted database only,
they start this interpreter, and the folder and file of a run must lie in the project. What goes
beyond that (another interpreter, another folder) comes from the trust record, which only commands
of this user write, and which lies outside every project.

A record names the real path of the database, its device and inode, and the id in it. A file that
was copied, cloned, restored or replaced is another one.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from smithers.engine.private_files import home_of
from smithers.engine.trust_records import Trusted, TrustedSettings, TrustFile
from smithers.errors import Refused, StoreError, Untrusted
from smithers.store import NewRun
from smithers.store.looking import connect_reader, source, way_of
from smithers.store.opening import check_beside, open_database
from smithers.store.ownership import is_foreign, user_name, writers_of

__all__ = [
    "Trusted",
    "TrustedSettings",
    "Trusts",
    "check_owner",
    "current_folder",
    "interpreter_of",
    "is_part",
    "project_of",
    "trust",
    "untrusted",
]


_MOST_RECORDS = 500
"""With more than that, those of files that are gone are forgotten. A disk may come back."""


def project_of(database: Path) -> Path:
    """The project's folder: the one that `.smithers` is in, else that of the database."""
    folder = Path(os.path.realpath(database)).parent
    return folder.parent if folder.name == ".smithers" else folder


def current_folder() -> Path | None:
    """The folder in which a person has typed this command; None if it is not there any more."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def untrusted(database: Path) -> str:
    """Why nothing is woken or resumed from the rows of a database, in a sentence."""
    return f"{database} is not trusted: none of your commands created or trusted it"


def interpreter_of(trusted: Trusted, named: str) -> str:
    """The interpreter to start for a run whose row names one: that one only if this user has used
    it with this database, else ours.
    """
    return named if named in trusted.interpreters and Path(named).exists() else sys.executable


def is_part(folder: Path, root: Path, home: Path | None) -> bool:
    """Whether a folder belongs to the project in `root`.

    Another checkout below it does not, nor does a folder with a `.smithers` of its own: somebody
    else may have written them. Of a home folder, and of what is above it, nothing below belongs.
    """
    folder, root = Path(os.path.realpath(folder)), Path(os.path.realpath(root))
    if folder == root:
        return True
    holds_home = home is not None and Path(os.path.realpath(home)).is_relative_to(root)
    if holds_home or not folder.is_relative_to(root):
        return False
    below = [folder, *folder.parents][: len(folder.parts) - len(root.parts)]
    return not any((one / ".git").exists() or (one / ".smithers").is_dir() for one in below)


def trust(
    database: Path,
    environment: Mapping[str, str],
    *,
    how: str,
    folders: Sequence[Path] = (),
    explicit: bool = False,
) -> Trusted:
    """See `Hub.trust`."""
    from smithers.engine.own_audit import note_own

    check_owner(database, explicit=explicit)
    open_database(Path(os.path.realpath(database))).close()
    note_own(environment, "trust", str(database.absolute()))
    return Trusts(environment).add(
        database, how=how, interpreters=[sys.executable], folders=folders, explicit=explicit
    )


class Trusts:
    """The trust records of this user, and what they allow."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def find(self, database: Path) -> Trusted | None:
        """The record of this very database, if it is trusted.

        Raises `Refused` for a file that must not be trusted: another user could have written it.
        """
        path = Path(os.path.realpath(database))
        if not path.exists():
            return None
        found = self._file_for(path).read().databases.get(str(path))
        if found is not None:
            marks = _find_marks(path)
            if marks is None or not marks["id"] or found != replace(found, **marks):
                found = None
        check_owner(path, explicit=found is not None and found.explicit)
        return found

    def check_not_foreign(self, database: Path) -> None:
        """Raises `Untrusted` if the database, or its folder, belongs to another user, whom root has
        not trusted.
        """
        path = Path(os.path.realpath(database))
        stats = (_find_stat(file) for file in (path, path.parent))
        if any(found is not None and is_foreign(found) for found in stats):
            self.find(path)

    def believes(self, database: Path) -> bool:
        """Whether the database is trusted; False too if it must not be."""
        try:
            return self.find(database) is not None
        except Refused:
            return False

    def all(self) -> list[Trusted]:
        """Every record, oldest first."""
        return list(TrustFile(self._environment).read().databases.values())

    def add(
        self,
        database: Path,
        *,
        how: str,
        interpreters: Sequence[str] = (),
        folders: Sequence[Path] = (),
        explicit: bool = False,
    ) -> Trusted:
        """Trust a database, or add to what is trusted of it. Raises `Refused`.

        `explicit`: this user named it with `smithers trust`, which root must do for the folder of
        another user.
        """
        path = Path(os.path.realpath(database))
        with self._file_for(path).edited() as kept:
            records = kept.databases
            known = records.get(str(path))
            marks = _find_marks(path)
            if marks is None:
                raise Refused(
                    f"{path} no longer exists, so it cannot be trusted",
                    hint="check the path of the database",
                )
            if known is not None and known != replace(known, **marks):
                known = None  # of another file
            check_owner(path, explicit=explicit or (known is not None and known.explicit))
            if known is None:
                at = datetime.now(UTC).isoformat(timespec="seconds")
                known = Trusted(path=str(path), at=at, how=how, explicit=explicit, **marks)
            beyond = [one for one in folders if not self.allows(known, one)]
            made = replace(
                known,
                explicit=known.explicit or explicit,
                interpreters=_joined(known.interpreters, interpreters),
                folders=_joined(known.folders, [os.path.realpath(one) for one in beyond]),
            )
            records[str(path)] = made
            if len(records) > _MOST_RECORDS:
                for gone in [one for one in records if not os.path.exists(one)]:
                    del records[gone]
        return made

    def note_use(
        self, known: Trusted, how: str, *, interpreters: Sequence[str] = (), folders: Sequence[Path]
    ) -> None:
        """A person uses a trusted database with these interpreters and folders; as `add`."""
        if {*interpreters} <= {*known.interpreters} and all(self.allows(known, x) for x in folders):
            return
        self.add(Path(known.path), how=how, interpreters=interpreters, folders=folders)

    def remove(self, database: Path) -> bool:
        """Trust a database no longer; False if it was not trusted."""
        with TrustFile(self._environment).edited() as records:
            return records.databases.pop(os.path.realpath(database), None) is not None

    # -- settings files

    def believes_settings(self, path: Path, digest: str) -> bool | None:
        """Whether this user trusts a project's settings file with this digest; None if they have
        trusted none at this path.
        """
        path = Path(os.path.realpath(path))
        found = self._file_for(path).read().settings.get(str(path))
        return None if found is None else found.digest == digest

    def add_settings(self, path: Path, digest: str) -> None:
        """Trust a settings file as long as it has this digest. Raises `Refused`."""
        path = Path(os.path.realpath(path))
        check_owner(path)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        with self._file_for(path).edited() as kept:
            kept.settings[str(path)] = TrustedSettings(path=str(path), digest=digest, at=at)

    def remove_settings(self, path: Path) -> bool:
        """Trust a settings file no longer; False if it was not trusted."""
        with TrustFile(self._environment).edited() as records:
            return records.settings.pop(os.path.realpath(path), None) is not None

    def all_settings(self) -> list[TrustedSettings]:
        """The records of settings files, oldest first."""
        return list(TrustFile(self._environment).read().settings.values())

    # -- folders

    def allows(self, trusted: Trusted, folder: Path) -> bool:
        """Whether runs may be driven in this folder, and files in it be executed."""
        home = home_of(self._environment)
        roots = [project_of(Path(trusted.path)), *map(Path, trusted.folders)]
        return any(is_part(folder, root, home) for root in roots)

    def not_allowed(self, database: Path, folders: Sequence[str]) -> list[str]:
        """Those of these folders that are there, and that the database's record does not allow."""
        trusted = self.find(database)
        return [
            folder
            for folder in dict.fromkeys(map(os.path.realpath, folders))
            if os.path.isdir(folder) and not (trusted and self.allows(trusted, Path(folder)))
        ]

    def may_import(self, database: Path, folder: Path) -> bool:
        """See `Hub.may_import`. Raises `Refused` if another user could have written something."""
        if (trusted := self.find(database)) is None or not self.allows(trusted, folder):
            return False
        check_writers(folder, explicit=trusted.explicit)
        return True

    def check_may_run(
        self,
        trusted: Trusted | None,
        database: Path,
        run: NewRun,
        *,
        file: bool,
        here: Path | None = None,
    ) -> None:
        """Raises `Untrusted` if the row of a run names a folder, or a file to execute (if `file`),
        that is outside the project, unless this user has used it with the database.

        `here` is the folder in which this user has typed a command that names the run.
        """
        folders = [Path(run.folder), *([Path(os.path.realpath(run.file)).parent] if file else [])]
        for folder in folders:
            self._check_folder(trusted, database, run, folder, here)
        for path in (*folders, *([Path(run.file)] if file else [])):
            check_writers(path, explicit=trusted is not None and trusted.explicit)

    def _check_folder(
        self, trusted: Trusted | None, database: Path, run: NewRun, folder: Path, here: Path | None
    ) -> None:
        home = home_of(self._environment)
        roots = [project_of(database)] if here is None else [project_of(database), here]
        if any(is_part(folder, root, home) for root in roots):
            return
        if trusted is not None and self.allows(trusted, folder):
            return
        where, path = shlex.quote(run.folder), shlex.quote(str(database.absolute()))
        raise Untrusted(
            f"run {run.run_id} would run in {folder}, which is outside the project"
            f" {project_of(database)} and which you have not used with this database",
            hint=f"if it is yours: cd {where} && smithers up FILE.py --resume --run-id"
            f" {shlex.quote(run.run_id)} --db {path}",
        )

    def _file_for(self, database: Path) -> TrustFile:
        """The file of records, which must not lie in the project that it would speak for."""
        file, project = TrustFile(self._environment), project_of(database)
        if is_part(file.path.parent, project, home_of(self._environment)):
            raise Refused(
                f"{file.path} is inside the project {project}, whose files others may have"
                " written, so it cannot record what you trust",
                hint="set the variable XDG_STATE_HOME to a folder outside it, or unset it",
            )
        return file


def check_owner(database: Path, *, explicit: bool = False) -> None:
    """Raises `Untrusted` if somebody else could have written the database or replaced its folder.

    Checked are the file, its folder and the project's, as far as they are there. A group may write
    if it has no other member. `explicit`: root has said that it trusts the files of another user.
    """
    path = Path(os.path.realpath(database))
    for one in dict.fromkeys((path, path.parent, project_of(path))):
        check_writers(one, explicit=explicit, database=path)


def check_writers(path: Path, *, explicit: bool = False, database: Path | None = None) -> None:
    """Raises `Untrusted` if somebody else could have written a file, or what is in a folder.

    A path that does not exist passes.
    """
    found, me = _find_stat(path), os.geteuid()
    if found is None:
        return
    if is_foreign(found) and not (me == 0 and explicit):
        hint = "use a database in your own folder: --db PATH"
        if me == 0:
            hint = "if you trust that user, type: smithers trust"
            hint += f" {shlex.quote(str(database))}" if database is not None else ""
        raise Untrusted(f"{path} belongs to another user ({user_name(found.st_uid)})", hint=hint)
    if (who := writers_of(found)) is not None:
        letter = "o" if who == "everybody" else "g"
        raise Untrusted(
            f"{path} can be written by {who}",
            hint=f"remove that permission: chmod {letter}-w {shlex.quote(str(path))}",
        )


def _find_stat(path: Path) -> os.stat_result | None:
    """The status of a file; None if there is none. Files may be deleted at any moment."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _find_marks(path: Path) -> dict[str, Any] | None:
    """What tells this very file from another one at its path; None if it is gone."""
    if (found := _find_stat(path)) is None:
        return None
    try:
        device = _device_of(path, found)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return {"device": device, "inode": found.st_ino, "id": _id_of(path)}


def _device_of(path: Path, found: os.stat_result) -> int:
    """The device; of a file system without one of its own (btrfs, zfs, overlay), whose number
    differs after a restart, its id.
    """
    if os.major(found.st_dev):
        return found.st_dev
    return os.statvfs(path).f_fsid or found.st_dev


def _id_of(path: Path) -> str:
    """The id in the database; empty for one of a version before it had one."""
    try:
        check_beside(path)
        way = way_of(path)
        opened = source(path) if way == "copied" else _reader(path, is_alone=way == "as it lies")
        with opened as db:
            row = db.execute("SELECT id FROM identity").fetchone()
    except (sqlite3.Error, StoreError):
        return ""
    return str(row[0]) if row else ""


def _reader(path: Path, *, is_alone: bool) -> closing[sqlite3.Connection]:
    return closing(connect_reader(path, immutable=is_alone))


def _joined(known: tuple[str, ...], more: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))
