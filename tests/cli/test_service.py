"""`service` writes a unit that can be read, and tells a recorded `systemctl` what to do with it.

There is no systemd where the tests run: the `systemctl` here is a stub that notes its arguments and
answers as told. That a real one takes the unit was seen by hand, by `systemd-analyze verify`.
"""

from __future__ import annotations

import configparser
import os
import shlex
import sys
from pathlib import Path

import pytest

from tests.cli.command import Said, smithers

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="the unit of systemd")


class Machine:
    """A home, and a stub of systemctl with a note of its calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "my project"
        self.home, self.calls = folder / "home", folder / "calls"
        self.active = folder / "active"
        for each in (self.folder, self.home, folder / "bin"):
            each.mkdir()
        stub = folder / "bin" / "systemctl"
        stub.write_text(
            "#!/bin/sh\n"
            f'echo "$@" >> {self.calls}\n'
            'case "$2" in\n'
            f"  is-active) test -e {self.active} ;;\n"
            f"  restart) touch {self.active} ;;\n"
            f"  disable) rm -f {self.active} ;;\n"
            "esac\n"
        )
        stub.chmod(0o755)
        self.path = f"{folder / 'bin'}:/usr/bin:/bin"

    def service(self, *arguments: str, path: str | None = None) -> Said:
        self.calls.unlink(missing_ok=True)
        env = {"HOME": str(self.home), "XDG_CONFIG_HOME": "", "PATH": path or self.path}
        return smithers(self.folder, "service", *arguments, env=env)

    @property
    def called(self) -> list[str]:
        if not self.calls.exists():
            return []
        return [line.removeprefix("--user ") for line in self.calls.read_text().splitlines()]

    @property
    def units(self) -> list[Path]:
        return sorted(self.home.rglob("*.service"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_dry_run_shows_the_whole_and_does_nothing(machine: Machine) -> None:
    said = machine.service("install", "--dry-run", "--json")
    shown = said.document
    assert shown["file"].startswith(str(machine.home / ".config/systemd/user/smithers-my-project-"))
    assert shown["commands"][0] == ["systemctl", "--user", "daemon-reload"]
    assert machine.units == []
    assert machine.called == []


def test_an_installed_unit_runs_supervise_for_this_database_by_this_interpreter(
    machine: Machine,
) -> None:
    said = machine.service("install")
    assert said.code == 0, said.err
    (unit,) = machine.units
    parsed = configparser.RawConfigParser(strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(unit)
    words = shlex.split(parsed["Service"]["ExecStart"])
    database = machine.folder / ".smithers" / "smithers.db"
    assert words == [sys.executable, "-P", "-m", "smithers", "supervise", "--db", str(database)]
    assert parsed["Service"]["WorkingDirectory"] == str(machine.folder)
    assert parsed["Service"]["KillMode"] == "process"
    assert shlex.split(parsed["Service"]["Environment"]) == [
        f"PATH={machine.path}",
        f"XDG_STATE_HOME={os.environ['XDG_STATE_HOME']}",  # where the trust records are
    ]
    assert machine.called[-3:] == ["daemon-reload", f"enable {unit.name}", f"restart {unit.name}"]


def test_to_install_twice_changes_nothing_and_an_old_unit_is_replaced(machine: Machine) -> None:
    machine.service("install")
    (unit,) = machine.units
    text = unit.read_text()
    assert "nothing was changed" in machine.service("install").out
    assert [call.split()[0] for call in machine.called] == ["show-environment", "is-active"]
    unit.write_text("[Service]\nExecStart=/bin/false\n")
    assert machine.service("install").code == 0
    assert unit.read_text() == text
    assert f"restart {unit.name}" in machine.called


def test_status_tells_and_uninstall_takes_away_what_was_written(machine: Machine) -> None:
    assert machine.service("status", "--json").document["outcome"] == "absent"
    machine.service("install")
    assert machine.service("status", "--json").document["outcome"] == "running"
    machine.active.unlink()
    assert machine.service("status", "--json").document["outcome"] == "stopped"
    assert machine.service("uninstall", "--json").document["outcome"] == "uninstalled"
    assert machine.units == []
    assert machine.service("uninstall", "--json").document["outcome"] == "absent"


def test_where_there_is_no_systemd_it_says_what_to_do_instead(machine: Machine) -> None:
    said = machine.service("install", path="/nowhere")
    assert said.code == 2
    assert "smithers supervise" in said.err
    assert machine.units == []
