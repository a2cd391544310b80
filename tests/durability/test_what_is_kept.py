"""What a run may hold, and what must never be kept."""

from __future__ import annotations

import json
from pathlib import Path

from tests.durability.commands import Project

SECRET = 'hunter2-"quoted"-\\back-ünïcode'


def files_below(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


def test_secrets_of_the_environment_appear_nowhere(project: Project) -> None:
    project.environment["SHOP_API_TOKEN"] = SECRET
    given = json.dumps({})
    done = project.run("up", "secretive.py", "--run-id", "r1", "--input", given, "--events")
    assert done.returncode == 3, done.stderr
    project.run("approve", "r1", "--by", SECRET, "--note", f"it is {SECRET}")
    last = project.run("resume", "r1", "--json")
    assert last.returncode == 6, last.stderr
    forms = [SECRET, SECRET[::-1], json.dumps(SECRET)[1:-1]]
    forms += [json.dumps(SECRET, ensure_ascii=False)[1:-1]]
    kept = {file: file.read_bytes() for file in files_below(project.folder / ".smithers")}
    assert len(kept) >= 2
    for form in [forms[0], *forms[2:]]:
        for file, held in kept.items():
            assert form.encode() not in held, (form, file)
        for said in (done.stdout, done.stderr, last.stdout, last.stderr):
            assert form not in said
    assert "${SHOP_API_TOKEN}" in project.tasks()["found"]["output"]["url"]


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
