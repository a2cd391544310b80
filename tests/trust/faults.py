"""A disk that is full or broken at the k-th write of a command, for every k and every file of ours.

A library that is loaded before all others (`faults.c`) lets calls on the files below `.smithers`
fail: those of SQLite on the database, its WAL and its shared memory, and ours on streams and locks.
A fault lasts for one call, or until the process ends. A torn write leaves half of its bytes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from tests.trust.audit import Json
from tests.trust.boundaries import SCENARIOS, Scenario
from tests.trust.children import FLOWS, Child, Site

__all__ = ["KINDS", "Fault", "Faults", "build_shim", "scenarios"]

Kind = Literal["ENOSPC", "EIO", "torn"]
KINDS: tuple[Kind, ...] = ("ENOSPC", "EIO", "torn")
_NAMED = re.compile(r"\(ENOSPC\)|\(EIO\)|; ENOSPC\)|; EIO\)|\(SQLITE_CANTOPEN")


def build_shim(folder: Path) -> Path:
    """The library, compiled. Skips without a compiler; fails where the tests were promised."""
    if shutil.which("gcc") is None:
        if os.environ.get("CI") == "true" or os.environ.get("SMITHERS_TRUST_REQUIRED"):
            pytest.fail("gcc is not installed")
        pytest.skip("gcc is not installed")
    made = folder / "faults.so"
    source = str(Path(__file__).with_name("faults.c"))
    command = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(made), source, "-ldl", "-lpthread"]
    subprocess.run(command, check=True, timeout=120)
    return made


def scenarios() -> list[Scenario]:
    """Those of the write boundaries, and an agent that is a program, which has a raw stream."""
    up = ("up", f"{FLOWS}:worked", "--run-id", "r1", "--events")
    return [*SCENARIOS, Scenario(name="a program", command=up)]


@dataclass(frozen=True)
class Fault:
    """`kind` at the call `at`, for `calls` calls; 0 calls are all until the process ends."""

    kind: Kind
    at: int
    calls: int


class Faults:
    """One scenario, done on a disk that fails. `codes` counts how the commands ended."""

    def __init__(self, scenario: Scenario, site: Site) -> None:
        self._scenario = scenario
        self._site = site
        self.codes: Counter[int] = Counter()
        self.kinds: Counter[str] = Counter()

    def prepare(self) -> int:
        """Make the site; how many calls the command makes on a disk that works."""
        self._scenario.before(self._site)
        whole = self._site.copy(self._site.folder.with_name(f"{self._site.folder.name}-whole"))
        self._do(whole, Fault("EIO", 0, 0))
        self._scenario.finish(whole)
        return len(self._calls(whole))

    def do(self, fault: Fault) -> bool:
        """Break a copy of the site, mend the disk, go on, and look at all of it; False if the
        command came to its end before the fault.
        """
        name = f"{self._site.folder.name}-{fault.kind}-{fault.at}-{fault.calls}"
        mine = self._site.copy(self._site.folder.with_name(name))
        child = self._do(mine, fault)
        failed = [call for call in self._calls(mine) if call.endswith("FAILS")]
        where = f"{self._scenario.name}, {fault}: {failed[:1] or 'nothing failed'}"
        try:
            self._check_end(mine, child, failed)
            self._scenario.settles(mine, child)
            self._scenario.finish(mine)
            self._scenario.check(mine, self._expected())
            self._scenario.looks(mine)
        except AssertionError as error:
            raise AssertionError(f"{where}\n{error}\nin {mine.folder}") from error
        if failed:
            self.codes[child.code or 0] += 1
            self.kinds[fault.kind] += 1
        shutil.rmtree(mine.folder)
        return bool(failed)

    def _do(self, site: Site, fault: Fault) -> Child:
        child = site.start(
            *self._scenario.command,
            FAULT_UNDER=str(site.database.parent),
            FAULT_LOG=str(site.folder / "calls"),
            FAULT_AT=str(fault.at),
            FAULT_FOR=str(fault.calls),
            FAULT_KIND=fault.kind,
        )
        child.wait()
        return child

    def _calls(self, site: Site) -> list[str]:
        log = site.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def _check_end(self, site: Site, child: Child, failed: list[str]) -> None:
        """It stopped with exit code 2 and said which file failed and why, or it did without."""
        done = (0, 3)
        assert child.code in (*done, 2), f"exit code {child.code}: {child.err}"
        if child.code == 2:
            assert failed, child.err
            assert f"{site.database.parent}/" in child.err, child.err
            assert _NAMED.search(child.err), f"the error names no errno: {child.err}"

    def _expected(self) -> Json | None:
        return self._scenario.expected(self._site) if self._scenario.compared else None
