"""The version of a program, which decides how it can be asked."""

from __future__ import annotations

import re
import subprocess
from functools import lru_cache
from pathlib import Path

from harnesses.process import built_environment

__all__ = ["text_of_version", "version_of"]

_WITHIN_S = 20


def version_of(program: Path, path: str | None = None) -> tuple[int, ...]:
    """The version that `program --version` prints; empty if it prints none. `path` is its PATH.

    It is asked once for each state of the file. A start that failed is not remembered.
    """
    try:
        changed_ns = program.stat().st_mtime_ns
        return _version_of(program, changed_ns, path)
    except (OSError, subprocess.TimeoutExpired):
        return ()


@lru_cache(maxsize=8)
def _version_of(program: Path, changed_ns: int, path: str | None) -> tuple[int, ...]:
    printed = subprocess.run(
        [program, "--version"],
        env=built_environment((), {"PATH": path} if path else {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_WITHIN_S,
    )
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", printed.stdout)
    return tuple(int(part) for part in found.groups()) if found else ()


def text_of_version(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
