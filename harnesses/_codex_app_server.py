"""What `codex app-server` says: notifications of a turn, answers to requests, requests of its own.

It is read as it stands, whoever asked: of several turns the last one of our thread counts. Turns of
other threads are those of subagents, which are paid for and answer nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from harnesses._codex_items import called, returned
from harnesses._codex_verdict import UNKNOWN_THREAD, fault, without_turn
from harnesses._decided import TurnEnd
from harnesses._json import list_of, number_of, object_in, object_of, text_of
from harnesses._streams import UnknownSession
from harnesses.recording import Ending
from smithers.agent import Answered, Event, Said, Started, Thought, Used
from smithers.errors import AgentError, Permanent, Transient

__all__ = ["Stream", "is_sign_of_life", "refusal"]

_LIFELESS = ("error", "warning", "configWarning", "thread/status/changed")
_INVALID = range(-32602, -32599)
_SAID_LIMIT = 2000


def is_sign_of_life(line: bytes) -> bool:
    """Notices of a retry come for ever where no connection can be made, and are no progress."""
    if b'"error"' not in line and b"arning" not in line and b"/status/" not in line:
        return True
    return object_in(line).get("method") not in _LIFELESS


class Stream:
    """`session` is the thread that was asked for: only another one is told as `Started`."""

    def __init__(self, *, session: str = "") -> None:
        self._session = session
        self.thread: str = ""
        self.turn: str = ""
        self._begun = False
        self._said = ""
        self._model: str | None = None
        self._limits: Mapping[str, Any] = {}
        self._turns: set[str] = set()
        self._ends: dict[str, TurnEnd] = {}
        self._refused: Mapping[str, Any] = {}
        self._totals: dict[str, object] = {}
        self.notice = ""

    @property
    def _end(self) -> TurnEnd:
        """That of the last turn, which may be told before its beginning."""
        return self._ends.get(self.turn) or TurnEnd()

    @property
    def over(self) -> bool:
        return self._end.over

    @property
    def completed(self) -> bool:
        """Whether the last turn is over, and has not failed."""
        return self._end.good

    def hear(self, line: bytes) -> Iterator[Event]:
        yield from self.take(object_in(line))

    def take(self, message: Mapping[str, Any]) -> Iterator[Event]:
        """What one message says. What the program itself asks for says nothing."""
        method = message.get("method")
        if isinstance(method, str):
            if "id" not in message:
                yield from self._told(method, object_of(message.get("params")))
        elif "result" in message:
            self._begun = True
            yield from self._answered(object_of(message.get("result")))
        elif "error" in message:
            self._begun, self._refused = True, object_of(message.get("error"))

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the last turn."""
        status = self._end.event.get("status")
        if self.completed:
            said = self._said or text_of(self._end.event.get("said"))
            return Answered(said, turn=self.turn or None)
        if status == "failed":
            error = object_of(self._end.event.get("error"))
            raise fault(error, self._limits, datetime.now(UTC))
        if self.over:
            raise Transient(f"Codex ended its turn as {status}{self._why}", reason="interrupted")
        if self._refused and not self.turn:
            raise refusal("the request", self._refused)
        raise without_turn(stderr, ending, begun=self._begun, notice=self.notice)

    @property
    def _why(self) -> str:
        return f": {self.notice}" if self.notice else ""

    def _answered(self, result: Mapping[str, Any]) -> Iterator[Event]:
        """A thread, or the turn on it, that was asked for. It takes the place of the last one."""
        if thread := text_of(object_of(result.get("thread")).get("id")):
            self._refused = {}
            self._model = text_of(result.get("model")) or None
            yield from self._on_thread(thread)
        elif turn := text_of(object_of(result.get("turn")).get("id")):
            self._refused = {}
            self._on_turn(turn)

    def _on_thread(self, thread: str) -> Iterator[Event]:
        if thread and thread != self.thread:
            self.thread, self.turn, self._said = thread, "", ""
            self._ends.clear()
        if thread and thread != self._session:
            self._session = thread
            yield Started(thread)

    def _on_turn(self, turn: str) -> None:
        """A turn that has begun before does not begin again."""
        if turn not in self._turns:
            self.turn, self._said = turn, ""
            self._turns.add(turn)

    def _told(self, method: str, params: Mapping[str, Any]) -> Iterator[Event]:
        thread = text_of(params.get("threadId"))
        ours = thread == self.thread
        match method:
            case "thread/started":
                told = object_of(params.get("thread"))
                if not self.thread and not told.get("parentThreadId"):
                    yield from self._on_thread(text_of(told.get("id")))
            case "turn/started" if ours or not self.thread:
                yield from self._on_thread(thread)
                self._on_turn(text_of(object_of(params.get("turn")).get("id")))
            case "turn/completed" if ours:
                self._turn_ended(object_of(params.get("turn")))
            case "item/started" if ours:
                yield from called(object_of(params.get("item")))
            case "item/completed" if ours:
                late = params.get("turnId") not in (None, self.turn)
                yield from self._item(object_of(params.get("item")), late=late)
            case "thread/tokenUsage/updated":
                yield from self._used(thread, params)
            case _:
                self._note(method, params)

    def _turn_ended(self, turn: Mapping[str, Any]) -> None:
        if name := text_of(turn.get("id")):
            told = {"status": turn.get("status"), "error": turn.get("error")}
            good = turn.get("status") == "completed"
            end = self._ends.setdefault(name, TurnEnd())
            end.take({**told, "said": _last_said(turn)}, good=good)

    def _note(self, method: str, params: Mapping[str, Any]) -> None:
        """What may explain a failure that comes later, and is none itself."""
        match method:
            case "account/rateLimits/updated":
                limits = object_of(params.get("rateLimits"))
                if limits.get("primary") or limits.get("secondary"):
                    self._limits = limits
            case "error":
                error = object_of(params.get("error"))
                said = (error.get("message"), error.get("additionalDetails"))
                self.notice = "; ".join(str(each) for each in said if each)
            case _:
                pass

    def _item(self, item: Mapping[str, Any], *, late: bool) -> Iterator[Event]:
        """What is late belongs to another turn, and is no answer of this one."""
        if item.get("type") == "agentMessage":
            text = text_of(item.get("text"))
            self._said = self._said if late else text
            yield Said(text)
        elif item.get("type") == "reasoning":
            thought = list_of(item.get("summary")) or list_of(item.get("content"))
            if text := "\n".join(map(str, thought)):
                yield Thought(text)
        else:
            yield from returned(item)

    def _used(self, thread: str, params: Mapping[str, Any]) -> Iterator[Used]:
        """What one request to the model took; `total` would count the whole thread again.

        Of our own thread, a resumed one tells of its last turn again. An unchanged total says that
        nothing was requested since.
        """
        ours = thread == self.thread
        usage = object_of(params.get("tokenUsage"))
        total, last = usage.get("total"), object_of(usage.get("last"))
        if (total is not None and self._totals.get(thread) == total) or not last:
            return
        if total is not None:
            self._totals[thread] = total
        if ours and params.get("turnId") != self.turn:
            return
        yield Used(
            tokens_in=number_of(last.get("inputTokens")),
            tokens_out=number_of(last.get("outputTokens")),
            tokens_cached=number_of(last.get("cachedInputTokens")),
            model=self._model if ours else None,
        )


def _last_said(turn: Mapping[str, Any]) -> str:
    """The answer, where the end of its turn alone was heard."""
    items = [object_of(each) for each in list_of(turn.get("items"))]
    said = [text_of(each.get("text")) for each in items if each.get("type") == "agentMessage"]
    return said[-1] if said else ""


def refusal(what: str, error: Mapping[str, Any]) -> AgentError:
    """Why the program would not do what it was asked."""
    message = text_of(error.get("message"))[:_SAID_LIMIT]
    if any(words in message for words in UNKNOWN_THREAD):
        return UnknownSession(message)
    said = f"Codex refused {what}: {message}"
    if error.get("code") in _INVALID:
        return Permanent(said, reason="bad_request")
    return Transient(said, reason="unknown")
