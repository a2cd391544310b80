"""A new kind of container and a new kind of wait: mypy names every place that needs an answer.

Both are added to a copy of the tree; `make check` runs this after mypy, whose cache it copies. What
mypy does not name must do without an answer: a workflow with the new container runs there, and its
faces show it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

pytestmark = [pytest.mark.trust, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
_COPIED = ("smithers", "harnesses", "mcp_server", "tests", "pyproject.toml", ".mypy_cache")
_CHECKED = ("smithers", "harnesses", "mcp_server", "tests/properties", "tests/engine")


class Page:
    """The page of CONTRIBUTING.md that adds a kind of node."""

    def __init__(self) -> None:
        whole = (ROOT / "CONTRIBUTING.md").read_text()
        text = whole.partition("## A new kind of node\n")[2].partition("\n## ")[0]
        kind, flow = re.findall(r"^   ```python\n(.*?)^   ```", text, re.MULTILINE | re.DOTALL)
        self.kind, self.flow = dedent(kind), dedent(flow)
        self.answers: list[tuple[str, str, str, str]] = re.findall(
            r"^   \| `(\S+)` \| `(case .*?:) (return .*?)`, in front of `(.*?)` \|$",
            text,
            re.MULTILINE,
        )
        """The file, the case, what it does, and the case that it is put in front of."""


class Copy:
    """A copy of the tree, to which kinds are added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in _COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=_without_caches)
            elif (ROOT / name).exists():
                shutil.copy2(ROOT / name, folder / name)

    def replace(self, file: str, old: str, new: str) -> None:
        text = (self.folder / file).read_text()
        assert text.count(old) == 1, f"{old!r} is not once in {file}"
        (self.folder / file).write_text(text.replace(old, new))

    def add_case(self, file: str, before: str, case: str, then: str) -> None:
        """Answer a `match`, in front of another case."""
        indent = " " * 8
        self.replace(file, indent + before, f"{indent}{case}\n{indent}    {then}\n{indent}{before}")

    def unanswered(self) -> list[str]:
        """The files with an error of mypy, each as often as it has one."""
        done = self.run("-m", "mypy", *_CHECKED, "--no-error-summary")
        return sorted(re.findall(r"^(\S+?):\d+: error:", done.stdout, re.MULTILINE))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "NO_COLOR": "1"}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def works(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _without_caches(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__"]


def test_a_kind_is_added_as_contributing_says(tmp_path: Path) -> None:
    copy, page, kinds = Copy(tmp_path / "copy"), Page(), "smithers/kinds/__init__.py"
    (copy.folder / "smithers/kinds/stage.py").write_text(page.kind)
    shapes = "smithers/shapes.py"
    copy.replace(shapes, "ContainerKind = Literal[", 'ContainerKind = Literal["stage", ')
    copy.replace(kinds, "AnyNode = (\n", "AnyNode = (\n    Stage |\n")
    last_import = "from smithers.kinds.task"
    copy.replace(
        kinds, last_import, f"from smithers.kinds.stage import STAGE, Stage\n{last_import}"
    )
    named = ("driver", "order", "order", "reference", "reference")
    of_tests = [f"tests/properties/{name}.py" for name in named]
    assert copy.unanswered() == [kinds, shapes, *of_tests]
    assert [answer[0] for answer in page.answers] == [kinds, shapes]
    for file, case, then, before in page.answers:
        copy.add_case(file, before, case, then)
    assert copy.unanswered() == of_tests
    (copy.folder / "flow.py").write_text(page.flow)
    copy.works("-m", "smithers", "up", "flow.py", "--run-id", "r1")
    for face in ("inspect", "timeline", "why", "logs", "cost", "ps"):
        copy.works("-m", "smithers", face, *(["r1"] if face != "ps" else []))
    drawn = copy.works("-m", "smithers", "graph", "r1").splitlines()
    assert [line.split("  ")[0] for line in drawn[1:]] == ["stage build", "├─ first", "└─ second"]
    assert all(line.endswith("✓ finished") for line in drawn[1:])


def test_a_new_kind_of_wait_is_named(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy")
    copy.replace("smithers/changes.py", "WaitKind = Literal[", 'WaitKind = Literal["tide", ')
    assert copy.unanswered() == [
        "smithers/views/_asks.py",
        "smithers/views/_why.py",
        "smithers/waits.py",
    ]
    copy.add_case("smithers/waits.py", 'case "retry":', 'case "tide":', "return _RETRY")
    asked = "from smithers import waits; print(waits.traits('tide').ended_by, waits.TIMED)"
    assert "tide" in copy.works("-c", asked)


def test_a_new_kind_of_work_is_named(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy")
    work = "\nclass TideWork:\n    pass\n\n\nWork = (\n    TideWork\n    | AgentWork"
    copy.replace("smithers/tree/_work.py", "\nWork = (\n    AgentWork", work)
    twice = 2  # what executes it, and what is made of it otherwise
    assert copy.unanswered() == ["smithers/engine/attempts/__init__.py"] * twice
