"""Steps in the words of Gemini, as a stream of pieces or as one body."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.scripted_model.script import Cut, Eof, Hang, Status, Step, StreamError, Text, ToolCall

__all__ = [
    "body_of",
    "error_body",
    "events_of",
    "is_delta",
    "is_side_request",
    "tool_results",
    "user_texts",
]

Event = dict[str, Any]

END = b""
_FINISHES = {"end_turn": "STOP", "max_tokens": "MAX_TOKENS", "refusal": "SAFETY"}


def is_side_request(body: Mapping[str, Any]) -> bool:
    """Whether the program asks something of its own; nothing does in the sessions of our tests."""
    return not body.get("contents")


def user_texts(body: Mapping[str, Any]) -> list[str]:
    """What the user said, newest first, one text a message."""
    return [
        "\n".join(str(part.get("text", "")) for part in content.get("parts", []))
        for content in reversed(body.get("contents", []))
        if content.get("role") == "user"
    ]


def tool_results(body: Mapping[str, Any]) -> list[str]:
    """What the tools returned, newest first, as JSON text."""
    return [
        json.dumps(part["functionResponse"].get("response"), ensure_ascii=False)
        for content in reversed(body.get("contents", []))
        for part in reversed(content.get("parts", []))
        if "functionResponse" in part
    ]


def error_body(step: Status | StreamError) -> Event:
    told = dict(step.more) if isinstance(step, Status) else {}
    code = step.code if isinstance(step, Status) else 503
    return {"error": {"code": code, "message": step.message, "status": step.kind} | told}


def is_delta(event: Event) -> bool:
    """Each piece but the last is one of the answer."""
    return "usageMetadata" not in event


def body_of(step: Step, model: str, number: int) -> Event:
    """The whole answer as one object, for a request that does not stream."""
    return _piece(_parts(step, number, 1), model, number) | _end(step, model, number)


def events_of(step: Step, model: str, number: int) -> Iterator[Event]:
    """The stream of one step; a step that breaks off simply has no finish reason."""
    if isinstance(step, StreamError):
        yield error_body(step)
        return
    for part in _parts(step, number, step.pieces if isinstance(step, Text) else 1):
        yield _piece([part], model, number)
    if not isinstance(step, Cut | Eof | Hang):
        yield _end(step, model, number)


def _parts(step: Step, number: int, pieces: int) -> list[Event]:
    parts: list[Event] = []
    if isinstance(step, Text) and step.thinking:
        parts.append({"text": step.thinking, "thought": True})
    text = getattr(step, "text", "")
    size = -(-len(text) // pieces) or 1
    parts += [{"text": text[at : at + size]} for at in range(0, len(text), size)]
    for place, call in enumerate(step.all if isinstance(step, ToolCall) else ()):
        id = f"call_{number}" + (f"_{place}" if place else "")
        told = {"id": id, "name": call.name, "args": dict(call.input)}
        parts.append({"functionCall": told, "thoughtSignature": "c2ln"})
    return parts


def _piece(parts: list[Event], model: str, number: int, finish: str | None = None) -> Event:
    candidate: Event = {"content": {"role": "model", "parts": parts}, "index": 0}
    candidate |= {"finishReason": finish} if finish else {}
    return {"candidates": [candidate], "modelVersion": model, "responseId": f"r{number}"}


def _end(step: Step, model: str, number: int) -> Event:
    finish = _FINISHES.get(step.stop, step.stop) if isinstance(step, Text) else "STOP"
    tokens_in = step.tokens_in if isinstance(step, Text) else 10
    tokens_out = step.tokens_out if isinstance(step, Text) else 5
    usage = {
        "promptTokenCount": tokens_in,
        "candidatesTokenCount": tokens_out,
        "totalTokenCount": tokens_in + tokens_out,
        "cachedContentTokenCount": 0,
    }
    return _piece([{"text": ""}], model, number, finish) | {"usageMetadata": usage}
