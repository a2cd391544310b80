"""Debate: the points are compared in Python, and a tie is decided by the rule of the caller."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from smithers import Context, HumanTask, Node, NoInput, Task
from smithers.patterns import Debate
from tests.patterns.flows import answers, begin, error_of, gives
from tests.rules.agents import Scripted
from tests.rules.runs import Run

NAMES = ("ann", "bob", "cid")


class Points(BaseModel):
    points: dict[str, int]


class Scene:
    def __init__(self, points: dict[str, int], **options: Any) -> None:
        self.agents = {one: Scripted(f"{one}'s idea", "but …", name=one) for one in NAMES}
        self.judge = answers(Points(points=points), name="judge")
        self.options = options
        self.run: Run = begin(self.make)

    def make(self, ctx: Context[NoInput]) -> Node[str]:
        ideas = [Task(one, agent=self.agents[one], prompt="Propose.") for one in NAMES]

        def criticise(mine: Task[str]) -> Node[str]:
            def prompt() -> str:
                return "\n".join(ctx[one] for one in ideas if one is not mine)

            agent = self.agents[mine.id]
            return Task(f"{mine.id} says", agent=agent, prompt=prompt, continues=mine)

        judge = Task("judge", agent=self.judge, prompt="Give points.", output=Points)
        return Debate("plan", ctx, *ideas, criticise=criticise, judge=judge, **self.options)


def test_the_proposal_with_the_most_points_wins() -> None:
    scene = Scene({"ann": 3, "bob": 7, "cid": 5}, tie=None)
    assert scene.run.go().output == '"bob\'s idea"'
    assert [ask.session for ask in scene.agents["ann"].asks] == [None, "ann-1"]
    assert "bob's idea\ncid's idea" in scene.agents["ann"].asks[1].prompt


def test_there_may_be_more_rounds_of_criticism() -> None:
    scene = Scene({"ann": 1}, tie=None, rounds=3)
    assert scene.run.go().status == "finished"
    assert len(scene.agents["ann"].asks) == 4


def test_a_proposal_without_points_is_named_and_points_of_others_do_not_count() -> None:
    scene = Scene({"ann": 3, "dan": 9}, tie=None)
    assert scene.run.go().output == '"ann\'s idea"'
    verdict = gives(scene.run, "plan-points")
    assert list(verdict["missing"]) == ["bob", "cid", "dan"]
    assert verdict["missing"]["dan"] == "is not a proposal"
    assert verdict["counts"] == {"ann": 3}


@pytest.mark.parametrize("tie", ["cid", "ann"])
def test_a_tie_is_decided_by_a_name(tie: str) -> None:
    scene = Scene({"ann": 3, "bob": 2, "cid": 3}, tie=tie)
    assert scene.run.go().output == f'"{tie}\'s idea"'


def test_a_tie_is_decided_by_a_person_who_sees_the_tied() -> None:
    def ask(tied: list[str]) -> Node[str]:
        return HumanTask("pick", ask="Which?", choices=tied)

    scene = Scene({"ann": 3, "bob": 2, "cid": 3}, tie=ask)
    assert scene.run.go().status == "waiting"
    scene.run.answer("pick", value="cid")
    assert scene.run.go().output == '"cid\'s idea"'


@pytest.mark.parametrize("tie", [None, "cid"])
def test_a_tie_that_nobody_of_them_wins_fails_and_says_so(tie: str | None) -> None:
    scene = Scene({"ann": 3, "bob": 3}, tie=tie)
    assert scene.run.go().status == "failed"
    assert "no proposal won: ann 3, bob 3; without cid" in error_of(scene.run, "plan-winner")


def test_a_judge_who_knows_none_of_them_fails_it() -> None:
    scene = Scene({"dan": 3}, tie=None)
    assert scene.run.go().status == "failed"
    assert "gave points to none of ann, bob, cid" in error_of(scene.run, "plan-points")
