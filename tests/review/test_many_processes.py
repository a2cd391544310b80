"""Descendants are found in one pass over the machine's processes, however many are dead."""

from __future__ import annotations

import builtins
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from smithers.engine.process_table import ProcessTable
from smithers.engine.processes import kill_all
from smithers.host import guard
from smithers.store.lease import started_of
from tests.harness.helpers import alive

ZOMBIES = 3000
NOT_REAPING = """
import os, sys
for _ in range(int(sys.argv[1])):
    if os.fork() == 0:
        os._exit(0)
last = os.fork()
if last == 0:
    import signal
    signal.pause()
print(last, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def crowd() -> Iterator[tuple[int, int]]:
    """A process with thousands of children that ended, which nobody reaped, and one that lives."""
    words = [sys.executable, "-S", "-c", NOT_REAPING, str(ZOMBIES)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe) as parent:
        try:
            assert parent.stdout is not None
            yield parent.pid, int(parent.stdout.readline())
        finally:
            for pid in ProcessTable().descendants([parent.pid]):
                os.kill(pid, signal.SIGKILL)
            parent.kill()


class Opened:
    """Counts the files of processes that are opened, by name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counts: dict[str, int] = {"stat": 0, "environ": 0}
        real: Any = builtins.open

        def counting(file: Any, *args: Any, **kwargs: Any) -> Any:
            name = str(file).rpartition("/")[2]
            if str(file).startswith("/proc/") and name in self.counts:
                self.counts[name] += 1
            return real(file, *args, **kwargs)

        monkeypatch.setattr(builtins, "open", counting)


def processes() -> int:
    return sum(name.isdigit() for name in os.listdir("/proc"))


@pytest.mark.long
@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="counts reads of /proc")
def test_killing_what_is_left_reads_each_process_once(
    crowd: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, child = crowd
    rows = [(pid, started) for pid in crowd if (started := started_of(pid)) is not None]
    count = processes()
    assert count > ZOMBIES
    opened = Opened(monkeypatch)
    assert kill_all(rows) == []
    assert opened.counts["stat"] < count * 3 // 2, "each look is more than one pass"
    assert opened.counts["environ"] < 50, "environments of the dead are read"
    assert not alive(parent)
    assert not alive(child)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="counts reads of /proc")
def test_a_guard_looks_at_each_process_once(
    crowd: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, child = crowd
    count = processes()
    opened = Opened(monkeypatch)
    found = guard.descendants([parent], guard.snapshot())
    assert list(found) == [child]
    assert opened.counts["stat"] < count + 200
    assert opened.counts["environ"] < 50
    remembered = dict.fromkeys(range(1, 4000), "never")  # all of them are gone
    opened.counts = {"stat": 0, "environ": 0}
    assert guard.sweep(None, {**remembered, **found}, "") == {}
    assert opened.counts["stat"] < 3 * (count + 200), "a look for each that is remembered"
    assert not alive(child)
