"""The stream of `agy --output-format stream-json`, as others describe it: no real one was seen.

It is read loosely for that reason, and with distrust: a good end is one that says SUCCESS, has an
answer, and has none of the known signs of a failure on stderr. An end of its own time gives
SUCCESS as well, and so does a tool that was denied. So here, unlike elsewhere, an exit code or an
error on stderr undoes a good end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harnesses._antigravity_verdict import fault
from harnesses._decided import TurnEnd
from harnesses._json import number_of, object_in, object_of, text_of
from harnesses._streams import broken_off
from harnesses.recording import Ending
from smithers.agent import Answered, Event, Said, Started, ToolCalled, ToolReturned, Used
from smithers.errors import AgentError, BadOutput, Busy, Permanent, Transient

__all__ = ["NAME", "Stream"]

NAME = "Antigravity CLI"
_SAID_LIMIT = 2000
_TIMEOUT = "print timeout after"
_TOLD = re.compile(r"^AGY_ERROR:\s*(\{.*\})\s*$", re.MULTILINE)
_ERROR = re.compile(r"^\s*error:\s*(.+)$", re.IGNORECASE | re.MULTILINE)


class Stream:
    """`session` is the id that was asked for: only another one is told as `Started`."""

    def __init__(self, *, session: str = "") -> None:
        self._session = session
        self._end = TurnEnd()
        self.notice = ""
        self._open: str | None = None
        self._calls = 0

    @property
    def over(self) -> bool:
        return self._end.over

    def hear(self, line: bytes) -> Iterator[Event]:
        said = object_in(line)
        match said.get("event"):
            case "init":
                yield from self._started(said)
            case "step_update":
                yield from self._step(object_of(said.get("step_update")))
            case "result":
                result = object_of(said.get("result"))
                yield from self._started(result)
                if (usage := object_of(result.get("usage"))) and not self.over:
                    yield _used(usage)
                self._end.take(result, good=result.get("status") == "SUCCESS")
            case _:
                pass

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the request."""
        if _TIMEOUT in stderr:
            raise Transient(f"{NAME} reached its own time limit: {_last(stderr)}", reason="timeout")
        if error := _told(stderr, ending):
            raise error
        if not self.over or ending.signal is not None or ending.rc not in (0, None):
            raise broken_off(NAME, ending, _last(stderr))
        result = self._end.event
        if not self._end.good:
            words = text_of(result.get("error")) or f"{NAME} gave no reason"
            raise fault({"error": {"message": words}}, {}, ending)
        if not (text := text_of(result.get("response"))):
            if said := _last(stderr):
                raise Permanent(f"{NAME} gave no answer: {said}", reason="refused")
            raise BadOutput(f"{NAME} gave no answer", reason="empty")
        return Answered(text)

    def _started(self, said: Mapping[str, Any]) -> Iterator[Started]:
        session = text_of(said.get("conversation_id"))
        if session and session != self._session:
            self._session = session
            yield Started(session)

    def _step(self, step: Mapping[str, Any]) -> Iterator[Event]:
        """A tool's step comes when it begins and when it is done, with no id of its own."""
        if text := text_of(step.get("text_delta")):
            yield Said(text)
        if not (tool := object_of(step.get("tool_info"))):
            return
        if self._open is None:
            self._calls += 1
            self._open = f"{self._calls}"
            name = text_of(tool.get("name")) or text_of(step.get("step_type"))
            arguments = object_of(tool.get("parameters"))
            yield ToolCalled(call=self._open, name=name, arguments=arguments)
        if "DONE" in (step.get("state"), step.get("status")):
            yield ToolReturned(call=self._open, text="")
            self._open = None


def _used(usage: Mapping[str, Any]) -> Used:
    """What is read from a cache is taken to be part of the input, as in the SDK."""
    return Used(
        tokens_in=number_of(usage.get("input_tokens")),
        tokens_out=number_of(usage.get("output_tokens")) + number_of(usage.get("thinking_tokens")),
        tokens_cached=number_of(usage.get("cache_read_tokens")),
    )


def _told(stderr: str, ending: Ending) -> AgentError | None:
    """What stderr marks as an error, whatever the exit code and the result say."""
    if found := _TOLD.search(stderr):
        told = object_in(found[1].encode())
        words = " ".join(text_of(told.get(key)) for key in ("status", "code")).strip()
        error = fault({"error": {"message": words}}, {"http_code": told.get("code")}, ending)
        if text_of(told.get("retryability")).lower().startswith("retr"):
            return error if isinstance(error, Busy) else Transient(str(error), reason=error.reason)
        return error
    if marked := _ERROR.findall(stderr):
        return fault({"error": {"message": marked[-1][:_SAID_LIMIT]}}, {}, ending)
    return None


def _last(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    return lines[-1].strip()[:_SAID_LIMIT] if lines else ""
