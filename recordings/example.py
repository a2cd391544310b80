"""Records the project in `examples/testing` as its author would, but with a scripted model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from recordings.playing import fresh_place, report
from tests.scripted_model import ScriptedModel, Step, Text, ToolCall

__all__ = ["EXAMPLE", "record_example"]

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "testing"
CLEAR = "Lists of runs are now sorted by age, the newest last."
MURKY = "The fence is now carried by the frame."


def verdict(clear: bool, remarks: str) -> list[Step]:
    return [ToolCall("StructuredOutput", {"clear": clear, "remarks": remarks})]


SCRIPT: dict[str, list[Step]] = {
    "release notes for 1.1": [Text(CLEAR)],
    "release notes for 1.2": [Text(MURKY)],
    CLEAR: verdict(True, ""),
    MURKY: verdict(False, "What is a fence, and what is a frame?"),
}


def record_example() -> None:
    """Runs the project's tests with the real program; what they record says who answered."""
    with fresh_place() as place, ScriptedModel(SCRIPT) as model:
        project = place.cwd / "testing"
        shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))
        told = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "scripted-model-key"}
        command = [sys.executable, "-m", "pytest", "-q", "--smithers-record-mode", "all"]
        env = os.environ | told | {"HOME": str(place.home), "CLAUDE_CONFIG_DIR": str(place.config)}
        subprocess.run(command, cwd=project, env=env, check=True)
        for path in sorted((project / "recordings").glob("*.jsonl")):
            first, rest = path.read_text(encoding="utf-8").split("\n", 1)
            header = json.loads(first) | {"source": "scripted-model"}
            text = json.dumps(header, ensure_ascii=False) + "\n" + rest
            (EXAMPLE / "recordings" / path.name).write_text(text, encoding="utf-8")
            report("example", path.name)
