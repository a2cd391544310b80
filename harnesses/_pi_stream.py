"""The stream of `pi --mode rpc`, or `--mode json`: what it says, and what became of the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from harnesses._json import list_of, number_of, object_in, object_of, text_of
from harnesses._pi_verdict import ended_badly, without_run
from harnesses.recording import Ending
from smithers.agent import (
    Answered,
    Event,
    Said,
    Started,
    Steered,
    Thought,
    ToolCalled,
    ToolReturned,
    Used,
)

__all__ = ["Stream", "is_update"]

_UPDATE = b'{"type":"message_update"'
_COST_LIMIT = Decimal(10**9)


def is_update(line: bytes) -> bool:
    """Whether it is a piece of a message that comes as a whole as well, as most lines are."""
    return line.startswith(_UPDATE)


class Stream:
    """`session` is the id that was asked for: only another one is told as `Started`.

    `begun` is whether a run has, and `over` whether Pi has said its last word: `agent_settled`, or
    `agent_end` of versions that know nothing of settling. A run that begins anew, as after a retry,
    takes that back. Nothing else undoes a good end, by the rule of `TurnEnd`. Where Pi knows no
    prices (not `priced`) the cost that it tells, zero, is none. What a user says in RPC mode after
    the prompt was said while Pi ran.
    """

    def __init__(self, *, session: str = "", priced: bool = True) -> None:
        self.session, self._priced = session, priced
        self.begun = self._answers = self._prompted = self.over = False
        self._last: Mapping[str, Any] = {}
        self.notice = ""

    def hear(self, line: bytes) -> Iterator[Event]:
        if not is_update(line):
            yield from self.take(object_in(line))

    def take(self, said: Mapping[str, Any]) -> Iterator[Event]:
        """What one line says."""
        match said.get("type"):
            case "session":
                yield from self._started(said.get("id"))
            case "message_end":
                yield from self._message(object_of(said.get("message")))
            case "tool_execution_start":
                call, name = text_of(said.get("toolCallId")), text_of(said.get("toolName"))
                arguments = object_of(said.get("args"))
                yield ToolCalled(call=call, name=name, arguments=arguments)
            case "tool_execution_end":
                yield _returned(said)
            case "compaction_end":
                yield from self._used(object_of(said.get("result")))
            case "response":
                yield from self._response(said)
            case _:
                self._course(said)

    def _course(self, said: Mapping[str, Any]) -> None:
        """How far the run has come."""
        match said.get("type"):
            case "agent_start" | "turn_start":
                self.begun, self.over, self._last = True, False, {}
            case "auto_retry_start":
                self.over, self.notice = False, text_of(said.get("errorMessage"))
            case "auto_retry_end":
                self.notice = text_of(said.get("finalError"))
            case "agent_end" if not self.completed:
                self.over = "willRetry" not in said
                if said.get("willRetry") and self._last.get("stopReason") == "stop":
                    self._last = {}  # an answer that Pi itself does not take for one
            case "agent_settled":
                self.over = True
            case _:
                pass

    @property
    def completed(self) -> bool:
        """Whether the last run is over, and came to an answer."""
        return self.over and self._last.get("stopReason") == "stop"

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the run."""
        if not self.over:
            raise without_run(stderr, ending, begun=self.begun, notice=self.notice)
        if not self.completed:
            raise ended_badly(self._last, self.notice, datetime.now(UTC))
        return Answered(_text(self._last.get("content")))

    def _started(self, told: object) -> Iterator[Started]:
        session = text_of(told)
        if session and session != self.session:
            self.session = session
            yield Started(session)

    def _response(self, said: Mapping[str, Any]) -> Iterator[Event]:
        """What RPC mode says to a command."""
        self._answers = True
        if said.get("success") is False:
            self.notice = text_of(said.get("error"))
        else:
            yield from self._started(object_of(said.get("data")).get("sessionId"))

    def _message(self, message: Mapping[str, Any]) -> Iterator[Event]:
        role = message.get("role")
        if role == "user":
            self.over, self._last = False, {}
            if self._answers and self._prompted:
                yield Steered(_text(message.get("content")))
            self._prompted = True
        elif role == "assistant":
            self.begun = True
            if not self.completed:
                self._last = message
            for part in map(object_of, list_of(message.get("content"))):
                if part.get("type") == "thinking":
                    yield Thought(text_of(part.get("thinking")))
                elif part.get("type") == "text":
                    yield Said(text_of(part.get("text")))
        if role in ("assistant", "toolResult"):
            yield from self._used(message)

    def _used(self, message: Mapping[str, Any]) -> Iterator[Used]:
        """What one call of a model took, a call within a tool or for a summary as well."""
        usage = object_of(message.get("usage"))
        names = ("input", "cacheRead", "cacheWrite", "output")
        fresh, cached, written, out = (number_of(usage.get(name)) for name in names)
        if fresh or cached or written or out:
            yield Used(
                tokens_in=fresh + cached + written,
                tokens_out=out,
                tokens_cached=cached,
                cost=_usd(object_of(usage.get("cost")).get("total")) if self._priced else None,
                model=text_of(message.get("model")) or None,
            )


def _returned(said: Mapping[str, Any]) -> ToolReturned:
    content = object_of(said.get("result")).get("content")
    call, failed = text_of(said.get("toolCallId")), bool(said.get("isError"))
    return ToolReturned(call=call, text=_text(content, between="\n"), failed=failed)


def _text(content: object, between: str = "") -> str:
    if isinstance(content, str):
        return content
    parts = [object_of(part) for part in list_of(content)]
    return between.join(text_of(part.get("text")) for part in parts if part.get("type") == "text")


def _usd(told: object) -> Decimal | None:
    """US dollars to a billionth: the program adds binary fractions."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    try:
        usd = Decimal(str(told))
        return round(usd, 9) if 0 <= usd < _COST_LIMIT else None
    except InvalidOperation:
        return None
