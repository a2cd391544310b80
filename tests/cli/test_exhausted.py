"""A loop that uses up its iterations fails, or is reported if its author lets it finish."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.command import database, smithers

FLOW = """
from smithers import Context, Loop, Node, NoInput, Sequence, Step, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node[str]:
    draft = Step("draft", lambda: "draft")
    inner = Loop(draft, until=lambda: False, max_iterations=2, id="inner"{finish})
    outer = Loop(
        inner, Step("n", lambda: 1), until=lambda: False, max_iterations=2, id="outer"{finish}
    )
    last = Step("last", lambda: "done")
    return Sequence(outer, last, result=last)
"""
FINISH = ', on_exhausted="finish"'


def test_an_exhausted_loop_fails_by_default(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW.format(finish=""))
    said = smithers(tmp_path, "up", "flow.py", "--run-id", "r1", "--json")
    assert said.code == 1
    assert said.document["error"]["kind"] == "LoopExhausted"
    assert said.document["exhausted"] == []  # it failed, which is no silent success

    (tmp_path / "flow.py").write_text(FLOW.format(finish=FINISH))  # the file allows it now
    again = smithers(tmp_path, "resume", "r1", "--json")
    assert (again.code, again.document["output"]) == (0, "done")
    assert again.document["exhausted"] == ["inner[0]", "inner[1]", "outer"]


def test_a_loop_that_may_be_exhausted_is_shown_by_every_command(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW.format(finish=FINISH))
    names = ["inner[0]", "inner[1]", "outer"]
    words = "3 loops ended before `until` was true: inner[0], inner[1], outer"
    said = smithers(tmp_path, "up", "flow.py", "--run-id", "r1")
    assert (said.code, said.out, words in said.err) == (0, "done\n", True), said
    for command in ("why", "inspect"):
        assert words in smithers(tmp_path, command, "r1").out
    assert smithers(tmp_path, "why", "r1", "--json").document["exhausted"] == names
    assert smithers(tmp_path, "inspect", "r1", "--json").document["run"]["exhausted"] == names
    assert smithers(tmp_path, "resume", "r1", "--json").document["exhausted"] == names


def test_an_exhausted_choice_that_is_recorded_stands(tmp_path: Path) -> None:
    finish, fail = FLOW.format(finish=FINISH), FLOW.format(finish="")
    failing = finish.replace('lambda: "done"', "lambda: 1 / 0")
    (tmp_path / "flow.py").write_text(failing)
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 1
    (tmp_path / "flow.py").write_text(fail)  # as if it had been written for a later version
    again = smithers(tmp_path, "resume", "r1", "--json")
    assert (again.code, again.document["output"]) == (0, "done")
    assert again.document["exhausted"] == ["inner[0]", "inner[1]", "outer"]
    with closing(sqlite3.connect(database(tmp_path))) as db:
        count = db.execute("SELECT count(*) FROM choices WHERE kind = 'exhausted'").fetchone()
    assert count == (3,)
