"""Forms of questions: every kind of field, fields inside fields, and what is wrong beside each."""

from __future__ import annotations

import asyncio
import json
import re
from html import unescape
from typing import Any, Literal, Union

from pydantic import BaseModel, Field, create_model
from starlette.testclient import TestClient

from smithers import Context, HumanTask, Node, NoInput, Rework, Sequence, Step, workflow
from smithers.hub import Hub
from tests.web.browsing import form_of

_EVIL = "\"'><script>alert(1)</script>"


class Address(BaseModel):
    street: str = Field(min_length=3)
    number: int = Field(ge=1, description=f"House {_EVIL}")


class Order(BaseModel):
    name: str
    note: str | None = None
    size: Literal["small", "large"] = "small"
    extras: list[Literal["nuts", "jam"]] = []
    hours: list[int] = []
    gift: bool = False
    price: float = 2.5
    address: Address
    others: list[Address] = []


@workflow
def orders(ctx: Context[NoInput]) -> Node[Order]:
    asked = HumanTask("order", ask="What?", output=Order)
    return Sequence(asked, result=asked)


@workflow
def chooses(ctx: Context[NoInput]) -> Node[str]:
    draft = Step("draft", lambda: "x", output=str)
    asked = HumanTask("colour", ask="Which?", choices=["red", _EVIL], on_deny=Rework(draft))
    return Sequence(draft, asked, result=asked)


def _fields(page: str) -> dict[str, str | list[str]]:
    """What the form says if nobody changes it, as a browser sends it."""
    return {name: texts if texts[1:] else texts[0] for name, texts in form_of(page).items()}


def _post(browser: TestClient, data: dict[str, Any]) -> Any:
    return browser.post("/runs/r1/ask", data=data)


def test_an_answer_is_given_field_by_field(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(orders, run_id="r1"))
    page = browser.get("/runs/r1/ask").text
    assert "<script>alert" not in page
    first = _fields(page)
    assert (first["field.size"], first["field.gift"], first["field.price"]) == (
        "small",
        "false",
        "2.5",
    )
    sent: dict[str, Any] = {
        **first,
        "verb": "answer",
        "field.name": f"Ann {_EVIL}",
        "field.hours": "3\nx",
        "field.extras": ["jam", "nuts"],
        "field.address.street": "High Street",
        "field.address.number": "many",
        "note": "soon",
    }
    wrong = _post(browser, sent)
    assert wrong.status_code == 422
    assert "Nothing was recorded. 2 fields need another value" in wrong.text
    assert "&#39;x&#39; is not a number on each line" in wrong.text
    assert "<script>alert" not in wrong.text
    kept = _fields(wrong.text)
    for name in ("field.name", "field.hours", "field.address.street", "note"):
        assert kept[name] == sent[name]
    assert kept["field.address.number"] == "many"
    assert re.search(r'value="nuts" checked.*value="jam" checked', wrong.text, re.DOTALL)
    sent |= {"field.hours": "3\n4", "field.address.number": "0", "field.address.street": "Hi"}
    wrong = _post(browser, sent)  # of the right types, but too small
    assert "0 is less than the minimum of 1" in wrong.text
    assert 'href="#field.address.street"' in wrong.text
    assert 'aria-describedby="field.address.number-wrong' in wrong.text
    sent |= {"field.address.number": "7", "field.address.street": "High Street"}
    added = _post(browser, {**sent, "rows": "+field.others"})
    assert added.status_code == 200
    sent = {**_fields(added.text), "verb": "answer", "field.price": ""}
    sent |= {"field.others.0.street": "Low Street", "field.others.0.number": "2"}
    assert _post(browser, sent).status_code == 200
    asyncio.run(hub.resume("r1", workflow=orders))
    output = hub.summary("r1").output
    assert output is not None
    assert Order.model_validate_json(output) == Order(
        name=f"Ann {_EVIL}",
        extras=["nuts", "jam"],
        hours=[3, 4],
        address=Address(street="High Street", number=7),
        others=[Address(street="Low Street", number=2)],
    )


def test_work_is_sent_back_without_an_answer(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(chooses, run_id="r1"))
    page = browser.get("/runs/r1/ask?task=colour").text
    assert "draft and what has read it run again with your note" in page
    assert _EVIL in unescape(page)
    sent = _fields(page)
    assert _post(browser, {**sent, "verb": "answer"}).status_code == 422  # nothing is chosen
    assert _post(browser, {**sent, "verb": "deny", "note": "blue"}).status_code == 200
    asyncio.run(hub.resume("r1", workflow=chooses))
    page = browser.get("/runs/r1/ask?task=colour").text
    assert _post(browser, {**_fields(page), "verb": "answer", "answer": _EVIL}).status_code == 200
    asyncio.run(hub.resume("r1", workflow=chooses))
    assert hub.status("r1") == "finished"


class Cell(BaseModel):
    a: str = "x"
    b: str = "y"


class Line(BaseModel):
    cells: list[Cell] = []


class Grid(BaseModel):
    lines: list[Line] = []
    title: str = ""


def _wide() -> type[BaseModel]:
    """A union of many, each with many fields."""
    fields: dict[str, Any] = {f"f{number}": (list[Grid], ...) for number in range(30)}
    arms = tuple(create_model(f"Arm{number}", **fields) for number in range(30))
    union: Any = Union[arms]  # noqa: UP007
    return create_model("Wide", of=(union, ...), last=(Cell, ...))


Wide: Any = _wide()


@workflow(input=Grid)
def grids(ctx: Context[Grid]) -> Node:
    return Sequence(HumanTask("grid", ask="Which?", output=Grid))


@workflow
def wides(ctx: Context[NoInput]) -> Node:
    asked: Any = HumanTask("wide", ask="Which?", output=Wide)
    return Sequence(asked, result=asked)


def test_a_form_has_so_many_fields_at_most(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(grids, Grid(), run_id="r1"))
    sent = _fields(browser.get("/runs/r1/ask?task=grid").text) | {"field.lines.rows": "200"}
    sent |= {f"field.lines.{n}.cells.rows": "200" for n in range(200)}
    for press in ({"rows": "+field.lines"}, {"verb": "answer"}):
        refused = _post(browser, sent | press)
        assert (refused.status_code, len(refused.text) < 20_000) == (422, True)
        assert "more than 800 fields" in refused.text


def test_what_is_too_wide_for_fields_is_answered_as_json(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(wides, run_id="r1"))
    page = browser.get("/runs/r1/ask?task=wide").text
    assert len(page) < 1_000_000
    sent = {**_fields(page), "verb": "answer", "field.of.which": "0"}
    assert sent["field.last"] == ""
    done = _post(browser, sent | {"field.last": json.dumps({"a": "1", "b": "2"})})
    assert done.status_code == 200
    asyncio.run(hub.resume("r1", workflow=wides))
    output = hub.summary("r1").output
    assert output is not None
    assert json.loads(output)["last"] == {"a": "1", "b": "2"}


def test_a_long_list_is_edited_whole(hub: Hub, browser: TestClient) -> None:
    lines = [Line(cells=[Cell(a=str(n))]) for n in range(250)]
    asyncio.run(hub.run(grids, Grid(lines=lines, title="old"), run_id="r1"))
    page = browser.get("/runs/r1/fork").text
    token = re.search(r'name="csrf_token" value="([^"]*)"', page)
    text = re.search(r'name="field.lines"[^>]*>\n([^<]*)</textarea>', page)
    assert token is not None
    assert text is not None
    edited = json.loads(unescape(text[1]))
    edited[249]["cells"][0]["a"] = "last"
    sent = {"csrf_token": token[1], "hold": "1", "run_id": "f1", "field.title": "new"}
    done = browser.post("/runs/r1/fork", data=sent | {"field.lines": json.dumps(edited)})
    assert done.status_code == 200, done.text
    found = Grid.model_validate_json(hub.inspect("f1").run.input)
    assert (len(found.lines), found.lines[249].cells[0].a, found.title) == (250, "last", "new")
