"""The stream of `claude -p --output-format stream-json`: what it says, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from harnesses._claude_verdict import has_answer, is_good, verdict
from harnesses._decided import TurnEnd
from harnesses._json import list_of, number_of, object_in, object_of, text_of
from harnesses._times import moment
from harnesses.recording import Ending
from smithers.agent import (
    Answered,
    Event,
    Said,
    Started,
    Thought,
    ToolCalled,
    ToolReturned,
    Used,
)

__all__ = ["Stream"]

_IN_ALL = (
    *("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
    "output_tokens",
)
_OF_A_MODEL = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens", "outputTokens")
_COST_LIMIT = Decimal(10**9)


class Stream:
    """`session` is the id that was asked for: only another one is told as `Started`.

    A process may take several turns, each with an `init` and a `result`; the last one counts. A
    further `result` without an `init` is one of the same turn: versions before 2.1.7 add an error
    of no turns to a good one when a task in the background ends.
    """

    def __init__(self, *, session: str = "") -> None:
        self._session = session
        self._begun = False
        self._turn: str | None = None
        self._end = TurnEnd()
        self._last_result: Mapping[str, Any] = {}
        self._fault: Mapping[str, Any] = {}
        self._limit: Mapping[str, Any] = {}
        self.notice = ""

    @property
    def over(self) -> bool:
        return self._end.over

    @property
    def completed(self) -> bool:
        """Whether the last turn is over, and has an answer."""
        return self._end.good

    def hear(self, line: bytes) -> Iterator[Event]:
        yield from self.take(object_in(line))

    def take(self, said: Mapping[str, Any]) -> Iterator[Event]:
        """What one message says."""
        match said.get("type"):
            case "assistant" | "user":
                self._begun = True
                yield from self._began(said)
                yield from self._message(said)
            case "result":
                yield from self._started(said)
                yield from self._used(said)
                # An empty one is what a command of the program ends with: it undoes no error.
                self._end.take(said, good=is_good(said) and (not self.over or has_answer(said)))
            case "system" if said.get("subtype") == "init":
                self._begun, self._fault = True, {}
                self._end.begin()
                yield from self._started(said)
            case "system" if said.get("subtype") == "api_retry":
                status = f", status {said['error_status']}" if said.get("error_status") else ""
                self.notice = f"retry {said.get('attempt')}: {said.get('error')}{status}"
                yield from self._began(said)
            case "rate_limit_event":
                self._limit = object_of(said.get("rate_limit_info"))
            case _:
                pass

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the last turn."""
        limit = object_of(object_of(self._fault.get("api_error_params")).get("rate_limit_info"))
        resets = _time(limit or self._limit)
        result = self._end.event if self.over else None
        answer = verdict(result, self._fault, resets, stderr, ending, begun=self._begun)
        return replace(answer, turn=self._turn)

    def _used(self, result: Mapping[str, Any]) -> Iterator[Used]:
        """What was used since the last result; one that comes twice is paid for once."""
        if result not in (self._last_result, self._end.event):
            yield from _used(result, further=self.over)
        self._last_result = result

    def _started(self, said: Mapping[str, Any]) -> Iterator[Started]:
        session = text_of(said.get("session_id"))
        if session and session != self._session:
            self._session = session
            yield Started(session)

    def _began(self, said: Mapping[str, Any]) -> Iterator[Started]:
        """Every event tells the session; where none is known yet, the first one does."""
        if not self._session:
            yield from self._started(said)

    def _message(self, said: Mapping[str, Any]) -> Iterator[Event]:
        """A message that carries an error is the program's own; one of a subagent fails no turn."""
        if said["type"] == "assistant":
            is_error = bool(said.get("error"))
            if not said.get("parent_tool_use_id") and not (self.over and self._fault):
                self._fault = said if is_error else {}
            if is_error:
                return
        if said.get("isSynthetic") or said.get("isReplay"):
            return
        if not said.get("parent_tool_use_id"):  # a call of a tool ends no turn, its result may
            self._turn = text_of(said.get("uuid")) or self._turn
        for block in _blocks(object_of(said.get("message")).get("content")):
            yield from _told(said["type"], block)


def _told(role: str, block: Mapping[str, Any]) -> Iterator[Event]:
    match role, block.get("type"):
        case "assistant", "text":
            yield Said(text_of(block.get("text")))
        case "assistant", "thinking":
            yield Thought(text_of(block.get("thinking")))
        case "assistant", "tool_use":
            call, name = text_of(block.get("id")), text_of(block.get("name"))
            yield ToolCalled(call=call, name=name, arguments=object_of(block.get("input")))
        case "user", "tool_result":
            texts = [text_of(part.get("text")) for part in _blocks(block.get("content"))]
            call, failed = text_of(block.get("tool_use_id")), bool(block.get("is_error"))
            yield ToolReturned(call=call, text="\n".join(texts), failed=failed)
        case _:
            return


def _blocks(content: object) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [object_of(block) for block in list_of(content)]


def _time(limit: Mapping[str, Any]) -> datetime | None:
    """When a limit ends that refused a request; one that only came near did not."""
    refused = limit.get("status") == "rejected"
    return moment(limit.get("resetsAt"), datetime.now(UTC)) if refused else None


def _usd(told: object) -> Decimal | None:
    """US dollars to a billionth: the program adds binary fractions, as in 0.000140000000001."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    try:
        usd = Decimal(str(told))
        return round(usd, 9) if 0 <= usd < _COST_LIMIT else None
    except InvalidOperation:
        return None


def _used(result: Mapping[str, Any], *, further: bool) -> Iterator[Used]:
    """Tokens of this run alone, by model. The totals of the session would count earlier runs again,
    and `usage` tells of all models in one; a `further` result of a turn may repeat it.
    """
    spent = object_of(result.get("model_usage_since_last_result"))
    for model, each in spent.items():
        told = object_of(each)
        yield replace(_tokens(told, _OF_A_MODEL), cost=_usd(told.get("costUSD")), model=model)
    if not spent and not further and "usage" in result:
        used = _tokens(object_of(result.get("usage")), _IN_ALL)
        yield replace(used, cost=_own_cost(result, used))


def _own_cost(result: Mapping[str, Any], used: Used) -> Decimal | None:
    """What the session has cost, where nothing but this run is in it: then its tokens are ours."""
    models = object_of(result.get("modelUsage")).values()
    in_all = [_tokens(object_of(each), _OF_A_MODEL) for each in models]
    totals = [sum(getattr(each, name) for each in in_all) for name in ("tokens_in", "tokens_out")]
    ours = totals == [used.tokens_in, used.tokens_out]
    return _usd(result.get("total_cost_usd")) if ours else None


def _tokens(told: Mapping[str, Any], names: tuple[str, str, str, str]) -> Used:
    fresh, cached, written, out = (number_of(told.get(name)) for name in names)
    return Used(tokens_in=fresh + cached + written, tokens_out=out, tokens_cached=cached)
