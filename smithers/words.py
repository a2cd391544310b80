"""Numbers as a person reads them: times, tokens, money."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["count_of", "duration", "money", "tokens"]


def count_of(number: int, noun: str) -> str:
    """A number of things, whose plural has an s.

    >>> count_of(1, "task"), count_of(0, "call"), count_of(2, "child run")
    ('1 task', '0 calls', '2 child runs')
    """
    return f"{number} {noun}{'s'[: number != 1]}"


def duration(seconds: float) -> str:
    """A time as a person reads it.

    >>> duration(3.21), duration(75), duration(3700)
    ('3.2 s', '1 m 15 s', '1 h 01 m')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} m"


def tokens(number: int) -> str:
    """A number of tokens as a person reads it.

    >>> tokens(1), tokens(950), tokens(12345), tokens(2_500_000)
    ('1 token', '950 tokens', '12.3k tokens', '2.5M tokens')
    """
    if number < 1000:
        return count_of(number, "token")
    return f"{number / 1000:.1f}k tokens" if number < 1_000_000 else f"{number / 1e6:.1f}M tokens"


def money(amount: Decimal | float | None) -> str:
    """US dollars in a column, or nothing if no cost was reported.

    >>> money(Decimal("0.0312")), money(None)
    ('$0.0312', '')
    """
    return "" if amount is None else f"${amount:.4f}"
