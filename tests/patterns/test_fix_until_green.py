"""FixUntilGreen: a command decides, and it has the last word."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from smithers import Budget, Command, Context, Node, NoInput, Sequence, Task
from smithers.agent import Ask
from smithers.patterns import FixUntilGreen
from tests.patterns.flows import answers, begin, error_of, gives
from tests.rules.agents import Scripted


class Scene:
    """A file with a number of bugs; each fix removes one of them."""

    def __init__(self, folder: Path, bugs: int) -> None:
        self.file = folder / "bugs"
        self.file.write_text("bug\n" * bugs)
        self.checks = folder / "checks"
        self.agent = Scripted(self.fix, name="fixer")

    def fix(self, ask: Ask) -> str:
        self.file.write_text("".join(self.file.read_text().splitlines(keepends=True)[1:]))
        return "removed a bug"

    def __call__(self, ctx: Context[NoInput], **options: Any) -> Node:
        count = "n = len(open('bugs').readlines()); open('checks', 'a').write('x')"
        code = f"{count}; print(n, 'bugs'); raise SystemExit(n > 0)"
        check = Command("tests", [sys.executable, "-c", code], cwd=self.file.parent, check=False)
        budget = options.pop("budget", None)
        write = options.pop("continues", None)
        fix = Task(
            "fix",
            agent=[answers(OSError("down"), name="first"), self.agent] if budget else self.agent,
            prompt=lambda: f"Fix: {ctx[check].stdout}",
            continues=write,
        )
        return FixUntilGreen("green", ctx, check, fix, **options)

    @property
    def checked(self) -> int:
        return len(self.checks.read_text())


def test_it_fixes_until_the_command_succeeds(tmp_path: Path) -> None:
    scene = Scene(tmp_path, 2)
    run = begin(scene)
    assert run.go().status == "finished"
    assert [ask.prompt[:11] for ask in scene.agent.asks] == ["Fix: 2 bugs", "Fix: 1 bugs"]
    assert scene.checked == 3
    assert gives(run, "green-verdict") == "green"


def test_a_fix_that_continues_an_earlier_task_works_in_its_session_each_round(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, 2)
    scene.agent = Scripted("made", scene.fix, scene.fix, name="fixer")

    def make(ctx: Context[NoInput]) -> Node:
        write = Task("write", agent=scene.agent, prompt="Write.")
        return Sequence(write, scene(ctx, continues=write))

    run = begin(make)
    assert run.go().status == "finished"
    first, *fixes = scene.agent.asks
    assert first.session is None
    assert [ask.session for ask in fixes] == ["fixer-1", "fixer-1"]


def test_nothing_is_paid_if_it_is_green_at_first(tmp_path: Path) -> None:
    scene = Scene(tmp_path, 0)
    assert begin(scene).go().status == "finished"
    assert (len(scene.agent.asks), scene.checked) == (0, 1)


def test_the_last_fix_is_checked_and_what_is_still_red_fails(tmp_path: Path) -> None:
    scene = Scene(tmp_path, 3)
    run = begin(lambda ctx: scene(ctx, max_fixes=2))
    assert run.go().status == "failed"
    assert (len(scene.agent.asks), scene.checked) == (2, 3)
    assert error_of(run, "green-verdict").endswith("exit code 1 after 2 fixes\n1 bugs")


def test_the_last_fix_may_be_the_one_that_helps(tmp_path: Path) -> None:
    scene = Scene(tmp_path, 2)
    assert begin(lambda ctx: scene(ctx, max_fixes=2)).go().status == "finished"
    assert scene.checked == 3


def test_it_may_finish_red(tmp_path: Path) -> None:
    scene = Scene(tmp_path, 2)
    run = begin(lambda ctx: scene(ctx, max_fixes=1, on_exhausted="finish"))
    assert run.go().status == "finished"
    assert gives(run, "green-verdict") == "red"


@pytest.mark.parametrize("bugs", [1, 3])
def test_a_budget_stops_the_fixes_and_the_last_one_is_checked(tmp_path: Path, bugs: int) -> None:
    from smithers import Sequence

    scene = Scene(tmp_path, bugs)
    budget = Budget(calls=1, on_exhausted="finish")
    run = begin(lambda ctx: Sequence(scene(ctx), budget=budget))
    assert run.go().status == ("finished" if bugs == 1 else "failed")
    assert len(scene.agent.asks) == 1
    assert scene.checked == 2
