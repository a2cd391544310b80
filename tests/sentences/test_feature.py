"""Sentence 8: parts in the order of their needs, four at once, and only failed ones again."""

from __future__ import annotations

import pytest

from examples.sentences import feature as example
from examples.sentences.feature import Feature, Part, Plan
from smithers.agent import Ask
from tests.rules.agents import Scripted
from tests.rules.runs import Run
from tests.sentences.runs import Crowd, error_of, run_of


def part(name: str, *needs: str) -> Part:
    return Part(name=name, goal=f"Make {name}.", needs=list(needs), check=f"test -f {name}")


LEAVES = [part(f"leaf{number}") for number in range(6)]
WHOLE = [part("whole", *(leaf.name for leaf in LEAVES)), *LEAVES]


def make(ask: Ask) -> str:
    """Make what is wanted; the first try for leaf2 forgets it."""
    name = ask.prompt.removeprefix("Make ").partition(".")[0]
    if name != "leaf2" or ask.session is not None:
        (ask.cwd / name).touch()
    return f"made {name}"


def started(monkeypatch: pytest.MonkeyPatch, worker: Scripted, *plans: list[Part]) -> Run:
    lines = [Plan.model_construct(parts=plan).model_dump_json() for plan in plans]
    planner = Scripted(*lines, name="planner")
    for name, agent in (("planner", planner), ("claude", worker), ("codex", Scripted())):
        monkeypatch.setattr(example, name, agent)
    return run_of(example.feature, Feature(feature="a whole of six leaves"))


def test_at_most_four_work_at_once_and_only_what_failed_its_check_is_done_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = Crowd(4, make, "claude")
    run = started(monkeypatch, worker, WHOLE)
    assert run.go().status == "finished"
    assert worker.most == 4
    done = [ask.prompt.partition(".")[0].removeprefix("Make ") for ask in worker.asks]
    assert done[-1] == "whole"
    assert sorted(done) == sorted([*(leaf.name for leaf in LEAVES), "leaf2", "whole"])
    again = next(ask for ask in worker.asks if ask.session is not None)
    assert "test -f leaf2" in again.told or "check leaf2" in again.told


def test_a_part_whose_check_never_succeeds_fails_the_run_and_what_needs_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = Scripted("did nothing", name="claude")
    run = started(monkeypatch, worker, [part("a"), part("b", "a")])
    assert run.go().status == "failed"
    assert len(worker.asks) == 3
    assert run.outcome("work b") == "cancelled"
    assert error_of(run, "check a") == "`test -f a` exited with code 1"


@pytest.mark.parametrize(
    "wrong",
    [
        [part("a", "b"), part("b", "a")],
        [part("a", "ghost")],
        [part("a"), part("a")],
        [part("a").model_copy(update={"name": "a\nb"})],
    ],
    ids=["cycle", "unknown", "twice", "no name"],
)
def test_the_planner_corrects_a_plan_that_cannot_be_done(
    monkeypatch: pytest.MonkeyPatch, wrong: list[Part]
) -> None:
    worker = Scripted(make, name="claude")
    run = started(monkeypatch, worker, wrong, [part("a")])
    assert run.go().status == "finished"
    assert len(worker.asks) == 1
