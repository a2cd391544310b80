"""A value is read back as it was given, or refused with the name of its field; never changed."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from smithers import (
    Context,
    Node,
    NoInput,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Answered
from smithers.engine.inputs import input_text
from smithers.errors import Refused
from smithers.tree import NotExact, output_of
from tests.rules.agents import Scripted
from tests.rules.runs import Run

ANY: Any = Any


class Plan(BaseModel):
    steps: list[str]
    score: float | None = None

    class Inner(BaseModel):
        x: int


@dataclass
class Point:
    x: int
    y: float | None = None


def given_back(value: Any) -> Any:
    """What a later step reads of what an earlier one gave, in a run that is loaded in between."""
    seen: list[Any] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        make = Step("make", lambda: value)

        def look() -> int:
            seen.append(ctx[make])
            return 1

        return Sequence(make, Step("look", look))

    run = Run(flow)
    ended = run.go()
    if ended.error is not None:
        raise AssertionError(ended.error)
    return seen[0]


@pytest.mark.parametrize(
    "value",
    [
        Plan(steps=["a"], score=1.5),
        Plan.Inner(x=1),
        Point(1, 2.5),
        [Plan(steps=[]), Plan(steps=["b"])],
        {"a": Point(1), "b": Point(2)},
        {"nested": [1, 2.5, None, True, {"x": "y"}]},
        2**80,
        "text",
        [],
        None,
    ],
)
def test_what_an_undeclared_step_gave_is_read_back_as_it_was(value: Any) -> None:
    found = given_back(value)
    assert found == value
    assert type(found) is type(value)


def local_model() -> Any:
    class Local(BaseModel):
        x: int

    return Local(x=1)


class Loose(dict[str, int]):
    pass


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "the value is nan"),
        ({"a": [1.0, math.inf]}, "['a'][1] is inf"),
        (Plan(steps=[], score=math.nan), "score is nan"),
        ([Point(1, math.inf)], "[0].y is inf"),
        ({1: "a"}, "the value has the key 1, which is not a string"),
        ({"a": {"b"}}, "['a'] is a set, which has no order: return sorted(...)"),
        ({"a"}, "the value is a set, which has no order: return sorted(...)"),
        ([(1, 2)], "[0] is a tuple"),
        (Decimal("1.5"), "is a Decimal, which is not plain JSON: write output="),
        (Path("/x"), "which is not plain JSON: write output="),
        (b"\xff", "is a bytes"),
        (Loose(a=1), "is a Loose"),
        ([Plan(steps=[]), Point(1)], "[0] is a Plan, which is not plain JSON: write output="),
        (local_model(), "write output=Local"),
        ([local_model()], "write output=list[Local]"),
        ({"a": local_model()}, "write output=dict[str, Local]"),
    ],
)
def test_what_would_be_changed_is_refused_with_its_field_and_the_line(
    value: Any, words: str
) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("make", lambda: value)

    ended = Run(flow).go()
    assert ended.error is not None
    assert ended.error.kind == "AuthorError"
    assert words in ended.error.message
    assert (ended.error.place or "").startswith(f"{__file__}:")


class Scores(BaseModel):
    best: float | None
    all: dict[str, list[float | None]] = {}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Scores(best=math.nan), "best is nan"),
        (Scores(best=1, all={"a": [None, -math.inf]}), "all['a'][1] is -inf"),
    ],
)
def test_a_declared_output_is_never_null_in_silence(value: Scores, words: str) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("make", lambda: value, output=Scores)

    ended = Run(flow).go()
    assert ended.error is not None
    assert words in ended.error.message


def test_an_answer_with_a_number_that_json_lacks_is_repaired() -> None:
    agent = Scripted('{"best": NaN}', '{"best": 2}')

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("score", agent=agent, output=Scores, prompt="Score.")

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("score") == '{"best":2.0,"all":{}}'
    assert len(agent.asks) == 2


def test_data_of_an_adapter_that_is_no_json_is_repaired() -> None:
    agent = Scripted([Answered("", data={"a": {1}})], '{"a": 2}')

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("score", agent=agent, output=dict[str, Any], prompt="Score.")

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("score") == '{"a":2}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"x": NaN}', r"in the input, \['x'\] is nan"),
        ('{"x": [1, -Infinity]}', r"in the input, \['x'\]\[1\] is -inf"),
        ('{"x": {"y": 1e999}}', r"in the input, \['x'\]\['y'\] is inf"),
        ('{"x": 1, "x": 2}', "the input is not JSON: the name 'x' is twice in one object"),
        ('{"x": [0, {"y": 1, "y": 1}]}', r"the name 'y' is twice in the object at \['x'\]\[1\]"),
        ('{"x": {"y": 1, "y": 2}, "x": 3}', "the name 'x' is twice in one object"),
    ],
)
def test_an_input_with_a_number_that_json_lacks_or_a_name_twice_is_refused_by_its_field(
    text: str, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        input_text(text)


def test_a_class_in_a_row_is_never_imported() -> None:
    output = output_of(ANY)
    names = ("antigravity:Nothing", "os:system", "smithers.tree:Step", "nowhere:X", ":", "x")
    for name in (*names, "list[os:system]", "dict[antigravity:Nothing]", "enum:Enum.__init__"):
        with pytest.raises(NotExact, match="cannot be found"):
            output.parse_as("{}", name)
    assert "antigravity" not in sys.modules


def test_a_class_in_a_row_asks_no_module_for_what_it_would_import(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    lazy = ModuleType("a_lazy_module")
    lazy.__getattr__ = asked.append  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "a_lazy_module", lazy)
    with pytest.raises(NotExact, match="cannot be found"):
        output_of(ANY).parse_as("{}", "a_lazy_module:Plan")
    assert asked == []
