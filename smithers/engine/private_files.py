"""Files of this user that are outside every project: private, written in one step under a lock, and
read as a whole. One that anybody else could have written is refused.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
from collections.abc import Generator, Mapping
from pathlib import Path

from smithers.errors import Refused
from smithers.store.ownership import is_foreign, user_name, writers_of

__all__ = ["PrivateFile", "home_of", "state_folder"]


class PrivateFile:
    """A file in a folder of this user. `keep` and `what` say in errors what it is for: it must be
    able to "record" "what you trust".
    """

    def __init__(self, path: Path, keep: str, what: str) -> None:
        self.path = path
        self._can, self._does = f"{keep} {what}", f"{keep}s {what}"

    def read(self) -> bytes | None:
        """What is in it; None if there is none. Raises `Refused`."""
        try:
            with self.path.open("rb") as file:
                self._check_private(self.path, os.fstat(file.fileno()))
                self._check_private(self.path.parent, self.path.parent.stat())
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(
                f"{self.path} cannot be read: {error.strerror}",
                hint=f"it {self._does}; make it readable",
            ) from error

    @contextlib.contextmanager
    def locked(self) -> Generator[None]:
        """Nobody else changes it meanwhile. Raises `Refused`."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path.with_suffix(".lock"), flags, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def write(self, text: str) -> None:
        """Replace what is in it, while it is `locked`. Raises `Refused`."""
        beside = self.path.with_suffix(".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with open(os.open(beside, flags, 0o600), "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(beside, self.path)
        except OSError as error:
            raise self._unwritable(error) from error

    def append(self, line: str) -> None:
        """Add a line to it, while it is `locked`. What a crash has left of one is cut off. Raises
        `Refused`.
        """
        whole = (self.read() or b"").rpartition(b"\n")[:2]
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with open(os.open(self.path, flags, 0o600), "wb") as stream:
                stream.truncate(stream.seek(sum(map(len, whole))))
                stream.write(f"{line}\n".encode())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise self._unwritable(error) from error

    def damaged(self, error: Exception) -> Refused:
        """The error for what cannot be understood in it."""
        quoted = shlex.quote(str(self.path))
        return Refused(
            f"{self.path} is damaged: {type(error).__name__}: {error}",
            hint=f"it {self._does}; move it away: mv {quoted} {quoted}.old",
        )

    def newer(self) -> Refused:
        """The error for one of a version that we do not know."""
        return Refused(
            f"{self.path} was written by a newer Smithers",
            hint="upgrade with `pip install --upgrade smithers-orchestrator`",
        )

    def _unwritable(self, error: OSError) -> Refused:
        return Refused(
            f"{self.path} cannot be written: {error.strerror}",
            hint=f"it {self._does}; make its folder writable, or set"
            " the variable XDG_STATE_HOME to another folder",
        )

    def _check_private(self, path: Path, found: os.stat_result) -> None:
        if is_foreign(found):
            raise Refused(
                f"{path} belongs to another user ({user_name(found.st_uid)}), so it cannot"
                f" {self._can}",
                hint="set the variable XDG_STATE_HOME to your own folder",
            )
        if (who := writers_of(found)) is not None:
            raise Refused(
                f"{path} can be written by {who}, so it cannot {self._can}",
                hint=f"check its contents, then type: chmod go-w {shlex.quote(str(path))}",
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
