"""Steps in the words of OpenAI chat completions, as a stream of chunks or as one body."""

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

END = b"data: [DONE]\n\n"
_FINISHES = {"end_turn": "stop", "max_tokens": "length", "refusal": "content_filter"}


def is_side_request(body: Mapping[str, Any]) -> bool:
    """Whether the program asks something of its own; nothing does in the sessions of our tests."""
    return not body.get("messages")


def user_texts(body: Mapping[str, Any]) -> list[str]:
    """What the user said, newest first, one text a message."""
    said: list[str] = []
    for message in reversed(body.get("messages", [])):
        if message.get("role") == "user":
            content: Any = message.get("content", "")
            parts = [{"text": content}] if isinstance(content, str) else content
            said.append("\n".join(str(part.get("text", "")) for part in parts))
    return said


def tool_results(body: Mapping[str, Any]) -> list[str]:
    """What the tools returned, newest first, as text."""
    return [
        str(message.get("content", ""))
        for message in reversed(body.get("messages", []))
        if message.get("role") == "tool"
    ]


def error_body(step: Status | StreamError) -> Event:
    told = dict(step.more) if isinstance(step, Status) else {}
    return {"error": {"type": step.kind, "code": step.kind, "message": step.message} | told}


def is_delta(event: Event) -> bool:
    return any(choice["delta"].get("content") for choice in event.get("choices", ()))


def body_of(step: Step, model: str, number: int) -> Event:
    """The whole answer as one completion, for a request that does not stream."""
    message: Event = {"role": "assistant", "content": getattr(step, "text", "")}
    if isinstance(step, ToolCall):
        message["tool_calls"] = [
            _call(call, number, place, json.dumps(call.input))
            for place, call in enumerate(step.all)
        ]
    choice = {"index": 0, "message": message, "finish_reason": _finish(step)}
    told = _chunk(model, number, object="chat.completion")
    return told | {"choices": [choice], "usage": _usage(step)}


def events_of(step: Step, model: str, number: int) -> Iterator[Event]:
    """The stream of one step; a step that breaks off simply has no finish reason."""
    if isinstance(step, StreamError):
        yield error_body(step)
        return

    def chunk(delta: Event, finish: str | None = None) -> Event:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _chunk(model, number) | {"choices": [choice]}

    yield chunk({"role": "assistant", "content": ""})
    if isinstance(step, Text) and step.thinking:
        yield chunk({"reasoning_content": step.thinking})
    text = getattr(step, "text", "")
    size = -(-len(text) // (step.pieces if isinstance(step, Text) else 1)) or 1
    for at in range(0, len(text), size):
        yield chunk({"content": text[at : at + size]})
    if isinstance(step, Cut | Eof | Hang):
        return
    for place, call in enumerate(step.all if isinstance(step, ToolCall) else ()):
        arguments = json.dumps(call.input)
        yield chunk({"tool_calls": [{"index": place} | _call(call, number, place, "")]})
        yield chunk({"tool_calls": [{"index": place, "function": {"arguments": arguments}}]})
    yield chunk({}, _finish(step))
    yield _chunk(model, number) | {"choices": [], "usage": _usage(step)}


def _call(step: ToolCall, number: int, place: int, arguments: str) -> Event:
    function = {"name": step.name, "arguments": arguments}
    id = f"call_{number}" + (f"_{place}" if place else "")
    return {"id": id, "type": "function", "function": function}


def _chunk(model: str, number: int, object: str = "chat.completion.chunk") -> Event:
    return {"id": f"chat_{number}", "object": object, "created": 1, "model": model}


def _finish(step: Step) -> str:
    return _FINISHES.get(step.stop, step.stop) if isinstance(step, Text) else "tool_calls"


def _usage(step: Step) -> Event:
    tokens_in = step.tokens_in if isinstance(step, Text) else 10
    tokens_out = step.tokens_out if isinstance(step, Text) else 5
    return {
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
