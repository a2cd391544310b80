"""What a run may hold, and what must never be kept."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.durability.commands import Project

SECRET = 'hunter2-"quoted"-\\back-ünïcode'


def forms(secret: str) -> list[str]:
    return [secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]]


LOOKING = [
    ["inspect", "r1"],
    *(["why", "r1"], ["why", "r1", "--json"]),
    *(["events", "r1"], ["events", "r1", "--json"]),
    *(["timeline", "r1", "--all"], ["timeline", "r1", "--json"]),
    *(["logs", "r1"], ["logs", "r1", "--json"], ["logs", "r1", "--raw"]),
    *(["graph", "r1"], ["ps"]),
]


def test_secrets_are_masked_where_a_run_is_looked_at(project: Project) -> None:
    project.environment["SHOP_API_TOKEN"] = SECRET
    done = project.run("up", "secretive.py", "--run-id", "r1", "--events")
    assert done.returncode == 3, done.stderr
    *events, _ = done.stdout.splitlines()
    looks = [project.run(*command) for command in LOOKING]
    decided = project.run("approve", "r1", "--by", "ann", "--note", f"it is {SECRET}")
    last = project.run("resume", "r1")
    assert last.returncode == 6, last.stderr
    looks += [decided, last, *map(lambda command: project.run(*command), LOOKING)]
    shown = "\n".join([*events, done.stderr, *(look.stdout + look.stderr for look in looks)])
    streams = project.folder.joinpath(".smithers").rglob("*.jsonl")
    shown += "".join(file.read_text() for file in streams)
    assert "${SHOP_API_TOKEN}" in shown
    for form in forms(SECRET):
        assert form not in shown
    # A text that is cut after 200 characters shows no half of a secret either.
    assert SECRET[:12] not in shown


@pytest.mark.long
def test_what_was_asked_for_as_data_is_never_altered(project: Project) -> None:
    project.environment["SHOP_API_TOKEN"] = SECRET
    asked = project.json("up", "secretive.py", "--run-id", "r1")
    assert asked["waiting_for"][0]["asked"] == f"spend with {SECRET}?"
    decided = project.json("approve", "r1", "--by", "ann", "--note", f"it is {SECRET}")
    assert decided["note"] == f"it is {SECRET}"
    assert decided["digest"] == hashlib.sha256(f"spend with {SECRET}?".encode()).hexdigest()
    assert project.run("resume", "r1").returncode == 6
    outputs = {id: task["output"] for id, task in project.tasks().items()}
    assert outputs["found"] == {
        "url": f"https://ann:{SECRET}@shop.example",
        "words": {SECRET: SECRET[::-1]},
    }
    assert outputs["say"] == f"use {SECRET} on https://ann:{SECRET}@shop.example"
    assert outputs["ok"]["note"] == f"it is {SECRET}"
    rows = json.loads(project.run("sql", "SELECT prompt FROM attempts", "--json").stdout)
    assert rows[1]["prompt"] == outputs["say"]


@pytest.mark.long
def test_an_input_and_an_output_of_five_megabytes_are_kept_whole(project: Project) -> None:
    (project.folder / "big.py").write_text(
        "from pydantic import BaseModel\n"
        "from smithers import Context, Node, Step, workflow\n"
        "class Text(BaseModel):\n"
        "    text: str\n"
        "@workflow(input=Text)\n"
        "def big(ctx: Context[Text]) -> Node:\n"
        "    size = Step('size', lambda: ctx.input.text[::-1] + '\\x00\\ud800')\n"
        "    return size\n"
    )
    text = "päper" * 1_000_000
    (project.folder / "input.json").write_text(json.dumps({"text": text}))
    found = project.json("up", "big.py", "--input", "@input.json", "--run-id", "r1")
    assert found["status"] == "finished", found["error"]
    assert found["output"] == text[::-1] + "\x00\ufffd"
