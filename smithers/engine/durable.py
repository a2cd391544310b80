"""What attempts wait for to be on disk before they go on: their sessions, messages that they were
told, and calls that they begin.
"""

from __future__ import annotations

import asyncio
from collections import deque

from smithers.changes import MessageGiven, SessionSeen, UsageCounted
from smithers.engine.budgets import Budgets, RepairRefused
from smithers.engine.transition import Transition

__all__ = ["Durable", "Promises"]

Durable = SessionSeen | UsageCounted | MessageGiven


class Promises:
    """Changes that attempts asked for; each is kept with the commit of its frame."""

    def __init__(self) -> None:
        self.asked: deque[tuple[Durable, asyncio.Future[None]]] = deque()
        """Those that are in no frame yet."""
        self._made: list[asyncio.Future[None]] = []

    def ask(self, change: Durable) -> asyncio.Future[None]:
        """Done when the change is durable; raises `RepairRefused` where a budget is spent."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.asked.append((change, future))
        return future

    def take_one(self, transition: Transition, budgets: Budgets) -> None:
        """Make the next change, as part of the frame in the making."""
        change, future = self.asked.popleft()
        if isinstance(change, UsageCounted):
            if future.done():  # the attempt was stopped before it could go on
                return
            if spent := budgets.spent(transition.state.attempts[change.serial].key):
                said = f"its answer was not repaired: {spent[0][2]}"
                future.set_exception(RepairRefused(said))
                return
        transition.do(change)
        self._made.append(future)

    def committed(self) -> None:
        """The frame is durable."""
        made, self._made = self._made, []
        for future in made:
            if not future.done():
                future.set_result(None)
