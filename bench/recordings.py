"""Recordings in any number: copies of one real recording, each for a prompt of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from harnesses.process import Command

__all__ = ["REAL", "copies"]

REAL = Path(__file__).parents[1] / "recordings" / "claude-code" / "text.jsonl"


def copies(prompts: Iterable[str], folder: Path) -> None:
    """One file for each prompt, with the whole session of the real one behind its own header."""
    first, rest = REAL.read_text(encoding="utf-8").split("\n", 1)
    header = json.loads(first)
    folder.mkdir(parents=True, exist_ok=True)
    for number, prompt in enumerate(prompts):
        own = header | {"prompt": prompt, "prompt_sha": _digest(prompt)}
        path = folder / f"{number:05}.jsonl"
        path.write_text(f"{json.dumps(own)}\n{rest}", encoding="utf-8")


def _digest(prompt: str) -> str:
    return (
        Command(
            program="claude-code",
            executable="claude",
            flags=(),
            prompt=prompt,
            cwd=Path("/nowhere"),
            env={},
            session="",
            resumes=False,
        )
        .header()
        .prompt_sha
    )
