"""Commands as their person and a program see them: while they run, and afterwards."""

from __future__ import annotations

import json
from pathlib import Path

from smithers import Command
from smithers.cli._live_tree import LiveTree
from smithers.hub import Hub
from tests.cli.command import database, eventually, smithers, started
from tests.commands.running import run_of

_FLOW = """\
from smithers import Command, Context, Node, NoInput, Sequence, workflow

WAITS = "echo begun; while ! test -e go; do sleep 0.05; done; echo $DEPLOY_TOKEN; exit 3"

@workflow
def flow(ctx: Context[NoInput]) -> Node:
    first = Command("first", ["echo", "hello"], output=str)
    return Sequence(first, Command("waits", WAITS, shell=True))
"""
_ENV = {"DEPLOY_TOKEN": "t0ken-0123456789"}


def test_every_face_shows_a_command_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(_FLOW)

    def logs() -> str:
        return smithers(tmp_path, "logs", "r1", "waits").out

    with started(tmp_path, "up", "flow.py", "--run-id", "r1", env=_ENV) as child:
        eventually(lambda: "begun" in logs())  # what it writes is there while it runs
        assert "waits" in smithers(tmp_path, "why", "r1").out
        (tmp_path / "go").touch()
        assert child.wait(60) == 1
        assert child.stderr is not None
        said = child.stderr.read().decode()
    assert "first started (attempt 1, echo hello)" in said
    assert "stderr" not in said
    assert logs().splitlines()[1:] == [
        "waits#1 | begun",
        "waits#1 | ${DEPLOY_TOKEN}",
        "waits#1 | exit code 3",
    ]
    graph = json.loads(smithers(tmp_path, "graph", "r1", "--json").out)
    assert [one["kind"] for one in graph["root"]["children"]] == ["command", "command"]
    inspected = json.loads(smithers(tmp_path, "inspect", "r1", "--json").out)
    first, waits = inspected["tasks"]
    assert (first["output"], first["attempts"][0]["agent"]) == ("hello\n", "echo hello")
    assert "exited with code 3\nstdout: begun\n${DEPLOY_TOKEN}" in waits["error"]["message"]
    assert waits["error"]["place"].endswith("flow.py:8:28")
    why = smithers(tmp_path, "why", "r1").out
    assert "exited with code 3" in why
    assert "smithers logs r1 waits" in why
    said = str(Hub(database(tmp_path)).transcript("r1", "waits", None, 9999))
    assert "begun" in said
    assert _ENV["DEPLOY_TOKEN"] not in said


def test_the_live_tree_has_the_last_line_of_a_command() -> None:
    run = run_of(lambda ctx: Command("c", "echo one; echo two", shell=True))
    run.go()
    tree = LiveTree()
    for key, event in run.watch.events:
        tree.event(key, event)
    assert list(tree.said.values()) == ["two"]
