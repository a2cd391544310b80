"""`trust`: let the runs of a database be resumed unattended; and what typing a command trusts."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from smithers.cli._arguments import Db, JsonFlag, example
from smithers.cli._failures import Usage
from smithers.cli._places import Place, place
from smithers.cli._streams import give, give_json, is_terminal, say
from smithers.errors import Refused, StoreError
from smithers.hub import Hub
from smithers.texts import plain

__all__ = ["register", "trust_if_typed"]

Database = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PATH]",
        help="The database, or the folder of its project (default: as for every command).",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    app.command(
        "trust",
        short_help="Trust a database, so that its runs are woken.",
        help=example(
            "smithers trust",
            "smithers trust ~/work/project",
            "smithers trust --list",
            "smithers trust --remove ~/work/project",
            says="Trust a database that another command or another machine made: from then on"
            " `supervise` and `mcp` wake its runs, which executes the files that these name in the"
            " project. A database that your own `smithers up` makes is trusted from the start.",
        ),
    )(trust)


def trust(
    path: Database = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the databases that you trust.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Trust the database no longer.")] = False,
    folders: Annotated[
        list[Path] | None,
        typer.Option(
            "--folder",
            metavar="DIR",
            help="Trust the workflow files of this folder too, outside the project; may be given"
            " again.",
            show_default=False,
        ),
    ] = None,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    if listed:
        if remove or path is not None:
            raise Usage("--list takes no PATH", hint="type: smithers trust --list")
        return _list(Hub(place(db).path), json)
    where = _where(path, db)
    hub = Hub(where)
    if remove:
        outcome = "removed" if hub.distrust() else "absent"
        said = {
            "removed": f"{where} is not trusted any more",
            "absent": f"{where} was not trusted; nothing was changed",
        }[outcome]
    else:
        hub.trust("trust", folders=folders or [], explicit=True)
        outcome, said = "trusted", f"{where} is trusted: `smithers supervise` wakes its runs"
    if json:
        give_json({"version": 1, "path": str(where), "outcome": outcome})
    else:
        give(plain(said))
    return 0


def _where(path: Path | None, db: Path | None) -> Path:
    """The database that is meant by a PATH: itself, or that in a folder."""
    if path is None:
        return place(db).path.absolute()
    if db is not None:
        raise Usage("PATH and --db both name a database", hint="leave one out")
    if path.is_dir():
        inside = path / ".smithers" / "smithers.db"
        return (inside if inside.exists() else path / "smithers.db").absolute()
    return path.absolute()


def _list(hub: Hub, json: bool) -> int:
    found = hub.trusted()
    if json:
        give_json({"version": 1, "databases": [vars(one) for one in found]})
        return 0
    for one in found:
        give(plain(f"{one.path}  since {one.at}, by `smithers {one.how}`"))
        for folder in one.folders:
            give(plain(f"  runs in {folder} as well"))
    if not found:
        say("no database is trusted yet; `smithers up FILE` makes one that is")
    return 0


def trust_if_typed(where: Place, how: str) -> None:
    """Trust the database that a person uses explicitly: one who types a command on a terminal.

    It says so, once. Where nothing can be trusted, the command goes on without, and is refused
    where it needs it.
    """
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)) or not where.path.is_file():
        return
    hub = Hub(where.path)
    try:
        if not hub.is_trusted():
            hub.trust(how)
            command = f"smithers trust --remove {shlex.quote(str(where.path.absolute()))}"
            say(plain(f"{where.path} is trusted from now on (to undo: {command})"))
    except (Refused, StoreError):
        return
