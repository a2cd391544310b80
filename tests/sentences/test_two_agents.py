"""The patterns on two agents each, scripted: who was asked what, what was kept, what was undone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from examples.two_agents import audit, panel, review_loop, saga, supervisor
from smithers.agent import Ask
from smithers.changes import Key, StatusChanged
from smithers.errors import Permanent
from smithers.patterns import Refutation, Verdict, Vote
from smithers.workflows import Workflow
from tests.rules.agents import Line, Scripted
from tests.rules.runs import Run
from tests.scripted_model import Script, ScriptedModel, Text, ToolCall
from tests.sentences.programs import on_the_clock, real
from tests.sentences.runs import json_of, run_of

GOOD = {"approved": True, "feedback": ""}
BAD = {"approved": False, "feedback": "name the fix"}


def scripted(
    monkeypatch: pytest.MonkeyPatch, example: ModuleType, **scripts: list[Any]
) -> list[Scripted]:
    """Agents in the places of those of an example; what is no text is given as JSON."""
    made = list[Scripted]()
    for name, script in scripts.items():
        lines: list[Line] = [
            json.dumps(one) if isinstance(one, dict | list) else one for one in script
        ]
        made.append(Scripted(*lines, name=name))
        monkeypatch.setattr(example, name, made[-1])
    return made


def git(folder: Path, *words: str) -> str:
    named = ["-c", "user.name=ann", "-c", "user.email=ann@example.org"]
    command = ["git", *named, *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def project(run: Run) -> Path:
    """A repository with one file and one commit."""
    (run.folder / "app.py").write_text("old\n")
    (run.folder / ".gitignore").write_text("streams\n")
    git(run.folder, "init", "--quiet", "--initial-branch", "main")
    git(run.folder, "add", ".")
    git(run.folder, "commit", "--quiet", "--message", "first")
    return run.folder


def test_a_review_goes_to_the_session_of_the_other_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    claude, codex = scripted(
        monkeypatch, review_loop, claude=["first", "second"], codex=[BAD, GOOD]
    )
    run = run_of(review_loop.reviewed_change, review_loop.Change(goal="be fast"))
    assert run.go().output == '"second"'
    assert "name the fix" in claude.told[1]
    assert claude.asks[1].session == "claude-1"
    assert "Its author says: second" in codex.asks[1].prompt


def vote(choice: str) -> dict[str, str]:
    return Vote(choice=choice, reason="so").model_dump()


def verdict_of(text: str | None) -> Verdict:
    return Verdict.model_validate_json(text or "")


def test_votes_are_counted_and_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, panel, claude=[vote("release")], codex=[vote("wait")])
    run = run_of(panel.voted_release, panel.Release(version="1.4"))
    verdict = verdict_of(run.go().output)
    assert (verdict.choice, verdict.counts) == ("release", {"release": 2, "wait": 1})


def test_a_vote_that_is_missing_is_named_and_a_person_decides_the_tie(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agents = scripted(
        monkeypatch, panel, claude=[vote("release"), vote("wait")], codex=[Permanent("no account")]
    )
    run = run_of(panel.voted_release, panel.Release(version="1.4"))
    assert run.go().status == "waiting"
    opened = run.state.waits[Key("tie"), "human"].opened
    assert sorted(json.loads(str(opened.form))["choices"]) == ["release", "wait"]
    run.answer("tie", value="wait")
    verdict = verdict_of(run.go().output)
    assert verdict.choice == "wait"
    assert "no account" in verdict.missing["tester"]
    assert [len(agent.asks) for agent in agents] == [2, 1]


def change(ask: Ask) -> str:
    (ask.cwd / "app.py").write_text("new\n")
    (ask.cwd / "more.py").write_text("more\n")
    return "changed"


@pytest.mark.parametrize("review", [GOOD, BAD], ids=["approved", "refused"])
def test_what_the_other_agent_refuses_is_undone_last_first(
    monkeypatch: pytest.MonkeyPatch, review: dict[str, Any]
) -> None:
    scripted(monkeypatch, saga, claude=[change], codex=[review])
    run = run_of(saga.undone_change, saga.Change(goal="be new", branch="better"))
    folder = project(run)
    ended = run.go()
    branches = git(folder, "branch", "--format", "%(refname:short)").split()
    if review is GOOD:
        assert ended.output == '"better"'
        assert branches == ["better", "main"]
        assert (folder / "app.py").read_text() == "new\n"
    else:
        assert ended.error is not None
        assert "refused: name the fix; undone: change, new branch" in ended.error.message
        assert branches == ["main"]
        assert git(folder, "status", "--porcelain") == ""
        undone = [start for start in run.starts if start.startswith(("restore", "no branch"))]
        assert undone == ["restore#1", "no branch#1"]


def part(name: str, *needs: str) -> dict[str, Any]:
    return supervisor.Part(name=name, goal=f"Make {name}.", needs=list(needs)).model_dump()


def test_the_supervisor_has_only_what_it_refused_done_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = [part("roof", "wall"), part("wall"), part("path")]

    def judge(ask: Ask) -> str:
        return json.dumps(BAD if "says: Make wall. done" in ask.prompt else GOOD)

    def work(ask: Ask) -> str:
        return f"{ask.prompt.partition(chr(10))[0]} {'done' if ask.session is None else 'better'}"

    _, codex = scripted(monkeypatch, supervisor, claude=[plan, judge], codex=[work])
    run = run_of(supervisor.supervised, supervisor.Feature(feature="a house"))
    assert run.go().status == "finished"
    done = [ask.prompt.partition(".")[0].removeprefix("Make ") for ask in codex.asks]
    assert sorted(done) == ["path", "roof", "wall", "wall"]
    assert done[-1] == "roof"
    again = next(ask for ask in codex.asks if ask.session is not None)
    assert "name the fix" in again.told


class Auditors:
    """Files with a bug in every tenth; two agents refute some of them."""

    def __init__(self, folder: Path, files: int) -> None:
        for number in range(files):
            (folder / f"f{number:04}.py").write_text("pass\n")
        self.folder = folder

    def find(self, ask: Ask) -> str:
        name = Path(ask.prompt.partition("\n")[0].removeprefix("Audit ")).name
        number = int(name[1:5])
        found = (
            [audit.Finding(file=name, line=1, problem="leaks\nin a loop ")]
            if number % 10 == 0
            else []
        )
        return json.dumps([one.model_dump() for one in found])

    def refutes(self, *numbers: int) -> Scripted:
        def refute(told: str) -> Refutation:
            return Refutation(refuted=any(f"f{number:04}.py" in told for number in numbers))

        return Scripted(json_of(refute), name="refuter")

    def start(self, monkeypatch: pytest.MonkeyPatch, claude: Scripted, codex: Scripted) -> Run:
        fast = Scripted(self.find, name="fast")
        for name, agent in (("fast", fast), ("claude", claude), ("codex", codex)):
            monkeypatch.setattr(audit, name, agent)
        return run_of(audit.audit, audit.Audit(folder=self.folder))


def test_the_audit_asks_before_it_reports_what_was_not_refuted_by_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    auditors = Auditors(tmp_path, 50)
    claude, codex = auditors.refutes(0, 10), auditors.refutes(10, 20)
    run = auditors.start(monkeypatch, claude, codex)
    assert run.go(within_s=60).status == "waiting"
    asked = str(run.state.waits[Key("ask"), "approval"].opened.asked)
    assert asked.startswith("Report 4 findings?\n\n- f0000.py:1 leaks in a loop")
    assert "f0010.py" not in asked
    assert (len(claude.asks), len(codex.asks)) == (5, 5)
    run.answer("ask")
    report = json.loads(str(run.go().output))
    assert report.splitlines()[0] == "# 4 findings, for ann"
    assert len(report.splitlines()) == 6


def test_an_audit_that_is_denied_reports_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    auditors = Auditors(tmp_path, 10)
    run = auditors.start(monkeypatch, auditors.refutes(), auditors.refutes())
    run.go()
    run.answer("ask", approved=False, note="not now")
    assert run.go().status == "failed"
    assert run.outcome("report") == "cancelled"


REAL: dict[str, Script] = {
    "review_loop": {
        "Change this project: be fast": [Text("first"), Text("second")],
        "Its author says: first": [Text(json.dumps(BAD))],
        "Its author says: second": [Text(json.dumps(GOOD))],
    },
    "panel": {
        "as a user": [ToolCall("StructuredOutput", vote("release"))],
        "as a maintainer": [ToolCall("StructuredOutput", vote("wait"))],
        "as a tester": [Text(json.dumps(vote("wait")))],
    },
    "saga": {
        "Change this project": [
            ToolCall("Write", {"file_path": "more.py", "content": "more\n"}),
            Text("changed"),
        ],
        "Review the change": [Text(json.dumps(BAD))],
    },
    "supervisor": {
        "Split this": [Text(json.dumps([part("roof", "wall"), part("wall")]))],
        "Is this reached: Make wall. The worker says: built": [ToolCall("StructuredOutput", BAD)],
        "The worker says: rebuilt": [ToolCall("StructuredOutput", GOOD)],
        "Is this reached: Make roof.": [ToolCall("StructuredOutput", GOOD)],
        "Make wall.": [Text("built"), Text("rebuilt")],
        "Make roof.": [Text("roofed")],
    },
}


def played(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    example: ModuleType,
    flow: Workflow[Any, Any],
    input: BaseModel,
) -> tuple[StatusChanged, Run, ScriptedModel]:
    run = on_the_clock(run_of(flow, input))
    project(run)
    with ScriptedModel(REAL[example.__name__.rpartition(".")[2]]) as model:
        real(monkeypatch, example, folder, model)
        return run.go(within_s=200), run, model


@pytest.mark.live
@pytest.mark.timeout(300)
class TestRealPrograms:
    """The same on the real programs."""

    def test_review_loop(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        input = review_loop.Change(goal="be fast")
        flow = review_loop.reviewed_change
        ended, _, model = played(monkeypatch, tmp_path, review_loop, flow, input)
        assert ended.output == '"second"', ended
        assert "name the fix" in json.dumps([request.body for request in model.requests])

    def test_panel(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        input = panel.Release(version="1.4")
        ended, _, _ = played(monkeypatch, tmp_path, panel, panel.voted_release, input)
        verdict = verdict_of(ended.output)
        assert (verdict.choice, verdict.counts) == ("wait", {"wait": 2, "release": 1})

    def test_saga(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        input = saga.Change(goal="be new", branch="better")
        ended, run, _ = played(monkeypatch, tmp_path, saga, saga.undone_change, input)
        assert ended.error is not None
        assert "undone: change, new branch" in ended.error.message
        assert git(run.folder, "branch", "--format", "%(refname:short)").split() == ["main"]
        assert git(run.folder, "status", "--porcelain") == ""

    def test_supervisor(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        input = supervisor.Feature(feature="a house")
        ended, run, _ = played(monkeypatch, tmp_path, supervisor, supervisor.supervised, input)
        assert ended.output == '["roofed","rebuilt"]', ended
        assert [one for one in run.starts if one.startswith("work")] == [
            *("work wall#1", "work wall#2", "work roof#1")
        ]
