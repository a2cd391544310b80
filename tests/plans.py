"""Whether the plan that a run keeps up to date is the plan made anew of the same tree and rows.

`watch_engines` compares the two after each frame of every engine in this process. A difference is a
defect: after a crash the run would continue in another way.
"""

# The comparison looks at what an engine keeps to itself.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple
from weakref import WeakSet

from smithers.changes import Key
from smithers.context import NotYet
from smithers.engine.engine import Engine
from smithers.engine.plan import Plan
from smithers.kinds import Definition, Instance

__all__ = ["Told", "asked", "check", "is_live", "renders_counted", "told", "watch_engines"]

_MOST_INSTANCES = 200
"""A comparison looks at all of them, after each frame."""


class Told(NamedTuple):
    """All that a plan says, in a form that can be compared."""

    root: str
    settled: dict[Key, str]
    asks: set[Key]
    drops: dict[Key, str]
    begun: set[Key]
    slots: dict[Key, int]
    blocked: dict[Key, Key]
    pools: dict[str, int]


def told(plan: Plan, asks: set[Key]) -> Told:
    """What a plan says; `asks` are those that came up, and neither run nor are settled."""
    drops: dict[Key, str] = {}
    for one in plan.dropped:
        if not one.instance.settled:  # else it ended in the frame in which it was dropped
            drops.setdefault(one.instance.key, "stop" if one.running else one.outcome)
    mine = plan.instances
    groups = {id(plan.blocker(mine[key])): plan.blocker(mine[key]) for key in asks}
    limited = [one for one in mine.values() if one.limit and not one.settled]
    assert all(group is None or group in limited for group in groups.values())
    return Told(
        root=plan.root.status,
        settled={key: one.status for key, one in mine.items() if one.settled},
        asks=asks,
        drops=drops,
        begun={key for key, one in mine.items() if one.begun and not one.settled},
        slots={one.key: one.begun_open for one in limited if one.begun_open},
        blocked={key: group.key for key in asks if (group := plan.blocker(mine[key]))},
        pools={name: pool.taken for name, pool in plan.pools.items()},
    )


def asked(plan: Plan) -> list[Instance]:
    """What came up in a plan that was made now, or waits for its turn there."""
    found = [*plan.up, *plan.released]
    for group in plan.instances.values():
        for waiting in group.slots.waiting.values() if group.slots is not None else ():
            found += waiting
    return [one for one in found if is_live(one)]


def is_live(one: Instance) -> bool:
    """Whether it came up, is not settled, and may continue."""
    return one.status == "up" and one.dropping is None


_reconciled = WeakSet[Engine]()
"""The engines that have rendered a part of their tree in the frame in the making."""
_counts_renders = False


@contextmanager
def renders_counted() -> Generator[None]:
    """The author's function counts its calls, so no other engine renders the tree."""
    global _counts_renders  # tests of one process run one after the other
    _counts_renders = True
    try:
        yield
    finally:
        _counts_renders = False


def watch_engines() -> None:
    """Compare the plans of each engine in this process after each frame."""
    commit, reconcile = Engine._commit, Engine._reconcile

    async def checked(self: Engine) -> None:
        await commit(self)
        check(self)
        _reconciled.discard(self)

    def noted(self: Engine, changed: Collection[str]) -> bool:
        _reconciled.add(self)
        return reconcile(self, changed)

    Engine._commit = checked  # type: ignore[method-assign]
    Engine._reconcile = noted  # type: ignore[method-assign]


def check(engine: Engine) -> None:
    """Compare the plans of an engine, if it has done all that follows from its state. What is sent
    back is reset before anything else follows, in the next frame.
    """
    follows = engine._ending is None and not engine._is_sent_back()
    if follows and len(engine.plan.instances) <= _MOST_INSTANCES:
        _compare(engine)


def _compare(engine: Engine) -> None:
    plan, again = engine.plan, _anew(engine)
    assert not plan.settled
    assert not plan.dropped
    assert not plan.up
    fresh = told(again, {one.key for one in asked(again)})
    kept = told(plan, _waiting(engine))
    # A plan tells only once what is to be stopped.
    stopping = {key: "stop" for key in fresh.drops if plan.instances[key].stopped}
    assert kept._replace(drops=stopping) == fresh
    assert _details(plan) == _details(again)


def _anew(engine: Engine) -> Plan:
    renders = engine in _reconciled and not _counts_renders
    plan = _of_new_owner(engine) if renders or engine.plan.flows else _started(engine)
    for held in engine.budgets._held.values():  # in a new run they come up, and are held again
        for one in held:
            if is_live(again := plan.instances[one.key]):
                plan.hold(again)
    return plan


def _of_new_owner(engine: Engine) -> Plan:
    """As another engine makes it, which runs the flows again."""
    fresh = Engine(
        engine.workflow,
        engine.renderer.context.input,
        run=engine._run,
        state=deepcopy(engine.state),
        settings=engine.settings,
        observer=engine.observer,
    )
    fresh._outputs.store = engine.store
    fresh._closing.resume()
    fresh._render()
    fresh.plan.put_away()
    return fresh.plan


def _started(engine: Engine) -> Plan:
    items = engine.renderer._items

    def expand(one: Definition[Any], path: tuple[int, ...]) -> Sequence[Definition]:
        if (key := Key(one.id, path)) not in items:
            raise NotYet((key,))
        return engine.renderer.expand(one, path)

    pools = {name: pool.limit for name, pool in engine.plan.pools.items()}
    plan = Plan(engine.plan.root.definition, engine.state, expand, pools)
    plan.start()
    if engine._closing.why is not None:
        plan.end()
    return plan


def _waiting(engine: Engine) -> set[Key]:
    """What the engine will come back to: by data, a slot, an answer, a time, or its turn."""
    plan, state = engine.plan, engine.state
    found: list[Instance] = [*plan.released]
    found += [one for queue in engine._ready._queues.values() for one in queue]
    for pool in plan.pools.values():
        found += [*pool.retrying, *(entry[-1] for entry in pool.waiting)]
    for instances in (*engine.asking.waiting.values(), *engine.budgets._held.values()):
        found += instances
    for group in plan.instances.values():
        for blocked in group.slots.waiting.values() if group.slots is not None else ():
            found += blocked
    waits = [key for key, kind in state.waits if kind != "budget"]
    found += [plan.instances[key] for key in waits if key in plan.instances]
    running = {one.key for one in state.running()}
    return {one.key for one in found if is_live(one) and one.key not in running}


def _details(plan: Plan) -> dict[Key, tuple[object, ...]]:
    """Of what was activated; what was not may have no instance yet."""
    return {
        key: (one.status, one.failing, one.worst, one.settled_at if one.settled else None)
        for key, one in plan.instances.items()
        if one.status != "idle"
    }
