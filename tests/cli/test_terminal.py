"""What a person sees: colours and a live tree on a terminal alone."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from smithers.cli._arguments import as_typed
from smithers.cli._streams import table
from smithers.texts import plain
from tests.cli.command import FLOWS, environment, smithers
from tests.cli.screen import Screen

_PATIENCE_S = 60.0


def on_a_terminal(
    folder: Path,
    *arguments: str,
    env: dict[str, str] | None = None,
    size: tuple[int, int] = (100, 30),
    ctrl_c_at: str = "",
) -> str:
    """What the command shows on a terminal of these columns and rows, until it ends. With
    `ctrl_c_at` Ctrl-C is typed once that text is there.
    """
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    script = "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    script += "from smithers.cli import main; sys.argv[0] = 'smithers'; sys.exit(main())"
    child = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        env=environment(env),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    try:
        return _all_of(leader, time.monotonic() + _PATIENCE_S, ctrl_c_at.encode())
    finally:
        child.kill()
        child.wait()
        os.close(leader)


def _all_of(leader: int, until: float, ctrl_c_at: bytes) -> str:
    shown = b""
    while (left := until - time.monotonic()) > 0:
        if not select.select([leader], [], [], left)[0]:
            break
        try:
            chunk = os.read(leader, 1 << 16)
        except OSError:  # the last one has closed it
            return shown.decode(errors="replace")
        if not chunk:
            return shown.decode(errors="replace")
        shown += chunk
        if ctrl_c_at and ctrl_c_at in shown:
            ctrl_c_at = b""
            os.write(leader, b"\x03")
    raise AssertionError(f"it did not end in time: {shown.decode(errors='replace')}")


def test_a_live_tree_is_drawn_on_a_terminal(tmp_path: Path) -> None:
    shown = on_a_terminal(tmp_path, "up", f"{FLOWS}:echoes", "--run-id", "r1")
    assert "└─ ✓ " in plain_of(shown)
    assert "✓ say      echo  " in plain_of(shown)
    assert "2 tokens" in plain_of(shown)
    assert "\x1b[?25l" in shown
    assert "\x1b[?25h" in shown
    assert "say started" not in shown
    assert "hello there" in shown


@pytest.mark.long
def test_what_does_not_fit_the_terminal_is_counted(tmp_path: Path) -> None:
    shown = plain_of(on_a_terminal(tmp_path, "up", f"{FLOWS}:many", "--run-id", "r1"))
    assert "… and " in shown
    assert "35 failed (tolerated)" in shown
    assert "and 55 more: smithers why r1 --all" in shown


@pytest.mark.sampled(1)
@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_ctrl_c_on_a_terminal_leaves_the_tree_once(tmp_path: Path, size: tuple[int, int]) -> None:
    arguments = ("up", f"{FLOWS}:hangs", "--run-id", "r1")
    shown = on_a_terminal(tmp_path, *arguments, size=size, ctrl_c_at="  1/2")
    lines = Screen(*size).feed(shown).history
    titles = [line for line in lines if line.startswith(("▶ r1 ", "! r1 "))]
    assert titles[0].startswith("! r1 stopped by SIGINT  1/2  ")
    assert titles[1:] == ["! r1 was stopped by SIGINT and can be resumed (1 finished, 1 pending)"]
    assert "next: smithers resume r1" in lines


def plain_of(shown: str) -> str:
    """Without escape sequences."""
    import re

    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


@pytest.mark.long
def test_a_dumb_terminal_gets_lines(tmp_path: Path) -> None:
    flow = f"{FLOWS}:echoes"
    shown = on_a_terminal(tmp_path, "up", flow, "--run-id", "r1", env={"TERM": "dumb"})
    assert "say started (attempt 1, echo)" in shown
    assert "\x1b" not in shown


@pytest.mark.long
def test_no_colour_is_honoured_on_a_terminal(tmp_path: Path) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1")
    assert "\x1b[32m" in on_a_terminal(tmp_path, "ps")
    assert "\x1b" not in on_a_terminal(tmp_path, "ps", env={"NO_COLOR": "1"})
    live = on_a_terminal(tmp_path, "up", f"{FLOWS}:works", env={"NO_COLOR": "1"})
    assert "\x1b[3" not in live


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "command", ["ps", "why", "asks", "graph", "timeline", "inspect", "logs", "resume"]
)
def test_nothing_is_coloured_in_a_pipe_unless_forced(tmp_path: Path, command: str) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1")
    arguments = [command] if command == "ps" else [command, "r1"]
    said = smithers(tmp_path, *arguments)
    assert "\x1b" not in said.out + said.err
    if command in ("ps", "graph"):
        assert "\x1b[32m" in smithers(tmp_path, *arguments, env={"FORCE_COLOR": "1"}).out


def test_in_a_pipe_each_change_is_a_line_on_stderr(tmp_path: Path) -> None:
    said = smithers(tmp_path, "up", f"{FLOWS}:echoes", "--run-id", "r1")
    told = said.err.splitlines()
    assert told[0] == "imported"
    assert told[1][8:] == " say started (attempt 1, echo)"
    assert told[2][8:].startswith(" say finished (")
    assert told[2].endswith("2 tokens)")
    assert told[3].startswith("✓ r1 finished")


def test_an_id_is_made_up_and_told(tmp_path: Path) -> None:
    said = smithers(tmp_path, "up", f"{FLOWS}:works", "--json")
    run_id = said.document["run_id"]
    assert run_id.startswith("flows-")
    assert len(run_id) == len("flows-") + 6
    assert f"run {run_id}" in said.err.splitlines()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["up", "f.py", "--resume"], ["up", "f.py", "--resume"]),
        (["up", "--resume", "f.py"], ["up", "--resume", "f.py"]),
        (["up", "f.py", "--resume", "true"], ["up", "f.py", "--resume"]),
        (["up", "--resume", "true", "f.py"], ["up", "--resume", "f.py"]),
        (["up", "f.py", "--resume=true"], ["up", "f.py", "--resume"]),
        (["up", "f.py", "--resume", "false"], ["up", "f.py"]),
        (["up", "f.py", "--resume=no"], ["up", "f.py"]),
        (["approve", "r1", "--resume", "true"], ["approve", "r1", "--resume", "true"]),
    ],
)
def test_resume_is_a_flag_that_may_have_a_value(typed: list[str], meant: list[str]) -> None:
    assert as_typed(typed) == meant


@pytest.mark.sampled(1)
@pytest.mark.parametrize("resume", [["--resume"], ["--resume", "true"], ["--resume=true"]])
def test_up_goes_on_with_resume_wherever_it_stands(tmp_path: Path, resume: list[str]) -> None:
    flow = f"{FLOWS}:asks"
    smithers(tmp_path, "up", flow, "--run-id", "r1")
    assert smithers(tmp_path, "up", flow, "--run-id", "r1", *resume).code == 3
    assert smithers(tmp_path, "up", *resume, flow, "--run-id", "r1").code == 3
    assert smithers(tmp_path, "up", *resume, "--run-id", "r1").code == 3


def test_text_is_shown_without_what_moves_a_cursor() -> None:
    assert plain("a\x1b[2Jb\x9bc\u202ed\ne\tf") == "a\ufffd[2Jb\ufffdc\ufffdd\ne\tf"
    assert table([["a", "bb"], ["ccc", "d"]]) == ["a    bb", "ccc  d"]
