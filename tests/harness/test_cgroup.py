"""Control groups of attempts, on a hierarchy that is only files, and on a real one where there is
one that this user may write.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from smithers.engine import cgroups
from smithers.engine.cgroups import cgroup_name, members_of, remove_cgroup
from smithers.engine.processes import kill_groups
from smithers.host import guard
from smithers.host._cgroups import make_cgroup
from smithers.store.lease import started_of
from tests.harness.helpers import alive

MARK = "4711-abc:r1:3"
SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(300)"]


@pytest.fixture
def hierarchy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mounted hierarchy with this process in `/user.slice/app`; a new group has its file."""

    def kind(path: Path) -> str:
        return "cgroup2"

    monkeypatch.setattr(cgroups, "file_system_of", kind)
    (tmp_path / "user.slice" / "app").mkdir(parents=True)
    return tmp_path


def made(hierarchy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new group; the kernel makes the files of one, so here `mkdir` does."""
    mkdir = Path.mkdir

    def with_files(self: Path) -> None:
        mkdir(self)
        (self / "cgroup.procs").touch()

    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", with_files)
        folder = make_cgroup(MARK, hierarchy, "/user.slice/app")
    assert folder is not None
    return folder


def test_a_group_stands_below_our_own_and_has_the_name_that_the_owner_expects(
    hierarchy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = made(hierarchy, monkeypatch), made(hierarchy, monkeypatch)
    assert folder.parent == hierarchy / "user.slice" / "app"
    assert folder.name.startswith(cgroup_name(MARK))
    assert hashlib.sha256(MARK.encode()).hexdigest()[:24] in folder.name
    assert folder != other


def test_no_group_is_made_where_the_hierarchy_is_missing_or_not_ours(tmp_path: Path) -> None:
    assert make_cgroup(MARK, tmp_path / "missing", "/") is None
    assert make_cgroup(MARK, tmp_path, "/../other") is None
    assert make_cgroup(MARK, tmp_path, "/") is None, "a plain folder is not a control group"
    assert list(tmp_path.iterdir()) == []


def test_the_members_of_a_group_are_ended_and_it_is_removed(
    hierarchy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(hierarchy, monkeypatch)
    with subprocess.Popen(SLEEP) as member:
        (folder / "cgroup.procs").write_text(f"{member.pid}\n")
        assert members_of(str(folder), MARK) == [member.pid]
        assert kill_groups({str(folder): MARK}) == []
        assert member.wait(timeout=10) == -signal.SIGKILL


@pytest.mark.parametrize("name", ["user.slice", f"{cgroup_name(MARK)}1"])
def test_a_folder_that_is_not_the_group_of_the_attempt_is_left_alone(
    tmp_path: Path, name: str
) -> None:
    """Of the second the name is right, but a repository can ship a folder of any name."""
    other = tmp_path / name
    other.mkdir()
    with subprocess.Popen(SLEEP) as stranger:
        (other / "cgroup.procs").write_text(f"{stranger.pid}\n")
        assert members_of(str(other), MARK) == []
        assert kill_groups({str(other): MARK}) == []
        remove_cgroup(str(other), MARK)
        assert stranger.poll() is None
        assert other.exists()
        stranger.kill()


def test_no_variable_spares_a_process_or_what_is_below_it(hierarchy: Path, tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(300)'],"
        " env={})\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(300)\n"
    )
    words = [sys.executable, "-S", "-c", code]
    folder = tmp_path / f"{cgroup_name(MARK)}1"
    folder.mkdir()
    environment = {**os.environ, "SMITHERS_OWNER": "r9"}
    with (
        subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) as driver,
        subprocess.Popen(SLEEP) as member,
    ):
        assert driver.stdout is not None
        below = int(driver.stdout.readline())
        (folder / "cgroup.procs").write_text(f"{driver.pid}\n{below}\n{member.pid}\n")
        found = guard.members(str(folder), guard.snapshot())
        assert found == {pid: started_of(pid) for pid in (driver.pid, below, member.pid)}
        assert kill_groups({str(folder): MARK}) == []
        assert member.wait(timeout=10) == driver.wait(timeout=10) == -signal.SIGKILL
        assert not alive(below)


def test_a_real_group_holds_a_daemon_without_parents_session_or_environment(
    tmp_path: Path,
) -> None:
    folder = make_cgroup(MARK)
    if folder is None:
        pytest.skip("this user can make no control group here")
    daemon = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        os.execve(sys.executable, [sys.executable, '-S', '-c', 'import os, time;'\n"
        '            \' open("pid", "w").write(str(os.getpid())); time.sleep(300)\'], {})\n'
        "    os._exit(0)\n"
        "while not (os.path.exists('pid') and open('pid').read()): time.sleep(0.01)\n"
    )
    control, hold = os.pipe()
    nothing = os.open(os.devnull, os.O_WRONLY)
    words = [sys.executable, "-I", "-S", guard.__file__, str(control), str(nothing), str(folder)]
    program = [sys.executable, "-S", "-c", daemon]
    with subprocess.Popen([*words, *program], cwd=tmp_path, pass_fds=(control, nothing)) as process:
        assert process.wait(timeout=60) == 0
    for end in (control, hold, nothing):
        os.close(end)
    assert not alive(int((tmp_path / "pid").read_text()))
    assert not folder.exists()
