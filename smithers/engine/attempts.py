"""One attempt: an agent's answer with its repairs, or a step's function, within its clocks."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, cast

from pydantic import ValidationError

from smithers.agent import Agent, Answered, Ask, Event, Spawned, Started, Used
from smithers.changes import UsageCounted
from smithers.context import READER, NotYet
from smithers.engine.answers import REPAIR, output_text
from smithers.engine.reading import Reading
from smithers.engine.silence import silence
from smithers.engine.streams import Stream, as_json, scrubbed
from smithers.engine.threads import Threads
from smithers.errors import BadOutput, Transient
from smithers.tree import Attempt, Output, StepWork, problem

__all__ = ["MAX_REPAIRS", "AgentAttempt", "Hooks", "StepAttempt"]

MAX_REPAIRS = 3
"""Repairs of one answer, in the session that gave it; they are not charged to the tries."""


class Hooks(Protocol):
    """What an attempt asks of the engine while it runs."""

    async def session_seen(self, serial: int, session: str) -> None:
        """Make the session durable."""
        ...

    async def spawned(self, serial: int, pid: int) -> None:
        """Remember a process of the attempt."""
        ...

    async def repairs(self, serial: int) -> None:
        """Make durable that the agent is asked once more. Raises `RepairRefused`."""
        ...

    def used(self, serial: int) -> None:
        """Keep with the next frame what the attempt used: no crash may forget what was paid."""
        ...

    def happened(self, serial: int, event: Event) -> None:
        """Show an event to whoever watches."""
        ...


@dataclass(kw_only=True)
class AgentAttempt:
    """One try of one agent."""

    serial: int
    agent: Agent
    session: str | None
    output: Output[Any]
    ask: Ask
    stream: Stream
    hooks: Hooks
    spent: dict[str | None, UsageCounted] = field(default_factory=dict[str | None, UsageCounted])

    def take_usage(self) -> list[UsageCounted]:
        """What it used of each model since this was last called."""
        spent, self.spent = self.spent, {}
        return list(spent.values())

    async def run(self) -> str:
        """The output as JSON text. Raises an `AgentError`, or whatever the adapter raised."""
        with _logging():
            self.stream.open()
        timeout_s = self.ask.timeout_s
        clock = asyncio.timeout(timeout_s)
        try:
            async with clock:
                return await self._answer()
        except TimeoutError as error:
            if not clock.expired():
                raise
            raise Transient(f"no answer within {timeout_s:g} s") from error
        finally:
            self.stream.close()

    async def _answer(self) -> str:
        ask, prompt = self.ask, self.ask.prompt
        for _ in range(MAX_REPAIRS):
            try:
                return output_text(await self._converse(ask), self.output)
            except BadOutput as error:
                await self.hooks.repairs(self.serial)
                with _logging():
                    self.stream.write({"event": "repair", "error": error.said})
                repair = REPAIR.format(error=error.said)
                if self.agent.can.resumes and self.session:
                    ask = replace(ask, session=self.session, followup=repair)
                else:
                    ask = replace(ask, prompt=f"{prompt}\n\n{repair}", session=None, followup=None)
        return output_text(await self._converse(ask), self.output)

    async def _converse(self, ask: Ask) -> Answered:
        answer: Answered | None = None
        async with silence(ask) as heard, _closing(self.agent.run(ask)) as events:
            async for event in events:
                heard()
                if isinstance(event, Spawned):
                    await self.hooks.spawned(self.serial, event.pid)
                    continue
                if isinstance(event, Started) and event.session != self.session:
                    self.session = event.session
                    await self.hooks.session_seen(self.serial, event.session)
                elif isinstance(event, Used):
                    self._count(event)
                    self.hooks.used(self.serial)
                elif isinstance(event, Answered):
                    answer = event
                shown = scrubbed(event, self.ask.scrub)
                # An answer is paid for: it counts even where no log of it can be written.
                with suppress(OSError) if answer is event else _logging():
                    self.stream.write(as_json(shown))
                self.hooks.happened(self.serial, shown)
        if answer is None:
            raise Transient(f"{self.agent.name} ended without an answer")
        return answer

    def _count(self, used: Used) -> None:
        before = self.spent.get(used.model, UsageCounted(serial=self.serial))
        cost = used.cost if before.cost is None else before.cost + (used.cost or 0)
        after = UsageCounted(
            serial=self.serial,
            tokens_in=before.tokens_in + used.tokens_in,
            tokens_out=before.tokens_out + used.tokens_out,
            tokens_cached=before.tokens_cached + used.tokens_cached,
            cost=cost,
            model=used.model,
        )
        if after != UsageCounted(serial=self.serial, model=used.model):  # it told of something
            self.spent[used.model] = after


@dataclass(kw_only=True)
class StepAttempt:
    """One call of a step's function."""

    serial: int
    work: StepWork
    attempt: Attempt
    reading: Reading
    output: Output[Any]
    timeout_s: float | None
    threads: Threads
    stream: Stream

    def take_usage(self) -> list[UsageCounted]:
        """A function uses no tokens."""
        return []

    async def run(self) -> str:
        """The output as JSON text. Raises `NotYet`, or what the function raised."""
        READER.set(self.reading)
        try:
            value = await (self._call() if self.timeout_s is None else self._within(self.timeout_s))
        except asyncio.CancelledError:
            self.attempt.cancel()
            raise
        finally:
            self.stream.close()
        if self.reading.missed:
            raise NotYet(self.reading.missed)
        try:
            return self.output.dump(value)
        except ValidationError as error:
            raise BadOutput(f"what it gave does not fit its output:\n{problem(error)}") from error

    async def _within(self, timeout_s: float) -> object:
        clock = asyncio.timeout(timeout_s)
        try:
            async with clock:
                return await self._call()
        except TimeoutError as error:
            if not clock.expired():
                raise  # the function's own
            self.attempt.cancel()
            raise Transient(f"no result within {timeout_s:g} s") from error

    async def _call(self) -> object:
        run = self.work.run
        arguments = (self.attempt,) if self.work.takes_attempt else ()
        try:
            if inspect.iscoroutinefunction(run):
                return await cast("Awaitable[object]", run(*arguments))
            value = await self.threads.run(partial(run, *arguments))
            return await cast("Awaitable[object]", value) if inspect.isawaitable(value) else value
        except Exception as error:
            if self.reading.missed:
                raise NotYet(self.reading.missed) from error  # it is why the function raised
            raise


@contextmanager
def _logging() -> Generator[None]:
    """A log that cannot be written, as on a full disk, may well be in a moment."""
    try:
        yield
    except OSError as error:
        raise Transient(f"the log of the attempt cannot be written: {error}") from error


@asynccontextmanager
async def _closing(events: AsyncIterator[Event]) -> AsyncGenerator[AsyncIterator[Event]]:
    """Closes the iterator at the end, if it is one that can be closed, as generators are."""
    try:
        yield events
    finally:
        close: Callable[[], Awaitable[None]] | None = getattr(events, "aclose", None)
        if close is not None:
            await close()
