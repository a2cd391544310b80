"""What the steps of a run print and raise, as its person and a program read it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from smithers.engine.printing import output_bound, show_output_through
from tests.cli.command import eventually, smithers, started

_FLOW = """\
import logging, os, sys, time
from pathlib import Path
from smithers import Parallel, Step, workflow

logging.basicConfig(level=logging.INFO, format="%(message)s")

def tells():
    print("told", os.environ.get("DEPLOY_TOKEN"))
    logging.info("logged")
    return "the result"

def breaks():
    print("before it breaks")
    return [1][Path("flow.py").stat().st_size]

@workflow
def flow(ctx):
    tells_ = Step("tells", tells)
    return Parallel(tells_, result=tells_)

@workflow
def broken(ctx):
    return Step("breaks", breaks)

def slow():
    print("begun")
    while not Path("go").exists():
        time.sleep(0.02)

@workflow
def long(ctx):
    return Step("slow", slow)
"""


def test_what_a_step_prints_is_in_its_log_and_on_stderr_but_not_in_the_result(
    tmp_path: Path,
) -> None:
    (tmp_path / "flow.py").write_text(_FLOW)
    env = {"DEPLOY_TOKEN": "tok-4f9a8b7c6d5e"}
    said = smithers(tmp_path, "up", "flow.py:flow", "--run-id", "r1", env=env)
    assert (said.code, said.out) == (0, "the result\n")
    assert "told tok-4f9a8b7c6d5e\n" in said.err
    assert "logged\n" in said.err
    logs = smithers(tmp_path, "logs", "r1", "tells")
    assert logs.out == "tells#1 | told ${DEPLOY_TOKEN}\ntells#1 | logged\n"
    lines = smithers(tmp_path, "logs", "r1", "tells", "--json").out.splitlines()
    events = [json.loads(line) for line in lines]
    assert [(one["event"], one["stream"]) for one in events] == [
        ("printed", "stdout"),
        ("printed", "stderr"),
    ]


def test_a_step_that_raises_names_the_line_and_its_log_has_the_traceback(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(_FLOW)
    said = smithers(tmp_path, "up", "flow.py:broken", "--run-id", "r1")
    place = f"{tmp_path}/flow.py:14:12"
    assert f"  breaks failed: IndexError: list index out of range (at {place})\n" in said.err
    logs = smithers(tmp_path, "logs", "r1", "breaks").out.splitlines()
    assert logs[:2] == [
        "breaks#1 | before it breaks",
        "breaks#1 | Traceback (most recent call last):",
    ]
    assert logs[2] == f'breaks#1 |   File "{tmp_path}/flow.py", line 14, in breaks'
    assert logs[-1] == "breaks#1 | IndexError: list index out of range"
    run = smithers(tmp_path, "inspect", "r1", "--json").document
    (error,) = [one["error"] for one in run["tasks"] if one["error"]]
    assert error["place"] == place


def test_a_log_is_followed_while_the_step_is_at_work(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(_FLOW)
    with started(tmp_path, "up", "flow.py:long", "--run-id", "r1") as child:
        eventually(lambda: smithers(tmp_path, "logs", "r1").out == "slow#1 | begun\n")
        assert child.poll() is None
        (tmp_path / "go").touch()
        assert child.wait(30) == 0


def test_ids_that_change_while_the_file_does_not_are_noticed_by_a_resume(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(
        "from pathlib import Path\nfrom smithers import Approval, Sequence, Step, workflow\n\n"
        "@workflow\ndef flow(ctx):\n"
        "    names = Path('names').read_text().split()\n"
        "    steps = [Step(name, lambda: 1) for name in names]\n"
        "    return Sequence(*steps, Approval('ok', ask='?'))\n"
    )
    (tmp_path / "names").write_text("a b")
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 3
    same = smithers(tmp_path, "resume", "r1")
    assert "the file is unchanged" not in same.err
    (tmp_path / "names").write_text("b a")
    moved = smithers(tmp_path, "resume", "r1")
    said = "the file is unchanged, but 'a', 'b' left the tree or moved in it; derive ids"
    assert said in moved.err


def test_what_is_printed_can_be_shown_by_something_that_draws() -> None:
    shown: list[str] = []

    def show(text: str) -> int:
        shown.append(text)
        return len(text)

    before = sys.stdout
    with output_bound():
        show_output_through(show)
        try:
            print("through the tree", end="")  # noqa: T201  # it is what is tested
        finally:
            show_output_through(None)
    assert "".join(shown) == "through the tree"
    assert sys.stdout is before
