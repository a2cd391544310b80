"""What a command does not import: that is what its start does not cost."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from smithers.cli._collecting import imports_kept
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
    import gc, json
    kept, looked_at = gc.get_freeze_count(), len(gc.get_objects())
    sys.stdout.write("\\n" + json.dumps([done.code, found, kept, looked_at]))
"""
_LEAVES_A_CYCLE = """
from pathlib import Path
from smithers import Context, Node, NoInput, Step, workflow

class Log:
    def __init__(self) -> None:
        self.me, self.file = self, Path("said")

    def __del__(self) -> None:
        self.file.write_text("closed")

def says() -> None:
    Log()

@workflow
def leaves(ctx: Context[NoInput]) -> Node:
    return Step("says", says)
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
_ONE_STEP = """
from smithers import Context, Node, NoInput, Step, workflow

@workflow
def one_step(ctx: Context[NoInput]) -> Node:
    return Step("step", lambda: 1)
"""
_OF_VALIDATORS = ("importlib.metadata", "pydantic.type_adapter", "pydantic.root_model")
"""What comes with the first validator that pydantic builds, for which it looks for plugins."""
_OF_OTHER_WORK = ("smithers.engine.attempts.agent", "smithers.engine.attempts.command")


class Cycle:
    def __init__(self) -> None:
        self.me = self


def imported(folder: Path, *arguments: str) -> set[str]:
    """The modules that a command has imported when it is done."""
    return set(ended(folder, *arguments)[1])


def ended(folder: Path, *arguments: str) -> tuple[int, list[str], int, int]:
    """A command's code, what it has imported, and how many objects the collections at the end of
    its process pass over, and look at.
    """
    done = subprocess.run(
        [sys.executable, "-c", _CODE, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    code, names, kept, looked_at = json.loads(done.stdout.splitlines()[-1])
    assert code in (0, 3), done.stderr
    return code, names, kept, looked_at


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imports")
    assert smithers(folder, "up", f"{FLOWS}:asks", "--run-id", "r1").code == 3
    return folder


def test_the_package_and_the_version_come_without_typing(tmp_path: Path) -> None:
    assert imported(tmp_path, "--version") & {"typing", "re", "dataclasses", "importlib"} == set()


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "typed", ["ps", "ps --json --limit 3", "inspect r1", "why r1", "events r1", "graph r1"]
)
def test_looking_imports_nothing_that_runs_a_workflow(folder: Path, typed: str) -> None:
    found = imported(folder, *typed.split())
    assert found & {*_HEAVY, *_OF_RUNNING, *_OF_RESUMING, *_OF_OTHER_WORK} == set()


@pytest.mark.long
def test_a_start_imports_nothing_of_resuming_nor_of_work_that_it_has_not(folder: Path) -> None:
    found = imported(folder, "up", f"{FLOWS}:works")
    assert found & {*_HEAVY, *_OF_RESUMING, *_OF_OTHER_WORK} == set()


def test_a_run_of_a_step_without_types_builds_no_validator(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(_ONE_STEP)
    found = imported(tmp_path, "up", "one.py")
    seldom = {"tempfile", "shutil", "_smithers_orchestrator.damage"}
    assert found & {*_OF_VALIDATORS, *seldom} == set()


@pytest.mark.long
def test_the_end_of_a_process_that_drove_a_run_looks_at_little_of_what_it_imported(
    folder: Path,
) -> None:
    _, _, kept, looked_at = ended(folder, "up", f"{FLOWS}:works")
    assert looked_at < kept / 2


@pytest.mark.long
def test_what_a_step_leaves_in_a_cycle_is_freed_at_the_end_of_the_process(tmp_path: Path) -> None:
    (tmp_path / "leaves.py").write_text(_LEAVES_A_CYCLE)
    assert ended(tmp_path, "up", "leaves.py")[0] == 0
    assert (tmp_path / "said").read_text() == "closed"


def test_what_a_run_leaves_in_a_cycle_is_not_kept_by_the_run_that_continues_it() -> None:
    with imports_kept():
        left = Cycle()
    gone = weakref.ref(left)
    del left
    with imports_kept():
        gc.collect()
    assert gone() is None


def test_a_resume_comes_without_typer_and_the_views_of_other_commands(folder: Path) -> None:
    assert imported(folder, "resume", "r1") & {*_HEAVY, "smithers.cli._drawing"} == set()


def test_help_and_mistakes_are_told_by_typer(folder: Path) -> None:
    assert "typer" in imported(folder, "ps", "--help")
