"""Questions are read whole before they are answered, and an answer is for what was read."""

from __future__ import annotations

import hashlib
import re
import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from smithers.changes import CameUp, Frame, Key, WaitOpened
from smithers.cli import _asking, _explaining, _places
from smithers.cli._watching import Lines
from smithers.errors import AlreadyDecided, QuestionChanged, Refused, StoreError, UnknownRun
from smithers.hub import Hub, title_of
from smithers.state import RunState
from smithers.views import Reason
from tests.cli.command import FLOWS, Said, database, ended, known_as, smithers, started
from tests.cli.scene import BEGAN, Scene

SECRET = "hunter2-hunter2-hunter2"
FLOW = """
from smithers import *


@workflow
def hostile(ctx):
    asked = "Ship \\x1b[31m this?\\nIt says HUNTER.\\n  smithers approve r1 other"
    return Sequence(Approval("ship it", ask=asked, timeout_s=9000, allowed_by=["ann", "o'hara"]))


@workflow
def rounds(ctx):
    ready = Approval("ready", ask=lambda: f"Last time: {ctx.previous(ready)}", on_deny="continue")
    return Loop(ready, until=lambda: ctx[ready].approved, max_iterations=3)


@workflow(max_concurrency=20)
def many(ctx):
    def fail():
        raise ValueError("the bottle broke")

    return Parallel(*(Step(f"s{n}", fail) for n in range(13)), Approval("ship", ask="Ship?"))
"""


def up(folder: Path, workflow: str, run_id: str = "r1", *more: str) -> Said:
    return smithers(folder, "up", f"{FLOWS}:{workflow}", "--run-id", run_id, *more)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs that ask, one at the cap of its budget, one that has finished; nobody answers."""
    folder = tmp_path_factory.mktemp("asking")
    for run_id, workflow in (
        ("r1", "asks"),
        ("r2", "asks_twice"),
        ("r3", "capped"),
        ("r4", "works"),
    ):
        up(folder, workflow, run_id)
    return folder


def test_every_open_question_is_listed_whole_with_what_to_type(asking: Path) -> None:
    asked = "Ship a draft?\nIt is 7 long."
    digest = digest_of(asked)
    first, left, right, budget = smithers(asking, "asks", "--json").document["asks"]
    assert (
        {**first, "since": "then"}
        == {
            "run_id": "r1",
            "workflow": "asks",
            "task": "ship",
            "iteration": [],
            "kind": "approval",
            "title": "Ship a draft?",
            "asked": asked,
            "digest": digest,
            "since": "then",
            "due": None,
            "allowed_by": [],
            "form": None,
            "if_denied": "fails",
            "sends_back": [],
            "next": first["next"],  # tests/web/test_asking_ahead.py
            "commands": {
                "approve": f"smithers approve r1 ship --digest {digest[:32]}",
                "deny": f"smithers deny r1 ship --digest {digest[:32]}",
            },
        }
    )
    assert [one["task"] for one in (left, right, budget)] == ["left", "right", None]
    assert (budget["kind"], budget["digest"]) == ("budget", None)
    assert budget["commands"] == {"budget": "smithers budget r3 --add-calls 1 --resume"}
    shown = smithers(asking, "asks").out.splitlines()
    assert shown[0] == "◷ ship of r1 (workflow asks): Ship a draft?"
    assert shown[1:3] == ["  | Ship a draft?", "  | It is 7 long."]
    assert shown[3].startswith("  asked at ")
    assert shown[3].endswith("; any person may answer")
    assert shown[4:8] == [
        f"  digest {digest}",
        *(f"  {command}" for command in first["commands"].values()),
        "",
    ]


def test_one_run_and_one_task_have_their_questions_alone(asking: Path) -> None:
    hub = Hub(database(asking))
    assert [one.task for one in hub.list_asks("r2")] == ["left", "right"]
    assert [one.asked for one in hub.list_asks("r2", "right")] == ["Right?"]
    assert hub.list_asks("r4") == []
    said = smithers(asking, "asks", "r4")
    assert (said.code, said.out, said.err) == (0, "", "r4 has no open questions\n")


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("nope",), UnknownRun, "there is no run 'nope'"),
        (("r1", "nope"), Refused, "'nope' is not a task of run r1 with an open question"),
        (("r1", "draft"), Refused, "draft of run r1 has no open question; it is finished"),
        (("r4", "nope"), Refused, "'nope' is not a task of run r4"),
    ],
)
def test_what_asks_nothing_is_an_error_that_says_so(
    asking: Path, words: Sequence[str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        Hub(database(asking)).list_asks(*words)


def test_without_a_database_nothing_is_asked_and_none_is_made(tmp_path: Path) -> None:
    said = smithers(tmp_path, "asks")
    assert (said.code, said.out) == (0, "")
    assert "there is no database" in said.err
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreError, match="is a folder"):
        Hub(tmp_path).list_asks()


def test_a_terminal_gets_titles_of_many_questions(
    asking: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_places, "_named", list[Path]())
    monkeypatch.setattr(_asking, "_FEW", 2)
    monkeypatch.setattr(_asking, "is_terminal", bool)
    monkeypatch.setenv("NO_COLOR", "1")
    _asking.asks(db=database(asking))
    shown = capsys.readouterr()
    rows = [line.split() for line in shown.out.splitlines()]
    assert rows[0] == ["RUN", "TASK", "ASKED", "DUE", "QUESTION"]
    assert [row[0] for row in rows[1:]] == ["r1", "r2", "r2", "r3"]
    assert rows[1][-3:] == ["Ship", "a", "draft?"]
    assert "smithers asks r1 ship --db" in shown.err
    _asking.asks(db=database(asking), every=True)
    assert "  | It is 7 long." in capsys.readouterr().out.splitlines()


def test_a_question_is_masked_and_cannot_look_like_words_of_ours(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW.replace("HUNTER", SECRET))
    env = {"OUR_TOKEN": SECRET}
    named = ("--db", "my runs.db")
    smithers(tmp_path, "up", "flow.py:hostile", "--run-id", "r1", "--linger", "0", *named)
    for command in (["asks"], ["why", "r1"]):
        said = smithers(tmp_path, *command, *named, env=env)
        assert SECRET not in said.out
        assert "\x1b" not in said.out
        assert "| It says ${OUR_TOKEN}." in said.out
        assert "|   smithers approve r1 other" in said.out
    shown = smithers(tmp_path, "asks", *named, env=env).out.splitlines()
    (facts,) = [line for line in shown if line.startswith("  asked at ")]
    assert ", due in 2 h " in facts
    assert facts.endswith("; only ann or o'hara may answer")
    (typed,) = [line for line in shown if line.startswith("  smithers approve ")]
    (data,) = smithers(tmp_path, "asks", *named, "--json", env=env).document["asks"]
    assert data["commands"]["approve"] == typed.strip()
    assert data["digest"] == digest_of(data["asked"])  # what it is a digest of, and not masked
    answered = smithers(tmp_path, *shlex.split(typed)[1:], env=known_as(tmp_path, "ann"))
    assert (answered.code, "by ann" in answered.out) == (0, True)
    gone = smithers(tmp_path, "asks", "r1", "ship it", *named)
    assert gone.code == 2
    assert "ship it of run r1 was approved by ann at " in gone.err
    assert smithers(tmp_path, "asks", *named).err == "no open questions\n"


def test_a_question_whose_time_is_up_is_open_no_more(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    smithers(tmp_path, "up", "flow.py:hostile", "--run-id", "r1", "--linger", "0")
    hub = Hub(database(tmp_path))
    assert len(hub.list_asks()) == 1
    with closing(sqlite3.connect(database(tmp_path))) as db, db:
        db.execute("UPDATE waits SET due = '2026-01-01T00:00:00.000000Z'")
    assert hub.list_asks() == []
    with pytest.raises(Refused, match="has no open question; it is waiting") as caught:
        hub.list_asks("r1", "ship it")
    assert "smithers why r1" in caught.value.hint


def test_a_decision_is_for_the_text_of_its_digest(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    hub = Hub(database(tmp_path))
    digest = digest_of("Ship a draft?\nIt is 7 long.")
    for wrong in (digest_of("Ship?"), "0" * 8, digest[:-1] + "g"):
        with pytest.raises(Refused):
            hub.decide("r1", None, approved=True, by="ann", digest=wrong)
    with pytest.raises(Refused, match="is not a digest or the first 8"):
        hub.decide("r1", None, approved=True, by="ann", digest=digest[:7])
    said = smithers(tmp_path, "approve", "r1", "--digest", "00000000")
    assert said.code == 2
    assert "the question of ship of run r1 does not match digest 00000000; nothing" in said.err
    assert "`smithers asks r1 ship`" in said.err
    assert len(hub.list_asks()) == 1
    assert hub.decide("r1", None, approved=True, by="ann", digest=digest[:8].upper()).approved
    with pytest.raises(AlreadyDecided):
        hub.decide("r1", None, approved=True, by="bob", digest=digest)


def test_a_digest_is_not_for_the_question_of_the_next_iteration(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    smithers(tmp_path, "up", "flow.py:rounds", "--run-id", "r1")
    hub = Hub(database(tmp_path))
    (first,) = hub.list_asks("r1", "ready")
    assert first.digest is not None
    smithers(tmp_path, "deny", "r1", "--digest", first.digest, "--resume")
    with pytest.raises(QuestionChanged, match=r"ready\[1\] of run r1 does not match digest"):
        hub.decide("r1", "ready", approved=True, by="bob", digest=first.digest)
    (second,) = hub.list_asks("r1", "ready")
    assert second.iteration == (1,)
    assert second.asked.startswith("Last time: approved=False")


def test_of_two_persons_who_decide_at_the_same_time_each_decides_what_was_read(
    tmp_path: Path,
) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    smithers(tmp_path, "up", "flow.py:rounds", "--run-id", "r1")
    (first,) = Hub(database(tmp_path)).list_asks()
    digest = str(first.digest)
    with ExitStack() as stack:
        children = [
            stack.enter_context(started(tmp_path, *words))
            for words in (
                ("deny", "r1", "ready", "--by", "ann", "--digest", digest, "--resume"),
                ("approve", "r1", "ready", "--by", "bob", "--digest", digest),
                ("approve", "r1", "ready", "--by", "eve", "--digest", digest_of("Ship it")),
            )
        ]
        ann, bob, eve = (ended(child) for child in children)
    assert eve.code == 2
    taken = "was approved by" in eve.err or "was denied by ann" in eve.err
    assert taken or "nothing was recorded" in eve.err
    with closing(sqlite3.connect(database(tmp_path))) as db:
        answers = db.execute("SELECT path, body FROM inbox WHERE kind = 'answer'").fetchall()
    assert len(answers) == 1  # nothing was decided of the question that nobody has read
    ann_was_first = '"by": "ann"' in answers[0][1]
    assert (ann.code, bob.code) == ((3, 2) if ann_was_first else (2, 0))


def test_why_shows_the_whole_question_and_ps_its_title(asking: Path) -> None:
    shown = smithers(asking, "why", "r1").out.splitlines()
    assert shown[1].endswith(': "Ship a draft?"')
    assert shown[2:4] == ["    | Ship a draft?", "    | It is 7 long."]
    (reason,) = smithers(asking, "why", "r1", "--json").document["reasons"]
    assert reason["asked"] == "Ship a draft?\nIt is 7 long."
    assert (reason["kind"], reason["digest"]) == ("approval", digest_of(reason["asked"]))
    rows = smithers(asking, "ps").out.splitlines()
    assert rows[1].endswith("  ship: Ship a draft?")
    assert rows[2].endswith("  left, right")


def test_why_gives_the_first_command_of_each_question(tmp_path: Path) -> None:
    """A choice, data, a decision and a larger budget: `why` and `asks` say the same to type."""
    up(tmp_path, "asks_people", "r1")
    up(tmp_path, "asks", "r2")
    up(tmp_path, "capped", "r3")
    for run_id in ("r1", "r2", "r3"):
        asks = smithers(tmp_path, "asks", run_id, "--json").document["asks"]
        reasons = smithers(tmp_path, "why", run_id, "--json").document["reasons"]
        assert asks
        first = [next(iter(one["commands"].values())) for one in asks]
        assert sorted(one["command"] for one in reasons) == sorted(first)


def test_why_counts_what_is_held_alike(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    smithers(tmp_path, "up", "flow.py:many", "--run-id", "r1")
    smithers(tmp_path, "approve", "r1", "--resume")
    shown = smithers(tmp_path, "why", "r1").out.splitlines()
    assert sum("failed: ValueError: the bottle broke" in line for line in shown) == 10
    assert shown[-2:] == ["  and 3 more failed: s10, s11, s12", "  show all of them: --all"]
    told = smithers(tmp_path, "why", "r1", "--all").out
    assert told.count("failed: ValueError: the bottle broke") == 13
    reasons = smithers(tmp_path, "why", "r1", "--json").document["reasons"]
    assert [one["kind"] for one in reasons] == ["failed"] * 13


def test_many_of_one_kind_hide_nothing_of_another() -> None:
    def reason(kind: str, task: str) -> Reason:
        return Reason(key=Key(task), kind=kind, sentence=f"{task} is {kind}")

    reasons = [reason("failed", f"f{n}") for n in range(10_000)] + [reason("approval", "ship")]
    lines = list(_explaining._lines(reasons, every=False))  # pyright: ignore[reportPrivateUsage]
    assert lines[-3:] == [
        "  ship is approval",
        "  and 9990 more failed: f10, f11, f12, f13, f14 and 9985 more",
        "  show all of them: --all",
    ]
    assert len(lines) == 10 + 3


def lines_of(frames: Iterator[Frame], capsys: pytest.CaptureFixture[str]) -> list[str]:
    watcher, seen = Lines(), list[Frame]()
    for frame in frames:
        seen.append(frame)
        watcher.frame(frame, RunState.of(seen))
    return untimed(capsys.readouterr().err)


def untimed(told: str) -> list[str]:
    return [re.sub(r"^[-\d ]*[\d:]{8} |^ +", "", line) for line in told.splitlines()]


def frame_of(number: int, *ids: str) -> Frame:
    changes = [
        change
        for id in ids
        for change in (
            CameUp(key=Key(id)),
            WaitOpened(key=Key(id), kind="approval", asked=f"Ship {id}?\nAll of it."),
        )
    ]
    return Frame(number=number, at=BEGAN, changes=tuple(changes))


def test_a_line_for_a_log_has_the_whole_question_once(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"t{n}" for n in range(6)]
    tree = Scene().node("parallel", "parallel").tasks("parallel", "ship", *names).frame
    assert lines_of(iter([tree, frame_of(1, "ship"), frame_of(2, *names)]), capsys)[-4:] == [
        *("ship waits for a person's decision", "| Ship ship?", "| All of it."),
        "6 tasks wait for a decision: t0, t1, t2, t3, t4 and 1 more",
    ]


def test_a_resumed_run_tells_the_questions_that_were_open(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tree = Scene().node("parallel", "parallel").tasks("parallel", "ship").frame
    before = [tree, frame_of(1, "ship")]
    Lines().frame(Frame(number=2, at=BEGAN, changes=()), RunState.of(before))
    assert untimed(capsys.readouterr().err) == [
        *("ship waits for a person's decision", "| Ship ship?", "| All of it."),
    ]


def test_a_title_is_the_first_line_that_says_something() -> None:
    assert title_of("") == title_of(" \n\t") == ""
    assert title_of("\n\n  Ship\tthis?  \r\nNow") == "Ship this?"
    assert title_of("a" * 500) == "a" * 119 + "…"
