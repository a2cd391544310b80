"""Our folder names are generic; a project with folders of the same names still runs on ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("smithers")
WORKFLOW = """
from harnesses import Echo
from smithers import Context, Node, NoInput, Task, workflow
import helpers

@workflow
def main(ctx: Context[NoInput]) -> Node[str]:
    return Task("say", agent=Echo(), prompt=helpers.WORDS)
"""


def test_folders_of_the_same_names_beside_a_workflow_shadow_nothing(tmp_path: Path) -> None:
    if not COMMAND.exists():
        pytest.fail(f"the command is not installed beside {sys.executable}")
    for name in ("smithers", "harnesses", "mcp_server"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    (tmp_path / "helpers.py").write_text("WORDS = 'from beside'\n")
    (tmp_path / "main.py").write_text(WORKFLOW)
    done = subprocess.run(
        [str(COMMAND), "up", "main.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "from beside"), done.stderr
