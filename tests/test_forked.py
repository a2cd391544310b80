"""What is forked for a test is a process like one that was started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import FLOWS, environment, eventually
from tests.forked import Forked, Started

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is started")


def child(kind: type[subprocess.Popen[Any]], folder: Path, *words: str) -> subprocess.Popen[Any]:
    return kind(
        [sys.executable, "-m", "smithers", *words],
        cwd=folder,
        env={**environment(), "COLUMNS": "100"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    "words",
    [
        ("up", f"{FLOWS}:takes_a_book", "--run-id", "r1", "--input", "-"),
        ("up", f"{FLOWS}:works", "--run-id", "r1", "--json"),
        ("up", "nothing.py"),
        ("inspect", "--help"),
    ],
)
def test_it_says_and_gives_the_same(words: tuple[str, ...], tmp_path: Path) -> None:
    said: list[tuple[int, bytes, int]] = []
    for name, kind in (("forked", Forked), ("started", Started)):
        (folder := tmp_path / name).mkdir()
        with child(kind, folder, *words) as process:
            out, err = process.communicate(b"{}", timeout=60)
        said.append((process.returncode, out, len(err.splitlines())))
        assert getattr(process, "was_forked", False) == (kind is Forked)
    assert said[0] == said[1]


def test_it_is_a_child_with_its_own_session_folder_and_end(tmp_path: Path) -> None:
    with child(Forked, tmp_path, "up", f"{FLOWS}:hangs", "--run-id", "r1", "--events") as process:
        assert process.stdout is not None
        json.loads(process.stdout.readline())
        assert process.poll() is None
        assert os.getsid(process.pid) == process.pid
        assert Path(f"/proc/{process.pid}/cwd").resolve() == tmp_path
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert f"PPid:\t{os.getpid()}\n" in status
        process.kill()
        assert process.wait(timeout=60) == -signal.SIGKILL
    eventually(lambda: not Path(f"/proc/{process.pid}").exists())


def test_streams_that_are_given_stay_open(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "smithers", "up", "nothing.py"]
    with (tmp_path / "said").open("w+b") as file:
        with Forked(words, cwd=tmp_path, stdout=file, stderr=subprocess.STDOUT) as process:
            assert process.wait(timeout=60) == 2
        assert process.was_forked
        file.seek(0)
        assert file.read().startswith(b"error: ")


@pytest.mark.parametrize(
    "options",
    [["-I", "-m", "smithers"], ["-m", "json.tool"], ["-c", "pass"]],
    ids=["isolated", "of another", "code"],
)
def test_what_is_not_ours_is_started(options: list[str]) -> None:
    with Forked(
        [sys.executable, *options, "--help"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.wait(timeout=60) == 0
    assert not process.was_forked


def test_what_is_read_at_the_start_of_a_process_is_not_left_out(tmp_path: Path) -> None:
    variables = {**os.environ, "PYTHONVERBOSE": "1"}
    words = [sys.executable, "-m", "smithers", "--version"]
    with Forked(words, cwd=tmp_path, env=variables, stderr=subprocess.PIPE) as process:
        _, err = process.communicate(timeout=60)
    assert not process.was_forked
    assert b"import 'smithers'" in err
