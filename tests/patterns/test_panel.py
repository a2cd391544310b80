"""Panel: votes are counted in Python, and what is missing or tied is named in the verdict."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smithers import Context, ForEach, HumanTask, Node, NoInput, Sequence, Step, Task
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


VOTES = st.dictionaries(st.sampled_from("mnopqrs"), st.sampled_from("abc"))


@given(VOTES, st.sampled_from(get_args(Rule)), st.sampled_from(["a", "x", None]))
def test_a_choice_wins_by_its_votes_or_by_the_rule_of_the_caller(
    votes: dict[str, str], rule: Rule, tie: str | None
) -> None:
    verdict = count_votes(votes, {}, rule, tie)
    shares = {one: list(votes.values()).count(one) / len(votes) for one in votes.values()}
    assert sum(verdict.counts.values()) == len(votes)
    wins = [one for one, share in shares.items() if share == max(shares.values())]
    least = {"most": 0, "majority": 0.5, "consensus": 0.999}[rule]
    if len(wins) == 1 and shares[wins[0]] > least:
        assert (verdict.choice, verdict.tied) == (wins[0], [])
    elif votes:
        assert verdict.choice == tie
        assert set(wins) <= set(verdict.tied)


def test_a_panel_may_be_in_a_scope_that_reads_and_in_a_fan_out() -> None:
    """Containers there need an id; those of patterns have one."""

    def make(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: ["x", "y"])
        known = ctx.get(first) or []

        def each(name: str) -> Node:
            asked = [
                Task(f"{name} {n}", agent=answers(vote(one)), prompt="Which?", output=Vote)
                for n, one in enumerate(("red", "blue"))
            ]
            tie = Step(f"{name} tie", lambda: f"{'red' if ctx.get(first) else 'blue'}")
            return Panel(name, ctx, *asked, choices=COLOURS, tie=lambda tied: tie)

        last = Step("last", lambda: len(known))
        return Sequence(first, ForEach(lambda: ctx[first], key=str, each=each, id="each"), last)

    run = begin(make)
    assert run.go().status == "finished"
    assert [gives(run, f"{name}-verdict")["choice"] for name in "xy"] == ["red", "red"]
