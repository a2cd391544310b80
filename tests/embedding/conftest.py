"""Each test has a database of its own, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from smithers.hub import Hub


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.chdir(tmp_path)
    return Hub(tmp_path / "app.db")
