"""What a request costs: as the vendor's package says, as our table says, or as its author says."""

from __future__ import annotations

from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from harnesses.models import Anthropic, Google, LiteLLM, OpenAI, Price
from harnesses.models._prices import price_of
from harnesses.models._turn import Tokens
from smithers.agent import Used
from tests.harness.helpers import events_of
from tests.models import prices
from tests.models.cases import OF_THEIRS, ask, installed
from tests.scripted_model import ScriptedModel, Text

TOKENS = Tokens(fresh=1_000_000, cached=2_000_000, written=3_000_000, out=4_000_000)


def test_each_kind_of_token_has_its_price() -> None:
    price = Price(input=1, output=10, cached="0.1", written="1.25")
    assert price.of(TOKENS) == Decimal("44.95")


def test_cached_and_written_input_cost_as_other_input_where_nothing_is_said() -> None:
    assert Price(input=1, output=10).of(TOKENS) == Decimal(46)


def test_a_large_request_has_the_price_of_large_requests() -> None:
    price = Price(input=1, output=1, above_tokens=200_000, above=Price(input=2, output=3))
    assert price.of(Tokens(fresh=100_000, cached=100_000, out=10)) == Decimal("0.20001")
    assert price.of(Tokens(fresh=100_000, cached=100_001, out=10)) == Decimal("0.400032")


def test_an_unknown_model_has_no_price_and_its_agent_says_so() -> None:
    for kind in (Anthropic, Google, OpenAI):
        assert not kind("no-such-model").can.reports_cost
        assert kind("no-such-model", price=Price(input=1, output=2)).can.reports_cost
    assert LiteLLM("no-such-model").can.reports_cost


def test_every_price_of_the_table_can_be_used() -> None:
    for provider in ("anthropic", "google", "openai"):
        for model in prices_of(provider):
            price = price_of(provider, model)
            assert price is not None
            assert price.of(TOKENS) > 0


def test_a_dated_name_has_the_price_of_the_name_without_its_date() -> None:
    assert price_of("anthropic", "claude-opus-4-5-20251101") == price_of(
        "anthropic", "claude-opus-4-5"
    )
    assert price_of("openai", "gpt-4o-2024-05-13") != price_of("openai", "gpt-4o")
    assert price_of("openai", "gpt-4o-2024-11-20") == price_of("openai", "gpt-4o")


@pytest.mark.skipif(find_spec("litellm") is None, reason="litellm, whose table it is, is not there")
def test_the_table_is_that_of_the_litellm_that_is_installed() -> None:
    assert prices.PRICES.read_text() == prices.text(), "run python -m tests.models.prices"


def prices_of(provider: str) -> dict[str, Any]:
    import tomllib

    found: dict[str, Any] = tomllib.loads(prices.PRICES.read_text())[provider]
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("name", [pytest.param("litellm", marks=OF_THEIRS)])
async def test_the_cost_that_litellm_tells_is_told(name: str, folder: Path) -> None:
    vendor = installed(name)
    with ScriptedModel([Text("Hi.", tokens_in=1000, tokens_out=100)]) as model:
        events = await events_of(vendor.at(model), ask(folder))
        unknown = vendor.at(model)
        unknown.model = "openai/no-such-model"
        others = await events_of(unknown, ask(folder))
    assert [one.cost for one in events if isinstance(one, Used)] == [Decimal("0.0035")]
    assert [one.cost for one in others if isinstance(one, Used)] == [None]
