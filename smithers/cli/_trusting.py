"""`trust`: let the runs of a database be resumed unattended; and what typing a command trusts."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Argument, Db, JsonFlag, Option, example
from smithers.cli._failures import Usage
from smithers.cli._places import Place, check_usable, place, workflow_files
from smithers.cli._streams import give, give_json, is_terminal, say
from smithers.errors import Refused, StoreError
from smithers.hub import Hub
from smithers.texts import plain

if TYPE_CHECKING:
    import typer

__all__ = ["mention_elsewhere", "register", "trust_if_typed"]

_FOLDERS_SHOWN = 8

Database = Annotated[
    Path | None,
    Argument(
        metavar="[PATH]",
        help="The database, the folder of its project (default: as for every command), or a"
        " settings file.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    app.command(
        "trust",
        short_help="Trust a database, so that its runs are resumed automatically.",
        help=example(
            "smithers trust",
            "smithers trust ~/work/project",
            "smithers trust ~/work/project/smithers.toml",
            "smithers trust --list",
            "smithers trust --remove ~/work/project",
            says="Trust a database that another user, program or machine made. From then"
            " on, `supervise` and `mcp` wake its runs, which executes the workflow"
            " files in the project that these runs name. A database that your own"
            " `smithers up` makes is trusted from the start. A settings file (.toml) is"
            " trusted as it is now, so that its agents may name programs and addresses.",
        ),
    )(trust)


def trust(
    path: Database = None,
    listed: Annotated[bool, Option("--list", help="List the databases that you trust.")] = False,
    remove: Annotated[bool, Option("--remove", help="Stop trusting the database.")] = False,
    folders: Annotated[
        list[Path] | None,
        Option(
            "--folder",
            metavar="DIR",
            help="Also trust the workflow files in this folder outside the project; repeatable.",
            show_default=False,
        ),
    ] = None,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    if listed:
        if remove or path is not None:
            raise Usage("--list takes no PATH", hint="type `smithers trust --list`")
        return _list(Hub(Path()), json)
    if path is not None and path.suffix == ".toml":
        if db is not None or folders:
            raise Usage(f"{path} is a settings file, which has no database and no folders")
        return _trust_settings(path.absolute(), remove=remove, json=json)
    where = _where(path, db, must_exist=not remove)
    hub = Hub(where)
    if remove:
        outcome = "removed" if hub.distrust() else "absent"
        said = {
            "removed": f"{where} is no longer trusted",
            "absent": f"{where} was not trusted; nothing was changed",
        }[outcome]
    else:
        here = [] if path is not None or db is not None else [Path.cwd(), where.parent.parent]
        if here and not folders:
            _check_something(where)
        hub.trust("trust", folders=[*here, *map(_folder, folders or [])], explicit=True)
        outcome, said = "trusted", f"{where} is trusted: `smithers supervise` wakes its runs"
        mention_elsewhere(hub)
    if json:
        give_json({"version": 1, "path": str(where), "outcome": outcome})
    else:
        give(plain(said))
    return 0


def _trust_settings(path: Path, *, remove: bool, json: bool) -> int:
    hub = Hub(path.parent / ".smithers" / "smithers.db")
    if not remove:
        hub.trust_settings(path)
        outcome, said = "trusted", f"{path} is trusted as it is now"
    elif hub.distrust_settings(path):
        outcome, said = "removed", f"{path} is no longer trusted"
    else:
        outcome, said = "absent", f"{path} was not trusted; nothing was changed"
    if json:
        give_json({"version": 1, "path": str(path), "outcome": outcome})
    else:
        give(plain(said))
    return 0


def _where(path: Path | None, db: Path | None, *, must_exist: bool) -> Path:
    """The database that is meant by a PATH: itself, or that in a folder, where it may be missing.
    One that is trusted no longer may be gone.
    """
    if path is None:
        return place(db, checked=False).path.absolute()
    if db is not None:
        raise Usage("PATH and --db cannot be combined: both name a database", hint="leave one out")
    check_usable(path)
    if path.is_file() or (path.suffix and not path.exists() and _may_be_made(path)):
        return path.absolute()
    if must_exist and not path.is_dir():
        raise Usage(f"{path} does not exist", hint="name a database, or the folder of a project")
    inside = path / ".smithers" / "smithers.db"
    known = {one.path for one in Hub(inside).trusted()}
    for one in (inside, path / "smithers.db", path):
        if one.is_file() or (not must_exist and os.path.realpath(one) in known):
            return one.absolute()
    return inside.absolute()


def _check_something(where: Path) -> None:
    """Raises `Refused` in a folder without a database and without anything that could make one, as
    it is if another folder was meant.
    """
    here = Path.cwd()
    files = (*workflow_files(here), *here.glob("*.py"), *here.glob("*/*.py"))
    if not files and not where.is_file():
        raise Refused(
            f"there is nothing to trust in {here}: it has no database and no Python file",
            hint="name the database, or the folder of its project: `smithers trust PATH`",
        )


def _may_be_made(path: Path) -> bool:
    """Whether a database that does not exist yet is named by its path."""
    folder = path.absolute().parent
    return (folder.parent if folder.name == ".smithers" else folder).is_dir()


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise Usage(f"--folder {path} is not a folder", hint="name an existing folder")
    return path


def _list(hub: Hub, json: bool) -> int:
    found, settings = hub.trusted(), hub.trusted_settings()
    if json:
        databases = [{**vars(one), "exists": Path(one.path).exists()} for one in found]
        give_json({"version": 1, "databases": databases, "settings": [*map(vars, settings)]})
        return 0
    for one in found:
        gone = "" if Path(one.path).exists() else "  (it no longer exists)"
        give(plain(f"{one.path}  since {one.at}, by `smithers {one.how}`{gone}"))
        for folder in one.folders:
            give(plain(f"  its runs may also use the folder {folder}"))
        for interpreter in one.interpreters:
            if interpreter != sys.executable:
                give(plain(f"  its runs may also be started by {interpreter}"))
    for file in settings:
        give(plain(f"{file.path}  since {file.at}, as long as it is unchanged"))
    if not found:
        say("no database is trusted yet; one that `smithers up FILE` creates is")
    return 0


def trust_if_typed(where: Place, how: str) -> None:
    """Trust the database that a person uses explicitly: one who types a command on a terminal.

    It says so once. If the database cannot be trusted, the command continues, and is refused later
    if it needs that.
    """
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)) or not where.path.is_file():
        return
    hub = Hub(where.path)
    try:
        if not hub.is_trusted():
            hub.trust(how)
            command = f"smithers trust --remove {shlex.quote(str(where.path.absolute()))}"
            say(plain(f"{where.path} is now trusted (to undo: {command})"))
            mention_elsewhere(hub)
    except (Refused, StoreError):
        return


def mention_elsewhere(hub: Hub) -> None:
    """Name the folders outside the project in which runs of the database are to be resumed, with
    the command that allows it: rows say so, and somebody else may have written these.
    """
    found = hub.folders_elsewhere()
    if not found:
        return
    listed = "".join(f" --folder {shlex.quote(folder)}" for folder in found[:_FOLDERS_SHOWN])
    database = shlex.quote(str(hub.database.absolute()))
    more = len(found) - _FOLDERS_SHOWN
    also = f" (and {more} more)" if more > 0 else ""
    say(
        plain(
            "runs in it name folders outside the project; if they are yours, type:"
            f" smithers trust {database}{listed}{also}"
        )
    )
