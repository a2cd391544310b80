"""ClassifyAndRoute, DecisionTable, EscalationChain: one of several nodes, chosen in Python."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Step, Task
from smithers.patterns import ClassifyAndRoute, DecisionTable, EscalationChain
from tests.patterns.flows import answers, begin, error_of
from tests.rules.agents import Scripted
from tests.rules.runs import Run


class Label(BaseModel):
    label: str


def done(name: str) -> Step[str]:
    return Step(name, lambda: f"{name} done")


def routed(label: str, *, otherwise: bool = False) -> Run:
    def make(ctx: Context[NoInput]) -> Node[str]:
        kind = Task("kind", agent=answers(Label(label=label)), prompt="Which?", output=Label)
        routes = {name: done(name) for name in ("bug", "question")}
        other = Step("other", lambda: "other done") if otherwise else None
        return ClassifyAndRoute("triage", ctx, kind, routes, otherwise=other)

    return begin(make)


def test_only_the_route_of_the_label_runs() -> None:
    run = routed("question")
    assert run.go().output == '"question done"'
    assert run.outcome("bug") == "skipped"


def test_an_unknown_label_takes_the_other_route() -> None:
    assert routed("praise", otherwise=True).go().output == '"other done"'


def test_an_unknown_label_without_one_fails_and_names_the_labels() -> None:
    run = routed("praise")
    assert run.go().status == "failed"
    assert error_of(run, "triage-label").endswith("no route for 'praise', only for bug, question")


def table(facts: int, hit: Literal["first", "unique"], *, otherwise: bool = False) -> Run:
    def make(ctx: Context[NoInput]) -> Node[str]:
        lines = Step("lines", lambda: facts)
        other = Step("merge", lambda: "merge") if otherwise else None
        return DecisionTable(
            "size",
            ctx,
            lines,
            {
                "large": (lambda lines: lines > 100, Step("split", lambda: "split")),
                "medium": (lambda lines: lines > 10, Step("review", lambda: "review")),
            },
            hit=hit,
            otherwise=other,
        )

    return begin(make)


def test_the_first_rule_that_holds_counts() -> None:
    assert table(200, "first").go().output == '"split"'
    assert table(20, "first").go().output == '"review"'


def test_several_rules_that_hold_are_an_error_if_one_must_be_unique() -> None:
    assert table(20, "unique").go().output == '"review"'
    run = table(200, "unique")
    assert run.go().status == "failed"
    assert error_of(run, "size-rule").endswith("several rules hold: large, medium")


def test_no_rule_that_holds_is_an_error_or_something_else() -> None:
    assert table(1, "first", otherwise=True).go().output == '"merge"'
    run = table(1, "first")
    assert run.go().status == "failed"
    assert error_of(run, "size-rule").endswith("none of the rules holds: large, medium")


def chain(*script: Any) -> tuple[Run, list[Scripted]]:
    agents = [answers(one, name=f"agent{n}") for n, one in enumerate(script)]

    def make(ctx: Context[NoInput]) -> Node[str]:
        attempts = [
            Task(f"try {n}", agent=agent, prompt="Solve it.") for n, agent in enumerate(agents)
        ]
        return EscalationChain("solve", ctx, *attempts, accept=lambda text: "solved" in text)

    return begin(make), agents


@pytest.mark.parametrize(
    ("script", "output", "asked"),
    [
        (("solved cheaply", "solved"), "solved cheaply", 1),
        (("I cannot", RuntimeError("down"), "solved dearly", "solved"), "solved dearly", 3),
    ],
)
def test_it_escalates_until_one_is_accepted(
    script: tuple[Any, ...], output: str, asked: int
) -> None:
    run, agents = chain(*script)
    assert run.go().output == f'"{output}"'
    assert sum(len(agent.asks) for agent in agents) == asked


def test_it_says_why_nothing_was_accepted() -> None:
    run, _ = chain("no idea", RuntimeError("down"))
    assert run.go().status == "failed"
    said = error_of(run, "solve-chosen")
    assert "try 0: was not accepted; try 1: " in said
    assert "down" in said
