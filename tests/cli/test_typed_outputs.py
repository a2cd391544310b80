"""What a step gave, in the processes that come after it: its class, or what to write instead."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.cli.command import database, really

FLOW = """
import sys
from dataclasses import dataclass

from models import Plan, late
from smithers import Approval, Context, ForEach, Node, NoInput, Sequence, Step, workflow


@dataclass
class Point:
    x: int


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    plan = Step("plan", lambda: Plan(steps=["a", "b"]))
    points = Step("points", lambda: {"p": Point(1)})
    tags = Step("tags", lambda: [{"tags": ["x", "y", "z"]}], output=list[dict[str, set[str]]])
    each = ForEach(
        lambda: ctx[tags], key=lambda one: "one", each=lambda one: Approval("ok", ask="go?")
    )
    look = Step("look", lambda: f"{ctx[plan].first} {ctx[points]['p'].x} {type(ctx[plan])}")
    return Sequence(plan, points, tags, each, look, result=look)


@workflow
def lazy(ctx: Context[NoInput]) -> Node:
    plan = Step("plan", late)
    look = Step("look", lambda: ctx[plan].x)
    return Sequence(plan, Approval("ok", ask="go?"), look, result=look)


@workflow
def local(ctx: Context[NoInput]) -> Node:
    class Here(Plan):
        pass

    return Step("plan", lambda: [Here(steps=[])])
"""
MODELS = """
from pydantic import BaseModel


class Plan(BaseModel):
    steps: list[str]

    @property
    def first(self) -> str:
        return self.steps[0]


def late():
    from later import Later

    return Later(x=1)
"""
LATER = "from pydantic import BaseModel\n\n\nclass Later(BaseModel):\n    x: int\n"


def project(folder: Path) -> Path:
    folder.joinpath("flow.py").write_text(FLOW)
    folder.joinpath("models.py").write_text(MODELS)
    folder.joinpath("later.py").write_text(LATER)
    return folder


def test_a_class_and_items_with_sets_are_the_same_in_the_next_process(tmp_path: Path) -> None:
    folder = project(tmp_path)
    first = really(folder, "up", "flow.py:flow", "--run-id", "r1", env={"PYTHONHASHSEED": "1"})
    assert first.code == 3, first.err
    assert really(folder, "approve", "r1").code == 0
    # Another hash seed, so that sets of strings have another order.
    last = really(folder, "resume", "r1", env={"PYTHONHASHSEED": "2"})
    assert last.code == 0, last.err
    assert last.out == "a 1 <class 'models.Plan'>\n"


@pytest.mark.long
def test_a_class_that_no_module_has_loaded_is_an_author_error(tmp_path: Path) -> None:
    folder = project(tmp_path)
    assert really(folder, "up", "flow.py:lazy", "--run-id", "r1").code == 3
    assert really(folder, "approve", "r1").code == 0
    last = really(folder, "resume", "r1")
    assert last.code == 1, last.err
    assert "has the class later:Later, which cannot be found" in last.err
    assert "or write output= on the step" in last.err
    folder.joinpath("flow.py").write_text(f"import later\n{FLOW}")
    again = really(folder, "resume", "r1")
    assert (again.code, again.out) == (0, "1\n"), again.err


@pytest.mark.long
def test_a_local_class_is_refused_with_what_to_write(tmp_path: Path) -> None:
    done = really(project(tmp_path), "up", "flow.py:local")
    assert done.code == 1
    assert "write output=list[Here]" in done.err
    assert "flow.py:" in done.err


def test_a_row_that_names_a_module_imports_nothing(tmp_path: Path) -> None:
    folder = project(tmp_path)
    folder.joinpath("trap.py").write_text("open('sprung', 'w').close()\n")
    assert really(folder, "up", "flow.py:lazy", "--run-id", "r1").code == 3
    with sqlite3.connect(database(folder)) as connection:
        connection.execute("UPDATE outputs SET type = 'trap:Later' WHERE task = 'plan'")
    connection.close()
    assert really(folder, "approve", "r1").code == 0
    last = really(folder, "resume", "r1")
    assert last.code == 1, last.err
    assert "trap:Later, which cannot be found" in last.err
    assert not folder.joinpath("sprung").exists()
