"""As process 1 of a container: what is orphaned there is collected, and codes and signals pass."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from smithers.host import guard
from tests.durability.commands import Project, until

UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


def may_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not may_unshare(), reason="this user may not make a pid namespace")

ORPHANS = 20
FLOW = """
import os, subprocess, sys, time
from pathlib import Path
from smithers import Context, Node, NoInput, Step, workflow

HERE = Path(__file__).parent
ORPHANS = 20
ORPHAN = "import os; os.fork() == 0 and os._exit(0) if os.fork() == 0 else os._exit(0)"

def zombies() -> int:
    found = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = Path("/proc", name, "stat").read_text()
        except OSError:
            continue
        found += stat.rpartition(")")[2].split()[0] == "Z"
    return found

def orphans() -> str:
    for _ in range(ORPHANS):
        subprocess.run([sys.executable, "-S", "-c", ORPHAN], check=True)
    end = time.monotonic() + 30
    while (left := zombies()) and time.monotonic() < end:
        time.sleep(0.01)
    code = subprocess.run([sys.executable, "-S", "-c", "raise SystemExit(7)"]).returncode
    return f"{left} {code} {Path('/proc/1/comm').read_text().strip()}"

def wait() -> str:
    (HERE / "begun").touch()
    time.sleep(300)
    return ""

@workflow
def orphaning(ctx: Context[NoInput]) -> Node:
    step = Step("orphans", orphans)
    return step

@workflow
def waiting(ctx: Context[NoInput]) -> Node:
    return Step("wait", wait)

@workflow
def failing(ctx: Context[NoInput]) -> Node:
    return Step("fail", lambda: 1 / 0, output=int)
"""


def contained(project: Project, *arguments: str) -> subprocess.Popen[str]:
    """A command as process 1 of a container of its own."""
    (project.folder / "flow.py").write_text(FLOW)
    return subprocess.Popen(
        [*UNSHARE, *project.command(*arguments)],
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.long
def test_orphans_are_collected_while_a_run_goes_on(project: Project) -> None:
    owner = contained(project, "up", "flow.py:orphaning", "--run-id", "r1", "--json")
    out, err = owner.communicate(timeout=90)
    assert owner.returncode == 0, err
    assert '"0 7 ' in out, "orphans stayed dead and uncollected, or a child's code was lost"


def test_the_exit_code_is_that_of_the_command(project: Project) -> None:
    owner = contained(project, "up", "flow.py:failing", "--run-id", "r1")
    owner.communicate(timeout=60)
    assert owner.returncode == 1


def test_a_signal_to_process_one_stops_the_run_politely(project: Project) -> None:
    owner = contained(project, "up", "flow.py:waiting", "--run-id", "r1")
    until(lambda: (project.folder / "begun").exists() or owner.poll() is not None, "the step")
    (first,) = Path(f"/proc/{owner.pid}/task/{owner.pid}/children").read_text().split()
    os.kill(int(first), signal.SIGTERM)
    _, said = owner.communicate(timeout=60)
    assert owner.returncode == 143, said
    assert "is stopped" in said or "resume r1" in said


@pytest.mark.long
def test_a_guard_as_process_one_collects_orphans_and_gives_the_code(tmp_path: Path) -> None:
    program = (
        "import os, subprocess, sys, time\n"
        "orphan = 'import os; os.fork() == 0 and os._exit(0) if os.fork() == 0 else os._exit(0)'\n"
        f"for _ in range({ORPHANS}):\n"
        "    subprocess.run([sys.executable, '-S', '-c', orphan], check=True)\n"
        "def zombies():\n"
        "    stats = [open(f'/proc/{n}/stat').read() for n in os.listdir('/proc') if n.isdigit()]\n"
        "    return sum(one.rpartition(')')[2].split()[0] == 'Z' for one in stats)\n"
        "end = time.monotonic() + 30\n"
        "while (left := zombies()) and time.monotonic() < end:\n"
        "    time.sleep(0.01)\n"
        "open('left', 'w').write(str(left))\n"
        "sys.exit(5)\n"
    )
    control, hold = os.pipe()
    status, tell = os.pipe()
    words = [sys.executable, "-I", "-S", guard.__file__, str(control), str(tell), "-"]
    with subprocess.Popen(
        [*UNSHARE, *words, sys.executable, "-S", "-c", program],
        cwd=tmp_path,
        pass_fds=(control, tell),
    ) as process:
        os.close(control)
        os.close(tell)
        try:
            assert process.wait(timeout=60) == 5
        finally:
            os.close(hold)
    with os.fdopen(status, "rb") as said:
        assert said.read().splitlines()[-1] == b"exit 5"
    assert (tmp_path / "left").read_text() == "0"
