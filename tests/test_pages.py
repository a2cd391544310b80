"""What the recipes, the pages of the nodes and the guides from other tools show is what happens."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Said, environment, smithers
from tests.cli.test_demo import told
from tests.test_docs import name

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FOLDERS = ("from", "nodes", "recipes")
PAGES = [page for folder in FOLDERS for page in sorted((DOCS / folder).glob("*.md"))]
TYPED = [page for page in PAGES if re.search(r"^\$ ", page.read_text("utf-8"), re.M)]
_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_ENV = {"NO_COLOR": "1", "LOGNAME": "ann", **_GIT}
_BLOCK = re.compile(r"(?:^`(\w+\.py)`:\n\n)?^```(\w*)\n(.*?)^```", re.S | re.M)
_OF_A_SHELL = re.compile(r"[|;<>&$]")


@pytest.mark.parametrize("page", TYPED, ids=name)
def test_a_reader_sees_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    """From top to bottom: a named block becomes a file of the folder, a command is typed there."""
    folder = tmp_path / "work"
    folder.mkdir()
    for file, language, block in _BLOCK.findall(page.read_text("utf-8")):
        if file:
            (folder / file).write_text(block, "utf-8")
        for part in re.split(r"^\$ ", block, flags=re.M)[1:] if not language else ():
            command, _, shown = part.partition("\n")
            said = type_command(folder, command)
            printed = told(said.err + said.out)
            for line in told(shown):
                assert line == "..." or line in printed, f"{command} does not print {line}: {said}"


def type_command(folder: Path, command: str) -> Said:
    """Ours without a shell, in a process that is there already; anything else by a shell."""
    if command.startswith("smithers ") and not _OF_A_SHELL.search(re.sub("'[^']*'", "", command)):
        return smithers(folder, *shlex.split(command)[1:], env=_ENV)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=environment({**_ENV, "PATH": path}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(code=done.returncode, out=done.stdout, err=done.stderr)


def test_each_page_of_a_folder_is_in_its_index() -> None:
    for folder in FOLDERS:
        index = (DOCS / folder / "index.md").read_text("utf-8")
        for page in (DOCS / folder).glob("*.md"):
            assert page.name == "index.md" or f"({page.name})" in index, page


def test_the_blocks_of_the_pages_are_what_their_files_say() -> None:
    command = [sys.executable, str(DOCS / "copies.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
