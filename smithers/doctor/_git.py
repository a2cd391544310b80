"""Whether git tracks the database or the streams, and so the prompts and outputs of runs."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from smithers.doctor._finding import Finding
from smithers.store.files import files_of

__all__ = ["look_at_git"]

_PATIENCE_S = 10.0
_SAFE = (
    "--literal-pathspecs",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "safe.bareRepository=explicit"),
    *("-c", "diff.external="),
)
"""Nothing that the repository names is started, and no folder of it counts as another one."""

_NO_FETCH = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_OPTIONAL_LOCKS": "0"}


def look_at_git(database: Path) -> Iterator[Finding]:
    """A finding if git tracks the database, what SQLite keeps beside it, or streams of runs."""
    path = Path(os.path.realpath(database))
    if not any((folder / ".git").exists() for folder in path.parents):
        return
    tracked = _tracked(path)
    if tracked:
        folder, names = shlex.quote(str(path.parent)), " ".join(map(shlex.quote, tracked))
        yield Finding(
            "git",
            "note",
            f"git tracks {', '.join(tracked)} in {path.parent}: anyone who clones the"
            " repository gets the prompts and outputs of your runs",
            hint=f"git -C {folder} rm -r --cached {names}",
            facts={"tracked": tracked},
        )


def _tracked(path: Path) -> list[str]:
    names = [one.name for one in files_of(path)]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *_SAFE, "ls-files", "-z", "--", *names],
            cwd=path.parent,
            env={**environment, **_NO_FETCH},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    found = (os.fsdecode(name).partition("/")[0] for name in done.stdout.split(b"\0") if name)
    return list(dict.fromkeys(found))
