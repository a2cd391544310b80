"""No descendant of a program outlives its attempt: real processes, really killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from smithers import Attempt, Command, Parallel, Step
from smithers.changes import Key
from tests.commands.family import FAMILY, MEMBERS, await_family, living, until
from tests.commands.running import PYTHON, run_of
from tests.durability.commands import Project
from tests.durability.conftest import project as project

WORDS = [*PYTHON, FAMILY]


def step(id: str, words: list[str], timeout_s: float | None = None) -> Step[Any]:
    return Step(id, lambda attempt: attempt.run(words).exit_code, output=int, timeout_s=timeout_s)


def async_step(id: str, words: list[str], timeout_s: float | None = None) -> Step[Any]:
    async def run(attempt: Attempt) -> int:
        return (await attempt.arun(words)).exit_code

    return Step(id, run, timeout_s=timeout_s)


def command(id: str, words: list[str], timeout_s: float | None = None) -> Command[Any]:
    return Command(id, words, timeout_s=timeout_s)


Make = Callable[..., Any]
WAYS = pytest.mark.parametrize("make", [command, step, async_step])


async def cancelled(run: Any, when: Callable[[], bool]) -> None:
    """Drive a run, and cancel it as another process would."""
    driving = asyncio.create_task(run.drive())
    while not when() and not driving.done():  # noqa: ASYNC110  # processes ring no bell
        await asyncio.sleep(0.02)
    await run.cancel()
    async with asyncio.timeout(60):
        await driving


@WAYS
def test_a_cancelled_run_leaves_no_descendant(make: Make) -> None:
    run = run_of(lambda ctx: make("x", [*WORDS, "0", "waits"]))
    asyncio.run(cancelled(run, lambda: len(living(run.folder)) == MEMBERS))
    assert run.state.run_status == "cancelled"
    assert len(list(run.folder.glob("*.pid"))) == MEMBERS
    assert living(run.folder) == []


@WAYS
def test_a_program_whose_time_is_over_leaves_no_descendant(make: Make) -> None:
    run = run_of(lambda ctx: make("x", [*WORDS, "0", "waits"], timeout_s=1.5))
    run.go()
    failure = run.state.ended[Key("x")].error
    assert failure is not None
    assert "within 1.5 s" in failure.message
    assert living(run.folder) == []


def test_what_a_program_left_in_the_background_ends_with_it() -> None:
    run = run_of(lambda ctx: command("x", [*WORDS, "0", "ends"]))
    assert run.go().status == "finished"
    assert len(list(run.folder.glob("*.pid"))) == MEMBERS - 1
    assert living(run.folder) == []


def test_two_hundred_forks_end_with_a_program_that_ignores_sigterm() -> None:
    run = run_of(lambda ctx: command("x", [*WORDS, "200", "deaf"]))
    asyncio.run(cancelled(run, lambda: len(living(run.folder)) == MEMBERS + 200))
    assert len(list(run.folder.glob("*.pid"))) == MEMBERS + 200
    assert living(run.folder) == []


def test_a_failure_beside_it_ends_a_program() -> None:
    def make(ctx: Any) -> Any:
        def fail() -> None:
            await_family(run.folder)
            raise RuntimeError

        return Parallel(
            command("x", [*WORDS, "0", "waits"]), Step("fail", fail), on_failure="cancel"
        )

    run = run_of(make)
    run.go(within_s=60)
    assert run.state.ended[Key("x")].outcome == "cancelled"
    assert living(run.folder) == []


FLOW = """
from smithers import Command, Context, Node, NoInput, Parallel, Step, workflow

WORDS = {words!r}

@workflow
def flow(ctx: Context[NoInput]) -> Node:
    again = "test -e again || "
    return Parallel(
        Command("x", lambda: again + {command!r}, shell=True, cwd="one"),
        Step("y", lambda attempt: attempt.run(again + {command!r}, shell=True, cwd="two").stdout),
    )
"""


def words_of_shell() -> str:
    from shlex import join

    return join([*WORDS, "0", "waits"])


@pytest.mark.sampled(1)
@pytest.mark.parametrize("killed", ["owner", "owner and guards"])
def test_a_killed_owner_leaves_no_descendant(project: Project, killed: str) -> None:
    folders = [project.folder / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    text = FLOW.format(words=WORDS, command=words_of_shell())
    (project.folder / "flow.py").write_text(text)
    owner = project.start("up", "flow.py", "--run-id", "r1")
    for folder in folders:
        await_family(folder)
    found = [pid for folder in folders for pid in living(folder)]
    victims = [owner.pid]
    if killed == "owner and guards":
        until(lambda: rows(project) >= {*found}, "rows of all that its guards have seen")
        victims += [one.pid for one in psutil.Process(owner.pid).children()]
        for pid in victims:
            os.kill(pid, signal.SIGSTOP)  # none can act when another dies
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    owner.communicate(timeout=60)
    if killed == "owner":
        until(lambda: not any(map(living, folders)), "the end of all", within_s=10)
    for folder in folders:
        (folder / "again").touch()
    done = project.run("resume", "r1")
    assert done.returncode == 0, done.stderr
    assert not any(map(living, folders))
    assert rows(project) == set()
    tasks = project.tasks()
    assert [one["state"] for one in tasks["x"]["attempts"]] == ["interrupted", "succeeded"]
    assert [one["state"] for one in tasks["y"]["attempts"]] == ["interrupted", "succeeded"]


def rows(project: Project) -> set[int]:
    with closing(sqlite3.connect(project.database)) as db:
        return {pid for (pid,) in db.execute("SELECT pid FROM processes")}


def test_a_program_cannot_decide_on_its_own_run(project: Project) -> None:
    (project.folder / "flow.py").write_text(
        """
import sys
from smithers import Approval, Command, Context, Node, NoInput, Parallel, workflow

APPROVE = [sys.executable, "-m", "smithers", "approve", "r1", "ask"]
CLEARED = ["env", "-u", "SMITHERS_RUN", "-u", "SMITHERS_ATTEMPT", *APPROVE]

@workflow
def flow(ctx: Context[NoInput]) -> Node:
    return Parallel(
        Approval("ask", ask="May it?"),
        Command("marked", APPROVE, check=False),
        Command("cleared", CLEARED, check=False),
    )
"""
    )
    assert project.run("up", "flow.py", "--run-id", "r1").returncode == 3
    tasks = project.tasks()
    for id in ("marked", "cleared"):
        assert "an agent may not" in tasks[id]["output"]["stderr"]
    assert tasks["ask"]["state"] == "waiting"


def test_a_thread_that_runs_a_program_hears_of_the_cancellation() -> None:
    heard: list[BaseException] = []
    over = threading.Event()

    def work(attempt: Attempt) -> None:
        try:
            attempt.run([*WORDS, "0", "waits"])
        except BaseException as error:
            heard.append(error)
            try:
                attempt.run(["touch", "late"])
            except BaseException as late:
                heard.append(late)
            over.set()
            raise

    run = run_of(lambda ctx: Step("x", work))
    asyncio.run(cancelled(run, lambda: len(living(run.folder)) == MEMBERS))
    assert over.wait(20)
    assert [type(error) for error in heard] == [asyncio.CancelledError] * 2
    assert run.state.ended[Key("x")].outcome == "cancelled"
    assert not Path(run.folder / "late").exists()


def test_a_thread_that_outlives_its_attempt_starts_nothing() -> None:
    late: list[BaseException] = []
    over = threading.Event()

    def work(attempt: Attempt) -> None:
        try:
            attempt.run(["sleep", "300"])
        finally:
            try:
                attempt.run(["touch", "late"])
            except BaseException as error:
                late.append(error)
            over.set()

    def wait() -> bool:
        return over.wait(60)

    run = run_of(lambda ctx: Parallel(Step("x", work, timeout_s=0.5), Step("y", wait)))
    run.go(within_s=90)
    assert run.state.ended[Key("y")].outcome == "finished"
    assert [type(error) for error in late] == [asyncio.CancelledError]
    assert not (run.folder / "late").exists()
