"""Which file makes a client start our server, and what must stand in it.

Where each program looks, and what it gives its servers, was seen on the real ones.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from mcp_server import _json_text, _toml_text
from mcp_server._files import Change, read
from smithers.errors import Refused
from smithers.hub import Hub

__all__ = ["CLIENTS", "Change", "Client", "Scope", "Server", "added", "removed", "server_command"]

Scope = Literal["project", "user"]
_MARK = "\ufeff"
_NEEDED = (
    "SMITHERS_DB", "XDG_STATE_HOME",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "all_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
)  # fmt: skip
"""What runs may need of the variables that a client does not give by itself, beside those that the
agents declare. Names alone are written; those that are not set do no harm.
"""


class _Text(Protocol):
    """How one kind of file is read and edited."""

    def parsed(self, text: str, /) -> dict[str, Any]: ...
    def put(self, text: str, path: Sequence[str], fields: Mapping[str, object], /) -> str: ...
    def dropped(self, text: str, path: Sequence[str], /) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Client:
    """A program that can call the server.

    `fields` are what its entry has beside the command, `variables` the list in which it names those
    that its servers are given; None where they are given all. `note` is what it asks of a person
    for an entry of a project.
    """

    title: str
    key: str
    text: _Text
    project_file: str
    user_file: Callable[[], Path]
    fields: Mapping[str, object]
    variables: str | None
    note: str

    def file(self, scope: Scope, folder: Path) -> Path:
        """The file of that scope; for a project, in its folder."""
        return folder / self.project_file if scope == "project" else self.user_file()


@dataclass(frozen=True, kw_only=True)
class Server:
    """The server as a client shall start it: under which name, how, and with which variables of the
    client's environment beside those that every agent may need.
    """

    name: str
    command: Sequence[str]
    variables: Sequence[str] = ()


def server_command(*, roots: Sequence[Path], database: Path | None) -> list[str]:
    """What starts the server from any folder and with any PATH: this interpreter, by its full path.
    `-P` keeps Python from importing out of the client's folder, which may hold a `smithers.py`.
    """
    where = [] if database is None else ["--db", str(database.absolute())]
    allowed = [word for root in roots for word in ("--root", str(root.absolute()))]
    return [sys.executable, "-P", "-m", "smithers", "mcp", *where, *allowed]


def added(client: Client, scope: Scope, folder: Path, server: Server) -> Change:
    """The change after which the client knows the server; its outcome is `added`, `updated` or
    `present`. What a person has set in our entry beside ours stays. Raises `Refused`.
    """
    file = client.file(scope, folder)
    before, said = _said(client, file)
    servers = _servers(client, file, said)
    entry = _ours(servers, file, server.name)
    wanted = _wanted(client, server, entry or {})
    lacking = {key: value for key, value in wanted.items() if (entry or {}).get(key) != value}
    if entry is not None and not lacking:
        return Change(file=file, before=before, after=before, outcome="present")
    path = (client.key, server.name)
    text = _edited(file, before or "", lambda text: client.text.put(text, path, lacking))
    _verify(client, file, text, said, {**servers, server.name: {**(entry or {}), **wanted}})
    outcome: Literal["added", "updated"] = "added" if entry is None else "updated"
    private = scope == "user"
    return Change(file=file, before=before, after=text, outcome=outcome, private=private)


def removed(client: Client, scope: Scope, folder: Path, name: str) -> Change:
    """The change after which the client knows no server of that name; its outcome is `removed` or
    `absent`. Raises `Refused` where the entry is not ours.
    """
    file = client.file(scope, folder)
    before, said = _said(client, file)
    servers = _servers(client, file, said)
    if before is None or _ours(servers, file, name) is None:
        return Change(file=file, before=before, after=before, outcome="absent")
    text = _edited(file, before, lambda text: client.text.dropped(text, (client.key, name)))
    left = {key: value for key, value in servers.items() if key != name}
    _verify(client, file, text, said, left)
    return Change(file=file, before=before, after=text, outcome="removed")


def _said(client: Client, file: Path) -> tuple[str | None, dict[str, Any]]:
    """The text of the file, None where there is none, and what it says."""
    before = read(file)
    try:
        return before, client.text.parsed((before or "").removeprefix(_MARK))
    except ValueError as error:
        raise Refused(f"{file} cannot be read: {error}", hint="mend it there first") from error


def _servers(client: Client, file: Path, said: Mapping[str, Any]) -> dict[str, Any]:
    found: object = said.get(client.key, {})
    if not isinstance(found, dict):
        raise Refused(f"{client.key} of {file} is no table of servers", hint="mend it there")
    return cast("dict[str, Any]", found)


def _ours(servers: Mapping[str, Any], file: Path, name: str) -> dict[str, Any] | None:
    """The entry of that name; None where there is none. One that starts something else is not ours
    to change.
    """
    if name not in servers:
        return None
    entry = servers[name]
    if not isinstance(entry, dict) or not _starts_smithers(cast("dict[str, Any]", entry)):
        raise Refused(
            f"{name} in {file} is another server, not Smithers",
            hint="give ours a name of its own with --name",
        )
    return cast("dict[str, Any]", entry)


def _starts_smithers(entry: Mapping[str, Any]) -> bool:
    args: object = entry.get("args")
    listed = cast("list[object]", args) if isinstance(args, list) else []
    words = [str(one) for one in (entry.get("command"), *listed)]
    module = any(words[at : at + 3] == ["-m", "smithers", "mcp"] for at in range(len(words)))
    script = Path(words[0]).name in ("smithers", "smithers-orchestrator")
    return module or (script and words[1:2] == ["mcp"])


def _wanted(client: Client, server: Server, entry: Mapping[str, Any]) -> dict[str, object]:
    """What the entry must have. Variables that it names already stay named."""
    wanted: dict[str, object] = {
        "command": server.command[0],
        "args": list(server.command[1:]),
        **client.fields,
    }
    if client.variables is not None:
        found: object = entry.get(client.variables)
        named = cast("list[object]", found) if isinstance(found, list) else []
        more = dict.fromkeys([*_NEEDED, *Hub.agent_variables(), *server.variables])
        wanted[client.variables] = [*named, *(one for one in more if one not in named)]
    return wanted


def _edited(file: Path, text: str, edit: Callable[[str], str]) -> str:
    """The text after an edit that does not see its byte order mark."""
    mark = _MARK if text.startswith(_MARK) else ""
    try:
        return mark + edit(text.removeprefix(_MARK))
    except LookupError as error:
        raise Refused(
            f"{file} cannot be edited without changing what is not ours: {error}",
            hint="edit it by hand; --dry-run with another --name shows what an entry has",
        ) from error


def _verify(
    client: Client, file: Path, text: str, said: Mapping[str, Any], servers: Mapping[str, Any]
) -> None:
    """Raise `Refused` unless the file would say the same as before, but for the servers."""
    try:
        now = client.text.parsed(text.removeprefix(_MARK))
    except ValueError:
        now = {}
    if {**now, client.key: now.get(client.key, {})} != {**said, client.key: servers}:
        raise Refused(
            f"{client.key} of {file} is written in a way that cannot be edited piece by piece",
            hint="edit it by hand; --dry-run with another --name shows what an entry has",
        )


def _claude_settings() -> Path:
    named = os.environ.get("CLAUDE_CONFIG_DIR")
    home = Path(os.path.expanduser("~"))
    old = (Path(named) if named else home / ".claude") / ".config.json"
    return old if old.exists() else (Path(named) if named else home) / ".claude.json"


def _codex_settings() -> Path:
    named = os.environ.get("CODEX_HOME")
    return (Path(named) if named else Path(os.path.expanduser("~")) / ".codex") / "config.toml"


CLIENTS: Mapping[str, Client] = {
    "claude-code": Client(
        title="Claude Code",
        key="mcpServers",
        text=_json_text,
        project_file=".mcp.json",
        user_file=_claude_settings,
        fields={"type": "stdio"},
        variables=None,
        note="Claude Code asks once whether it may use it, when it next starts in this folder",
    ),
    "codex": Client(
        title="Codex",
        key="mcp_servers",
        text=_toml_text,
        project_file=".codex/config.toml",
        user_file=_codex_settings,
        # Else its first request does not wait for the server, and the model sees no tools.
        fields={"required": True},
        variables="env_vars",
        note="Codex reads this file only in a folder that it trusts; it asks when it starts there",
    ),
}
