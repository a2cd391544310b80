"""A machine with the slots of pools, in memory."""

from __future__ import annotations

from collections import Counter

__all__ = ["Full", "Machine", "MachineSlot"]


class Machine:
    """Has the slots of pools; `taken` by their names, and the `most` there ever were. Others that
    take slots, or wait for them, are part of the counts.
    """

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.queued: Counter[str] = Counter()

    def take(self, pool: str, limit: int) -> MachineSlot | None:
        if self.taken[pool] >= limit:
            return None
        self.taken[pool] += 1
        self.most[pool] = max(self.most[pool], self.taken[pool])
        return MachineSlot(self.taken, pool)

    def count_free(self, pool: str, limit: int) -> int:
        return max(0, limit - self.taken[pool])

    def queue(self, pool: str) -> InQueue:
        self.queued[pool] += 1
        return InQueue(self.queued, pool)


class MachineSlot:
    def __init__(self, taken: Counter[str], pool: str) -> None:
        self._taken, self._pool = taken, pool

    def release(self) -> None:
        self._taken[self._pool] -= 1
        assert self._taken[self._pool] >= 0


class InQueue:
    def __init__(self, queued: Counter[str], pool: str) -> None:
        self._queued, self._pool = queued, pool

    def has_others(self) -> bool:
        return self._queued[self._pool] > 1

    def leave(self) -> None:
        self._queued[self._pool] -= 1


class Full(Machine):
    """A machine of which others have all slots."""

    def take(self, pool: str, limit: int) -> None: ...

    def count_free(self, pool: str, limit: int) -> int:
        return 0
