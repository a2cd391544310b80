"""What `eval` prints for a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from smithers.cli._ending import next_steps
from smithers.cli._places import Place, complete
from smithers.cli._streams import MARKS, paint, say, shown, table
from smithers.evals import AMOUNTS
from smithers.words import duration, money

if TYPE_CHECKING:
    from smithers.evals import Compared, Difference, Evaluated, Spread, Trial
    from smithers.hub import Hub

__all__ = ["eval_lines", "tell_rest"]

_MOST_LINES = 100
_NAMES = {"usd": "cost", "time_s": "time"}
_SHOWN = {"usd": money, "time_s": duration}


def _score(value: float) -> str:
    return f"{value:.4g}"


def eval_lines(found: Evaluated, compared: Compared | None) -> Iterator[str]:
    """The trials, the scores, and what differs from another eval."""
    names = found.score_names
    rows = [["CASE", "STATUS", *(name.upper() for name in names), "USD", "TIME", "RUN"]]
    rows += [_row(one, names) for one in found.trials[:_MOST_LINES]]
    yield from map(shown, table(rows))
    if (more := len(found.trials) - _MOST_LINES) > 0:
        yield f"and {more} more, which --json lists"
    yield ""
    rows = [["", "N", "MEAN", "± SE", "LOW", "MEDIAN", "HIGH"]]
    for name in names:
        if (spread := found.spread(name)) is not None:
            rows.append([name, *_spread(_score, spread)])
    for amount in AMOUNTS:
        if (spread := found.amount_spread(amount)) is not None:
            rows.append([_NAMES[amount], *_spread(_SHOWN[amount], spread)])
    yield from map(shown, table(rows))
    if compared is not None:
        yield ""
        yield from _compared(compared)


def _row(one: Trial, names: Sequence[str]) -> list[str]:
    scores = [
        "" if (value := (one.scores or {}).get(name)) is None else _value(value) for name in names
    ]
    status = "score failed" if one.failed_in == "score" else one.status
    return [one.name, status, *scores, money(one.cost), duration(one.time_s), one.run_id or ""]


def _value(value: bool | float) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else _score(value)


def _spread(write: Callable[[float], str], one: Spread) -> list[str]:
    values = (one.mean, one.standard_error, one.low, one.median, one.high)
    return [str(one.n), *("" if value is None else write(value) for value in values)]


def _compared(compared: Compared) -> Iterator[str]:
    both = "1 case" if compared.cases == 1 else f"{compared.cases} cases"
    others = f"; {compared.others} more are not in both" if compared.others else ""
    yield shown(f"against {compared.run_id}, on the {both} of both{others}:")
    rows = [["", "N", "BEFORE", "NOW", "DIFFERENCE", "± SE", "MORE", "SAME", "LESS"]]
    rows += [_difference(one.of, _score, one) for one in compared.scores]
    rows += [_difference(_NAMES[one.of], _SHOWN[one.of], one) for one in compared.amounts]
    yield from map(shown, table(rows))
    if not compared.scores:
        yield "no case has a score in both"


def _difference(name: str, write: Callable[[float], str], one: Difference) -> list[str]:
    gain = one.spread.mean
    sign = "+" if gain > 0 else "-" if gain < 0 else ""
    before, after, size = map(write, (one.before.mean, one.after.mean, abs(gain)))
    error = "" if one.spread.standard_error is None else write(one.spread.standard_error)
    counts = map(str, (one.more, one.same, one.less))
    return [name, str(one.spread.n), before, after, sign + size, error, *counts]


def tell_rest(hub: Hub, place: Place, found: Evaluated, complaints: Sequence[str]) -> None:
    """Why cases failed, whether it is good enough, and what to do if it has not ended."""
    failed = [one for one in found.trials if one.failed_in is not None]
    for one in failed[:10]:
        where = "the score of case" if one.failed_in == "score" else "case"
        why = "unknown" if one.error is None else one.error.message
        say(shown(f"  {where} {one.name} (line {one.case.line}): {why}"))
        if one.error is not None and one.error.hint:
            say(shown(f"  hint: {complete(one.error.hint)}"))
    if len(failed) > 10:
        say(f"  and {len(failed) - 10} more, which --json lists")
    if found.status != "finished":
        next_steps(hub, place, hub.summary(found.run_id))
        return
    mark, colour = MARKS["failed" if complaints else "finished"]
    ended = sum(one.status == "finished" for one in found.trials)
    say(
        paint(f"{mark} {found.run_id}", colour, sys.stderr)
        + f" ({ended} of {len(found.trials)} finished{_cost(found)})"
    )
    for why in complaints:
        say(shown(f"  {why}"))


def _cost(found: Evaluated) -> str:
    return "" if found.cost is None else f", {money(found.cost)}"
