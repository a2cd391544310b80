"""One event loop, keys that are none, sessions in a folder of the test, and each vendor in turn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.models.cases import KEY, OF_THEIRS, VENDORS, Vendor, installed

_OURS = (
    "SMITHERS_",
    "ANTHROPIC_",
    "OPENAI_",
    "GEMINI_",
    "GOOGLE_",
    "LITELLM_",
    "XDG_STATE_HOME",
)
_KEPT = ("SMITHERS_MODELS_REQUIRED",)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(_OURS) and name not in _KEPT:
            monkeypatch.delenv(name)
    for vendor in ("ANTHROPIC", "OPENAI", "GEMINI"):
        monkeypatch.setenv(f"{vendor}_API_KEY", KEY)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder of the task."""
    made = tmp_path / "work"
    made.mkdir()
    return made


@pytest.fixture(params=[pytest.param(name, marks=OF_THEIRS) for name in VENDORS])
def vendor(request: pytest.FixtureRequest) -> Vendor:
    return installed(request.param)


@pytest.fixture(params=[pytest.param("openai", marks=OF_THEIRS)])
def a_vendor(request: pytest.FixtureRequest) -> Vendor:
    """One for all, where nothing of theirs takes part in what is tested and a test costs much."""
    return installed(request.param)
