"""CheckSuite, GatherAndSynthesize, Poller, Runbook, ScanFixVerify."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from pydantic import BaseModel

from smithers import Command, Context, ForEach, Node, NoInput, Step, Task
from smithers.agent import Ask
from smithers.patterns import (
    CheckSuite,
    GatherAndSynthesize,
    Poller,
    Procedure,
    Runbook,
    ScanFixVerify,
)
from tests.patterns.flows import answers, begin, error_of, gives
from tests.rules.agents import Scripted
from tests.rules.runs import Clock, Run

# -- CheckSuite


def fails() -> str:
    raise OSError("no network")


def suite(**options: Any) -> Run:
    def make(ctx: Context[NoInput]) -> Node:
        lint = Command("lint", [sys.executable, "-c", "exit('line 3 is long')"], check=False)
        build = Command("build", [sys.executable, "-c", "exit(2)"])
        links, types = Step("links", fails), Step("types", lambda: "fine")
        return CheckSuite("all", ctx, lint, build, links, types, **options)

    return begin(make)


def test_every_check_runs_and_the_report_says_which_failed() -> None:
    run = suite(on_failure="finish")
    assert run.go().status == "finished"
    report = gives(run, "all-report")
    assert report["passed"] == ["types"]
    assert report["failed"]["lint"] == "exit code 1 line 3 is long"
    assert list(report["failed"]) == ["lint", "build", "links"]
    assert "no network" in report["failed"]["links"]


def test_a_suite_with_a_failure_fails_and_names_it() -> None:
    run = suite()
    assert run.go().status == "failed"
    assert "3 of 4 checks failed\nlint: exit code 1" in error_of(run, "all-report")


# -- GatherAndSynthesize


def gathered(broken: tuple[str, ...], **options: Any) -> Run:
    def make(ctx: Context[NoInput]) -> Node[str]:
        def gather(source: str) -> Node[str]:
            answer = RuntimeError("down") if source in broken else f"{source} says"
            return Task(f"read {source}", agent=answers(answer), prompt=f"Read {source}.")

        def synthesize(found: ForEach[str]) -> Node[str]:
            def whole() -> str:
                missing = [one.key for one in ctx.failures(found)]
                return f"{ctx[found]}, not {missing}"

            return Step("whole", whole)

        sources = ["news", "wiki", "mail"]
        return GatherAndSynthesize("facts", ctx, sources, gather, synthesize, key=str, **options)

    return begin(make)


def test_what_was_gathered_is_read_in_the_order_of_the_sources() -> None:
    assert gathered(()).go().output == "\"['news says', 'wiki says', 'mail says'], not []\""


def test_sources_may_be_missing_as_long_as_enough_are_left() -> None:
    run = gathered(("wiki",), at_least=2)
    assert run.go().output == "\"['news says', 'mail says'], not ['wiki']\""


@pytest.mark.parametrize("at_least", [None, 3])
def test_too_few_sources_fail_it(at_least: int | None) -> None:
    run = gathered(("wiki",), at_least=at_least)
    assert run.go().status == "failed"
    assert run.outcome("whole") == "cancelled"


# -- Poller


def polled(clock: Clock, *found: int, **options: Any) -> Run:
    left = [*found]

    def make(ctx: Context[NoInput]) -> Node[int]:
        probe = Step("probe", lambda: left.pop(0))
        options.setdefault("max_probes", 9)
        return Poller("poll", ctx, probe, done=lambda n: n == 0, every_s=600, **options)

    return begin(make, now=clock, linger_s=0)


def test_it_probes_at_once_and_then_after_each_pause() -> None:
    clock = Clock()
    run = polled(clock, 2, 1, 0)
    for probes in (1, 2):
        assert run.go().status == "waiting"
        assert run.outcome("probe", probes - 1) == "finished"
        assert run.go().status == "waiting"
        clock.pass_s(601)
    ended = run.go()
    assert (ended.status, ended.output) == ("finished", "0")


@pytest.mark.parametrize(("on_exhausted", "status"), [("fail", "failed"), ("finish", "finished")])
def test_the_probes_are_bounded(on_exhausted: str, status: str) -> None:
    run = polled(Clock(), 5, max_probes=1, on_exhausted=on_exhausted)
    assert run.go().status == status


# -- Runbook


def runbook(log: list[str], broken: str = "", **more: Any) -> Run:
    def did(what: str) -> Any:
        def run() -> str:
            if what == broken:
                raise OSError(f"{what} broke")
            log.append(what)
            return what

        return run

    def make(ctx: Context[NoInput]) -> Node[list[str]]:
        def procedure(name: str, **more: Any) -> Procedure:
            do, verify, undo = (
                Step(f"{verb} {name}", did(f"{verb} {name}")) for verb in ("do", "verify", "undo")
            )
            return Procedure(name=name, do=do, verify=verify, undo=undo, **more)

        return Runbook("move", procedure("stop"), procedure("copy", **more), procedure("start"))

    return begin(make)


def test_procedures_are_done_in_order_and_verified() -> None:
    log: list[str] = []
    assert runbook(log).go().output == '["stop","copy","start"]'
    assert log == [
        f"{verb} {name}" for name in ("stop", "copy", "start") for verb in ("do", "verify")
    ]


def test_what_was_done_is_undone_in_reverse_order_if_a_verification_fails() -> None:
    log: list[str] = []
    run = runbook(log, broken="verify copy")
    ended = run.go()
    assert ended.status == "failed"
    assert log == ["do stop", "verify stop", "do copy", "undo copy", "undo stop"]


def test_a_person_who_denies_a_procedure_has_the_others_undone() -> None:
    log: list[str] = []
    run = runbook(log, confirm="Copy the data?")
    assert run.go().status == "waiting"
    run.answer("move-copy-ok", approved=False)
    assert run.go().status == "failed"
    assert log == ["do stop", "verify stop", "undo stop"]


# -- ScanFixVerify


class Review(BaseModel):
    approved: bool
    feedback: str = ""


class Repairs:
    """Problems; the fixer fixes one at its nth try."""

    def __init__(self, **tries: int) -> None:
        self.left = tries
        self.fixer = Scripted(self.fix, name="fixer")
        self.checker = Scripted(self.verify, name="checker", native_schema=True)
        self.scans = 0

    def scan(self) -> list[str]:
        self.scans += 1
        return [name for name, tries in self.left.items() if tries > 0]

    def fix(self, ask: Ask) -> str:
        name = ask.prompt.split()[0]
        self.left[name] -= 1
        return "tried"

    def verify(self, ask: Ask) -> str:
        return json.dumps({"approved": self.left[ask.prompt.split()[0]] <= 0, "feedback": "no"})

    def __call__(self, ctx: Context[NoInput], **options: Any) -> Node[list[str]]:
        def fix(problem: str) -> Node[str]:
            return Task(f"fix {problem}", agent=self.fixer, prompt=f"{problem} must go")

        def verify(problem: str, fixed: Node[object]) -> Node[Review]:
            return Task(
                f"verify {problem}",
                agent=self.checker,
                prompt=lambda: f"{problem} gone? {ctx[fixed]}",
                output=Review,
            )

        scan = Step("scan", self.scan)
        return ScanFixVerify("clean", ctx, scan, fix, verify, key=str, **options)


def test_it_fixes_until_a_scan_finds_nothing() -> None:
    repairs = Repairs(a=1, b=2, c=3)
    run = begin(repairs)
    assert run.go().output == "[]"
    assert repairs.scans == 3
    assert len(repairs.fixer.asks) == 6
    assert run.outcome("clean/c-verdict", 0) == "failed"
    assert run.outcome("clean/c-verdict", 1) == "finished"


def test_nothing_is_fixed_if_nothing_is_found() -> None:
    repairs = Repairs()
    assert begin(repairs).go().output == "[]"
    assert repairs.scans == 1


@pytest.mark.parametrize("on_exhausted", ["fail", "finish"])
def test_the_rounds_of_fixes_are_bounded(on_exhausted: str) -> None:
    repairs = Repairs(a=1, b=9)
    run = begin(lambda ctx: repairs(ctx, max_rounds=2, max_tries=1, on_exhausted=on_exhausted))
    ended = run.go()
    assert (repairs.scans, len(repairs.fixer.asks)) == (3, 3)
    if on_exhausted == "fail":
        assert error_of(run, "clean-verdict").endswith("still found after 2 rounds: b")
    else:
        assert ended.output == '["b"]'
