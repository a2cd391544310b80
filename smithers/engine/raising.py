"""A person raises the budget of a run, or of a node of it: a row of its inbox."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path

from smithers import inbox, waits
from smithers.amounts import MEASURES, Amounts
from smithers.callers import AuditRow
from smithers.changes import Key
from smithers.engine.auditing import about
from smithers.engine.deciding import refusal_of_ended, with_store
from smithers.engine.ending import Raised
from smithers.errors import Refused
from smithers.state import RunState
from smithers.store import Note
from smithers.store.sqlite import SqliteStore
from smithers.tree import valid_text

__all__ = ["raise_budget"]


def raise_budget(
    database: Path,
    run_id: str,
    node: str | None,
    added: Amounts,
    by: str,
    audit: AuditRow | None,
) -> Raised:
    """See `Hub.raise_budget`."""
    if not added.data() or any(getattr(added, name) <= 0 for name in added.data()):
        raise Refused(
            "no amount was given",
            hint="specify how much to add, for example --add-usd 5 or --add-calls 10",
        )

    async def work(store: SqliteStore) -> Raised:
        history = await store.budgets(run_id)
        state = RunState.of(history.frames)
        if any(state.depth(key.id) for key in state.budgets):  # then its iterations count
            history = await store.load(run_id)
            state = RunState.of(history.frames)
        if state.run_status in ("finished", "continued", "cancelled"):
            raise await refusal_of_ended(store, run_id, state)
        key = _meant(state, run_id, node, history.run.workflow)
        _check_capped(state, key, added)
        at = datetime.now(UTC)
        who = valid_text(by)
        body = json.dumps({**added.data(), "by": who}, ensure_ascii=False)
        row = about(audit, str(key) if key.id else "")
        note = Note(run_id=run_id, kind=inbox.BUDGET, key=key, body=body, at=at, audit=row)
        await store.offer(note)
        return Raised(run_id=run_id, task=key.id or None, iteration=key.path, added=added, by=who)

    return with_store(database, run_id, work)


def _meant(state: RunState, run_id: str, node: str | None, workflow: str) -> Key:
    """The node and iteration whose budget is meant; the run's own is that of its workflow."""
    if not state.budgets:
        raise Refused(
            f"run {run_id} has no budget",
            hint="add one to the workflow, for example budget=Budget(usd=5), and resume the run",
        )
    waiting = sorted(key for key, kind in state.waits if kind == waits.BUDGET)
    whole = Key("")
    if node is None:
        if len(waiting) == 1:
            return waiting[0]
        if whole in state.budgets:
            return whole
        candidates = waiting or [key for key in state.budgets if not state.depth(key.id)]
    else:
        if node == workflow and Key(node) not in state.budgets and whole in state.budgets:
            return whole
        candidates = [key for key in waiting if node in (key.id, str(key))]
        candidates = candidates or [key for key in _begun(state) if node == str(key)]
    if len(candidates) == 1:
        return candidates[0]
    names = {str(key) if key.id else workflow for key in (*waiting, *_begun(state))}
    listed = ", ".join(map(shlex.quote, sorted(names)))
    what = "several budgets" if len(candidates) > 1 else "no budget"
    raise Refused(
        f"run {run_id} has {what} with that name"
        if node
        else f"run {run_id} has {what} to choose from",
        hint=f"name one of: {listed}",
    )


def _begun(state: RunState) -> list[Key]:
    """The budgeted nodes, in each iteration that anything of it has come up in."""
    found = [key for key in state.budgets if not state.depth(key.id)]
    for key in state.budgets:
        if depth := state.depth(key.id):
            found += {
                Key(key.id, one.path[:depth]) for one in state.came_up if one.path[depth - 1 :]
            }
    return found


def _check_capped(state: RunState, key: Key, added: Amounts) -> None:
    caps = state.budgets[Key(key.id)].caps
    assert caps is not None, "a budget that was taken away is not in the state"
    for name in MEASURES:
        if getattr(added, name) is not None and getattr(caps, name) is None:
            raise Refused(
                f"the budget of {key} does not cap {_NAMES[name]}",
                hint=f"it caps {caps}: use {_options(caps)}",
            )


def _options(caps: Amounts) -> str:
    """The options that raise these caps."""
    return " or ".join(_OPTIONS[name] for name in MEASURES if getattr(caps, name) is not None)


_OPTIONS = {
    "tokens": "--add-tokens",
    "usd": "--add-usd",
    "calls": "--add-calls",
    "time_s": "--add-time",
}
_NAMES = {"tokens": "tokens", "usd": "US dollars", "calls": "calls", "time_s": "time"}
