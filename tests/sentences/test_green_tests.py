"""Sentence 3: fixes until the tests pass, Codex if Claude Code is busy, three dollars at most."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from examples.sentences import green_tests as example
from smithers.agent import Answered, Ask, Started, Used
from smithers.changes import Key
from smithers.errors import Busy
from tests.rules.agents import Line, Scripted
from tests.rules.runs import Run
from tests.scripted_model import Script, ScriptedModel, Status, Text, ToolCall
from tests.sentences.programs import on_the_clock, real
from tests.sentences.runs import program, run_of

LATER = datetime(2099, 1, 1, tzinfo=UTC)


def started(
    monkeypatch: pytest.MonkeyPatch, claude: list[Line], *codex: Line
) -> tuple[Run, Scripted, Scripted]:
    agents = Scripted(*claude, name="claude"), Scripted(*codex, name="codex")
    monkeypatch.setattr(example, "claude", agents[0])
    monkeypatch.setattr(example, "codex", agents[1])
    return run_of(example.green_tests), *agents


def paid(dollars: str) -> Line:
    return [Started("s"), Used(cost=Decimal(dollars)), Answered("tried")]


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tests that always fail; each run is a line of this file."""
    log = tmp_path / "runs"
    program(monkeypatch, tmp_path / "bin", "pytest", f"echo ran >> {log}; echo 1 failed; exit 1")
    return log


def add_failing_test(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A project for the real pytest."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    (folder / "add.py").write_text("def add(a, b):\n    return a - b\n")
    text = "from add import add\n\n\ndef test_add():\n    assert add(2, 2) == 4\n"
    (folder / "test_add.py").write_text(text)


@pytest.mark.long
def test_codex_fixes_real_tests_while_claude_code_is_rate_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def mend(ask: Ask) -> str:
        (ask.cwd / "add.py").write_text("def add(a, b):\n    return a + b\n")
        return "mended"

    run, claude, codex = started(monkeypatch, [Busy("anthropic", LATER)], mend)
    add_failing_test(monkeypatch, run.folder)
    assert run.go(within_s=60).status == "finished"
    assert (len(claude.asks), len(codex.asks)) == (1, 1)
    assert "1 failed" in codex.told[0]
    assert "1 passed" in str(run.output("tests", 1))


def test_tests_that_pass_cost_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, tmp_path / "bin", "pytest", "exit 0")
    run, claude, codex = started(monkeypatch, ["mended"], "mended")
    assert run.go().status == "finished"
    assert claude.asks == codex.asks == []


def test_five_fixes_are_the_most_and_the_tests_run_after_the_last(
    counted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, claude, _ = started(monkeypatch, [paid("0.10")])
    ended = run.go()
    assert ended.status == "failed"
    assert len(claude.asks) == 5
    assert counted.read_text().count("ran") == 6


def test_at_three_dollars_no_fix_starts_and_the_tests_run_after_the_last(
    counted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, claude, _ = started(monkeypatch, [paid("1.60")])
    ended = run.go()
    assert ended.status == "failed"
    assert len(claude.asks) == 2
    assert run.state.usage.cost == Decimal("3.20")
    assert counted.read_text().count("ran") == 3
    assert run.state.ended[Key("fix", (2,))].outcome == "skipped"


@pytest.mark.live
@pytest.mark.timeout(300)
def test_the_real_codex_fixes_what_the_real_claude_code_is_too_busy_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = on_the_clock(run_of(example.green_tests))
    add_failing_test(monkeypatch, run.folder)
    scripts: dict[str, Script] = {
        "claude": [Status(429, "rate_limit_error", "slow down", {"retry-after": "4000"})],
        "codex": [ToolCall("exec_command", {"cmd": "sed -i.bak s/-/+/ add.py"}), Text("Mended.")],
    }
    with ScriptedModel(runs=scripts) as model:
        real(monkeypatch, example, tmp_path, model, claude="claude", codex="codex")
        ended = run.go(within_s=200)
    assert ended.status == "finished", ended
    assert run.starts == [
        *("tests[0]#1", "green-round[0]#1", "fix[0]#1", "fix[0]#2"),
        *("tests[1]#1", "green-round[1]#1", "green-verdict#1"),
    ]
    assert "1 passed" in str(run.output("tests", 1))
