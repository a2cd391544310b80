"""`smithers replay` and `smithers freeze`, as they are typed."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from smithers.errors import Refused
from smithers.testing import check_frozen_run
from tests.cli.command import Said, environment, eventually, smithers, started

FLOW = """\
import os
from pathlib import Path

from harnesses import Echo
from smithers import Command, Node, Parallel, Sequence, Step, Task, Timer, workflow

echo = Echo()


def work() -> str:
    with open("worked.txt", "a") as file:
        file.write("x")
    return "built with " + os.environ.get("SHOP_TOKEN", "nothing")


@workflow
def flow(ctx) -> Node:
    plan = Task("plan", agent=echo, prompt="Plan it.\\nBe careful.")
    rest = Timer("rest", seconds=0.1)
    build = Step("build", work, needs=[plan])
    look = Command("look", ["sh", "-c", "echo seen >> worked.txt; echo seen"], output=str)
    told = Task("told", agent=echo, prompt=lambda: f"{ctx[plan]} {ctx[build]} {ctx[look]}")
    return Sequence(Parallel(plan, rest), Parallel(build, look), told, result=told)
"""
SLOW = "\nimport time\n\nPath('loading').touch()\ntime.sleep(60)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a run that has finished."""
    (tmp_path / "flow.py").write_text(FLOW)
    done = smithers(tmp_path, "up", "flow.py", "--run-id", "r1", env={"SHOP_TOKEN": "tok-123456"})
    assert done.code == 0, done.err
    return tmp_path


def edit(folder: Path, old: str, new: str) -> None:
    text = (folder / "flow.py").read_text()
    assert old in text
    (folder / "flow.py").write_text(text.replace(old, new))


def digests(folder: Path) -> dict[str, str]:
    """All files of a folder, and of those below it."""
    files = [one for one in folder.rglob("*") if one.is_file() and "__pycache__" not in one.parts]
    return {str(one): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


def replayed(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    said = smithers(folder, "replay", "r1", "--json", *arguments)
    return said.code, said.document


@pytest.mark.long
def test_a_replay_does_nothing_and_writes_nothing(project: Path) -> None:
    before = digests(project)
    code, found = replayed(project)
    assert (code, found) == (
        0,
        {
            "version": 1,
            "run_id": "r1",
            "equal": True,
            "status": "finished",
            "attempts": 4,
            "streams": {"checked": 2, "missing": 0},
            "divergences": [],
        },
    )
    said = smithers(project, "replay", "r1")
    assert said.out == "nothing differs from run r1: 4 attempts answered from its rows\n"
    assert digests(project) == before


def test_an_edited_prompt_is_shown_as_a_diff(project: Path) -> None:
    edit(project, "Be careful.", "Be quick.")
    code, found = replayed(project)
    assert (code, found["divergences"]) == (
        1,
        [
            {
                "kind": "prompt",
                "task": "plan",
                "iteration": [],
                "message": "the prompt of plan differs",
                "old": "Plan it.\nBe careful.",
                "new": "Plan it.\nBe quick.",
                "diff": ["@@ -1,2 +1,2 @@", " Plan it.", "-Be careful.", "+Be quick."],
            }
        ],
    )
    said = smithers(project, "replay", "r1")
    assert said.code == 1
    assert said.out.splitlines() == [
        "prompt: the prompt of plan differs",
        "@@ -1,2 +1,2 @@",
        " Plan it.",
        "-Be careful.",
        "+Be quick.",
        "1 difference from run r1: 4 attempts answered from its rows",
    ]


def test_streams_that_are_gone_are_counted_and_others_compared(project: Path) -> None:
    (events,) = {*project.rglob("1.events.jsonl")}
    events.write_text(events.read_text().replace("careful", "quick"))
    code, found = replayed(project)
    assert (code, [one["kind"] for one in found["divergences"]]) == (1, ["stream"])
    events.unlink()
    code, found = replayed(project)
    assert (code, found["streams"]) == (0, {"checked": 1, "missing": 1})


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["replay", "r2"], "there is no run 'r2'"),
        (["replay", "r1", "--files"], "--files is for a recording, and 'r1' is a run"),
        (["replay", "r1", "--file", "gone.py"], "gone.py does not exist"),
        (["replay", "r1", "--file", "flow.py", "--live", "plan"], "cannot be combined"),
        (["replay", "gone/r1"], "gone/r1 cannot be read"),
        (["freeze", "r2", "-o", "test_a.py"], "there is no run 'r2'"),
        (["freeze", "r1"], "--output is missing"),
    ],
)
def test_what_cannot_be_replayed_is_told(project: Path, arguments: list[str], told: str) -> None:
    said = smithers(project, *arguments)
    assert (said.code, said.out, told in said.err) == (2, "", True), said.err


def test_another_version_of_the_file_is_replayed_and_the_own_one_is_not_touched(
    project: Path,
) -> None:
    branch = project / "branch"
    branch.mkdir()
    text = (project / "flow.py").read_text().replace("Be careful.", "Be quick.")
    (branch / "flow.py").write_text(text)
    code, found = replayed(project, "--file", "branch/flow.py:flow")
    assert (code, [one["kind"] for one in found["divergences"]]) == (1, ["prompt"])
    assert replayed(project)[0] == 0


def test_a_file_that_is_wrong_is_told_with_its_place(project: Path) -> None:
    edit(project, "return Sequence(", "return Sequences(")
    said = smithers(project, "replay", "r1")
    assert said.code == 2
    assert "flow.py" in said.err
    (project / "flow.py").unlink()
    said = smithers(project, "replay", "r1")
    assert said.code == 2
    assert "the file of run r1 no longer exists" in said.err


def test_a_run_comes_before_a_file_of_its_name(project: Path) -> None:
    (project / "r1").write_text("no recording\n")
    assert smithers(project, "replay", "r1").code == 0
    (project / "r2").write_text("no recording\n")
    assert "r2 is not a recording" in smithers(project, "replay", "r2").err


def test_a_replay_that_is_killed_changes_nothing(project: Path) -> None:
    (project / "flow.py").write_text(FLOW + SLOW)
    before = digests(project)
    with started(project, "replay", "r1") as running:
        eventually((project / "loading").exists)
        running.kill()
        running.wait(20)
    (project / "loading").unlink()
    assert digests(project) == before
    (project / "flow.py").write_text(FLOW)
    assert replayed(project)[0] == 0


@pytest.mark.long
def test_what_was_retried_forked_and_rewound_is_replayed(project: Path) -> None:
    for command in (
        ("retry", "r1", "plan"),
        ("fork", "r1", "--frame", "4", "--up"),
        ("fork", "r1", "--run-id", "f2", "--set", 'plan="Plan."', "--up"),
        ("rewind", "r1", "--frame", "4"),
        ("resume", "r1"),
    ):
        said = smithers(project, *command)
        assert said.code == 0, said.err
    for run_id in ("r1", "r1-fork", "r1-fork-2", "f2"):
        said = smithers(project, "replay", run_id)
        assert (said.code, said.out.partition(":")[0]) == (0, f"nothing differs from run {run_id}")


# -- one task for real


def test_one_task_is_executed_in_a_fork_and_the_rest_is_replayed(project: Path) -> None:
    worked = (project / "worked.txt").read_text()
    edit(project, "Be careful.", "Be quick.")
    code, found = replayed(project, "--live", "plan")
    assert (code, found["fork"], found["frame"], found["task"]) == (1, "r1-fork", 0, "plan")
    assert [(one["kind"], one["task"]) for one in found["divergences"]] == [
        ("output", "plan"),
        ("prompt", "plan"),
        ("prompt", "told"),
    ]
    told = found["divergences"][-1]
    assert told["diff"][1:3] == [" Plan it.", "-Be careful. built with tok-123456 seen"]
    assert (project / "worked.txt").read_text() == worked
    states = smithers(project, "inspect", "r1-fork", "--json").document
    attempts = {one["id"]: one["attempts"] for one in states["tasks"] if one["attempts"]}
    assert list(attempts) == ["plan"]
    assert smithers(project, "resume", "r1-fork").code == 0
    assert (project / "worked.txt").read_text() != worked


def test_a_step_and_a_command_are_executed_from_a_frame_on(project: Path) -> None:
    worked = (project / "worked.txt").read_text()
    code, found = replayed(project, "--from", "2", "--live", "look")
    assert (code, found["equal"], found["task"]) == (0, True, "look")
    assert (project / "worked.txt").read_text() == f"{worked}seen\n"
    edit(project, "built with", "made with")
    said = smithers(project, "replay", "r1", "--live", "build")
    assert said.code == 1
    assert re.sub(r"frame \d+", "frame N", said.err) == (
        "build was executed in r1-fork-2, a fork at frame N; to continue it, type: smithers"
        " resume r1-fork-2\n"
    )
    assert said.out.splitlines()[0] == "output: the output of build differs"
    assert "prompt: the prompt of told differs" in said.out


def test_a_task_that_fails_in_the_fork_says_why(project: Path) -> None:
    edit(project, 'return "built with', 'raise OSError("no disk")\n    return "built with')
    code, found = replayed(project, "--live", "build")
    assert code == 1
    first = found["divergences"][0]
    assert (first["kind"], first["task"]) == ("outcome", "build")
    assert first["message"] == "build failed: OSError: no disk; in the run it finished"
    assert ("outcome", "told") in [(one["kind"], one["task"]) for one in found["divergences"]]


# -- frozen


def freeze(folder: Path, *more: str) -> Said:
    return smithers(folder, "freeze", "r1", "-o", "tests/test_flow.py", *more)


def pytest_in(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def frozen(project: Path) -> Path:
    (project / "tests").mkdir()
    said = freeze(project)
    assert (said.code, said.out) == (0, ""), said.err
    return project


def test_a_frozen_run_is_a_test_that_needs_no_database(frozen: Path, tmp_path: Path) -> None:
    clone = tmp_path / "elsewhere" / "clone"
    (clone / "tests").mkdir(parents=True)
    for name in ("flow.py", "tests/test_flow.py", "tests/test_flow.jsonl"):
        shutil.copy(frozen / name, clone / name)
    done = pytest_in(clone)
    assert done.returncode == 0, done.stdout
    assert sorted(one.name for one in clone.iterdir() if one.name != "__pycache__") == [
        "flow.py",
        "tests",
    ]
    edit(clone, "Be careful.", "Be quick.")
    done = pytest_in(clone)
    assert done.returncode == 1
    assert "prompt: the prompt of plan differs" in done.stdout
    assert "E       -Be careful." in done.stdout
    assert "E       +Be quick." in done.stdout


@pytest.mark.long
def test_a_recording_has_a_line_for_each_task_and_no_secret(project: Path) -> None:
    (project / "tests").mkdir()
    token = {"SHOP_TOKEN": "tok-123456"}
    said = smithers(project, "freeze", "r1", "-o", "tests/test_flow.py", "--json", env=token)
    assert said.document == {
        "version": 1,
        "run_id": "r1",
        "test": "tests/test_flow.py",
        "recording": "tests/test_flow.jsonl",
    }
    text = (project / "tests" / "test_flow.jsonl").read_text()
    assert "tok-123456" not in text
    head, *lines = map(json.loads, text.splitlines())
    assert (head["workflow"], head["file"]) == ("flow", "../flow.py")
    nodes = {line["node"]: line for line in lines if "outcome" in line}
    assert sorted(nodes) == ["build", "look", "plan", "rest", "told"]
    assert nodes["build"]["output"] == "built with ${SHOP_TOKEN}"
    assert nodes["plan"]["prompt"] == "Plan it.\nBe careful."
    assert lines[-1]["status"] == "finished"
    assert pytest_in(project).returncode == 0


def test_files_that_are_there_are_not_written_over_unless_told(frozen: Path) -> None:
    before = digests(frozen)
    said = freeze(frozen)
    assert (said.code, "tests/test_flow.py already exists" in said.err) == (2, True)
    (frozen / "tests" / "test_flow.py").rename(frozen / "tests" / "other.py")
    said = freeze(frozen)
    assert (said.code, "tests/test_flow.jsonl already exists" in said.err) == (2, True)
    assert freeze(frozen, "--force").code == 0
    (frozen / "tests" / "other.py").unlink()
    assert digests(frozen) == before


def test_a_run_that_its_workflow_does_not_repeat_is_not_frozen(project: Path) -> None:
    (project / "tests").mkdir()
    edit(project, "Be careful.", "Be quick.")
    said = freeze(project)
    assert said.code == 2
    assert "run r1 would not pass its own test: the prompt of plan differs" in said.err
    assert "hint: to see what its workflow does now, type `smithers replay r1" in said.err
    assert smithers(project, "replay", "r1").code == 1
    assert list((project / "tests").iterdir()) == []


def test_a_recording_that_is_damaged_is_told_with_its_line(frozen: Path) -> None:
    path = frozen / "tests" / "test_flow.jsonl"
    lines = path.read_text().splitlines()
    for number, line in ((1, "{}"), (2, "no JSON"), (3, "[]"), (4, '{"moment": 1}')):
        damaged = [*lines[: number - 1], line, *lines[number:]]
        path.write_text("\n".join(damaged))
        with pytest.raises(Refused, match=rf"line {number}: this is not a line of a frozen run"):
            check_frozen_run(path)
    path.write_text("\n".join(lines[:-1]))
    with pytest.raises(Refused, match="is not a whole frozen run") as caught:
        check_frozen_run(path)
    assert caught.value.hint == "freeze the run again with `smithers freeze RUN -o FILE --force`"
    assert freeze(frozen, "--force").code == 0
    check_frozen_run(path)


def test_a_test_whose_workflow_was_moved_says_so(frozen: Path) -> None:
    (frozen / "flows").mkdir()
    (frozen / "flow.py").rename(frozen / "flows" / "flow.py")
    path = frozen / "tests" / "test_flow.jsonl"
    with pytest.raises(Refused, match=r"the workflow of .*test_flow.jsonl does not exist"):
        check_frozen_run(path)
    path.write_text(path.read_text().replace("../flow.py", "../flows/flow.py"))
    check_frozen_run(path)


def test_agents_that_the_settings_name_need_no_settings_in_a_test(tmp_path: Path) -> None:
    (tmp_path / "smithers.toml").write_text('[agents]\nwriter = "echo"\n')
    (tmp_path / "flow.py").write_text(
        "from smithers import Task, workflow\n\n\n"
        "@workflow\ndef flow(ctx):\n    return Task('plan', agent='writer', prompt='Plan it.')\n"
    )
    done = smithers(tmp_path, "up", "flow.py", "--run-id", "r1")
    assert done.code == 0, done.err
    (tmp_path / "tests").mkdir()
    assert freeze(tmp_path).code == 0
    (tmp_path / "smithers.toml").unlink()
    check_frozen_run(tmp_path / "tests" / "test_flow.jsonl")
