"""Workflows on models, through the command: the example of the documents, and a kill in a tool."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.durability.commands import Project, until
from tests.harness.helpers import ROOT, alive, pids_in
from tests.models.cases import Vendor, installed
from tests.scripted_model import ScriptedModel, Step, Text, ToolCall

SCRIPT: Mapping[str, Sequence[Step]] = {
    "Plan it.": [Text('{"steps": "sleep"}'), Text('{"steps": ["look", "leap"]}')],
    "Do these: ['look', 'leap']": [
        ToolCall("bash", {"command": "echo looked >> looked.txt"}),
        ToolCall("bash", {"command": "echo leapt >> leapt.txt; cat slow 2>/dev/null"}),
        Text("Done."),
    ],
    "Say it: Done.": [Text("All is done.", tokens_in=30, tokens_out=20)],
}


@pytest.mark.long
def test_the_example_of_the_documents_runs(tmp_path: Path) -> None:
    installed("anthropic")
    shutil.copy(ROOT / "examples" / "models" / "bill.py", tmp_path)
    (tmp_path / "order.txt").write_text("A tea and a cake, please.")
    script: Mapping[str, Sequence[Step]] = {
        "What is ordered": [ToolCall("read", {"path": "order.txt"}), Text("Tea and cake.")],
        "Bill this:\nTea and cake.": [
            ToolCall("price_of", {"article": "tea"}),
            ToolCall("price_of", {"article": "cake"}),
            Text('{"articles": ["tea", "cake"], "total": 7.75}'),
        ],
    }
    with ScriptedModel(script) as model:
        project = Project(tmp_path, {"ANTHROPIC_BASE_URL": model.url})
        done = project.run("up", "bill.py", within_s=110)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"articles": ["tea", "cake"], "total": 7.75}
    assert "A tea and a cake, please." in json.dumps(model.requests[1].body)


@pytest.fixture
def project(a_vendor: Vendor, tmp_path: Path) -> Iterator[tuple[Project, ScriptedModel]]:
    made = tmp_path / "project"
    made.mkdir()
    shutil.copy(ROOT / "tests" / "contract" / "workflows" / "three_tasks.py", made)
    with ScriptedModel(SCRIPT) as model:
        environment = {
            "AGENT": a_vendor.kind.provider,
            "MODEL": a_vendor.model,
            "MODEL_URL": model.url + a_vendor.path,
            "KEY_NAME": a_vendor.key,
        }
        yield Project(made, environment), model


def test_smithers_is_killed_in_a_tool_and_resumes_after_the_last_that_returned(
    project: tuple[Project, ScriptedModel],
) -> None:
    folder, model = project
    os.mkfifo(folder.folder / "slow")  # it is read for ever, since nobody writes
    script = "sh -c 'echo $$ > a.pid; exec sleep 300'"
    hidden = folder.folder / "hidden.sh"
    hidden.write_text(f"setsid {script} &\n")
    slow = ToolCall("bash", {"command": "echo leapt >> leapt.txt; . ./hidden.sh; cat slow"})
    first, _, last = SCRIPT["Do these: ['look', 'leap']"]
    model.rewrite({**SCRIPT, "Do these: ['look', 'leap']": [first, slow, last]})
    process = folder.start("up", "three_tasks.py", "--run-id", "r1")
    try:
        until(lambda: pids_in(folder.folder, 1), "the command's child", within_s=110)
    finally:
        folder.kill(process)
    (pid,) = pids_in(folder.folder, 1)
    until(lambda: not alive(pid), "the end of the command's child", within_s=5)
    done = folder.run("resume", "r1", within_s=110)
    assert (done.returncode, done.stdout.strip()) == (0, "All is done."), done.stderr
    assert (folder.folder / "looked.txt").read_text() == "looked\n"
    assert (folder.folder / "leapt.txt").read_text() == "leapt\n"
    work = folder.tasks()["work"]
    assert [one["state"] for one in work["attempts"]] == ["interrupted", "succeeded"]
    assert len({one["session_id"] for one in work["attempts"]}) == 1
    assert any("outcome of this call is unknown" in json.dumps(r.body) for r in model.requests)
