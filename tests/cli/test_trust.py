"""Nothing is executed because a row that somebody else wrote says so."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import eventually, smithers
from tests.cli.test_terminal import on_a_terminal, plain_of

FLOW = """
from pathlib import Path

from smithers import Approval, Context, Node, NoInput, Sequence, Step, workflow

Path("{trace}").open("a").write("imported\\n")


@workflow
def gate(ctx: Context[NoInput]) -> Node[str]:
    ask = Approval("ask", ask="May I?")
    done = Step("done", lambda: "done")
    return Sequence(ask, done, result=done)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a run that was answered and that nobody drives."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "flow.py").write_text(FLOW.format(trace=tmp_path / "trace"))
    assert smithers(folder, "up", "flow.py", "--run-id", "r1").code == 3
    assert smithers(folder, "approve", "r1").code == 0
    (tmp_path / "trace").unlink()
    return folder


def cloned(project: Path) -> Path:
    return Path(shutil.copytree(project, project.with_name("clone")))


def was_imported(project: Path) -> bool:
    return project.with_name("trace").exists()


def status(folder: Path) -> str:
    return str(smithers(folder, "ps", "--json").document["runs"][0]["status"])


def in_rows(folder: Path, column: str, value: object) -> None:
    with closing(sqlite3.connect(folder / ".smithers" / "smithers.db")) as db:
        db.execute(f"UPDATE runs SET {column} = ?", (str(value),))
        db.commit()


def test_a_database_that_up_made_is_trusted_and_its_runs_are_woken(project: Path) -> None:
    assert smithers(project, "supervise", "--once").code == 0
    eventually(lambda: status(project) == "finished")
    listed = smithers(project, "trust", "--list", "--json").document["databases"]
    mine = [one for one in listed if one["path"] == str(project / ".smithers" / "smithers.db")]
    assert [one["how"] for one in mine] == ["up"]


def test_where_nothing_is_to_be_trusted_nothing_is_made(tmp_path: Path) -> None:
    said = smithers(tmp_path, "trust")
    assert said.code == 2
    assert "there is nothing to trust in " in said.err
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "flow.py").write_text(FLOW.format(trace=tmp_path / "trace"))
    assert smithers(tmp_path, "trust").code == 0, "its first run may be started over MCP"
    (tmp_path / "flow.py").unlink()
    assert smithers(tmp_path, "trust").code == 0, "its database is there"


def test_supervise_says_that_nothing_was_to_wake(project: Path, tmp_path: Path) -> None:
    database = project / ".smithers" / "smithers.db"
    assert smithers(project, "supervise", "--once").code == 0
    eventually(lambda: status(project) == "finished")
    said = smithers(project, "supervise", "--once", "--json")
    assert (said.code, said.document["done"]) == (0, [])
    assert said.err == f"no run of {database} is due\n"
    missing = tmp_path / "missing.db"
    said = smithers(tmp_path, "supervise", "--once", "--db", str(missing))
    assert (said.code, said.err) == (0, f"no runs: there is no database at {missing}\n")
    assert not missing.exists()


def test_a_cloned_database_wakes_nothing_until_it_is_trusted(project: Path) -> None:
    clone = cloned(project)
    said = smithers(clone, "supervise", "--once")
    assert "is not trusted" in said.err
    command = f"smithers trust {clone / '.smithers' / 'smithers.db'}"
    assert command in said.err
    assert "outside the project" in smithers(clone, "resume", "r1").err
    assert smithers(clone, "approve", "r1", "--resume").code == 2
    assert not was_imported(project)
    assert status(clone) == "waiting"

    in_rows(clone, "file", clone / "flow.py")  # else it names the file of the first project
    in_rows(clone, "folder", clone)
    assert smithers(clone, *command.split()[1:]).code == 0  # as the hint says
    assert smithers(clone, "supervise", "--once").code == 0
    eventually(lambda: status(clone) == "finished")


@pytest.mark.parametrize("how", ["replaced", "moved"])
def test_a_database_that_was_replaced_or_moved_is_another_one(project: Path, how: str) -> None:
    database = project / ".smithers" / "smithers.db"
    if how == "replaced":
        copy = database.with_name("copy.db")
        shutil.copy(database, copy)
        os.replace(copy, database)
    else:
        project = project.rename(project.with_name("elsewhere"))
    assert "is not trusted" in smithers(project, "supervise", "--once").err
    assert not was_imported(project)


def test_another_database_in_the_same_file_is_another_one(project: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "flow.py").write_text(FLOW.format(trace=tmp_path / "trace"))
    assert smithers(tmp_path / "other", "up", "flow.py", "--run-id", "r1").code == 3
    (tmp_path / "trace").unlink()
    other = (tmp_path / "other" / ".smithers" / "smithers.db").read_bytes()
    (project / ".smithers" / "smithers.db").write_bytes(other)  # the inode stays
    assert "is not trusted" in smithers(project, "supervise", "--once").err
    assert not was_imported(project)


def test_a_person_may_resume_what_is_in_the_project_and_trusts_it_on_a_terminal_alone(
    project: Path,
) -> None:
    clone = cloned(project)
    in_rows(clone, "file", clone / "flow.py")
    in_rows(clone, "folder", clone)
    assert smithers(clone, "resume", "r1").code == 0
    assert "is not trusted" in smithers(clone, "supervise", "--once").err


def test_an_interpreter_that_a_row_names_is_not_started(project: Path, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    in_rows(project, "interpreter", program)
    assert smithers(project, "supervise", "--once").code == 0
    eventually(lambda: status(project) == "finished")  # by ours
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("column", ["folder", "file"])
def test_a_folder_that_a_row_names_is_used_only_within_the_project(
    project: Path, tmp_path: Path, column: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.copy(project / "flow.py", outside)
    in_rows(project, column, outside / "flow.py" if column == "file" else outside)
    said = smithers(project, "resume", "r1")
    assert (said.code, "outside the project" in said.err) == (2, True), said
    assert "outside the project" in smithers(project, "supervise", "--once").err
    assert not was_imported(project)


def test_a_folder_that_this_user_has_used_is_used_again(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "flow.py").write_text(FLOW.format(trace=tmp_path / "trace"))
    (tmp_path / "kept").mkdir()
    database = ("--db", str(tmp_path / "kept" / "runs.db"))
    assert smithers(work, "up", "flow.py", "--run-id", "r1", *database).code == 3
    assert smithers(work, "approve", "r1", "--resume", *database).code == 0


def test_up_names_its_file_and_runs_in_a_clone_and_says_that_it_is_not_trusted(
    project: Path,
) -> None:
    clone = cloned(project)
    said = smithers(clone, "up", "flow.py", "--run-id", "r2")
    assert said.code == 3, said
    assert f"smithers trust {clone / '.smithers' / 'smithers.db'}" in said.err


def test_a_command_that_a_person_types_on_a_terminal_trusts_the_database(project: Path) -> None:
    clone = cloned(project)
    in_rows(clone, "file", clone / "flow.py")
    in_rows(clone, "folder", clone)
    shown = plain_of(on_a_terminal(clone, "resume", "r1"))
    assert "is now trusted" in shown
    assert status(clone) == "finished"
    undo = ["trust", "--remove", str(clone / ".smithers" / "smithers.db")]
    assert smithers(clone, *undo, "--json").document["outcome"] == "removed"
    assert smithers(clone, *undo, "--json").document["outcome"] == "absent"


def everybody_may_write_the_folder(project: Path) -> None:
    (project / ".smithers").chmod(0o777)


def everybody_may_write_the_file(project: Path) -> None:
    (project / ".smithers" / "smithers.db").chmod(0o666)


def another_user_owns_the_file(project: Path) -> None:
    os.chown(project / ".smithers" / "smithers.db", 65534, 65534)


def another_user_owns_the_project(project: Path) -> None:
    os.chown(project, 65534, 65534)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "let",
    [
        everybody_may_write_the_folder,
        everybody_may_write_the_file,
        another_user_owns_the_file,
        another_user_owns_the_project,
    ],
)
def test_a_database_that_another_user_could_have_written_is_refused(
    project: Path, let: Callable[[Path], None]
) -> None:
    by_owner = let.__name__.startswith("another")
    if by_owner and os.geteuid():
        pytest.skip("only root can give a file away")
    let(project)
    said = smithers(project, "resume", "r1")
    assert said.code == 2, said
    assert ("belongs to another user" if by_owner else "can be written by everybody") in said.err
    named = ("--db", str(project / ".smithers" / "smithers.db"))
    assert smithers(project, "supervise", "--once", *named).err.count("no run is woken") == 1
    assert not was_imported(project)
    if by_owner:  # root may say that it trusts another user's
        hint = said.err.split("type: ")[1].split()[1:]
        assert smithers(project, *hint).code == 0
    else:
        subprocess.run(said.err.split("remove that permission: ")[1].split(), check=True)
    assert smithers(project, "resume", "r1").code == 0


def test_a_folder_that_all_may_write_is_accepted_if_it_is_sticky(project: Path) -> None:
    project.chmod(0o1777)
    assert smithers(project, "resume", "r1").code == 0


def test_a_trust_file_that_is_damaged_is_named(project: Path, tmp_path: Path) -> None:
    state = tmp_path / "state" / "smithers"
    state.mkdir(parents=True)
    (state / "trusted.json").write_text("{")
    said = smithers(project, "resume", "r1", env={"XDG_STATE_HOME": str(tmp_path / "state")})
    assert said.code == 2
    assert f"mv {state / 'trusted.json'}" in said.err


def test_the_trust_file_is_private_and_whole(project: Path, tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert smithers(project, "trust", env=env).code == 0
    kept = tmp_path / "state" / "smithers" / "trusted.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(kept.read_text())["databases"]) == 1
