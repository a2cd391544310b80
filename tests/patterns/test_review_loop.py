"""ReviewLoop: the feedback reaches the session of the work, and rounds are counted."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from smithers import Approval, Context, Node, NoInput, Rework, Sequence, Task
from smithers.errors import NotInstalled, Permanent
from smithers.patterns import ReviewLoop
from tests.patterns.flows import answers, begin, error_of, gives
from tests.rules.agents import Scripted


class Review(BaseModel):
    approved: bool
    feedback: str = ""


NO, YES = Review(approved=False, feedback="too short"), Review(approved=True)


class Scene:
    """A draft that is reviewed, by agents that are looked at afterwards."""

    def __init__(self, *reviews: object, drafts: tuple[Any, ...] = ("one", "two", "three")) -> None:
        self.writer = Scripted(*drafts, name="writer")
        self.reviewer = answers(*reviews, name="reviewer")

    def __call__(self, ctx: Context[NoInput], **options: Any) -> Node[str]:
        draft = Task("draft", agent=self.writer, prompt="Write.")
        review = Task(
            "review", agent=self.reviewer, output=Review, prompt=lambda: f"Review: {ctx[draft]}"
        )
        return ReviewLoop("note", ctx, draft, review, **options)


def test_the_feedback_is_a_message_in_the_session_of_the_work() -> None:
    scene = Scene(NO, NO, YES)
    run = begin(scene)
    assert run.go().status == "finished"
    assert gives(run, "draft") == "three"
    assert [ask.session for ask in scene.writer.asks] == [None, "writer-1", "writer-1"]
    assert "too short" in scene.writer.told[1]
    assert [ask.prompt[:11] for ask in scene.reviewer.asks] == [
        "Review: one",
        "Review: two",
        "Review: thr",
    ]


def test_it_fails_with_the_last_feedback_after_the_last_round() -> None:
    scene = Scene(NO)
    run = begin(lambda ctx: scene(ctx, max_rounds=2))
    assert run.go().status == "failed"
    assert len(scene.writer.asks) == len(scene.reviewer.asks) == 2
    assert "too short" in error_of(run, "note-verdict")


def test_it_may_finish_with_the_last_work() -> None:
    scene = Scene(NO)
    run = begin(lambda ctx: scene(ctx, max_rounds=2, on_exhausted="finish"))
    assert run.go().status == "finished"
    assert gives(run, "draft") == "two"
    assert run.outcome("note-verdict") == "failed"


@pytest.mark.parametrize("reviews", [(NO, NO, YES), (YES,)])
def test_a_denial_after_it_is_another_round(reviews: tuple[Review, ...]) -> None:
    scene = Scene(*reviews)

    def make(ctx: Context[NoInput]) -> Node:
        loop = scene(ctx, max_rounds=2, on_exhausted="finish")
        ok = Approval("ok", ask=lambda: f"{ctx[loop]}?", on_deny=Rework("draft"))
        return Sequence(loop, ok)

    run = begin(make)
    assert run.go().status == "waiting"
    before = len(scene.writer.asks)
    run.answer("ok", approved=False, note="name the whale")
    assert run.go().status == "waiting"
    assert len(scene.writer.asks) == before + 1
    assert "name the whale" in scene.writer.told[-1]
    assert run.outcome("note-verdict") == "finished"
    run.answer("ok")
    assert run.go().status == "finished"


def test_a_worker_that_fails_fails_it() -> None:
    scene = Scene(YES, drafts=(RuntimeError("no disk"),))
    run = begin(scene)
    assert run.go().status == "failed"
    assert scene.reviewer.asks == []


def test_the_next_agent_of_an_array_takes_over_with_the_feedback() -> None:
    """The first agent wrote the work, and is gone when the feedback comes."""
    first = Scripted("one", Permanent("it is gone"), name="first")
    second, reviewer = Scripted("two", name="second"), answers(NO, YES, name="reviewer")

    def make(ctx: Context[NoInput]) -> Node[str]:
        draft = Task("draft", agent=[first, second], prompt="Write.")
        review = Task(
            "review",
            agent=[Scripted(NotInstalled("none", "make none"), name="none"), reviewer],
            output=Review,
            prompt=lambda: f"Review: {ctx[draft]}",
        )
        return ReviewLoop("note", ctx, draft, review)

    run = begin(make)
    assert run.go().output == '"two"'
    assert second.asks[0].session is None
    assert "too short" in second.told[0]
    assert "one" in second.told[0]
