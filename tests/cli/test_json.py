"""`--json` is one document whatever happens; `--events` is lines, and the last is the end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import FLOWS, environment, smithers, started

UP_KEYS = {
    *("version", "run_id", "status", "stopped_by", "waiting_for", "tasks", "tolerated", "unpaid"),
    *("output", "error", "exhausted", "frames", "usage"),
}
COUNTS = {"finished", "failed", "skipped", "waiting", "pending", "cancelled"}
WAIT_KEYS = {
    *("task", "iteration", "kind", "since", "due", "asked", "digest", "allowed_by", "on"),
    *("cooling", "form"),
}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("workflow", "status"),
    [("works", "finished"), ("fails", "failed"), ("asks", "waiting"), ("tolerates", "finished")],
)
def test_up_gives_one_object_of_one_shape(tmp_path: Path, workflow: str, status: str) -> None:
    said = smithers(tmp_path, "up", f"{FLOWS}:{workflow}", "--run-id", "r1", "--json")
    found = said.document
    assert set(found) == UP_KEYS
    assert (found["version"], found["run_id"], found["status"]) == (1, "r1", status)
    assert set(found["tasks"]) == COUNTS
    assert set(found["usage"]) == {"tokens_in", "tokens_out", "cost_usd"}
    assert all(set(wait) == WAIT_KEYS for wait in found["waiting_for"])
    assert (found["error"] is None) == (status != "failed")


def test_what_a_workflow_and_its_programs_print_is_not_in_the_object(tmp_path: Path) -> None:
    said = smithers(tmp_path, "up", f"{FLOWS}:prints", "--json")
    assert said.document["output"] == "quiet"
    for printed in ("imported", "printed by the step", "printed by its child"):
        assert printed in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["up"],
        ["up", "gone.py"],
        ["up", "gone.py", "--nonsense"],
        ["up", f"{FLOWS}:works", "--run-id", "../x"],
        ["up", f"{FLOWS}:works", "--resume"],
        ["up", f"{FLOWS}:works", "--db", "."],
        ["up", f"{FLOWS}:works", "--input", "@gone"],
        ["resume", "r9"],
        ["resume"],
    ],
    ids=lambda one: " ".join(one)[-30:],
)
def test_up_and_resume_keep_their_shape_when_they_fail(
    tmp_path: Path, arguments: list[str]
) -> None:
    said = smithers(tmp_path, *arguments, "--json")
    found = said.document
    assert said.code == 2
    assert set(found) == UP_KEYS
    assert (found["status"], found["frames"]) == (None, 0)
    assert found["error"]["message"]
    assert "error:" in said.err


def test_a_refused_resume_tells_how_the_run_stands(tmp_path: Path) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:asks", "--run-id", "r1")
    smithers(tmp_path, "cancel", "r1")
    found = smithers(tmp_path, "resume", "r1", "--json").document
    assert (found["status"], found["error"]["kind"]) == ("cancelled", "Refused")


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", "r9"],
        ["cost", "r9"],
        ["why", "r9"],
        ["timeline", "r9"],
        ["events", "r9"],
        ["graph", "r9"],
        ["logs", "r9"],
        ["sql", "DROP TABLE runs"],
        ["approve", "r9"],
        ["deny", "r9"],
        ["budget", "r9", "--add-calls", "1"],
        ["cancel", "r9"],
        ["ps", "--nonsense"],
        ["inspect"],
        ["patterns", "nonsense"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_every_other_command_gives_one_document_when_it_fails(
    tmp_path: Path, arguments: list[str]
) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1")
    said = smithers(tmp_path, *arguments, "--json")
    assert said.code == 2
    assert set(said.document) == {"version", "error"}
    assert {"kind", "message", "hint"} <= set(said.document["error"])


def test_events_are_lines_as_things_happen_and_the_last_is_the_end(tmp_path: Path) -> None:
    said = smithers(tmp_path, "up", f"{FLOWS}:echoes", "--run-id", "r1", "--events")
    told = lines(said.out)
    assert [one["event"] for one in told[:1] + told[-1:]] == ["frame", "end"]
    assert all(one["run_id"] == "r1" and one["version"] == 1 for one in told)
    assert set(told[-1]) == UP_KEYS | {"event"}
    frames = [one["frame"] for one in told if one["event"] == "frame"]
    assert frames == list(range(told[-1]["frames"]))
    spoken = [one for one in told if one["event"] == "agent"]
    assert [one["kind"] for one in spoken] == ["started", "said", "used", "answered"]
    assert all((one["task"], one["iteration"], one["attempt"]) == ("say", [], 1) for one in spoken)


def test_a_reader_of_events_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    with started(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1", "--events") as child:
        assert child.stdout is not None
        child.stdout.close()
        assert child.wait(timeout=60) == 0


def test_a_broken_pipe_is_quiet(tmp_path: Path) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1")
    command = f"{sys.executable} -m smithers timeline r1 --all | true"
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, env=environment(), capture_output=True, timeout=60
    )
    assert done.stderr == b""
