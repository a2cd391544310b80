"""A project in git that has the pack."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from smithers.texts import json_text
from tests.cli.command import Said, smithers

__all__ = ["Project"]

_WHO = {
    "GIT_AUTHOR_NAME": "ann",
    "GIT_AUTHOR_EMAIL": "ann@example.com",
    "GIT_COMMITTER_NAME": "ann",
    "GIT_COMMITTER_EMAIL": "ann@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


class Project:
    """A repository with these files and the pack, all committed; its agents follow the script."""

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        assert smithers(folder, "init").code == 0
        script = Path(__file__).with_name("scripted.py")
        shutil.copy(script, folder / ".smithers" / "workflows" / "scripted.py")
        self.commit("begin")

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env={**os.environ, **_WHO},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout.strip()

    def smithers(self, *words: str) -> Said:
        return smithers(self.folder, *words, env=_WHO)

    def up(self, workflow: str, **input: Any) -> Said:
        file = f".smithers/workflows/scripted.py:{workflow}"
        return self.smithers("up", file, "--run-id", "r1", "--json", "--input", json_text(input))

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()
