"""The budgets of a run: what their author allows, what a person added, what is used and left."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from math import ceil
from typing import Any

from smithers.amounts import MEASURES, Amounts
from smithers.changes import Key
from smithers.reports._database import Json, from_json, object_from
from smithers.reports._heads import Head
from smithers.reports._spent import AttemptSpent, Spent, spent_by_attempt
from smithers.store.rows import path_of

__all__ = ["Budgeted", "budgets_of", "raise_command"]

_BUDGETS = (
    "SELECT node, path, kind, amounts FROM budgets WHERE run_id = ? ORDER BY born, node, path, n"
)
_TREE = "SELECT id, kind, parent, gone IS NULL FROM tree WHERE run_id = ? ORDER BY born"
_OPTIONS = {"tokens": "tokens", "usd": "usd", "calls": "calls", "time_s": "time"}


@dataclass(frozen=True, kw_only=True)
class Budgeted:
    """The budget of a node in one iteration; `caps` are with what was added."""

    key: Key
    on_exhausted: str
    caps: Amounts
    raised: Amounts
    used: Amounts

    @property
    def is_spent(self) -> bool:
        return bool(self.used.of(self.caps))

    @property
    def data(self) -> Json:
        return {
            "task": self.key.id or None,
            "iteration": list(self.key.path),
            "on_exhausted": self.on_exhausted,
            "measures": [
                {
                    "measure": name,
                    "cap": _number(cap),
                    "raised_by": _number(getattr(self.raised, name) or 0),
                    "used": _number(used),
                    "left": _number(cap - used),
                }
                for name, cap, used in self._measures()
            ],
        }

    def _measures(self) -> Iterator[tuple[str, Any, Any]]:
        for name in MEASURES:
            if (cap := getattr(self.caps, name)) is not None:
                yield name, cap, getattr(self.used, name)

    def more(self) -> list[str]:
        """The options that raise it enough: what is used too much, and the cap once more."""
        found: list[str] = []
        for name, cap, used in self._measures():
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


def raise_command(run_id: str, budget: Budgeted, *, resumes: bool = True) -> str:
    """What to type, so that a budget that is spent is spent no more."""
    node = [shlex.quote(str(budget.key))] if budget.key.id else []
    then = ["--resume"] if resumes else []
    return " ".join(["smithers budget", shlex.quote(run_id), *node, *budget.more(), *then])


def budgets_of(db: sqlite3.Connection, head: Head) -> list[Budgeted]:
    """The budgets of the nodes that stand in the tree, in each iteration that has begun."""
    written: dict[str, Json] = {}
    raised: dict[Key, Amounts] = {}
    for node, path, kind, amounts in db.execute(_BUDGETS, (head.run_id,)):
        if kind == "raised":
            key = Key(node, path_of(path))
            more = Amounts.from_data(object_from(amounts) or {})
            raised[key] = raised.get(key, Amounts()) + more
        elif (caps := from_json(amounts)) is None:
            written.pop(node, None)
        else:
            written[node] = caps
    if not written:
        return []
    tree = _Tree(db, head.run_id)
    used = _used(tree, written, spent_by_attempt(db, head))
    keys = {*used, *(key for key in raised if key.id in written)}
    keys |= {Key(id) for id in written if not tree.depth(id)}
    return [
        _budgeted(key, written[key.id], raised.get(key, Amounts()), used.get(key, Spent()))
        for key in sorted(keys, key=lambda key: (list(written).index(key.id), key.path))
        if not key.id or tree.stands(key.id)
    ]


def _budgeted(key: Key, written: Json, raised: Amounts, spent: Spent) -> Budgeted:
    caps = Amounts.from_data(written)
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
    ends = str(written["on_exhausted"])
    return Budgeted(key=key, on_exhausted=ends, caps=Amounts(**both), raised=raised, used=used)


def _used(tree: _Tree, written: Json, attempts: Iterable[AttemptSpent]) -> dict[Key, Spent]:
    found: dict[Key, Spent] = {}
    for attempt in attempts:
        path = path_of(attempt.path)
        for id in ("", *tree.around(attempt.task)):
            if id in written:
                key = Key(id, path[: tree.depth(id)])
                for spent in attempt.models.values():
                    found.setdefault(key, Spent()).add(spent)
    return found


class _Tree:
    """Which nodes stand around which, those that left the tree included."""

    def __init__(self, db: sqlite3.Connection, run_id: str) -> None:
        self._rows: dict[str, tuple[str, str | None, bool]] = {}
        for id, kind, parent, stands in db.execute(_TREE, (run_id,)):
            self._rows[id] = (kind, parent, bool(stands))

    def stands(self, id: str) -> bool:
        return id in self._rows and self._rows[id][2]

    def around(self, id: str) -> Iterator[str]:
        """The node and those around it, innermost first."""
        one: str | None = id
        while one is not None and one in self._rows:
            yield one
            one = self._rows[one][1]

    def depth(self, id: str) -> int:
        """In how many loops the node stands."""
        return sum(self._rows[one][0] == "loop" for one in self.around(id) if one != id)


def _number(value: Any) -> int | float:
    return float(value) if isinstance(value, Decimal) else value
