"""Whether something that a process has started lives, however it was started."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASKED = """
import multiprocessing, os, time
from smithers.engine.orphans import adopting_orphans, has_children

def wait(pid):
    os.kill(pid, 9)
    os.waitpid(pid, 0)

with adopting_orphans():
    assert not has_children()
    START
    assert has_children()
    wait(pid)
    assert not has_children()
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
