"""`resume --rename OLD=NEW`: what a task has done counts under the id that the file has now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Said, smithers

FLOW = """\
from pathlib import Path
from pydantic import BaseModel
from harnesses import Echo
from smithers import *

echo = Echo()


def note(word):
    with Path("calls").open("a") as file:
        file.write(word + "\\n")
    return word


class Big(BaseModel):
    text: str = "x" * 5000


@workflow
def flow(ctx):
    a = Task("a", agent=echo, prompt="Do a")
    b = Step("b", lambda: note("b") and Big(), output=Big)
    c = Step("c", lambda: note("c") + ctx[b].text[:1])
    ship = Approval("ship", ask=lambda: f"Ship {ctx[a]}?")
    last = Step("last", lambda: note("last") and f"{ctx[a]} {ctx[c]} {ctx[ship].approved}")
    each = ForEach(lambda: ["x"], key=str, each=lambda one: Step(f"item-{one}", lambda: note(one)),
                   id="each")
    return Sequence(a, b, c, each, ship, Approval("wait", ask="Well?"), last, result=last)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that has done all but `last`, and waits."""
    (tmp_path / "flow.py").write_text(FLOW)
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 3
    assert smithers(tmp_path, "approve", "r1", "ship", "--resume").code == 3
    return tmp_path


def rename(folder: Path, *pairs: tuple[str, str], text: str = FLOW) -> Said:
    for old, new in pairs:
        assert f'("{old}", ' in text
        text = text.replace(f'("{old}", ', f'("{new}", ')
    (folder / "flow.py").write_text(text)
    options = [f"--rename={old}={new}" for old, new in pairs]
    return smithers(folder, "resume", "r1", *options)


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().split()


def tasks(folder: Path) -> dict[str, dict[str, Any]]:
    found = json.loads(smithers(folder, "inspect", "r1", "--json").out)
    return {one["id"]: one for one in found["tasks"]}


def end(folder: Path) -> str:
    done = smithers(folder, "approve", "r1", "wait", "--resume")
    assert done.code == 0, done.err
    return done.out.strip()


def test_all_that_a_task_has_done_counts_under_its_new_id(folder: Path) -> None:
    renamed = rename(folder, ("a", "first"), ("b", "second"), ("c", "third"), ("ship", "go"))
    assert renamed.code == 3, renamed.err
    lines = renamed.err.splitlines()
    assert lines[0] == "reused: first, go, item-x, second, third"
    assert "renamed: a to first, b to second, c to third, ship to go" in lines
    assert not [line for line in lines if line.startswith(("new:", "gone:", "changed"))]
    assert end(folder) == "Do a cx True"
    assert calls(folder) == ["b", "c", "x", "last"]
    found = tasks(folder)
    assert {id for id, one in found.items() if one["state"] == "finished"} == {
        "first", "second", "third", "go", "item-x", "wait", "last",
    }  # fmt: skip
    assert [one["state"] for one in found["first"]["attempts"]] == ["succeeded"]


def test_what_it_used_counts_once(folder: Path) -> None:
    before = json.loads(smithers(folder, "ps", "--json").out)["runs"][0]["usage"]
    rename(folder, ("a", "first"))
    assert json.loads(smithers(folder, "ps", "--json").out)["runs"][0]["usage"] == before


@pytest.mark.long
def test_an_edit_besides_is_still_seen(folder: Path) -> None:
    text = FLOW.replace('prompt="Do a"', 'prompt="Do a well"').replace("Ship {", "Really ship {")
    renamed = rename(folder, ("a", "first"), ("ship", "go"), text=text)
    assert renamed.code == 3
    assert "changed, and reused all the same: first (prompt)" in renamed.err
    assert "approval 'go': its text has changed, so it is asked again" in renamed.err
    assert tasks(folder)["go"]["state"] == "waiting"
    again = smithers(folder, "resume", "r1", "--rerun-changed")
    assert again.code == 3
    assert "run again: first (prompt)" in again.err
    assert smithers(folder, "approve", "r1", "go", "--resume").code == 3
    assert end(folder) == "Do a well cx True"
    assert calls(folder) == ["b", "c", "x", "last"]


@pytest.mark.long
def test_a_run_that_has_finished_finishes_again(folder: Path) -> None:
    end(folder)
    renamed = rename(folder, ("b", "second"))
    assert (renamed.code, renamed.out) == (0, "Do a cx True\n"), renamed.err
    assert calls(folder) == ["b", "c", "x", "last"]
    frames = json.loads(smithers(folder, "timeline", "r1", "--json").out)["frames"]
    assert smithers(folder, "resume", "r1").code == 0
    assert json.loads(smithers(folder, "timeline", "r1", "--json").out)["frames"] == frames


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("given", "text", "said"),
    [
        ("nobody=x", FLOW, "run r1 has no task 'nobody'"),
        ("b", FLOW, "'b' names no two ids"),
        ("a=b", FLOW, "run r1 has rows of 'b' already"),
        ("each=all", FLOW, "'each' is a foreach, and only tasks can be renamed"),
        ("wait=well", FLOW, "'wait' waits, and what ends that may be on its way"),
        ("b=second", FLOW, "the workflow still has a task 'b'"),
        (
            "b=secnd",
            FLOW.replace('("b", ', '("second", '),
            "the workflow has no task 'secnd': did you",
        ),
        (
            "a=first",
            FLOW.replace('Task("a", agent=echo, prompt="Do a")', 'Step("first", lambda: "1")'),
            "'a' is a task, and 'first' a step",
        ),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    folder: Path, given: str, text: str, said: str
) -> None:
    (folder / "flow.py").write_text(text)
    before = smithers(folder, "timeline", "r1").out
    refused = smithers(folder, "resume", "r1", "--rename", given)
    assert (refused.code, said in refused.err) == (2, True), refused.err
    assert smithers(folder, "timeline", "r1").out == before


def test_verify_misses_no_stream_of_a_renamed_task(folder: Path) -> None:
    assert rename(folder, ("a", "first")).code == 3
    said = smithers(folder, "verify", "r1")
    assert said.code == 0
    assert "missing" not in said.out
