"""`new` with the real Claude Code on the scripted model: three errors, then a file that passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.authoring.test_new import FORGOTTEN, RIGHT, SYNTAX, TRIED, answer
from tests.cli.command import Said, really, smithers
from tests.harness.helpers import installed
from tests.scripted_model import ScriptedModel, Text

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


def new(folder: Path, model: ScriptedModel, *words: str) -> Said:
    installed("claude")
    (project := folder / "project").mkdir()
    (home := folder / "home").mkdir()
    variables = {
        "HOME": str(home),
        "CLAUDE_CONFIG_DIR": str(home / "config"),
        "ANTHROPIC_BASE_URL": model.url,
        "ANTHROPIC_API_KEY": "scripted-key",
    }
    return really(project, "new", "say things", "-o", "say.py", *words, env=variables, within_s=280)


def test_smoke_three_errors_go_back_in_the_session_of_the_real_program(tmp_path: Path) -> None:
    with ScriptedModel([Text(answer(one)) for one in (SYNTAX, FORGOTTEN, TRIED, RIGHT)]) as model:
        said = new(tmp_path, model, "--agent", "claude-code")
        asked = [str(one.body["messages"]) for one in model.requests]
    assert said.code == 0, said
    assert (tmp_path / "project" / "say.py").read_text() == RIGHT
    errors = ("say.py:9:20: not valid Python", "say.py:8:47: the prompt", "IndexError")
    for number, error in enumerate(errors, 1):
        assert error in asked[number], "it is told"
        assert error in asked[-1], "it is all one session"
    (run,) = smithers(tmp_path / "project", "ps", "--json").document["runs"]
    assert run["status"] == "finished"


def test_one_that_never_passes_leaves_nothing_in_the_folder(tmp_path: Path) -> None:
    with ScriptedModel([Text(answer(SYNTAX)) for _ in range(2)]) as model:
        said = new(tmp_path, model, "--tries", "2")  # it is the only one that is installed
    assert said.code == 1, said
    assert "say.py:9:20: not valid Python" in said.err
    left = [one.name for one in (tmp_path / "project").iterdir()]
    assert left == [".smithers"]
