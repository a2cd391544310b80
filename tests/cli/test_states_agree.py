"""Every command says the same of one run: its status, its tasks, what is waited for."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smithers.hub import Hub
from tests.cli.command import database, ended, eventually, smithers, started

FLOW = """
import time
from pathlib import Path

from harnesses import Echo
from smithers import Approval, Branch, Context, ForEach, Loop, Node, NoInput, Parallel
from smithers import Sequence, Step, Task, workflow


def boom() -> str:
    raise ValueError("boom")


def item(name: str) -> Node:
    if name == "bad":
        return Sequence(Step("bad", boom), Step("after bad", lambda: 1))
    return Step(name, lambda: name)


@workflow
def finished(ctx: Context[NoInput]) -> Node:
    skipped = Task("skipped", agent=Echo(), prompt="x", skip_if=lambda: True)
    branch = Branch(lambda: False, Step("yes", lambda: 1), Step("no", lambda: 1), id="branch")
    empty = ForEach([], key=str, each=item, allow_empty=True, id="empty")
    return Sequence(Step("first", lambda: 1), skipped, branch, empty)


@workflow
def tolerated(ctx: Context[NoInput]) -> Node:
    each = ForEach(["bad", "good"], key=str, each=item, on_failure="continue", id="each")
    return Sequence(each, Step("own", boom, on_failure="continue"), Step("last", lambda: 1))


@workflow
def failed(ctx: Context[NoInput]) -> Node:
    own = Step("own", boom, on_failure="continue")
    both = Parallel(Step("beside", lambda: 1), Step("bad", boom))
    return Sequence(own, both, Step("last", boom))


@workflow
def asks(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("first", lambda: 1), Approval("ask", ask="?"), Step("last", lambda: 1))


@workflow
def exhausted(ctx: Context[NoInput]) -> Node:
    body = Step("body", lambda: 1)
    return Loop(body, until=lambda: False, max_iterations=2, on_exhausted="finish", id="loop")


@workflow
def hangs(ctx: Context[NoInput]) -> Node:
    def hang() -> int:
        Path("hanging").touch()
        time.sleep(600)
        return 1

    return Sequence(Step("first", lambda: 1), Step("hang", hang), Step("last", lambda: 1))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flow.py").write_text(FLOW)
    return tmp_path


def up(folder: Path, name: str) -> int:
    return smithers(folder, "up", f"flow.py:{name}", "--run-id", "r1").code


def leaves(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not node["children"] and node["kind"] in ("task", "step", "approval"):
        yield node
    for child in node["children"]:
        yield from leaves(child)


def containers(node: dict[str, Any]) -> dict[str, str]:
    found = {node["id"]: node["state"]} if node["kind"] not in ("task", "step", "approval") else {}
    for child in node["children"]:
        found |= {id: state for id, state in containers(child).items() if id not in found}
    return found


def agreed(folder: Path) -> dict[str, Any]:
    """What all say of the run `r1`; an assertion that they say the same."""
    hub = Hub(database(folder))
    inspected = smithers(folder, "inspect", "r1", "--json").document
    (listed,) = smithers(folder, "ps", "--json").document["runs"]
    drawn = smithers(folder, "graph", "r1", "--json").document
    why = smithers(folder, "why", "r1", "--json").document
    summary, states = hub.summary("r1"), hub.states("r1")

    run = inspected["run"]
    statuses = {one["status"] for one in (run, listed, drawn, why, summary)}
    assert len(statuses) == 1, statuses
    assert run["stopped_by"] == listed["stopped_by"] == summary["stopped_by"]

    def key(one: dict[str, Any]) -> tuple[str, tuple[int, ...]]:
        return one["id"], tuple(one["iteration"])

    tasks = {key(one): (one["state"], one["tolerated"]) for one in inspected["tasks"]}
    assert tasks == {key(one): (one["state"], one["tolerated"]) for one in states}
    shown = {key(one): (one["state"], one["tolerated"]) for one in leaves(drawn["root"])}
    assert {one: state for one, state in shown.items() if one in tasks} == tasks

    assert listed["tasks"] == summary["tasks"]
    assert sum(summary["tasks"].values()) == len(tasks)
    failures = [id for (id, _), (state, allowed) in tasks.items() if state == "failed" and allowed]
    assert summary["tolerated"] == failures
    assert listed["tolerated"] == len(failures)

    assert listed["waiting_for"] == summary["waiting_for"]
    waiting = {one["task"] for one in summary["waiting_for"]}
    assert waiting == {id for (id, _), (state, _) in tasks.items() if state == "waiting"}
    assert run["exhausted"] == summary["exhausted"] == why["exhausted"]
    return {
        "status": statuses.pop(),
        "stopped_by": run["stopped_by"],
        "tasks": {id: state for (id, _), (state, _) in tasks.items()},
        "containers": containers(drawn["root"]),
        "tolerated": failures,
        "reasons": [one["task"] for one in why["reasons"]],
        "table": smithers(folder, "ps").out.splitlines()[1].split(),
    }


def test_a_run_that_finished(folder: Path) -> None:
    assert up(folder, "finished") == 0
    found = agreed(folder)
    assert found["status"] == "finished"
    assert found["tasks"]["skipped"] == found["tasks"]["yes"] == "skipped"
    assert set(found["containers"].values()) == {"finished"}
    assert "4/4" in found["table"], "what was skipped is done"


def test_a_run_over_tolerated_failures(folder: Path) -> None:
    assert up(folder, "tolerated") == 6
    found = agreed(folder)
    assert found["status"] == "finished"
    assert found["tolerated"] == found["reasons"] == ["bad", "own"]
    assert "failed" not in found["containers"].values()
    assert "(2 tolerated)" in " ".join(found["table"])


def test_a_run_that_failed_beside_a_tolerated_failure(folder: Path) -> None:
    assert up(folder, "failed") == 1
    found = agreed(folder)
    assert (found["status"], found["tolerated"], found["reasons"]) == ("failed", ["own"], ["bad"])
    assert found["containers"]["sequence"] == "failed"


def test_a_gate_that_was_approved_is_no_longer_waited_for(folder: Path) -> None:
    assert up(folder, "asks") == 3
    assert agreed(folder)["tasks"]["ask"] == "waiting"
    assert smithers(folder, "approve", "r1").code == 0
    found = agreed(folder)
    assert found["tasks"]["ask"] == "ready"
    assert "approved" in json.dumps(smithers(folder, "why", "r1", "--json").document)
    assert smithers(folder, "resume", "r1").code == 0
    assert agreed(folder)["tasks"]["ask"] == "finished"


def test_a_denied_and_a_cancelled_run(folder: Path) -> None:
    assert up(folder, "asks") == 3
    assert smithers(folder, "deny", "r1", "--resume").code == 1
    found = agreed(folder)
    assert (found["tasks"]["ask"], found["tasks"]["last"]) == ("failed", "cancelled")
    assert smithers(folder, "up", "flow.py:asks", "--run-id", "r2").code == 3
    assert smithers(folder, "cancel", "r2").code == 0
    states = {one["state"] for one in Hub(database(folder)).states("r2")}
    assert states == {"finished", "cancelled"}


def test_an_exhausted_loop(folder: Path) -> None:
    assert up(folder, "exhausted") == 0
    assert agreed(folder)["containers"]["loop"] == "finished"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_run_that_a_signal_stopped_is_told_from_one_that_crashed(
    folder: Path, number: signal.Signals
) -> None:
    with started(folder, "up", "flow.py:hangs", "--run-id", "r1") as owner:
        eventually(lambda: (folder / "hanging").exists())
        owner.send_signal(number)
        said = ended(owner)
    by = None if number == signal.SIGKILL else number.name
    found = agreed(folder)
    assert (found["status"], found["stopped_by"]) == ("stale", by)
    assert (f"stopped by {by}" in smithers(folder, "why", "r1").out) == (by is not None)
    if by is not None:
        assert f"was stopped by {by}, and can be resumed" in said.err


def test_a_task_that_an_edit_removed_or_moved(folder: Path) -> None:
    assert up(folder, "failed") == 1
    moved = FLOW.replace(
        '    both = Parallel(Step("beside", lambda: 1), Step("bad", boom))\n', ""
    ).replace(
        'return Sequence(own, both, Step("last", boom))',
        'return Sequence(Step("beside", lambda: 1), Step("last", lambda: 1), own)',
    )
    assert moved != FLOW
    (folder / "flow.py").write_text(moved)
    said = smithers(folder, "resume", "r1")
    assert said.code == 6, said
    assert "gone: bad" in said.err
    assert "reused: beside" in said.err
    found = agreed(folder)
    assert found["tasks"] == {"beside": "finished", "last": "finished", "own": "failed"}
    told = smithers(folder, "timeline", "r1").out
    assert "beside left the tree" not in told
    assert "bad left the tree" in told
