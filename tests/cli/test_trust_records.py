"""The records of what a user trusts: private, whole, of one file each, and outside the project."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from smithers.engine.gate import Gate
from smithers.engine.private_files import home_of
from smithers.engine.trust import Trusts, is_part, trust
from smithers.errors import Refused
from smithers.store import ownership
from smithers.store.ownership import writers_of
from tests.calls import calls_of
from tests.cli.command import FLOWS, smithers


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path / "home")}


@pytest.fixture
def database(tmp_path: Path, env: dict[str, str]) -> Path:
    (tmp_path / "project").mkdir()
    path = tmp_path / "project" / "smithers.db"
    trust(path, env, how="trust")
    return path


def kept(env: dict[str, str]) -> Path:
    return Path(env["XDG_STATE_HOME"], "smithers", "trusted.json")


def changed(field: str, value: object) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        document["databases"][0][field] = value

    return change


def without(field: str) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        del document["databases"][0][field]

    return change


CHANGES: list[Callable[[Any], object]] = [
    lambda document: document.update(databases={}),
    lambda document: document.update(databases=[3]),
    lambda document: document.pop("version"),
]


@pytest.mark.parametrize(
    "change",
    [
        changed("inode", "12"),
        changed("device", True),
        changed("path", None),
        changed("explicit", 1),
        changed("folders", "/"),
        changed("interpreters", [1]),
        without("id"),
        *CHANGES,
    ],
)
def test_a_file_of_records_with_other_types_is_damaged_and_not_a_crash(
    database: Path, env: dict[str, str], change: Callable[[Any], None]
) -> None:
    document = json.loads(kept(env).read_text())
    change(document)
    kept(env).write_text(json.dumps(document))
    with pytest.raises(Refused, match="is damaged") as caught:
        Trusts(env).find(database)
    assert f"mv {kept(env)} " in caught.value.hint


@pytest.mark.parametrize("text", ["", "[]", "null", "3", "[" * 100_000, "\x00"])
def test_a_file_of_records_that_is_not_one_is_damaged(
    database: Path, env: dict[str, str], text: str
) -> None:
    kept(env).write_text(text)
    with pytest.raises(Refused, match="is damaged"):
        Trusts(env).find(database)


def test_records_of_a_newer_version_are_not_read_and_not_written_over(
    database: Path, env: dict[str, str]
) -> None:
    kept(env).write_text('{"version": 2}')
    with pytest.raises(Refused, match="newer Smithers"):
        Trusts(env).find(database)
    with pytest.raises(Refused, match="newer Smithers"):
        trust(database, env, how="trust")
    assert kept(env).read_text() == '{"version": 2}'


@pytest.mark.parametrize("name", ["smithers", "smithers/trusted.json"])
def test_records_that_others_may_write_say_nothing(
    database: Path, env: dict[str, str], name: str
) -> None:
    Path(env["XDG_STATE_HOME"], name).chmod(0o777)
    with pytest.raises(Refused, match="can be written by everybody"):
        Trusts(env).find(database)


def test_records_of_another_user_say_nothing(database: Path, env: dict[str, str]) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    os.chown(kept(env), 65534, 65534)
    with pytest.raises(Refused, match="belongs to another user"):
        Trusts(env).find(database)


def test_records_are_not_taken_from_the_project_that_they_speak_for(
    database: Path, env: dict[str, str]
) -> None:
    """As variables in the settings of a hostile project could have it."""
    inside = database.parent / "state"
    shutil.copytree(env["XDG_STATE_HOME"], inside)
    trusts = Trusts({**env, "XDG_STATE_HOME": str(inside)})
    with pytest.raises(Refused, match="is inside the project"):
        trusts.find(database)
    with pytest.raises(Refused, match="is inside the project"):
        trusts.add(database, how="trust")


def test_the_home_of_another_user_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    (tmp_path / "ann").mkdir()
    os.chown(tmp_path / "ann", 65534, 65534)
    home = Path(pwd.getpwuid(os.geteuid()).pw_dir)
    assert home_of({"HOME": str(tmp_path / "ann")}) == home
    assert home_of({}) == home
    assert home_of({"HOME": str(tmp_path)}) == tmp_path


def test_without_a_home_a_run_is_made_and_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users: dict[int, Any] = {}
    monkeypatch.setattr(pwd, "getpwuid", users.__getitem__)
    with pytest.raises(Refused, match="no home folder"):
        Trusts({}).all()


def test_a_run_starts_although_the_records_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    env = {"XDG_STATE_HOME": str(tmp_path / "file")}
    (tmp_path / "project").mkdir()
    said = smithers(tmp_path / "project", "up", f"{FLOWS}:echoes", env=env)
    assert said.code == 0
    assert "trusted.json cannot be" in said.err


def test_two_processes_that_trust_at_once_lose_no_record(
    tmp_path: Path, env: dict[str, str]
) -> None:
    names = [tmp_path / f"{number}.db" for number in range(12)]

    def trusted(path: Path) -> None:
        trust(path, env, how="trust")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(trusted, names))
    assert {one.path for one in Trusts(env).all()} == {str(path) for path in names}


def test_a_record_more_costs_an_addition_few_calls(
    database: Path, env: dict[str, str], tmp_path: Path
) -> None:
    """Most runs of somebody begin with one, and there may be hundreds of records."""

    def added_beside(others: int) -> int:
        document = json.loads(kept(env).read_text())
        known = document["databases"][0]
        document["databases"] = [{**known, "path": f"/{one}.db"} for one in range(others)]
        kept(env).write_text(json.dumps(document))
        return calls_of(lambda: Trusts(env).add(database, how="up"))

    added_beside(1)  # what is made once is not counted
    assert (added_beside(150) - added_beside(50)) / 100 < 25


def test_the_record_of_a_file_that_is_gone_is_listed_and_removed(
    database: Path, env: dict[str, str], tmp_path: Path
) -> None:
    shutil.rmtree(database.parent)
    (listed,) = smithers(tmp_path, "trust", "--list", "--json", env=env).document["databases"]
    assert (listed["path"], listed["exists"]) == (str(database), False)
    assert "no longer exists" in smithers(tmp_path, "trust", "--list", env=env).out
    assert smithers(tmp_path, "trust", "--remove", str(database), env=env).code == 0
    assert Trusts(env).all() == []


def test_a_path_that_does_not_exist_is_not_made_a_database(tmp_path: Path) -> None:
    said = smithers(tmp_path, "trust", "typo")
    assert (said.code, "typo does not exist" in said.err) == (2, True)
    assert list(tmp_path.iterdir()) == []
    assert smithers(tmp_path, "trust", str(tmp_path)).code == 0
    assert (tmp_path / ".smithers" / "smithers.db").is_file()


def test_a_record_is_of_one_file_with_one_id(
    database: Path, env: dict[str, str], tmp_path: Path
) -> None:
    assert Trusts(env).find(database) is not None
    with closing(sqlite3.connect(database)) as db:
        db.execute("UPDATE identity SET id = 'other'")
        db.commit()
    assert Trusts(env).find(database) is None
    assert trust(database, env, how="trust").id == "other"
    os.replace(shutil.copy(database, tmp_path / "copy"), database)
    assert Trusts(env).find(database) is None


def test_what_keeps_a_database_from_being_woken_is_said_once_for_each_reason(
    database: Path, env: dict[str, str]
) -> None:
    said: list[str] = []
    gate = Gate(database, env, said.append)
    assert gate.look()
    Trusts(env).remove(database)
    assert not any(gate.look() for _ in range(3))
    database.chmod(0o666)
    assert not any(gate.look() for _ in range(3))
    assert [("is not trusted" in one, "everybody" in one) for one in said] == [
        (True, False),
        (False, True),
    ]
    assert f"smithers trust {database}" in said[0]
    assert f"chmod o-w {database}" in said[1]


def test_a_group_may_write_if_it_has_no_other_member(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, root = SimpleNamespace(pw_name="ann", pw_gid=500), SimpleNamespace(pw_name="root")
    users = [mine, SimpleNamespace(pw_name="bob", pw_gid=700)]
    groups = {500: ["ann"], 600: ["ann", "root"], 800: ["ann", "bob"]}

    def group(gid: int) -> SimpleNamespace:
        return SimpleNamespace(gr_name=f"g{gid}", gr_mem=groups[gid])

    monkeypatch.setattr(os, "geteuid", lambda: 500)
    monkeypatch.setattr(pwd, "getpwuid", {500: mine, 0: root}.__getitem__)
    monkeypatch.setattr(pwd, "getpwall", lambda: users)
    monkeypatch.setattr(grp, "getgrgid", group)

    def writers(gid: int, mode: int = 0o100660) -> str | None:
        return writers_of(os.stat_result((mode, 0, 0, 1, 500, gid, 0, 0, 0, 0)))

    assert [writers(gid) for gid in (500, 600, 900, 0)] == [None] * 4  # 900: of no list
    assert writers(800) == "the group g800"  # a member that is listed
    assert writers(700) == "the group 700"  # bob's first group, which no list has
    assert writers(500, 0o100662) == "everybody"
    assert writers(800, 0o041777) is None  # a folder with the sticky bit
    assert not ownership.is_foreign(os.stat_result((0o100600, 0, 0, 1, 0, 0, 0, 0, 0, 0)))


def test_what_is_part_of_a_project(tmp_path: Path) -> None:
    root = tmp_path / "home" / "project"
    for name in ("src", "sub/.git", "other/.smithers", "linked"):
        (root / name).mkdir(parents=True)
    (root / "out").symlink_to(tmp_path)
    (root / "tree").mkdir()
    (root / "tree" / ".git").write_text("gitdir: elsewhere")
    home = tmp_path / "home"
    found = {
        name: is_part(root / name, root, home)
        for name in (".", "src", "src/../src", "sub", "sub/x", "other", "tree", "out", "..")
    }
    assert found == {
        **{".": True, "src": True, "src/../src": True},
        **{"sub": False, "sub/x": False, "other": False, "tree": False, "out": False, "..": False},
    }
    assert is_part(home, home, home)
    assert not is_part(root, home, home)
    assert not is_part(root, tmp_path, home)


def deleting_at(monkeypatch: pytest.MonkeyPatch, database: Path, number: int) -> list[int]:
    """Let somebody delete a database just before its status is read the `number`th time; the list
    has one item for each reading.
    """
    seen: list[int] = []
    stat = Path.stat

    def counted(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path == database:
            seen.append(len(seen))
            if len(seen) == number:
                database.unlink(missing_ok=True)
        return stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", counted)
    return seen


@pytest.mark.parametrize("number", range(1, 6))
def test_a_database_that_is_deleted_during_a_look_is_not_trusted_and_ends_nothing(
    database: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    said: list[str] = []
    gate = Gate(database, env, said.append)
    assert gate.look()
    seen = deleting_at(monkeypatch, database, number)
    looked = gate.look()
    is_deleted = len(seen) >= number
    assert looked is not is_deleted
    assert is_deleted or number > 1  # Pythons differ in how often they read it
    assert (gate.trusted is None) is is_deleted
    assert said == []


@pytest.mark.parametrize("number", range(1, 6))
def test_a_database_that_is_deleted_while_it_is_trusted_is_refused_or_was_trusted(
    database: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    seen = deleting_at(monkeypatch, database, number)
    refused = ""
    try:
        Trusts(env).add(database, how="up")
    except Refused as error:
        refused = str(error)
    if refused or number == 1:
        assert "no longer exists" in refused
        assert len(seen) >= number
    Trusts(env).check_not_foreign(database)
