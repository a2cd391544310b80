"""Writes what the programs in docs/ make; with `--check` it only compares."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["write"]

ROOT = Path(__file__).parents[1]


def write(made: Mapping[Path, str | None]) -> int:
    """Write each file with its text, or remove it for None. With `--check`, name the stale ones
    instead; the exit code is 1 if there are any.
    """
    stale = {path: text for path, text in made.items() if _read(path) != text}
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run `make docs`")  # noqa: T201
        return int(bool(stale))
    for path, text in stale.items():
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None
