"""What a program writes costs its owner no memory, however much it is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.harness.helpers import ROOT

FLOW = """
import resource
import sys
sys.path.insert(0, {root!r})
from smithers import Command
from tests.commands.running import run_of

CODE = "import sys; [sys.stdout.write('x' * 99 + chr(10)) for _ in range({lines})]"

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

small = run_of(lambda ctx: Command("c", [sys.executable, "-S", "-c", "print('x' * 3000000)"]))
assert small.go().status == "finished"
before = peak()
run = run_of(lambda ctx: Command("c", [sys.executable, "-S", "-c", CODE]))
assert run.go(within_s=600).status == "finished"
file = run.settings.streams / "1.stdout"
print(file.stat().st_size, peak() - before)
file.unlink()
"""


@pytest.mark.long
@pytest.mark.parametrize(
    "size_mb", [64, pytest.param(1000, marks=[pytest.mark.trust, pytest.mark.timeout(900)])]
)
def test_a_long_output_keeps_memory_flat(size_mb: int) -> None:
    script = FLOW.format(root=str(ROOT), lines=size_mb * 10_000)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=800, check=False
    )
    assert done.returncode == 0, done.stderr
    written, grown_mb = map(int, done.stdout.split())
    assert written == size_mb * 1_000_000
    assert grown_mb < 16
