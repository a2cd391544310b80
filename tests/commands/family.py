"""A program with descendants of every kind that is hard to find, and how a test waits for them."""

from __future__ import annotations

import time
from pathlib import Path

from tests.harness.helpers import alive

__all__ = ["FAMILY", "MEMBERS", "await_family", "living", "until"]

FAMILY = r"""
import os, signal, sys, time

def note(name):
    with open(name + ".part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(name + ".part", name + ".pid")

def sleep(name):
    note(name)
    time.sleep(300)
    os._exit(0)

def born(name, way):
    if os.fork() == 0:
        way(name)
        os._exit(0)

def session(name):
    os.setsid()
    sleep(name)

def twice(name):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            sleep(name)
    os._exit(0)

def cleared(name):
    os.setsid()
    if os.fork() == 0:
        code = "import os, time; f = open({0!r} + '.part', 'w'); f.write(str(os.getpid()));"
        code += "f.close(); os.rename({0!r} + '.part', {0!r} + '.pid'); time.sleep(300)"
        os.execve(sys.executable, [sys.executable, "-S", "-c", code.format(name)], {})
    os._exit(0)

def deaf(name):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleep(name)

for way in (session, twice, cleared, deaf):
    born(way.__name__, way)
for number in range(int(sys.argv[1])):
    born(f"fork{number}", sleep)
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if sys.argv[2] == "ends":
    names = ["session", "twice", "cleared", "deaf"]
    while not all(os.path.exists(name + ".pid") for name in names):
        time.sleep(0.01)
    sys.exit(0)
sleep("program")
"""
"""Its arguments: how many forks it makes besides, and `waits`, `deaf` (to SIGTERM) or `ends`."""

MEMBERS = 5
"""Those that write a pid, the program itself included, without forks."""


def until(holds: object, what: str, within_s: float = 60.0) -> None:
    """Wait until a callable is true."""
    assert callable(holds)
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, f"{what} did not come within {within_s} s"
        time.sleep(0.02)


def living(folder: Path) -> list[int]:
    """Those that have written their pid and still live."""
    pids = [int(file.read_text()) for file in folder.glob("*.pid")]
    return [pid for pid in pids if alive(pid)]


def await_family(folder: Path, number: int = MEMBERS) -> None:
    """Wait until so many live."""
    until(lambda: len(living(folder)) >= number, f"a family of {number}")
