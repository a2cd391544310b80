"""The stream of `codex exec --json`: what it says of a turn, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harnesses._codex_items import called, returned
from harnesses._codex_verdict import fault, refused
from harnesses._json import object_in, object_of
from harnesses.recording import Ending
from smithers.agent import Answered, Event, Said, Started, Thought, Used
from smithers.errors import Permanent, Transient

__all__ = ["Stream", "UnknownThread", "is_sign_of_life", "spent_on"]

_UNKNOWN = "no rollout found for thread id"
Spent = Mapping[str, int]


class UnknownThread(Permanent):
    """The program has no thread of this id."""


def is_sign_of_life(line: bytes) -> bool:
    """Notices of a retry come for ever where no connection can be made, and are no progress."""
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
    """`over` is whether the program has said its last word; `notice` is its last complaint."""

    def __init__(self, *, resumes: bool, before: Spent, model: str | None) -> None:
        self._resumes, self._before, self._model = resumes, before, model
        self._said = ""
        self._begun = self._good = self.over = False
        self._error: Mapping[str, Any] = {}
        self.notice = ""

    def hear(self, line: bytes) -> Iterator[Event]:
        message = object_in(line)
        item = object_of(message.get("item"))
        match message.get("type"):
            case "thread.started":
                self._begun = True
                if not self._resumes:
                    yield Started(str(message.get("thread_id")))
            case "item.started":
                yield from called(item)
            case "item.completed":
                yield from self._item(item)
            case "turn.completed":
                self._good = self.over = True
                yield self._used(object_of(message.get("usage")))
            case "turn.failed":
                self._error, self.over = object_of(message.get("error")), True
            case "error":
                self.notice = str(message.get("message", ""))
            case _:
                pass

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the turn."""
        if self._good:
            return Answered(self._said)
        if self.over:
            raise fault(self._error, {}, datetime.now(UTC))
        if not self._begun and ending.rc:
            if self._resumes and _UNKNOWN in stderr:
                raise UnknownThread(stderr)
            raise refused(stderr)
        why = f": {self.notice}" if self.notice else ""
        raise Transient(f"Codex ended without a result ({ending}){why}")

    def _item(self, item: Mapping[str, Any]) -> Iterator[Event]:
        if item.get("type") == "agent_message":
            self._said = str(item.get("text", ""))
            yield Said(self._said)
        elif item.get("type") == "reasoning":
            yield Thought(str(item.get("text", "")))
        elif item.get("type") == "error":
            self.notice = str(item.get("message", ""))
        else:
            yield from returned(item)

    def _used(self, usage: Mapping[str, Any]) -> Used:
        fresh = {
            name: max(int(usage.get(name) or 0) - int(self._before.get(name) or 0), 0)
            for name in ("input_tokens", "output_tokens", "cached_input_tokens")
        }
        return Used(
            tokens_in=fresh["input_tokens"],
            tokens_out=fresh["output_tokens"],
            tokens_cached=fresh["cached_input_tokens"],
            model=self._model,
        )
