"""Whether the files of an open database are still the files at their paths.

SQLite keeps working on a file that was deleted, moved or replaced: everything it writes from then
on is gone when the process ends. So each transaction, and each look of an idle process, compares
device and inode of the paths with those of the opened files. This costs one `stat` for each file.
"""

from __future__ import annotations

import os
from pathlib import Path

from smithers.errors import StoreError

__all__ = ["OpenFiles"]

_Id = tuple[int, int]


class OpenFiles:
    """The database at `given` with its `-wal` and `-shm`, as they are now, which is right after a
    connection has opened them. While that connection is open nobody may delete or replace them.
    """

    def __init__(self, given: Path) -> None:
        self._given = given.absolute()
        real = os.path.realpath(given)  # SQLite keeps its other files beside the real file
        paths = (str(self._given), f"{real}-wal", f"{real}-shm")
        found = ((path, _id_of(path)) for path in paths)
        self._ids = {path: id for path, id in found if id is not None}
        self._wal = paths[1]
        self.wal_bytes = 0
        """The size of the WAL as of the last look."""

    def check(self) -> None:
        """Raise `StoreError` if one of the files was deleted, moved or replaced."""
        for path, id in self._ids.items():
            try:
                now = os.stat(path)
            except OSError:
                raise self._lost(path, gone=True) from None
            if (now.st_dev, now.st_ino) != id:
                raise self._lost(path, gone=False)
            if path == self._wal:
                self.wal_bytes = now.st_size

    def _lost(self, path: str, *, gone: bool) -> StoreError:
        how = "was deleted" if gone else "was replaced by another file"
        if path != str(self._given):
            what = "rows that were only in it may be lost"
            if path.endswith("-shm"):
                what = "processes that open it now cannot see this one's locks"
            return StoreError(
                f"{path} {how} while this process used the database {self._given}; {what}",
                hint="end the other processes that use this database, check it with"
                " `smithers doctor`, then resume the run",
            )
        if gone:
            return StoreError(
                f"the database {path} was deleted or moved while this process used it; the"
                " rows of its runs are gone",
                hint=f"if it was moved, move it back to {path} with its -wal, and resume the run;"
                " if it was deleted, restore a backup or start the run again",
            )
        beside = [name for name, id in self._ids.items() if name != path and _id_of(name) == id]
        careful = "before you use the new file, move away the files of the former one: "
        return StoreError(
            f"the database {path} was replaced while this process used it; the file that"
            " is there now does not have the latest rows of this process",
            hint="restore the former file with its -wal and resume the run, or start the"
            f" run again{f'; {careful}' if beside else ''}{', '.join(beside)}",
        )


def _id_of(path: str) -> _Id | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
