"""What a repository, or another user, can put where Smithers looks: nothing runs, nothing outside
is written or read, and the command says why.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from smithers.engine import processes
from smithers.engine.processes import kill_all
from smithers.engine.streams import Stream
from smithers.errors import StoreError
from smithers.store.files import streams_folder
from smithers.store.lease import started_of
from tests.cli.command import FLOWS, eventually, smithers
from tests.cli.test_terminal import on_a_terminal, plain_of
from tests.cli.test_trust import FLOW, cloned, in_rows, status, was_imported
from tests.databases.test_databases import HERE, restored, version_in

ECHO = f"{FLOWS}:echoes"
ASK = "ask.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a finished run `r1`, as a repository could ship it."""
    made = tmp_path / "project"
    made.mkdir()
    assert smithers(made, "up", ECHO, "--run-id", "r1").code == 0
    return made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file of this user that is none of the project's."""
    file = tmp_path / "outside" / "kept"
    file.parent.mkdir()
    file.write_text("kept\n")
    return file


def state(folder: Path) -> Path:
    return folder / ".smithers"


def everything_in(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def to_a_link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def to_a_pipe(path: Path, _: Path) -> None:
    os.mkfifo(path)


TURNED = pytest.mark.parametrize("turn", [to_a_link, to_a_pipe])


@pytest.mark.sampled(3)
@TURNED
@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal", ".lock"])
def test_what_lies_beside_the_database_is_never_a_link_or_a_pipe(
    folder: Path, outside: Path, end: str, turn: Callable[[Path, Path], None]
) -> None:
    beside = state(folder) / f"smithers.db{end}"
    beside.unlink(missing_ok=True)
    turn(beside, outside)
    for command in (["up", ECHO], ["ps"], ["resume", "r1"], ["supervise", "--once"]):
        said = smithers(folder, *command)
        assert "kept" not in said.out
        if command[0] != "supervise":
            assert (said.code, str(beside) in said.err) == (2, True), said
    assert outside.read_text() == "kept\n"
    assert [path.name for path in outside.parent.iterdir()] == ["kept"]


def test_a_database_that_is_a_pipe_is_refused_and_nobody_waits_for_it(tmp_path: Path) -> None:
    (tmp_path / ".smithers").mkdir()
    os.mkfifo(tmp_path / ".smithers" / "smithers.db")
    for command in (["up", ECHO], ["doctor"]):
        said = smithers(tmp_path, *command)
        assert "not a plain file" in said.err + said.out, said


@pytest.mark.parametrize("link", ["smithers.runs", "smithers.runs/r2"])
def test_streams_are_not_written_below_a_folder_that_is_a_link(
    folder: Path, outside: Path, link: str
) -> None:
    path = state(folder) / link
    if path.exists():
        shutil.rmtree(path)
    path.symlink_to(outside.parent)
    said = smithers(folder, "up", ECHO, "--run-id", "r2")
    assert (said.code, f"{path} is a symbolic link" in said.err) == (2, True), said
    assert [one.name for one in outside.parent.iterdir()] == ["kept"]
    hint = said.err.split("move it away: ")[1].strip()
    subprocess.run(hint, shell=True, check=True)
    assert smithers(folder, "up", ECHO, "--run-id", "r2").code == 0


def to_a_second_name(path: Path, outside: Path) -> None:
    path.hardlink_to(outside)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("turn", [to_a_link, to_a_pipe, to_a_second_name])
@pytest.mark.parametrize("name", ["1.events.jsonl", "1.raw.jsonl"])
def test_a_stream_is_not_appended_to_a_link_a_pipe_or_a_second_name(
    folder: Path, outside: Path, name: str, turn: Callable[[Path, Path], None]
) -> None:
    run = state(folder) / "smithers.runs" / "r2"
    run.mkdir()
    turn(run / name, outside)
    said = smithers(folder, "up", ECHO, "--run-id", "r2")
    assert (said.code, str(run / name) in said.err) == (2, True), said
    assert outside.read_text() == "kept\n"


def test_a_stream_whose_folder_is_replaced_while_the_run_goes_on_is_not_written_there(
    folder: Path, outside: Path
) -> None:
    run = streams_folder(state(folder) / "smithers.db", "r3")
    Stream(run, 1, str).open()
    shutil.rmtree(run)
    run.symlink_to(outside.parent)
    with pytest.raises(StoreError, match="symbolic link"):
        Stream(run, 2, str).open()
    assert [one.name for one in outside.parent.iterdir()] == ["kept"]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("turn", [to_a_link, to_a_pipe])
def test_the_log_of_an_owner_is_not_written_through_a_link(
    folder: Path, outside: Path, turn: Callable[[Path, Path], None]
) -> None:
    run = state(folder) / "smithers.runs" / "r2"
    run.mkdir()
    turn(run / "owner.log", outside)
    said = smithers(folder, "up", ECHO, "--run-id", "r2", "--detach")
    assert (said.code, "owner.log" in said.err) == (2, True), said
    assert outside.read_text() == "kept\n"


@TURNED
def test_logs_are_not_read_through_a_link(
    folder: Path, outside: Path, turn: Callable[[Path, Path], None]
) -> None:
    stream = state(folder) / "smithers.runs" / "r1" / "1.events.jsonl"
    stream.unlink()
    turn(stream, outside)
    said = smithers(folder, "logs", "r1")
    assert (said.code, str(stream) in said.err) == (2, True), said
    assert "kept" not in said.out


def test_the_id_of_a_run_is_not_a_path(folder: Path, outside: Path) -> None:
    for run_id in ("..", "../../outside", "a/b", "", "."):
        with pytest.raises(StoreError, match="invalid id"):
            streams_folder(state(folder) / "smithers.db", run_id)


@pytest.mark.parametrize("link", [".smithers", ".smithers/smithers.db"])
def test_a_link_out_of_the_folder_is_not_followed_unless_the_user_says_so(
    folder: Path, tmp_path: Path, link: str
) -> None:
    other = tmp_path / "clone"
    (other / link).parent.mkdir(parents=True)
    (other / link).symlink_to(folder / link)
    before = everything_in(folder)
    (other / "below").mkdir()
    for where in (other, other / "below"):
        for command in (["up", ECHO], ["ps"], ["approve", "r1"], ["supervise", "--once"]):
            said = smithers(where, *command)
            assert (said.code, "is a symbolic link to" in said.err) == (2, True), said
    assert everything_in(folder) == before
    assert smithers(other, "trust").code == 0
    assert smithers(other, "ps", "--json").document["runs"][0]["run_id"] == "r1"
    assert smithers(other, "up", ECHO).code == 0


def test_no_database_is_made_through_a_link_out_of_the_folder(
    tmp_path: Path, outside: Path
) -> None:
    (tmp_path / "clone").mkdir()
    (tmp_path / "clone" / ".smithers").symlink_to(outside.parent)
    said = smithers(tmp_path / "clone", "up", ECHO)
    assert (said.code, "is a symbolic link to" in said.err) == (2, True), said
    assert [path.name for path in outside.parent.iterdir()] == ["kept"]


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / ".smithers").symlink_to("state")
    assert smithers(tmp_path, "up", ECHO).code == 0


def owned_by_another(above: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    for path in (above / ".smithers" / "smithers.db", above / ".smithers"):
        os.chown(path, 65534, 65534)


def written_by_all(above: Path) -> None:
    above.chmod(0o777)


def file_written_by_all(above: Path) -> None:
    (above / ".smithers" / "smithers.db").chmod(0o666)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("let", [owned_by_another, written_by_all, file_written_by_all])
def test_a_database_above_the_folder_that_another_user_could_write_is_not_used(
    folder: Path, let: Callable[[Path], None]
) -> None:
    mine = folder / "mine"
    mine.mkdir()
    let(folder)
    before = everything_in(folder)
    for command in (["up", ECHO], ["ps"], ["supervise", "--once"], ["mcp"], ["workflows"]):
        said = smithers(mine, *command)
        assert (said.code, f"the nearest database above {mine}" in said.err) == (2, True), said
    assert everything_in(folder) == before
    own = ("--db", ".smithers/smithers.db")
    assert smithers(mine, "up", ECHO, *own).code == 0  # as the hint says
    assert smithers(mine, "ps").code == 0


def test_root_uses_the_database_of_another_user_after_trust_alone(folder: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    for path in (state(folder) / "smithers.db", state(folder), folder):
        os.chown(path, 65534, 65534)
    named = ("--db", str(state(folder) / "smithers.db"))
    before = everything_in(folder)
    for command in (["up", ECHO], ["up", ECHO, *named], ["resume", "r1"]):
        said = smithers(folder, *command)
        assert (said.code, "belongs to another user" in said.err) == (2, True), said
    assert everything_in(folder) == before
    assert smithers(folder, *said.err.split("type: ")[1].split()[1:]).code == 0
    for command in (["up", ECHO], ["resume", "r1"], ["supervise", "--once"]):
        assert smithers(folder, *command).code == 0


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with a run `r1` that was answered, whose rows name the clone."""
    first = tmp_path / "project"
    first.mkdir()
    (first / "flow.py").write_text(FLOW.format(trace=tmp_path / "trace"))
    assert smithers(first, "up", "flow.py", "--run-id", "r1").code == 3
    assert smithers(first, "approve", "r1").code == 0
    (tmp_path / "trace").unlink()
    made = cloned(first)
    in_rows(made, "file", made / "flow.py")
    in_rows(made, "folder", made)
    return made


@pytest.mark.parametrize("command", ["resume", "cancel"])
def test_a_row_of_a_clone_ends_no_process(clone: Path, command: str) -> None:
    sleeper = [sys.executable, "-S", "-c", "import time; time.sleep(300)"]
    with subprocess.Popen(sleeper) as stranger:
        row = ("r1", 1, stranger.pid, started_of(stranger.pid), "nobody")
        with closing(sqlite3.connect(state(clone) / "smithers.db")) as db:
            columns = "(run_id, serial, pid, started, owner)"
            db.execute(f"INSERT INTO processes {columns} VALUES (?, ?, ?, ?, ?)", row)
            db.commit()
        assert smithers(clone, command, "r1").code == 0
        assert stranger.poll() is None
        stranger.send_signal(signal.SIGKILL)


def test_no_row_ends_what_this_process_stands_below(monkeypatch: pytest.MonkeyPatch) -> None:
    doomed: list[int] = []

    def kill(found: dict[int, str], _: float) -> list[int]:
        doomed.extend(found)
        return []

    monkeypatch.setattr(processes, "_kill", kill)
    above = os.getppid()
    kill_all([(above, started_of(above) or ""), (1, started_of(1) or "")])
    assert doomed == []


@pytest.mark.parametrize("options", ['{"max_concurrency": "many"}', '{"max_concurrency": -1}'])
def test_options_of_a_row_are_checked(clone: Path, options: str) -> None:
    in_rows(clone, "options", options)
    assert smithers(clone, "resume", "r1").code == 0


def test_an_untrusted_database_is_not_changed_by_what_nobody_types(clone: Path) -> None:
    before = everything_in(state(clone))
    assert "is not trusted" in smithers(clone, "supervise", "--once").err
    assert everything_in(state(clone)) == before
    assert not was_imported(clone.with_name("project"))


@pytest.mark.long
def test_an_older_database_is_woken_after_one_command_on_a_terminal(tmp_path: Path) -> None:
    kept = HERE / "version_4.sql"
    database = restored(kept, tmp_path)
    (tmp_path / "go").touch()
    named = ("--db", str(database))
    before = version_in(database)
    said = smithers(tmp_path, "supervise", "--once", *named)
    assert (said.code, said.err.count("smithers trust ")) == (0, 1), said
    assert version_in(database) == before < 5
    shown = plain_of(on_a_terminal(tmp_path, "approve", "waiting", *named))
    assert shown.count("is now trusted") == 1
    assert smithers(tmp_path, "supervise", "--once", *named).code == 0

    def statuses() -> dict[str, str]:
        runs = smithers(tmp_path, "ps", "--json", *named).document["runs"]
        return {one["run_id"]: one["status"] for one in runs}

    eventually(lambda: statuses()["waiting"] == "finished")


@pytest.mark.long
def test_a_folder_that_a_row_names_is_allowed_by_the_command_that_is_told(
    clone: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    shutil.copy(clone / "flow.py", elsewhere)
    in_rows(clone, "file", elsewhere / "flow.py")
    in_rows(clone, "folder", elsewhere)
    assert smithers(clone, "trust").err.count(f"--folder '{elsewhere}'") == 1
    said = smithers(clone, "resume", "r1")
    assert (said.code, "outside the project" in said.err) == (2, True), said
    typed = said.err.split("if it is yours: ")[1].strip().replace("FILE.py", "flow.py")
    words = typed.replace(" && smithers", f" && {sys.executable} -m smithers")
    done = subprocess.run(words, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    assert status(clone) == "finished"


def test_a_checkout_below_a_trusted_project_is_not_part_of_it(tmp_path: Path) -> None:
    assert smithers(tmp_path, "up", ECHO).code == 0
    nested = tmp_path / "src" / "cloned"
    flows = nested / ".smithers" / "workflows"
    flows.mkdir(parents=True)
    (flows / "flow.py").write_text(FLOW.format(trace=tmp_path / "trace"))
    listed = smithers(nested, "workflows", "--json").document["workflows"]
    assert [one["input_schema"] for one in listed] == [None]
    assert not (tmp_path / "trace").exists()
    assert smithers(nested, "trust").code == 0
    listed = smithers(nested, "workflows", "--json").document["workflows"]
    assert listed[0]["input_schema"] is not None


def test_nothing_below_a_home_folder_is_part_of_a_project_there(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path)}
    assert smithers(tmp_path, "up", ECHO, env=env).code == 0
    unpacked = tmp_path / "downloads"
    unpacked.mkdir()
    (unpacked / "flow.py").write_text(FLOW.format(trace=tmp_path / "trace"))
    assert smithers(unpacked, "up", "flow.py", "--run-id", "r2", env=env).code == 3
    (tmp_path / "trace").unlink()
    assert smithers(unpacked, "resume", "r2", env=env).code == 3  # it was used from there
    with closing(sqlite3.connect(tmp_path / ".smithers" / "smithers.db")) as db:
        db.execute("UPDATE runs SET folder = ?, file = ?", (str(tmp_path / "x"),) * 2)
        db.commit()
    (tmp_path / "x").mkdir()
    assert "outside the project" in smithers(tmp_path, "resume", "r2", env=env).err


@TURNED
def test_a_workflow_file_that_is_not_one_is_neither_read_nor_waited_for(
    tmp_path: Path, outside: Path, turn: Callable[[Path, Path], None]
) -> None:
    flows = tmp_path / "clone" / ".smithers" / "workflows"
    flows.mkdir(parents=True)
    turn(flows / "flow.py", outside)
    said = smithers(tmp_path / "clone", "workflows", "--json")
    assert said.document["workflows"] == []


def test_an_empty_file_becomes_a_database_that_is_trusted_and_ignored_by_git(
    tmp_path: Path,
) -> None:
    state(tmp_path).mkdir()
    (state(tmp_path) / "smithers.db").touch()
    assert "not trusted" not in smithers(tmp_path, "up", ECHO).err
    assert (state(tmp_path) / ".gitignore").read_text().splitlines() == [
        *("/smithers.db*", "/smithers.runs/", "/logs/", "/worktrees/", "__pycache__/")
    ]
    assert "not trusted" not in smithers(tmp_path, "supervise", "--once").err


def test_one_command_runs_a_fresh_clone_and_says_what_it_did(clone: Path) -> None:
    shown = plain_of(on_a_terminal(clone, "up", ECHO, "--run-id", "r2"))
    assert "hello there" in shown
    assert shown.count("is now trusted (to undo: smithers trust --remove") == 1
    assert "not trusted" not in smithers(clone, "up", ECHO, "--run-id", "r3").err
