"""Nothing is found in the examples, the pages and the patterns: what they show is right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harnesses import Echo
from smithers.adapters import NAMED_AGENTS
from smithers.agent import Agent
from smithers.checks._lint import lint_file
from tests.checks.looking import findings
from tests.test_docs import python_blocks

ROOT = Path(__file__).parents[2]
PATTERNS = sorted((ROOT / "smithers" / "patterns").glob("[a-z]*.py"))
EXAMPLES = sorted(
    file
    for file in (ROOT / "examples").rglob("*.py")
    if "@workflow" in file.read_text() and not file.name.startswith("test_")
)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a file adds to the import system is gone after its test; any agent can be named."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    token = NAMED_AGENTS.set(_named_agent)
    yield
    NAMED_AGENTS.reset(token)


def _named_agent(name: str) -> Agent:
    agent = Echo()
    agent.name = name
    return agent


@pytest.mark.sampled(26)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: str(file.relative_to(ROOT)))
def test_an_example_passes(example: Path, tmp_path: Path) -> None:
    assert findings(example, tmp_path) == []


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda file: file.name)
def test_a_pattern_passes(pattern: Path) -> None:
    assert list(lint_file(pattern, pattern.read_bytes())) == []


@pytest.mark.long
def test_each_workflow_of_the_pages_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for beside in (ROOT / "examples").rglob("[a-z]*.py"):
        (tmp_path / beside.name).write_text(beside.read_text())
    checked = 0
    for where, block in python_blocks():
        file = tmp_path / f"{where}.py"
        file.write_text(block + "\n")
        if "@workflow" in block:
            checked += 1
            assert findings(file, tmp_path) == [], where
    assert checked >= 8
