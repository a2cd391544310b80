"""The stream of `gemini --output-format stream-json`: what it says, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harnesses._decided import TurnEnd
from harnesses._gemini_verdict import fault, without_result
from harnesses._json import number_of, object_in, object_of, text_of
from harnesses.recording import Ending
from smithers.agent import Answered, Event, Said, Started, ToolCalled, ToolReturned, Used
from smithers.errors import BadOutput

__all__ = ["Stream"]

_ANSWER_LIMIT = 32 * 2**20
"""Longer ones are no answers, and would not fit into memory."""
_MAX_TURNS = "Maximum session turns exceeded"
_LOOP = "Loop detected, stopping execution"


class Stream:
    """`session` is the id that was asked for: only another one is told as `Started`.

    The answer is what was said after the last result of a tool. A run begins with `init`, and its
    first good `result` counts; an `error` counts if it came before that. The one object of
    `json`, which stands on many lines, is read as well.
    """

    def __init__(self, *, session: str = "") -> None:
        self._session = session
        self._begun = self._told = False
        self._end = TurnEnd()
        self._answer = bytearray()
        self._stopped_by = ""
        self._object: list[bytes] = []
        self._object_bytes = 0
        self._model: str | None = None
        self.notice = ""

    @property
    def over(self) -> bool:
        return self._end.over

    def hear(self, line: bytes) -> Iterator[Event]:
        said: Mapping[str, Any] = {}
        if line.startswith(b"{") or not self._object:
            self._object, self._object_bytes, said = [], 0, object_in(line)
        if self._object or line.rstrip() == b"{":
            yield from self._of_an_object(line)
            return
        match said.get("type"):
            case "init":
                yield from self._begin(said)
            case "message" if said.get("role") == "assistant":
                yield from self._say(text_of(said.get("content")))
            case "tool_use":
                call, name = text_of(said.get("tool_id")), text_of(said.get("tool_name"))
                arguments = object_of(said.get("parameters"))
                yield ToolCalled(call=call, name=name, arguments=arguments)
            case "tool_result":
                self._answer = bytearray()
                yield _returned(said)
            case "error":
                self.notice = text_of(said.get("message"))
                self._stopped_by = self._stopped_by if self.over else self.notice
            case "result":
                self._end.take(said, good=said.get("status") == "success")
                yield from self._used(object_of(said.get("stats")))
            case None if "session_id" in said:
                yield from self._whole(said)
            case _:
                pass

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the run."""
        if not self.over:
            raise without_result(stderr, ending, begun=self._begun)
        if not self._end.good:
            raise fault(object_of(self._end.event.get("error")), self.notice, stderr, ending)
        if self._stopped_by == _MAX_TURNS:
            raise fault({"type": "FatalTurnLimitedError"}, _MAX_TURNS, stderr, ending)
        if self._stopped_by == _LOOP:
            raise BadOutput("it repeated the same words or actions", reason="truncated")
        if len(self._answer) > _ANSWER_LIMIT:
            raise BadOutput("the answer is longer than 32 MB", reason="truncated")
        return Answered(self._answer.decode("utf-8", "surrogatepass"))

    def _begin(self, said: Mapping[str, Any]) -> Iterator[Event]:
        self._begun, self._told = True, False
        self._end.begin()
        self._answer, self.notice, self._stopped_by = bytearray(), "", ""
        self._model = text_of(said.get("model")) or None
        yield from self._started(said)

    def _started(self, said: Mapping[str, Any]) -> Iterator[Event]:
        session = text_of(said.get("session_id"))
        if session and session != self._session:
            self._session = session
            yield Started(session)

    def _say(self, text: str) -> Iterator[Said]:
        if len(self._answer) <= _ANSWER_LIMIT:
            self._answer += text.encode("utf-8", "surrogatepass")
        if text:
            yield Said(text)

    def _used(self, stats: Mapping[str, Any]) -> Iterator[Used]:
        """Of this run, by model. A result that comes twice is paid for once."""
        if self._told:
            return
        self._told = bool(stats)
        by_model = object_of(stats.get("models"))
        for model, told in by_model.items():
            yield _tokens(object_of(told), model)
        if stats and not by_model:
            yield _tokens(stats, self._model)

    def _of_an_object(self, line: bytes) -> Iterator[Event]:
        """`--output-format json`, where it tells of an answer; its errors go to stderr."""
        self._object_bytes += len(line)
        if self._object_bytes <= _ANSWER_LIMIT:
            self._object.append(line)
        if line.rstrip() != b"}":
            return
        said, self._object = object_in(b"\n".join(self._object)), []
        yield from self._whole(said)

    def _whole(self, said: Mapping[str, Any]) -> Iterator[Event]:
        error = object_of(said.get("error"))
        if not error and "response" not in said:
            return
        self._begun = True
        self._end.take({"error": error}, good=not error)
        yield from self._started(said)
        yield from self._say(text_of(said.get("response")))
        for model, told in object_of(object_of(said.get("stats")).get("models")).items():
            yield _tokens(_as_in_a_stream(object_of(object_of(told).get("tokens"))), model)


def _returned(said: Mapping[str, Any]) -> ToolReturned:
    told = text_of(said.get("output")) or text_of(object_of(said.get("error")).get("message"))
    failed = said.get("status") != "success"
    return ToolReturned(call=text_of(said.get("tool_id")), text=told, failed=failed)


def _as_in_a_stream(tokens: Mapping[str, Any]) -> dict[str, object]:
    return {
        "input_tokens": tokens.get("prompt"),
        "output_tokens": tokens.get("candidates"),
        "cached": tokens.get("cached"),
    }


def _tokens(told: Mapping[str, Any], model: str | None) -> Used:
    return Used(
        tokens_in=number_of(told.get("input_tokens")),
        tokens_out=number_of(told.get("output_tokens")),
        tokens_cached=number_of(told.get("cached")),
        model=model,
    )
