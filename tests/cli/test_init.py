"""`init` writes the pack, lists what it did with each file, and leaves what somebody edited."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import environment, smithers
from tests.places import HARNESSES

WORKFLOWS = [
    "audit_repository",
    "fix_until_green",
    "implement_with_review",
    "migrate_files",
    "research",
]
FIX = ".smithers/workflows/fix_until_green.py"
RECORD = ".smithers/pack.json"
FLOW = """\
from smithers import Step, workflow


@workflow
def flow(ctx):
    return Step("s", str)
"""


def outcomes(folder: Path, *words: str) -> dict[str, str]:
    said = smithers(folder, "init", "--json", *words)
    assert said.code == 0, said.err
    return {one["path"]: one["outcome"] for one in said.document["files"]}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_what_is_listed_is_what_is_written_and_twice_changes_nothing(tmp_path: Path) -> None:
    listed = outcomes(tmp_path)
    assert set(listed.values()) == {"created"}
    written = contents(tmp_path)
    assert set(written) == set(listed)
    assert set(outcomes(tmp_path).values()) == {"unchanged"}
    assert contents(tmp_path) == written


def test_a_dry_run_lists_the_same_and_writes_nothing(tmp_path: Path) -> None:
    listed = outcomes(tmp_path, "--dry-run")
    assert not list(tmp_path.iterdir())
    assert "nothing was written" in smithers(tmp_path, "init", "--dry-run").err
    assert outcomes(tmp_path) == listed


@pytest.mark.long
def test_git_shows_the_pack_but_no_database_and_nothing_that_python_compiled(
    tmp_path: Path,
) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    listed = outcomes(tmp_path)
    (tmp_path / "flow.py").write_text(FLOW)
    assert smithers(tmp_path, "up", "flow.py").code == 0
    assert smithers(tmp_path, "trust").code == 0
    assert (tmp_path / ".smithers" / "smithers.db").is_file()
    listing = smithers(tmp_path, "workflows", "--json").document["workflows"]
    assert [one["name"] for one in listing] == WORKFLOWS
    assert all("error" not in one and one["input_schema"] for one in listing)
    words = ["git", "ls-files", "--others", "--exclude-standard"]
    shown = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    files = {name for name in shown.stdout.split() if not name.startswith(("flow.py", "__py"))}
    assert files == set(listed)


def test_an_edited_file_is_told_and_left_and_an_older_one_is_updated(tmp_path: Path) -> None:
    outcomes(tmp_path)
    new = (tmp_path / FIX).read_text()
    audit = tmp_path / ".smithers" / "workflows" / "audit_repository.py"
    audit.write_text("# mine\n")
    old = "# as an older version wrote it\n"
    (tmp_path / FIX).write_text(old)
    record = json.loads((tmp_path / RECORD).read_text())
    record["files"][FIX] = hashlib.sha256(old.encode()).hexdigest()
    (tmp_path / RECORD).write_text(json.dumps(record))
    said = smithers(tmp_path, "init")
    assert "edited     .smithers/workflows/audit_repository.py" in said.out
    assert f"updated    {FIX}" in said.out
    assert "audit_repository.py was edited after `smithers init` wrote it" in said.err
    assert audit.read_text() == "# mine\n"
    assert (tmp_path / FIX).read_text() == new
    found = outcomes(tmp_path)
    assert (found[FIX], found[".smithers/workflows/audit_repository.py"]) == ("unchanged", "edited")


@pytest.mark.long
def test_the_workflow_in_the_skill_works_in_a_project_with_the_pack(tmp_path: Path) -> None:
    outcomes(tmp_path)
    skill = (tmp_path / ".agents" / "skills" / "smithers" / "SKILL.md").read_text()
    assert skill == (tmp_path / ".claude" / "skills" / "smithers" / "SKILL.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", skill, re.S)
    file = tmp_path / ".smithers" / "workflows" / "summarize.py"
    file.write_text(code)
    (one,) = smithers(tmp_path, "workflows", str(file), "--json").document["workflows"]
    assert set(one["input_schema"]["properties"]) == {"agents", "file"}
    said = smithers(tmp_path, "up", str(file), "--run-id", "r1", env={"PATH": os.defpath})
    assert said.code == 3, "no agent is installed there"
    assert "install it with" in said.err


def test_files_of_others_are_left_and_a_section_is_offered_for_instructions(tmp_path: Path) -> None:
    mine = {"AGENTS.md": "Be brief.\n", "smithers.toml": "max_concurrency = 1\n", FIX: "# mine\n"}
    for name, text in mine.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    said = smithers(tmp_path, "init")
    assert said.code == 0
    assert "AGENTS.md is yours and is left as it is; you may add this section:" in said.err
    assert "## Workflows of agents" in said.err
    assert f"{FIX} was there before, so it is left as it is" in said.err
    assert {name: (tmp_path / name).read_text() for name in mine} == mine
    found = outcomes(tmp_path)
    assert {found[name] for name in mine} == {"present"}
    assert found["GEMINI.md"] == "unchanged"


def test_a_template_is_written_alone_with_what_it_needs(tmp_path: Path) -> None:
    found = outcomes(tmp_path, "--template", "research")
    assert list(found) == [
        ".smithers/.gitignore",
        ".smithers/workflows/_project.py",
        ".smithers/workflows/research.py",
        RECORD,
    ]
    (one,) = smithers(tmp_path, "workflows", ".smithers/workflows/research.py", "--json").document[
        "workflows"
    ]
    assert one["input_schema"]["required"] == ["question"]
    assert outcomes(tmp_path)[".smithers/workflows/research.py"] == "unchanged"


@pytest.mark.sampled(1)
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", WORKFLOWS)
def test_after_init_each_workflow_passes_check_and_a_dry_run_with_no_edit_input_or_agent(
    tmp_path: Path, name: str
) -> None:
    said = smithers(tmp_path, "init")
    first = f".smithers/workflows/{WORKFLOWS[0]}.py"
    assert (said.code, f"`smithers up {first} --dry-run`" in said.err) == (0, True), said
    file, env = f".smithers/workflows/{name}.py", {"PATH": os.defpath}
    checked = smithers(tmp_path, "check", file, env=env)
    assert (checked.code, "no mistakes found" in checked.out + checked.err) == (0, True), checked
    dry = smithers(tmp_path, "up", file, "--dry-run", env=env)
    assert (dry.code, "the run would finish" in dry.out + dry.err) == (0, True), dry
    made = {"implement_with_review": "goal", "migrate_files": "goal", "research": "question"}
    told = f'made from its types: {{"{made.get(name)}": "text"'
    assert (told in checked.out, told in dry.err) == (name in made, name in made)


def test_templates_are_listed_and_an_unknown_one_is_answered_with_the_nearest(
    tmp_path: Path,
) -> None:
    listed = smithers(tmp_path, "init", "--list")
    assert [line.split()[0] for line in listed.out.splitlines()] == WORKFLOWS
    assert all(line.endswith(".") for line in listed.out.splitlines())
    found = smithers(tmp_path, "init", "--list", "--json").document["templates"]
    assert [one["name"] for one in found] == WORKFLOWS
    said = smithers(tmp_path, "init", "--template", "fix-until-gren")
    assert (said.code, said.out) == (2, "")
    assert "did you mean fix_until_green?" in said.err
    assert "`smithers init --list`" in smithers(tmp_path, "init", "--template", "xyz").err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [".smithers", ".claude", ".agents"])
def test_a_file_in_the_place_of_a_folder_is_named_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("mine")
    said = smithers(tmp_path, "init")
    assert said.code == 2
    assert f"{tmp_path / name} is not a folder" in said.err
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    outside.mkdir()
    (project / ".claude").symlink_to(outside)
    said = smithers(project, "init")
    assert said.code == 2
    assert f"is a link to {outside}" in said.err
    assert not list(outside.iterdir())
    (project / ".claude").unlink()
    (project / "AGENTS.md").symlink_to(outside / "AGENTS.md")
    assert outcomes(project)["AGENTS.md"] == "present"
    assert not list(outside.iterdir())


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    outcomes(tmp_path)
    (tmp_path / RECORD).write_text("{")
    said = smithers(tmp_path, "init")
    assert said.code == 2
    assert "pack.json is damaged" in said.err
    (tmp_path / RECORD).unlink()
    assert set(outcomes(tmp_path).values()) == {"unchanged", "created"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        said = smithers(tmp_path, "init")
    finally:
        tmp_path.chmod(0o700)
    assert said.code == 2
    assert "cannot be written: Permission denied" in said.err
    assert not list(tmp_path.iterdir())


def test_a_disk_that_refuses_is_named_and_leaves_no_draft(tmp_path: Path) -> None:
    words = ["-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, "-m", "smithers", "init"]
    said = subprocess.run(
        ["bash", *words],
        cwd=tmp_path,
        env=environment({"PYTHONDONTWRITEBYTECODE": "1"}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said.returncode == 2, said
    assert "/.smithers/.gitignore cannot be written: File too large" in said.stderr
    assert contents(tmp_path) == {}


def test_the_ignored_files_are_those_of_a_new_database(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    assert smithers(tmp_path, "up", "flow.py").code == 0
    ignored = (tmp_path / ".smithers" / ".gitignore").read_text()
    assert ignored == (HARNESSES / "pack" / "gitignore").read_text()
    assert outcomes(tmp_path)[".smithers/.gitignore"] == "unchanged"
