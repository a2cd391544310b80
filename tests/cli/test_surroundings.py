"""What a command needs of its surroundings: a folder that is there, a home, a login name."""

from __future__ import annotations

import json
import pwd
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from smithers.cli._user import complete_user
from tests.cli.command import FLOWS, environment, smithers

_IN_A_REMOVED_FOLDER = """
import contextlib, io, json, os, sys
import typer.main
from smithers.cli._app import app
from smithers.cli._main import run
from smithers.cli._mcp import register_clients

register_clients()
os.rmdir(os.getcwd())
found = {}
for name, command in typer.main.get_command(app).commands.items():
    for words in [[name, one] for one in getattr(command, "commands", ())] or [[name]]:
        for more in ([], ["--json"], ["--db", "/nowhere/smithers.db"]):
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run([*words, *more])
            found[" ".join([*words, *more])] = [code, err.getvalue()]
print(json.dumps(found))
"""


@pytest.mark.parametrize("name", ["a" * 300, "a" * 250, "/proc/1/root/a"])
@pytest.mark.parametrize("named", ["--db", "SMITHERS_DB"])
def test_a_database_at_which_the_system_does_not_look_is_named(
    tmp_path: Path, name: str, named: str
) -> None:
    with suppress(OSError):
        Path(f"{name}.db-journal").is_file()
        pytest.skip("this user may look there")
    path = f"{name}.db"
    options, env = ((named, path), {}) if named == "--db" else ((), {named: path})
    for words in (("ps",), ("up", f"{FLOWS}:works"), ("trust",)):
        said = smithers(tmp_path, *words, *options, env=env)
        assert said.code == 2
        assert said.err.startswith(f"error: {path} cannot be used: "), said
        assert "hint: choose another with --db PATH" in said.err
    assert f"error: {path} cannot be used: " in smithers(tmp_path, "trust", path).err


def test_every_command_says_that_the_current_folder_was_removed(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-c", _IN_A_REMOVED_FOLDER],
        cwd=folder,
        env=environment({"PYTHONPATH": str(FLOWS.parents[2])}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found) > 60
    said = "error: the current folder no longer exists\nhint: change to another folder with cd\n"
    assert {command: told for command, told in found.items() if told != [2, said]} == {}


@pytest.fixture
def no_entry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user whom the system does not list, with a folder for temporary files of the test."""

    def find(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", find)
    monkeypatch.setattr("os.getuid", lambda: 54321)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.mark.usefixtures("no_entry")
def test_a_user_without_an_entry_gets_a_private_home_and_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getuid", lambda: tmp_path.stat().st_uid)
    uid = tmp_path.stat().st_uid
    found: dict[str, str] = {}
    complete_user(found)
    home = tmp_path / f"smithers-home-{uid}"
    assert found == {"HOME": str(home), "USER": f"uid-{uid}"}
    assert home.stat().st_mode & 0o777 == 0o700
    again = {"HOME": ""}
    complete_user(again)
    assert again["HOME"] == str(home), "the same each time"


@pytest.mark.usefixtures("no_entry")
@pytest.mark.parametrize("kind", ["of another user", "open to others", "a link"])
def test_a_home_that_somebody_else_may_have_made_is_not_used(tmp_path: Path, kind: str) -> None:
    made = tmp_path / "smithers-home-54321"  # os.getuid() gives that number, who made it another
    if kind == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        made.symlink_to(tmp_path / "elsewhere")
    else:
        made.mkdir(mode=0o777 if kind == "open to others" else 0o700)
    found: dict[str, str] = {}
    complete_user(found)
    assert found["HOME"].startswith(f"{made.parent}/smithers-home-")
    assert found["HOME"] != str(made)


def test_what_is_known_of_the_user_stays() -> None:
    known = {"HOME": "/home/ann", "LOGNAME": "ann"}
    given = dict(known)
    complete_user(given)
    assert given == known


_NO_ENTRY = """
import pwd
def find(_):
    raise KeyError("uid not found")
pwd.getpwuid = find
"""
_FLOW = """\
from harnesses import ClaudeCode, Codex, Echo, Gemini, Pi
from smithers import Approval, Sequence, Task, workflow

agents = [Echo(), Codex(), Pi(), ClaudeCode(), Gemini()]

@workflow
def flow(ctx):
    return Sequence(Approval("ok", ask="?"), Task("t", agent=agents, prompt="p"))
"""


@pytest.mark.long
def test_a_run_and_its_approval_work_without_a_home_and_an_entry(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(_NO_ENTRY)
    (tmp_path / "flow.py").write_text(_FLOW)
    path = f"{tmp_path / 'site'}:{FLOWS.parents[2]}"
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": path, "TMPDIR": str(tmp_path)}

    def really(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "smithers", *words],
            cwd=tmp_path,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert really("up", "flow.py", "--run-id", "r1").returncode == 3
    done = really("approve", "r1", "ok", "--resume")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "r1 finished" in done.stderr
    assert "approved by uid-" in done.stderr
