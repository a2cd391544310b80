"""`fork`, `rewind` and `retry`, as they are typed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from smithers.engine.settings import Unwatched
from smithers.hub import Hub
from smithers.store import forking, sqlite
from tests.cli.command import database, known_as, smithers

FLOW = """\
import os

from harnesses import Echo
from pydantic import BaseModel
from smithers import *


class About(BaseModel):
    topic: str = "whales"


class Plan(BaseModel):
    steps: list[str]


def noted(id, value):
    with open(os.environ.get("LEDGER", os.devnull), "a") as ledger:
        ledger.write(id + "\\n")
    return value


@workflow(input=About)
def flow(ctx: Context[About]) -> Node:
    draft = Task("draft", agent=Echo(), prompt=f"Write about {ctx.input.topic}")
    plan = Step("plan", lambda: noted("plan", Plan(steps=[ctx[draft]])), output=Plan)
    each = ForEach(
        lambda: ctx[plan].steps,
        key=str,
        each=lambda one: Step(f"do {one}", lambda: noted("do", len(one))),
        id="parts",
    )
    ship = Approval("ship", ask=lambda: f"Ship {ctx[plan].steps}?", allowed_by=["ann"])
    pay = Step("pay", lambda attempt: noted("pay", "paid"), effect=True, output=str)
    return Sequence(draft, plan, each, ship, pay)
"""
ABOVE = """\
from flow import About, flow
from smithers import *


@workflow
def above(ctx: Context[NoInput]) -> Node:
    below = Subflow("below", flow, input=About())
    return Sequence(below, Step("last", lambda: ctx.get(below)))
"""
BY = ("--by", "ann")
COPIES: tuple[str, ...] = vars(forking)["_COPIES"]


PARENT = """\
from smithers import *


@workflow
def asked(ctx: Context[NoInput]) -> Node[str]:
    ok = Approval("ok", ask="Ready?")
    return Sequence(ok, Step("word", lambda: "yes"), result=lambda: "yes")


@workflow
def parent(ctx: Context[NoInput]) -> Node[str]:
    first = Step("first", lambda: 1)
    child = Subflow("child", asked, needs=[first])
    return Sequence(first, child, Step("last", lambda: f"{ctx[first]} {ctx[child]}"))
"""
PAGES = """\
from pydantic import BaseModel
from smithers import *


class Page(BaseModel):
    number: int = 1


@workflow(input=Page)
def pages(ctx: Context[Page]) -> Node:
    read = Step("read", lambda: ctx.input.number)
    after = ContinueAsNew(Page(number=ctx.input.number + 1)) if ctx.input.number < 2 else None
    return Sequence(read, after)
"""


@pytest.fixture(autouse=True)
def is_ann(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who types is ann."""
    for name, value in known_as(tmp_path_factory.mktemp("own"), "ann").items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that was approved by ann and has finished."""
    (tmp_path / "flow.py").write_text(FLOW)
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 3
    assert smithers(tmp_path, "approve", "r1", "--by", "ann", "--resume").code == 0
    return tmp_path


def outputs(folder: Path, run: str) -> dict[str, Any]:
    tasks = smithers(folder, "inspect", run, "--json").document["tasks"]
    return {task["id"]: task["output"] for task in tasks if task["state"] == "finished"}


def frame_of(folder: Path, what: str, task: str, run: str = "r1") -> int:
    """The first frame in which something happens to a task."""
    frames = smithers(folder, "timeline", run, "--json").document["frames"]
    found: int = next(
        frame["frame"]
        for frame in frames
        if any(one["what"] == what and one.get("task") == task for one in frame["changes"])
    )
    return found


def test_a_fork_goes_on_from_its_frame_and_leaves_its_source_alone(folder: Path) -> None:
    before = smithers(folder, "inspect", "r1", "--json").document
    at = frame_of(folder, "settled", "plan")
    made = smithers(folder, "fork", "r1", "--frame", str(at), *BY)
    assert (made.code, made.out) == (0, "r1-fork\n")
    assert f"r1-fork is a fork of r1 at frame {at}" in made.err
    assert "next: smithers resume r1-fork" in made.err
    assert smithers(folder, "ps").out.count("r1-fork") == 1
    assert "was made as a fork and not started yet" in smithers(folder, "why", "r1-fork").out
    assert smithers(folder, "resume", "r1-fork").code == 3
    assert smithers(folder, "approve", "r1-fork", "--by", "root", "--resume").code == 0
    assert outputs(folder, "r1-fork") | {"ship": 0} == outputs(folder, "r1") | {"ship": 0}
    assert smithers(folder, "inspect", "r1", "--json").document == before
    again = smithers(folder, "fork", "r1", "--json", *BY).document
    assert (again["run_id"], again["source"], again["notes"]) == ("r1-fork-2", "r1", [])


@pytest.mark.long
def test_what_it_inherits_is_told_apart_and_its_logs_are_there(folder: Path) -> None:
    smithers(folder, "fork", "r1", "--frame", "2", "--run-id", "f", *BY)
    found = smithers(folder, "inspect", "f", "--json").document
    assert found["run"]["forked_from"] == {"run_id": "r1", "frame": 2}
    assert found["run"]["usage"]["tokens_in"] == 0
    assert found["run"]["inherited"]["tokens_in"] > 0
    (attempt,) = found["tasks"][0]["attempts"]
    assert attempt["origin"] == "r1"
    shown = smithers(folder, "inspect", "f").out
    assert "forked   from r1 at frame 2" in shown
    assert ", in r1" in shown
    assert smithers(folder, "logs", "f", "draft").out == smithers(folder, "logs", "r1", "draft").out
    costs = smithers(folder, "cost", "f", "--json").document
    assert (costs["total"]["calls"], costs["inherited"]["calls"]) == (0, 1)
    tree = smithers(folder, "timeline", "r1").out
    assert "forks of r1\n└─ f at frame 2, stale\n" in tree
    assert smithers(folder, "timeline", "f").out.startswith("forked from r1 at frame 2\n")


def test_an_output_that_is_set_counts_and_what_read_it_runs_again(folder: Path) -> None:
    said = smithers(folder, "fork", "r1", "--set", 'plan={"steps": ["one", "two"]}', "--up", *BY)
    assert said.code == 3, said.err
    gave = outputs(folder, "r1-fork")
    assert gave["plan"] == {"steps": ["one", "two"]}
    assert {id: value for id, value in gave.items() if id.startswith("do ")} == {
        "do one": 3,
        "do two": 3,
    }
    assert "Ship ['one', 'two']?" in said.err
    shown = smithers(folder, "inspect", "r1-fork").out
    assert 'output, set by ann {"steps": ["one", "two"]}' in shown
    assert gave["pay"] == "paid"  # it has not read the plan


def test_an_output_that_is_set_has_the_class_of_the_one_before(tmp_path: Path) -> None:
    lines = FLOW.replace("output=Plan)", ")").splitlines()
    text = "\n".join(line for line in lines if "pay" not in line or "return" in line)
    (tmp_path / "flow.py").write_text(text.replace(", ship, pay)", ", ship)"))
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 3
    said = smithers(tmp_path, "fork", "r1", "--set", 'plan={"steps": ["one"]}', "--up", *BY)
    assert said.code == 3, said.err
    assert "Ship ['one']?" in said.err
    said = smithers(tmp_path, "fork", "r1", "--set", 'plan={"step": ["one"]}', *BY)
    assert said.code == 2
    assert "steps: Field required" in said.err


def test_a_task_that_is_rerun_runs_again_with_its_readers(folder: Path) -> None:
    said = smithers(folder, "fork", "r1", "--rerun", "do whales", "--up", "--json", *BY)
    assert said.code in (0, 2), said.err


@pytest.mark.long
def test_another_input_changes_what_runs_later(folder: Path) -> None:
    said = smithers(folder, "fork", "r1", "--frame", "0", "--input", '{"topic": "ants"}', "--up")
    assert said.code == 3, said.err
    assert "ants" in outputs(folder, "r1-fork")["draft"]
    late = smithers(folder, "fork", "r1", "--input", '{"topic": "ants"}', "--run-id", "late", *BY)
    assert late.code == 0, late.err
    assert smithers(folder, "resume", "late").code == 0
    assert "whales" in outputs(folder, "late")["draft"]


WORDS = """\
from harnesses import Echo
from pydantic import BaseModel
from smithers import *


class About(BaseModel):
    topic: str = "whales"
    parts: list[str] = ["one", "two"]


@workflow(input=About)
def words(ctx: Context[About]) -> Node:
    draft = Task("draft", agent=Echo(), prompt=f"Write about {ctx.input.topic}")
    each = ForEach(
        lambda: ctx.input.parts,
        key=str,
        each=lambda one: Task(one, agent=Echo(), prompt=f"Part {one}"),
        id="parts",
    )
    return Sequence(draft, each, Step("all", lambda: [ctx[draft], *ctx[each]]), result=each)
"""


@pytest.mark.long
def test_what_comes_out_differently_with_another_input_runs_only_if_that_is_asked_for(
    folder: Path,
) -> None:
    (folder / "words.py").write_text(WORDS)
    assert smithers(folder, "up", "words.py", "--run-id", "w1").code == 0
    fork = ("fork", "w1", "--input", '{"topic": "ants", "parts": ["two", "three"]}')
    kept = smithers(folder, *fork, "--up")
    assert kept.code == 0, kept.err
    told = "draft (prompt), parts (items gone: one; new: three)"
    assert f"changed, and reused all the same: {told}" in kept.err
    assert outputs(folder, "w1-fork")["draft"] == "Write about whales"
    again = smithers(folder, *fork, "--up", "--rerun-changed")
    assert again.code == 0, again.err
    assert "started" not in again.err.partition("two started")[1]
    assert outputs(folder, "w1-fork-2")["all"] == [
        "Write about ants",
        "Part two",
        "Part three",
    ]
    assert smithers(folder, "replay", "w1-fork-2").code == 0
    refused = smithers(folder, *fork, "--rerun-changed")
    assert refused.code == 2
    assert "--rerun-changed needs --up" in refused.err


def test_a_decision_that_one_may_not_make_is_asked_again(folder: Path) -> None:
    mine = smithers(folder, "fork", "r1", "--up", *BY)
    assert mine.code == 0, mine.err
    said = smithers(folder, "fork", "r1", env=known_as(folder, "eve"))
    assert said.code == 0, said.err
    assert "ship is asked again: eve may not answer it (ann may)" in said.err
    assert smithers(folder, "resume", "r1-fork-2").code == 3
    (ask,) = smithers(folder, "asks", "r1-fork-2", "--json").document["asks"]
    assert ask["task"] == "ship"


@pytest.mark.long
def test_a_decision_in_a_child_run_that_one_may_not_make_is_asked_again(folder: Path) -> None:
    (folder / "above.py").write_text(ABOVE)
    assert smithers(folder, "up", "above.py", "--run-id", "top").code == 3
    assert smithers(folder, "approve", "top.below", "ship", "--by", "ann", "--resume").code == 0
    mine = smithers(folder, "fork", "top", "--run-id", "mine", *BY)
    assert (mine.code, "again" in mine.err) == (0, False)
    said = smithers(folder, "fork", "top", "--run-id", "hers", env=known_as(folder, "eve"))
    why = "ship of child run top.below was answered, and eve may not answer it (ann may)"
    assert f"below runs again: {why}" in said.err
    assert smithers(folder, "resume", "hers").code == 3
    (ask,) = smithers(folder, "asks", "--json").document["asks"]
    assert (ask["run_id"], ask["task"]) == ("hers.below.run2", "ship")
    (folder / "above.py").write_text(ABOVE.replace('"below"', '"under"'))
    assert smithers(folder, "resume", "top", "--rename", "below=under").code == 0
    said = smithers(folder, "fork", "top", "--run-id", "theirs", env=known_as(folder, "eve"))
    assert f"under runs again: {why}" in said.err


@pytest.mark.long
def test_a_failed_and_a_cancelled_run_are_forked_and_go_on(folder: Path) -> None:
    assert smithers(folder, "up", "flow.py", "--run-id", "c").code == 3
    assert smithers(folder, "cancel", "c").code == 0
    assert "fork it: `smithers fork c`" in smithers(folder, "retry", "c", "plan").err
    assert smithers(folder, "fork", "c", *BY).code == 0
    assert smithers(folder, "resume", "c-fork").code == 3
    assert smithers(folder, "up", "flow.py", "--run-id", "d").code == 3
    assert smithers(folder, "deny", "d", *BY, "--resume").code == 1
    assert smithers(folder, "fork", "d", "--rerun", "ship", "--up", *BY).code == 3


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("fork", "r1", "--set", "pay[1]=2"),
            "pay of run r1 is not in a loop\nhint: name it as pay",
        ),
        (("fork", "r1", "--set", 'pay="a"', "--rerun", "pay"), "pay is named twice"),
        (("fork", "r1", "--frame", "99"), "run r1 has no frame 99\nhint: its frames are 0 to "),
        (("fork", "r1", "--frame", "-1"), "run r1 has no frame -1"),
        (("fork", "gone", "--frame", "0"), "there is no run 'gone'"),
        (("fork", "r1", "--run-id", "r1"), "run r1 already exists"),
        (("fork", "r1", "--run-id", "a/b"), "'a/b'"),
        (("fork", "r1", "--set", "plan"), "--set 'plan' is not TASK=JSON"),
        (("fork", "r1", "--set", "plan=yes"), "--set plan is not JSON"),
        (("fork", "r1", "--set", "plan=1"), "the output for plan does not fit:"),
        (("fork", "r1", "--set", "plam={}"), "run r1 has no task 'plam'\nhint: did you mean plan?"),
        (("fork", "r1", "--set", "ship=true"), "the answer to approval ship of run r1 is a person"),
        (("fork", "r1", "--set", "parts=[]"), "cannot be set"),
        (("fork", "r1", "--rerun", "nope"), "run r1 has no task 'nope'"),
        (("fork", "r1", "--rerun", "plan[3]"), "plan[3] of run r1 has not run"),
        (("fork", "r1", "--input", '{"topic": 1}'), "(got 1)\nhint: its fields are: topic"),
        (("fork", "r1", "--input", '{"topik": "x"}'), "no field 'topik'; did you mean 'topic'?"),
        (("fork", "r1", "--detach"), "--detach needs --up"),
        (("rewind", "r1", "--frame", "99"), "run r1 has no frame 99\nhint: its frames are 0 to "),
        (("rewind", "r1"), "--frame"),
        (("rewind", "gone", "--frame", "0"), "there is no run 'gone'"),
        (("retry", "r1", "nope"), "run r1 has no task 'nope'"),
        (("retry", "gone", "plan"), "there is no run 'gone'"),
    ],
    ids=lambda one: "" if isinstance(one, str) else " ".join(map(str, one)),
)
def test_what_is_wrong_exits_2_and_changes_nothing(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = smithers(folder, "sql", "SELECT count(*), max(frame) FROM frames").out
    found = smithers(folder, *arguments)
    assert (found.code, found.out) == (2, ""), found
    assert said in found.err
    assert smithers(folder, "sql", "SELECT count(*), max(frame) FROM frames").out == before
    assert len(smithers(folder, "ps", "--json").document["runs"]) == 1


def test_a_run_that_is_taken_back_goes_on_from_there(folder: Path) -> None:
    at = frame_of(folder, "settled", "plan")
    said = smithers(folder, "rewind", "r1", "--frame", str(at))
    assert said.code == 0
    assert "what it was before is kept as r1-fork" in said.out
    assert "was taken back and not resumed yet" in smithers(folder, "why", "r1").out
    assert smithers(folder, "diff", f"r1@{at}", "r1", "--json").document["equal"] is False
    assert smithers(folder, "resume", "r1").code == 3
    assert smithers(folder, "approve", "r1", "ship", *BY, "--resume").code == 3
    assert "Run pay again?" in smithers(folder, "why", "r1").out  # it has had its effect
    assert smithers(folder, "approve", "r1", "pay", *BY, "--resume").code == 0
    assert outputs(folder, "r1") | {"ship": 0} == outputs(folder, "r1-fork") | {"ship": 0}
    last = smithers(folder, "timeline", "r1-fork", "--json").document["frames"][-1]["frame"]
    forward = smithers(folder, "rewind", "r1", "--frame", str(last), "--json").document
    assert (forward["run_id"], forward["kept"]) == ("r1", "r1-fork-2")
    assert runs_of(folder)["r1"] == "finished"


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    "again",
    [
        ("rewind", "p", "--frame", "0"),
        ("retry", "p", "child"),
        ("retry", "p", "first", "--with-readers"),
    ],
)
def test_a_child_run_that_is_going_on_begins_anew_as_another_one(
    tmp_path: Path, again: tuple[str, ...]
) -> None:
    (tmp_path / "flow.py").write_text(PARENT)
    assert smithers(tmp_path, "up", "flow.py:parent", "--run-id", "p").code == 3
    done = smithers(tmp_path, *again)
    assert done.code in (0, 3), done.err
    assert smithers(tmp_path, "resume", "p").code == 3
    assert Hub(database(tmp_path)).status("p.child") == "cancelled"
    assert smithers(tmp_path, "approve", "p.child.run2", "--resume").code == 0
    assert outputs(tmp_path, "p")["last"] == "1 yes"


def test_child_runs_of_a_fork_are_forks_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(PARENT)
    assert smithers(tmp_path, "up", "flow.py:parent", "--run-id", "p").code == 3
    assert smithers(tmp_path, "fork", "p", "--up").code == 3
    assert "forked" not in smithers(tmp_path, "inspect", "p-fork.child").out
    said = smithers(tmp_path, "verify", "p-fork.child")
    assert said.code == 0, said.out


def test_a_fork_of_a_run_that_has_continued_continues_by_itself(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(PAGES)
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "g").code == 0
    said = smithers(tmp_path, "fork", "g", "--up")
    assert said.code == 0, said.err
    assert runs_of(tmp_path) == {
        "g": "continued", "g-2": "finished", "g-fork": "continued", "g-fork-n2": "finished"
    }  # fmt: skip
    said = smithers(tmp_path, "verify", "g-fork-n2")
    assert said.code == 0, said.out


def test_retry_runs_one_task_and_asks_again_what_read_it(folder: Path) -> None:
    ledger = folder / "ledger"
    env = {"LEDGER": str(ledger)}
    said = smithers(folder, "retry", "r1", "do whales", env=env)
    tasks = smithers(folder, "inspect", "r1", "--json").document["tasks"]
    name = next(task["id"] for task in tasks if task["id"].startswith("do "))
    said = smithers(folder, "retry", "r1", name, env=env)
    assert said.code == 0, said.err
    assert ledger.read_text() == "do\n"
    ledger.write_text("")
    assert smithers(folder, "retry", "r1", "plan", env=env).code == 3
    assert ledger.read_text() == "plan\n"
    (ask,) = smithers(folder, "asks", "r1", "--json").document["asks"]
    assert ask["task"] == "ship"
    ledger.write_text("")
    assert smithers(folder, "retry", "r1", "plan", "--with-readers", env=env).code == 3
    assert ledger.read_text().splitlines() == ["plan", "do"]


# -- SIGKILL in the middle: the old state or the new one


def in_a_child(work: Callable[[], object]) -> None:
    """Do it in a process that may be killed."""
    if (child := os.fork()) == 0:
        try:
            work()
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def runs_of(folder: Path) -> dict[str, str]:
    hub = Hub(database(folder))
    return {run.run_id: run.status for run in hub.runs()}


def all_of(folder: Path, run: str) -> object:
    return smithers(folder, "timeline", run, "--json").document["frames"]


def test_a_fork_is_whole_or_not_there(folder: Path) -> None:
    before = all_of(folder, "r1")
    for number in range(0, len(COPIES), 4):
        in_a_child(partial(_forked_and_killed, folder, number))
        assert runs_of(folder) == {"r1": "finished"}
        in_a_child(partial(_rewound_and_killed, folder, number))
        assert runs_of(folder) == {"r1": "finished"}
        assert all_of(folder, "r1") == before
    in_a_child(lambda: Hub(database(folder)).fork("r1", by="ann"))
    assert sorted(runs_of(folder)) == ["r1", "r1-fork"]


def _forked_and_killed(folder: Path, number: int) -> None:
    """Killed when so many of the tables were copied."""

    def copies() -> Iterator[str]:
        for place, sql in enumerate(COPIES):
            if place == number:
                os.kill(os.getpid(), signal.SIGKILL)
            yield sql

    setattr(forking, "_COPIES", copies())  # noqa: B010  # it is private
    Hub(database(folder)).fork("r1", by="ann")


def _rewound_and_killed(folder: Path, number: int) -> None:
    """Killed after it was copied, or before it was taken back, and never in between."""
    put_frame: Callable[..., None] = vars(sqlite)["put_frame"]

    def killing(*given: Any) -> None:
        if number % 8:
            put_frame(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(sqlite, "put_frame", killing)  # noqa: B010  # it is not exported
    Hub(database(folder)).rewind("r1", 1)


@pytest.mark.long
def test_a_retry_has_begun_or_not(folder: Path) -> None:
    import asyncio

    class Killing(Unwatched):
        def frame(self, frame: object, state: object) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

    frames = len(Hub(database(folder)).timeline("r1").frames)

    def killed() -> None:
        asyncio.run(Hub(database(folder)).retry("r1", "plan", observer=Killing()))

    in_a_child(killed)
    assert len(Hub(database(folder)).timeline("r1").frames) == frames + 1
    assert "plan runs again" in smithers(folder, "timeline", "r1").out
    assert smithers(folder, "resume", "r1").code == 3
    assert outputs(folder, "r1").keys() >= {"draft", "plan"}


def test_items_that_are_made_from_what_runs_again_are_not_told_to_be_gone(folder: Path) -> None:
    said = smithers(folder, "retry", "r1", "plan", "--with-readers")
    assert "do Write about whales" in said.err
    assert "gone:" not in said.err
    assert "the file is unchanged" not in said.err


REWORKED = """\
from harnesses import Echo
from smithers import *
from tests.cli.test_forking import counted


@workflow
def reworked(ctx: Context[NoInput]) -> Node:
    draft = Step("draft", lambda: counted("draft"))
    ship = Approval("ship", ask=lambda: f"Ship {ctx[draft]}?", on_deny=Rework(draft))
    sent = Step("sent", lambda: counted("sent"))
    last = Approval("last", ask="Done?")
    return Sequence(draft, ship, sent, last)
"""


def counted(id: str) -> str:
    with Path("count").open("a") as file:
        file.write(f"{id} ")
    return id


@pytest.fixture
def sent_back(tmp_path: Path) -> Path:
    """A run whose draft was denied once, then approved and sent."""
    (tmp_path / "reworked.py").write_text(REWORKED)
    assert smithers(tmp_path, "up", "reworked.py", "--run-id", "r1").code == 3
    assert smithers(tmp_path, "deny", "r1", "--note", "no", "--resume").code == 3
    assert smithers(tmp_path, "approve", "r1", "--resume").code == 3
    assert (tmp_path / "count").read_text() == "draft draft sent "
    return tmp_path


@pytest.mark.long
def test_what_was_sent_back_and_approved_before_a_frame_is_not_done_again(sent_back: Path) -> None:
    last = Hub(database(sent_back)).timeline("r1").frames[-1].number
    assert smithers(sent_back, "rewind", "r1", "--frame", "1").code == 0
    assert smithers(sent_back, "rewind", "r1", "--frame", str(last)).code == 0
    said = smithers(sent_back, "approve", "r1", "last", "--resume")
    assert said.code == 0, said.err
    assert (sent_back / "count").read_text() == "draft draft sent "


@pytest.mark.long
def test_a_question_that_has_sent_work_back_keeps_its_answer_under_another_id(
    sent_back: Path,
) -> None:
    (sent_back / "reworked.py").write_text(REWORKED.replace('"ship"', '"release"'))
    said = smithers(sent_back, "resume", "r1", "--rename", "ship=release")
    assert said.code == 3, said.err
    (ask,) = smithers(sent_back, "asks", "r1", "--json").document["asks"]
    assert ask["task"] == "last"
    assert (sent_back / "count").read_text() == "draft draft sent "


CHILD = """\
from smithers import *


@workflow
def kid(ctx: Context[NoInput]) -> Node[str]:
    ok = Approval("ok", ask="Go on?")
    return Sequence(ok, done := Step("done", lambda: "done"), result=done)


@workflow
def main(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("draft", lambda: "draft"), Subflow("sub", kid), Step("end", lambda: 1))
"""


def test_a_child_run_that_a_rewound_run_does_not_wait_for_is_ended(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(CHILD)
    assert smithers(tmp_path, "up", "flow.py:main", "--run-id", "r1").code == 3
    (ask,) = smithers(tmp_path, "asks", "--json").document["asks"]
    said = smithers(tmp_path, "rewind", "r1", "--frame", "0")
    assert said.code == 0
    assert f"child run {ask['run_id']} is ended" in said.err
    assert runs_of(tmp_path)[ask["run_id"]] == "cancelled"
    assert smithers(tmp_path, "asks", "--json").document["asks"] == []
    assert smithers(tmp_path, "resume", "r1").code == 3
