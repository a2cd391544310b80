"""The tests of trust are worth theirs: Smithers is broken on purpose, and each time one fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trust.amounts import in_parallel
from tests.trust.breakages import BREAKAGES

ROOT = Path(__file__).parents[2]
APPLY = """
import os
from tests.trust.breakages import BREAKAGES
for name, one in BREAKAGES.items():
    if (pid := os.fork()) == 0:
        one.apply()
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        print(name)
"""
QUICK = ("leases age by the wall clock", "nothing is synced")


def result_of(test: str, broken: str | None) -> tuple[int, str]:
    """How pytest ends on one test, on a Smithers as it is or on a broken one."""
    plugin = ["-p", "tests.trust.breaking"] if broken else []
    command = [sys.executable, "-m", "pytest", "-m", "", "-x", "--timeout=120", *plugin, test]
    broken_so = {"TRUST_BROKEN": broken, "TRUST_SAMPLE": "12"} if broken else {}
    environment = {**os.environ, **broken_so}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    return done.returncode, done.stdout + done.stderr


def check_caught(name: str) -> None:
    code, said = result_of(BREAKAGES[name].caught_by, name)
    assert "tests passed" not in said
    assert code == 1, f"nobody notices that {name} ({code}):\n{said[-3000:]}"
    assert re.search(r"^(FAILED|ERROR) tests/", said, re.MULTILINE), said[-3000:]


@pytest.mark.long
@pytest.mark.parametrize("name", QUICK)
def test_a_smithers_that_is_broken_on_purpose_is_noticed(name: str) -> None:
    check_caught(name)


def test_a_breakage_finds_what_it_breaks() -> None:
    """Each in a process of its own, forked from one that has the imports; what notices all of them
    takes minutes, and is in `make trust`.
    """
    done = subprocess.run(
        [sys.executable, "-c", APPLY], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.trust
@pytest.mark.timeout(1800)
def test_every_breakage_is_noticed_by_a_test_that_passes_without_it() -> None:
    assert len(BREAKAGES) >= 10
    in_parallel(check_caught, BREAKAGES)
    for code, said in in_parallel(
        lambda test: result_of(test, None), {one.caught_by for one in BREAKAGES.values()}
    ):
        assert code == 0, said[-3000:]
    print(f"breakages: {len(BREAKAGES)}, each noticed")  # noqa: T201  # `make trust` shows it
