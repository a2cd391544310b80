"""`doctor`: what stands how, what is missing, and an exit code for what keeps runs from working."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from harnesses._adapters import ECHO
from smithers.adapters import Installed
from smithers.agent import Adapter, Checkup
from smithers.cli._main import run
from smithers.doctor import has_wal_reset_bug, look_at_agents, look_at_packages
from smithers.doctor._agents import told_of
from smithers.errors import Refused
from smithers.store.migrations import published
from tests.cli.command import FLOWS, Said, database, really, smithers
from tests.places import HARNESSES

STAND_IN = """#!/bin/sh
# Stands in for Claude Code: it knows its version and its sign-in, and nothing else.
if [ "$1" = --version ]; then echo "VERSION (Claude Code)"; exit 0; fi
echo '{"loggedIn": true, "apiKeySource": "ANTHROPIC_API_KEY", "email": "ann@example.org"}'
"""
SHELL = "/usr/bin:/bin"


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """An environment in which Claude Code seems to be installed and signed in."""
    return with_claude(tmp_path, "2.1.330")


def with_claude(folder: Path, version: str) -> dict[str, str]:
    (folder / "bin").mkdir(exist_ok=True)
    program = folder / "bin" / "claude"
    program.write_text(STAND_IN.replace("VERSION", version))
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{SHELL}"}


def findings(said: Said, check: str) -> list[dict[str, Any]]:
    return [one for one in said.document["findings"] if one["check"] == check]


def test_all_is_well_with_one_agent_and_every_finding_has_one_shape(
    tmp_path: Path, programs: dict[str, str]
) -> None:
    said = smithers(tmp_path, "doctor", "--json", env=programs)
    assert (said.code, said.document["ok"], said.document["version"]) == (0, True, 1)
    for one in said.document["findings"]:
        assert {"check", "state", "said", "hint"} <= set(one)
        assert one["state"] in ("ok", "note")
        assert one["said"]
    (python,) = findings(said, "python")
    assert python["version"] == ".".join(map(str, sys.version_info[:3]))
    (sqlite,) = findings(said, "sqlite")
    assert sqlite["version"] == sqlite3.sqlite_version
    claude = next(one for one in findings(said, "agent") if one["program"] == "claude")
    assert (claude["state"], claude["version"], claude["signed_in"]) == ("ok", "2.1.330", True)
    assert claude["path"] == str(tmp_path / "bin" / "claude")
    assert "example.org" not in said.out


def test_a_person_gets_a_line_each_and_a_hint_below(
    tmp_path: Path, programs: dict[str, str]
) -> None:
    said = smithers(tmp_path, "doctor", env=programs)
    assert said.code == 0
    assert "✓ python" in said.out
    assert "✓ agent     Claude Code 2.1.330, signed in (ANTHROPIC_API_KEY)" in said.out
    assert "nothing prevents runs from working" in said.err


def test_no_agent_at_all_is_a_problem_with_the_way_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """This Python has packages for agents, which are hidden."""
    monkeypatch.setattr(metadata, "distribution", missing)
    monkeypatch.setenv("PATH", "/nowhere")
    assert run(["doctor", "--db", str(tmp_path / "some.db")]) == 1
    said = capsys.readouterr()
    for name in ("Claude Code", "Codex"):
        assert f"! agent     {name} is not installed" in said.out
    assert "    hint: install it with `npm install -g @anthropic-ai/claude-code`" in said.out
    assert "! agent     OpenAI's SDK is not installed: this Python has no package" in said.out
    assert "    hint: install it with `pip install 'smithers-orchestrator[openai]'`" in said.out
    assert "✗ agents    no agent is available" in said.out
    assert "1 problem" in said.err


def missing(name: str) -> metadata.Distribution:
    raise metadata.PackageNotFoundError(name)


def with_sdk(folder: Path, version: str) -> dict[str, str]:
    """An environment with no program, and with a package for one agent."""
    told = folder / "site" / f"openai-{version}.dist-info" / "METADATA"
    told.parent.mkdir(parents=True)
    told.write_text(f"Metadata-Version: 2.1\nName: openai\nVersion: {version}\n")
    return {"PATH": "/nowhere", "HOME": str(folder), **path_of(folder / "site")}


@pytest.mark.long
def test_a_package_with_a_key_is_an_agent_that_can_work(tmp_path: Path) -> None:
    env = with_sdk(tmp_path, "2.54.0") | {"OPENAI_API_KEY": "sk-secret"}
    said = really(tmp_path, "doctor", "--json", env=env)
    assert (said.code, findings(said, "agents")) == (0, [])
    sdk = next(one for one in findings(said, "agent") if one["program"] == "openai")
    assert (sdk["state"], sdk["version"], sdk["tested"]) == ("ok", "2.54.0", ["2.20", "3"])
    assert (sdk["signed_in"], sdk["account"]) == (True, "OPENAI_API_KEY")
    assert "secret" not in said.out


@pytest.mark.parametrize(
    ("version", "state", "words"),
    [
        ("2.19.9", "note", "older than 2.20, the oldest"),
        ("2.20.0", "ok", ""),
        ("3.99.1", "ok", ""),
        ("4.0.0", "ok", "newer than 3, the newest"),
    ],
)
def test_a_package_is_tested_from_its_oldest_version_to_the_end_of_its_newest_major(
    version: str, state: str, words: str
) -> None:
    sdk = Checkup(
        name="An SDK",
        program="sdk",
        install="pip install sdk",
        sign_in="set a key",
        tested=("2.20", "3"),
        path=Path("sdk"),
        version=version,
        signed_in=True,
    )
    (found,) = told_of([sdk])
    assert (found.state, words in found.said, " than " in found.said) == (state, True, bool(words))


def test_a_program_that_nobody_is_signed_in_to_is_a_note(tmp_path: Path) -> None:
    env = with_claude(tmp_path, "2.1.330")
    program = tmp_path / "bin" / "claude"
    program.write_text(program.read_text().replace("true", "false"))
    said = smithers(tmp_path, "doctor", env={**env, "HOME": str(tmp_path)})
    assert said.code == 0
    assert "! agent     Claude Code 2.1.330, not signed in" in said.out
    assert "hint: sign in with `claude auth login`" in said.out
    assert "! agents    no agent is signed in" in said.out


def test_one_that_is_too_old_and_signed_out_is_told_both(tmp_path: Path) -> None:
    env = with_claude(tmp_path, "1.0.0")
    program = tmp_path / "bin" / "claude"
    program.write_text(program.read_text().replace("true", "false"))
    said = smithers(tmp_path, "doctor", env={**env, "HOME": str(tmp_path)})
    assert f"not signed in, {program}; older than 2.1.330" in said.out
    assert "or set ANTHROPIC_API_KEY; update it with `npm install" in said.out


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("version", "state", "words"),
    [
        ("1.0.0", "note", "older than 2.1.330"),
        ("99.0.0", "ok", "newer than 2.1.332"),
        ("no number", "ok", "(unknown version)"),
    ],
)
def test_a_version_that_was_not_tested_is_told(
    tmp_path: Path, version: str, state: str, words: str
) -> None:
    said = smithers(tmp_path, "doctor", "--json", env=with_claude(tmp_path, version))
    claude = next(one for one in findings(said, "agent") if one["program"] == "claude")
    assert claude["state"] == state
    assert words in claude["said"]
    assert said.code == 0


@pytest.mark.parametrize(
    ("version", "has_it"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 44, 9), False),
        ((3, 45, 0), True),
        ((3, 49, 9), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 0), True),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_the_versions_of_sqlite_with_the_wal_reset_bug(
    version: tuple[int, int, int], has_it: bool
) -> None:
    assert has_wal_reset_bug(version) is has_it


def foreign(folder: Path, package: str) -> Path:
    """A folder into which another distribution has installed a package of our name."""
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    info = folder / "other_tools-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-tools\nVersion: 1.0\n")
    (info / "RECORD").write_text(f"{package}/__init__.py,,\nother_tools-1.0.dist-info/METADATA,,\n")
    return folder


def path_of(*folders: Path) -> dict[str, str]:
    """PYTHONPATH with these folders before what is there."""
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return {"PYTHONPATH": os.pathsep.join([*map(str, folders), *filter(None, before)])}


def test_a_foreign_distribution_in_front_of_a_package_of_ours_is_a_problem(
    tmp_path: Path, programs: dict[str, str]
) -> None:
    place = foreign(tmp_path / "site", "harnesses")
    said = really(tmp_path, "doctor", "--json", env={**programs, **path_of(place)})
    assert said.code == 1
    (one,) = findings(said, "packages")
    assert (one["state"], one["package"], one["distribution"]) == (
        *("problem", "harnesses"),
        "other-tools",
    )
    assert str(place / "harnesses") in one["said"]
    assert str(HARNESSES) in one["said"]
    assert one["hint"].startswith("pip uninstall other-tools")
    assert not findings(said, "agent")


@pytest.mark.long
def test_a_foreign_distribution_behind_ours_is_a_note(
    tmp_path: Path, programs: dict[str, str]
) -> None:
    place = foreign(tmp_path / "site", "smithers")
    said = really(
        tmp_path, "doctor", "--json", env={**programs, **path_of(HARNESSES.parent, place)}
    )
    assert said.code == 0
    (one,) = findings(said, "packages")
    assert (one["state"], one["distribution"]) == ("note", "other-tools")
    assert "comes first" in one["said"]


def test_a_foreign_distribution_that_wrote_into_a_package_of_ours_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = foreign(tmp_path, "harnesses")
    (one,) = look_at_packages(home, [str(home)])
    assert (one.state, one.facts["distribution"]) == ("problem", "other-tools")
    assert "--force-reinstall" in one.hint


@pytest.mark.long
def test_a_folder_of_the_project_with_a_name_of_ours_is_a_note(
    tmp_path: Path, programs: dict[str, str]
) -> None:
    (tmp_path / "harnesses").mkdir()
    (tmp_path / "harnesses" / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    said = smithers(tmp_path, "doctor", "--json", env=programs)
    assert said.code == 0
    (one,) = findings(said, "packages")
    assert (one["state"], one["path"]) == ("note", str(tmp_path / "harnesses"))
    shadowed = really(tmp_path, "doctor", "--json", env=programs)  # `python -m`: it stands in front
    assert shadowed.code == 1
    assert findings(shadowed, "packages")[0]["state"] == "problem"


def test_a_database_that_is_not_there_yet_is_well_and_is_not_made(
    tmp_path: Path, programs: dict[str, str]
) -> None:
    said = smithers(tmp_path, "doctor", "--json", env=programs)
    (one,) = findings(said, "database")
    assert (one["state"], one["path"]) == ("ok", str(database(tmp_path)))
    assert {one.name for one in tmp_path.iterdir()} == {"bin"}


def test_a_database_is_told_with_its_version_and_left_as_it_is(
    tmp_path: Path, programs: dict[str, str]
) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1")
    (one,) = findings(smithers(tmp_path, "doctor", "--json", env=programs), "database")
    newest = len(published())
    assert (one["state"], one["version"], one["runs"]) == ("ok", newest, 1)
    with sqlite3.connect(database(tmp_path)) as db:
        db.execute(f"PRAGMA user_version = {newest - 1}")
    db.close()
    (one,) = findings(smithers(tmp_path, "doctor", "--json", env=programs), "database")
    assert (one["state"], one["version"]) == ("note", newest - 1)


@pytest.mark.long
def test_a_database_that_cannot_be_used_is_a_problem(
    tmp_path: Path, programs: dict[str, str]
) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1")
    good = database(tmp_path).read_bytes()
    (tmp_path / "damaged.db").write_bytes(good[:4096] + b"\xff" * 4096 + good[8192:])
    (tmp_path / "newer.db").write_bytes(good)
    with sqlite3.connect(tmp_path / "newer.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (x)").connection.close()
    (tmp_path / "text.db").write_text("this is no database at all, but a text of some length")
    (tmp_path / "folder.db").mkdir()
    for name in ("damaged.db", "newer.db", "other.db", "text.db", "folder.db", "gone/away.db"):
        said = smithers(tmp_path, "doctor", "--json", "--db", name, env=programs)
        (one,) = findings(said, "database")
        assert (said.code, one["state"]) == (1, "problem"), one
        assert name in one["said"]
        assert one["hint"]


def test_adapters_that_cannot_be_loaded_are_told_and_hide_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails() -> Checkup:
        raise OSError("no process can be started")

    broken = {"acme": Refused("the adapter acme cannot be loaded", hint="install acme again")}
    adapters = {"odd": Adapter(classes=("odd:Odd",), checkup=fails), "echo": ECHO}
    found = Installed(adapters=adapters, broken=broken)
    monkeypatch.setattr("smithers.doctor._agents.installed", lambda: found)
    acme, odd, none = look_at_agents()
    assert (acme.state, acme.said, acme.hint) == (
        *("note", "the adapter acme cannot be loaded"),
        "install acme again",
    )
    assert odd.said == "the adapter odd cannot check its agents: OSError: no process can be started"
    assert none.said.startswith("no agent is available")


def test_a_package_of_ours_without_its_entry_points_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Installed(adapters={}, broken={})
    monkeypatch.setattr("smithers.doctor._agents.installed", lambda: found)
    (one,) = look_at_agents()
    assert one.state == "problem"
    assert "--force-reinstall --no-deps" in one.hint


@pytest.mark.long
def test_a_database_that_git_tracks_is_reported_with_the_command_that_ends_it(
    tmp_path: Path,
) -> None:
    for command in (
        ["init", "-q"],
        ["config", "user.email", "a@b.c"],
        ["config", "user.name", "n"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    assert smithers(tmp_path, "up", f"{FLOWS}:echoes").code == 0
    ignored = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ignored.stdout.split() == ["??", ".smithers/.gitignore"]

    def tracked() -> list[dict[str, object]]:
        found = smithers(tmp_path, "doctor", "--json").document["findings"]
        return [one for one in found if one["check"] == "git"]

    assert tracked() == []
    subprocess.run(["git", "add", "-f", ".smithers/smithers.db"], cwd=tmp_path, check=True)
    (finding,) = tracked()
    assert finding["tracked"] == ["smithers.db"]
    subprocess.run(str(finding["hint"]), cwd="/", shell=True, check=True, capture_output=True)
    assert tracked() == []
    subprocess.run(["git", "add", "-f", ".smithers"], cwd=tmp_path, check=True)
    assert tracked()[0]["tracked"] == ["smithers.db", "smithers.db.lock", "smithers.runs"]


@pytest.mark.parametrize("bare", [False, True], ids=["repository", "bare one within it"])
def test_looking_for_a_tracked_database_runs_nothing_that_the_repository_names(
    tmp_path: Path, bare: bool
) -> None:
    started = tmp_path / "started"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {started}\n")
    program.chmod(0o755)
    project = tmp_path / "project"
    (project / ".smithers").mkdir(parents=True)
    assert smithers(project, "up", f"{FLOWS}:echoes").code == 0

    def git(*arguments: str) -> None:
        where = ["-C", str(project / ".smithers" if bare else project)]
        subprocess.run(["git", *where, *arguments], check=True, capture_output=True)

    subprocess.run(["git", "init", "-q", str(project)], check=True)
    if bare:  # a repository can hold the files of another one
        git("init", "-q", "--bare", ".")
        git("config", "core.worktree", str(project / ".smithers"))
        git("config", "core.bare", "false")
    git("add", "-f", "smithers.db" if bare else ".smithers/smithers.db")
    git("config", "core.fsmonitor", str(program))
    hook = project / (".smithers/hooks" if bare else ".git/hooks") / "post-index-change"
    shutil.copy(program, hook)
    environment = {"GIT_DIR": str(tmp_path / "x"), "GIT_EXTERNAL_DIFF": str(program)}
    assert smithers(project, "doctor", "--json", env=environment).document
    assert not started.exists()
