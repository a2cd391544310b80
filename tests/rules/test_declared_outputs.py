"""A declared output is compared with what readers get: what differs is refused by its name."""

from __future__ import annotations

import enum
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PydanticUserError,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
)

from smithers import (
    Approval,
    Context,
    Decision,
    ForEach,
    Node,
    NoInput,
    Retry,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.errors import AuthorError, Refused
from smithers.tree import NotExact, output_of
from tests.rules.agents import Scripted
from tests.rules.runs import Run

ANY: Any = Any


class Base(BaseModel):
    a: int = 1


class Derived(Base):
    b: int = 2


class Twin(BaseModel):
    a: int = 1


class Open(BaseModel):
    v: Any = None
    inner: list[Base] = []


class Color(enum.StrEnum):
    RED = "red"


class Grows(BaseModel):
    title: str

    @field_validator("title")
    @classmethod
    def mark(cls, title: str) -> str:
        return f"# {title}"


class Constants(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="constants")
    score: float


class Coded(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    raw: bytes


class Raw(BaseModel):
    raw: list[bytes]


class Hides(BaseModel):
    shown: int = 1
    hidden: int | None = Field(default=None, exclude=True)


class Secret(BaseModel):
    word: SecretStr


@dataclass
class Box:
    v: Any


def ended_with(value: Any, output: Any) -> tuple[Any, Any]:
    """How a step that declares its output ends, and what it gave as a reader gets it."""
    seen: list[Any] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        make: Step[Any] = Step("make", lambda: value, output=output)
        return Sequence(make, Step("look", lambda: seen.append(ctx[make])))

    ended = Run(flow).go()
    return ended.error, seen[0] if seen else None


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "output"),
    [
        ({3, 1}, set[int]),
        ({1: "a"}, dict[int, str]),
        ({Color.RED: 1}, dict[Color, int]),
        (Counter("aab"), Counter[str]),
        ((1, "a"), tuple[int, str]),
        (Path("/a"), Path),
        (Color.RED, Color),
        (Decimal("1.50"), Decimal),
        (NOON, datetime),
        (NOON.replace(tzinfo=None), datetime),
        (timedelta(microseconds=-1), timedelta),
        (b"ok", bytes),
        (Coded(raw=b"\xff"), Coded),
        (Open(v={"a": [1, 2.5, None, "null", "NaN"]}), Open),
        (Open(v=10**30), Open),
        (Derived(b=3), Base),
        (Derived(b=3), BaseModel),
        (Derived(b=3), object),
        (Hides(), Hides),
    ],
)
def test_a_declared_output_is_read_back_as_it_was(value: Any, output: Any) -> None:
    error, found = ended_with(value, output)
    assert error is None
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("value", "output", "words"),
    [
        (Open(v={1, 2}), Open, "v is a set, and would be read back as a list"),
        (Open(v={"x": (1,)}), Open, "v['x'] is a tuple, and would be read back as a list"),
        (Open(v=Decimal("NaN")), Open, "v is NaN, which JSON does not have"),
        (Open(v=Decimal("1.5")), Open, "v is a Decimal, and would be read back as a str"),
        (Open(v=NOON), Open, "v is a datetime, and would be read back as a str"),
        (Open(v=Path("/a")), Open, "v is a PosixPath, and would be read back as a str"),
        (Open(v=Color.RED), Open, "v is a Color, and would be read back as a str"),
        (Open(v={1: 2}), Open, "v has the key 1, which would be read back as '1'"),
        (Open(v=Base()), Open, "v is a Base, and would be read back as a dict"),
        (Open(v=[b"\xff"]), Open, "v[0] is bytes that are not UTF-8"),
        (Open(v=[print]), Open, "v[0] cannot be written as JSON"),
        (Open(inner=[Base(), Derived()]), Open, "inner[1] is a Derived, and would be read back"),
        (Raw(raw=[b"a", b"\xff"]), Raw, "raw[1] is bytes that are not UTF-8"),
        (Box({1}), Box, "v is a set, and would be read back as a list"),
        ({"a": {1}}, dict, "['a'] is a set, and would be read back as a list"),
        ({1: "a", "1": "b"}, dict, "has the key 1, which would be read back as '1'"),
        ({None: 1}, dict[Any, int], "has the key None, which would be read back as 'None'"),
        ([(1,)], list, "[0] is a tuple, and would be read back as a list"),
        ({1}, object, "the value is a set, which has no order: return sorted(...)"),
        (Twin(), Base | Twin, "the value is a Twin, and would be read back as a Base"),
        (Constants(score=math.inf), Constants, "score is inf, which JSON does not have"),
        (Grows(title="x"), Grows, "title is '# x', and would be read back as '# # x'"),
        (Hides(hidden=5), Hides, "hidden is an int, and would be read back as a NoneType"),
        (Secret(word=SecretStr("open")), Secret, "word is SecretStr("),
    ],
)
def test_a_field_that_would_become_another_value_is_refused_by_its_name(
    value: Any, output: Any, words: str
) -> None:
    error, found = ended_with(value, output)
    assert found is None
    assert error is not None
    assert error.kind == "AuthorError"
    assert words in error.message
    assert (error.place or "").startswith(f"{__file__}:")


def test_a_model_of_another_class_is_refused_although_its_fields_could_be_left_out() -> None:
    with pytest.raises(ValidationError, match="instance of Hides"):
        output_of(Hides).dump(Constants(score=1.0))


def test_what_holds_itself_or_is_too_deep_is_refused() -> None:
    itself: list[Any] = []
    itself.append({"me": itself})
    loop = Open()
    loop.v = {"up": loop}
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    for value in (itself, deep):
        with pytest.raises(NotExact, match="is nested more than 190 deep, or contains itself"):
            output_of(ANY).dump(value)
    with pytest.raises(NotExact, match=r"v\['up'\] contains itself"):
        output_of(Open).dump(loop)
    with pytest.raises(NotExact, match=r"v\[0\]\['me'\] contains itself"):
        output_of(Open).dump(Open(v=itself))


def numbers() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (numbers(), "is a generator, which is not plain JSON: return list(...)"),
        ({"a": 1}.keys(), "is a dict_keys, which is not plain JSON: return list(...)"),
        (memoryview(b"a"), "is a memoryview, which is not plain JSON: return its .tolist()"),
        (10**5000, "has more than 4300 digits"),
        (Color.RED, "is a Color, which is not plain JSON: write output="),
        (Step("other", lambda: 1), "is the Step itself, not its output: return ctx[task]"),
    ],
    ids=["generator", "keys", "array", "digits", "enum", "node"],
)
def test_the_advice_fits_what_was_given(value: Any, words: str) -> None:
    with pytest.raises(NotExact) as caught:
        output_of(ANY).dump(value)
    assert words in str(caught.value)


def test_an_author_error_is_no_reason_to_try_again() -> None:
    calls: list[int] = []
    agents = [Scripted('{"title": "x"}', name="first"), Scripted('{"title": "x"}', name="second")]

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def make() -> object:
            calls.append(1)
            return {1, 2}

        often = Retry(tries=3, first_s=0)
        return Sequence(
            Task("ask", agent=agents, prompt="p", output=Grows, on_failure="continue", retry=often),
            Step("make", make, retry=often),
        )

    run = Run(flow)
    ended = run.go()
    assert ended.error is not None
    assert "return sorted(...)" in ended.error.message
    assert calls == [1]
    asked = run.state.ended[next(key for key in run.state.ended if key.id == "ask")].error
    assert asked is not None
    assert "title is '# x', and would be read back as '# # x'" in asked.message
    assert (asked.place or "").startswith(f"{__file__}:")
    assert [len(agent.asks) for agent in agents] == [1, 0]


def test_items_in_a_set_are_refused_since_their_order_differs_after_a_crash() -> None:
    with pytest.raises(
        AuthorError, match="items of this ForEach must be a list, not a set"
    ) as caught:
        ForEach({"a", "b"}, key=str, each=lambda one: Step(one, lambda: 1))
    assert "sorted(...)" in caught.value.hint

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        tags: Step[set[str]] = Step("tags", lambda: {"a", "b"}, output=set[str])
        each = ForEach(lambda: ctx[tags], key=str, each=lambda one: Step(one, lambda: 1), id="all")
        return Sequence(tags, each)

    ended = Run(flow).go()
    assert ended.error is not None
    assert "sorted(...)" in ended.error.hint


def test_every_node_reads_a_class_back_after_a_restart() -> None:
    """By ctx.get, ctx.previous, ForEach and a group's result, in a run that is loaded anew."""
    seen: dict[str, Any] = {}

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        make = Step("make", lambda: Derived(b=5))
        group = Sequence(make, result=make)
        each = ForEach(["x"], key=str, each=lambda one: Step(one, lambda: Derived(b=6)), id="each")

        def look() -> str:
            seen.update(get=ctx.get(make), group=ctx[group], each=ctx[each])
            return f"{ctx[make]}"

        return Sequence(group, each, Approval("ok", ask="?"), Step("look", look))

    run = Run(flow)
    assert run.go().status == "waiting"
    run.answer("ok")
    ended = run.go()
    assert ended.status == "finished"
    assert seen == {"get": Derived(b=5), "group": Derived(b=5), "each": [Derived(b=6)]}
    assert run.output("look") == '"a=1 b=5"'


@pytest.mark.parametrize("kind", [Any, object, str])
@pytest.mark.parametrize("text", ['"a"', "1", '{"a": [null, true, 1.5]}', "[", "NaN", '"\\ud800"'])
def test_a_text_and_anything_are_read_as_pydantic_reads_them(kind: Any, text: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    assert output_of(kind).schema == adapter.json_schema()
    assert _read(output_of(kind).parse, text) == _read(adapter.validate_json, text)


def _read(how: Callable[[str], object], text: str) -> str:
    try:
        return repr(how(text))
    except ValidationError as error:
        return repr([{**one, "ctx": None} for one in error.errors(include_url=False)])


def test_an_input_without_fields_is_what_validation_makes_of_it() -> None:
    @workflow
    def empty(ctx: Context[NoInput]) -> Node:
        return Step("step", lambda: 1)

    made = empty.parse_input("{}")
    assert made == NoInput() == empty.parse_input("{ }")
    assert (made.model_dump_json(), made.model_fields_set) == ("{}", set())
    with pytest.raises(Refused, match="the input does not match NoInput"):
        empty.parse_input('{"a": 1}')


@pytest.mark.parametrize("model", [NoInput, Decision])
def test_a_model_that_extends_one_of_ours_is_refused_where_it_is_written(model: Any) -> None:
    class Unknown:
        pass

    with pytest.raises(PydanticUserError, match="Unknown"):
        type("Mine", (model,), {"__annotations__": {"field": Unknown}})
