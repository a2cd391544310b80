"""One attempt of an agent: its answer, with its repairs, within its clocks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from smithers.agent import Agent, Answered, Ask, Event, Spawned, Started, Steered, Used
from smithers.changes import Failure, SessionSeen, UsageCounted
from smithers.engine.attempts.answers import REPAIR, STEERED, messages_block, output_text
from smithers.engine.attempts.execution import Execution, Marks, Result
from smithers.engine.attempts.hooks import Hooks
from smithers.engine.attempts.limits import Limits
from smithers.engine.hearing import MAX_COUNT, heard_event
from smithers.engine.messages import Mailbox
from smithers.engine.silence import silence
from smithers.engine.streams import Stream, as_json, masked_event
from smithers.errors import (
    BadOutput,
    Busy,
    MachineError,
    StoreError,
    Transient,
    is_of_the_machine,
)
from smithers.state import Message
from smithers.tree import Retry
from smithers.values import dataclass

__all__ = ["MAX_REPAIRS", "AgentAttempt"]

MAX_REPAIRS = 3
"""Repairs of one answer, in the session that gave it; they are not charged to the tries."""
_AGAIN = ("retry", "cool down", "repair")


class _ToBeTold(Exception):
    """The agent is stopped, since there is a message for it."""


@dataclass(kw_only=True)
class AgentAttempt(Execution):
    """One try of one agent. What people say to it meanwhile goes through `mailbox`: it is told at
    once where the agent steers; one that only resumes is stopped, once it was heard, and told in
    its session.
    """

    stream: Stream
    agent: Agent
    retry: Retry
    session: str | None
    ask: Ask
    marks: dict[str, str]
    """Those of `ask`, which are known when it starts."""
    hooks: Hooks
    mailbox: Mailbox
    limits: Limits
    lost: str = ""
    """Why it begins a new session though there was one."""
    folder: Path | None = None
    """Where it works, if that is not the folder of the run."""
    _talking: asyncio.Task[Any] | None = None
    """This attempt's task while its agent is at work and can be stopped to be told something."""
    _is_stopped: bool = False
    _was_heard: bool = False
    """Whether the agent was heard since it was last asked."""
    spent: dict[str | None, UsageCounted] = field(default_factory=dict[str | None, UsageCounted])

    def tag(self, marks: Marks) -> None:
        self.marks.update(marks(self.serial))

    def take_usage(self) -> list[UsageCounted]:
        spent, self.spent = self.spent, {}
        return list(spent.values())

    async def run(self) -> str:
        """The output as JSON text. Raises an `AgentError`, `MachineError` or an adapter's error."""
        self.stream.open()
        if self.folder is not None:
            self.stream.write({"event": "folder", "path": str(self.folder)})
        if self.lost:
            self.stream.write({"event": "new_session", "why": self.lost})
        timeout_s = self.ask.timeout_s
        try:
            return await (self._answer() if timeout_s is None else self._within(timeout_s))
        finally:
            self.stream.close()

    def tell(self, message: Message) -> None:
        """A person says something to the agent."""
        self.mailbox.put(message)
        self._stop_to_tell()

    def result_of(self, error: Exception) -> Result:
        """Only adapters and we touch files here, so what the system refuses halts the run."""
        if is_of_the_machine(error):
            path: object = getattr(error, "filename", None) or self.agent.name
            error = MachineError.of(error, path)
        return Result("halted" if isinstance(error, StoreError) else "failed", error=error)

    def explain(self, error: Exception, failure: Failure) -> Failure:
        """An error that the retry of the task does not name: this agent is out for the task."""
        if failure.then in _AGAIN and not self.retry.retries(error):
            return replace(failure, then="next agent")
        return failure

    def note_failure(self, error: Exception, failure: Failure, began: datetime) -> None:
        if isinstance(error, Busy):
            self.limits.refused(self.agent, error, began=began, reason=failure.message)
        if failure.then == "set up":
            self.limits.unready(self.agent, failure)

    async def _within(self, timeout_s: float) -> str:
        clock = asyncio.timeout(timeout_s)
        try:
            async with clock:
                return await self._answer()
        except TimeoutError as error:
            if not clock.expired():
                raise
            raise Transient(f"no answer within {timeout_s:g} s") from error

    async def _answer(self) -> str:
        ask, repairs = self.ask, 0
        while True:
            answer = await self._talk(ask)
            if answer is None or (self.mailbox and self._goes_on):
                await self.hooks.keep(UsageCounted(serial=self.serial, calls=1))
                ask = self._steered()
                continue
            try:
                return output_text(answer, self.output)
            except BadOutput as error:
                if repairs == MAX_REPAIRS:
                    raise
                repairs += 1
                await self.hooks.keep(UsageCounted(serial=self.serial, calls=1))
                self.stream.write({"event": "repair", "error": error.said})
                ask = self._repair(error)

    def _repair(self, error: BadOutput) -> Ask:
        repair = REPAIR.format(error=error.said)
        if self.agent.can.resumes and self.session:
            text = self.ask.given_prompt
            return replace(self.ask, prompt=text, session=self.session, followup=repair)
        prompt = f"{self.ask.prompt}\n\n{repair}"
        return replace(self.ask, prompt=prompt, session=None, followup=None)

    # -- messages

    @property
    def _goes_on(self) -> bool:
        """Whether the agent can be asked once more in its session."""
        return self.agent.can.resumes and self.session is not None

    def _stop_to_tell(self) -> None:
        """Stop an agent that cannot be told otherwise; not before it was heard, so that its session
        is there to go on in.
        """
        if self._was_heard and self._goes_on and self._talking is not None:
            if not self._is_stopped:
                self._talking.cancel()
            self._is_stopped = True

    def _steered(self) -> Ask:
        """The request that tells what came: in the session, or in a new one if that is unknown."""
        texts = self.mailbox.ask()
        prompt = f"{self.ask.prompt}\n\n{messages_block(texts)}"
        self.ask = replace(self.ask, prompt=prompt)
        for text in texts:
            self.stream.write(as_json(Steered(text)))
        told = STEERED.format(text="\n\n".join(texts))
        return replace(self.ask, session=self.session, forks=None, at=None, followup=told)

    async def _talk(self, ask: Ask) -> Answered | None:
        """The answer, or None where the agent was stopped to be told something."""
        self._was_heard = self._is_stopped = False
        if self.agent.can.steers:
            queued = self.mailbox.queued()
            return await self._converse(replace(ask, prompt=ask.given_prompt, messages=queued))
        self._talking = task = asyncio.current_task()
        assert task is not None
        try:
            return await self._converse(ask)
        except _ToBeTold:
            return None
        except asyncio.CancelledError:
            if not self._is_stopped or task.uncancel():  # somebody else has stopped it as well
                raise
            return None
        finally:
            self._talking = None

    async def _converse(self, ask: Ask) -> Answered:
        answer: Answered | None = None
        async with silence(ask) as heard, _Closing(self.agent.run(ask)) as events:
            async for given in events:
                heard()
                if (event := heard_event(given)) is None:
                    continue
                if isinstance(event, Spawned):
                    await self.hooks.spawned(self.serial, event)
                    continue
                await self._note(event)
                if isinstance(event, Answered):
                    answer = event
                shown = masked_event(event, self.ask.scrub)
                try:
                    self.stream.write(as_json(shown))
                except MachineError:
                    # An answer is paid for: it counts even where no log of it can be written.
                    if answer is not event:
                        raise
                self.hooks.happened(self.serial, shown)
        if answer is None:
            raise Transient(f"{self.agent.name} ended without an answer")
        return answer

    async def _note(self, event: Event) -> None:
        """Make durable what an event says of the session, and what was told in it."""
        if isinstance(event, Started):
            if event.session != self.session:
                self.session, self.turn = event.session, None
                await self.hooks.keep(SessionSeen(serial=self.serial, session=event.session))
        elif isinstance(event, Steered):
            await self.mailbox.steered()
        elif not self._was_heard:
            self._was_heard = True
            await self.mailbox.heard()
            if self.mailbox and self._goes_on and self._talking is not None:
                raise _ToBeTold
        if isinstance(event, Answered):
            self.turn = event.turn
        elif isinstance(event, Used):
            self._count(event)
            self.hooks.used(self.serial)

    def _count(self, used: Used) -> None:
        before = self.spent.get(used.model, UsageCounted(serial=self.serial))
        cost = used.cost if before.cost is None else before.cost + (used.cost or 0)
        after = UsageCounted(
            serial=self.serial,
            tokens_in=min(before.tokens_in + used.tokens_in, MAX_COUNT),
            tokens_out=min(before.tokens_out + used.tokens_out, MAX_COUNT),
            tokens_cached=min(before.tokens_cached + used.tokens_cached, MAX_COUNT),
            cost=cost,
            model=used.model,
        )
        if after != UsageCounted(serial=self.serial, model=used.model):  # it told of something
            self.spent[used.model] = after


class _Closing:
    """Closes the iterator at the end, if it is one that can be closed, as generators are."""

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self._events = events

    async def __aenter__(self) -> AsyncIterator[Event]:
        return self._events

    async def __aexit__(self, *_: object) -> None:
        close: Callable[[], Awaitable[None]] | None = getattr(self._events, "aclose", None)
        if close is not None:
            await close()
