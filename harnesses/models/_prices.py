"""What tokens cost, where a vendor's package does not say: `prices.toml`, or the author's word."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from harnesses.models._turn import Tokens

__all__ = ["Price", "price_of"]

_MILLION = 1_000_000
_DATE = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")
Usd = Decimal | int | str


@dataclass(frozen=True, kw_only=True)
class Price:
    """US dollars for a million tokens. Cached input costs as other input does, if nothing is said;
    `written` is input that is put into the cache. `above` is the price of a request with more
    input than `above_tokens`, where a vendor has one.

    >>> Price(input=3, output=15).of(Tokens(fresh=1000, out=100))
    Decimal('0.0045')
    """

    input: Usd
    output: Usd
    cached: Usd | None = None
    written: Usd | None = None
    above_tokens: int = 0
    above: Price | None = None

    def of(self, tokens: Tokens) -> Decimal:
        """What a request cost."""
        size = tokens.fresh + tokens.cached + tokens.written
        if self.above is not None and size > self.above_tokens:
            return self.above.of(tokens)
        each = (self.input if one is None else one for one in (self.cached, self.written))
        cached, written = (Decimal(one) for one in each)
        sums = (
            tokens.fresh * Decimal(self.input),
            tokens.cached * cached,
            tokens.written * written,
            tokens.out * Decimal(self.output),
        )
        return (sum(sums, Decimal()) / _MILLION).normalize()


def price_of(provider: str, model: str) -> Price | None:
    """The price of a model; None where it is not known, which is never 0."""
    models = _table().get(provider, {})
    found = models.get(model) or models.get(_DATE.sub("", model))
    if found is None:
        return None
    above: Mapping[str, Any] | None = found.get("above")
    base = {name: value for name, value in found.items() if name != "above"}
    return Price(**base, above=Price(**above) if above else None)


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Mapping[str, Any]]:
    text = Path(__file__).with_name("prices.toml").read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)
