"""Whether something that a process has started lives, however it was started."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASKED = """
import os
from smithers.engine.orphans import adopting_orphans, has_children

def wait(pid):
    os.kill(pid, 9)
    os.waitpid(pid, 0)

from smithers import Step, workflow
from smithers.engine.hot_engine import HotEngine
from tests.rules.runs import Run

@workflow
def flow(ctx):
    return Step("a", lambda: 1)

class HotRun(Run):
    makes = HotEngine

run = HotRun(flow)
run.drive_to_end()
run.engine.has_worked()

with adopting_orphans():
    assert not has_children()
    START
    assert has_children()
    assert run.engine.has_worked()
    wait(pid)
    run.engine.has_worked()
    assert not run.engine.has_worked()
"""


@pytest.mark.parametrize(
    "start",
    [
        'pid = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})',
        "import _posixsubprocess, multiprocessing.util as util;"
        ' pid = util.spawnv_passfds(b"/bin/sleep", ["sleep", "60"], ())',
    ],
)
def test_a_program_that_was_started_in_any_way_is_known_while_it_lives(start: str) -> None:
    subprocess.run([sys.executable, "-c", ASKED.replace("START", start)], check=True, timeout=60)
