"""What `harnesses` offers, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import harnesses
import harnesses.process
from tests.harness.helpers import ROOT


def test_the_public_names_are_these_and_each_is_there() -> None:
    assert harnesses.__all__ == [
        "Antigravity",
        "ClaudeCode",
        "Codex",
        "Echo",
        "Gemini",
        "Pi",
        "Replay",
        "ReplayMismatch",
        "Reply",
        "Scripted",
        "checkups",
        "comparable",
        "drift_of",
        "play_recording",
        "read_stream",
        "readable",
        "record_program",
    ]
    assert sorted(dir(harnesses)) == harnesses.__all__
    for module in (harnesses, harnesses.process):
        assert sorted(module.__all__) == module.__all__
        assert all(getattr(module, name) is not None for name in module.__all__)


def test_importing_the_package_imports_no_adapter() -> None:
    code = "import sys, harnesses; print(sorted(n for n in sys.modules if 'harnesses.' in n))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.strip() == "[]"
