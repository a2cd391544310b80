"""`events`: what happened in a run, in order, from a cursor on, and as it goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from smithers.agent import Event
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    CameUp,
    ContainerEnded,
    Frame,
    Key,
)
from smithers.engine.streams import event_name
from smithers.hub import Hub
from smithers.views import AttemptName, Attempts, FrameView, Shown
from smithers.wire import change_name
from tests.cli.command import FLOWS, database, ended, eventually, held_open, smithers, started

Ids = list[tuple[int, int]]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def ids(events: list[dict[str, Any]]) -> Ids:
    frames = [one for one in events if one["event"] == "frame"]
    return [(frame["frame"], change["n"]) for frame in frames for change in frame["changes"]]


def numbers(frames: Sequence[FrameView]) -> Ids:
    return [(one.number, n) for one in frames for n, _ in enumerate(one.changes, one.first)]


def without_numbers(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Frames as `up --events` gives them: no cursor, no number, in no order within."""
    found: list[dict[str, Any]] = []
    for event in events:
        changes = [{k: v for k, v in one.items() if k != "n"} for one in event["changes"]]
        changes.sort(key=lambda one: json.dumps(one, sort_keys=True))
        found.append({k: v for k, v in event.items() if k != "cursor"} | {"changes": changes})
    return found


def test_events_are_the_frames_that_up_told_with_a_cursor_each(tmp_path: Path) -> None:
    told = smithers(tmp_path, "up", f"{FLOWS}:echoes", "--run-id", "r1", "--events")
    live = [one for one in lines(told.out) if one["event"] == "frame"]
    found = lines(smithers(tmp_path, "events", "r1", "--json").out)
    assert without_numbers(found) == without_numbers(live)
    assert [one["cursor"] for one in found] == [
        f"{one['frame']}.{len(one['changes']) - 1}" for one in live
    ]


def test_a_cursor_gives_what_came_after_it(tmp_path: Path) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:asks", "--run-id", "r1")
    before = ids(lines(smithers(tmp_path, "events", "r1", "--json").out))
    frame, n = before[-1]
    assert smithers(tmp_path, "events", "r1", "--after", f"{frame}.{n}").out == ""
    smithers(tmp_path, "approve", "r1", "--by", "ann", "--resume")
    every = ids(lines(smithers(tmp_path, "events", "r1", "--json").out))
    assert every[: len(before)] == before
    for at, (frame, n) in enumerate(every):
        said = smithers(tmp_path, "events", "r1", "--after", f"{frame}.{n}", "--json")
        assert ids(lines(said.out)) == every[at + 1 :]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_put_together_are_the_whole(tmp_path: Path, limit: int) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1")
    hub = Hub(database(tmp_path))
    whole = hub.events("r1")
    assert not whole.more
    page = hub.events("r1", limit=limit)
    pages = [page]
    while page.more and len(pages) < 100:
        page = hub.events("r1", page.cursor, limit=limit)
        pages.append(page)
    assert all(len(numbers(one.frames)) <= limit for one in pages)
    assert [number for one in pages for number in numbers(one.frames)] == numbers(whole.frames)
    assert (page.cursor, page.status) == (whole.cursor, "finished")
    assert hub.events("r1", page.cursor, limit=limit).cursor == page.cursor


def test_a_line_for_a_person_begins_with_time_and_cursor(tmp_path: Path) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1")
    shown = smithers(tmp_path, "events", "r1").out.splitlines()
    every = ids(lines(smithers(tmp_path, "events", "r1", "--json").out))
    assert [line.split()[1] for line in shown] == [f"{frame}.{n}" for frame, n in every]
    assert shown[-1].endswith("the run finished")


def test_follow_goes_on_while_another_process_drives_and_ends_with_the_run(tmp_path: Path) -> None:
    with (
        held_open(tmp_path, "holds_a_program", "held") as run,
        started(tmp_path, "events", "r1", "--follow", "--json") as child,
    ):
        assert child.stdout is not None
        first = json.loads(child.stdout.readline())
        assert (first["event"], first["frame"], first["run_id"]) == ("frame", 0, "r1")
        (tmp_path / "go").touch()
        assert ended(run).code == 0
        rest = lines(ended(child).out)
    assert [one["event"] for one in rest[-2:]] == ["frame", "end"]
    assert rest[-1]["status"] == "finished"
    every = ids(lines(smithers(tmp_path, "events", "r1", "--json").out))
    assert ids([first, *rest]) == every


def test_follow_ends_where_a_run_waits_and_where_its_owner_died(tmp_path: Path) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:asks", "--run-id", "waits")
    told = lines(smithers(tmp_path, "events", "waits", "--follow", "--json").out)
    assert (told[-1]["event"], told[-1]["status"]) == ("end", "waiting")
    with (
        held_open(tmp_path, "hangs", "hangs", "dies") as run,
        started(tmp_path, "events", "dies", "--follow", "--json") as child,
    ):
        assert child.stdout is not None
        child.stdout.readline()
        run.kill()
        run.wait(timeout=60)
        last = lines(ended(child).out)[-1]
    assert (last["event"], last["status"]) == ("end", "stale")


def test_a_follower_that_is_interrupted_harms_nothing(tmp_path: Path) -> None:
    with held_open(tmp_path, "holds_a_program", "held") as run:
        with started(tmp_path, "events", "r1", "-f") as child:
            assert child.stdout is not None
            child.stdout.readline()
            child.send_signal(2)
            assert ended(child).code == 130
        (tmp_path / "go").touch()
        eventually(lambda: run.poll() is not None)
        assert run.returncode == 0


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("cursor", "words"),
    [
        ("nonsense", "'nonsense' is not a cursor"),
        ("3", "'3' is not a cursor"),
        ("-1.0", "'-1.0' is not a cursor"),
        ("", "'' is not a cursor"),
        ("٣.0", "is not a cursor"),
        ("999.0", "999.0 is not a cursor of run r1: its last frame is"),
        ("0.999", "0.999 is not a cursor of run r1: frame 0 has"),
    ],
)
def test_a_cursor_that_is_none_is_refused(tmp_path: Path, cursor: str, words: str) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1")
    said = smithers(tmp_path, "events", "r1", f"--after={cursor}")
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert "hint:" in said.err


def test_names_on_the_wire_stay_and_changes_come_in_this_order() -> None:
    named = [change_name(object.__new__(kind)) for kind in get_args(Shown)]
    assert named == [
        *("reset", "choice_gone", "node_gone", "node_mounted", "session_seen", "usage_counted"),
        "message_given",
        *("attempt_ended", "budget_set", "budget_raised", "message_taken"),
        *("signal_given", "signal_taken", "wait_closed"),
        *("read_made", "choice_made", "settled", "failure_handled", "came_up", "wait_opened"),
        *("attempt_started", "status_changed"),
    ]
    assert [event_name(object.__new__(kind)) for kind in get_args(Event)] == [
        *("spawned", "started", "steered", "said", "thought", "toolcalled", "toolreturned"),
        *("used", "dropped", "answered"),
    ]


def test_a_frame_shows_what_ends_before_what_begins() -> None:
    at, key = datetime(2026, 1, 2, tzinfo=UTC), Key("a")
    changes = (
        AttemptStarted(serial=2, key=key, number=2, agent="echo", prompt=None, session=None, at=at),
        CameUp(key=key),
        AttemptEnded(serial=1, state="failed", error=None, at=at),
        ContainerEnded(key=Key("all"), outcome="finished"),
    )
    attempts = Attempts()
    attempts.add(1, AttemptName(key, 1, "echo"))
    view = attempts.view(Frame(number=3, at=at, changes=changes))
    assert [one.words for one in view.changes] == [
        "a attempt 1 failed",
        "a is ready",
        "a started (attempt 2, echo)",
    ]
    assert view.cursor == "3.2"
    assert (view.page(1, 1).cursor, view.page(1, 1).changes) == ("3.1", view.changes[1:2])


def test_the_words_of_an_event_do_not_depend_on_the_cursor(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(
        "from pathlib import Path\n"
        "from smithers import Parallel, Step, workflow\n"
        "def fail():\n"
        "    if not Path('mended').exists():\n"
        "        raise ValueError('no')\n"
        "@workflow\n"
        "def flow(ctx):\n"
        "    return Parallel(Step('a', fail), Step('b', fail))\n"
    )
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 1
    (tmp_path / "mended").touch()
    assert smithers(tmp_path, "resume", "r1", "--max-concurrency", "1").code == 0
    hub = Hub(database(tmp_path))
    whole = {
        (frame.number, number): change.words
        for frame in hub.events("r1").frames
        for number, change in enumerate(frame.changes, frame.first)
    }
    assert any("runs again" in words for words in whole.values())
    for number, n in whole:
        for frame in hub.events("r1", f"{number}.{n}").frames:
            for at, change in enumerate(frame.changes, frame.first):
                assert change.words == whole[frame.number, at]
