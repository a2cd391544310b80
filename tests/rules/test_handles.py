"""A node used as if it were its output is an author error with its line, and nothing is paid."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from string import Template
from typing import Any

import pytest
from pydantic import BaseModel

from smithers import (
    Approval,
    Branch,
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
from smithers.tree import NODE_MARK
from tests.rules.agents import Scripted
from tests.rules.runs import Run

Use = Callable[[Any], str]
USES: dict[str, Use] = {
    "str": lambda node: str(node),
    "f-string": lambda node: f"Do {node}",
    "f-string with a width": lambda node: f"{node:>20}",
    "f-string with !s": lambda node: f"{node!s}",
    "format": lambda node: format(node),
    "str.format": lambda node: "Do {}".format(node),  # noqa: UP032
    "format_map": lambda node: "Do {it}".format_map({"it": node}),
    "template": lambda node: Template("Do $it").substitute(it=node),
    "percent": lambda node: "Do %s" % node,  # noqa: UP031
    "percent, the node first": lambda node: node % "x",
    "plus": lambda node: "Do " + node,
    "plus, the node first": lambda node: node + " now",
    "in-place plus": lambda node: "".__add__("") + node,
    "sum": lambda node: str(sum([node])),
    "map and join": lambda node: ", ".join(map(str, [node])),
    "print": lambda node: str(print(node, file=StringIO())),
    "equal": lambda node: "yes" if node == "ship" else "no",
    "unequal": lambda node: "yes" if node != 3 else "no",
    "among": lambda node: "yes" if node in ["ship", "stop"] else "no",
}
HINTED: dict[str, Use] = {
    "join": lambda node: "\n".join([node, node]),
    "a field": lambda node: node.steps,
    "an item": lambda node: node["steps"],
    "iteration": lambda node: "".join([*node]),
    "a loop": lambda node: "".join(one for one in node),
    "unpacking": lambda node: "{}{}".format(*node),
    "a mapping": lambda node: str({**node}),
    "two names": lambda node: "".join(two_of(node)),
    "membership": lambda node: "x" if "bug" in node else "y",
    "within": lambda node: "x" if node in "bugs" else "y",
    "order": lambda node: "x" if node > 3 else "y",
    "order, the node last": lambda node: "x" if 3 < node else "y",  # noqa: SIM300
    "sorting": lambda node: str(sorted([node, node])),
    "product": lambda node: node * 2,
    "repetition": lambda node: "x" * node,
    "difference": lambda node: 3 - node,
    "negation": lambda node: -node,
    "a call": lambda node: node(),
    "length": lambda node: "x" * len(node),
    "number": lambda node: str(int(node)),
    "a float": lambda node: str(float(node)),
    "range": lambda node: str(range(node)),
    "percent d": lambda node: "%d" % node,  # noqa: UP031
    "replace": lambda node: "x".replace("x", node),
    "a pattern": lambda node: str(re.search("x", node)),
    "dedent": lambda node: textwrap.dedent(node),
    "a path": lambda node: str(Path(node)),
    "opening": lambda node: str(open(node)),  # noqa: SIM115
    "JSON": lambda node: json.dumps(node),
    "JSON of a dict": lambda node: json.dumps({"plan": node}),
    "a model": lambda node: Brief(topic=node).topic,
    "a model that is read": lambda node: Brief.model_validate(node).topic,
    "an exception": lambda node: raises(ValueError(node)),
    "an attribute": lambda node: " ".join(Holder(node).nodes()),
    "its output's type": lambda node: f"Do {node.output}",
    "a field of that": lambda node: node.output.steps,
}


class Brief(BaseModel):
    topic: str


class Holder:
    def __init__(self, node: Any) -> None:
        self.node = node

    def nodes(self) -> Any:
        return ["x".replace("x", self.node)]


def two_of(node: Any) -> Any:
    first, second = node
    return [first, second]


def raises(error: Exception) -> str:
    raise error


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
        Branch(lambda: True, made, id="plan"),
        Sequence(made),
        Parallel(made),
        Loop(made, until=lambda: True, max_iterations=1, id="plan"),
        ForEach(["a"], key=str, each=lambda _: Step("each", lambda: 1), id="plan"),
    ]


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_node_that_is_used_as_text_is_refused_with_the_line(use: Use) -> None:
    for node in nodes():
        with pytest.raises(AuthorError, match="it is a handle, not its output") as caught:
            use(node)
        assert caught.value.place is not None
        assert caught.value.place.file == __file__
        assert "ctx[" in caught.value.hint
        assert repr(node).endswith(NODE_MARK)


@pytest.mark.parametrize("use", [*USES.values(), *HINTED.values()], ids=[*USES, *HINTED])
def test_no_agent_is_paid_for_a_prompt_that_was_made_from_a_node(use: Use) -> None:
    agent = Scripted()
    ended = run_of(use, agent, step).go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert "ctx[" in ended.error.hint
    assert ended.error.place is not None
    assert ended.error.place.startswith(f"{__file__}:")
    assert agent.asks == []


@pytest.mark.parametrize("use", [*USES.values(), *HINTED.values()], ids=[*USES, *HINTED])
def test_in_the_workflow_function_nothing_starts(use: Use) -> None:
    agent = Scripted()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        plan = Task("plan", agent=agent, prompt="plan")
        return Sequence(plan, Task("act", agent=agent, prompt=use(plan)))

    with pytest.raises(AuthorError) as caught:
        Run(flow).go()
    assert "ctx[" in caught.value.hint
    assert caught.value.place is not None
    assert caught.value.place.file == __file__
    assert agent.asks == []


PLACES: dict[str, Callable[[Any], Node[Any]]] = {
    "test": lambda plan: Branch(lambda: plan == "ship", Step("a", lambda: 1), id="b"),
    "test, the node itself": lambda plan: Branch(lambda: plan, Step("a", lambda: 1), id="b"),
    "until": lambda plan: Loop(
        Step("a", lambda: 1), until=lambda: plan.done, max_iterations=2, id="l"
    ),
    "items": lambda plan: ForEach(
        lambda: plan, key=str, each=lambda one: Step(one, lambda: 1), id="e"
    ),
    "key": lambda plan: ForEach(
        lambda: ["x"], key=lambda one: one + plan, each=lambda one: Step(one, lambda: 1), id="e"
    ),
    "each": lambda plan: ForEach(
        lambda: ["x"], key=str, each=lambda one: Step(f"{one} {plan}", lambda: 1), id="e"
    ),
    "each, in a callable": lambda plan: ForEach(
        lambda: ["x"],
        key=str,
        each=lambda one: Task(one, agent=Scripted(), prompt=lambda: f"{one} {plan}"),
        id="e",
    ),
    "a step": lambda plan: Step("s", lambda: f"{plan}"),
    "a step, the node itself": lambda plan: Step("s", lambda: plan),
    "a step that waits": lambda plan: Step("s", waits(plan)),
    "a question": lambda plan: Approval("a", ask=lambda: f"Ship {plan}?"),
}


def waits(plan: Any) -> Any:
    async def run() -> str:
        return "".join([plan])

    return run


@pytest.mark.parametrize("place", PLACES)
def test_every_callable_says_so(place: str) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        plan = Step("plan", lambda: "the plan")
        return Sequence(plan, PLACES[place](plan))

    ended = Run(flow).go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert "ctx[" in ended.error.hint + ended.error.message
    assert (ended.error.place or "").startswith(f"{__file__}:")


def test_the_hint_names_the_node_that_was_meant() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        plan: Step[str] = Step("plan", lambda: "a")
        other = Approval("other", ask="?")
        return Sequence(plan, Step("join", lambda: HINTED["join"](plan)), other)

    ended = Run(flow).go()
    assert ended.error is not None
    assert "ctx[plan]" in ended.error.hint


def test_what_is_no_use_as_an_output_stays_as_it_was() -> None:
    """Identity, truth, sets and repr, which authors, debuggers and this package rely on."""
    plan, review = Step("plan", lambda: 1), None
    assert plan == plan
    assert plan != Step("plan", lambda: 1)
    assert plan is not None
    assert plan != None  # noqa: E711
    assert [node for node in (plan, review) if node] == [plan]
    assert {plan: 1}[plan] == 1
    assert plan in [plan]
    assert repr([plan]).startswith("[<Step 'plan': a handle, not the output, #")


REPRS: dict[str, Use] = {
    "repr": lambda node: f"{node!r}",
    "a list": lambda node: f"Do {[node]}",
    "the node itself": lambda node: node,
}


@pytest.mark.parametrize("use", REPRS.values(), ids=REPRS)
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
    assert ended.error.hint == "for the traceback and the output, type `smithers logs r1 bad`"


def test_a_prompt_may_repeat_what_the_logs_of_another_process_say() -> None:
    agent = Scripted()
    said = "<Task 'plan': a handle, not the output, #0>"
    ended = run_of(lambda node: f"Explain {said}", agent, step).go()
    assert ended.status == "finished"
    assert agent.asks[0].prompt == f"Explain {said}"
