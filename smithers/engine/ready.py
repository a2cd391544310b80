"""The tasks that are ready: by priority, and among equals in the order in which they became so."""

from __future__ import annotations

import heapq
from collections import deque
from typing import Any

from smithers.kinds import Instance
from smithers.tree import Task

__all__ = ["ReadyQueue"]


class ReadyQueue:
    """A queue for each priority that is used; as a rule there is one."""

    def __init__(self) -> None:
        self._queues: dict[int, deque[Instance[Task[Any]]]] = {}
        self._used: list[int] = []
        """A heap of the priorities of queues that are not empty, negated."""

    def __bool__(self) -> bool:
        return bool(self._used)

    @property
    def first(self) -> Instance[Task[Any]]:
        """The next one; there must be one."""
        return self._queues[-self._used[0]][0]

    def add(self, instance: Instance[Task[Any]]) -> None:
        priority = instance.node.priority
        queue = self._queues.get(priority)
        if queue is None:
            queue = self._queues[priority] = deque()
        if not queue:
            heapq.heappush(self._used, -priority)
        queue.append(instance)

    def pop(self) -> Instance[Task[Any]]:
        """Take the next one; there must be one."""
        queue = self._queues[-self._used[0]]
        if len(queue) == 1:
            heapq.heappop(self._used)
        return queue.popleft()

    def drop_gone(self) -> None:
        """Take those out that are no longer in the plan."""
        for queue in self._queues.values():
            kept = [one for one in queue if one.status != "gone"]
            if len(kept) < len(queue):
                queue.clear()
                queue.extend(kept)
        self._used = [-priority for priority, queue in self._queues.items() if queue]
        heapq.heapify(self._used)

    def clear(self) -> None:
        self._queues.clear()
        self._used.clear()
