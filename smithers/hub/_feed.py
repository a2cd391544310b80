"""The events of runs for any number of clients, each of which continues from its own place.

A run is read once, however many listen. A look every tenth of a second finds which runs have new
frames; the first client that wants these reads them, and the others take the same texts. So what
is read of a database does not depend on the number of clients. Events are kept in blocks of frames,
up to a number of bytes for all runs; where a client asks for older ones, they are read again.

A client has only its place here, so a slow one costs nothing. One that has not come back for
`STALLED_S` is dropped; it resumes by the id of the last event that it received.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from smithers import reports
from smithers.errors import Refused, SmithersError, StoreError, TooManyClients
from smithers.hub._feed_blocks import Blocks, Place, Unit, encode, masked_text
from smithers.hub._feed_runs import Changed, ChangedRuns
from smithers.store.run_rows import unknown_run
from smithers.values import dataclass
from smithers.wire import event_json

if TYPE_CHECKING:
    from smithers.hub import Hub
    from smithers.reports import Head

__all__ = ["MOST_CLIENTS", "STALLED_S", "Batch", "Dropped", "Feed", "RunClient", "RunsClient"]

LOOK_S = 0.1
"""How often it looks at most, so a client that is up to date gets events at most as often."""
LOG_S = 0.5
"""How often it looks whether the log of a task has grown."""
ALIVE_S = 2.0
"""How often it looks whether owners still live: the death of one writes nothing."""
STALLED_S = 15.0
MOST_CLIENTS = 256
ROOM_BYTES = 32 << 20
_REST = 4
"""How many times as long as a look or a read took it rests, `ALIVE_S` at most: a large run costs no
more of the machine than a small one.
"""


class Dropped(Refused):
    """The client did not come back for its next events in time."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What came after the place of a client. `cursor` is the id of the last event that it now has,
    and `more` says that others follow already. `end` is JSON: how the run was left, once it ended.
    `has_log`: the log of the client's task has grown.
    """

    status: str
    units: tuple[Unit, ...] = ()
    cursor: str | None
    more: bool = False
    end: str | None = None
    has_log: bool = False


class _Topic:
    """What clients listen to: a run, or the list of runs."""

    def __init__(self, run_id: str | None = None) -> None:
        self.run_id = run_id
        self.head: Head | None = None
        self.is_gone = False
        self.moved = asyncio.Event()
        self.reading = asyncio.Lock()
        self.clients = 0
        self.rests_until = 0.0
        self.end: tuple[int, str] | None = None

    def move(self) -> None:
        self.moved.set()
        self.moved = asyncio.Event()


class Feed:
    """The events of the runs of one database, while `run` runs. `name` tells its ids of the list of
    runs from those of any other feed.
    """

    def __init__(
        self,
        hub: Hub,
        name: str,
        *,
        look_s: float = LOOK_S,
        stalled_s: float = STALLED_S,
        room_bytes: int = ROOM_BYTES,
        most_clients: int = MOST_CLIENTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.hub, self.clock = hub, clock
        self._most_clients = most_clients
        self.changed = ChangedRuns(name)
        self.stalled_s, self._look_s = stalled_s, look_s
        self._topics: dict[str, _Topic] = {}
        self._list = _Topic()
        self._blocks = Blocks(room_bytes)
        self._clients: set[_Client] = set()
        self._wanted = asyncio.Event()
        self._is_due = False
        self.is_closed = False

    @property
    def clients(self) -> int:
        """How many listen now."""
        return len(self._clients)

    @property
    def held_bytes(self) -> int:
        """The size of the events that are kept."""
        return self._blocks.held

    @asynccontextmanager
    async def of_run(
        self, run_id: str, after: str | None = None, *, log: str | None = None
    ) -> AsyncGenerator[RunClient]:
        """A client of the events of a run after a cursor. With `log`, it is told as well when the
        log of that task has grown. Raises `UnknownRun`, `TooManyClients`, or `Refused` for an
        invalid cursor.
        """
        place = reports.id_of(after)
        topic = self._topics.get(run_id) or _Topic(run_id)
        client = RunClient(self, topic, run_id, place, log=log)
        self._enter(client)
        try:
            await self._check(client)
            client.away_since = self.clock()  # what came before took this process, not the client
            yield client
        finally:
            self._leave(client)

    @asynccontextmanager
    async def of_all(self, after: str | None = None) -> AsyncGenerator[RunsClient]:
        """A client of the ids of the runs that change, after an id of this feed. Raises
        `TooManyClients`.
        """
        client = RunsClient(self, self._list, after)
        self._enter(client)
        client.away_since = self.clock()
        try:
            yield client
        finally:
            self._leave(client)

    async def run(self) -> None:
        """Look for changes until it is cancelled; then it is closed."""
        try:
            await self._run()
        finally:
            self.close()

    def close(self) -> None:
        """Let no client wait for more. Each can continue by its last id at another feed."""
        self.is_closed = True
        for topic in (self._list, *self._topics.values()):
            topic.move()

    async def _run(self) -> None:
        looked = 0.0
        with self.hub.changes() as changes:
            while True:
                if not self._clients:
                    self._wanted.clear()
                    await self._wanted.wait()
                began = self.clock()
                self._drop_stalled(began)
                try:
                    is_late = self._has_running() and began - looked >= ALIVE_S
                    if changes.happened() or self._is_due or is_late:
                        self._is_due, looked = False, began
                        await self._look()
                except SmithersError:  # it looks again: the file may come back
                    changes.close()
                rest_s = min(_REST * (self.clock() - began), ALIVE_S)
                await asyncio.sleep(max(self._look_s, rest_s))

    def _has_running(self) -> bool:
        heads = (topic.head for topic in self._topics.values())
        return self._list.clients > 0 or any(head and head.status == "running" for head in heads)

    async def _look(self) -> None:
        asked, every = list(self._topics), self._list.clients > 0
        seen = await asyncio.to_thread(reports.see, self.hub.database, asked, every=every)
        if seen.marks is not None and self._list.clients and self.changed.see(seen.marks):
            self._list.move()
        for run_id in asked:
            topic, head = self._topics.get(run_id), seen.heads.get(run_id)
            if topic is None or topic.head == head:
                continue
            if topic.head is None or topic.rests_until > self.clock():
                self._is_due = True
                continue
            topic.head, topic.is_gone = head or topic.head, head is None
            topic.move()

    def _enter(self, client: _Client) -> None:
        if self.is_closed:
            raise StoreError(
                "the events of runs are no longer read",
                hint="connect again with the id of the last event that was received",
            )
        if len(self._clients) >= self._most_clients:
            raise TooManyClients(
                f"{self._most_clients} clients listen already",
                hint="close some of the pages or programs that follow runs",
            )
        self._clients.add(client)
        client.topic.clients += 1
        if client.topic.run_id is not None:
            self._topics[client.topic.run_id] = client.topic
        self._is_due |= client.topic.clients == 1
        self._wanted.set()

    def _leave(self, client: _Client) -> None:
        if client not in self._clients:
            return
        self._clients.discard(client)
        client.topic.clients -= 1
        if client.topic.clients:
            return
        if client.topic.run_id is None:
            self.changed.rest()
        else:
            del self._topics[client.topic.run_id]
            self._blocks.forget(client.topic.run_id)

    def _drop_stalled(self, now: float) -> None:
        for client in list(self._clients):
            if client.away_since is not None and now - client.away_since > self.stalled_s:
                client.is_dropped = True
                self._leave(client)

    async def _check(self, client: RunClient) -> None:
        """Raise for a run that is not there, and for a cursor that is not one of it."""
        head, (frame, number) = await self.head_of(client), client.seen
        if frame > head.frame:
            raise reports.none_of(head.run_id, client.seen, f"its last frame is {head.frame}")
        if frame < 0:
            return
        block = next(self._blocks.numbers(client.seen, head.frame))
        await self._fill(client.topic, block, head)
        if not self._blocks.has(head.run_id, block, client.seen):
            why = f"frame {frame} has no event {number}"
            raise reports.none_of(head.run_id, client.seen, why)

    async def head_of(self, client: RunClient) -> Head:
        """The run of a client as it was seen last. Raises `UnknownRun`."""
        topic, run_id = client.topic, client.run_id
        async with topic.reading:
            if topic.head is None and not topic.is_gone:
                path = self.hub.database
                seen = await asyncio.to_thread(reports.see, path, [run_id], every=False)
                topic.head = seen.heads.get(run_id)
        if topic.head is None or topic.is_gone:
            raise unknown_run(run_id)
        return topic.head

    async def after(self, client: RunClient, head: Head) -> tuple[Unit, ...]:
        """The next events after the place of a client, as far as they are there."""
        for block in self._blocks.numbers(client.seen, head.frame):
            await self._fill(client.topic, block, head)
            if units := self._blocks.after(head.run_id, block, client.seen):
                return units
        return ()

    async def _fill(self, topic: _Topic, block: int, head: Head) -> None:
        """Read what is missing of a block; while one client does, the others wait for it."""
        async with topic.reading:
            missing = self._blocks.missing(head.run_id, block, head.frame)
            if missing is not None:
                began = self.clock()
                units = await asyncio.to_thread(encode, self.hub, head.run_id, *missing)
                self._blocks.add(head.run_id, block, missing[1], units)
                rest_s = min(_REST * (self.clock() - began), ALIVE_S)
                topic.rests_until = self.clock() + rest_s

    async def end_of(self, topic: _Topic, head: Head) -> str:
        """How a run that has ended was left, as JSON."""
        async with topic.reading:
            if topic.end is None or topic.end[0] != head.frame:
                topic.end = head.frame, await asyncio.to_thread(_end, self.hub, head.run_id)
        return topic.end[1]


def _end(hub: Hub, run_id: str) -> str:
    text, masked = masked_text(hub, event_json(hub.summary(run_id)))
    return f'{text[:-1]},"masked":{json.dumps(masked)}}}' if masked else text


class _Client:
    """Somebody who listens. It counts as away from when it is given events until it asks again."""

    def __init__(self, feed: Feed, topic: _Topic) -> None:
        self.topic = topic
        self.is_dropped = False
        self.away_since: float | None = None
        self._feed = feed

    def _come(self) -> None:
        self.away_since = None
        if self.is_dropped:
            raise Dropped(
                f"the client took no events for {self._feed.stalled_s:g} s",
                hint="connect again with the id of the last event that was received",
            )


class RunClient(_Client):
    """A client of one run."""

    def __init__(
        self, feed: Feed, topic: _Topic, run_id: str, place: Place, *, log: str | None = None
    ) -> None:
        super().__init__(feed, topic)
        self.run_id, self.seen, self.log = run_id, place, log
        self._log_size: int | None = None
        self._looks_at = 0.0
        """When it looks at the log again, however often other things come meanwhile."""
        self._status: str | None = None
        self._has_end = False

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        """What comes after its place, once there is something: events, another status, or the end,
        after which there is nothing. A feed that is closed gives nothing more. Raises `Dropped`, or
        `UnknownRun` for a run that was deleted.
        """
        if self._has_end:
            raise StopAsyncIteration
        self._come()
        try:
            while True:
                moved = self.topic.moved
                if self._feed.is_closed:
                    raise StopAsyncIteration
                head = await self._feed.head_of(self)
                if (batch := await self._next(head)) is not None:
                    return batch
                if self.log is None or head.status != "running":
                    await moved.wait()
                elif await self._has_grown(self.log, moved):
                    return Batch(status=head.status, cursor=self._cursor, has_log=True)
        finally:
            self.away_since = self._feed.clock()

    async def _has_grown(self, task: str, moved: asyncio.Event) -> bool:
        """Whether a log has grown, after a while without anything else: what is written to it is in
        no frame.
        """
        rest_s = self._looks_at - self._feed.clock()
        if rest_s > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await moved.wait()
                return False
        self._looks_at = self._feed.clock() + LOG_S
        size = await asyncio.to_thread(self._feed.hub.log_size, self.run_id, task)
        has_grown, self._log_size = size != self._log_size, size
        return has_grown

    async def is_complete(self) -> bool:
        """Whether the run has ended and its last event is before the place of the client."""
        head = await self._feed.head_of(self)
        return head.ended and not await self._feed.after(self, head)

    async def _next(self, head: Head) -> Batch | None:
        units = await self._feed.after(self, head)
        is_same, self._status = head.status == self._status, head.status
        if units:
            self.seen = units[-1].place
            more = self.seen[0] < head.frame
            return Batch(status=head.status, units=units, cursor=self._cursor, more=more)
        if head.ended:
            self._has_end = True
            end = await self._feed.end_of(self.topic, head)
            return Batch(status=head.status, cursor=self._cursor, end=end)
        return None if is_same else Batch(status=head.status, cursor=self._cursor)

    @property
    def _cursor(self) -> str | None:
        return None if self.seen[0] < 0 else f"{self.seen[0]}.{self.seen[1]}"


class RunsClient(_Client):
    """A client of the list of runs."""

    def __init__(self, feed: Feed, topic: _Topic, after: str | None) -> None:
        super().__init__(feed, topic)
        self._number = feed.changed.number_of(after)
        self._is_new = True

    def __aiter__(self) -> AsyncIterator[Changed]:
        return self

    async def __anext__(self) -> Changed:
        """The runs that have changed, once there are any; at first, what it has missed."""
        self._come()
        try:
            while True:
                moved, changed = self.topic.moved, self._feed.changed
                if self._feed.is_closed:
                    raise StopAsyncIteration
                if changed.is_seen and (self._is_new or self._number != changed.number):
                    found = changed.after(self._number)
                    self._is_new, self._number = False, changed.number
                    return found
                await moved.wait()
        finally:
            self.away_since = self._feed.clock()
