"""What a repository ships beside its database, or another user above it, leads nowhere."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from smithers.store.files import streams_folder
from tests.cli.command import database, smithers

FLOW = """
from smithers import Attempt, Context, Node, NoInput, Step, workflow


def beat(attempt: Attempt) -> str:
    attempt.heartbeat("the text of an agent")
    return "done"


@workflow
def flow(ctx: Context[NoInput]) -> Node[str]:
    return Step("beat", beat)
"""
SECRET = "what is outside"


def everything_in(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    (folder / ".smithers").mkdir(parents=True)
    (folder / "flow.py").write_text(FLOW)
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_text(SECRET)
    return folder


STREAMS = ".smithers/smithers.runs"
LINKS = {
    STREAMS: "",
    f"{STREAMS}/r1": "",
    f"{STREAMS}/r1/1.events.jsonl": "file",
    ".smithers/smithers.db.lock": "file",
    ".smithers/smithers.db-wal": "file",
    ".smithers/smithers.db-shm": "file",
    ".smithers/smithers.db": "file",
    ".smithers": "",
}


@pytest.mark.parametrize("link", LINKS)
def test_a_symbolic_link_that_came_with_a_clone_is_not_followed(
    clone: Path, outside: Path, link: str
) -> None:
    if link == ".smithers":
        (clone / link).rmdir()
    (clone / link).parent.mkdir(parents=True, exist_ok=True)
    (clone / link).symlink_to(outside / LINKS[link])
    before = everything_in(outside)
    said = smithers(clone, "up", "flow.py", "--run-id", "r1")
    assert everything_in(outside) == before
    if said.code:
        assert said.code == 2, said
        assert Path(link).name.removesuffix("-shm") in said.err
    else:  # a `-wal` without its database is removed
        assert link.endswith("-wal")
        assert not (clone / link).is_symlink()


@pytest.mark.parametrize("name", [f"{STREAMS}/r1/1.events.jsonl", ".smithers/smithers.db.lock"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(clone: Path, name: str) -> None:
    (clone / name).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(clone / name)
    assert smithers(clone, "up", "flow.py", "--run-id", "r1").code == 2


def test_the_log_of_a_detached_run_goes_through_no_link(clone: Path, outside: Path) -> None:
    (clone / STREAMS / "r1").mkdir(parents=True)
    (clone / STREAMS / "r1" / "owner.log").symlink_to(outside / "file")
    smithers(clone, "up", "flow.py", "--run-id", "r1", "--detach")
    assert (outside / "file").read_text() == SECRET


def test_logs_show_nothing_that_a_link_leads_to(clone: Path, outside: Path) -> None:
    assert smithers(clone, "up", "flow.py", "--run-id", "r1").code == 0
    log = streams_folder(database(clone), "r1") / "1.events.jsonl"
    log.unlink()
    log.symlink_to(outside / "file")
    for more in ((), ("--json",)):
        said = smithers(clone, "logs", "r1", *more)
        assert said.code == 2, said
        assert SECRET not in said.out + said.err
        assert f"{log} is a symbolic link" in said.err


def given_away(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 65534, 65534)


def writable_for_all(folder: Path) -> None:
    folder.chmod(0o777)


@pytest.mark.parametrize("let", [given_away, writable_for_all])
def test_a_database_above_that_another_user_owns_or_can_write_is_not_used(
    clone: Path, tmp_path: Path, let: Callable[[Path], None]
) -> None:
    if let is given_away and os.geteuid():
        pytest.skip("only root can give a file away")
    assert smithers(clone, "up", "flow.py", "--run-id", "r1").code == 0
    shutil.move(clone / ".smithers", tmp_path)
    above = tmp_path / ".smithers"
    let(above)
    before = everything_in(above)
    for command in (
        ("up", "flow.py", "--run-id", "r2"),
        ("up", "flow.py", "--run-id", "r2", "--detach"),
        ("resume", "r1"),
        ("approve", "r1", "--resume"),
        ("cancel", "r1"),
        ("steer", "r1", "beat", "Stop."),
        ("supervise", "--once"),
    ):
        said = smithers(clone, *command)
        assert said.code == 2, said
        assert str(above) in said.err
        assert "belongs to another user" in said.err or "can be written by everybody" in said.err
    assert everything_in(above) == before
    here = smithers(clone, "up", "flow.py", "--run-id", "r2", "--db", ".smithers/smithers.db")
    assert here.code == 0, here
    assert everything_in(above) == before
