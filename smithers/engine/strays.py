"""Child runs that their run no longer waits for, and that have not ended.

An edit may remove a node while no process drives the run, and a process may die after its run has
sent a node back, before it has told the child run. The next owner ends what is left so.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from smithers import inbox, waits
from smithers.changes import Key
from smithers.clock import Moment
from smithers.engine.deciding import cancel_if_free
from smithers.engine.endings import Why
from smithers.state import RunState
from smithers.store import Note, RunRow, Store

__all__ = ["end_strays"]


async def end_strays(
    store: Store,
    run_id: str,
    state: RunState,
    drive: Callable[[Key, RunRow, Why], bool],
    *,
    now: Moment,
    trusted: bool,
) -> list[str]:
    """End the child runs of a run that it does not wait for; what to tell a person.

    `drive` takes one that cleans up first, if its node is still in the tree.
    """
    open_waits = [wait for (_, kind), wait in state.waits.items() if kind == waits.CHILD]
    awaited = {run for wait in open_waits for run in wait.opened.on}
    told: list[str] = []
    for child in await store.open_children(run_id):
        if (child.first_run or child.run_id) in awaited or child.parent is None:
            continue
        key = child.parent.key
        is_gone = key.id not in state.nodes
        why: Why = "parent" if is_gone else "cancel"
        body = json.dumps({"by": f"run {run_id}", "now": is_gone, "why": why})
        await store.offer(Note(run_id=child.run_id, kind=inbox.CANCEL, body=body, at=now.wall))
        outcome = await cancel_if_free(store, child.run_id, trusted, now=is_gone)
        if outcome == "to clean up" and not drive(key, child, why):
            outcome = await cancel_if_free(store, child.run_id, trusted, now=True)
        because = f"{key} left the tree" if is_gone else f"{key} was sent back"
        told.append(f"child run {child.run_id} is ended, since {because}")
    return told
