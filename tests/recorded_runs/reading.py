"""Everything that is read from a recorded database: by commands, by `Hub`, and by the MCP server.

Nothing of it depends on this machine or on the time of the test. The time is fixed wherever our
modules ask `datetime` for it, and so is the time at which a stream was written last. The folder is
replaced by `/project`, times are shown in UTC, and of the environment little is kept. All owners
are of another machine: one is alive if its last heartbeat is less than a minute old.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import pkgutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import typer.main

import mcp_server
import smithers
from mcp_server._results import asks_of, explained, listed, run_of, task_of
from smithers.changes import Key
from smithers.cli._main import run as run_command
from smithers.hub import Hub, RunsQuery
from smithers.store.migrations import APPLICATION_ID, migrate, published
from smithers.store.rows import time_of

__all__ = ["PROJECT", "RECORDED", "compact", "database_in", "read_all", "recorded", "script"]

RECORDED = Path(__file__).parent / "recorded"
PROJECT = "/project"
_VERSION = 5
_ROOM = 1_000_000
"""More characters than any answer of the MCP server has: what it cuts is tested elsewhere."""

_HEARD_S = 5
"""So long before the reading an agent was heard of last."""
_PAGE = 3
"""So many events are read: those that follow say the same as `timeline --json`."""

_ON_ALL = (
    *(["inspect"], ["inspect", "--json"], ["why"], ["why", "--json"]),
    *(["graph"], ["graph", "--json"]),
)
"""What is read of all runs."""
_ON_MOST = (*(["cost"], ["cost", "--json"], ["timeline"], ["logs"], ["logs", "--json"]),)
"""What is read of the runs of a database that is not long."""
_ON_THE_FIRST = (
    *(["timeline", "--json"], ["graph", "--mermaid"]),
    *(["asks"], ["asks", "--json"]),
)
"""What says the same at length, of the first of these runs; and so do most reads of `Hub`."""

_COMMANDS = (["ps"], ["ps", "--json"], ["asks"], ["asks", "--json"])

_STATUSES = ("running", "waiting", "stale", "finished", "failed", "cancelled")

Json = dict[str, Any]
Plain = Callable[[object], Any]
"""Makes JSON data of what `Hub` gives."""


def database_in(folder: Path) -> Path:
    return folder / ".smithers" / "smithers.db"


def recorded(name: str) -> Json:
    found: Json = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    return found


def compact(document: Json) -> str:
    """A document as JSON with one line for each thing that was read."""
    head = {key: value for key, value in document.items() if key != "reads"}
    lines = [f"{_text(key)}:{_text(value)}" for key, value in document["reads"].items()]
    return _text(head)[:-1] + ',"reads":{\n' + ",\n".join(lines) + "\n}}\n"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# -- the database


def script(name: str) -> str:
    """The SQL that makes a database as it was recorded."""
    rows = (RECORDED / f"{name}.sql").read_text("utf-8")
    schema = (RECORDED / "schema.sql").read_text("utf-8").replace("COMMIT;", "")
    pragmas = f"PRAGMA user_version = {_VERSION}; PRAGMA application_id = {APPLICATION_ID};"
    return f"{pragmas}\n{schema}{rows}COMMIT;"


def restore(name: str, document: Json, folder: Path) -> Path:
    """A recorded database, upgraded as it would be by its next owner, and its streams."""
    database = database_in(folder)
    database.parent.mkdir(parents=True)
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = off")
        db.executescript(script(name))
        migrate(db, _VERSION, published())
    written = time_of(document["now"]).timestamp() - _HEARD_S
    for file, text in document["streams"].items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, "utf-8")
        os.utime(folder / file, (written, written))
    return database


# -- what is read


def read_all(name: str, document: Json, plain: Plain) -> Json:
    """All reads of a recorded database, by their names: `RUN: COMMAND`, or `COMMAND`."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        database = restore(name, document, folder)
        with _at_rest(folder, document["now"]):
            return {
                read: json.loads(json.dumps(value).replace(str(folder), PROJECT))
                for read, value in _reads(
                    Hub(database, environment={}), plain, is_long=document["is_long"]
                )
            }


def _reads(hub: Hub, plain: Plain, *, is_long: bool) -> Iterator[tuple[str, object]]:
    for command in _COMMANDS:
        yield " ".join(command), _said(command)
    for status in _STATUSES:
        yield f"hub run_ids {status}", hub.run_ids(RunsQuery(statuses=(status,)))
    yield "mcp list_runs", listed(hub, RunsQuery(), _ROOM)
    yield "mcp list_asks", asks_of(hub, None, None, None, _ROOM)
    for number, run_id in enumerate(reversed(hub.run_ids(RunsQuery()))):
        is_first = number == 0 and not is_long
        more = () if is_long else _ON_MOST
        for verb, *flags in (*_ON_ALL, *more, *(_ON_THE_FIRST if is_first else ())):
            yield f"{run_id}: {' '.join([verb, *flags])}", _said([verb, run_id, *flags])
        for read, value in _hub_reads(hub, plain, run_id, is_first=is_first):
            yield f"{run_id}: {read}", value


def _hub_reads(
    hub: Hub, plain: Plain, run_id: str, *, is_first: bool
) -> Iterator[tuple[str, object]]:
    """What is read without a command."""
    for name in ("attention", "look", "overview", "standing"):
        yield f"hub {name}", plain(getattr(hub, name)(run_id))
    if not is_first:
        return
    for name in ("newest", "states", "summary"):
        yield f"hub {name}", plain(getattr(hub, name)(run_id))
    yield "hub events", plain(hub.events(run_id, limit=_PAGE))
    yield "hub event_lines", plain(hub.event_lines(run_id, None, _ROOM))
    yield "mcp get_run", run_of(hub, hub.overview(run_id), None, _ROOM)
    yield "mcp explain_run", explained(hub, run_id, None, _ROOM)
    for one in plain(hub.states(run_id)):
        task = str(Key(one["id"], tuple(one["iteration"])))
        yield f"hub task {task}", plain(hub.task(run_id, task))
        if one["state"] != "finished":
            yield f"mcp get_task {task}", task_of(hub, run_id, task, None, _ROOM)


def _said(command: list[str]) -> object:
    """What a command gives: the lines of its text, or its JSON documents."""
    written, err = io.BytesIO(), io.StringIO()
    out = io.TextIOWrapper(written, encoding="utf-8")
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command(command)
        out.flush()
    lines = written.getvalue().decode("utf-8").splitlines()
    if code:
        return {"code": code, "out": lines, "err": err.getvalue().splitlines()}
    if "--json" in command:
        found = [json.loads(line) for line in lines]
        return found[0] if len(found) == 1 and command[0] not in ("events", "logs") else found
    return lines


_get_command = cache(typer.main.get_command)
"""What typer makes of all commands, made once: it is most of what a command costs."""


# -- what would differ from one time and machine to another

_KEPT = ("PATH", "HOME", "XDG_STATE_HOME", "TMPDIR")
"""Of the environment."""


@contextmanager
def _at_rest(folder: Path, now: str) -> Generator[None]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    before = Path.cwd()
    with (
        patch.dict(os.environ, {**kept, "TZ": "UTC"}, clear=True),
        patch("smithers.cli._places._named", [], create=True),
        patch("typer.main.get_command", _get_command),
        patch("sys.executable", "python"),
        _frozen(time_of(now)),
    ):
        time.tzset()
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
    time.tzset()


class _Kind(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


@contextmanager
def _frozen(at: datetime) -> Generator[None]:
    """Let it be one time for all modules of ours: each has taken `datetime` by its name."""

    class Fixed(datetime, metaclass=_Kind):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return at.astimezone(tz)

    changed = [module for module in _modules() if getattr(module, "datetime", None) is datetime]
    for module in changed:
        module.datetime = Fixed
    try:
        yield
    finally:
        for module in changed:
            module.datetime = datetime


@cache
def _modules() -> tuple[Any, ...]:
    """All modules of Smithers that read."""
    for package in (smithers, mcp_server):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith(("__main__", "pytest_plugin")):
                importlib.import_module(found.name)
    ours = ("smithers.", "mcp_server.")
    return tuple(module for name, module in sys.modules.items() if name.startswith(ours))
