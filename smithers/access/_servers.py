"""Which servers of this user run, so that a browser can be sent to one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from smithers.engine.private_files import PrivateFile, state_folder
from smithers.store.lease import started_of
from smithers.values import dataclass

__all__ = ["RunningServer", "Servers"]


@dataclass(frozen=True, kw_only=True)
class RunningServer:
    """A server of a database. `names` are the hosts by which proxies reach it."""

    database: str
    url: str
    names: tuple[str, ...]
    pid: int
    started: str


class Servers:
    """The servers that run, in a private file: what is in a project could name any address."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        path = state_folder(environment) / "servers.json"
        self._file = PrivateFile(path, "keep", "the addresses of your servers")

    def note(self, database: Path, url: str, names: Sequence[str]) -> None:
        """Note that this process serves a database. Raises `Refused`."""
        pid = os.getpid()
        new = RunningServer(
            database=os.path.realpath(database),
            url=url,
            names=tuple(names),
            pid=pid,
            started=started_of(pid) or "",
        )
        with self._file.locked():
            document = {"version": 1, "servers": [vars(one) for one in [*self._running(), new]]}
            self._file.write(json.dumps(document, indent=2))

    def find(self, database: Path) -> RunningServer | None:
        """The server of a database that was started last; None if none runs. Raises `Refused`."""
        real = os.path.realpath(database)
        return next((one for one in reversed(self._running()) if one.database == real), None)

    def _running(self) -> list[RunningServer]:
        if (text := self._file.read()) is None:
            return []
        try:
            document = cast("dict[str, Any]", json.loads(text))
            found = [_server(one) for one in document["servers"]]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._file.damaged(error) from error
        return [one for one in found if started_of(one.pid) == one.started]


def _server(row: Mapping[str, Any]) -> RunningServer:
    return RunningServer(
        database=str(row["database"]),
        url=str(row["url"]),
        names=tuple(map(str, row["names"])),
        pid=int(row["pid"]),
        started=str(row["started"]),
    )
