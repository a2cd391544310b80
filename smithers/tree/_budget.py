"""How much a part of a workflow may use before nothing more of it starts."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast

from smithers.amounts import Amounts
from smithers.tree._checks import check_choice, check_count, wrong
from smithers.tree._places import Mark, here
from smithers.values import dataclass

__all__ = ["Budget", "capped", "check_budget"]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Caps on what all attempts of a node and its descendants use together, including failed ones.

    `tokens` counts input and output tokens; `usd` the cost that agents report; `calls` the requests
    to agents, including requests to correct an answer; `time_s` the seconds that attempts ran,
    including steps. When a cap is reached, no agent starts; running attempts may finish, and steps
    continue. Then the run waits for a person to raise the budget, or each task of an agent that
    would start fails with `BudgetExhausted` ("fail"), or is skipped ("finish").
    """

    tokens: int | None = None
    usd: Decimal | int | float | str | None = None
    calls: int | None = None
    time_s: float | None = None
    on_exhausted: Literal["wait", "fail", "finish"] = "wait"

    def __post_init__(self) -> None:
        mark = here()
        check_count(mark, "tokens", self.tokens)
        check_count(mark, "calls", self.calls)
        time_s = cast("object", self.time_s)
        if time_s is not None and (
            isinstance(time_s, bool)
            or not isinstance(time_s, int | float)
            or not 0 < time_s < float("inf")
        ):
            wrong(mark, f"time_s must be a number of seconds greater than 0, not {time_s!r}")
        object.__setattr__(self, "usd", _usd(self.usd, mark))
        check_choice(mark, "on_exhausted", self.on_exhausted, ("wait", "fail", "finish"))
        if self.caps == Amounts():
            wrong(mark, "this budget has no caps", "for example Budget(usd=5, calls=100)")

    @property
    def caps(self) -> Amounts:
        usd = cast("Decimal | None", self.usd)
        return Amounts(tokens=self.tokens, usd=usd, calls=self.calls, time_s=self.time_s)

    @property
    def is_blind(self) -> bool:
        """Whether it sees nothing of what an agent uses that does not tell its cost."""
        return self.usd is not None and self.tokens is None and self.calls is None


def capped(budget: Budget | None, most: Amounts | None) -> Budget | None:
    """A budget that allows nothing beyond `most`, which whoever starts a run has given.

    >>> capped(Budget(usd=5, calls=3), Amounts(usd=Decimal(9), tokens=100)).caps
    Amounts(tokens=100, usd=Decimal('5'), calls=3, time_s=None)
    """
    if most is None or budget is None:
        return budget if most is None else Budget(**_measures(most))
    given, least = _measures(budget.caps), _measures(most)
    for name, value in given.items():
        least[name] = value if least[name] is None else least[name]
        least[name] = least[name] if value is None else min(value, least[name])
    return Budget(**least, on_exhausted=budget.on_exhausted)


def _measures(caps: Amounts) -> dict[str, Any]:
    return {name: getattr(caps, name) for name in ("tokens", "usd", "calls", "time_s")}


def _usd(given: object, mark: Mark) -> Decimal | None:
    if given is None:
        return None
    found: Decimal | None = None
    if isinstance(given, Decimal | int | float | str) and not isinstance(given, bool):
        try:
            found = Decimal(str(given))
        except InvalidOperation:
            found = None
    if found is None or not found.is_finite() or found <= 0:
        wrong(mark, f"usd must be an amount of US dollars greater than 0, not {given!r}")
    return found


def check_budget(given: object, what: str, mark: Mark) -> Budget | None:
    """`given` if it is a budget, or None. Raises `AuthorError`."""
    if given is not None and not isinstance(given, Budget):
        wrong(
            mark,
            f"the budget of {what} must be a Budget, not {given!r}",
            "write budget=Budget(usd=5)",
        )
    return given
