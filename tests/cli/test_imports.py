"""What a command does not import: that is what its start does not cost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import FLOWS, environment, smithers

_CODE = """
import sys
known = set(sys.modules)
sys.argv = ["smithers", *sys.argv[1:]]
try:
    from _smithers_orchestrator import main
    main()
except SystemExit as done:
    found = sorted({*sys.modules} - known)
    import json
    sys.stdout.write("\\n" + json.dumps([done.code, found]))
"""
_HEAVY = (
    *("typer", "smithers.cli._app", "rich", "psutil", "pexpect", "jsonschema", "mcp", "httpx"),
    *("smithers.cli._live", "smithers.doctor", "smithers.engine.replaying", "smithers.patterns"),
)
_OF_RUNNING = (
    "pydantic",
    "asyncio",
    "ssl",
    "subprocess",
    "smithers.tree",
    "smithers.engine.engine",
)
_OF_RESUMING = tuple(
    f"smithers.engine.{one}"
    for one in ("edited", "comparing", "reusing", "renaming", "reopening", "forking", "rewinding")
)
_OF_OTHER_WORK = ("smithers.engine.attempts.agent", "smithers.engine.attempts.command")


def imported(folder: Path, *arguments: str) -> set[str]:
    """The modules that a command has imported when it is done."""
    done = subprocess.run(
        [sys.executable, "-c", _CODE, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    code, names = json.loads(done.stdout.splitlines()[-1])
    assert code in (0, 3), done.stderr
    return set(names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imports")
    assert smithers(folder, "up", f"{FLOWS}:asks", "--run-id", "r1").code == 3
    return folder


def test_the_package_and_the_version_come_without_typing(tmp_path: Path) -> None:
    assert imported(tmp_path, "--version") & {"typing", "re", "dataclasses", "importlib"} == set()


@pytest.mark.parametrize(
    "typed", ["ps", "ps --json --limit 3", "inspect r1", "why r1", "events r1", "graph r1"]
)
def test_looking_imports_nothing_that_runs_a_workflow(folder: Path, typed: str) -> None:
    found = imported(folder, *typed.split())
    assert found & {*_HEAVY, *_OF_RUNNING, *_OF_RESUMING, *_OF_OTHER_WORK} == set()


def test_a_start_imports_nothing_of_resuming_nor_of_work_that_it_has_not(folder: Path) -> None:
    found = imported(folder, "up", f"{FLOWS}:works")
    assert found & {*_HEAVY, *_OF_RESUMING, *_OF_OTHER_WORK} == set()


def test_a_resume_comes_without_typer_and_the_views_of_other_commands(folder: Path) -> None:
    assert imported(folder, "resume", "r1") & {*_HEAVY, "smithers.cli._drawing"} == set()


def test_help_and_mistakes_are_told_by_typer(folder: Path) -> None:
    assert "typer" in imported(folder, "ps", "--help")
