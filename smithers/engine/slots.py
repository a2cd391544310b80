"""The slots of limited groups: who takes one, who gives it back, and who waits for one."""

from __future__ import annotations

import heapq
from collections import deque

from smithers.kinds import Dropped, Instance, Slots
from smithers.state import RunState

__all__ = ["SlotCounts"]


class SlotCounts:
    """The part of a plan that counts the children of each group that have begun.

    `released` are instances that waited for a slot and may try again; `dropped` those that are to
    be settled unrun.
    """

    def __init__(self, state: RunState) -> None:
        self.state = state
        self.dropped: deque[Dropped] = deque()
        self.released: deque[Instance] = deque()

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
        if group.slots is None:
            group.slots = Slots()
        group.slots.add(child.place, instance)

    def begin(self, instance: Instance) -> None:
        """A first attempt starts here, or a wait opened: slots of limited groups are taken.

        A node that something was put before takes its slots when it is activated.
        """
        if instance.held:
            self.count_held(instance, -1)
        child: Instance | None = None if instance.waits_for_order else instance
        while child is not None and not child.begun:
            child.begun = True
            if child.parent is not None:
                child.parent.begun_below += 1
                child.parent.begun_open += 1
                self._unblock(child.parent, child.place)  # the slot is for all of the child
            child = child.parent

    def unbegin(self, instance: Instance) -> None:
        """Its attempt was deferred, which does not count: slots it alone took are given back."""
        if instance.dropping is not None:  # it ran while its group stopped, and will not run again
            self.dropped.append(Dropped(instance, instance.dropping, running=False))
        tries = self.state.tries.get(instance.key, ())
        if not any(one.counts and one.state not in ("deferred", "interrupted") for one in tries):
            self.give_back(instance)

    def give_back(self, instance: Instance) -> None:
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
        group = instance.parent
        while group is not None:
            if group.limit is not None:
                self.release(group)
            group = group.parent

    def release(self, group: Instance) -> None:
        if (slots := group.slots) is None:
            return
        free = (group.limit or 0) - group.begun_open
        while free > 0 and slots.queue:
            free -= self._unblock(group, heapq.heappop(slots.queue))

    def _unblock(self, group: Instance, place: int) -> bool:
        """Let everything in one child of the group try again; whether there was anything."""
        if group.slots is None:
            return False
        waiting = [one for one in group.slots.waiting.pop(place, ()) if one.status == "up"]
        self.released.extend(waiting)
        return bool(waiting)
