"""Sentence 1: what at least one agent could not refute is in the report."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import RootModel

from examples.sentences import review_folder as example
from examples.sentences.review_folder import Finding, Folder, Refutation
from smithers.changes import Key
from smithers.errors import Permanent
from tests.rules.agents import Scripted
from tests.rules.runs import Run
from tests.sentences.runs import Crowd, json_of, run_of


def review(told: str) -> RootModel[list[Finding]]:
    name = Path(told.removeprefix("Review ")).name
    leak = Finding(title="leaks a handle", line=3)
    if name == "f0.py":
        return RootModel[list[Finding]]([leak, Finding(title="is\nslow ", line=7)])
    return RootModel[list[Finding]]([leak] if name == "f1.py" else [])


def refuter(name: str, *refuted: str) -> Scripted:
    def judge(told: str) -> Refutation:
        return Refutation(refuted=any(one in told for one in refuted), reason="tried")

    return Scripted(json_of(judge), name=name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(12):
        (tmp_path / f"f{number}.py").write_text("pass\n")
    (tmp_path / "notes.txt").write_text("not Python")
    return tmp_path


def started(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *sceptics: Scripted
) -> tuple[Run, Crowd]:
    fast = Crowd(8, json_of(review), "fast")
    for name, agent in zip(("fast", "codex", "gemini"), (fast, *sceptics), strict=True):
        monkeypatch.setattr(example, name, agent)
    return run_of(example.review_folder, Folder(folder=folder)), fast


def test_the_report_has_what_one_of_two_could_not_refute(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codex, gemini = refuter("codex", "f0.py:3", "slow"), refuter("gemini", "slow", "f1.py")
    run, fast = started(folder, monkeypatch, codex, gemini)
    assert run.go().status == "finished"
    assert len(fast.asks) == 12
    assert fast.most == 8
    assert (folder / "REVIEW.md").read_text() == (
        "# 2 findings\n\n- f0.py:3 leaks a handle\n- f1.py:3 leaks a handle\n"
    )
    for sceptic in (codex, gemini):
        assert len(sceptic.asks) == 3


def test_a_sceptic_that_fails_fails_the_run_and_a_resume_asks_only_that_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = Refutation(refuted=False, reason="holds").model_dump_json()
    codex = Scripted(sound, name="codex")
    gemini = Scripted(sound, Permanent("no account"), sound, name="gemini")
    run, fast = started(folder, monkeypatch, codex, gemini)
    assert run.go().status == "failed"
    assert not (folder / "REVIEW.md").exists()
    reviewed = len(fast.asks)
    assert run.go().status == "finished"
    assert (folder / "REVIEW.md").read_text().startswith("# 3 findings")
    assert (len(fast.asks), len(codex.asks), len(gemini.asks)) == (max(reviewed, 12), 3, 4)
    assert run.state.ended[Key("report")].outcome == "finished"
