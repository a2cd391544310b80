"""No descendant outlives its owner: real processes, really killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from harnesses.process import open_session
from smithers.agent import Ask
from smithers.errors import MachineError, Permanent, Stalled, Transient
from smithers.host import guard
from tests.harness.helpers import ROOT, alive, lines_of, pids_in, python, until

pytestmark = pytest.mark.anyio

FAMILY = """
import os, signal, subprocess, sys, time
def note(name):
    with open(name + ".part", "w") as file: file.write(str(os.getpid()))
    os.rename(name + ".part", name + ".pid")
note("program")
CHILD = '''
import os, subprocess, sys, time
name = sys.argv[1]
with open(name + ".part", "w") as file: file.write(str(os.getpid()))
os.rename(name + ".part", name + ".pid")
if name == "session":
    subprocess.Popen([sys.executable, "-c", open("child.py").read(), "background"],
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
time.sleep(300)
'''
with open("child.py", "w") as file: file.write(CHILD)
subprocess.Popen([sys.executable, "-c", CHILD, "session"], start_new_session=True)
subprocess.Popen([sys.executable, "-c", CHILD, "stubborn"], process_group=0)
print("ready")
if sys.argv[1:] != ["go"]: signal.signal(signal.SIGTERM, signal.SIG_IGN)
"""
"""A program with a child in a session of its own, which has a child too, and one in a group."""

WAITING = FAMILY + "time.sleep(300)\n"
ENDING = (
    FAMILY
    + """
while not all(os.path.exists(n + '.pid') for n in ('session', 'background', 'stubborn')):
    time.sleep(0.02)
sys.exit(7)
"""
)

OWNER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from harnesses.process import open_session
from smithers.agent import Ask
from tests.harness.helpers import python
async def main():
    command = python({code!r}, Path.cwd(), env={{"SMITHERS_ATTEMPT": "owner-test"}})
    async with open_session(command, Ask(prompt="", cwd=Path.cwd())) as session:
        for name, pid in zip(("guard", "leader"), await session.pids()):
            Path(name + ".pid").write_text(str(pid))
        async for line in session.lines():
            pass
asyncio.run(main())
"""


async def test_nothing_lives_five_seconds_after_the_owner_is_killed(tmp_path: Path) -> None:
    script = OWNER.format(root=str(ROOT), code=WAITING)
    owner = subprocess.Popen(  # noqa: ASYNC220 (at once; nothing else runs here)
        [sys.executable, "-c", script], cwd=tmp_path
    )
    try:
        await until(lambda: len(pids_in(tmp_path, 6)) == 6, within_s=20)
        pids = pids_in(tmp_path, 6)
        assert all(alive(pid) for pid in pids)
    finally:
        owner.kill()
        owner.wait()
    await until(lambda: not any(alive(pid) for pid in pids), within_s=5)


async def test_what_a_program_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    ask = Ask(prompt="", cwd=tmp_path)
    async with open_session(python(ENDING, tmp_path), ask) as session:
        async with aclosing(session.lines()) as lines:
            assert [line async for line in lines] == [b"ready"]
        ending = await session.close()
    assert ending.rc == 7
    assert not any(alive(pid) for pid in pids_in(tmp_path, 4))


async def test_closing_ends_the_program_and_all_its_descendants(tmp_path: Path) -> None:
    async with open_session(python(WAITING, tmp_path), Ask(prompt="", cwd=tmp_path)) as session:
        await until(lambda: len(pids_in(tmp_path, 4)) == 4, within_s=20)
        guard, leader = await session.pids()
    assert not any(alive(pid) for pid in [guard, leader, *pids_in(tmp_path, 4)])


async def test_a_killed_guard_takes_the_whole_tree_with_it(tmp_path: Path) -> None:
    marks = {"SMITHERS_ATTEMPT": f"guard-test-{os.getpid()}"}
    command = python(WAITING, tmp_path, env=marks)
    async with open_session(command, Ask(prompt="", cwd=tmp_path)) as session:
        await until(lambda: len(pids_in(tmp_path, 4)) == 4, within_s=20)
        guard, _ = await session.pids()
        os.kill(guard, signal.SIGKILL)
        ending = await session.close()
    assert ending.signal == signal.SIGKILL
    assert not any(alive(pid) for pid in pids_in(tmp_path, 4))


async def test_a_signal_to_the_guard_reaches_the_program(tmp_path: Path) -> None:
    code = "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(3))\n"
    command = python(code + "print('ready')\ntime.sleep(60)", tmp_path)
    async with open_session(command, Ask(prompt="", cwd=tmp_path)) as session:
        guard, _ = await session.pids()
        async with aclosing(session.lines()) as lines:
            async for _ in lines:
                os.kill(guard, signal.SIGTERM)
        assert (await session.close()).rc == 3


async def test_the_end_of_a_program_is_told_as_it_was(tmp_path: Path) -> None:
    for code, rc, number in (
        ("import sys; sys.exit(9)", 9, None),
        ("import os; os.kill(os.getpid(), 11)", None, 11),
        ("pass", 0, None),
    ):
        ask = Ask(prompt="", cwd=tmp_path)
        async with open_session(python(code, tmp_path), ask) as session:
            async with aclosing(session.lines()) as lines:
                assert [line async for line in lines] == []
            ending = await session.close()
        assert (ending.rc, ending.signal) == (rc, number)


async def test_cancelling_waits_until_nothing_lives(tmp_path: Path) -> None:
    async def work() -> None:
        ask = Ask(prompt="", cwd=tmp_path)
        async with (
            open_session(python(WAITING, tmp_path), ask) as session,
            aclosing(session.lines()) as lines,
        ):
            async for _ in lines:
                continue

    async with asyncio.timeout(30):
        task = asyncio.ensure_future(work())
        await until(lambda: len(pids_in(tmp_path, 4)) == 4, within_s=20)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not any(alive(pid) for pid in pids_in(tmp_path, 4))


async def test_silence_is_ended_and_named(tmp_path: Path) -> None:
    code = "import sys, time\nfor _ in range(600): sys.stderr.write('.'); time.sleep(0.1)"
    started = time.monotonic()
    with pytest.raises(Stalled) as caught:
        await lines_of(python(code, tmp_path), Ask(prompt="", cwd=tmp_path, idle_s=0.8))
    assert caught.value.idle_s == 0.8
    assert time.monotonic() - started < 8


async def test_a_busy_program_is_ended_by_the_clock_of_the_whole(tmp_path: Path) -> None:
    code = "import time\nwhile True: print('still at it'); time.sleep(0.05)"
    with pytest.raises(Transient, match=r"not finished within 0\.8 s"):
        await lines_of(python(code, tmp_path), Ask(prompt="", cwd=tmp_path, timeout_s=0.8))


async def test_a_program_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    code = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('deaf')\ntime.sleep(300)"
    async with open_session(python(code, tmp_path), Ask(prompt="", cwd=tmp_path)) as session:
        async with aclosing(session.lines()) as lines:
            assert await anext(lines) == b"deaf"
        ending = await session.close()
    assert ending.signal == signal.SIGKILL


async def test_a_working_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="nowhere does not exist"):
        await lines_of(python("", tmp_path / "nowhere"), Ask(prompt="", cwd=tmp_path))


async def test_a_program_that_cannot_be_started_says_why(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")
    command = python("", tmp_path)
    broken = replace(command, executable=str(tmp_path / "plain"))
    with pytest.raises(Permanent, match="cannot be started"):
        async with open_session(broken, Ask(prompt="", cwd=tmp_path)) as session:
            await session.pids()


async def test_without_its_raw_stream_an_attempt_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    ask = Ask(prompt="", cwd=tmp_path, raw=tmp_path / "taken" / "1.jsonl")
    code = "open('started', 'w')"
    with pytest.raises(MachineError, match=r"taken/1\.jsonl cannot be written: .*EEXIST"):
        await lines_of(python(code, tmp_path), ask)
    assert not (tmp_path / "started").exists()


async def test_what_the_last_thread_of_a_zombie_has_started_is_found() -> None:
    """The first thread of a killed process is a zombie before its other threads are gone."""
    zombie, child, other = 20, 30, 40
    processes = {10: (1, "1"), zombie: (10, ""), child: (zombie, "3"), other: (1, "4")}
    assert guard.descendants([10], processes) == {child: "3"}


async def test_what_a_thread_has_started_in_a_session_of_its_own_ends_as_well(
    tmp_path: Path,
) -> None:
    code = """
import subprocess, threading, time
def work():
    child = subprocess.Popen(["sleep", "300"], start_new_session=True)
    open("child.pid", "w").write(str(child.pid))
    print("started")
    time.sleep(300)
for _ in range(8):
    threading.Thread(target=time.sleep, args=(300,), daemon=True).start()
threading.Thread(target=work, daemon=True).start()
time.sleep(300)
"""
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with open_session(python(code, folder), Ask(prompt="", cwd=folder)) as session:
            async with aclosing(session.lines()) as lines:
                assert await anext(lines) == b"started"
            await session.close()
        (pid,) = pids_in(folder, 1)
        assert not alive(pid)
