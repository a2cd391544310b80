"""What the tests of adapters share: one event loop, recordings, a clean environment."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.harness.helpers import ROOT

_OURS = ("SMITHERS_", "CLAUDE", "ANTHROPIC_")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may be started by an agent, or by an engine that replays."""
    for name in list(os.environ):
        if name.startswith(_OURS) and name != "SMITHERS_LIVE_REQUIRED":
            monkeypatch.delenv(name)


@pytest.fixture
def recordings() -> Path:
    return ROOT / "recordings" / "claude-code"


@pytest.fixture
def claude() -> str:
    """The real program; absent, it skips, unless SMITHERS_LIVE_REQUIRED is set."""
    if (found := shutil.which("claude")) is None:
        why = "claude is not on PATH (npm install -g @anthropic-ai/claude-code)"
        if os.environ.get("SMITHERS_LIVE_REQUIRED"):
            pytest.fail(why)
        pytest.skip(why)
    return found
