"""`supervise` wakes what is to be woken, once, and nothing else.

The processes are real: owners are killed with SIGKILL or stopped with SIGSTOP, and what ran is
read from a ledger outside of Smithers.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from smithers.engine.supervising import Happened, Supervisor
from smithers.store.sqlite import SqliteStore
from tests.durability.commands import Project, until


@contextmanager
def supervising(project: Project, *arguments: str) -> Generator[subprocess.Popen[str]]:
    """`supervise` in the background, until the block ends."""
    with (project.folder / "supervised").open("w") as said:
        process = subprocess.Popen(
            project.command("supervise", *arguments),
            cwd=project.folder,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            text=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(timeout=60) == 143


def status(project: Project, run: str = "r1") -> str | None:
    with closing(sqlite3.connect(project.database)) as db:
        row = db.execute(
            "SELECT status FROM statuses WHERE run_id = ? ORDER BY born DESC LIMIT 1", (run,)
        ).fetchone()
    return None if row is None else row[0]


def killed_in_plan(project: Project) -> None:
    (project.folder / "hold-plan").touch()
    process = project.start("up", "three_steps.py", "--run-id", "r1")
    until(lambda: "plan" in project.ledger, "plan")
    project.kill(process)
    (project.folder / "hold-plan").unlink()


def test_a_run_whose_owner_was_killed_and_one_that_was_answered_are_woken(project: Project) -> None:
    assert project.run("up", "gate.py", "--run-id", "g1").returncode == 3
    killed_in_plan(project)
    with supervising(project):
        until(lambda: status(project) == "finished", "the end of the killed run")
        assert status(project, "g1") == "waiting"
        assert project.run("approve", "g1").returncode == 0
        until(lambda: status(project, "g1") == "finished", "the end of the answered run")
    assert project.ledger == ["draft", "research", "plan", "plan", "implement", "ship"]


def test_a_run_is_woken_when_its_time_comes_and_left_alone_before(project: Project) -> None:
    done = project.run("up", "woken.py:retried", "--run-id", "r1", "--linger", "0")
    assert done.returncode == 3, done.stderr
    with supervising(project):
        until(lambda: status(project) == "finished", "the end of the retried run")
    assert project.ledger == ["try 1", "try 2"]


@pytest.mark.long
def test_a_question_whose_time_is_over_is_woken(project: Project) -> None:
    project.environment["ANSWER_WITHIN_S"] = "2"
    assert project.run("up", "woken.py:asked", "--run-id", "r1", "--linger", "0").returncode == 3
    with supervising(project):
        until(lambda: status(project) == "finished", "the end of the run")
    assert project.json("resume", "r1")["output"] == "approved: False"


def lingering(project: Project) -> subprocess.Popen[str]:
    """An owner that stays up for the end of the time for an answer."""
    owner = project.start("up", "woken.py:asked", "--run-id", "r1")
    until(lambda: waits_for_a_person(project), "the question")
    return owner


def waits_for_a_person(project: Project) -> bool:
    runs = project.json("ps")["runs"]
    return bool(runs and runs[0]["waiting_for"])


@pytest.mark.long
def test_an_answer_to_a_run_that_is_driven_is_taken_by_its_owner(project: Project) -> None:
    owner = lingering(project)
    (project.folder / "hold-last").touch()
    done = project.run("approve", "r1", "--resume")
    assert done.returncode == 0, done.stderr
    assert "has picked it up" in done.stderr
    (project.folder / "hold-last").unlink()
    assert "approved: True" in owner.communicate(timeout=60)[0]


@pytest.mark.long
def test_an_answer_is_recorded_and_0_given_where_the_run_then_fails_in_its_own_process(
    project: Project,
) -> None:
    (project.folder / "fails.py").write_text(
        "from ledger import note\n"
        "from smithers import *\n"
        "def boom() -> None:\n"
        "    note('boom')\n"
        "    raise ValueError('no')\n"
        "@workflow\n"
        "def fails(ctx: Context[NoInput]) -> Node:\n"
        "    return Sequence(Approval('ok', ask='?', timeout_s=50), Step('boom', boom))\n"
    )
    owner = project.start("up", "fails.py", "--run-id", "r1")
    until(lambda: waits_for_a_person(project), "the question")
    done = project.run("approve", "r1", "--resume")
    assert done.returncode == 0, done.stderr
    owner.communicate(timeout=60)
    assert owner.returncode == 1
    assert project.ledger == ["boom"], "what failed is not run again"
    assert project.run("approve", "r1", "--resume").returncode == 2, "it is decided"


@pytest.mark.long
@pytest.mark.parametrize(
    ("word", "more"),
    [
        pytest.param("approve", [], id="approve-here"),
        pytest.param("deny", ["--detach"], id="deny-detached"),
        pytest.param("approve", ["--detach"], id="approve-detached", marks=pytest.mark.trust),
        pytest.param("deny", [], id="deny-here", marks=pytest.mark.trust),
    ],
)
def test_an_answer_is_recorded_and_0_given_where_another_process_is_faster_to_drive(
    project: Project, word: str, more: list[str]
) -> None:
    owner = lingering(project)
    (project.folder / "hold-last").touch()
    # The look says that nobody drives it, as it was a moment before that owner claimed the run.
    free = "import smithers.hub as h; h.Hub.needs_process = lambda *_: True"
    code = f"{free}; from smithers.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, word, "r1", "--resume", *more],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    (project.folder / "hold-last").unlink()
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    assert owner.communicate(timeout=60)[0] == f"approved: {word == 'approve'}\n"


@pytest.mark.long
def test_a_stop_while_a_run_only_waits_leaves_it_waiting(project: Project) -> None:
    owner = lingering(project)
    owner.send_signal(signal.SIGINT)
    owner.communicate(timeout=60)
    assert owner.returncode == 130
    assert status(project) == "waiting"
    with closing(sqlite3.connect(project.database)) as db:
        ((wake_at, due),) = db.execute(
            "SELECT r.wake_at, w.due FROM runs r JOIN waits w ON w.run_id = r.run_id"
        ).fetchall()
    assert wake_at == due is not None


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        *(pytest.param(one, marks=pytest.mark.trust) for one in (signal.SIGTERM, signal.SIGHUP)),
    ],
)
def test_what_a_person_stopped_stays_stopped(project: Project, number: signal.Signals) -> None:
    (project.folder / "hold-plan").touch()
    process = project.start("up", "three_steps.py", "--run-id", "r1")
    until(lambda: "plan" in project.ledger, "plan")
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 128 + number
    done = project.json("supervise", "--once")
    assert done == {"version": 1, "done": []}
    assert status(project) == "running"
    assert project.processes() == []


def test_many_that_would_go_on_with_one_run_run_it_once(project: Project) -> None:
    killed_in_plan(project)
    (project.folder / "hold-plan").touch()
    many = [project.start("supervise", "--once") for _ in range(3)]
    many += [project.start("resume", "r1") for _ in range(3)]
    until(lambda: project.ledger.count("plan") == 2, "the second attempt")
    until(lambda: sum(one.poll() is None for one in many) <= 1, "the end of all but the owner")
    (project.folder / "hold-plan").unlink()
    for one in many:
        one.communicate(timeout=60)
    until(lambda: status(project) == "finished", "the end of the run")
    assert project.ledger == ["research", "plan", "plan", "implement"]


def test_a_second_supervisor_stands_by_and_takes_over_when_the_first_dies(
    project: Project,
) -> None:
    assert project.run("up", "gate.py", "--run-id", "g1").returncode == 3
    said = project.folder / "supervised"
    first = project.start("supervise")
    assert first.stderr is not None
    assert "supervising" in first.stderr.readline()
    refused = project.run("supervise", "--once")
    assert refused.returncode == 2
    assert str(first.pid) in refused.stderr
    with supervising(project):
        until(
            lambda: f"process {first.pid} is already supervising" in said.read_text(),
            "the standing by",
        )
        project.kill(first)
        assert project.run("approve", "g1").returncode == 0
        until(lambda: status(project, "g1") == "finished", "the end of the run")


class Fast:
    """A clock on which each look is a minute after the one before."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at


@pytest.mark.anyio
async def test_a_run_that_crashes_again_and_again_is_given_up_and_says_why(
    project: Project,
) -> None:
    process = project.start("up", "woken.py:crashing", "--run-id", "r1")
    process.communicate(timeout=60)
    told: list[Happened] = []
    async with await SqliteStore.open(project.database, now=Fast()) as store:
        supervisor = Supervisor(store, project.database, project.environment, told.append)
        end = time.monotonic() + 100
        while not told or told[-1].what != "gave up":
            assert time.monotonic() < end, told
            await supervisor.once()
    assert [one.what for one in told].count("started") == 5
    assert len(project.ledger) == 6
    assert "its process exited with code 7" in told[-1].text
    (run,) = project.json("ps")["runs"]
    assert "code 7" in run["gave_up"]
    reason = project.json("why", "r1")["reasons"][0]
    assert "gave up on the run" in reason["sentence"]
    assert "owner.log" in reason["hint"]
    (project.folder / "mended").touch()
    assert project.run("resume", "r1").returncode == 0
    assert project.json("ps")["runs"][0]["gave_up"] is None


@pytest.mark.anyio
async def test_a_run_that_cannot_be_started_says_why_and_is_not_tried_at_once_again(
    project: Project,
) -> None:
    project.environment["SHOP_TOKEN"] = "a value that is needed"
    killed_in_plan(project)
    del project.environment["SHOP_TOKEN"]
    (project.folder / "three_steps.py").unlink()
    told: list[Happened] = []
    at = datetime.now(UTC)
    async with await SqliteStore.open(project.database, now=lambda: at) as store:
        supervisor = Supervisor(store, project.database, project.environment, told.append)
        for _ in range(3):
            await supervisor.once()
    (failed,) = told
    assert failed.what == "failed"
    assert "three_steps.py" in failed.text
    assert "SHOP_TOKEN" in failed.text


def age(project: Project, pid: int) -> None:
    """Let the last heartbeat of a process be longer ago than a lease lasts."""
    with closing(sqlite3.connect(project.database, timeout=30)) as db:
        db.execute("UPDATE owners SET beat_ns = beat_ns - 31000000000 WHERE pid = ?", (pid,))
        db.commit()


def test_a_cancel_of_a_stopped_owner_is_carried_out_when_its_lease_is_over(
    project: Project,
) -> None:
    owner = project.start("up", "woken.py:busy", "--run-id", "r1")
    until(lambda: "begun" in project.ledger, "the agent")
    until(lambda: len(tails(project)) == 1, "the agent's job in a session of its own")
    owner.send_signal(signal.SIGSTOP)
    assert project.json("cancel", "r1")["outcome"] == "asked"
    assert project.json("supervise", "--once")["done"] == []
    age(project, owner.pid)
    (done,) = project.json("supervise", "--once")["done"]
    assert (done["what"], done["run_id"]) == ("cancelled", "r1")
    assert status(project) == "cancelled"
    until(lambda: not tails(project), "the end of the agent's job", within_s=5)
    owner.communicate(timeout=60)
    assert owner.returncode == -signal.SIGKILL
    assert status(project) == "cancelled"
    assert project.ledger == ["begun"]


def test_a_stopped_owner_is_taken_over_after_its_agents_were_killed(project: Project) -> None:
    owner = project.start("up", "woken.py:busy", "--run-id", "r1")
    until(lambda: len(tails(project)) == 1, "the agent's job")
    (job,) = tails(project)
    owner.send_signal(signal.SIGSTOP)
    age(project, owner.pid)
    with supervising(project):
        until(lambda: project.ledger == ["begun", "begun"], "the second attempt")
        assert job.pid not in [one.pid for one in tails(project)]
        (project.folder / "go").touch()
        until(lambda: status(project) == "finished", "the end of the run")
    owner.communicate(timeout=60)
    assert owner.returncode == -signal.SIGKILL
    assert status(project) == "finished"


def tails(project: Project) -> list[psutil.Process]:
    """The jobs that the agent has left in the background."""
    return [one for one in project.processes() if "tail" in " ".join(_words(one))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline() if process.name() == "tail" else []
    except psutil.Error:
        return []


@pytest.mark.long
def test_a_run_of_a_detached_process_is_cancelled_with_all_its_descendants(
    project: Project,
) -> None:
    assert project.run("up", "woken.py:busy", "--run-id", "r1", "--detach").returncode == 0
    until(lambda: len(tails(project)) == 1, "the agent's job")
    assert project.json("cancel", "r1")["outcome"] == "asked"
    until(lambda: not project.processes(), "the end of every process")
    assert status(project) == "cancelled"


def detached(project: Project, run: str = "r1") -> int:
    """The process that drives a run."""
    return int(project.json("inspect", run)["run"]["owner"]["pid"])


def test_a_detached_run_survives_the_end_of_whoever_started_it(project: Project) -> None:
    (project.folder / "hold-plan").touch()
    arguments = ("up", "three_steps.py", "--run-id", "r1", "--detach", "--json")
    shell = subprocess.Popen(
        [*("/bin/sh", "-c", '"$@"; sleep 300', "sh"), *project.command(*arguments)],
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert shell.stdout is not None
    told = json.loads(shell.stdout.readline())
    assert (told["run_id"], told["status"]) == ("r1", "running")
    assert detached(project) == told["pid"]
    os.killpg(shell.pid, signal.SIGHUP)
    os.killpg(shell.pid, signal.SIGKILL)
    shell.communicate(timeout=60)
    (project.folder / "hold-plan").unlink()
    until(lambda: status(project) == "finished", "the end of the run")
    until(lambda: "r1 finished" in Path(told["log"]).read_text(), "the last line of the log")


@pytest.mark.long
def test_what_keeps_a_detached_run_from_beginning_is_told_as_if_it_were_attached(
    project: Project,
) -> None:
    (project.folder / "wrong.py").write_text("import nothing_of_that_name\n")
    for arguments in (
        ["nowhere.py"],
        ["wrong.py"],
        ["three_steps.py", "--input", '{"depth": 1}'],
        ["gate.py:other"],
    ):
        arguments[0] = str(project.folder / arguments[0])
        here = project.run("up", *arguments, "--run-id", "r1")
        there = project.run("up", *arguments, "--run-id", "r1", "--detach")
        assert here.returncode == there.returncode == 2
        assert there.stderr.splitlines() == here.stderr.splitlines()
    assert not project.database.exists()


@pytest.mark.long
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        *(pytest.param(one, marks=pytest.mark.trust) for one in (signal.SIGINT, signal.SIGHUP)),
    ],
)
def test_a_detached_process_that_the_machine_ends_is_woken_again(
    project: Project, number: signal.Signals
) -> None:
    (project.folder / "hold-plan").touch()
    assert project.run("up", "three_steps.py", "--run-id", "r1", "--detach").returncode == 0
    until(lambda: "plan" in project.ledger, "plan")
    os.kill(detached(project), number)
    until(lambda: not project.processes(), "the end of the owner")
    (project.folder / "hold-plan").unlink()
    (done,) = project.json("supervise", "--once")["done"]
    assert done["what"] == "started"
    until(lambda: status(project) == "finished", "the end of the run")


def test_an_approval_is_given_and_the_run_goes_on_elsewhere(project: Project) -> None:
    assert project.run("up", "gate.py", "--run-id", "r1").returncode == 3
    done = project.json("approve", "r1", "--by", "ann", "--resume", "--detach")
    assert done["decided"]["by"] == "ann"
    until(lambda: status(project) == "finished", "the end of the run")


def test_the_log_of_a_detached_run_holds_no_secret(project: Project) -> None:
    project.environment["SHOP_API_TOKEN"] = "tok-5f1d8e0c"
    # The long line is cut in the middle of the secret.
    (project.folder / "loud.py").write_text(
        "import os\n"
        "from smithers import Context, Node, NoInput, Step, workflow\n"
        "def shout() -> str:\n"
        "    os.system('echo by a child: $SHOP_API_TOKEN')\n"
        "    print('by us:', os.environ['SHOP_API_TOKEN'], flush=True)\n"
        "    print('y' * (2**17 - 4) + os.environ['SHOP_API_TOKEN'], flush=True)\n"
        "    return 'done'\n"
        "@workflow\n"
        "def loud(ctx: Context[NoInput]) -> Node:\n"
        "    return Step('shout', shout)\n"
    )
    assert project.run("up", "loud.py", "--run-id", "r1", "--detach").returncode == 0
    log = project.database.with_suffix(".runs") / "r1" / "owner.log"
    until(lambda: "r1 finished" in log.read_text(), "the last line")
    said = log.read_text()
    assert "5f1d8e0c" not in said
    assert "by a child: ${SHOP_API_TOKEN}" in said
    assert "by us: ${SHOP_API_TOKEN}" in said
    assert log.stat().st_mode & 0o077 == 0


@pytest.mark.long
def test_an_agent_may_start_runs_in_another_database_which_end_with_it(project: Project) -> None:
    """Durably: whoever has that database resumes them."""
    project.environment["PYTHON"] = sys.executable
    (project.folder / "hold-inner").touch()
    done = project.run("up", "woken.py:launching", "--run-id", "outer", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)["output"]
    assert "an agent may not start a run: this process was started by run outer" in said
    assert "other: 0" in said
    until(lambda: project.jobs(os.getpid()) == [], "the end of what the agent had started")
    found = project.run("ps", "--db", "other.db", "--json")
    assert json.loads(found.stdout)["runs"][0]["run_id"] == "inner"
    (project.folder / "hold-inner").unlink()
    done = project.run("resume", "inner", "--db", "other.db")
    assert (done.returncode, done.stdout) == (0, "held\n"), done.stderr
