"""What a pattern refuses before any agent is paid: options that cannot mean anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smithers import Context, Node, NoInput, Step, Task
from smithers.errors import AuthorError
from smithers.patterns import (
    ClassifyAndRoute,
    Debate,
    DecisionTable,
    EscalationChain,
    FanOutRefute,
    GatherAndSynthesize,
    Panel,
    Vote,
)
from tests.patterns.flows import Make, answers, begin

Ctx = Context[NoInput]


def panel(count: int = 2, **options: Any) -> Make:
    def make(ctx: Ctx) -> Node:
        agent = answers(Vote(choice="red"))
        members = [Task(f"m{n}", agent=agent, prompt="?", output=Vote) for n in range(count)]
        given: dict[str, Any] = {"choices": ["red", "blue"], "tie": None, **options}
        return Panel("colour", ctx, *members, **given)

    return make


def debate(*names: str, tie: str | None = None) -> Make:
    def make(ctx: Ctx) -> Node:
        ideas = [Task(name, agent=answers(name), prompt="?") for name in names]
        judge: Any = step("judge")
        return Debate("plan", ctx, *ideas, criticise=lambda idea: idea, judge=judge, tie=tie)

    return make


def step(name: str) -> Step[str]:
    return Step(name, lambda: name)


def classify(ctx: Ctx) -> Node:
    label: Any = step("label")
    return ClassifyAndRoute("kind", ctx, label, {"otherwise": step("a")}, otherwise=step("b"))


def table(name: str, hit: Any) -> Make:
    def make(ctx: Ctx) -> Node:
        rules: dict[str, tuple[Callable[[str], bool], Node[str]]] = {name: (bool, step("a"))}
        return DecisionTable("table", ctx, step("f"), rules, hit=hit, otherwise=step("b"))

    return make


def nobody(ctx: Ctx) -> Node:
    return EscalationChain("chain", ctx, accept=bool)


def none_needed(ctx: Ctx) -> Node:
    def find(angle: str, known: Callable[[], list[str]]) -> Node[list[str]]:
        return Step(f"find {angle}", lambda: [angle])

    return FanOutRefute(
        "audit", ctx, ["a"], find, lambda one: [], angle=str, key=str, refutations=0
    )


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (panel(tie="gren"), "colour: tie='gren' is not one of the choices: red, blue"),
        (panel(rule="all"), "colour: rule='all' is not one of most, majority, consensus"),
        (panel(quorum=3), "colour: a quorum of 3 cannot be met by 2 members"),
        (panel(quorum=0), "colour: a quorum of 0 cannot be met by 2 members"),
        (panel(0), "colour: a quorum of 1 cannot be met by 0 members"),
        (panel(choices="red"), "colour: choices must be a list of texts, not 'red'"),
        (panel(choices=[]), "colour: choices must be a list of texts, not []"),
        (debate("ann", "bob", tie="cid"), "plan: tie='cid' is not one of the proposals: ann, bob"),
        (debate(), "plan: there are no proposals"),
        (classify, "kind: a route has the name otherwise, which is that of otherwise="),
        (table("otherwise", "first"), "table: a rule has the name otherwise"),
        (table("large", "any"), "table: hit='any' is not one of first, unique"),
        (nobody, "chain: there are no attempts"),
        (none_needed, "audit: refutations=0 must be at least 1"),
    ],
)
def test_what_cannot_be_is_refused_at_the_authors_line(make: Make, said: str) -> None:
    with pytest.raises(AuthorError) as refused:
        begin(make).go()
    assert said in str(refused.value)
    assert str(refused.value).startswith(__file__) or "flows.py:" in str(refused.value)


def test_no_sources_are_enough_if_none_is_needed() -> None:
    def make(ctx: Ctx) -> Node[int]:
        return GatherAndSynthesize(
            "notes",
            ctx,
            lambda: list[str](),
            step,
            lambda notes: Step("count", lambda: len(ctx[notes])),
            key=str,
            at_least=0,
        )

    assert begin(make).go().output == "0"
