"""Everything that is read from a recorded database: by commands, by `Hub`, and by the MCP server.

What is read depends on the time, which `frozen` fixes, and on nothing else of this machine: the
folder is replaced by `/project`, times are shown in UTC, and all owners are of another machine.
"""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
import os
import pkgutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import typer.main

import mcp_server
import smithers
from mcp_server._results import asks_of, explained, listed, run_of, task_of
from smithers import wire
from smithers.changes import Key
from smithers.cli._main import run as run_command
from smithers.hub import Hub, Look, Overview, RunsQuery
from smithers.store.migrations import migrate, published
from smithers.store.rows import time_of
from smithers.views import EventsPage, LinesPage, Standing, Summary, TaskLine, TaskView

__all__ = ["PROJECT", "RECORDED", "compact", "database_in", "read_all", "recorded"]

RECORDED = Path(__file__).parent / "recorded"
PROJECT = "/project"
_VERSION = 5
_ROOM = 1_000_000
"""More characters than any answer of the MCP server has: what it cuts is tested elsewhere."""

_HEARD_S = 5
"""So long before the reading an agent was heard of last."""
_PAGE = 5
"""So many events are read: those that follow say the same as `timeline --json`."""

_RUN_COMMANDS = (
    *(["inspect"], ["inspect", "--json"], ["why"], ["why", "--json"], ["graph"]),
    *(["graph", "--json"], ["cost"], ["cost", "--json"], ["timeline"], ["asks"]),
    *(["asks", "--json"], ["logs"], ["logs", "--json"]),
)
_FIRST_RUN_COMMANDS = (["timeline", "--json"], ["graph", "--mermaid"])
"""What is long and says what other reads say: of the first run of a database that is not long."""
_COMMANDS = (["ps"], ["ps", "--json"], ["asks"], ["asks", "--json"])

Json = dict[str, Any]


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


def restore(name: str, document: Json, folder: Path) -> Path:
    """A recorded database, upgraded as it would be by its next owner, and its streams."""
    database = database_in(folder)
    database.parent.mkdir(parents=True)
    sql = f"PRAGMA user_version = {_VERSION}; PRAGMA application_id = {0x536D7468};\n"
    rows = (RECORDED / f"{name}.sql").read_text("utf-8")
    schema = (RECORDED / "schema.sql").read_text("utf-8")
    sql += schema.replace("COMMIT;", "") + rows + "COMMIT;"
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = off")
        db.executescript(sql)
        migrate(db, _VERSION, published())
    written = time_of(document["now"]).timestamp() - _HEARD_S
    for file, text in document["streams"].items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, "utf-8")
        os.utime(folder / file, (written, written))
    return database


# -- what is read


def read_all(name: str, document: Json) -> Json:
    """All reads of a recorded database, by their names: `RUN: COMMAND`, or `COMMAND`."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        database = restore(name, document, folder)
        with _at_rest(folder, document["now"]):
            return {
                read: json.loads(json.dumps(value).replace(str(folder), PROJECT))
                for read, value in _reads(
                    Hub(database, environment={}), is_long=document["is_long"]
                )
            }


def _reads(hub: Hub, *, is_long: bool) -> Iterator[tuple[str, object]]:
    for command in _COMMANDS:
        yield " ".join(command), _said(command)
    yield "mcp list_runs", listed(hub, RunsQuery(), _ROOM)
    yield "mcp list_asks", asks_of(hub, None, None, None, _ROOM)
    for number, run_id in enumerate(reversed(hub.run_ids(RunsQuery()))):
        is_first = number == 0 and not is_long
        for verb, *flags in _RUN_COMMANDS + (_FIRST_RUN_COMMANDS if is_first else ()):
            yield f"{run_id}: {' '.join([verb, *flags])}", _said([verb, run_id, *flags])
        for read, value in _hub_reads(hub, run_id, is_first=is_first):
            yield f"{run_id}: {read}", value


def _hub_reads(hub: Hub, run_id: str, *, is_first: bool) -> Iterator[tuple[str, object]]:
    """What is read without a command; of runs that are not the first, less that is said twice."""
    for name in ("attention", "look", "overview", "standing"):
        yield f"hub {name}", _plain(getattr(hub, name)(run_id))
    if not is_first:
        return
    for name in ("newest", "states", "summary"):
        yield f"hub {name}", _plain(getattr(hub, name)(run_id))
    yield "hub events", _plain(hub.events(run_id, limit=_PAGE))
    yield "hub event_lines", _plain(hub.event_lines(run_id, None, _ROOM))
    yield "mcp get_run", run_of(hub, hub.overview(run_id), None, _ROOM)
    yield "mcp explain_run", explained(hub, run_id, None, _ROOM)
    for one in _plain(hub.states(run_id)):
        task = str(Key(one["id"], tuple(one["iteration"])))
        yield f"hub task {task}", _plain(hub.task(run_id, task))
        if one["state"] != "finished":
            yield f"mcp get_task {task}", task_of(hub, run_id, task, None, _ROOM)


def _plain(value: object) -> Any:
    """What `Hub` gives as JSON data: the one place that depends on how it is typed."""
    return json.loads(json.dumps(_data(value)))


def _data(value: object) -> object:
    match value:
        case Summary():
            return wire.summary_json(value)
        case TaskLine():
            return wire.line_json(value)
        case TaskView():
            return wire.task_json(value)
        case Overview():
            why = wire.why_json(value.why)
            return {
                **wire.summary_json(value.summary),
                "workflow": value.workflow,
                "sentence": why["sentence"],
                "reasons": why["reasons"],
                "states": [
                    {"name": str(one.key), "state": one.state, "tolerated": one.tolerated}
                    for one in value.tasks
                ],
                "running": [wire.activity_json(one) for one in value.running],
                "cursor": value.cursor,
            }
        case Look():
            undecided = [str(key) for key in value.undecided]
            return {**dataclasses.asdict(value), "undecided": undecided}
        case Standing():
            return dataclasses.asdict(value)
        case EventsPage():
            return wire.events_page_json(value)
        case LinesPage():
            return dataclasses.asdict(value)
        case tuple():
            return [_data(one) for one in cast("tuple[object, ...]", value)]
        case _:
            return value


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


@contextmanager
def _at_rest(folder: Path, now: str) -> Generator[None]:
    left_out = ("SMITHERS_", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "LINES", "TZ")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(left_out)}
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
