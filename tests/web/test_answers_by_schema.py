"""The usual shapes of pydantic, each answered by a form without scripts."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter
from starlette.testclient import TestClient

from smithers import Context, HumanTask, Node, NoInput, Sequence, workflow
from smithers.hub import Hub
from tests.web.browsing import form_of


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Limits(BaseModel):
    name: str = Field(min_length=2, max_length=5, description="Who it is for.")
    count: int = Field(ge=1, le=9)
    share: float = Field(default=0.5, gt=0, lt=1)
    price: Decimal = Decimal("2.50")


class Choices(BaseModel):
    colour: Colour
    level: Level = Level.LOW
    size: Literal["s", "m"] | None = None
    gift: bool = False
    extras: list[Literal["nuts", "jam"]] = ["jam"]


class Times(BaseModel):
    day: date
    at: datetime
    opens: time = time(9, 0)
    lasts: timedelta | None = None


class Item(BaseModel):
    title: str
    number: int = 1


class Lists(BaseModel):
    tags: list[str] = []
    hours: list[int] = []
    items: list[Item] = []


class Maps(BaseModel):
    labels: dict[str, str] = {}
    counts: dict[str, int] = {}
    free: dict[str, Any] = {}


class Street(BaseModel):
    street: str = Field(min_length=3)
    item: Item = Item(title="door")


class Nested(BaseModel):
    home: Street
    other: Street | None = None


class Card(BaseModel):
    kind: Literal["card"] = "card"
    number: int = Field(ge=1000)


class Cash(BaseModel):
    kind: Literal["cash"] = "cash"
    currency: str


class Paid(BaseModel):
    by: Annotated[Card | Cash, Field(discriminator="kind")]
    reference: int | str = ""


class Recursive(BaseModel):
    name: str
    inner: list[Recursive] = []


_AT = datetime(2026, 1, 2, 10, 30, tzinfo=UTC)
_CASES: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "limits": (
        Limits,
        {"field.name": "Ann", "field.count": "3"},
        Limits(name="Ann", count=3),
    ),
    "choices": (
        Choices,
        {"field.colour": "blue", "field.level": "2", "field.extras": ["nuts", "jam"]},
        Choices(colour=Colour.BLUE, level=Level.HIGH, extras=["nuts", "jam"]),
    ),
    "times": (
        Times,
        {"field.day": "2026-01-02", "field.at": "2026-01-02T10:30", "field.lasts": "PT90S"},
        Times(day=date(2026, 1, 2), at=_AT, lasts=timedelta(seconds=90)),
    ),
    "lists": (
        Lists,
        {
            "field.tags": "a\r\n\r\nb",
            "field.hours": "7\n8",
            "field.items.rows": "2",
            "field.items.0.title": "x",
            "field.items.1.title": "y",
            "field.items.1.number": "4",
        },
        Lists(tags=["a", "b"], hours=[7, 8], items=[Item(title="x"), Item(title="y", number=4)]),
    ),
    "maps": (
        Maps,
        {"field.labels": "a: 1\nurl: http://x", "field.counts": "n: 5", "field.free": '{"z": [1]}'},
        Maps(labels={"a": "1", "url": "http://x"}, counts={"n": 5}, free={"z": [1]}),
    ),
    "nested": (
        Nested,
        {"field.home.street": "High Street", "field.home.item.title": "gate"},
        Nested(home=Street(street="High Street", item=Item(title="gate"))),
    ),
    "an optional model": (
        Nested,
        {
            "field.home.street": "High Street",
            "field.other.which": "0",
            "field.other.0.street": "Low Street",
        },
        Nested(home=Street(street="High Street"), other=Street(street="Low Street")),
    ),
    "a union": (
        Paid,
        {"field.by.which": "1", "field.by.1.currency": "EUR", "field.reference.which": "0"}
        | {"field.reference.0": "12"},
        Paid(by=Cash(currency="EUR"), reference=12),
    ),
    "a recursive model": (
        Recursive,
        {"field.name": "a", "field.inner.rows": "1", "field.inner.0.name": "b"},
        Recursive(name="a", inner=[Recursive(name="b")]),
    ),
    "a list of models alone": (
        list[Item],
        {"answer.rows": "1", "field.0.title": "x"},
        [Item(title="x")],
    ),
    "a union alone": (Card | Cash, {"answer.which": "0", "field.0.number": "1234"}, None),
    "yes or no": (bool, {"answer": "false"}, False),
    "a text": (str, {"answer": "two\r\nlines"}, "two\nlines"),
    "a date alone": (date, {"answer": "2026-01-02"}, date(2026, 1, 2)),
    "any data": (Any, {"answer": '{"a": [1, 2]}'}, {"a": [1, 2]}),
}


def _asking(output: Any) -> Any:
    @workflow
    def asks(ctx: Context[NoInput]) -> Node[Any]:
        asked: HumanTask[Any] = HumanTask("data", ask="What?", output=output)
        return Sequence(asked, result=asked)

    return asks


@pytest.mark.parametrize("name", _CASES)
def test_a_form_gives_the_data_of_its_schema(hub: Hub, browser: TestClient, name: str) -> None:
    output, typed, wanted = _CASES[name]
    flow = _asking(output)
    asyncio.run(hub.run(flow, run_id="r1"))
    page = browser.get("/runs/r1/ask").text
    sent = {**form_of(page), **typed, "verb": "answer"}
    found = browser.post("/runs/r1/ask", data=sent)
    assert found.status_code == 200, found.text[found.text.index("<main") :][:2000]
    asyncio.run(hub.resume("r1", workflow=flow))
    json = hub.summary("r1").output
    assert json is not None
    got = TypeAdapter[Any](output).validate_json(json)
    assert got == (Card(number=1234) if wanted is None else wanted)


_WRONG: dict[str, tuple[Any, dict[str, str], str, str]] = {
    "a limit": (Limits, {"field.count": "10"}, "field.count", "10 is greater than the maximum"),
    "a type": (Limits, {"field.count": "many"}, "field.count", "is not a whole number, 1 to 9"),
    "nothing": (Limits, {"field.count": ""}, "field.count", "is missing"),
    "no choice": (Choices, {}, "field.colour", "choose one"),
    "a row": (
        Lists,
        {"field.items.rows": "1", "field.items.0.title": "x", "field.items.0.number": "x"},
        "field.items.0.number",
        "is not a whole number",
    ),
    "a name": (Maps, {"field.labels": "a: 1\nb"}, "field.labels", "line 2 is not of the form name"),
    "a name again": (Maps, {"field.labels": "a: 1\na: 2"}, "field.labels", "line 2: a is there"),
    "data": (Maps, {"field.free": '{"a": 1,\n  b}'}, "field.free", "line 2, column 3"),
    "no choice of a union": (Paid, {}, "field.by", "choose one"),
    "a choice of a union": (
        Paid,
        {"field.by.which": "0", "field.by.0.number": "7"},
        "field.by.0.number",
        "7 is less than the minimum of 1000",
    ),
    "a date": (Times, {"field.day": "soon"}, "field.day", "is not a"),
}


@pytest.mark.parametrize("name", _WRONG)
def test_what_is_wrong_is_beside_its_field(hub: Hub, browser: TestClient, name: str) -> None:
    output, typed, field, said = _WRONG[name]
    asyncio.run(hub.run(_asking(output), run_id="r1"))
    sent = {**form_of(browser.get("/runs/r1/ask").text), **typed, "verb": "answer", "note": "n"}
    found = browser.post("/runs/r1/ask", data=sent)
    assert found.status_code == 422
    assert f'href="#{field}"' in found.text
    at = found.text.index(f'<p class="wrong" id="{field}-wrong">')
    assert said in found.text[at : at + 300]
    kept = form_of(found.text)
    for name, text in typed.items():
        assert kept[name] == [text]
    assert kept["note"] == ["n"]
    assert len(hub.list_asks("r1")) == 1


def test_limits_and_descriptions_are_shown(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(_asking(Limits), run_id="r1"))
    page = browser.get("/runs/r1/ask").text
    assert "text, 2 to 5 characters. Who it is for." in page
    assert "a whole number, 1 to 9" in page
    assert "a number, above 0, below 1" in page
    assert 'inputmode="decimal" id="field.count"' in page
    assert form_of(page)["field.price"] == ["2.50"]


def test_a_row_is_taken_away_and_the_others_are_kept(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(_asking(Lists), run_id="r1"))
    sent: dict[str, Any] = form_of(browser.get("/runs/r1/ask").text)
    assert sent["field.items.rows"] == ["0"]
    for title in ("a", "b", "c"):
        page = browser.post("/runs/r1/ask", data={**sent, "rows": "+field.items"}).text
        sent = form_of(page)
        sent[f"field.items.{int(sent['field.items.rows'][0]) - 1}.title"] = [title]
    page = browser.post("/runs/r1/ask", data={**sent, "rows": "-field.items.1"}).text
    kept = form_of(page)
    assert kept["field.items.rows"] == ["2"]
    assert (kept["field.items.0.title"], kept["field.items.1.title"]) == (["a"], ["c"])
    assert len(hub.list_asks("r1")) == 1
