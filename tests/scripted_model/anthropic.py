"""Steps in the words of Anthropic Messages, as a stream of events or as one body."""

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


def is_side_request(body: Mapping[str, Any]) -> bool:
    """Whether the program asks something of its own (a title, a quota probe), not the task."""
    if body.get("max_tokens") == 1:
        return True
    system = json.dumps(body.get("system", "")).lower()
    return not body.get("tools") and ("title" in system or "summar" in system)


def user_texts(body: Mapping[str, Any]) -> list[str]:
    """What the user said, newest first, one text a message."""
    said: list[str] = []
    for message in reversed(body.get("messages", [])):
        if message.get("role") == "user":
            content = message.get("content", "")
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
            said.append("\n".join(str(b.get("text", "")) for b in blocks))
    return said


def tool_results(body: Mapping[str, Any]) -> list[str]:
    """What the tools returned, newest first, as text."""
    found: list[str] = []
    for message in reversed(body.get("messages", [])):
        content: Any = message.get("content", "")
        for block in reversed([] if isinstance(content, str) else content):
            if block.get("type") == "tool_result":
                said: Any = block.get("content", "")
                parts = [{"text": said}] if isinstance(said, str) else said
                found.append("\n".join(str(part.get("text", "")) for part in parts))
    return found


def error_body(step: Status | StreamError) -> Event:
    told = dict(step.more) if isinstance(step, Status) else {}
    return {"type": "error", "error": {"type": step.kind, "message": step.message} | told}


def is_delta(event: Event) -> bool:
    return bool(event["type"] == "content_block_delta")


def body_of(step: Step, model: str, number: int) -> Event:
    """The whole answer as one message, for a request that does not stream."""
    content: list[Event] = []
    if text := getattr(step, "text", ""):
        content.append({"type": "text", "text": text})
    for place, call in enumerate(step.all if isinstance(step, ToolCall) else ()):
        content.append(_tool_use(call, number, place, call.input))
    message = _message(step, model, number)
    message["usage"]["output_tokens"] = _tokens_out(step)
    return message | {"content": content, "stop_reason": _stop_reason(step)}


def events_of(step: Step, model: str, number: int) -> Iterator[Event]:
    """The stream of one step; a step that breaks off simply has no terminal event."""
    yield {"type": "message_start", "message": _message(step, model, number)}
    if isinstance(step, StreamError):
        yield error_body(step)
        return
    index = 0
    if isinstance(step, Text) and step.thinking:
        yield from _block(index, {"type": "thinking", "thinking": "", "signature": ""}, [
            {"type": "thinking_delta", "thinking": step.thinking},
            {"type": "signature_delta", "signature": "c2ln"},
        ])  # fmt: skip
        index += 1
    if text := getattr(step, "text", ""):
        pieces = step.pieces if isinstance(step, Text) else 1
        size = -(-len(text) // pieces)
        deltas = [
            {"type": "text_delta", "text": text[at : at + size]} for at in range(0, len(text), size)
        ]
        block = list(_block(index, {"type": "text", "text": ""}, deltas))
        yield from block if isinstance(step, Text | ToolCall) else block[:-1]
        index += 1
    for place, call in enumerate(step.all if isinstance(step, ToolCall) else ()):
        partial = {"type": "input_json_delta", "partial_json": json.dumps(call.input)}
        yield from _block(index + place, _tool_use(call, number, place, {}), [partial])
    if isinstance(step, Cut | Eof | Hang):
        return
    delta = {"stop_reason": _stop_reason(step), "stop_sequence": None}
    usage = {"output_tokens": _tokens_out(step)}
    yield {"type": "message_delta", "delta": delta, "usage": usage}
    yield {"type": "message_stop"}


def _block(index: int, start: Event, deltas: list[Event]) -> Iterator[Event]:
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _tool_use(step: ToolCall, number: int, place: int, arguments: Mapping[str, object]) -> Event:
    id = f"toolu_{number}" + (f"_{place}" if place else "")
    return {"type": "tool_use", "id": id, "name": step.name, "input": arguments}


def _message(step: Step, model: str, number: int) -> Event:
    usage = {
        "input_tokens": step.tokens_in if isinstance(step, Text) else 10,
        "output_tokens": 1,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
    }
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _stop_reason(step: Step) -> str:
    return step.stop if isinstance(step, Text) else "tool_use"


def _tokens_out(step: Step) -> int:
    return step.tokens_out if isinstance(step, Text) else 5
