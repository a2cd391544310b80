"""Guard and owner are killed at once: the next owner finds what they left by the rows alone."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from smithers.host._cgroups import make_cgroup
from tests.durability.commands import Project, until
from tests.harness.helpers import alive

FLOW = """
import os, sys
from pathlib import Path
from smithers import Context, Node, NoInput, Task, workflow
from smithers.agent import Answered, Capabilities, Spawned
from harnesses.process import Command, Source
from harnesses._turns import heard

HERE = Path(__file__).parent
if "WITHOUT_CGROUP" in os.environ:
    from smithers.host import _process
    _process.make_cgroup = lambda mark: None

# A daemon without its parents, its session and its environment, as some tools of agents start it.
DAEMON = '''
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve(sys.executable, [sys.executable, "-S", "-c",
            "import os, time; open(" + repr(sys.argv[2]) + ", 'w').write(str(os.getpid()));"
            "time.sleep(300)"], {})
    os._exit(0)
time.sleep(300)
'''

class Reader:
    over, notice = False, ""
    def hear(self, line):
        return iter(())
    def answer(self, ending, stderr):
        return Answered("done")

class Daemonic:
    name, can = "daemonic", Capabilities()

    async def run(self, ask):
        if (HERE / "again").exists():
            yield Answered("done")
            return
        command = Command(program="p", executable=sys.executable, flags=("-S", "-c", DAEMON),
                          prompt=str(HERE / "daemon.pid"), prompt_flag="--", cwd=HERE,
                          env=dict(PATH=os.environ["PATH"], **ask.marks), session=None,
                          resumes=False)
        async for event in heard(command, ask, Source(), Reader()):
            yield event

@workflow
def flow(ctx: Context[NoInput]) -> Node:
    return Task("t", agent=Daemonic(), prompt="x")
"""


def rows(project: Project) -> set[int]:
    with closing(sqlite3.connect(project.database)) as db:
        return {pid for (pid,) in db.execute("SELECT pid FROM processes")}


def groups() -> bool:
    """Whether this user can make a control group here."""
    made = make_cgroup("a mark")
    if made is not None:
        made.rmdir()
    return made is not None


@pytest.mark.sampled(1)
@pytest.mark.parametrize("known_by", ["rows", "control group"])
def test_the_next_owner_ends_a_daemon_that_left_its_parents_session_and_environment(
    project: Project, known_by: str
) -> None:
    folder = ""
    if known_by == "rows":
        project.environment["WITHOUT_CGROUP"] = "1"
    elif not groups():
        pytest.skip("no control group can be made here")
    (project.folder / "flow.py").write_text(FLOW)
    owner = project.start("up", "flow.py", "--run-id", "r1")
    pid_file = project.folder / "daemon.pid"
    until(lambda: pid_file.exists() and pid_file.read_text(), "the daemon")
    daemon = int(pid_file.read_text())
    assert Path(f"/proc/{daemon}/environ").read_bytes() == b""
    until(lambda: daemon in rows(project), "its row")
    guards = [one.pid for one in psutil.Process(owner.pid).children()]
    for pid in (owner.pid, *guards):
        os.kill(pid, signal.SIGSTOP)  # neither can act when the other dies
    for pid in (owner.pid, *guards):
        os.kill(pid, signal.SIGKILL)
    owner.communicate(timeout=60)
    assert alive(daemon), "it was to survive both"
    if known_by == "control group":
        with closing(sqlite3.connect(project.database)) as db:
            (folder,) = db.execute("SELECT cgroup FROM processes WHERE cgroup > ''").fetchone()
            db.execute("DELETE FROM processes WHERE pid = ?", (daemon,))
            db.commit()
    (project.folder / "again").touch()
    assert project.run("resume", "r1").returncode == 0
    assert not alive(daemon)
    assert rows(project) == set()
    if known_by == "control group":
        assert not Path(folder).exists()
