"""Amounts in the measures of a budget: what is used, or what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

from smithers.values import dataclass

__all__ = ["MEASURES", "Amounts", "dollars"]

MEASURES = ("tokens", "usd", "calls", "time_s")
N = TypeVar("N", int, float, Decimal)


@dataclass(frozen=True, kw_only=True, slots=True)
class Amounts:
    """What is used, or what is allowed; None for a measure that is not set.

    `tokens` are input and output tokens, `usd` US dollars, `calls` requests to agents, `time_s`
    seconds.
    """

    tokens: int | None = None
    usd: Decimal | None = None
    calls: int | None = None
    time_s: float | None = None

    def __add__(self, more: Amounts) -> Amounts:
        """The sum, measure by measure; what neither means stays None.

        >>> str(Amounts(calls=2) + Amounts(calls=3, usd=Decimal("0.50")))
        '$0.50, 5 calls'
        """
        return Amounts(
            tokens=_sum(self.tokens, more.tokens),
            usd=_sum(self.usd, more.usd),
            calls=_sum(self.calls, more.calls),
            time_s=_sum(self.time_s, more.time_s),
        )

    def __str__(self) -> str:
        told = [_words(name, value) for name, value in self._meant().items()]
        return ", ".join(told) or "nothing"

    def of(self, caps: Amounts) -> str:
        """In words those measures of which as much is used as `caps` allow; empty where none.

        >>> Amounts(tokens=120, calls=1).of(Amounts(tokens=100, calls=2))
        '120 of 100 tokens'
        """
        used = self._meant()
        return ", ".join(
            f"{_number(name, used[name])} of {_words(name, cap)}"
            for name, cap in caps._meant().items()
            if name in used and used[name] >= cap
        )

    def _meant(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in MEASURES}
        return {name: value for name, value in told.items() if value is not None}

    def data(self) -> dict[str, str | int | float]:
        """As JSON data, without measures that are not set; money is decimal text."""
        told = self._meant()
        return {
            name: format(value, "f") if name == "usd" else value for name, value in told.items()
        }

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> Amounts:
        """The inverse of `data`; other names are ignored."""
        usd = data.get("usd")
        return Amounts(
            tokens=data.get("tokens"),
            usd=None if usd is None else Decimal(usd),
            calls=data.get("calls"),
            time_s=data.get("time_s"),
        )


def dollars(amount: Decimal) -> str:
    """US dollars in a sentence: cents, and as many more digits as a small amount needs.

    >>> dollars(Decimal("5")), dollars(Decimal("1.2345678")), dollars(Decimal("0.000560000"))
    ('$5.00', '$1.2346', '$0.00056')
    """
    digits = 4 if abs(amount) >= Decimal("0.01") or not amount else 1 - amount.adjusted()
    whole, _, cents = f"{amount:.{digits}f}".partition(".")
    return f"${whole}.{cents.rstrip('0'):0<2}"


def _sum(one: N | None, more: N | None) -> N | None:
    if one is None or more is None:
        return more if one is None else one
    return one + more


def _number(name: str, value: Any) -> str:
    if name == "usd":
        return dollars(value)
    return f"{value:.1f}".removesuffix(".0") if name == "time_s" else str(value)


def _words(name: str, value: Any) -> str:
    unit = {"tokens": " token", "calls": " call", "time_s": " s"}.get(name, "")
    plural = "s" if name in ("tokens", "calls") and value != 1 else ""
    return f"{_number(name, value)}{unit}{plural}"
