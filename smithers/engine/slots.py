"""The slots of limited groups and of pools: who takes one, who gives it back, and who waits."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from smithers.changes import Key
from smithers.kinds import Dropped, Instance, Slots
from smithers.state import RunState
from smithers.tree import Task

__all__ = ["Pool", "SlotCounts", "place_of"]


class Pool:
    """A limit that tasks share by its name. Who waits for a slot is sorted by priority, and then
    by the place in the document. It `is_full` if the machine has no slot for it, as of the last
    look; `retrying` are tasks that have begun, and so need no slot of the run. Of one that was
    full, one task after the other tries, as nobody knows how many slots there are.
    """

    __slots__ = ("_queued", "is_full", "is_shared", "limit", "retrying", "taken", "waiting")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        self.waiting: list[tuple[int, tuple[int, ...], int, Instance[Task[Any]]]] = []
        self.retrying: deque[Instance[Task[Any]]] = deque()
        self.is_full = self.is_shared = False
        self._queued = 0

    def fill(self) -> None:
        """The machine has no slot."""
        self.is_full = self.is_shared = True

    @property
    def first(self) -> Instance[Task[Any]] | None:
        """Who waits first, if anybody does."""
        while self.retrying:
            if _is_waiting(one := self.retrying[0]):
                return one
            self.retrying.popleft()
        while self.waiting:
            if _is_waiting(one := self.waiting[0][-1]):
                return one
            heapq.heappop(self.waiting)
        return None

    @property
    def may_try(self) -> bool:
        """Whether somebody waits who may have a slot of the run."""
        first = self.first
        return first is not None and (first.begun or self.taken < self.limit)

    def next(self) -> Instance[Task[Any]] | None:
        """Take the first one that may have a slot of the run."""
        if not self.may_try:
            return None
        return self.retrying.popleft() if self.retrying else heapq.heappop(self.waiting)[-1]

    def queue(self, task: Instance[Task[Any]]) -> None:
        self._queued += 1  # a task may be queued twice, and cannot be compared
        if task.begun:
            self.retrying.append(task)
            return
        entry = (-task.node.priority, place_of(task), self._queued, task)
        heapq.heappush(self.waiting, entry)


class SlotCounts:
    """The part of a plan that counts the children of each group, and the tasks of each pool, that
    have begun.

    A leaf that comes up below a limited group is asked only when it has its turn: as many children
    of the group have one as there are slots which nobody has begun in. One that begins, settles, or
    waits for something else passes its turn on. So a fan-out does not ask all its items at once.
    In a group around what an instance waits for, all are asked.

    `up` are instances that need something of the engine; `released` those that waited for a slot,
    or for their turn, and may try now; `entered` those that came up and were held back; `dropped`
    those that are to be settled unrun.
    """

    def __init__(self, state: RunState, pools: Mapping[str, int]) -> None:
        self.state = state
        self.pools = {name: Pool(limit) for name, limit in pools.items()}
        self.up: deque[Instance] = deque()
        self.dropped: deque[Dropped] = deque()
        self.released: deque[Instance] = deque()
        self.entered: deque[Instance] = deque()
        self._held_back: dict[Key, Instance] = {}
        """The groups in which leaves wait that nobody has asked yet."""
        self._awaited: set[Key] = set()
        """The containers in which is what somebody waits for, who is not in the same child."""

    def takes_turn(self, leaf: Instance) -> bool:
        """Whether a leaf may be asked now; else it is held back, see `released`."""
        taken: list[Instance] = []
        child, group = leaf, leaf.parent
        while group is not None and not child.begun:
            if group.limit is not None and not child.has_turn:
                if group.begun_open + group.turns >= group.limit:
                    if leaf.node.priority or group.key in self._awaited:  # it may come first
                        return True
                    self._queue(leaf, child, group)
                    self._held_back[group.key] = group
                    self.entered.append(leaf)
                    return False
                taken.append(child)
            child, group = group, group.parent
        for child in taken:
            assert child.parent is not None
            child.has_turn = True
            child.parent.turns += 1
        return True

    def ask_held_back(self) -> bool:
        """Have all asked that were held back; whether there are any. What they come to without a
        slot, by a `skip_if` for example, may be what those wait for that have the slots.
        """
        groups, self._held_back = self._held_back, {}
        for group in groups.values():
            self._ask_all(group)
        return bool(groups)

    def wait_inside(self, around: Iterable[Key], reader: Instance) -> None:
        """An instance waits for what is in these containers, innermost first. What it waits for may
        come to its end without a slot, and so it is not held back in a group.
        """
        above, of_reader = reader.parent, set[Key]()
        while above is not None:
            of_reader.add(above.key)
            above = above.parent
        for key in around:
            self._awaited.add(key)
            if (group := self._held_back.pop(key, None)) is not None:
                self._ask_all(group)
            if key in of_reader:  # what is around both has one child with both
                return

    def _ask_all(self, group: Instance) -> None:
        waiting = [] if group.slots is None else group.slots.take_all()
        self.up.extendleft(filter(_is_waiting, reversed(waiting)))  # they came before what is up

    @staticmethod
    def pass_turn(child: Instance) -> None:
        if child.has_turn:
            assert child.parent is not None
            child.has_turn = False
            child.parent.turns -= 1

    def pass_turns(self, instance: Instance) -> None:
        """Give back the turns that were taken for an instance, also by what is around it."""
        child = instance
        while child.parent is not None:
            self.pass_turn(child)
            child = child.parent

    @staticmethod
    def _queue(instance: Instance, child: Instance, group: Instance) -> None:
        if group.slots is None:
            group.slots = Slots()
        group.slots.add(child.place, instance)

    def blocker(self, instance: Instance) -> Instance | None:
        """The group whose limit keeps this instance from beginning, or None if it may."""
        child, group = instance, instance.parent
        while group is not None:
            limit = group.limit
            if limit is not None and not child.begun and group.begun_open >= limit:
                return group
            child, group = group, group.parent
        return None

    def block(self, instance: Instance, group: Instance) -> None:
        """Queue an instance for a slot of a group, in document order; see `released`."""
        child = instance
        while child.parent is not group:
            assert child.parent is not None
            child = child.parent
        self.pass_turn(child)
        self._queue(instance, child, group)
        self.offer_pool(instance)

    # -- pools

    def has_place(self, task: Instance[Task[Any]]) -> bool:
        """Whether the pool of a task lets it begin; else it is queued, see `released`."""
        pool = self._pool_of(task)
        if pool is None or not (pool.is_full or (not task.begun and pool.taken >= pool.limit)):
            return True
        pool.queue(task)
        self.offer_slots(task)
        return False

    def unfill(self, name: str) -> None:
        """The machine may have slots of a pool again: who waits first tries."""
        pool = self.pools[name]
        pool.is_full = False
        self._offer(pool)

    def _pool_of(self, instance: Instance) -> Pool | None:
        if not self.pools:
            return None
        name: str | None = instance.node.pool
        return None if name is None else self.pools[name]

    def offer_pool(self, instance: Instance) -> None:
        """Let those try again that wait for a free slot of the pool of an instance."""
        if (pool := self._pool_of(instance)) is not None:
            self._offer(pool)

    def _offer(self, pool: Pool) -> None:
        if pool.is_shared:
            if not pool.is_full and (first := pool.next()) is not None:
                self.released.append(first)
            return
        free = pool.limit - pool.taken
        while free > 0 and pool.waiting:
            waiting = heapq.heappop(pool.waiting)[-1]
            if waiting.status == "up":
                self.released.append(waiting)
                free -= 1

    def leave_pool(self, instance: Instance) -> None:
        """An instance that has begun gives the slot of its pool back."""
        if self.pools:
            self.free_pool(instance)
            self.offer_pool(instance)

    def free_pool(self, instance: Instance) -> None:
        """The same, and nobody is offered the slot yet."""
        if (pool := self._pool_of(instance)) is not None:
            pool.taken -= 1

    # -- groups

    def begin(self, instance: Instance) -> None:
        """A first attempt starts here, or a wait opened: slots of limited groups are taken.

        A node that something was put before takes its slots when it is activated.
        """
        if instance.held:
            self.count_held(instance, -1)
        is_open = not instance.waits_for_order and not instance.settled
        child: Instance | None = instance if is_open else None
        if (pool := self._pool_of(instance)) is not None:
            pool.taken += is_open and not instance.begun
            if pool.is_shared:  # the next one tries
                self._offer(pool)
        while child is not None and not child.begun:
            child.begun = True
            self.pass_turn(child)
            if child.parent is not None:
                child.parent.begun_below += 1
                child.parent.begun_open += 1
                slots = child.parent.slots
                if slots is not None and child.place in slots.waiting:  # it is for all of the child
                    self._unblock(slots, child.place)
            child = child.parent

    def unbegin(self, instance: Instance) -> None:
        """Its attempt was deferred, which does not count: slots it alone took are given back."""
        if instance.dropping is not None:  # it ran while its group stopped, and will not run again
            self.dropped.append(Dropped(instance, instance.dropping, running=False))
        tries = self.state.tries.get(instance.key, ())
        if not any(one.counts and one.state not in ("deferred", "interrupted") for one in tries):
            self.give_back(instance)

    def give_back(self, instance: Instance) -> None:
        if instance.begun:
            self.leave_pool(instance)
        child: Instance | None = instance
        while child is not None and child.begun and not child.begun_below:
            child.begun = False
            if child.parent is not None:
                child.parent.begun_below -= 1
                child.parent.begun_open -= 1
            child = child.parent

    def hold(self, task: Instance) -> None:
        """A task waits for a larger budget, which may take days: what needs none may begin."""
        if not task.held:
            self.count_held(task, 1)
        self.rest(task)

    @staticmethod
    def count_held(task: Instance, by: int) -> None:
        above: Instance | None = task
        while above is not None:
            above.held += by
            above = above.parent

    def rest(self, instance: Instance) -> None:
        """Slots that are taken above it, while all that has begun there is settled or held, are
        given back until something begins again.
        """
        if instance.begun and instance.held:
            self.leave_pool(instance)
        child: Instance | None = instance
        while child is not None and child.held and not child.begun_open:
            if child.begun:
                child.begun = False
                if child.parent is not None:
                    child.parent.begun_below -= 1
                    child.parent.begun_open -= 1
            child = child.parent
        self.offer_slots(instance)

    def offer_slots(self, instance: Instance) -> None:
        """The instance will not begin now: instances that wait for a slot above it may try."""
        self.offer_pool(instance)
        child, group = instance, instance.parent
        while group is not None:
            if group.limit is not None:
                self.pass_turn(child)
                self.release(group)
            child, group = group, group.parent

    def release_around(self, instance: Instance) -> None:
        """Slots above an instance may be free now: those who wait for one may try."""
        group = instance.parent
        while group is not None:
            if group.limit is not None:
                self.release(group)
            group = group.parent

    def release(self, group: Instance) -> None:
        if (slots := group.slots) is None:
            return
        limit = group.limit or 0
        while slots.queue and group.begun_open + group.turns < limit:
            self._unblock(slots, heapq.heappop(slots.queue))

    def _unblock(self, slots: Slots, place: int) -> None:
        """Let everything try again that waits in one child of a group."""
        for one in slots.waiting.pop(place, ()):
            if _is_waiting(one) and self.takes_turn(one):
                self.released.append(one)


def _is_waiting(one: Instance) -> bool:
    """Whether an instance that was queued still waits."""
    return one.status == "up" and one.dropping is None


def place_of(instance: Instance) -> tuple[int, ...]:
    """Where it is in the document, for sorting."""
    places: list[int] = []
    above: Instance | None = instance
    while above is not None:
        places.append(above.place)
        above = above.parent
    return tuple(reversed(places))
