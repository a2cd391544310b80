"""The same workflow as a tree and as a flow: outputs, prompts and questions are the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.tree_and_flow import article as example
from examples.tree_and_flow.article import Brief, Plan, as_flow, as_tree
from smithers.errors import ContextOverflow
from smithers.workflows import Workflow
from tests.rules.agents import Line, Scripted
from tests.sentences.runs import program, run_of

PLAN = Plan(questions=["size", "song", "food"]).model_dump_json()
Answer = tuple[bool, str | None]
YES: Answer = (True, None)


@dataclass(frozen=True)
class Outcome:
    """What a person sees of a run, and what its agents and programs were told."""

    status: str
    output: str | None
    planner: list[str]
    researcher: list[str]
    writer: list[str]
    questions: list[str]
    published: list[str]


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = f'cat >> {tmp_path}/published; echo >> {tmp_path}/published; printf "gist 1"'
    program(monkeypatch, tmp_path / "bin", "gh", script)
    return tmp_path / "published"


def outcome(
    workflow: Workflow[Brief, Any],
    published: Path,
    monkeypatch: pytest.MonkeyPatch,
    *answers: Answer,
    found: tuple[Line, ...] = ("found",),
) -> Outcome:
    """Run it, and answer each question that it asks."""
    published.unlink(missing_ok=True)
    planner, researcher = Scripted(PLAN, name="planner"), Scripted(*found, name="researcher")
    writer = Scripted(*(f"draft {number}" for number in range(1, 5)), name="writer")
    for name, agent in [("planner", planner), ("researcher", researcher), ("writer", writer)]:
        monkeypatch.setattr(example, name, agent)
    run = run_of(workflow, Brief(topic="whales"))
    ended, questions = run.go(), list[str]()
    for approved, note in answers:
        assert ended.status == "waiting"
        ((key, _),) = run.state.waits
        questions.append(str(run.state.waits[key, "approval"].opened.asked))
        run.answer(key.id, approved=approved, note=note, path=key.path)
        ended = run.go()
    return Outcome(
        ended.status,
        ended.output,
        planner.told,
        researcher.told,
        writer.told,
        questions,
        published.read_text().splitlines() if published.exists() else [],
    )


@pytest.fixture
def both(published: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(*answers: Answer, found: tuple[Line, ...] = ("found",)) -> Outcome:
        as_one, as_other = (
            outcome(workflow, published, monkeypatch, *answers, found=found)
            for workflow in (as_tree, as_flow)
        )
        assert as_one == as_other
        return as_one

    return run


def test_an_article_is_published_once_it_is_approved(both: Any) -> None:
    seen = both(YES, found=("big", "long", "krill"))
    assert (seen.status, seen.output) == ("finished", '"gist 1"')
    assert seen.researcher == ["Find out: size", "Find out: song", "Find out: food"]
    assert seen.writer == ["Write about whales from these notes:\nbig\nlong\nkrill"]
    assert seen.published == ["draft 1"]


def test_the_note_of_a_denial_is_in_the_next_prompt(both: Any) -> None:
    seen = both((False, "no song"), YES)
    assert seen.status == "finished"
    assert seen.writer[1].endswith("The last draft was denied: no song")
    assert ["draft" in question for question in seen.questions] == [True, True]
    assert seen.published == ["draft 2"]


def test_after_three_denials_it_fails_and_publishes_nothing(both: Any) -> None:
    seen = both((False, "a"), (False, "b"), (False, "c"))
    assert (seen.status, len(seen.writer), seen.published) == ("failed", 3, [])


def test_a_question_without_an_answer_fails_it_before_the_draft(both: Any) -> None:
    seen = both(found=("big", ContextOverflow("too long")))
    assert (seen.status, seen.writer) == ("failed", [])
