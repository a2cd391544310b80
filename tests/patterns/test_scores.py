"""Optimizer and LoopUntilScored: scores are compared in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Task
from smithers.patterns import LoopUntilScored, Optimizer
from tests.patterns.flows import answers, begin, error_of, gives
from tests.rules.agents import Scripted


class Score(BaseModel):
    score: float
    feedback: str = ""


class Scene:
    """Candidates `c0`, `c1`, … with these scores; what the proposer was asked."""

    def __init__(self, *scores: float) -> None:
        self.proposer = Scripted(*(f"c{n}" for n in range(len(scores))), name="proposer")
        self.judge = answers(*(Score(score=one) for one in scores), name="judge")

    def __call__(self, ctx: Context[NoInput], **options: Any) -> Node[str]:
        def propose(best: Callable[[], str | None]) -> Node[str]:
            return Task("propose", agent=self.proposer, prompt=lambda: f"Beat {best()}.")

        def score(candidate: Node[str]) -> Node[Score]:
            return Task(
                "score", agent=self.judge, prompt=lambda: f"Score {ctx[candidate]}.", output=Score
            )

        return Optimizer("best", ctx, propose, score, **options)


def test_the_best_candidate_is_kept_and_shown_to_the_next() -> None:
    scene = Scene(3, 7, 5, 7, 1)
    run = begin(lambda ctx: scene(ctx, max_rounds=5))
    assert run.go().output == '"c1"'
    assert [ask.prompt for ask in scene.proposer.asks] == [
        f"Beat {best}." for best in ("None", "c0", "c1", "c1", "c1")
    ]
    assert gives(run, "best-progress", 4) == {"round": 5, "best_round": 2, "best_score": 7.0}


@pytest.mark.parametrize(
    ("options", "rounds"),
    [({"patience": 2}, 4), ({"enough": 6}, 2), ({"enough": 9, "patience": 9}, 6)],
)
def test_it_converges(options: dict[str, Any], rounds: int) -> None:
    scene = Scene(3, 7, 5, 7, 1, 7)
    run = begin(lambda ctx: scene(ctx, max_rounds=6, **options))
    assert run.go().output == '"c1"'
    assert len(scene.proposer.asks) == rounds


def loop(writer: Scripted, *scores: Score, **options: Any) -> Callable[[Context[NoInput]], Node]:
    judge = answers(*scores, name="judge")

    def make(ctx: Context[NoInput]) -> Node[str]:
        work = Task("work", agent=writer, prompt="Write.")
        score = Task("score", agent=judge, prompt=lambda: f"Score {ctx[work]}.", output=Score)
        return LoopUntilScored("good", ctx, work, score, at_least=8, **options)

    return make


def test_work_is_done_again_in_its_session_until_the_score_is_enough() -> None:
    writer = Scripted("one", "two", "three", name="writer")
    low = Score(score=7.5, feedback="too long")
    run = begin(loop(writer, low, low, Score(score=8)))
    assert run.go().output == '"three"'
    assert [ask.session for ask in writer.asks] == [None, "writer-1", "writer-1"]
    assert "scored 7.5 of 8: too long" in writer.told[1]


@pytest.mark.parametrize(("on_exhausted", "status"), [("fail", "failed"), ("finish", "finished")])
def test_the_rounds_are_bounded(on_exhausted: str, status: str) -> None:
    writer = Scripted("one", "two", name="writer")
    run = begin(loop(writer, Score(score=1), max_rounds=2, on_exhausted=on_exhausted))
    ended = run.go()
    assert (ended.status, len(writer.asks)) == (status, 2)
    assert ended.output == ('"two"' if status == "finished" else None)
    assert "scored 1 of 8" in error_of(run, "good-verdict")
