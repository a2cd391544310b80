"""Workflows whose inputs have the usual shapes; each waits, so that it can be forked."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field

from smithers import Context, HumanTask, Node, Sequence, Workflow, workflow

__all__ = [
    "takes_choices",
    "takes_deep",
    "takes_either",
    "takes_maybe",
    "takes_numbers",
    "takes_pairs",
    "takes_plain",
    "takes_rows",
    "takes_texts",
    "takes_times",
]


class Plain(BaseModel):
    title: str
    number: int = 418
    urgent: bool = False
    remark: str | None = None


class Texts(BaseModel):
    """Texts that a field cannot show as they are."""

    body: str = ""
    lines: list[str] = []
    key: str = ""
    other: str = "x"


class Numbers(BaseModel):
    price: Decimal = Decimal("2.50")
    share: float = 0.5
    least: int = Field(default=1, ge=-5)
    hours: list[int] = []


class Times(BaseModel):
    day: date
    at: datetime
    until: datetime | None = None


class Choices(BaseModel):
    size: Literal["s", "m"] = "s"
    extras: list[Literal["nuts", "jam"]] = ["jam"]
    gift: bool | None = None


class Item(BaseModel):
    title: str
    number: int = 1
    key: str = ""


class Rows(BaseModel):
    items: list[Item] = []
    name: str = "n"


class Card(BaseModel):
    kind: Literal["card"] = "card"
    digits: str
    key: str = ""


class Cash(BaseModel):
    kind: Literal["cash"] = "cash"
    currency: str = "EUR"


class Either(BaseModel):
    paid: Card | Cash = Cash()
    name: str = "n"


class Maybe(BaseModel):
    item: Item | None = None
    name: str = "n"


class Pairs(BaseModel):
    labels: dict[str, str] = {}
    sizes: dict[str, int] = {}
    more: dict[str, Any] = {}


class Inner(BaseModel):
    item: Item
    items: list[Item] = []


class Deep(BaseModel):
    inner: Inner
    name: str = "n"


def _flow(model: type[BaseModel]) -> Workflow[Any, Any]:
    def waits(ctx: Context[Any]) -> Node:
        return Sequence(HumanTask("ask", ask="Go on?"))

    waits.__name__ = waits.__qualname__ = f"takes_{model.__name__.lower()}"
    return workflow(input=model)(waits)


takes_plain = _flow(Plain)
takes_texts = _flow(Texts)
takes_numbers = _flow(Numbers)
takes_times = _flow(Times)
takes_choices = _flow(Choices)
takes_rows = _flow(Rows)
takes_either = _flow(Either)
takes_maybe = _flow(Maybe)
takes_pairs = _flow(Pairs)
takes_deep = _flow(Deep)
