"""Steps in the words of OpenAI Responses, as a stream of events or as one body."""

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

_INCOMPLETE = {"max_tokens": "max_output_tokens", "refusal": "content_filter"}


def is_side_request(body: Mapping[str, Any]) -> bool:
    """Whether the program asks something of its own; nothing does in the sessions of our tests."""
    return not body.get("input")


def user_texts(body: Mapping[str, Any]) -> list[str]:
    """What the user said, newest first, one text a message."""
    given: Any = body.get("input", [])
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    said: list[str] = []
    for item in reversed(items):
        if item.get("role") == "user":
            content: Any = item.get("content", "")
            parts = [{"text": content}] if isinstance(content, str) else content
            said.append("\n".join(str(part.get("text", "")) for part in parts))
    return said


def tool_results(body: Mapping[str, Any]) -> list[str]:
    """What the tools returned, newest first, as text."""
    given: Any = body.get("input", [])
    found: list[str] = []
    for item in reversed([] if isinstance(given, str) else given):
        if str(item.get("type", "")).endswith("_call_output"):
            said: Any = item.get("output", "")
            parts = [{"text": said}] if isinstance(said, str) else said
            found.append("\n".join(str(part.get("text", "")) for part in parts))
    return found


def error_body(step: Status | StreamError) -> Event:
    told = dict(step.more) if isinstance(step, Status) else {}
    return {"error": {"type": step.kind, "code": step.kind, "message": step.message} | told}


def is_delta(event: Event) -> bool:
    return bool(event["type"] == "response.output_text.delta")


def body_of(step: Step, model: str, number: int) -> Event:
    """The whole answer as one response, for a request that does not stream."""
    return _ended(step, model, number, _items(step, number))


def events_of(step: Step, model: str, number: int) -> Iterator[Event]:
    """The stream of one step; a step that breaks off simply has no terminal event."""
    begun = _response(model, number, "in_progress")
    yield {"type": "response.created", "response": begun}
    if isinstance(step, StreamError):
        failed = _response(model, number, "failed")
        told = {"code": step.kind, "message": step.message}
        yield {"type": "response.failed", "response": failed | {"error": told}}
        return
    items = _items(step, number)
    for index, item in enumerate(items):
        yield {"type": "response.output_item.added", "output_index": index, "item": _begun(item)}
        if item["type"] == "message":
            yield from _deltas(step, index, item)
        if isinstance(step, Cut | Eof | Hang):
            return
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    if isinstance(step, Cut | Eof | Hang):
        return
    ended = _ended(step, model, number, items)
    yield {"type": f"response.{ended['status']}", "response": ended}


def _deltas(step: Step, index: int, item: Event) -> Iterator[Event]:
    text = item["content"][0]["text"]
    pieces = step.pieces if isinstance(step, Text) else 1
    size = -(-len(text) // pieces)
    at = {"item_id": item["id"], "output_index": index, "content_index": 0}
    part: Event = {"type": "output_text", "text": "", "annotations": []}
    yield {"type": "response.content_part.added", "part": part} | at
    for begin in range(0, len(text), size):
        delta = text[begin : begin + size]
        yield {"type": "response.output_text.delta", "delta": delta} | at
    if isinstance(step, Text | ToolCall):
        yield {"type": "response.output_text.done", "text": text} | at


def _items(step: Step, number: int) -> list[Event]:
    items: list[Event] = []
    if isinstance(step, Text) and step.thinking:
        summary = [{"type": "summary_text", "text": step.thinking}]
        items.append({"type": "reasoning", "id": f"rs_{number}", "summary": summary})
    if text := getattr(step, "text", ""):
        content: list[Event] = [{"type": "output_text", "text": text, "annotations": []}]
        items.append({
            "type": "message", "id": f"msg_{number}", "role": "assistant",
            "status": "completed", "content": content,
        })  # fmt: skip
    for place, call in enumerate(step.all if isinstance(step, ToolCall) else ()):
        items.append(_call(call, f"{number}_{place}" if place else str(number)))
    return items


def _call(step: ToolCall, number: str) -> Event:
    """A function call; a tool whose input is one free text, named so, is a custom one."""
    ids = {"id": f"fc_{number}", "call_id": f"call_{number}", "name": step.name}
    if list(step.input) == ["input"]:
        return {"type": "custom_tool_call", "input": step.input["input"]} | ids
    within = {"namespace": step.namespace} if step.namespace else {}
    return {"type": "function_call", "arguments": json.dumps(step.input)} | ids | within


def _begun(item: Event) -> Event:
    return item | {"content": [], "status": "in_progress"} if item["type"] == "message" else item


def _response(model: str, number: int, status: str) -> Event:
    return {
        "id": f"resp_{number}",
        "object": "response",
        "status": status,
        "model": model,
        "output": [],
    }


def _ended(step: Step, model: str, number: int, items: list[Event]) -> Event:
    reason = _INCOMPLETE.get(step.stop) if isinstance(step, Text) else None
    tokens_in = step.tokens_in if isinstance(step, Text) else 10
    tokens_out = step.tokens_out if isinstance(step, Text) else 5
    usage = {
        "input_tokens": tokens_in,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens_in + tokens_out,
    }
    told = {"incomplete_details": {"reason": reason}} if reason else {}
    ended = _response(model, number, "incomplete" if reason else "completed")
    return ended | {"output": items, "usage": usage} | told
