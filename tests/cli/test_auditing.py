"""`audit`: who has changed what."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import FLOWS, known_as, smithers

PAGES = """\
from pydantic import BaseModel
from smithers import *


class Page(BaseModel):
    number: int = 1


@workflow(input=Page)
def pages(ctx: Context[Page]) -> Node:
    after = ContinueAsNew(Page(number=ctx.input.number + 1)) if ctx.input.number < 3 else None
    return Sequence(Step("read", lambda: ctx.input.number), after)
"""


def test_a_run_that_continues_was_asked_for_once(tmp_path: Path) -> None:
    (tmp_path / "pages.py").write_text(PAGES)
    assert smithers(tmp_path, "up", "pages.py", "--run-id", "r1").code == 0
    rows = smithers(tmp_path, "audit", "--json").document["rows"]
    told = [(one["what"], one["run_id"]) for one in rows if one["run_id"]]
    assert told == [("start", "r1")]


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
