"""A program's own stream as it was kept, read again: our events, and at the end the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from typing import Any, Literal, cast

from harnesses._json import object_in
from harnesses._lines import lines_in
from harnesses._streams import Stream
from harnesses._structured import Place, Shape
from harnesses.recording import Ending
from smithers.agent import Answered, Dropped, Event, Started, Used
from smithers.errors import AgentError, BadOutput, Busy, ContextOverflow, Permanent

__all__ = ["Outcome", "read_stream", "readable"]

Outcome = Literal[
    "succeeded",
    "permanent",
    "busy",
    "transient",
    "overflow",
    "bad_output",
    "cancelled",
    "incomplete",
]
_NOISE_SHOWN = 2000
_UNFINISHED = ("no_terminal_event", "interrupted")


@dataclass(frozen=True)
class _Program:
    """Where the reader of a program is, and where it gives a structured answer."""

    module: str
    structured: Place


_PROGRAMS: Mapping[str, _Program] = {
    "antigravity": _Program("harnesses._antigravity_stream", "data"),
    "claude-code": _Program("harnesses._claude_stream", "data"),
    "codex": _Program("harnesses._codex_stream", "text"),
    "gemini": _Program("harnesses._gemini_stream", "anywhere"),
    "pi": _Program("harnesses._pi_stream", "anywhere"),
}
"""One line a program; the module has a `Stream`."""


def readable() -> tuple[str, ...]:
    """The names of the programs whose streams can be read."""
    return tuple(sorted(_PROGRAMS))


def read_stream(
    name: str,
    chunks: Iterable[bytes],
    *,
    stderr: str = "",
    exit_code: int | None = None,
    stopped: bool = False,
    schema: object = None,
) -> Iterator[dict[str, Any]]:
    """The events of a stream as JSON data, and its verdict, which is last.

    A negative `exit_code` is a signal. `stopped` says that we made the program end. With a `schema`
    a structured answer was asked for. Raises KeyError for an unknown name, and ValueError where
    `schema` is no JSON Schema.
    """
    program = _PROGRAMS[name]
    shape = Shape(schema) if schema is not None else None
    module = import_module(program.module)
    return _read(cast("Stream", module.Stream()), chunks, _Asked(
        stderr=stderr, ending=_ending(exit_code), stopped=stopped, shape=shape,
        structured=program.structured,
    ))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Asked:
    stderr: str
    ending: Ending
    stopped: bool
    shape: Shape | None
    structured: Place


def _ending(exit_code: int | None) -> Ending:
    if exit_code is not None and exit_code < 0:
        return Ending(signal=-exit_code)
    return Ending(rc=exit_code)


def _read(stream: Stream, chunks: Iterable[bytes], asked: _Asked) -> Iterator[dict[str, Any]]:
    session: str | None = None
    usage: dict[str, Any] | None = None
    for line in lines_in(chunks):
        if isinstance(line, Dropped):
            yield _shown(line)
            continue
        silent = True
        for event in stream.hear(line):
            silent = False
            if isinstance(event, Started):
                session = event.session
            elif isinstance(event, Used):
                usage = _added(usage, event)
            yield _shown(event)
        if silent and line.strip():
            yield _other(line)
    yield {**_verdict(stream, asked), "session_id": session, "usage": _as_json(usage)}


def _shown(event: Event) -> dict[str, Any]:
    told: dict[str, Any] = {"event": type(event).__name__.lower(), **vars(event)}
    if isinstance(event, Used) and event.cost is not None:
        told["cost"] = float(event.cost)
    return told


def _other(line: bytes) -> dict[str, Any]:
    """What is no event of ours is kept as it came; what is not even JSON, as its first words."""
    if said := object_in(line):
        return {"event": "other", "said": said}
    return {"event": "noise", "text": line[:_NOISE_SHOWN].decode("utf-8", "replace")}


def _added(usage: dict[str, Any] | None, used: Used) -> dict[str, Any]:
    found = usage or {"tokens_in": 0, "tokens_out": 0, "tokens_cached": 0, "cost_usd": None}
    for name in ("tokens_in", "tokens_out", "tokens_cached"):
        found[name] += getattr(used, name)
    if used.cost is not None:
        found["cost_usd"] = (found["cost_usd"] or Decimal(0)) + used.cost
    return found


def _as_json(usage: dict[str, Any] | None) -> dict[str, Any] | None:
    if usage is None or usage["cost_usd"] is None:
        return usage
    return {**usage, "cost_usd": float(usage["cost_usd"])}


def _verdict(stream: Stream, asked: _Asked) -> dict[str, Any]:
    """What became of the request. What we stopped is cancelled, unless its answer came before."""
    answer: Answered | None = None
    try:
        answer = stream.answer(asked.ending, asked.stderr)
        structured = _structured(answer, asked)
    except AgentError as error:
        if asked.stopped:
            said = "it was stopped before it answered"
            return _told("cancelled", "stopped", said)
        kept = answer.text if answer is not None else None
        resumes_at = error.resumes_at if isinstance(error, Busy) else None
        outcome = _outcome(error)
        return _told(outcome, error.reason or outcome, error.said, resumes_at, kept)
    return _told("succeeded", "completed", None, text=answer.text, structured=structured)


def _structured(answer: Answered, asked: _Asked) -> object:
    if asked.shape is not None:
        return asked.shape.fitting(answer, asked.structured)
    if not answer.text.strip() and answer.data is None:
        raise BadOutput("the answer is empty", reason="empty")
    return answer.data


def _outcome(error: AgentError) -> Outcome:
    if isinstance(error, Permanent):
        return "permanent"
    if isinstance(error, Busy):
        return "busy"
    if isinstance(error, ContextOverflow):
        return "overflow"
    if isinstance(error, BadOutput):
        return "bad_output"
    return "incomplete" if error.reason in _UNFINISHED else "transient"


def _told(
    verdict: Outcome,
    kind: str,
    message: str | None,
    resumes_at: datetime | None = None,
    text: str | None = None,
    structured: object = None,
) -> dict[str, Any]:
    at = resumes_at.isoformat().replace("+00:00", "Z") if resumes_at is not None else None
    return {
        "verdict": verdict,
        "kind": kind,
        "message": message,
        "resumes_at": at,
        "session_id": None,
        "text": text,
        "structured": structured,
        "usage": None,
    }
