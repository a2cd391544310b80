"""Sentence 2: the critic's feedback and the note of a denial go into another round."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.sentences import release_note as example
from examples.sentences.release_note import Release, Review
from smithers.changes import Key
from tests.rules.agents import Scripted
from tests.rules.runs import Run
from tests.sentences.runs import error_of, program, run_of

GOOD = Review(approved=True, feedback="").model_dump_json()
BAD = Review(approved=False, feedback="name the fix").model_dump_json()


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program(monkeypatch, tmp_path / "bin", "gh", f'{{ echo "$@"; cat; }} > {tmp_path}/published')
    return tmp_path / "published"


def started(monkeypatch: pytest.MonkeyPatch, *reviews: str) -> tuple[Run, Scripted, Scripted]:
    drafts = [f"draft {number}" for number in range(1, 9)]
    writer, critic = Scripted(*drafts, name="writer"), Scripted(*reviews, name="critic")
    monkeypatch.setattr(example, "writer", writer)
    monkeypatch.setattr(example, "critic", critic)
    return run_of(example.release_note, Release(tag="v1.4")), writer, critic


def asked(run: Run) -> str:
    return str(run.state.waits[Key("ask"), "approval"].opened.asked)


def test_it_is_improved_until_the_critic_is_satisfied_and_published_once_i_approve(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, writer, critic = started(monkeypatch, BAD, GOOD)
    assert run.go().status == "waiting"
    assert "Publish this?\n\ndraft 2" in asked(run)
    assert "name the fix" in writer.told[1]
    assert writer.asks[1].session == "writer-1"
    assert not published.exists()
    run.answer("ask")
    assert run.go().status == "finished"
    assert published.read_text() == "release create v1.4 -F -\ndraft 2"
    assert (len(writer.asks), len(critic.asks)) == (2, 2)


def test_after_four_rounds_i_am_asked_although_the_critic_is_not_satisfied(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, writer, critic = started(monkeypatch, BAD)
    assert run.go().status == "waiting"
    assert (len(writer.asks), len(critic.asks)) == (4, 4)
    assert "draft 4" in asked(run)


@pytest.mark.parametrize("reviews", [(GOOD,), (BAD, BAD, BAD, BAD, GOOD)])
def test_my_note_goes_into_another_round(
    published: Path, monkeypatch: pytest.MonkeyPatch, reviews: tuple[str, ...]
) -> None:
    run, writer, critic = started(monkeypatch, *reviews)
    run.go()
    before = len(writer.asks)
    run.answer("ask", approved=False, note="thank the reporter")
    assert run.go().status == "waiting"
    assert "thank the reporter" in writer.told[before]
    assert writer.asks[before].session == "writer-1"
    assert (len(writer.asks), len(critic.asks)) == (before + 1, before + 1)
    assert f"draft {before + 1}" in asked(run)
    run.answer("ask")
    assert run.go().status == "finished"
    assert published.read_text().endswith(f"draft {before + 1}")


def test_a_third_denial_is_the_last(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _, _ = started(monkeypatch, GOOD)
    for _ in range(3):
        run.go()
        run.answer("ask", approved=False, note="no")
    assert run.go().status == "failed"
    assert error_of(run, "ask") == "denied by ann: no (round 3 of 3)"
    assert not published.exists()
