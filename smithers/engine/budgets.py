"""Budgets: what each budgeted node has used, who may start, and who waits for a larger one.

At a cap no agent starts below the node; what runs may end, since it is paid for, and what costs
nothing continues. So calls never exceed their cap, and tokens and money by no more than what was
running. A tree without budgets pays nothing for this: nothing is counted until a node has one.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from smithers import waits
from smithers.amounts import MEASURES, Amounts
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    BudgetRaised,
    BudgetSet,
    Change,
    Key,
    Outcome,
    UsageCounted,
    WaitOpened,
)
from smithers.clock import Moment
from smithers.engine.plan import Plan
from smithers.engine.reading import View
from smithers.engine.settling import settle
from smithers.engine.transition import Transition, failure_of
from smithers.errors import SmithersError
from smithers.kinds import Definition, Instance, agent_work
from smithers.naming import key_name
from smithers.state import Attempted, Total
from smithers.store import InboxRow
from smithers.tree import Budget
from smithers.values import dataclass

__all__ = ["THE_RUN", "BudgetExhausted", "Budgets", "Outer", "RepairRefused", "add_raised"]

THE_RUN = Key("")


class BudgetExhausted(SmithersError):
    """The budget of a node is spent, and its author chose to end there."""

    for_resume = True


class RepairRefused(Exception):
    """An answer was not to be repaired any more: the budget is spent."""


@dataclass(slots=True)
class _Used:
    """What the attempts below a node have used; `running` are those that run."""

    tokens: int = 0
    usd: Decimal = Decimal(0)
    calls: int = 0
    time_s: float = 0.0
    running: set[int] = field(default_factory=set[int])

    def started(self, attempt: Attempted) -> None:
        self.calls += attempt.is_call
        self.running.add(attempt.serial)

    def ended(self, attempt: Attempted, time_s: float) -> None:
        self.running.discard(attempt.serial)
        self.time_s += time_s

    def add(self, used: UsageCounted | Total) -> None:
        self.tokens += used.tokens_in + used.tokens_out
        self.usd += used.cost or 0
        self.calls += used.calls

    def at(self, running_s: Callable[[int], float]) -> Amounts:
        running_time_s = sum(map(running_s, self.running))
        return Amounts(
            tokens=self.tokens, usd=self.usd, calls=self.calls, time_s=self.time_s + running_time_s
        )


def add_raised(caps: Amounts, raised: Amounts | None) -> Amounts:
    """What an author allows and a person added; no cap comes by an addition alone."""
    if raised is None:
        return caps
    uncapped = [name for name in MEASURES if getattr(caps, name) is None]
    return replace(caps + raised, **dict.fromkeys(uncapped))


class Outer(Protocol):
    """The budgets around a run: those of the run that started it."""

    @property
    def run_id(self) -> str: ...

    @property
    def active(self) -> bool:
        """Whether there is any."""
        ...

    def spent(self, key: Key) -> Sequence[tuple[Key, Budget, str]]:
        """Those around a node that are at a cap, innermost first, each in words."""
        ...


class Budgets:
    """The budgets of one run under one owner. `whole` is that of the run itself."""

    def __init__(
        self,
        transition: Transition,
        view: View,
        whole: Budget | None,
        scrub: Callable[[str], str],
        now: Callable[[], Moment],
        run_id: str,
        *,
        counts_inherited: bool = False,
    ) -> None:
        self.run_id = run_id
        self._counts_inherited = counts_inherited
        self._transition = transition
        self._state = transition.state
        self._view = view
        self._whole = whole
        self._scrub = scrub
        self._now = now
        self._used: dict[Key, _Used] | None = None
        """What the budgeted nodes have used, once somebody asked; None where it must be counted."""
        self._times: dict[int, timedelta] = {}
        """For each attempt of this owner that runs, when it began on the clock that nobody sets;
        and for each that ended, how long it took.
        """
        self._around: dict[Key, list[tuple[Key, Budget]]] = {}
        self._held: dict[Key, deque[Instance]] = {}
        self._open: set[Key] = set()
        self._unsure: set[Key] = set()
        """Those below which it is not known whether anything is left to start."""
        self.outer: tuple[Outer, Key] | None = None
        """The budgets of the run that started this one, and its node there: they hold here, too."""
        self.children: Callable[[], Iterable[tuple[Key, Amounts]]] = tuple
        """What child runs have used that has no row here yet, by their nodes."""

    @property
    def active(self) -> bool:
        """Whether any node has a budget, or one around this run."""
        return bool(self._state.budgets) or (self.outer is not None and self.outer[0].active)

    @property
    def _plan(self) -> Plan:
        assert self._view.plan is not None
        return self._view.plan

    # -- which there are

    def use(self, whole: Budget | None) -> None:
        """Take the budget of the run that an edit gives."""
        self._whole = whole

    def rendered(self) -> None:
        """A new plan: who was held comes up again in it."""
        self._held.clear()
        self._open = {key for key, kind in self._state.waits if kind == waits.BUDGET}
        self._unsure.update(self._open)
        self._forget()
        if self._whole is not None or self.active:
            self._declare(THE_RUN, self._whole)

    def replanned(self) -> None:
        """Parts of the tree are others: who was held in them comes up again."""
        self._drop_gone()
        self._forget()

    def drop_gone(self, gone: Iterable[Instance]) -> None:
        """The same for parts of which the plan alone was made anew."""
        if any(one.held and one.kind.is_task for one in gone):
            self._drop_gone()

    def _drop_gone(self) -> None:
        for key, held in list(self._held.items()):
            if still := deque(one for one in held if one.status != "gone"):
                self._held[key] = still
            else:
                del self._held[key]
        self._unsure.update(self._open)

    def mounted(self, one: Definition) -> None:
        """A node joined the tree, or was rendered anew."""
        key = Key(one.id)
        if key in self._state.budgets:
            self._forget()  # what it used in an earlier life counts
        self._declare(key, one.node.budget)

    def _declare(self, key: Key, budget: Budget | None) -> None:
        known = self._state.budgets.get(key)
        if budget is None:
            told = None
        else:
            told = BudgetSet(key=key, caps=budget.caps, on_exhausted=budget.on_exhausted)
        if told != known:
            self._transition.do(told or BudgetSet(key=key, caps=None))

    # -- what they have used

    def _forget(self) -> None:
        self._used = None
        self._around.clear()
        if self._count in self._transition.watchers:
            self._transition.watchers.remove(self._count)

    def _ledger(self) -> dict[Key, _Used]:
        if self._used is None:
            self._used = {}
            for attempt in self._state.attempts.values():
                for used in self._ledgers(attempt):
                    used.started(attempt)
                    if attempt.used is not None:
                        used.add(attempt.used)
                    if attempt.ended_at is not None:
                        used.ended(attempt, self._took_s(attempt, attempt.ended_at))
            self._transition.watchers.append(self._count)
        return self._used

    def began(self, serial: int) -> None:
        """An attempt begins with this frame."""
        if self.active:
            self._times[serial] = self._now().monotonic

    def ends(self, serial: int) -> None:
        """It ends with this frame."""
        if serial in self._times:
            self._times[serial] = self._now().monotonic - self._times[serial]

    def _took_s(self, attempt: Attempted, ended_at: datetime) -> float:
        """How long an attempt took; what an earlier owner ran is known by its rows alone."""
        took = self._times.get(attempt.serial, ended_at - attempt.started_at)
        return max(0.0, took.total_seconds())

    def _running_s(self, serial: int) -> float:
        now = self._now()
        if (began := self._times.get(serial)) is not None:
            return (now.monotonic - began).total_seconds()
        return max(0.0, (now.wall - self._state.attempts[serial].started_at).total_seconds())

    def _ledgers(self, attempt: Attempted) -> Iterator[_Used]:
        assert self._used is not None
        if attempt.origin is not None and not self._counts_inherited:
            return  # it was paid by the run that it comes from
        for key, _ in self._budgets_of(attempt.key):
            yield self._used.setdefault(key, _Used())

    def _count(self, change: Change) -> None:
        """A change was made: count what it tells, for each budget around its attempt."""
        if not isinstance(change, AttemptStarted | UsageCounted | AttemptEnded):
            return
        attempt = self._state.attempts[change.serial]
        for used in self._ledgers(attempt):
            if isinstance(change, AttemptStarted):
                used.started(attempt)
            elif isinstance(change, UsageCounted):
                used.add(change)
            else:
                used.ended(attempt, self._took_s(attempt, change.at))

    def _budgets_of(self, key: Key) -> list[tuple[Key, Budget]]:
        """The budgets that a task counts for, innermost first."""
        if (found := self._around.get(key)) is None:
            found = self._around[key] = [
                (Key(one.id, key.path[: len(one.loops)]), one.node.budget)
                for one in self._budgeted(key)
                if one.node.budget is not None
            ]
            if self._whole is not None:
                found.append((THE_RUN, self._whole))
        return found

    def _budgeted(self, key: Key) -> tuple[Definition, ...]:
        """The definitions with a budget around a task; it may have left the tree, or stand in an
        item that is not mounted yet.
        """
        if (instance := self._plan.instances.get(key)) is not None:
            return instance.definition.budgeted
        id: str | None = key.id
        while id is not None and id not in self._view.mounts.by_id:
            row = self._state.nodes.get(id) or self._state.gone.get(id)
            id = None if row is None else row.parent
        return () if id is None else self._view.mounts.by_id[id].budgeted

    # -- who may start

    def spent(self, key: Key) -> list[tuple[Key, Budget, str]]:
        """The budgets around a task that are at a cap, innermost first, each in words."""
        if not self.active:
            return []
        found: list[tuple[Key, Budget, str]] = []
        if around := self._budgets_of(key):
            ledger, below = self._ledger(), list(self.children())
            for owner, budget in around:
                used = ledger.setdefault(owner, _Used()).at(self._running_s)
                for one, amounts in below:
                    if any(each == owner for each, _ in self._budgets_of(one)):
                        used += amounts
                if words := used.of(self._caps(owner, budget)):
                    said = f"the budget of {key_name(owner)} is spent: {words}"
                    found.append((owner, budget, said))
        if self.outer is not None:
            budgets, node = self.outer
            for _, budget, said in budgets.spent(node):
                name = said if "(of run " in said else f"{said} (of run {budgets.run_id})"
                found.append((THE_RUN, budget, name))
        return found

    def _caps(self, owner: Key, budget: Budget) -> Amounts:
        return add_raised(budget.caps, self._state.raised.get(owner))

    def holds(self, instance: Instance) -> bool:
        """Whether a paid task may not start an attempt now. Then it is held, or has settled by it.

        Of several budgets that end it, the innermost decides how.
        """
        if not (spent := self.spent(instance.key)):
            return False
        for _, budget, said in spent:
            if budget.on_exhausted != "wait":
                self._settle(instance, said, fails=budget.on_exhausted == "fail")
                return True
        for key, _, said in spent:
            self._held.setdefault(key, deque()).append(instance)
            self._open.add(key)
            self._unsure.add(key)
            if (key, waits.BUDGET) not in self._state.waits:
                self._transition.open_wait(WaitOpened(key=key, kind=waits.BUDGET, asked=said))
        self._plan.hold(instance)
        return True

    def pays(self, one: Instance, ids: Iterable[str]) -> bool:
        """Whether no agent below these nodes would be skipped, if another node has them done again;
        see `Asking` of `kinds`.
        """
        by_id = self._view.mounts.by_id
        below = [each for id in ids if id in by_id for each in by_id[id].walk()]
        return not any(
            self._skips(Key(each.id, one.path[: len(each.loops)]))
            for each in below
            if agent_work(each.node) is not None
        )

    def _skips(self, key: Key) -> bool:
        ending = (one.on_exhausted for _, one, _ in self.spent(key) if one.on_exhausted != "wait")
        return next(ending, None) == "finish"

    def _settle(self, instance: Instance, said: str, *, fails: bool) -> None:
        tries = self._state.tries.get(instance.key)
        last = tries[-1].error if tries else None
        before = "" if last is None else f"; its last attempt: {last.message}"
        hint = f"raise it: the command is shown by `smithers why {self.run_id}`" if fails else ""
        error = BudgetExhausted(said + before, hint=hint)
        failure = failure_of(error, self._scrub)
        outcome: Outcome = "failed" if fails else "skipped"
        settle(self._transition, self._plan, instance.key, outcome, error=failure)

    # -- what a person says

    def take(self, row: InboxRow) -> None:
        """A person raised a budget: who was held for it tries again."""
        if row.key is None:
            return
        body = json.loads(row.body)
        added = Amounts.from_data(body)
        self._transition.do(BudgetRaised(key=row.key, added=added, by=body["by"], at=row.at))
        self._transition.close_wait(row.key, waits.BUDGET, row.body)
        self._open.discard(row.key)
        self._plan.up.extend(self._held.pop(row.key, ()))

    def reopen(self) -> None:
        """A budget around this run was raised: who was held tries again."""
        for key in list(self._open):
            self._transition.close_wait(key, waits.BUDGET)
            self._plan.up.extend(self._held.pop(key, ()))
        self._open.clear()

    def settled(self, key: Key) -> None:
        """A node has settled: it may have been the last one that waited for a budget around it."""
        if self._open:
            self._unsure.update(owner for owner, _ in self._budgets_of(key))

    def tidy(self) -> None:
        """Nobody waits for a budget below which nothing is left to start."""
        if not self._unsure:
            return
        unsure, self._unsure = self._unsure & self._open, set()
        for key in sorted(unsure):
            held = self._held.get(key, deque())
            while held and (held[0].status != "up" or held[0].dropping):
                held.popleft()
            if not held:
                self._held.pop(key, None)
                self._open.discard(key)
                self._transition.close_wait(key, waits.BUDGET)
