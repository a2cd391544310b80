"""What people say to an agent while it is at work: taken from the inbox, told, and known as told.

A message counts as given when it is part of the agent's session: its program said so, or the agent
was heard after a request that told it. Until then every later request of the task tells it, so a
crash may tell it twice, and never loses it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol, cast

from smithers.changes import Key, MessageGiven, MessageTaken
from smithers.engine.transition import Transition
from smithers.state import Message, RunState
from smithers.store import InboxRow

__all__ = ["Mailbox", "Messages", "untold"]


def untold(state: RunState, key: Key, session: str | None) -> list[Message]:
    """The messages for a task that are no part of this session, oldest first; all for a new one."""
    return [
        one
        for one in state.messages.get(key, {}).values()
        if session is None or one.given is None or state.attempts[one.given].session != session
    ]


class Listener(Protocol):
    """Who is told what people say to one task."""

    def tell(self, message: Message) -> None: ...


class Messages:
    """The messages for a run's attempts, from the inbox to whoever runs."""

    def __init__(self, transition: Transition) -> None:
        self._transition = transition
        self.taken: dict[Key, list[Message]] = {}
        """Those of the frame in the making."""

    def take(self, row: InboxRow) -> None:
        """Take one into the frame in the making; one for a task that was never begun is void."""
        key, state = row.key, self._transition.state
        if key is None or key not in state.tries:
            return
        body = cast("dict[str, Any]", json.loads(row.body))
        said, by = str(body["text"]), str(body["by"])
        self._transition.do(MessageTaken(id=row.id, key=key, text=said, by=by, at=row.at))
        self.taken.setdefault(key, []).append(state.messages[key][row.id])

    def tell(self, listener: Callable[[Key], Listener | None]) -> None:
        """Tell whoever is at work what the last frame has taken; a later attempt's request tells
        what nobody heard.
        """
        taken, self.taken = self.taken, {}
        for key, messages in taken.items():
            if (one := listener(key)) is not None:
                for message in messages:
                    one.tell(message)


class Mailbox:
    """The messages for one attempt; `asked` are those that its request tells, `keep` makes durable
    that one is part of the session.
    """

    def __init__(
        self,
        serial: int,
        keep: Callable[[MessageGiven], Awaitable[None]],
        asked: Iterable[Message] = (),
    ) -> None:
        self._queue: asyncio.Queue[str] | None = None
        self._serial = serial
        self._keep = keep
        self._asked = [one.id for one in asked if one.given is None]
        """Those that the present request tells."""
        self._left: dict[int, str] = {}
        """Those that came since, until they are told."""

    def __bool__(self) -> bool:
        """Whether any came that no request has told."""
        return bool(self._left)

    def put(self, message: Message) -> None:
        if message.id not in self._asked:
            self._left[message.id] = message.text
            if self._queue is not None:
                self._queue.put_nowait(message.text)

    def queued(self) -> asyncio.Queue[str]:
        """What came and is to be told, and what will come, for an agent that steers."""
        self._queue = asyncio.Queue()
        for text in self._left.values():
            self._queue.put_nowait(text)
        return self._queue

    def ask(self) -> list[str]:
        """What came, oldest first, to be told by the next request."""
        left, self._left = self._left, {}
        self._asked = list(left)
        return list(left.values())

    async def heard(self) -> None:
        """The agent was heard: what its request told is in its session."""
        asked, self._asked = self._asked, []
        for id in asked:
            await self._given(id)

    async def steered(self) -> None:
        """The agent has taken in the oldest message of the queue that it was not told before."""
        if self._left:
            id = next(iter(self._left))
            del self._left[id]
            await self._given(id)

    async def _given(self, id: int) -> None:
        await self._keep(MessageGiven(id=id, serial=self._serial))
