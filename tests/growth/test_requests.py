"""What is asked of a run from outside, at the price of a short run: by the statements that the
database is given, and by the changes that are folded. Nobody makes the plan of a run for it.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.driving import Counting
from bench.measuring import ROOT
from bench.statements import counted
from smithers.changes import Change, Key
from smithers.cli._main import run as command
from smithers.engine.attaching import Work, find_work
from smithers.engine.driving import Driving
from smithers.engine.engine import Engine
from smithers.errors import Owned
from smithers.hub import Hub
from smithers.state import RunState
from smithers.store.lease import this_process
from smithers.store.sqlite import SqliteStore

SHORT, LONG = "one", "run"
STEPS = 60
"""So many have finished in the long run, and one in the short one; both wait for an approval beside
an agent at work, and their owner was killed.
"""
REQUESTS = {
    "approve": ["approve", "bench", "ship"],
    "deny": ["deny", "bench"],
    "answer": ["answer", "bench", "ship", "--choice", "approve"],
    "send": ["send", "bench", "paid"],
    "steer": ["steer", "bench", "work", "Leave the tests alone"],
    "cancel": ["cancel", "bench"],
    "budget": ["budget", "bench", "--add-usd", "5"],
    "asks": ["asks", "bench"],
    "asks of a task": ["asks", "bench", "ship"],
    "asks of all": ["asks"],
    "why": ["why", "bench"],
    "events": ["events", "bench", "--after", "999999.0"],
}


@dataclass
class Asked:
    """What a request costs: statements, changes that were folded, and plans that were made."""

    statements: int = 0
    folded: int = 0
    plans: int = 0


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    words = [sys.executable, "-m", "bench.requesting", "fill", str(STEPS), str(folder)]
    subprocess.run(words, cwd=ROOT, check=True, timeout=120)
    return folder


@pytest.fixture
def databases(filled: Path, tmp_path: Path) -> dict[str, Path]:
    """A short run and a long one, of one's own."""
    return {
        name: Path(shutil.copytree(filled / name, tmp_path / name)) / "bench.db"
        for name in (SHORT, LONG)
    }


@contextmanager
def asking() -> Generator[Asked]:
    found, apply, prepare = Asked(), RunState.apply, Engine.prepare

    def folding(state: RunState, change: Change, frame: int) -> None:
        found.folded += 1
        apply(state, change, frame)

    def planning(engine: Engine, store: SqliteStore | None = None) -> None:
        found.plans += 1
        prepare(engine, store)

    with pytest.MonkeyPatch.context() as patch, counted() as statements:
        patch.setattr(RunState, "apply", folding)
        patch.setattr(Engine, "prepare", planning)
        yield found
    found.statements = statements.all


def both(databases: dict[str, Path], request: Callable[[Path], object]) -> tuple[Asked, Asked]:
    """What a request costs in the short run and in the long one."""
    found: list[Asked] = []
    for name in (SHORT, LONG):
        with asking() as asked:
            request(databases[name])
        found.append(asked)
    return found[0], found[1]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", REQUESTS)
def test_a_command_about_a_long_run_costs_what_it_costs_of_a_short_one(
    name: str, databases: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = REQUESTS[name]
    said: list[str] = []

    def request(database: Path) -> None:
        command([*words, "--db", str(database)])
        told = capsys.readouterr()
        said.append((told.out + told.err).replace(str(database), "DATABASE"))

    request(databases[SHORT].parent / "none.db")  # what only a first command costs
    short, long = both(databases, request)
    assert short == long, said
    assert long.plans == 0


@pytest.mark.parametrize("task", ["step 0", "work", "ship", "nothing"])
def test_one_task_of_a_long_run_is_read_alone(task: str, databases: dict[str, Path]) -> None:
    short, long = both(databases, lambda path: Hub(path).task("bench", task))
    assert short == long


def trusts(*_: object, **__: object) -> None:
    """The database is a copy, which nobody has trusted."""


def test_the_agent_of_a_task_is_found_without_a_plan_of_the_run(
    databases: dict[str, Path],
) -> None:
    """A living owner has made it of the same files."""

    async def find(database: Path, *, owned: bool) -> Work:
        driving = Driving(database, {})
        async with await SqliteStore.open(database) as store:
            return await find_work(driving, store, "bench", Key("work"), owned=owned)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Driving, "_check_may_run", trusts)
        short, long = both(databases, lambda path: asyncio.run(find(path, owned=True)))
        assert short == long
        assert (long.folded, long.plans) == (0, 0)
        with asking() as asked:
            work = asyncio.run(find(databases[LONG], owned=False))
    assert asked.plans == 1
    assert [agent.name for agent in work.agents] == ["busy"]


def test_the_row_of_a_run_is_enough_to_say_how_it_is_resumed(databases: dict[str, Path]) -> None:
    short, long = both(databases, lambda path: Hub(path).resume_in_program("bench"))
    assert short == long
    assert long.folded == 0


def test_a_run_that_a_process_drives_is_not_read_to_be_told_so(
    databases: dict[str, Path],
) -> None:
    async def resume(database: Path) -> None:
        async with await SqliteStore.open(database) as store:
            run = await store.run("bench")
            await store.claim("bench", this_process(), source=run.source)
            with pytest.raises(Owned, match="bench"):
                await Hub(database).resume("bench", observer=Counting())

    short, long = both(databases, lambda path: asyncio.run(resume(path)))
    assert short.folded == long.folded
    assert abs(long.statements - short.statements) <= 2  # a heartbeat on a slow machine
