"""`audit`: who has changed what."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import FLOWS, known_as, smithers


def test_changes_are_shown_with_who_made_them_and_from_where(tmp_path: Path) -> None:
    said = smithers(tmp_path, "audit")
    assert (said.code, said.out) == (0, "")
    smithers(tmp_path, "up", f"{FLOWS}:asks", "--run-id", "r1")
    env = known_as(tmp_path, "ann")
    assert smithers(tmp_path, "approve", "r1", "--by", "bob", env=env).code == 0
    assert smithers(tmp_path, "approve", "r1", env=env).code != 0
    smithers(tmp_path, "resume", "r1")
    rows = smithers(tmp_path, "audit", "r1", "--json").document["rows"]
    assert [one["what"] for one in rows] == ["start", "approve", "resume"]
    assert (rows[1]["who"], rows[1]["claimed"]) == ("ann", "bob")
    assert {one["face"] for one in rows} == {"command line"}
    assert {one["run_id"] for one in rows} == {"r1"}
    shown = smithers(tmp_path, "audit").out.splitlines()
    assert len(shown) == 4
    assert "ann (as bob)" in shown[2]
    assert smithers(tmp_path, "audit", "r2").code != 0
