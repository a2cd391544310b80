"""Sentence 5: the proposal with the most points, and a person decides among equals."""

from __future__ import annotations

import pytest

from examples.sentences import proposals as example
from examples.sentences.proposals import Points, Question
from smithers.agent import Agent
from smithers.changes import Key
from tests.rules.agents import Scripted
from tests.rules.runs import Run
from tests.sentences.runs import run_of

NAMES = ("claude", "codex", "gemini")


def started(monkeypatch: pytest.MonkeyPatch, *points: str) -> tuple[Run, dict[str, Scripted]]:
    agents = {name: Scripted(f"{name}: use SQL", f"by {name}", name=name) for name in NAMES}
    agents["judge"] = Scripted(*points, name="judge")
    members: dict[str, Agent] = {name: agents[name] for name in NAMES}
    monkeypatch.setattr(example, "agents", members)
    monkeypatch.setattr(example, "judge", agents["judge"])
    return run_of(example.proposals, Question(question="Where to store runs?")), agents


def test_the_most_points_win_and_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    run, agents = started(monkeypatch, Points(claude=3, codex=8, gemini=5).model_dump_json())
    ended = run.go()
    assert ended.status == "finished"
    assert run.outcome("tie") == "skipped"
    assert ended.output == '"codex: use SQL"'
    told = agents["claude"].told[1]
    assert "codex: use SQL" in told
    assert "gemini: use SQL" in told
    assert "claude: use SQL" not in told
    assert all(f"by {name}" in agents["judge"].told[0] for name in NAMES)


def test_on_a_tie_a_person_chooses_among_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = started(monkeypatch, Points(claude=8, codex=2, gemini=8).model_dump_json())
    assert run.go().status == "waiting"
    opened = run.state.waits[Key("tie"), "human"].opened
    assert '["claude", "gemini"]' in str(opened.form)
    assert "claude: use SQL" in str(opened.asked)
    run.answer("tie", value="gemini")
    assert run.go().output == '"gemini: use SQL"'


def test_points_that_are_missing_or_out_of_range_are_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = Points(claude=1, codex=2, gemini=3).model_dump_json()
    run, agents = started(
        monkeypatch, '{"claude": 3}', '{"claude": 3, "codex": 99, "gemini": 1}', good
    )
    assert run.go().output == '"gemini: use SQL"'
    assert len(agents["judge"].asks) == 3
