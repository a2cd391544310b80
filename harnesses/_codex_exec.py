"""The stream of `codex exec --json`: what it says of a turn, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harnesses._codex_items import called, returned
from harnesses._codex_verdict import fault, without_turn
from harnesses._decided import TurnEnd
from harnesses._json import number_of, object_in, object_of, text_of
from harnesses.recording import Ending
from smithers.agent import Answered, Event, Said, Started, Thought, Used

__all__ = ["Stream", "is_sign_of_life", "spent_on"]

_COUNTS = ("input_tokens", "output_tokens", "cached_input_tokens")
Spent = Mapping[str, int]


def is_sign_of_life(line: bytes) -> bool:
    """Notices of a retry come for ever where no connection can be made, and are no progress."""
    if b'"error"' not in line:
        return True
    said = object_in(line)
    is_notice = object_of(said.get("item")).get("type") == "error"
    return said.get("type") != "error" and not is_notice


def spent_on(home: Path, thread: str | None) -> Spent:
    """What a thread has cost before: the program tells totals of the whole thread alone."""
    found: dict[str, Any] = {}
    for rollout in (home / "sessions").glob(f"*/*/*/rollout-*-{thread}.jsonl"):
        with rollout.open("rb") as lines:
            for line in lines:
                payload = object_of(object_in(line).get("payload"))
                if payload.get("type") == "token_count":
                    info = object_of(payload.get("info"))
                    found = object_of(info.get("total_token_usage")) or found
    return found


class Stream:
    """`session` is the thread that was asked for: only another one is told as `Started`.

    `before` is what that thread had cost before this turn. A new turn takes the place of the last.
    """

    def __init__(
        self, *, session: str = "", before: Spent | None = None, model: str | None = None
    ) -> None:
        self._session, self._model = session, model
        self._before: Spent = before or {}
        self._said = ""
        self._begun = False
        self._end = TurnEnd()
        self.notice = ""

    @property
    def over(self) -> bool:
        return self._end.over

    def hear(self, line: bytes) -> Iterator[Event]:
        message = object_in(line)
        item = object_of(message.get("item"))
        match message.get("type"):
            case "thread.started":
                yield from self._started(text_of(message.get("thread_id")))
            case "turn.started":
                self._end.begin()
                self._said = self.notice = ""
            case "item.started":
                yield from called(item)
            case "item.completed":
                yield from self._item(item)
            case "turn.completed":
                self._end.take(message, good=True)
                yield from self._used(object_of(message.get("usage")))
            case "turn.failed":
                self._end.take(message, good=False)
            case "error":
                self.notice = text_of(message.get("message"))
            case _:
                pass

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the turn."""
        if self._end.good:
            return Answered(self._said)
        if self.over:
            raise fault(object_of(self._end.event.get("error")), {}, datetime.now(UTC))
        raise without_turn(stderr, ending, begun=self._begun, notice=self.notice)

    def _started(self, thread: str) -> Iterator[Event]:
        self._begun = True
        if thread and thread != self._session:
            self._end.begin()
            if self._session:
                self._before = {}
            self._session = thread
            yield Started(thread)

    def _item(self, item: Mapping[str, Any]) -> Iterator[Event]:
        match item.get("type"):
            case "agent_message":
                self._said = text_of(item.get("text"))
                yield Said(self._said)
            case "reasoning":
                yield Thought(text_of(item.get("text")))
            case "error":
                self.notice = text_of(item.get("message"))
            case _:
                yield from returned(item)

    def _used(self, usage: Mapping[str, Any]) -> Iterator[Used]:
        """What was used since the last total: each is that of the whole thread."""
        if not usage:
            return
        told = {name: number_of(usage.get(name)) for name in _COUNTS}
        fresh = [max(told[name] - number_of(self._before.get(name)), 0) for name in _COUNTS]
        self._before = told
        yield Used(
            tokens_in=fresh[0], tokens_out=fresh[1], tokens_cached=fresh[2], model=self._model
        )
