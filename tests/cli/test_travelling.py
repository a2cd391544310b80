"""A run as it was at a frame is what was read of it when that frame was its last."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from smithers.changes import Frame
from smithers.engine.settings import Unwatched
from smithers.errors import Refused
from smithers.hub import Hub
from smithers.state import RunState
from smithers.wire import inspection_json
from tests.cli.command import database, smithers

FLOW = """\
from harnesses import Echo
from smithers import *


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    draft = Task("draft", agent=Echo(), prompt="Write.")
    boom = Step("boom", lambda: 1 / 0, on_failure="continue")
    turn = Step("turn", lambda: "x" * 5000)
    loop = Loop(turn, until=lambda: len(ctx.get(turn)) > 5, max_iterations=2, id="loop")
    many = ForEach([1, 2], key=str, each=lambda n: Step(f"part {n}", lambda: n))
    ship = Approval("ship", ask=lambda: f"Ship {ctx[draft]}?", on_deny=Rework(draft))
    return Sequence(Parallel(draft, boom, many), loop, ship, Step("after", lambda: 1))
"""


class Reading(Unwatched):
    """Reads the run after each of its frames."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.read: dict[int, Mapping[str, Any]] = {}

    def frame(self, frame: Frame, state: RunState) -> None:
        self.read[frame.number] = seen(self._hub, None)


def seen(hub: Hub, frame: int | None) -> Mapping[str, Any]:
    """What is read of the run, without the process that drives it, and what that has just heard."""
    found = inspection_json(hub.inspect("r1", frame=frame))
    run = {name: found["run"][name] for name in found["run"].keys() - {"owner", "last_activity"}}
    return {**found, "run": run}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hub, Mapping[int, Mapping[str, Any]]]:
    """A run that was denied once, and what was read of it after each frame."""
    folder = tmp_path_factory.mktemp("lived")
    (folder / "flow.py").write_text(FLOW)
    hub = Hub(database(folder))
    reading = Reading(hub)
    asyncio.run(hub.start(str(folder / "flow.py"), run_id="r1", observer=reading))
    for approved in (False, True):
        hub.decide("r1", "ship", approved=approved, by="ann", note="shorter")
        asyncio.run(hub.resume("r1", observer=reading))
    assert hub.status("r1") == "finished"
    return hub, reading.read


def test_every_frame_shows_what_was_read_when_it_was_the_last(
    lived: tuple[Hub, Mapping[int, Mapping[str, Any]]],
) -> None:
    hub, read = lived
    assert len(read) >= 9
    assert {number: seen(hub, number) for number in read} == read


def test_the_last_frame_is_the_run_as_it_is(
    lived: tuple[Hub, Mapping[int, Mapping[str, Any]]],
) -> None:
    hub, read = lived
    assert hub.inspect("r1", frame=max(read)) == hub.inspect("r1")


def test_a_frame_is_shown_as_inspect_shows_a_run(
    lived: tuple[Hub, Mapping[int, Mapping[str, Any]]],
) -> None:
    folder, last = lived[0].database.parent.parent, max(lived[1])
    assert smithers(folder, "show", "r1").out == smithers(folder, "inspect", "r1").out
    assert smithers(folder, "show", f"r1@{last}").out == smithers(folder, "show", "r1@last").out
    first = smithers(folder, "show", "r1@0", "--json").document
    assert first["run"]["status"] == "running"
    assert first["run"]["frames"] == 1
    assert "· after  pending" in smithers(folder, "show", "r1@0").out


@pytest.mark.parametrize(
    ("given", "said", "hint"),
    [
        ("r1@99", "run r1 has no frame 99", "its frames are 0 to "),
        ("r1@-1", "'-1' in 'r1@-1' is not a frame", "frames are numbered from 0"),
        ("r1@", "'' in 'r1@' is not a frame", "frames are numbered from 0"),
        ("r1@²", "'²' in 'r1@²' is not a frame", "frames are numbered from 0"),
        ("gone@1", "there is no run 'gone'", ""),
    ],
)
def test_a_frame_that_is_not_there_exits_2_and_names_those_that_are(
    lived: tuple[Hub, Mapping[int, Mapping[str, Any]]], given: str, said: str, hint: str
) -> None:
    found = smithers(lived[0].database.parent.parent, "show", given)
    assert (found.code, found.out) == (2, "")
    assert said in found.err
    assert hint in found.err
    if "timeline" in found.err:
        frames = smithers(lived[0].database.parent.parent, "timeline", "r1", "--json")
        assert len(frames.document["frames"]) == len(lived[1])


def test_an_application_is_refused_a_frame_that_is_not_there(
    lived: tuple[Hub, Mapping[int, Mapping[str, Any]]],
) -> None:
    with pytest.raises(Refused, match="no frame 1000"):
        lived[0].inspect("r1", frame=1000)


def test_a_run_does_not_differ_from_itself(
    lived: tuple[Hub, Mapping[int, Mapping[str, Any]]],
) -> None:
    folder, last = lived[0].database.parent.parent, max(lived[1])
    said = smithers(folder, "diff", "r1", f"r1@{last}")
    assert (said.code, said.err) == (0, "")
    assert said.out == f"nothing differs between r1@{last} and r1@{last}\n"
    assert smithers(folder, "diff", "r1", "r1@last", "--all").code == 0


def test_two_runs_of_one_workflow_differ_by_what_no_diff_is_about(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    for run in ("r1", "r2"):
        assert smithers(tmp_path, "up", "flow.py", "--run-id", run).code == 3
    assert smithers(tmp_path, "diff", "r1", "r2").code == 0
    found = smithers(tmp_path, "diff", "r1", "r2", "--all", "--json")
    assert found.code == 1
    parts = {one["part"] for one in found.document["differences"]}
    assert {"run id", "created at", "attempts"} <= parts
    assert not parts & {"state", "output", "prompt", "tree", "source", "status"}


def test_what_an_edit_changes_is_told_by_task_and_part(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 3
    edited = FLOW.replace("Write.", "Write\\nmore.").replace('"x" * 5000', '"x" * 4999 + "y"')
    (tmp_path / "flow.py").write_text(edited.replace('Step("after"', 'Step("later"'))
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r2").code == 3
    found = smithers(tmp_path, "diff", "r1", "r2", "--json")
    assert found.code == 1
    told = {(one["task"], one["part"]): one for one in found.document["differences"]}
    assert set(told) == {
        *((None, part) for part in ("source", "tree")),
        *(("draft", part) for part in ("prompt", "output")),
        ("turn", "output"),
        ("after", "state"),
        ("later", "state"),
    }
    assert told["draft", "prompt"]["diff"] == ["@@ -1 +1,2 @@", "-Write.", "+Write", "+more."]
    assert told["later", "state"]["old"] is None
    shown = smithers(tmp_path, "diff", "r1", "r2").out
    assert "draft prompt\n@@ -1 +1,2 @@\n-Write.\n+Write\n+more.\n" in shown


def test_from_frame_to_frame_a_diff_has_what_happened(
    lived: tuple[Hub, Mapping[int, Mapping[str, Any]]],
) -> None:
    found = lived[0].compare(("r1", 0), ("r1", 4))
    ended = {(str(one.key), one.part, one.new) for one in found.differences}
    assert ("boom", "state", "failed (tolerated)") in ended
    back = lived[0].compare(("r1", 4), ("r1", 0))
    assert {(one.key, one.part, one.old, one.new) for one in found.differences} == {
        (one.key, one.part, one.new, one.old) for one in back.differences
    }
