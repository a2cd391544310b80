"""The loop that all models share: ask, stream, run the tools, write down, ask again.

Each step is on disk before the next begins (`_transcript`), so what was paid for and what was done
is not done again after a crash. Tools run one after the other, in the order of their calls.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing, closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from harnesses.models._clock import Clock, Pieces
from harnesses.models._files import shown
from harnesses.models._log import Log, opened_log
from harnesses.models._mcp import connected
from harnesses.models._tools import Place, Result, Tool
from harnesses.models._transcript import Transcript, folder_of
from harnesses.models._turn import Asked, Call, Entry, Replied, Request, Returned, Turn
from harnesses.process import built_environment
from smithers.agent import (
    Answered,
    Ask,
    Event,
    Said,
    Spawned,
    Started,
    Steered,
    Thought,
    ToolCalled,
    ToolReturned,
    Used,
)
from smithers.errors import (
    AgentError,
    BadOutput,
    ContextOverflow,
    MachineError,
    Permanent,
    Stalled,
    Transient,
)

if TYPE_CHECKING:
    from harnesses.models._model import Model

__all__ = ["converse"]

_WITH_A_SCHEMA = "\n\nAnswer with JSON alone, which fits this JSON Schema:\n"
_UNKNOWN = (
    "The outcome of this call is unknown: it was running when its process was killed. It"
    " was not run again. Check what it did before you repeat it."
)


async def converse(model: Model, ask: Ask) -> AsyncGenerator[Event, None]:
    """One request of the engine to a model, with all requests and tools that it takes."""
    if ask.session is not None:
        yield Started(ask.session)
    package = await model.load()
    key = model.api_key()
    folder = model.sessions or folder_of(ask.marks.get("SMITHERS_RUN", "default"))
    transcript, way = await Transcript.opened(folder, ask, model.provider, model.model)
    clock = Clock(ask)
    place = Place(cwd=ask.cwd, env=built_environment((), ask.marks), limit_s=ask.idle_s)
    session, told = transcript.session, (model.provider, model.model)
    with closing(transcript), opened_log(*told, way, session) as log:
        if way.session is None:
            yield Started(session)
        try:
            async with (
                model.client(package, key, ask) as client,
                connected(model.mcp_servers, place, clock) as servers,
            ):
                for process in servers.processes:
                    yield process
                work = _Work(
                    model=model,
                    way=way,
                    package=package,
                    client=client,
                    tools={**model.tools, **servers.tools},
                    place=place,
                    clock=clock,
                    transcript=transcript,
                    log=log,
                )
                async with aclosing(work.events()) as events:
                    async for event in events:
                        yield event
        except AgentError:
            raise
        except Exception as error:
            raise model.fault(error, key) from None


@dataclass(frozen=True, kw_only=True)
class _Work:
    """A conversation that is open: the client, the tools, and the session that it is kept in."""

    model: Model
    way: Ask
    package: Any
    client: Any
    tools: Mapping[str, Tool]
    place: Place
    clock: Clock
    transcript: Transcript
    log: Log

    async def events(self) -> AsyncGenerator[Event, None]:
        """Turn by turn: what people said when there is an answer is a further one, which counts."""
        async with aclosing(self._tools(self.transcript.waiting())) as events:
            async for event in events:
                yield event
        await self._add(self._asked(self._shape[1]))
        words = ""
        while True:
            answer: Turn | None = None
            async with aclosing(self._to_an_answer(words)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Turn):
                        answer = piece
                    else:
                        yield piece
            assert answer is not None
            if not self._is_told_more:
                break
            words = self._shape[1]
        data = _data(answer.text) if self.way.schema else None
        yield Answered(answer.text, data, turn=self.transcript.turn)

    async def _to_an_answer(self, words: str) -> AsyncGenerator[Event | Turn, None]:
        """Requests and tools up to an answer, which is the last. `words` ask for its form again."""
        paused = False
        for _ in range(self.model.max_requests):
            if not paused:  # then the vendor wants its own message back as the last one
                async with aclosing(self._messages(words)) as told:
                    async for one in told:
                        yield one
                words = ""
            turn: Turn | None = None
            async with aclosing(self._turn()) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Turn):
                        turn = piece
                    else:
                        yield piece
            if turn is None:
                said = f"{self.model.vendor}: the stream ended before the answer did"
                raise Transient(said, reason="cut")
            await self._keep(turn)
            yield self._used(turn)
            self._judge(turn)
            paused = turn.stop == "paused"
            if not turn.calls and not paused:
                yield turn
                return
            async with aclosing(self._tools(turn.calls)) as events:
                async for event in events:
                    yield event
        raise Permanent(
            f"{self.model.name} gave no answer within {self.model.max_requests} requests",
            hint="set a larger max_requests, or give it a smaller task",
            reason="max_turns",
        )

    @property
    def _is_told_more(self) -> bool:
        return self.way.messages is not None and not self.way.messages.empty()

    async def _messages(self, words: str) -> AsyncGenerator[Steered, None]:
        """What people have said since. What the model was told before a crash, and has not replied
        to, it is not told again.
        """
        while self.way.messages is not None and self._is_told_more:
            text = self.way.messages.get_nowait()
            if not self.transcript.is_asked(text, text + self._shape[1]):
                await self._add(Asked(text + words))
            yield Steered(text)

    @cached_property
    def _shape(self) -> tuple[Mapping[str, Any] | None, str]:
        """The schema as the vendor takes it, or else the words that ask for it."""
        if self.way.schema is None:
            return None, ""
        if (shape := self.model.shape(self.way.schema)) is not None:
            return shape, ""
        return None, _WITH_A_SCHEMA + json.dumps(self.way.schema, ensure_ascii=False)

    def _asked(self, words: str) -> Asked:
        """What is said now; the author's files stand at the beginning of a session."""
        begun = self.way.session is not None or self.way.forks is not None
        files = [] if begun else [shown(self.way.cwd / one) for one in self.model.files]
        return Asked(self.way.told + words, tuple(files))

    async def _turn(self) -> AsyncGenerator[Said | Thought | Turn, None]:
        request = Request(
            package=self.package,
            model=self.model.model,
            system=self.model.system,
            entries=self.transcript.entries,
            tools=tuple(self.tools.values()),
            schema=self._shape[0],
            max_tokens=self.model.max_tokens,
            session=self.transcript.session,
            more=self.model.more,
            heard=self._heard,
        )
        pieces = Pieces()
        async with (
            aclosing(self.model.stream(self.client, request)) as stream,
            aclosing(self.clock.each(stream)) as items,
        ):
            async for item in items:
                for piece in pieces.rest() if isinstance(item, Turn) else pieces.add(item):
                    yield piece
                if isinstance(item, Turn):
                    yield item

    async def _tools(self, calls: Iterable[Call]) -> AsyncGenerator[Event, None]:
        """Runs what has not begun; of what has, before a crash, nobody knows the outcome."""
        for call in calls:
            result = Result(_UNKNOWN, failed=True)
            if not self.transcript.has_begun(call):
                yield ToolCalled(call=call.id, name=call.name, arguments=call.arguments)
                await self.transcript.begin_call(call)
                async with aclosing(self._run(call)) as events:
                    async for event in events:
                        if isinstance(event, Result):
                            result = event.bounded()
                        else:
                            yield event
            await self._add(
                Returned(
                    call=call.id,
                    name=call.name,
                    text=result.text,
                    failed=result.failed,
                    files=result.files,
                )
            )
            yield ToolReturned(call=call.id, text=result.text, failed=result.failed)

    async def _run(self, call: Call) -> AsyncGenerator[Spawned | Result, None]:
        """One tool. What goes wrong in it is the model's to know; the whole has its limit."""
        tool = self.tools.get(call.name)
        if tool is None:
            yield Result(f"there is no tool {call.name!r}", failed=True)
            return
        if call.broken:
            yield Result(f"the arguments are not a JSON object: {call.broken[:200]}", failed=True)
            return
        try:
            async with (
                aclosing(tool.call(call.arguments, self.place)) as events,
                aclosing(self.clock.each(events)) as items,
            ):
                async for item in items:
                    yield item
        except Stalled:
            yield Result(f"stopped: not finished after {self.way.idle_s:g} s", failed=True)
        except MachineError:
            raise
        except Exception as error:
            if self.clock.is_over:
                raise
            yield Result(_told(error), failed=True)

    async def _add(self, entry: Asked | Returned) -> None:
        sent: dict[str, object] = {"files": [file.name for file in entry.files]}
        if isinstance(entry, Asked):
            self.log.sent({"asked": entry.text} | sent)
        else:
            self.log.sent({"returned": entry.call, "text": entry.text} | sent)
        await self.transcript.add(entry)

    async def _keep(self, turn: Turn) -> None:
        """A reply that was cut off is kept as text: half a call cannot be sent back."""
        if turn.stop in ("end", "paused"):
            entry: Entry = Replied(message=turn.message, text=turn.text, calls=turn.calls)
            await self.transcript.add(entry)
        elif turn.stop == "length":
            await self.transcript.add(Replied(message=None, text=turn.text or "(cut off)"))

    def _used(self, turn: Turn) -> Used:
        tokens, price = turn.tokens, self.model.price
        cost = price.of(tokens) if price is not None else tokens.cost
        return Used(
            tokens_in=tokens.fresh + tokens.cached + tokens.written,
            tokens_out=tokens.out,
            tokens_cached=tokens.cached,
            cost=cost,
            model=self.model.model,
        )

    def _judge(self, turn: Turn) -> None:
        """Raises where the model stopped for a reason that makes this no answer."""
        said = f"{self.model.name} stopped with {turn.why!r}"
        if turn.stop == "refused":
            raise Permanent(f"{said}: it refused to answer", reason="refused")
        if turn.stop == "overflow":
            raise ContextOverflow(f"{said}: its context window is full")
        if turn.stop == "length":
            most = self.model.max_tokens
            cut = f"the answer was cut off at {most} tokens (max_tokens); be shorter"
            raise BadOutput(cut, reason="truncated")

    def _heard(self, event: Any) -> None:
        self.clock.heard()
        self.log.heard(event)


def _data(text: str) -> object:
    """The answer as JSON, if the whole of it is; what else it may be, the engine looks for."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def _told(error: Exception) -> str:
    if isinstance(error, ValidationError):
        wrong = (
            f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        )
        return "; ".join(wrong)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {error}"
