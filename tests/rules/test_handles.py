"""A node used as if it were its output is an author error with its line, and nothing is paid."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smithers import (
    Approval,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.errors import AuthorError
from tests.rules.agents import Scripted
from tests.rules.runs import Run

Use = Callable[[Any], str]
USES: dict[str, Use] = {
    "str": lambda node: str(node),
    "f-string": lambda node: f"Do {node}",
    "f-string with a width": lambda node: f"{node:>20}",
    "format": lambda node: format(node),
    "str.format": lambda node: "Do {}".format(node),  # noqa: UP032
    "percent": lambda node: "Do %s" % node,  # noqa: UP031
    "plus": lambda node: "Do " + node,
    "plus, the node first": lambda node: node + " now",
    "in-place plus": lambda node: "".__add__("") + node,
}
HINTED: dict[str, Use] = {
    "join": lambda node: "\n".join([node, node]),
    "a field": lambda node: node.steps,
    "an item": lambda node: node["steps"],
    "iteration": lambda node: "".join([*node]),
    "length": lambda node: "x" * len(node),
    "number": lambda node: str(int(node)),
    "JSON": lambda node: json.dumps(node),
}


def run_of(use: Use, agent: Scripted, make: Callable[[], Node[Any]]) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        plan = make()
        return Sequence(plan, Task("act", agent=agent, prompt=lambda: use(plan)))

    return Run(flow)


def step() -> Node[Any]:
    return Step("plan", lambda: "the plan")


def nodes() -> list[Node[Any]]:
    made = Step("s", lambda: 1)
    return [
        Task("plan", agent=Scripted(), prompt="x"),
        Step("plan", lambda: 1),
        Approval("plan", ask="?"),
        Sequence(made),
        Parallel(made),
        Loop(made, until=lambda: True, max_iterations=1, id="plan"),
        ForEach(["a"], key=str, each=lambda _: Step("each", lambda: 1), id="plan"),
    ]


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_node_that_is_used_as_text_is_refused_with_the_line(use: Use) -> None:
    for node in nodes():
        with pytest.raises(AuthorError, match="it is a node and not its output") as caught:
            use(node)
        assert caught.value.place is not None
        assert caught.value.place.file == __file__
        assert "ctx[" in caught.value.hint
        assert "a node, not its output" in repr(node)


@pytest.mark.parametrize("use", [*USES.values(), *HINTED.values()], ids=[*USES, *HINTED])
def test_no_agent_is_paid_for_a_prompt_that_was_made_from_a_node(use: Use) -> None:
    agent = Scripted()
    ended = run_of(use, agent, step).go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert "ctx[" in ended.error.hint
    assert ended.error.place is not None
    assert ended.error.place.startswith(f"{__file__}:") or use is HINTED["JSON"]
    assert agent.asks == []


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_in_the_workflow_function_nothing_starts(use: Use) -> None:
    agent = Scripted()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        plan = Task("plan", agent=agent, prompt="plan")
        return Sequence(plan, Task("act", agent=agent, prompt=use(plan)))

    with pytest.raises(AuthorError, match=r"Task 'plan' is used as text.*\n?") as caught:
        Run(flow).go()
    assert "ctx[plan]" in caught.value.hint
    assert agent.asks == []


@pytest.mark.parametrize(
    "use",
    [lambda node: f"{node!r}", lambda node: f"Do {[node]}", lambda node: node],
    ids=["repr", "a list", "the node itself"],
)
def test_the_repr_of_a_node_is_never_sent(use: Use) -> None:
    agent = Scripted()
    ended = run_of(use, agent, step).go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert "ctx[task]" in ended.error.hint
    assert agent.asks == []


def test_a_written_prompt_and_a_question_are_held_against_it_as_well() -> None:
    task = Task("plan", agent=Scripted(), prompt="x")
    with pytest.raises(AuthorError, match="the repr of a node"):
        Task("act", agent=Scripted(), prompt=f"Do {[task]}")
    with pytest.raises(AuthorError, match="the repr of a node"):
        Approval("ask", ask=f"Ship {[task]}?")


def test_an_error_that_is_not_about_a_node_has_no_such_hint(tmp_path: Path) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("bad", lambda: "a" + 1)  # type: ignore[operator]

    ended = Run(flow).go()
    assert ended.error is not None
    assert ended.error.hint == ""
