"""The guard knows that its owner is gone, whoever else holds the owner's end of the pipe."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.harness.helpers import ROOT, alive, pids_in

OWNER = """
import asyncio, os, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from harnesses.process import open_session
from smithers.agent import Ask
from tests.harness.helpers import python
def note(name, pid):
    Path(name + ".part").write_text(str(pid))
    os.rename(name + ".part", name + ".pid")
async def main():
    command = python("import time; time.sleep(300)", Path.cwd())
    async with open_session(command, Ask(prompt="", cwd=Path.cwd())) as session:
        _, leader = await session.pids()
        forked = os.fork()  # as multiprocessing does in a step
        if not forked:
            time.sleep(300)
        note("leader", leader)
        note("forked", forked)
        async for line in session.lines():
            pass
asyncio.run(main())
"""


def test_an_owner_that_forked_takes_its_programs_with_it(tmp_path: Path) -> None:
    words = [sys.executable, "-c", OWNER.format(root=str(ROOT))]
    owner = subprocess.Popen(words, cwd=tmp_path)
    try:
        wait_for = time.monotonic() + 20
        while len(pids_in(tmp_path, 2)) != 2:
            assert time.monotonic() < wait_for
            time.sleep(0.02)
    finally:
        owner.kill()
        owner.wait()
    forked = int((tmp_path / "forked.pid").read_text())
    try:
        wait_for = time.monotonic() + 5
        while alive(int((tmp_path / "leader.pid").read_text())):
            assert time.monotonic() < wait_for, "the program outlived its owner"
            time.sleep(0.02)
    finally:
        os.kill(forked, signal.SIGKILL)
