"""Claude Code and Codex themselves, on the scripted model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from harnesses import ClaudeCode, Codex
from smithers.clock import SYSTEM
from tests.harness.helpers import installed
from tests.rules.runs import Run
from tests.scripted_model import ScriptedModel

__all__ = ["on_the_clock", "real"]


def real(
    monkeypatch: pytest.MonkeyPatch,
    example: ModuleType,
    folder: Path,
    model: ScriptedModel,
    *,
    claude: str = "",
    codex: str = "",
) -> None:
    """Put both in the places of an example; each may have a script of the model for itself."""
    home = folder / "home"
    (home / "codex").mkdir(parents=True)
    key = {"HOME": str(home), "ANTHROPIC_API_KEY": "scripted-key", "SCRIPTED_KEY": "scripted-key"}
    one = ClaudeCode(
        program=installed("claude"),
        permission_mode="acceptEdits",
        config_dir=home / "config",
        env=key | {"ANTHROPIC_BASE_URL": model.url_of(claude) if claude else model.url},
    )
    other = Codex(
        "scripted",
        program=installed("codex"),
        sandbox="danger-full-access",
        base_url=f"{model.url_of(codex) if codex else model.url}/v1",
        api_key_env="SCRIPTED_KEY",
        env=key,
        home=home / "codex",
    )
    monkeypatch.setattr(example, "claude", one)
    monkeypatch.setattr(example, "codex", other)


def on_the_clock(run: Run) -> Run:
    """The same run by the clock of the machine."""
    run.clock, run.settings = SYSTEM, replace(run.settings, clock=SYSTEM)
    return run
