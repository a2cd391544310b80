"""The stream of our child around Antigravity's SDK: what it says, and what became of it.

Its events are described in `_antigravity_child`. A step repeats while it goes on, always under the
same id, and one that failed is not the end: the model is told, and may go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harnesses._antigravity_verdict import fault, stopped_at_a_limit, without_final
from harnesses._decided import TurnEnd
from harnesses._json import list_of, number_of, object_in, object_of, text_of
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
from smithers.errors import BadOutput

__all__ = ["Stream"]

_ANSWER_LIMIT = 32 * 2**20
"""Longer ones are no answers, and would not fit into memory."""
_CALLS_LIMIT = 10_000
_SPEAKS = ("TEXT_RESPONSE", "THINKING")
_GOES_ON = ("ACTIVE", "WAITING_FOR_USER")
_GOOD_STOPS = ("", "UNSPECIFIED")


class Stream:
    """`session` is the id that was asked for: only another one is told as `Started`."""

    def __init__(self, *, session: str = "") -> None:
        self._session = session
        self._begun = False
        self._end = TurnEnd()
        self._answer: str | None = None
        self._structured: object = None
        self._turn: int | None = None
        self._failed: Mapping[str, Any] = {}
        self._speaking, self._heard = "", 0
        self._seen: set[str] = set()
        self._open: dict[str, list[str]] = {}
        self.notice = ""

    @property
    def over(self) -> bool:
        return self._end.over

    def hear(self, line: bytes) -> Iterator[Event]:
        said = object_in(line)
        match said.get("event"):
            case "started":
                self._begun = True
                yield from self._started(said)
            case "step":
                yield from self._step(said)
            case "final":
                yield from self._started(said)
                if not self.over:  # one that comes twice is paid for once
                    yield from _used(object_of(said.get("usage")))
                self._end.take(said, good=said.get("status") == "completed")
            case _:
                pass

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the request."""
        if not self.over:
            raise without_final(stderr, ending)
        final = self._end.event
        if not self._end.good:
            raise fault(final, self._failed, ending)
        stop = text_of(final.get("stop_reason"))
        if stop not in _GOOD_STOPS:
            raise stopped_at_a_limit(stop)
        text = text_of(final.get("text")) or self._answer or ""
        if len(text) > _ANSWER_LIMIT:
            raise BadOutput("the answer is longer than 32 MB", reason="truncated")
        structured = final.get("structured")
        turn = None if self._turn is None else str(self._turn)
        data = self._structured if structured is None else structured
        return Answered(text, data=data, turn=turn)

    def _started(self, said: Mapping[str, Any]) -> Iterator[Event]:
        session = text_of(said.get("conversation_id"))
        if session and session != self._session:
            self._session = session
            yield Started(session)

    def _step(self, step: Mapping[str, Any]) -> Iterator[Event]:
        status, source = step.get("status"), step.get("source")
        if status == "ERROR":
            self._failed = step if not self.over else self._failed
            self.notice = text_of(step.get("error")) or text_of(step.get("content"))
        elif source == "MODEL":
            self._failed = (
                {} if not self.over else self._failed
            )  # it was called again, and answered
            if step.get("type") in _SPEAKS and not number_of(step.get("depth")):
                yield from self._speak(step)
        yield from self._tools(step)
        if number_of(step.get("depth")):
            return
        if isinstance(step.get("step_index"), int):
            self._turn = max(step["step_index"], self._turn or 0)
        if step.get("is_complete_response"):
            self._answer = text_of(step.get("content"))
        if step.get("structured_output") is not None:
            self._structured = step["structured_output"]

    def _speak(self, step: Mapping[str, Any]) -> Iterator[Event]:
        """What is new; at the end of a step what was told whole and never as a delta."""
        if (name := text_of(step.get("id"))) != self._speaking:
            self._speaking, self._heard = name, 0
        if thought := text_of(step.get("thinking_delta")):
            yield Thought(thought)
        text = text_of(step.get("content_delta"))
        if not text and step.get("status") == "DONE":
            text = text_of(step.get("content"))[self._heard :]
        self._heard += len(text)
        if text:
            yield Said(text)

    def _tools(self, step: Mapping[str, Any]) -> Iterator[Event]:
        """A call is told when it is first seen, its result when its step is over."""
        name, over = text_of(step.get("id")), step.get("status") not in _GOES_ON
        for call in map(object_of, list_of(step.get("tool_calls"))):
            if step.get("type") == "FINISH":
                continue
            key = text_of(call.get("id")) or name
            arguments = object_of(call.get("args"))
            if key not in self._seen and len(self._seen) < _CALLS_LIMIT:
                self._seen.add(key)
                self._open.setdefault(name, []).append(key)
                yield ToolCalled(call=key, name=_named(call), arguments=arguments)
            if over and key in self._open.get(name, ()):
                self._open[name].remove(key)
                yield _returned(key, step, arguments)
        if over:
            # The calls are left out of a step that failed.
            left = self._open.pop(name, [])
            for key in left if step.get("status") == "ERROR" else ():
                yield _returned(key, step, {})


def _named(call: Mapping[str, Any]) -> str:
    server, name = text_of(call.get("server_name")), text_of(call.get("name"))
    return f"{server}/{name}" if server else name


def _returned(key: str, step: Mapping[str, Any], arguments: Mapping[str, Any]) -> ToolReturned:
    """Of a command its output is told, of other tools that they are done."""
    code = arguments.get("exit_code")
    failed = step.get("status") != "DONE" or (isinstance(code, int) and code != 0)
    said = text_of(step.get("error")) or text_of(arguments.get("combined_output"))
    return ToolReturned(call=key, text=said or text_of(step.get("content")), failed=failed)


def _used(told: Mapping[str, Any]) -> Iterator[Used]:
    """Of this turn. Thinking is output that is counted apart, cached input is not."""
    if told:
        thought = number_of(told.get("thoughts_token_count"))
        yield Used(
            tokens_in=number_of(told.get("prompt_token_count")),
            tokens_out=number_of(told.get("candidates_token_count")) + thought,
            tokens_cached=number_of(told.get("cached_content_token_count")),
        )
