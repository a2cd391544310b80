"""Every example, every pattern and every workflow in the documents has a dry run that finishes,
without an account, and leaves its folder as it was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.harness.helpers import ROOT
from tests.test_docs import EXAMPLES as PLAIN
from tests.test_docs import INPUTS, PATTERNS, PROJECT, python_blocks

EXAMPLES = ROOT / "examples"
ANSWERS = str(Path(__file__).with_name("answers.py"))
GIVEN: dict[str, dict[str, Any]] = {
    "patterns/debate.py": {"script": [ANSWERS, "debate"]},
    "patterns/panel.py": {"script": [ANSWERS, "panel"]},
    "two_agents/panel.py": {"script": [ANSWERS, "release"]},
}
INPUT: dict[str, dict[str, object]] = {
    "embedding/fastapi_app.py": {"topic": "whales"},
    "embedding/script.py": {"topic": "whales"},
    "sentences/feature.py": {"feature": "sort runs by age"},
    "sentences/migrations.py": {"wanted": ["add users"]},
    "sentences/proposals.py": {"question": "Where do we store runs?"},
    "sentences/questions.py": {"questions": ["Where is the state?"]},
    "sentences/release_note.py": {"tag": "v1.4"},
    "sentences/review_folder.py": {"folder": "patterns"},
    "testing/release_notes.py": {"version": "1.1", "commits": []},
    "testing/scripted_notes.py": {"version": "1.1", "commits": []},
    "tree_and_flow/article.py": {"topic": "whales"},
    "two_agents/audit.py": {"folder": "patterns"},
    "two_agents/panel.py": {"version": "1.1"},
    "two_agents/review_loop.py": {"goal": "sort runs"},
    "two_agents/saga.py": {"goal": "sort runs", "branch": "sort"},
    "two_agents/supervisor.py": {"feature": "sort runs"},
}
NAMES = {"nodes/subflow_node.py": ("flow",), "tree_and_flow/article.py": ("as_tree", "as_flow")}
NONE = (
    "patterns/answers.py",
    "recipes/notify.py",
    "testing/score_notes.py",
    "testing/test_release_notes.py",
    "testing/test_scripted_notes.py",
)
"""They contain no workflow."""
PRINTED = ("self_improve/self_improve.py",)
"""It reads JSON that programs print, of which a dry run knows nothing."""
TO_ITS_END = ("finished", "continued")


def wanted() -> Iterable[dict[str, Any]]:
    for path in sorted(EXAMPLES.rglob("*.py")):
        where = path.relative_to(EXAMPLES).as_posix()
        if where in NONE + PRINTED:
            continue
        for name in NAMES.get(where, (None,)):
            input = json.dumps(INPUT[where]) if where in INPUT else None
            file = {"file": str(path), "name": name, "input": input, "folder": str(EXAMPLES)}
            yield {**file, **GIVEN.get(where, {})}


def contents(folder: Path) -> dict[str, int]:
    """Each file of a folder but bytecode of other tests, with its last change."""
    return {
        str(path): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def sweep(folder: Path, files: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.dry.sweep"],
        input=json.dumps(files),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": f"{folder}-state"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_example_has_a_dry_run_that_finishes(tmp_path: Path) -> None:
    before, files = contents(EXAMPLES), list(wanted())
    found = sweep(tmp_path, files)
    assert len(found) == len(files) >= 40
    assert [one for one in found if one["status"] not in TO_ITS_END] == []
    assert contents(EXAMPLES) == before
    assert list(tmp_path.iterdir()) == []
    loops = {one["file"]: dict((each[0], each[3]) for each in one["tasks"]) for one in found}
    assert loops[str(EXAMPLES / "patterns" / "review_loop.py")]["note"] == 2


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_workflow_of_the_documents_has_a_dry_run_that_finishes(tmp_path: Path) -> None:
    (here := tmp_path / "here").mkdir()
    (here / "smithers.toml").write_text('[agents]\nstrong = "claude-code:opus"\nfast = "codex"\n')
    (here / "src").mkdir()
    for empty in ("store.py", "src/parser.py"):
        (here / empty).write_text("")
    before = contents(here)
    for example in (*PLAIN, *PROJECT, *PATTERNS):  # blocks import them
        (tmp_path / example.name).write_text(example.read_text())
    files: list[dict[str, Any]] = []
    for where, block in python_blocks():
        (file := tmp_path / f"{where}.py").write_text(block + "\n")
        script = next(([ANSWERS, name] for name in ("debate", "panel") if name in where), None)
        given = {"inputs": INPUTS, "folder": str(here), "script": script}
        files.append({"file": str(file), **given})
    found = sweep(here, files)
    assert len(found) >= 8
    assert [one for one in found if one["status"] not in TO_ITS_END] == []
    assert contents(here) == before
