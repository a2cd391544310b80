"""What a stranger found at the command line: each was a traceback, a lie, or a dead run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import FLOWS, environment, smithers

_WORKS = f"{FLOWS}:works"


_SILENT = """
from smithers import Step, workflow

@workflow
def silent(ctx):
    return Step("one", lambda: "1")
"""

_DEEP = """
from smithers import Sequence, Step, workflow

@workflow
def deep(ctx):
    node = Step("one", lambda: "1")
    for _ in range(2000):
        node = Sequence(node)
    return node
"""


def in_shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """A line of shell, in which $S is the command."""
    line = line.replace("$S", f"{sys.executable} -m smithers")
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env={**environment(), "PYTHONPATH": str(FLOWS.parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_input_nested_too_deeply_is_refused_and_no_defect(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000)
    said = smithers(tmp_path, "up", _WORKS, "--input", "@deep.json")
    assert said.code == 2
    assert "error: the input is nested too deeply" in said.err
    assert "defect" not in said.err


def test_a_run_id_that_a_command_would_take_for_an_option_is_refused(tmp_path: Path) -> None:
    said = smithers(tmp_path, "up", _WORKS, "--run-id", "-x")
    assert said.code == 2
    assert "'-x' is not a valid run id" in said.err


def test_a_folder_as_database_has_no_runs_to_list(tmp_path: Path) -> None:
    said = smithers(tmp_path, "ps", "--json", "--db", str(tmp_path))
    assert said.code == 2
    assert "is a folder" in said.document["error"]["message"]


@pytest.mark.parametrize("command", ["ps --json", "up flow.py --json", "resume r1 --json"])
def test_a_current_folder_that_is_gone_is_told(tmp_path: Path, command: str) -> None:
    done = in_shell(tmp_path, f"mkdir gone && cd gone && rmdir ../gone && $S {command}")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["message"] == "the current folder no longer exists"
    assert "defect" not in done.stderr


@pytest.mark.long
def test_closed_streams_change_no_exit_code(tmp_path: Path) -> None:
    done = in_shell(tmp_path, f"$S up {_WORKS} --run-id r1 --json <&- >&- 2>&-")
    assert done.returncode == 0
    done = in_shell(tmp_path, f"$S up {_WORKS} --run-id r2 --input @- <&-")
    assert done.returncode == 2
    assert "error: the input is not JSON" in done.stderr
    done = in_shell(tmp_path, "$S ps --json >&-")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.long
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_behind_the_streams_ends_no_run(tmp_path: Path) -> None:
    (tmp_path / "silent.py").write_text(_SILENT)
    done = in_shell(tmp_path, "$S up silent.py --run-id r1 --events >/dev/full 2>&1")
    assert done.returncode == 0
    assert '"status": "finished"' in in_shell(tmp_path, "$S inspect r1 --json").stdout
    done = in_shell(tmp_path, f"$S up {_WORKS} --run-id r2 --json >/dev/full")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "error: stdout cannot be written: No space left on device" in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("command", ["ps", "ps --json", 'sql "SELECT 1"', "graph r1"])
def test_data_that_cannot_be_written_is_an_error_without_a_traceback(
    tmp_path: Path, command: str
) -> None:
    assert smithers(tmp_path, "up", _WORKS, "--run-id", "r1").code == 0
    done = in_shell(tmp_path, f"$S {command} >/dev/full")
    assert done.returncode == 2
    assert done.stderr.startswith("error: stdout cannot be written: No space left on device\n")
    assert "defect" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_sigint_while_the_command_is_still_loading_leaves_one_document() -> None:
    code = "import smithers.cli._main as m\ndef stop(_): raise KeyboardInterrupt\n"
    code += "m._command = stop\nraise SystemExit(m.run(['up', 'x.py', '--json']))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=FLOWS.parents[2], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (130, "interrupted\n")
    assert json.loads(done.stdout)["error"]["message"].endswith("stopped by SIGINT")


def test_a_tree_too_deep_to_plan_is_an_error_of_its_author(tmp_path: Path) -> None:
    (tmp_path / "deep.py").write_text(_DEEP)
    said = smithers(tmp_path, "up", "deep.py", "--json")
    assert said.code == 2
    assert said.document["error"]["kind"] == "AuthorError"
    assert "too deep" in said.document["error"]["message"]
