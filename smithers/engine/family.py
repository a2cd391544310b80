"""Budgets that runs share which different processes drive.

What the runs below a run use that its agents have started, counts for its budgets; it stays in the
rows of those runs, and is read whenever an agent is to start. Such a run reads the budgets above it
in the same way, and so does a child run that a process drives without its parent. So two runs that
start agents at the same moment may both take the last call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field

from smithers.amounts import MEASURES, Amounts
from smithers.changes import BudgetSet, Key
from smithers.engine.budgets import THE_RUN, Budgets, add_raised
from smithers.errors import UnknownRun
from smithers.naming import key_name
from smithers.state import RunState
from smithers.store import NewRun, Parent, Store
from smithers.store.below import used_by_attempts
from smithers.tree import Budget
from smithers.values import dataclass

__all__ = ["Family"]


@dataclass(slots=True)
class _Above:
    """The budgets of the runs above one that another process drives, as of the last look."""

    run_id: str
    active: bool = False
    found: list[tuple[Key, Budget, str]] = field(default_factory=list[tuple[Key, Budget, str]])

    def spent(self, key: Key) -> Sequence[tuple[Key, Budget, str]]:
        return self.found


class Family:
    """What one run has to know of those above and below it before an agent starts.

    `outer` is that of the run that drives this one.
    """

    def __init__(self, run: NewRun, budgets: Budgets) -> None:
        self._run, self._budgets = run, budgets
        self._above: _Above | None = None
        self.below: list[tuple[Key, Amounts]] = []
        """What runs below this one have used that were started from below, by its nodes."""
        self.outer: Family | None = None
        if run.parent is not None:
            self._above = _Above(run.parent.run_id)
            budgets.outer = self._above, run.parent.key

    @property
    def level(self) -> int:
        """How many runs that are driven together stand above this one."""
        return 0 if self.outer is None else self.outer.level + 1

    async def look(self, store: Store, *, first: bool = False) -> None:
        """Read what the others have used as of now, also before the `first` frame is made."""
        if self.outer is not None:
            await self.outer.look(store)
        if first or self._budgets.active:
            await self.look_below(store)
        if self._above is not None and self.outer is None:
            self._above.active, self._above.found = await _spent_above(store, self._run.parent)

    async def look_below(self, store: Store) -> None:
        """Read what the runs below have used as of now."""
        found = await store.below(self._run.run_id)
        self.below = [(one.key, one.used) for one in found]


async def _spent_above(
    store: Store, parent: Parent | None
) -> tuple[bool, list[tuple[Key, Budget, str]]]:
    """Whether runs above have budgets, and those that are at a cap, innermost first, in words."""
    has_budgets, found = False, list[tuple[Key, Budget, str]]()
    while parent is not None:
        try:
            row = await store.run(parent.run_id)
        except UnknownRun:
            break
        if await store.is_budgeted(parent.run_id):
            has_budgets = True
            state = RunState.of((await store.load(parent.run_id)).frames)
            for key, budget in _budgets_around(state, parent.key):
                used = await _used(store, state, parent.run_id, key)
                if words := used.of(_caps(state, key, budget)):
                    said = f"the budget of {key_name(key)} is spent: {words}"
                    allowed = _as_budget(budget)
                    found.append((THE_RUN, allowed, f"{said} (of run {parent.run_id})"))
        parent = row.parent
    return has_budgets, found


def _around(state: RunState, key: Key) -> Iterator[Key]:
    """A task and the containers around it, in their iterations, and the run; innermost first."""
    id: str | None = key.id
    while id is not None and (row := state.nodes.get(id) or state.gone.get(id)) is not None:
        yield Key(id, key.path[: state.depth(id)])
        id = row.parent
    yield THE_RUN


def _budgets_around(state: RunState, key: Key) -> list[tuple[Key, BudgetSet]]:
    around = ((one, state.budgets.get(Key(one.id))) for one in _around(state, key))
    return [(one, budget) for one, budget in around if budget is not None]


async def _used(store: Store, state: RunState, run_id: str, owner: Key) -> Amounts:
    """What counts for the budget of a node: its attempts, and the runs below."""
    below = await store.below(run_id, every=True)
    runs = {one.run_id for one in below}
    own = [
        one
        for one in state.attempts.values()
        if one.agent not in runs and owner in _around(state, one.key)
    ]
    others = (one.used for one in below if owner in _around(state, one.key))
    return sum(others, start=used_by_attempts(own))


def _caps(state: RunState, key: Key, budget: BudgetSet) -> Amounts:
    return add_raised(budget.caps or Amounts(), state.raised.get(key))


def _as_budget(written: BudgetSet) -> Budget:
    """The budget as its author wrote it."""
    caps = written.caps or Amounts()
    given = {name: getattr(caps, name) for name in MEASURES}
    return Budget(**given, on_exhausted=written.on_exhausted)
