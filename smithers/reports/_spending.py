"""What all runs have used in a period, and what the runs of a list may use: by SQL, no run is
folded.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from smithers.amounts import Amounts
from smithers.reports._database import has_runs, reading
from smithers.reports._heads import SCOPE
from smithers.state import Total
from smithers.store import INHERITED
from smithers.store.below import below
from smithers.store.rows import time_text
from smithers.views import AttemptUse, RunCost, SpendingView, view_spending

__all__ = ["cost_since", "run_costs", "spending"]

_MOST_RUNS = 20
# Runs without a frame in the period are passed over, which spares their attempts. Amounts are
# joined, since money is summed as decimal, never by SQL.
_PERIOD = (
    "(SELECT f.at FROM frames f WHERE f.run_id = r.run_id ORDER BY f.frame DESC LIMIT 1) >= :since"
    " AND a.started_at >= :since AND a.origin IS NULL"
)
_IS_CHILD = "EXISTS (SELECT 1 FROM runs c WHERE c.run_id = a.agent AND c.parent = a.run_id)"
_COSTS = (  # of each attempt, whether it asked an agent, and what is known of its cost
    "SELECT sum(is_call AND cost IS NULL), group_concat(cost, ' ') FROM"
    " (SELECT a.prompt IS NOT NULL AS is_call, (SELECT group_concat(u.cost_usd, ' ') FROM usage u"
    "  WHERE u.run_id = a.run_id AND u.serial = a.serial) AS cost"
    "  FROM runs r CROSS JOIN attempts a ON a.run_id = r.run_id"
    f" WHERE {_PERIOD} AND NOT {_IS_CHILD})"
)
# A row for each attempt and model.
_USED = (
    "SELECT a.run_id, a.serial, r.workflow, substr(a.started_at, 1, 10), a.agent,"
    " a.prompt IS NOT NULL,"
    f" {_IS_CHILD},"
    " u.serial IS NOT NULL, u.model, sum(u.tokens_in), sum(u.tokens_out), sum(u.tokens_cached),"
    " sum(u.calls), group_concat(u.cost_usd, ' ')"
    " FROM runs r CROSS JOIN attempts a ON a.run_id = r.run_id"
    " LEFT JOIN usage u ON u.run_id = a.run_id AND u.serial = a.serial"
    f" WHERE {_PERIOD} AND (a.prompt IS NOT NULL OR u.serial IS NOT NULL)"
    " AND (:workflow IS NULL OR r.workflow = :workflow)"
    " GROUP BY a.run_id, a.serial, u.model"
)
_UNTOLD = (
    "SELECT a.run_id, count(*) FROM attempts a WHERE a.prompt IS NOT NULL AND a.origin IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM usage u WHERE u.run_id = a.run_id AND u.serial = a.serial"
    f" AND u.cost_usd IS NOT NULL) AND {SCOPE.format('a')} GROUP BY a.run_id"
)
_BUDGETS = (
    "SELECT b.run_id, b.kind, b.amounts FROM budgets b WHERE b.node = '' AND b.path = ''"
    f" AND {SCOPE.format('b')} ORDER BY b.run_id, b.born, b.n"
)
# What a fork has from its source was born before it.
_CHARGED = (
    "SELECT u.run_id, u.cost_usd FROM usage u JOIN runs r ON r.run_id = u.run_id"
    " WHERE u.cost_usd IS NOT NULL AND (u.born > coalesce(r.forked_at, -1)"
    f" OR json_extract(r.options, '$.{INHERITED}')) AND {SCOPE.format('u')}"
)


def spending(path: Path, since: datetime, workflow: str | None = None) -> SpendingView:
    """What the attempts used that were started since then: of all workflows, or of one. Where there
    is no database, it is nothing.
    """
    if not has_runs(path):
        return view_spending((), most_runs=_MOST_RUNS)
    with reading(path) as db:
        values = {"since": time_text(since), "workflow": workflow}
        return view_spending(_attempts(db, values), most_runs=_MOST_RUNS)


def cost_since(path: Path, since: datetime) -> tuple[Decimal | None, int]:
    """What the attempts cost that were started since then, None if nobody reported it, and how many
    did not.
    """
    if not has_runs(path):
        return None, 0
    with reading(path) as db:
        untold, costs = db.execute(_COSTS, {"since": time_text(since)}).fetchone()
    return None if costs is None else _sum(costs.split(" ")), untold or 0


def _attempts(db: sqlite3.Connection, values: dict[str, str | None]) -> Iterator[AttemptUse]:
    last: AttemptUse | None = None
    at: tuple[str, int] | None = None
    for run_id, serial, workflow, day, agent, is_call, is_child, *used in db.execute(_USED, values):
        if last is None or at != (run_id, serial):
            if last is not None:
                yield last
            at = run_id, serial
            last = AttemptUse(
                run_id=run_id,
                workflow=workflow,
                day=day,
                agent=agent,
                is_call=bool(is_call),
                is_child=bool(is_child),
                models={},
            )
        is_used, model, tokens_in, tokens_out, cached, calls, amounts = used
        if is_used:
            cost = None if amounts is None else _sum(amounts.split(" "))
            last.models[model] = Total(tokens_in, tokens_out, cached, cost, calls)
    if last is not None:
        yield last


def _sum(amounts: Sequence[str]) -> Decimal:
    return sum(map(Decimal, amounts), start=Decimal(0))


def run_costs(path: Path, run_ids: Sequence[str]) -> dict[str, RunCost]:
    """Of some runs, how much of their cost is not known, and their budgets in US dollars."""
    if not has_runs(path):
        return {}
    with reading(path) as db:
        untold: dict[str, int] = dict(db.execute(_UNTOLD, {"runs": json.dumps(list(run_ids))}))
        caps = _caps(db, run_ids)
        charged = dict.fromkeys(caps, Decimal(0))
        for run_id, amount in db.execute(_CHARGED, {"runs": json.dumps(list(caps))}):
            charged[run_id] += Decimal(amount)
        for run_id in caps:
            for one in below(db, run_id, every=False):
                charged[run_id] += one.used.usd or 0
    return {
        run_id: RunCost(
            untold=untold.get(run_id, 0), cap=caps.get(run_id), charged=charged.get(run_id)
        )
        for run_id in run_ids
    }


def _caps(db: sqlite3.Connection, run_ids: Sequence[str]) -> dict[str, Decimal]:
    """The budgets that have a cap in US dollars, with what was added to it."""
    caps: dict[str, Amounts] = {}
    added: dict[str, Amounts] = {}
    for run_id, kind, text in db.execute(_BUDGETS, {"runs": json.dumps(list(run_ids))}):
        amounts = Amounts.from_data(json.loads(text) or {})
        if kind == "raised":
            added[run_id] = added.get(run_id, Amounts()) + amounts
        else:
            caps[run_id] = amounts
    return {
        run_id: cap.usd + (added.get(run_id, Amounts()).usd or 0)
        for run_id, cap in caps.items()
        if cap.usd is not None
    }
