"""What the tests of the server share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mcp_server.serving import ERAS, Era, Project


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder)


@pytest.fixture(params=[pytest.param(ERAS[0], marks=pytest.mark.live), *ERAS[1:]])
def era(request: pytest.FixtureRequest) -> Era:
    found: Era = request.param
    return found
