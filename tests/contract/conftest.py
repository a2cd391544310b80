"""One event loop, a clean environment with keys that are none, and a folder of state."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.models.cases import KEY

_THEIRS = (
    *("SMITHERS_", "CLAUDE", "ANTHROPIC_", "CODEX_", "OPENAI_", "PI_", "GEMINI_", "GOOGLE_"),
    "LITELLM_",
)
_KEPT = ("SMITHERS_LIVE_REQUIRED", "SMITHERS_MODELS_REQUIRED")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(_THEIRS) and name not in _KEPT:
            monkeypatch.delenv(name)
    for vendor in ("ANTHROPIC", "OPENAI", "GEMINI"):
        monkeypatch.setenv(f"{vendor}_API_KEY", KEY)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
