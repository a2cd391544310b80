"""Whether git tracks the database, and so the prompts and outputs of runs."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from smithers.doctor._finding import Finding

__all__ = ["look_at_git"]

_PATIENCE_S = 10.0
_SAFE = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
"""Nothing that the repository names is started."""


def look_at_git(database: Path) -> Iterator[Finding]:
    """A finding if git tracks the database, or what SQLite keeps beside it."""
    path = Path(os.path.realpath(database))
    if not any((folder / ".git").exists() for folder in path.parents):
        return
    tracked = _tracked(path)
    if tracked:
        folder, names = shlex.quote(str(path.parent)), " ".join(map(shlex.quote, tracked))
        yield Finding(
            "git",
            "note",
            f"git tracks {', '.join(tracked)} in {path.parent}: whoever clones the repository gets"
            " the prompts and outputs of your runs",
            hint=f"git -C {folder} rm --cached {names}",
            facts={"tracked": tracked},
        )


def _tracked(path: Path) -> list[str]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *_SAFE, "ls-files", "-z", "--", *(f"{path.name}{end}" for end in _ENDS)],
            cwd=path.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


_ENDS = ("", "-wal", "-shm", ".lock")
