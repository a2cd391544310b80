"""The budgets of a run: what their author allows, what a person added, what is used and left."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from math import ceil
from typing import TYPE_CHECKING, Any

from smithers.amounts import MEASURES, Amounts
from smithers.changes import Key
from smithers.shapes import shape_of
from smithers.values import dataclass
from smithers.views._usage import Spent, spent_by_attempt

if TYPE_CHECKING:
    from smithers.changes import BudgetSet, NodeMounted
    from smithers.state import RunState
    from smithers.views._snapshot import Snapshot

__all__ = ["BudgetView", "budgets", "raise_command"]

_OPTIONS = {"tokens": "tokens", "usd": "usd", "calls": "calls", "time_s": "time"}


@dataclass(frozen=True, kw_only=True)
class BudgetView:
    """The budget of a node in one iteration; `caps` include what was added."""

    key: Key
    on_exhausted: str
    caps: Amounts
    raised: Amounts
    used: Amounts

    @property
    def is_spent(self) -> bool:
        return bool(self.used.of(self.caps))

    def measures(self) -> Iterator[tuple[str, Any, Any]]:
        """Each measure that is capped, with its cap and what is used."""
        for name in MEASURES:
            if (cap := getattr(self.caps, name)) is not None:
                yield name, cap, getattr(self.used, name)

    def more(self) -> list[str]:
        """The options that raise it enough: what is used too much, and the cap once more."""
        found: list[str] = []
        for name, cap, used in self.measures():
            if used >= cap:
                more = used - cap + (cap - (getattr(self.raised, name) or 0))
                shown = _whole_cents(more) if name == "usd" else str(ceil(more))
                found += [f"--add-{_OPTIONS[name]}", shown]
        return found


def _whole_cents(usd: Decimal) -> str:
    """At least so many dollars, as they are typed; what is less than a cent is exact.

    >>> _whole_cents(Decimal("0.500560000")), _whole_cents(Decimal("0.000560000"))
    ('0.51', '0.00056')
    """
    cents = usd.quantize(Decimal("0.01"), ROUND_CEILING) if usd >= Decimal("0.01") else usd
    return f"{cents.normalize():f}"


def raise_command(run_id: str, budget: BudgetView, *, resumes: bool = True) -> str:
    """What to type, so that a budget that is spent is spent no more."""
    node = [shlex.quote(str(budget.key))] if budget.key.id else []
    then = ["--resume"] if resumes else []
    return " ".join(["smithers budget", shlex.quote(run_id), *node, *budget.more(), *then])


def budgets(snapshot: Snapshot) -> list[BudgetView]:
    """The budgets of the nodes that are in the tree, in each iteration that has begun, in the order
    of their ids; that of the run as a whole is the first.
    """
    state = snapshot.state
    if not state.budgets:
        return []
    nodes = _Nodes(state)
    used = _used(snapshot, nodes)
    keys = {*used, *(key for key in state.raised if Key(key.id) in state.budgets)}
    keys |= {key for key in state.budgets if not nodes.depth(key.id)}
    return [
        _budget(key, state.budgets[Key(key.id)], state.raised.get(key, Amounts()), used.get(key))
        for key in sorted(keys)
        if not key.id or key.id in state.nodes
    ]


def _budget(key: Key, written: BudgetSet, raised: Amounts, spent: Spent | None) -> BudgetView:
    caps, spent = written.caps or Amounts(), spent or Spent()
    both = {
        name: None if getattr(caps, name) is None else getattr(caps + raised, name)
        for name in MEASURES
    }
    used = Amounts(
        tokens=spent.tokens_in + spent.tokens_out,
        usd=spent.cost or Decimal(0),
        calls=spent.calls,
        time_s=spent.time_ms / 1000,
    )
    return BudgetView(
        key=key,
        on_exhausted=written.on_exhausted,
        caps=Amounts(**both),
        raised=raised,
        used=used,
    )


def _used(snapshot: Snapshot, nodes: _Nodes) -> dict[Key, Spent]:
    found: dict[Key, Spent] = {}
    written = snapshot.state.budgets
    for one in spent_by_attempt(snapshot):
        if one.attempt.origin is not None and not snapshot.run.counts_inherited:
            continue  # it was paid by the run that it comes from
        at = one.attempt.key
        for id in ("", *nodes.around(at.id)):
            if Key(id) in written:
                key = Key(id, at.path[: nodes.depth(id)])
                for spent in one.models.values():
                    found.setdefault(key, Spent()).add(spent)
    for below in snapshot.below:
        for id in ("", *nodes.around(below.key.id)):
            if Key(id) in written:
                key = Key(id, below.key.path[: nodes.depth(id)])
                found.setdefault(key, Spent()).add(_spent(below.used))
    return found


def _spent(used: Amounts) -> Spent:
    return Spent(
        calls=used.calls or 0,
        tokens_in=used.tokens or 0,
        time_ms=round(1000 * (used.time_s or 0)),
        cost=used.usd or None,
    )


class _Nodes:
    """Which nodes are around which, those that left the tree included."""

    def __init__(self, state: RunState) -> None:
        self._rows: dict[str, NodeMounted] = {**state.gone, **state.nodes}

    def around(self, id: str) -> Iterator[str]:
        """The node and those around it, innermost first."""
        one: str | None = id
        while one is not None and one in self._rows:
            yield one
            one = self._rows[one].parent

    def depth(self, id: str) -> int:
        """In how many loops the node is."""
        return sum(shape_of(self._rows[one].kind).iterates for one in self.around(id) if one != id)
