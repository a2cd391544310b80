"""`service`: `supervise` as a service of the user, by systemd or launchd."""

from __future__ import annotations

import hashlib
import os
import plistlib
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from smithers.cli._arguments import Db, JsonFlag, Option, example
from smithers.cli._places import complete, place
from smithers.cli._streams import give, give_json, say
from smithers.cli._trusting import trust_if_typed
from smithers.errors import Refused
from smithers.hub import Hub
from smithers.values import dataclass

__all__ = ["register"]

DryRun = Annotated[
    bool,
    Option("--dry-run", help="Show the file and the commands without running them."),
]


@dataclass(frozen=True, kw_only=True)
class Service:
    """A user's service for one database: a file, and the commands that put it to use."""

    name: str
    file: Path
    text: str
    start: Sequence[Sequence[str]]
    stop: Sequence[Sequence[str]]
    status: Sequence[str]
    probe: Sequence[str]


def register(app: typer.Typer) -> None:
    service = typer.Typer(
        name="service",
        rich_markup_mode=None,
        no_args_is_help=True,
        short_help="Run supervise as a user service.",
        help=example(
            "smithers service install --dry-run",
            "smithers service status",
            says="Run `smithers supervise` for this database whenever you are logged in,"
            " with systemd (Linux) or launchd (macOS). It needs no extra rights.",
        ),
    )
    for name, short, says, command in (
        (
            "install",
            "Install and start the service.",
            (
                "Write the service's file and start the service. Repeating the command"
                " changes nothing."
            ),
            install,
        ),
        (
            "uninstall",
            "Stop and remove the service.",
            "Stop the service and remove its file. Runs that it has started continue.",
            uninstall,
        ),
        (
            "status",
            "Show whether the service is running.",
            "Show whether the service is running.",
            status,
        ),
    ):
        shown = example(f"smithers service {name}", says=says)
        service.command(name, short_help=short, help=shown)(command)
    app.add_typer(service)


def install(dry_run: DryRun = False, json: JsonFlag = False, db: Db = None) -> int:
    where = place(db)
    service = _service(where.path)
    if dry_run:
        return _show(service, service.start, json)
    Hub(where.path).check_may("install a service")
    _probe(service)
    trust_if_typed(where, "service install")
    runs = _run(service.status, must=False)
    if runs and service.file.exists() and service.file.read_text("utf-8") == service.text:
        said = f"{service.name} is already running, from {service.file}; nothing was changed"
        return _tell(service, json, "installed", said)
    service.file.parent.mkdir(parents=True, exist_ok=True)
    service.file.write_text(service.text, "utf-8")
    for command in service.stop if runs else ():
        _run(command, must=False)
    for command in service.start:
        _run(command)
    return _tell(
        service, json, "installed", f"{service.file} was written; {service.name} is running"
    )


def uninstall(dry_run: DryRun = False, json: JsonFlag = False, db: Db = None) -> int:
    where = place(db)
    service = _service(where.path)
    if dry_run:
        return _show(service, service.stop, json)
    Hub(where.path).check_may("remove a service")
    if not service.file.exists():
        return _tell(service, json, "absent", f"{service.file} does not exist; nothing was changed")
    _probe(service)
    for command in service.stop:
        _run(command, must=False)
    service.file.unlink()
    return _tell(service, json, "uninstalled", f"{service.file} was removed")


def status(json: JsonFlag = False, db: Db = None) -> int:
    service = _service(place(db).path)
    if not service.file.exists():
        said = complete(f"{service.file} does not exist; create it with `smithers service install`")
        return _tell(service, json, "absent", said)
    _probe(service)
    runs = _run(service.status, must=False)
    word = "running" if runs else "stopped"
    how = "" if runs else complete("; start it with `smithers service install`")
    return _tell(service, json, word, f"{service.name} is {word}{how}")


def _tell(service: Service, json: bool, outcome: str, said: str) -> int:
    if json:
        facts = {"name": service.name, "file": str(service.file), "outcome": outcome}
        give_json({"version": 1, **facts})
    else:
        give(said)
    return 0


def _show(service: Service, commands: Sequence[Sequence[str]], json: bool) -> int:
    if json:
        shown = {"name": service.name, "file": str(service.file), "text": service.text}
        give_json({"version": 1, **shown, "commands": [list(one) for one in commands]})
        return 0
    say(f"{service.file}:")
    give(service.text.rstrip("\n"))
    for command in commands:
        say(f"then: {' '.join(command)}")
    return 0


def _probe(service: Service) -> None:
    """Raise `Refused` where the user has no manager of services."""
    try:
        done = subprocess.run(service.probe, capture_output=True, text=True, check=False)
        why = "" if done.returncode == 0 else (done.stderr.strip() or done.stdout.strip())
        reached = done.returncode == 0
    except OSError as error:
        reached, why = False, f"{service.probe[0]}: {error.strerror}"
    if not reached:
        raise Refused(
            f"this user has no service manager here ({why or 'it does not answer'})",
            hint="in a container, for example: start `smithers supervise` the way you"
            " start your other processes; `smithers service install --dry-run` shows"
            " a file to adapt",
        )


def _run(command: Sequence[str], *, must: bool = True) -> bool:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and must:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        raise Refused(f"`{' '.join(command)}` failed: {said}")
    return done.returncode == 0


def _service(database: Path) -> Service:
    database = database.absolute()
    folder = database.parent.parent if database.parent.name == ".smithers" else database.parent
    words = re.sub(r"[^A-Za-z0-9]+", "-", folder.name).strip("-").lower() or "runs"
    name = f"smithers-{words}-{hashlib.sha256(str(database).encode()).hexdigest()[:8]}"
    command = [sys.executable, "-P", "-m", "smithers", "supervise", "--db", str(database)]
    if sys.platform == "darwin":
        return _launchd(name, command, folder)
    return _systemd(name, command, folder)


def _systemd(name: str, command: Sequence[str], folder: Path) -> Service:
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    unit = f"{name}.service"
    variables = " ".join(_word(f"{key}={text}") for key, text in _variables())
    text = f"""\
# Written by `smithers service install`; `smithers service uninstall` removes it.
[Unit]
Description=Smithers wakes the runs of {_escaped(str(folder))}

[Service]
ExecStart={" ".join(map(_argument, command))}
WorkingDirectory={_escaped(str(folder))}
Environment={variables}
Restart=on-failure
RestartSec=5
# Its exit codes when it is stopped by a signal: 128 plus the signal's number.
SuccessExitStatus=129 130 143
# The runs that it has started are not part of it: they continue when it stops.
KillMode=process

[Install]
WantedBy=default.target
"""
    user = ("systemctl", "--user")
    return Service(
        name=unit,
        file=Path(config) / "systemd" / "user" / unit,
        text=text,
        start=((*user, "daemon-reload"), (*user, "enable", unit), (*user, "restart", unit)),
        stop=((*user, "disable", "--now", unit), (*user, "daemon-reload")),
        status=(*user, "is-active", "--quiet", unit),
        probe=(*user, "show-environment"),
    )


def _launchd(name: str, command: Sequence[str], folder: Path) -> Service:
    label = f"orchestrator.{name}"
    agent = {
        "Label": label,
        "ProgramArguments": list(command),
        "WorkingDirectory": str(folder),
        "EnvironmentVariables": dict(_variables()),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        # The runs that it has started are no part of it: they go on when it stops.
        "AbandonProcessGroup": True,
    }
    file = Path(os.path.expanduser("~")) / "Library" / "LaunchAgents" / f"{label}.plist"
    domain = f"gui/{os.getuid()}"
    return Service(
        name=label,
        file=file,
        text=plistlib.dumps(agent).decode(),
        start=(("launchctl", "bootstrap", domain, str(file)),),
        stop=(("launchctl", "bootout", f"{domain}/{label}"),),
        status=("launchctl", "print", f"{domain}/{label}"),
        probe=("launchctl", "print", domain),
    )


def _variables() -> list[tuple[str, str]]:
    """What the service gets of this environment: where programs and the trust records are."""
    found = [("PATH", os.environ.get("PATH", os.defpath))]
    if state := os.environ.get("XDG_STATE_HOME"):
        found.append(("XDG_STATE_HOME", state))
    return found


def _escaped(text: str) -> str:
    """As systemd reads a line: `%` begins one of its own words."""
    return text.replace("%", "%%")


def _word(text: str) -> str:
    """One word of a line of systemd's."""
    inner = _escaped(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'


def _argument(text: str) -> str:
    """One word of a command of systemd's, where `$` begins a variable."""
    return _word(text).replace("$", "$$")
