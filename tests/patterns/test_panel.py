"""Panel: votes are counted in Python, and what is missing or tied is named in the verdict."""

from __future__ import annotations

from typing import Any

import pytest

from smithers import Context, HumanTask, Node, NoInput, Task
from smithers.patterns import Panel, Vote
from smithers.patterns.panel import Rule, count_votes
from tests.patterns.flows import answers, begin, error_of, gives
from tests.rules.runs import Run

COLOURS = ["red", "blue", "green"]
BROKEN = RuntimeError("the agent broke")


def panel(*votes: object, **options: Any) -> Run:
    def make(ctx: Context[NoInput]) -> Node:
        members = [
            Task(f"m{n}", agent=answers(vote, name=f"a{n}"), prompt="Which?", output=Vote)
            for n, vote in enumerate(votes)
        ]
        return Panel("colour", ctx, *members, choices=COLOURS, **options)

    return begin(make)


def vote(choice: str) -> Vote:
    return Vote(choice=choice)


def test_most_votes_win() -> None:
    run = panel(vote("red"), vote("blue"), vote("red"), tie=None)
    assert run.go().status == "finished"
    verdict = gives(run, "colour-count")
    assert verdict["choice"] == "red"
    assert verdict["counts"] == {"red": 2, "blue": 1}
    assert verdict["votes"] == {"m0": "red", "m1": "blue", "m2": "red"}
    assert verdict["missing"] == {}


def test_a_missing_and_a_malformed_vote_are_named_and_not_counted() -> None:
    run = panel(vote("red"), BROKEN, vote("purple"), vote("red"), vote("blue"), tie=None)
    assert run.go().status == "finished"
    verdict = gives(run, "colour-count")
    assert verdict["choice"] == "red"
    assert verdict["counts"] == {"red": 2, "blue": 1}
    assert "the agent broke" in verdict["missing"]["m1"]
    assert verdict["missing"]["m2"] == "voted 'purple', not one of red, blue, green"
    assert "without m1" in verdict["reason"]


def test_an_answer_that_is_no_vote_is_missing() -> None:
    run = panel(vote("red"), "I like red", vote("red"), tie=None)
    assert run.go().status == "finished"
    assert list(gives(run, "colour-count")["missing"]) == ["m1"]


def test_too_few_votes_fail_it() -> None:
    run = panel(vote("red"), BROKEN, BROKEN, tie="red")
    assert run.go().status == "failed"
    said = error_of(run, "colour-count")
    assert "1 votes of 3, 2 are needed; m1: " in said


@pytest.mark.parametrize(("tie", "choice"), [("green", "green"), (None, None)])
def test_a_tie_is_decided_by_the_rule_of_the_caller(tie: str | None, choice: str | None) -> None:
    run = panel(vote("red"), vote("blue"), tie=tie)
    assert run.go().status == "finished"
    verdict = gives(run, "colour-count")
    assert verdict["choice"] == choice
    assert verdict["tied"] == ["red", "blue"]
    assert "a tie" in verdict["reason"]


def test_a_person_is_asked_only_on_a_tie_with_the_tied_choices() -> None:
    def tie(tied: list[str]) -> Node[str]:
        return HumanTask("tie", ask="Which?", choices=tied)

    run = panel(vote("red"), vote("red"), vote("blue"), tie=tie)
    assert run.go().status == "finished"
    assert gives(run, "colour-verdict")["choice"] == "red"

    run = panel(vote("red"), vote("blue"), tie=tie)
    assert run.go().status == "waiting"
    run.answer("tie", value="blue")
    assert run.go().status == "finished"
    verdict = gives(run, "colour-verdict")
    assert verdict["choice"] == "blue"
    assert verdict["reason"].endswith("; decided: blue")


def test_a_tie_may_not_be_decided_for_something_else() -> None:
    def tie(tied: list[str]) -> Node[str]:
        return Task("tie", agent=answers("green"), prompt="Which?")

    run = panel(vote("red"), vote("blue"), tie=tie)
    assert run.go().status == "failed"
    assert error_of(run, "colour-verdict").endswith("the tie of red, blue was decided as 'green'")


@pytest.mark.parametrize(
    ("rule", "votes", "tied"),
    [
        ("most", "a a b c", []),
        ("most", "a b", ["a", "b"]),
        ("majority", "a a b", []),
        ("majority", "a a b c", ["a", "b", "c"]),
        ("consensus", "a a a", []),
        ("consensus", "a a b", ["a", "b"]),
    ],
)
def test_each_rule_says_when_there_is_no_winner(rule: Rule, votes: str, tied: list[str]) -> None:
    given = {f"m{n}": one for n, one in enumerate(votes.split())}
    verdict = count_votes(given, {}, rule, "b")
    assert verdict.tied == tied
    assert verdict.choice == ("b" if tied else "a")
