"""Values that are made from a schema fit it, are the same each time, and change by their number."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from smithers.agent import made_answer
from smithers.examples import made_of


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Place(BaseModel):
    file: str = Field(pattern=r"^[a-z]+\.py$")
    line: int = Field(ge=1)


class Tree(BaseModel):
    name: str
    below: list[Tree] = []
    parent: Tree | None = None


class Yes(BaseModel):
    kind: Literal["yes"] = "yes"


class No(BaseModel):
    kind: Literal["no"] = "no"
    why: str


KINDS: list[Any] = [
    *(bool, int, float, Decimal, str, bytes, Path, UUID, date, datetime, time, timedelta, None),
    *(Colour, Literal["a", "b"], Literal[3, 4], Place, Tree, Place | None, Yes | No),
    Annotated[Yes | No, Field(discriminator="kind")],
    Annotated[int, Field(gt=3, lt=9, multiple_of=5)],
    Annotated[int, Field(ge=-5, le=-2)],
    Annotated[float, Field(gt=0, lt=1)],
    Annotated[float, Field(gt=0, lt=0.1)],
    Annotated[str, Field(min_length=3, max_length=3)],
    Annotated[str, Field(min_length=40)],
    Annotated[str, Field(max_length=2)],
    Annotated[str, Field(pattern=r"^[A-Z]{3}-\d+(a|b)?[^x]$")],
    Annotated[str, Field(pattern=r"^v?\d+\.\d+\.\d+$")],
    Annotated[str, Field(pattern=r"^(feat|fix)\([\w-]+\): .{5,}$")],
    Annotated[list[Place], Field(min_length=1, max_length=1)],
    Annotated[set[str], Field(min_length=3)],
    *(list[int], list[list[str]], tuple[int, str], dict[str, int], dict[str, list[Place]]),
    *(set[Annotated[int, Field(ge=2)]], list[Colour]),
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_made_value_fits_its_type_and_is_the_same_each_time(kind: Any) -> None:
    adapter = TypeAdapter[Any](kind)
    schema = adapter.json_schema()
    for number in range(7):
        for is_flat in (False, True):
            made = made_of(schema, number, is_flat=is_flat)
            adapter.validate_python(made)
            assert made_of(schema, number, is_flat=is_flat) == made


def changing(kind: Any) -> list[Any]:
    schema = TypeAdapter[Any](kind).json_schema()
    return [made_answer(schema, number) for number in range(3)]


def test_the_next_value_is_another_one() -> None:
    assert changing(bool) == [False, True, False]
    assert changing(Annotated[int, Field(ge=1, le=5)]) == [1, 5, 1]
    assert changing(int) == [0, 100, 0]
    assert changing(Colour) == ["red", "blue", "red"]
    assert changing(list[str]) == [["text", "text 2"], ["text"], []]
    assert [one["kind"] for one in changing(Yes | No)] == ["yes", "no", "yes"]


def test_the_items_of_a_list_can_be_told_apart() -> None:
    (places,) = [made_answer(TypeAdapter(list[Place]).json_schema())]
    assert places == [{"file": "a.py", "line": 1}, {"file": "a.py", "line": 2}]


def test_a_field_with_a_default_changes_as_well() -> None:
    class Next(BaseModel):
        do: str = ""
        done: bool = False

    schema = Next.model_json_schema()
    assert [made_answer(schema, number) for number in range(2)] == [{}, {"done": True}]
