"""The workflow of examples/ports/review_and_ship.py with written answers: its work is real files.

The first attempt to fix findings never ends: it makes a file `stuck` beside the repository.
"""

from __future__ import annotations

import asyncio

from examples.ports import review_and_ship as port
from examples.ports.review_and_ship import Change, Commit, Finding
from harnesses import Scripted
from smithers.agent import Ask
from smithers.patterns import Refutation

MUL = "def mul(a: int, b: int) -> int:\n    return a {} b\n"


def finding(line: int, problem: str, fix: str, mechanical: bool = False) -> Finding:
    return Finding(place=f"mul.py:{line}", problem=problem, fix=fix, mechanical=mechanical)


def refute(ask: Ask) -> Refutation:
    return Refutation(refuted="nothing tests zero" in ask.prompt, reason="test_mul.py:8 does")


def fix_tests(ask: Ask) -> str:
    assert "AssertionError" in ask.prompt
    (ask.cwd / "mul.py").write_text("# adds\n" + MUL.format("*"))
    return "It multiplies now."


async def fix_findings(ask: Ask) -> str:
    stuck = ask.cwd.parent / "stuck"
    if not stuck.exists():
        stuck.touch()
        await asyncio.Event().wait()
    assert "says adds" in ask.prompt, "it is mechanical"
    assert "no word on overflow" in ask.prompt, "a person chose it"
    assert "../../etc" not in ask.prompt, "a person did not"
    assert "nothing tests zero" not in ask.prompt, "it is refuted"
    (ask.cwd / "mul.py").write_text("# multiplies integers of any size\n" + MUL.format("*"))
    (ask.cwd / "README").write_text("add and mul\n")
    return "Fixed both."


agents = Scripted(
    {
        "fix tests before": fix_tests,
        "look at cases": [[finding(1, "no word on overflow", "Say it.")]],
        "look at care": [
            [
                finding(1, "says adds", "Say multiplies.", mechanical=True),
                finding(9, "opens ../../etc/passwd", "Do not."),
            ]
        ],
        "look at tests": [[finding(2, "nothing tests zero", "Test it.")]],
        "look at *": [list[Finding]()],
        "refute *": refute,
        "fix findings": fix_findings,
        "change": Change(
            title="Multiply",
            description="Adds mul.",
            commits=[
                Commit(subject="Add mul", files=["mul.py", "test_mul.py"]),
                Commit(subject="Forget", files=["nowhere.py"]),
            ],
        ),
    }
)
port.reader = port.writer = port.skeptic = agents
workflow = port.review_and_ship
