"""The plugin of pytest, in projects of users: replayed, recorded, and told what is missing."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harnesses.recording import read_header
from tests.harness.helpers import ROOT

pytest_plugins = ["pytester"]

CLAUDE = """#!{python}
import json, sys
said = open("{told}").read()
print(json.dumps({{"type": "system", "subtype": "init", "session_id": "s"}}))
print(json.dumps({{"type": "result", "subtype": "success", "is_error": False,
                   "terminal_reason": "completed", "result": said, "session_id": "s"}}))
"""
ASKING = """
import asyncio
from pathlib import Path
import pytest
from harnesses import ClaudeCode
from smithers.agent import Answered, Ask

async def said(prompt, **options):
    ask = Ask(prompt=prompt, cwd=Path.cwd())
    events = [event async for event in ClaudeCode(**options).run(ask)]
    assert isinstance(events[-1], Answered)
    return events[-1].text

def ask(prompt, **options):
    return asyncio.run(said(prompt, **options))
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `claude` on PATH that answers whatever stands in this file."""
    bins, told = tmp_path / "bin", tmp_path / "told"
    bins.mkdir()
    program = bins / "claude"
    program.write_text(CLAUDE.format(python=sys.executable, told=told))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bins}:{os.environ['PATH']}")
    told.write_text("one")
    return told


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of one test, which asks one question."""
    pytester.makepyfile(test_it=ASKING + "def test_it(replay):\n    print('said', ask('Hi'))\n")
    return pytester


def run(project: pytest.Pytester, *arguments: str, passed: int = 1, failed: int = 0) -> str:
    done = project.runpytest_inprocess("-s", "-p", "no:cacheprovider", *arguments)
    done.assert_outcomes(passed=passed, failed=failed)
    return str(done.stdout)


def recorded(project: pytest.Pytester) -> list[str]:
    return sorted(path.name for path in (project.path / "recordings").glob("*.jsonl"))


def test_a_request_without_a_recording_fails_the_test_with_the_line_that_makes_it(
    project: pytest.Pytester, told: Path
) -> None:
    said = run(project, passed=0, failed=1)
    assert "no recording in" in said
    assert "differs in" not in said
    line = re.search(r"^ +pytest (.+)$", said, re.M)
    assert line is not None
    run(project, *shlex.split(line[1]))
    assert "said one" in run(project)
    told.unlink()
    assert "said one" in run(project)


def test_a_workflow_that_does_without_the_answer_fails_all_the_same(
    pytester: pytest.Pytester,
) -> None:
    swallow = "def test_it(replay):\n    with pytest.raises(Exception):\n        ask('Hi')\n"
    pytester.makepyfile(ASKING + swallow)
    assert "--smithers-record-mode once" in run(pytester, passed=0, failed=1)


def test_once_records_what_is_missing_and_replays_the_rest(
    project: pytest.Pytester, told: Path
) -> None:
    run(project, "--smithers-record-mode", "once")
    told.write_text("two")
    code = "def test_two(replay):\n    print('said', ask('Hi'), ask('Hi'), ask('Ho'))\n"
    project.makepyfile(test_two=ASKING + code)
    assert "said one two two" in run(project, "test_two.py", "--smithers-record-mode", "once")
    told.unlink()
    assert "said one two two" in run(project, "test_two.py")
    first, second, _ = recorded(project)
    assert second == first.replace(".jsonl", "_02.jsonl")


@pytest.mark.long
def test_all_puts_new_recordings_in_the_place_of_the_old_ones(
    project: pytest.Pytester, told: Path
) -> None:
    run(project, "--smithers-record-mode", "once")
    before = recorded(project)
    told.write_text("two")
    project.makepyfile(test_same=ASKING + "def test_it(replay):\n    ask('Hi')\n")
    assert "said two" in run(project, "--smithers-record-mode", "all", passed=2)
    assert recorded(project) == before
    assert "said two" in run(project, passed=2)


def test_a_session_that_a_failing_test_cut_off_is_not_kept(
    project: pytest.Pytester, told: Path
) -> None:
    cut = (
        "async def begin(prompt):\n"
        "    async for event in ClaudeCode().run(Ask(prompt=prompt, cwd=Path.cwd())):\n"
        "        await asyncio.sleep(60)\n"
        "def test_it(replay):\n"
        "    ask('Hi')\n"
        "    asyncio.run(asyncio.wait_for(begin('Ho'), 1))\n"
    )
    project.makepyfile(test_it=ASKING + cut)
    run(project, "--smithers-record-mode", "once", passed=0, failed=1)
    (kept,) = (project.path / "recordings").glob("*.jsonl")
    header = read_header(kept)
    assert header is not None
    assert header.prompt == "Hi"


def test_a_folder_for_all_holds_for_tests_that_say_nothing_of_replays(
    project: pytest.Pytester, told: Path
) -> None:
    run(project, "--smithers-record-mode", "once")
    told.unlink()
    project.makepyfile(test_it=ASKING + "def test_it():\n    print('said', ask('Hi'))\n")
    assert "said one" in run(project, "--smithers-replay", "recordings")


def test_a_marker_names_another_folder(project: pytest.Pytester, told: Path) -> None:
    marked = "@pytest.mark.smithers_recordings('other/one')\ndef test_it(replay):\n    ask('Hi')\n"
    project.makepyfile(test_it=ASKING + marked)
    run(project, "--strict-markers", "--smithers-record-mode", "once")
    assert len(list((project.path / "other" / "one").glob("*.jsonl"))) == 1
    assert recorded(project) == []


def test_each_test_begins_with_the_first_recording(project: pytest.Pytester, told: Path) -> None:
    twice = "@pytest.mark.parametrize('n', [1, 2])\ndef test_it(replay, n):\n"
    project.makepyfile(test_it=ASKING + twice + "    print(f'said {n}', ask('Hi'))\n")
    run(project, "-k", "1", "--smithers-record-mode", "once")
    told.write_text("two")
    project.makepyfile(test_two=ASKING + "def test_it(replay):\n    ask('Hi'), ask('Hi')\n")
    run(project, "test_two.py", "--smithers-record-mode", "once")
    said = run(project, "test_it.py", passed=2)
    assert "said 1 one" in said
    assert "said 2 one" in said


def test_nothing_is_recorded_where_an_author_records_but_a_test_replays(
    pytester: pytest.Pytester, told: Path
) -> None:
    code = "def test_it(replay):\n    ask('Hi', record='mine')\n"
    pytester.makepyfile(ASKING + code)
    assert "no recording in" in run(pytester, passed=0, failed=1)
    assert not (pytester.path / "mine").exists()


def test_the_plugin_imports_nothing_of_ours_until_it_is_used() -> None:
    code = (
        "import sys, smithers.pytest_plugin\n"
        "print(sorted(n for n in sys.modules if n.startswith(('smithers', 'harnesses.'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['smithers', 'smithers.pytest_plugin']\n"


def test_the_former_name_of_the_plugin_still_loads_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile("def test_it(replay):\n    assert True\n")
    done = pytester.runpytest_subprocess("-p", "harnesses.pytest_plugin")
    done.assert_outcomes(passed=1)


def scratch(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """The project of docs/testing.md in a folder of its own, and a machine without agents."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "examples" / "testing", folder)
    kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    return folder, kept | {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}


def pytest_in(folder: Path, env: dict[str, str], *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=110, check=False
    )
    return done.returncode, done.stdout


@pytest.mark.long
def test_the_project_of_the_documents_is_tested_offline_and_without_agents(tmp_path: Path) -> None:
    folder, env = scratch(tmp_path)
    code, said = pytest_in(folder, env)
    assert (code, "4 passed" in said) == (0, True), said
    (folder / "test_plain.py").write_text("def test_it():\n    pass\n")
    (folder / "conftest.py").write_text("collect_ignore_glob = ['test_*_notes.py']\n")
    code, said = pytest_in(folder, env, "-p", "no:smithers", "--strict-markers", "-W", "error")
    assert (code, "1 passed" in said) == (0, True), said
