"""`mcp add` and `mcp remove`: how the server comes into the settings of a client."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from mcp_server._clients import (
    CLIENTS,
    Change,
    Client,
    Scope,
    Server,
    added,
    removed,
    server_command,
)
from smithers.cli._arguments import Db, JsonFlag, Option, example
from smithers.cli._failures import Usage
from smithers.cli._places import place
from smithers.cli._serving import folder_at
from smithers.cli._streams import give, give_json, say, shown
from smithers.cli._trusting import mention_elsewhere
from smithers.errors import Refused, StoreError
from smithers.hub import Hub

if TYPE_CHECKING:
    import typer

__all__ = ["register"]

_NAMES = tuple(CLIENTS)
_OTHER = _NAMES[-1]
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

ClientName = Annotated[
    str,
    Option(
        "--client",
        metavar="NAME",
        help=f"The client to change the settings of: {' or '.join(_NAMES)}.",
    ),
]
ForProject = Annotated[
    bool,
    Option(
        "--project", help="Change this project's settings, in the current folder (the default)."
    ),
]
ForUser = Annotated[bool, Option("--user", help="Change your own settings, for every folder.")]
Called = Annotated[str, Option("--name", metavar="NAME", help="Name of the server in the client.")]
DryRun = Annotated[bool, Option("--dry-run", help="Show the change without making it.")]


def register(group: typer.Typer) -> None:
    group.command(
        "add",
        short_help="Add the server to a client's settings.",
        help=example(
            "smithers mcp add --dry-run",
            "smithers mcp add --root ~/flows",
            f"smithers mcp add --client {_OTHER} --user",
            says="Add the server to a client's settings, so that the client starts it."
            " The change is shown first; repeating the command changes nothing.",
        ),
    )(add)
    group.command(
        "remove",
        short_help="Remove the server from a client's settings.",
        help=example(
            "smithers mcp remove",
            f"smithers mcp remove --client {_OTHER} --user",
            says="Remove the server from a client's settings. The change is shown first.",
        ),
    )(remove)


def add(
    client: ClientName = _NAMES[0],
    project: ForProject = False,
    user: ForUser = False,
    roots: Annotated[
        list[Path] | None,
        Option(
            "--root",
            metavar="DIR",
            help="Also allow workflows in this folder to be started; repeatable. A"
            " project's own folder is always allowed.",
            show_default=False,
        ),
    ] = None,
    name: Called = "smithers",
    variables: Annotated[
        list[str] | None,
        Option(
            "--env",
            metavar="NAME",
            help="Pass this variable on to the server (clients pass on only a few); repeatable.",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRun = False,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    to = _client(client)
    scope = _scope(project, user)
    folder = Path.cwd()
    allowed = [*([folder] if scope == "project" else []), *map(folder_at, roots or [])]
    command = server_command(roots=list(dict.fromkeys(allowed)), database=db)
    _check_variables(to, variables or [])
    server = Server(name=_checked(name), command=command, variables=variables or [])
    change = added(to, scope, folder, server)
    _carry_out(change, dry_run)
    _tell(change, client, scope, name, dry_run=dry_run, json=json)
    if scope == "project" and not dry_run:
        _trust(allowed, db)
    if scope == "project" and change.outcome == "added" and not dry_run:
        say(to.note)
    return 0


def _trust(folders: Sequence[Path], db: Path | None) -> None:
    """The person lets agents start what is in these folders. That it cannot be is mentioned: the
    server then says so to whoever starts a run.
    """
    try:
        hub = Hub(place(db).path)
        if not all(map(hub.may_import, folders)):
            hub.trust("mcp add", folders=folders)
            say(shown(f"{hub.database} is now trusted, so the server wakes its runs"))
            mention_elsewhere(hub)
    except (Refused, StoreError) as error:
        say(shown(f"the server does not start anything yet: {error.said} ({error.hint})"))


def remove(
    client: ClientName = _NAMES[0],
    project: ForProject = False,
    user: ForUser = False,
    name: Called = "smithers",
    dry_run: DryRun = False,
    json: JsonFlag = False,
) -> int:
    scope = _scope(project, user)
    change = removed(_client(client), scope, Path.cwd(), _checked(name))
    _carry_out(change, dry_run)
    _tell(change, client, scope, name, dry_run=dry_run, json=json)
    return 0


def _carry_out(change: Change, dry_run: bool) -> None:
    for line in change.shown():
        say(shown(line))
    if not dry_run:
        change.write()


def _tell(
    change: Change, client: str, scope: Scope, name: str, *, dry_run: bool, json: bool
) -> None:
    written = not dry_run and change.outcome not in ("present", "absent")
    if json:
        facts = {"client": client, "scope": scope, "file": str(change.file), "name": name}
        give_json({"version": 1, **facts, "outcome": change.outcome, "written": written})
        return
    done = "would be " if dry_run else ""
    said = {
        "added": f"{name} {done}added to {change.file}",
        "updated": f"{name} {done}updated in {change.file}",
        "present": f"{name} is already in {change.file}; nothing was changed",
        "removed": f"{name} {done}removed from {change.file}",
        "absent": f"{name} is not in {change.file}; nothing was changed",
    }
    give(shown(said[change.outcome]))


def _client(name: str) -> Client:
    if name not in CLIENTS:
        raise Usage(
            f"--client {name!r} is not a known client", hint=f"choose one of: {', '.join(_NAMES)}"
        )
    return CLIENTS[name]


def _scope(project: bool, user: bool) -> Scope:
    if project and user:
        raise Usage("--project and --user cannot be combined")
    return "user" if user else "project"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Usage(f"--name {name!r} is not valid", hint="use only letters, digits, - and _")
    return name


def _check_variables(client: Client, names: list[str]) -> None:
    if names and client.variables is None:
        raise Usage(
            f"{client.title} passes all of its variables on to its servers", hint="leave out --env"
        )
    for name in names:
        if not _VARIABLE.fullmatch(name):
            shown = name.partition("=")[0]
            raise Usage(
                f"--env {shown!r} is not the name of a variable",
                hint="give only the name: a value would be written to the settings file",
            )
