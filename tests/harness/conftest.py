"""What the tests of adapters share: one event loop, recordings, a clean environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.harness.helpers import ROOT, antigravity_python, installed

_OURS = (
    *("SMITHERS_", "CLAUDE", "ANTHROPIC_", "CODEX_", "OPENAI_", "PI_", "GEMINI_", "GOOGLE_"),
    "XDG_STATE_HOME",
)


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
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def recordings() -> Path:
    return ROOT / "recordings" / "claude-code"


@pytest.fixture
def claude() -> str:
    return installed("claude")


@pytest.fixture
def codex() -> str:
    return installed("codex")


@pytest.fixture
def pi() -> str:
    return installed("pi")


@pytest.fixture
def gemini() -> str:
    return installed("gemini")


@pytest.fixture
def antigravity() -> str:
    return antigravity_python()
