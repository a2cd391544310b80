"""Which databases this user trusts: those whose runs may be resumed when nobody looks on.

A row may be written by somebody else: a repository can ship a `.smithers/smithers.db`. So nothing
is executed because a row says so. `supervise` and `mcp` wake the runs of a trusted database only,
they start this interpreter, and the folder and file of a run must lie in the project. What goes
beyond that (another interpreter, another folder) comes from the trust record, which only commands
of this user write, and which lies outside every project.

A record names the real path of the database, its device and inode, and the id in it. A file that
was copied, cloned, restored or replaced is another one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import sqlite3
import stat
import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from smithers.errors import Refused, StoreError, Untrusted
from smithers.store import NewRun
from smithers.store.looking import peek
from smithers.store.opening import open_database

__all__ = [
    "Trusted",
    "Trusts",
    "check_may_run",
    "check_may_write",
    "project_of",
    "trust",
    "untrusted",
]


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

    @property
    def paths(self) -> list[Path]:
        """The folders beyond the project."""
        return [Path(one) for one in self.folders]

    def allows_folder(self, folder: Path) -> bool:
        """Whether runs may be driven in this folder, and files in it be executed."""
        real = Path(os.path.realpath(folder))
        allowed = [project_of(Path(self.path)), *map(Path, self.folders)]
        return any(real.is_relative_to(one) for one in allowed)

    def interpreter_of(self, named: str) -> str:
        """The interpreter to start for a run whose row names one: that one only if this user has
        used it with this database, else ours.
        """
        return named if named in self.interpreters and Path(named).exists() else sys.executable


def project_of(database: Path) -> Path:
    """The project's folder: the one that `.smithers` is in, else that of the database."""
    folder = Path(os.path.realpath(database)).parent
    return folder.parent if folder.name == ".smithers" else folder


def untrusted(database: Path) -> str:
    """Why nothing is woken or resumed from the rows of a database, in a sentence."""
    return f"{database} is not trusted by this user, who may not have made it"


def check_may_run(trusted: Trusted | None, database: Path, run: NewRun, *, file: bool) -> None:
    """Raises `Untrusted` if the row of a run names a folder, or a file to execute (if `file`), that
    is outside the project, unless this user has used it with the database.
    """
    folders = [Path(run.folder), *([Path(run.file).parent] if file else [])]
    for folder in folders:
        if not _allowed(trusted, database, folder):
            raise Untrusted(
                f"run {run.run_id} would run in {folder}, which is outside the project"
                f" {project_of(database)}, and you have not used it with this database",
                hint="if you trust what is there, type: smithers trust"
                f" {shlex.quote(str(database))} --folder {shlex.quote(str(folder))}",
            )


def check_may_write(database: Path, environment: Mapping[str, str]) -> None:
    """Raises `Untrusted` for a database that somebody else has made or can write, which a command
    may have found in a folder above: nothing is written there, unless root trusts it.
    """
    path = Path(os.path.realpath(database))
    if not path.exists():
        return
    try:
        _check(path, path.parent)
    except Untrusted:
        known = Trusts(environment).known(path)
        if known is None or not known.explicit:
            raise


def _allowed(trusted: Trusted | None, database: Path, folder: Path) -> bool:
    if trusted is not None:
        return trusted.allows_folder(folder)
    return Path(os.path.realpath(folder)).is_relative_to(project_of(database))


def trust(
    database: Path,
    environment: Mapping[str, str],
    *,
    how: str,
    folders: Sequence[Path] = (),
    explicit: bool = False,
) -> Trusted:
    """See `Hub.trust`."""
    if database.exists():
        check_owner(Path(os.path.realpath(database)), explicit=explicit)
    open_database(database).close()
    return Trusts(environment).add(database, how=how, folders=folders, explicit=explicit)


class Trusts:
    """The trust records of this user."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.file = _state_folder(environment) / "smithers" / "trusted.json"

    def find(self, database: Path) -> Trusted | None:
        """The record of this very database, if it is trusted.

        Raises `Refused` for a file that must not be trusted: another user could have written it.
        """
        path = Path(os.path.realpath(database))
        if not path.exists():
            return None
        found = self.known(path)
        check_owner(path, explicit=found is not None and found.explicit)
        marks = _marks(path)
        is_same = found is not None and marks["id"] and found == replace(found, **marks)
        return found if is_same else None

    def known(self, database: Path) -> Trusted | None:
        """The record of the path of a database, whatever the file there is now."""
        return _read(self.file).get(os.path.realpath(database))

    def all(self) -> list[Trusted]:
        """Every record, oldest first."""
        return list(_read(self.file).values())

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
        check_owner(path, explicit=explicit)
        with self._edited() as records:
            known = records.get(str(path))
            marks = _marks(path)
            if known is None or known != replace(known, **marks):
                at = datetime.now(UTC).isoformat(timespec="seconds")
                known = Trusted(path=str(path), at=at, how=how, explicit=explicit, **marks)
            beyond = [str(folder.resolve()) for folder in folders]
            made = replace(
                known,
                explicit=known.explicit or explicit,
                interpreters=_joined(known.interpreters, interpreters),
                folders=_joined(
                    known.folders,
                    [one for one in beyond if not known.allows_folder(Path(one))],
                ),
            )
            records[str(path)] = made
        return made

    def remove(self, database: Path) -> bool:
        """Trust a database no longer; False if it was not trusted."""
        with self._edited() as records:
            return records.pop(str(Path(os.path.realpath(database))), None) is not None

    @contextlib.contextmanager
    def _edited(self) -> Generator[dict[str, Trusted]]:
        """The records by path, to be changed; written in one step, under a lock."""
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(
                self.file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600
            )
        except OSError as error:
            raise _unwritable(self.file, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = _read(self.file)
            records = dict(before)
            yield records
            if records != before:
                _write(self.file, records)
        finally:
            os.close(lock)


def check_owner(path: Path, *, explicit: bool = False) -> None:
    """Raises `Untrusted` if somebody else could have written the database or replaced its folder.

    Checked are the file, its folder and the project's. A group may write if it has no other member.
    """
    _check(path, path.parent, project_of(path), explicit=explicit)


def _check(database: Path, *folders: Path, explicit: bool = False) -> None:
    me = os.geteuid()
    for one in dict.fromkeys((database, *folders)):
        found = one.stat()
        if found.st_uid not in (me, 0) and not (me == 0 and explicit):
            raise Untrusted(
                f"{one} belongs to another user ({_name_of(found.st_uid)})",
                hint=f"if you trust it, type: smithers trust {shlex.quote(str(database))}"
                if me == 0
                else "use a database of your own: --db .smithers/smithers.db",
            )
        sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
        others = found.st_mode & stat.S_IWOTH and not sticky
        group = found.st_mode & stat.S_IWGRP and not sticky and _has_others(found.st_gid, me)
        if others or group:
            who = "everybody" if others else f"the group {_group_name(found.st_gid)}"
            raise Untrusted(
                f"{one} may be written by {who}",
                hint=f"take that away: chmod {'o-w' if others else 'g-w'} {one}",
            )


def _has_others(gid: int, me: int) -> bool:
    """Whether a group has a member other than this user."""
    import grp
    import pwd

    try:
        mine = pwd.getpwuid(me).pw_name
        members = set(grp.getgrgid(gid).gr_mem)
        members |= {user.pw_name for user in pwd.getpwall() if user.pw_gid == gid}
    except KeyError:
        return True
    return bool(members - {mine, "root"})


def _name_of(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _state_folder(environment: Mapping[str, str]) -> Path:
    """Where programs keep the state of a user: XDG_STATE_HOME, else `~/.local/state`."""
    named = environment.get("XDG_STATE_HOME", "")
    if named.startswith("/"):
        return Path(named)
    home = environment.get("HOME", "")
    if not home.startswith("/"):
        import pwd

        try:
            home = pwd.getpwuid(os.geteuid()).pw_dir
        except KeyError:
            raise Refused(
                "this user has no home folder, so nothing can be trusted",
                hint="set HOME or XDG_STATE_HOME to a folder of this user",
            ) from None
    return Path(home) / ".local" / "state"


def _marks(path: Path) -> dict[str, Any]:
    found = path.stat()
    return {"device": found.st_dev, "inode": found.st_ino, "id": _id_of(path)}


def _id_of(path: Path) -> str:
    """The id in the database; empty for one of a version before it had one."""
    try:
        row = peek(
            path, lambda db: db.execute("SELECT id FROM identity").fetchone(), upgraded=False
        )
    except (sqlite3.Error, StoreError):
        return ""
    return str(row[0]) if row else ""


def _joined(known: tuple[str, ...], more: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))


@dataclass(frozen=True, kw_only=True)
class _Document:
    """What the file holds."""

    version: Literal[1]
    databases: tuple[Trusted, ...]


def _read(file: Path) -> dict[str, Trusted]:
    try:
        document = TypeAdapter(_Document).validate_json(file.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        raise _unreadable(file, error.errors()[0]["msg"]) from error
    except OSError as error:
        raise _unreadable(file, str(error.strerror)) from error
    return {one.path: one for one in document.databases}


def _unreadable(file: Path, why: str) -> Refused:
    return Refused(f"{file} cannot be read: {why}", hint=f"move it away: mv {file} {file}.old")


def _write(file: Path, records: Mapping[str, Trusted]) -> None:
    beside = file.with_suffix(".new")
    document = {"version": 1, "databases": [vars(one) for one in records.values()]}
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with open(handle, "w") as stream:
            json.dump(document, stream, indent=2)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, file)
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(file: Path, error: OSError) -> Refused:
    return Refused(
        f"{file} cannot be written: {error.strerror}",
        hint="it keeps which databases you trust; make its folder writable",
    )
