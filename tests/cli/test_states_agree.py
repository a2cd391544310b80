"""Every command says the same of one run: its status, its tasks, what is waited for."""

from __future__ import annotations

import getpass
import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mcp_server._models import Explained, Listed, Run, TaskFound
from mcp_server._results import explained, listed, run_of, task_of
from smithers.changes import Frame, Key
from smithers.hub import Hub, RunsQuery
from smithers.shapes import ITERATION, is_container
from smithers.state import RunState
from smithers.store.history import frames_of
from smithers.views import Board, NodeState, changed_keys
from smithers.wire import line_json, summary_json
from tests.boards import facts_of
from tests.cli.command import database, ended, eventually, smithers, started

ROOM = 100_000
FLOW = """
import time
from pathlib import Path

from harnesses import Echo
from smithers import Approval, Branch, Budget, Context, ForEach, Loop, Node, NoInput, Parallel
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


def raising() -> bool:
    raise ValueError("no answer")


def names() -> list[str]:
    raise ValueError("no names")


def container(name: str) -> Node:
    if name == "loop":
        body = Step("body", lambda: 1)
        fails = Loop(body, until=lambda: False, max_iterations=2, id="loop")
    elif name == "until":
        fails = Loop(Step("once", lambda: 1), until=raising, max_iterations=2, id="until")
    elif name == "branch":
        fails = Branch(raising, Step("yes", lambda: 1), Step("no", lambda: 1), id="branch")
    else:
        fails = ForEach(names, key=str, each=item, id="items")
    return Sequence(Parallel(fails, Step(f"beside {name}", lambda: 1)), Step(f"after {name}", boom))


@workflow
def containers(ctx: Context[NoInput]) -> Node:
    each = ForEach(
        ["loop", "until", "branch", "items"],
        key=str,
        each=container,
        on_failure="continue",
        id="each",
    )
    return Sequence(each, Step("last", lambda: 1))


@workflow
def allows(ctx: Context[NoInput]) -> Node:
    def one(name: str) -> Node:
        if name == "loop":
            body = Sequence(Step("turn", boom), Step("after turn", lambda: 1))
            return Loop(body, until=lambda: True, max_iterations=2, id="loop")
        if name == "branch":
            return Branch(lambda: True, Sequence(Step("arm", boom)), id="branch")
        return Parallel(Step(name, lambda: name), Step(f"beside {name}", boom))

    own = Sequence(Step("own", boom, on_failure="continue"), Step("after own", lambda: 1))
    names = ["loop", "branch", "group"]
    each = ForEach(names, key=str, each=one, on_failure="continue", id="each")
    only = Sequence(Task("skipped", agent=Echo(), prompt="x", skip_if=lambda: True))
    return Sequence(own, each, only, Branch(lambda: False, Step("no arm", boom), id="empty"))


@workflow
def moves(ctx: Context[NoInput]) -> Node:
    own = Step("own", boom, on_failure="continue")
    body = Step("body", lambda: 1)
    loop = Loop(own, body, until=lambda: True, max_iterations=2, id="loop")
    return Sequence(loop, Step("last", boom))


@workflow(budget=Budget(calls=1))
def budgeted(ctx: Context[NoInput]) -> Node:
    return Sequence(*(Task(f"call {n}", agent=Echo(), prompt="x") for n in (1, 2)))


@workflow
def asks_beside(ctx: Context[NoInput]) -> Node:
    def hang() -> int:
        Path("hanging").touch()
        time.sleep(600)
        return 1

    return Parallel(Approval("ask", ask="?"), Step("hang", hang))


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


def is_drawn_container(node: dict[str, Any]) -> bool:
    return node["kind"] == ITERATION or is_container(node["kind"])


def leaves(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not is_drawn_container(node):
        yield node
    for child in node["children"]:
        yield from leaves(child)


def containers(node: dict[str, Any]) -> dict[str, str]:
    found = {node["id"]: node["state"]} if is_drawn_container(node) else {}
    for child in node["children"]:
        found |= {id: state for id, state in containers(child).items() if id not in found}
    return found


def container_nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The containers of a drawn tree, and the iterations of its loops."""
    if is_drawn_container(node):
        yield node
    for child in node["children"]:
        yield from container_nodes(child)


def failures(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tolerated failures of a drawn tree, those of containers that failed by themselves too."""
    by_child = any(child["state"] == "failed" for child in node["children"])
    if node["state"] == "failed" and node["tolerated"] and not by_child:
        yield node
    for child in node["children"]:
        yield from failures(child)


def key(one: dict[str, Any]) -> Key:
    return Key(one["id"], tuple(one["iteration"]))


def frames(folder: Path) -> tuple[Frame, ...]:
    with closing(sqlite3.connect(database(folder))) as db:
        return frames_of(db, "r1")


def on_boards(folder: Path, keys: set[Key]) -> Iterator[dict[Key, NodeState]]:
    """The tasks as the live boards show them that begin to look on in each frame. Each board is
    the same as one that is made from the state alone.
    """
    told = frames(folder)
    for first in range(len(told)):
        board, state = Board(), RunState.of(told[:first])
        for frame in told[first:]:
            state.apply_frame(frame)
            board = board.after(changed_keys(frame, state.attempts), state)
            assert facts_of(board) == facts_of(Board.of(state)), frame.number
        yield {one: board.state(one) for one in keys}


def for_models(hub: Hub, summary: dict[str, Any], tasks: dict[Key, tuple[str, bool]]) -> None:
    """The server of the MCP says the same, in the shape that its tools promise."""
    got = Run.model_validate(run_of(hub, hub.overview("r1"), None, ROOM))
    for name in ("status", "stopped_by", "tasks", "tolerated", "unpaid", "exhausted"):
        assert getattr(got, name) == summary[name], name
    assert [one.task for one in got.waiting_for] == [one["task"] for one in summary["waiting_for"]]
    words = {
        f"{one} {state}{', tolerated' if tolerated else ''}"
        for one, (state, tolerated) in tasks.items()
    }
    assert set(got.states) == words
    page = Listed.model_validate(listed(hub, RunsQuery(limit=9), ROOM))
    (run,) = (one for one in page.runs if one.run_id == "r1")
    assert (run.status, run.stopped_by, run.tasks) == (got.status, got.stopped_by, got.tasks)
    assert run.tolerated == len(got.tolerated)
    told = Explained.model_validate(explained(hub, "r1", None, ROOM))
    assert (told.status, told.sentence, told.exhausted) == (
        got.status,
        got.sentence,
        got.exhausted,
    )
    for one, (state, tolerated) in tasks.items():
        found = TaskFound.model_validate(task_of(hub, "r1", str(one), None, ROOM))
        if tuple(found.iteration) == one.path:
            assert (found.state, found.tolerated) == (state, tolerated)


def agreed(folder: Path) -> dict[str, Any]:
    """What all say of the run `r1`; an assertion that they say the same."""
    hub = Hub(database(folder))
    inspected = smithers(folder, "inspect", "r1", "--json").document
    (listed,) = smithers(folder, "ps", "--json").document["runs"]
    drawn = smithers(folder, "graph", "r1", "--json").document
    why = smithers(folder, "why", "r1", "--json").document
    summary = summary_json(hub.summary("r1"))
    states = [line_json(one) for one in hub.states("r1")]

    run = inspected["run"]
    statuses = {one["status"] for one in (run, listed, drawn, why, summary)}
    assert len(statuses) == 1, statuses
    assert run["stopped_by"] == listed["stopped_by"] == summary["stopped_by"]

    tasks = {key(one): (one["state"], one["tolerated"]) for one in inspected["tasks"]}
    assert tasks == {key(one): (one["state"], one["tolerated"]) for one in states}
    shown = {key(one): (one["state"], one["tolerated"]) for one in leaves(drawn["root"])}
    never = {one: shown.pop(one) for one in set(shown) - set(tasks)}
    assert shown == {one: tasks[one] for one in shown}
    assert set(never.values()) <= {("skipped", False), ("cancelled", False), ("pending", False)}
    if run["status"] in ("finished", "failed"):
        assert drawn["root"]["state"] == run["status"]

    assert listed["tasks"] == summary["tasks"]
    assert sum(summary["tasks"].values()) == len(tasks)
    assert summary["tolerated"] == [str(key(one)) for one in failures(drawn["root"])]
    assert listed["tolerated"] == len(summary["tolerated"])
    allowed = {str(one) for one, state in tasks.items() if state == ("failed", True)}
    assert allowed <= set(summary["tolerated"])
    done = [one for one, (state, fine) in tasks.items() if fine or state in ("finished", "skipped")]
    assert listed["done"] == len(done)

    assert listed["waiting_for"] == summary["waiting_for"]
    assert inspected["waits"] == summary["waiting_for"]
    waiting = {one["task"] for one in summary["waiting_for"] if one["task"] is not None}
    assert waiting == {one.id for one, (state, _) in tasks.items() if state == "waiting"}
    assert run["exhausted"] == summary["exhausted"] == why["exhausted"]
    for_models(hub, summary, tasks)
    answers = any("picking it up" in text or "is resumed" in text for text in sentences(why))
    if not answers:  # a board looks on from the process that is to take the answer
        assert all(board == tasks for board in on_boards(folder, set(tasks)))
        board = Board.of(RunState.of(frames(folder)))
        for one in container_nodes(drawn["root"]):
            assert board.state(key(one)) == (one["state"], one["tolerated"]), one
    return {
        "status": statuses.pop(),
        "stopped_by": run["stopped_by"],
        "tasks": {one.id: state for one, (state, _) in tasks.items()},
        "containers": containers(drawn["root"]),
        "tolerated": summary["tolerated"],
        "reasons": [one["task"] for one in why["reasons"]],
        "table": smithers(folder, "ps").out.splitlines()[1].split()[:6],
    }


def sentences(why: dict[str, Any]) -> list[str]:
    return [one["sentence"] for one in why["reasons"]]


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
    assert found["containers"] == {"sequence": "finished", "each": "finished", "each/bad": "failed"}
    assert "(2 tolerated)" in " ".join(found["table"])


def test_a_run_over_tolerated_failures_of_containers(folder: Path) -> None:
    assert up(folder, "containers") == 6
    found = agreed(folder)
    assert found["tolerated"] == found["reasons"] == ["loop", "until", "branch", "items"]
    failed = {id for id, state in found["containers"].items() if state == "failed"}
    own = {"loop", "until", "branch", "items"}
    items = {f"each/{name}" for name in own}
    assert failed == own | items | {f"{item}/parallel1" for item in items}
    assert found["containers"]["each"] == found["containers"]["sequence"] == "finished"
    assert "(4 tolerated)" in " ".join(found["table"])
    assert "resume" not in smithers(folder, "why", "r1").out, "it has finished"


def test_what_ends_well_is_finished_whatever_it_allowed_below(folder: Path) -> None:
    assert up(folder, "allows") == 6
    found = agreed(folder)["containers"]
    failed = {id for id, state in found.items() if state == "failed"}
    inside = {"loop", "loop/sequence1", "branch", "branch/sequence1", "each/group"}
    assert failed == inside
    assert {state for id, state in found.items() if id not in failed} == {"finished"}
    root = smithers(folder, "graph", "r1", "--json").document["root"]
    assert all(one["tolerated"] for one in container_nodes(root) if one["state"] == "failed")


@pytest.mark.long
def test_a_finished_run_of_a_database_without_handled_failures(folder: Path) -> None:
    assert up(folder, "tolerated") == 6
    found = agreed(folder)
    with closing(sqlite3.connect(database(folder))) as db:
        db.executescript(
            "DROP TABLE audit; DROP TABLE ends; DROP TABLE large_outputs;"
            " DROP TABLE identity; DROP TABLE handled;"
            " DROP INDEX runs_of_fork; ALTER TABLE runs DROP COLUMN forked_from;"
            " ALTER TABLE runs DROP COLUMN forked_at; ALTER TABLE attempts DROP COLUMN origin;"
            " ALTER TABLE attempts DROP COLUMN fingerprint; ALTER TABLE attempts DROP COLUMN turn;"
            " ALTER TABLE tasks DROP COLUMN set_by; DROP TABLE claims; DROP TABLE sources;"
            " DROP TABLE signals; DROP INDEX inbox_one_signal; DROP INDEX waits_for_event;"
            " ALTER TABLE inbox DROP COLUMN signal;"
            " DROP TABLE cache; DROP INDEX waits_for_pools;"
            " DROP INDEX runs_of_parent; ALTER TABLE runs DROP COLUMN parent;"
            " ALTER TABLE runs DROP COLUMN parent_task; ALTER TABLE runs DROP COLUMN parent_path;"
            " ALTER TABLE waits DROP COLUMN form; ALTER TABLE choices DROP COLUMN gone;"
            " ALTER TABLE resets DROP COLUMN cause;"
            " ALTER TABLE statuses DROP COLUMN next_run; ALTER TABLE runs DROP COLUMN first_run;"
            " ALTER TABLE runs DROP COLUMN number; ALTER TABLE runs DROP COLUMN parent_waits;"
            " ALTER TABLE runs DROP COLUMN allow_runs; ALTER TABLE runs DROP COLUMN allow_depth;"
            " ALTER TABLE statuses DROP COLUMN stopped_by;"
            " ALTER TABLE outputs DROP COLUMN type; ALTER TABLE processes DROP COLUMN cgroup;"
            " ALTER TABLE revivals DROP COLUMN spared; PRAGMA user_version = 3;"
        )
    assert smithers(folder, "up", "flow.py:finished", "--run-id", "r0").code == 0
    with closing(sqlite3.connect(database(folder))) as db:
        db.execute("DELETE FROM runs WHERE run_id = 'r0'")
        db.commit()
    migrated = agreed(folder)
    assert set(migrated.pop("containers").values()) == {"finished"}
    del found["containers"]
    assert migrated == found


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
    assert "waits" not in smithers(folder, "inspect", "r1").out
    assert "approved" in json.dumps(smithers(folder, "why", "r1", "--json").document)
    assert smithers(folder, "resume", "r1").code == 0
    assert agreed(folder)["tasks"]["ask"] == "finished"


def test_a_denied_run(folder: Path) -> None:
    assert up(folder, "asks") == 3
    assert smithers(folder, "deny", "r1", "--resume").code == 1
    found = agreed(folder)
    assert (found["tasks"]["ask"], found["tasks"]["last"]) == ("failed", "cancelled")


def test_an_exhausted_loop(folder: Path) -> None:
    assert up(folder, "exhausted") == 0
    assert agreed(folder)["containers"]["loop"] == "finished"


@pytest.mark.sampled(2)
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
    for command in ("why", "inspect", "timeline"):
        told = smithers(folder, command, "r1").out
        assert (f"stopped by {by}" in told) == (by is not None), told
    if by is not None:
        assert f"was stopped by {by} and can be resumed" in said.err


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


@pytest.mark.long
def test_a_task_that_an_edit_moved_out_of_its_loop_has_one_place(folder: Path) -> None:
    assert up(folder, "moves") == 1
    assert agreed(folder)["tolerated"] == ["own[0]"]
    moved = FLOW.replace("    return Sequence(loop,", "    return Sequence(out, body,").replace(
        "    loop = Loop(own, body,", "    out = Step('own', lambda: 1)\n    loop = Loop(own, body,"
    )
    moved = moved.replace('out, body, Step("last", boom)', "out, body, Step('last', lambda: 1)")
    (folder / "flow.py").write_text(moved)
    said = smithers(folder, "resume", "r1")
    assert said.code == 0, said
    assert "reused" not in said.err, "they run again, outside the loop"
    assert "gone:" not in said.err
    found = agreed(folder)
    assert found["tasks"] == {"own": "finished", "body": "finished", "last": "finished"}
    assert "3/3" in found["table"]


def test_the_events_of_a_run_say_what_its_end_says(folder: Path) -> None:
    said = smithers(folder, "up", "flow.py:tolerated", "--run-id", "r1", "--events")
    lines = [json.loads(line) for line in said.out.splitlines()]
    changes = [one for line in lines if line["event"] == "frame" for one in line["changes"]]
    states = {one["task"]: one["outcome"] for one in changes if one["what"] == "settled"}
    handled = {one["task"] for one in changes if one["what"] == "failure_handled"}
    assert states == agreed(folder)["tasks"]
    assert handled == {"bad", "after bad", "own"}
    end = lines[-1]
    assert end["event"] == "end"
    summary = summary_json(Hub(database(folder)).summary("r1"))
    assert {name: end[name] for name in summary} == summary
    told = smithers(folder, "timeline", "r1", "--json").document["frames"]
    words = {one["words"] for frame in told for one in frame["changes"]}
    assert words == {one["words"] for one in changes}


def test_an_open_question_of_a_resumed_run_is_shown_as_waiting(folder: Path) -> None:
    assert up(folder, "asks") == 3
    assert smithers(folder, "resume", "r1").code == 3
    assert agreed(folder)["tasks"]["ask"] == "waiting"


@pytest.mark.long
def test_an_answer_that_a_living_process_is_to_take_is_not_waited_for(folder: Path) -> None:
    with started(folder, "up", "flow.py:asks_beside", "--run-id", "r1") as owner:
        eventually(lambda: (folder / "hanging").exists())
        eventually(lambda: "ask" in smithers(folder, "ps").out)
        assert agreed(folder)["tasks"] == {"ask": "waiting", "hang": "running"}
        owner.send_signal(signal.SIGSTOP)
        assert smithers(folder, "approve", "r1", "--by", "ann").code == 0
        found = agreed(folder)
        assert (found["status"], found["tasks"]["ask"]) == ("running", "ready")
        assert (
            f"approved by ann (login {getpass.getuser()}); the running process is picking it up"
            in smithers(folder, "why", "r1").out
        )
        owner.send_signal(signal.SIGCONT)
        eventually(lambda: Hub(database(folder)).summary("r1").counts.tasks["finished"] == 1)
        assert agreed(folder)["tasks"] == {"ask": "finished", "hang": "running"}


@pytest.mark.long
def test_a_budget_that_was_raised_is_no_longer_waited_for(folder: Path) -> None:
    assert up(folder, "budgeted") == 5
    assert agreed(folder)["tasks"] == {"call 1": "finished", "call 2": "ready"}
    assert smithers(folder, "budget", "r1", "--add-calls", "5").code == 0
    assert Hub(database(folder)).summary("r1").waiting_for == ()
    assert agreed(folder)["tasks"]["call 2"] == "ready"
    assert smithers(folder, "resume", "r1").code == 0
    assert agreed(folder)["status"] == "finished"


def test_a_cancelled_run(folder: Path) -> None:
    assert up(folder, "asks") == 3
    assert smithers(folder, "cancel", "r1").code == 0
    found = agreed(folder)
    assert found["status"] == found["containers"]["sequence"] == "cancelled"
    assert (found["tasks"]["ask"], found["tasks"]["last"]) == ("cancelled", "cancelled")
