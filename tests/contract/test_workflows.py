"""The same workflow on each agent, and one of several: the same states, outputs of the same types.

Harnesses are the real programs, models run in the command's process; all on the scripted model.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.contract.adapters import ADAPTERS
from tests.contract.scenes import Adapter
from tests.contract.test_contract import marks
from tests.durability.commands import Project
from tests.harness.helpers import installed
from tests.models.cases import KEY, VENDORS
from tests.models.cases import installed as installed_vendor
from tests.scripted_model import Script, ScriptedModel, Step, Text, ToolCall

WORKFLOWS = Path(__file__).parent / "workflows"
NINE = [
    pytest.param(adapter, marks=marks(adapter), id=adapter.id)
    for adapter in ADAPTERS
    if adapter.way != "recorded" and not adapter.is_alone and "-by-" not in adapter.name
]
ANSWERS = {"claude-code": "StructuredOutput", "antigravity": "finish"}
"""The tools by which a model gives a structured answer to those programs that want it so."""
PATHS = {"codex": "/v1", "openai": "/v1", "litellm": "/v1"}


def project_with(workflow: str, folder: Path, **environment: str) -> Project:
    (folder / "project" / "home").mkdir(parents=True)
    shutil.copy(WORKFLOWS / workflow, folder / "project")
    made = Project(folder / "project", environment)
    made.environment["HOME"] = str(made.home)
    return made


def planned(adapter: Adapter) -> list[Step]:
    """First a plan that does not fit, then one that does."""
    wrong, right = {"steps": "sleep"}, {"steps": ["look", "leap"]}
    if tool := ANSWERS.get(adapter.name):
        return [ToolCall(tool, wrong), ToolCall(tool, right)]
    return [Text('{"steps": "sleep"}'), Text('{"steps": ["look", "leap"]}')]


def test_there_are_nine() -> None:
    assert len(NINE) == 9


@pytest.mark.sampled(1)
@pytest.mark.parametrize("adapter", NINE)
def test_three_tasks_have_the_same_states_and_outputs_on_each_agent(
    adapter: Adapter, tmp_path: Path
) -> None:
    adapter.needs()
    script: Script = {
        "Plan it.": planned(adapter),
        "Do these: ['look', 'leap']": [Text("Done.")],
        "Say it: Done.": [Text("All is done.", tokens_in=30, tokens_out=20)],
    }
    vendor = VENDORS.get(adapter.name)
    with ScriptedModel(script) as model:
        project = project_with(
            "three_tasks.py",
            tmp_path,
            AGENT=adapter.name,
            MODEL=vendor.model if vendor else "scripted",
            MODEL_URL=model.url + PATHS.get(adapter.name, ""),
            KEY_NAME=vendor.key if vendor else "SCRIPTED_KEY",
            SCRIPTED_KEY=KEY,
            ANTIGRAVITY_PYTHON=os.environ.get("ANTIGRAVITY_PYTHON", "python"),
        )
        done = project.run("up", "three_tasks.py", "--run-id", "r1", within_s=280)
    assert (done.returncode, done.stdout.strip()) == (0, "All is done."), done.stderr
    tasks = project.tasks()
    assert {name: task["state"] for name, task in tasks.items()} == dict.fromkeys(
        ("plan", "work", "say"), "finished"
    )
    assert [task["output"] for task in tasks.values()] == [
        {"steps": ["look", "leap"]},
        "Done.",
        "All is done.",
    ]
    assert [len(task["attempts"]) for task in tasks.values()] == [1, 1, 1]
    used = tasks["say"]["attempts"][0]["usage"]
    assert (used["tokens_in"], used["tokens_out"]) == (30, 20)


def overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two attempts ran at the same time."""
    (a, b), (c, d) = (
        (datetime.fromisoformat(each["started_at"]), datetime.fromisoformat(each["ended_at"]))
        for each in (one, other)
    )
    return a < d and c < b


@pytest.mark.live
@pytest.mark.timeout(300)
def test_a_frontier_model_plans_a_fast_one_fans_out_and_a_harness_edits(tmp_path: Path) -> None:
    installed("claude")
    for vendor in ("anthropic", "openai"):
        installed_vendor(vendor)
    parts = {"head": 3, "body": 4, "tail": 5}
    looks = {
        f"Count the words of {part}.": [
            Text(f'{{"part": "{part}", "words": {words}}}', pieces=4, pause_s=0.5)
        ]
        for part, words in parts.items()
    }
    note = "head 3, body 4, tail 5\n"
    runs: dict[str, Script] = {
        "frontier": [Text('{"parts": ["head", "body", "tail"]}', tokens_in=1000, tokens_out=100)],
        "fast": looks,
        "editor": [ToolCall("Write", {"file_path": "note.txt", "content": note}), Text("Written.")],
    }
    with ScriptedModel(runs=runs) as model:
        keys = {"ONE_KEY": KEY, "OTHER_KEY": KEY, "ANTHROPIC_API_KEY": KEY}
        project = project_with("mixed.py", tmp_path, MODEL_URL=model.url, **keys)
        done = project.run("up", "mixed.py", "--run-id", "r1", within_s=280)
    assert (done.returncode, done.stdout.strip()) == (0, "Written."), done.stderr
    tasks = project.tasks()
    assert {task["state"] for task in tasks.values()} == {"finished"}
    assert tasks["plan"]["output"] == {"parts": list(parts)}
    found = [tasks[f"look at {part}"] for part in parts]
    assert [one["output"] for one in found] == [
        {"part": part, "words": words} for part, words in parts.items()
    ]
    attempts = [attempt for one in found for attempt in one["attempts"]]
    assert all(overlap(one, other) for one, other in combinations(attempts, 2))
    assert (project.folder / "note.txt").read_text() == note
    asked = [request.run for request in model.requests if request.step is not None]
    assert asked == ["frontier", *["fast"] * 3, *["editor"] * 2]
    lines = project.json("cost", "r1")["lines"]
    by_agent: dict[str, tuple[int, int]] = {}
    for line in lines:
        was = by_agent.get(line["agent"], (0, 0))
        by_agent[line["agent"]] = (was[0] + line["tokens_in"], was[1] + line["tokens_out"])
    assert by_agent == {
        "anthropic/frontier": (1000, 100),
        "openai/fast": (30, 15),
        "claude-code": (20, 10),
    }
    costs = {line["task"]: Decimal(str(line["cost_usd"])) for line in lines}
    assert costs["plan"] == Decimal("0.0225")
    assert costs["look at head"] == Decimal("0.00002")
    assert costs["edit"] > 0
