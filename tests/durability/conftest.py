"""Each test has an empty folder of its own, with the test workflows beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.commands import DEMO, WORKFLOWS, Project, until


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    for file in WORKFLOWS.glob("*.py"):
        shutil.copy(file, tmp_path)
    made = Project(tmp_path, {"SMITHERS_REPLAY": str(DEMO), "SMITHERS_REPLAY_SPEED": "0"})
    yield made
    for process in made.processes():
        process.kill()
    until(lambda: not made.processes(), "the end of every process")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
