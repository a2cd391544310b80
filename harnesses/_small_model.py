"""The smallest model server on loopback that makes a real program speak: no account, no network.

It gives steps in turn, one for each request of the model: a text, a call of a tool, or a refusal of
the key. It speaks Anthropic Messages, OpenAI Responses and Gemini.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Call", "Refused", "SmallModel", "Step", "Text"]

Event = dict[str, Any]


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Call:
    name: str
    input: Mapping[str, object]


@dataclass(frozen=True)
class Refused:
    """The key is not taken: status 401."""


Step = Text | Call | Refused


class SmallModel:
    """Serves the steps at `url`; the last of them is repeated."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps, self._taken, self._lock = list(steps), 0, threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.model = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> SmallModel:
        serve = {"poll_interval": 0.05}
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs=serve, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def take(self) -> tuple[int, Step]:
        with self._lock:
            self._taken += 1
            return self._taken, self._steps[min(self._taken, len(self._steps)) - 1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    model: SmallModel

    def handle_error(self, request: object, client_address: object) -> None:
        """A program that hung up is none of our affairs."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def do_HEAD(self) -> None:
        self._send(200, b"")

    def do_GET(self) -> None:
        """Whoever would rather have a websocket is told to do without one."""
        self._send(426 if "upgrade" in self.headers else 200, b'{"data":[],"models":[]}')

    def do_POST(self) -> None:
        size = int(self.headers.get("content-length", 0))
        body: Event = json.loads(self.rfile.read(size) or b"{}")
        path = self.path.split("?")[0]
        if found := _GEMINI.match(path):
            path, body["model"] = "gemini", found[1]
        if path not in _PROTOCOLS:
            self._send(404, b'{"type":"error","error":{"type":"not_found_error","message":"?"}}')
            return
        assert isinstance(self.server, _Server)
        number, step = (0, Text("ok")) if _is_aside(body) else self.server.model.take()
        if isinstance(step, Refused):
            self._send(401, json.dumps(_refusal(path)).encode())
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for event in _PROTOCOLS[path](step, str(body.get("model", "")), number):
            named = f"event: {event['type']}\n" if "type" in event else ""
            self.wfile.write(f"{named}data: {json.dumps(event)}\n\n".encode())
        self.close_connection = True

    def _send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _is_aside(body: Mapping[str, Any]) -> bool:
    """Whether the program asks for something of its own: a title, or whether a model is there."""
    asked = body.get("messages") or body.get("input") or body.get("contents")
    if body.get("max_tokens") == 1 or not asked:
        return True
    return not body.get("tools") and "title" in json.dumps(body.get("system", "")).lower()


def _refusal(path: str) -> Event:
    if path.endswith("messages"):
        told = {"type": "authentication_error", "message": "invalid x-api-key"}
        return {"type": "error", "error": told}
    if path == "gemini":
        said = "Request had invalid authentication credentials."
        return {"error": {"code": 401, "message": said, "status": "UNAUTHENTICATED"}}
    told = {"type": "invalid_api_key", "code": "invalid_api_key"}
    return {"error": told | {"message": "incorrect API key provided"}}


def _messages(step: Text | Call, model: str, number: int) -> Iterator[Event]:
    """An answer in the words of Anthropic Messages."""
    usage = {"input_tokens": 10, "output_tokens": 1}
    usage |= {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    message: Event = {"id": f"msg_{number}", "type": "message", "role": "assistant"}
    message |= {"model": model, "content": [], "stop_reason": None, "stop_sequence": None}
    message["usage"] = usage
    yield {"type": "message_start", "message": message}
    if isinstance(step, Text):
        block: Event = {"type": "text", "text": ""}
        deltas: list[Event] = [{"type": "text_delta", "text": one} for one in _pieces(step.text)]
    else:
        block = {"type": "tool_use", "id": f"toolu_{number}", "name": step.name, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": json.dumps(step.input)}]
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    ended = "end_turn" if isinstance(step, Text) else "tool_use"
    delta = {"stop_reason": ended, "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}}
    yield {"type": "message_stop"}


def _responses(step: Text | Call, model: str, number: int) -> Iterator[Event]:
    """An answer in the words of OpenAI Responses."""
    response: Event = {"id": f"resp_{number}", "object": "response", "model": model, "output": []}
    yield {"type": "response.created", "response": response | {"status": "in_progress"}}
    at = {"output_index": 0}
    if isinstance(step, Text):
        item: Event = {"type": "message", "id": f"msg_{number}", "role": "assistant"}
        begun: Event = item | {"status": "in_progress", "content": []}
        yield {"type": "response.output_item.added", "item": begun} | at
        part = {"item_id": item["id"], "content_index": 0} | at
        empty: Event = {"type": "output_text", "text": "", "annotations": []}
        yield {"type": "response.content_part.added", "part": empty} | part
        for piece in _pieces(step.text):
            yield {"type": "response.output_text.delta", "delta": piece} | part
        yield {"type": "response.output_text.done", "text": step.text} | part
        item |= {"status": "completed", "content": [empty | {"text": step.text}]}
    else:
        ids = {"id": f"fc_{number}", "call_id": f"call_{number}", "name": step.name}
        item = {"type": "function_call", "arguments": json.dumps(step.input)} | ids
        yield {"type": "response.output_item.added", "item": item} | at
    yield {"type": "response.output_item.done", "item": item} | at
    usage: Event = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    usage |= {"input_tokens_details": {"cached_tokens": 0}}
    usage |= {"output_tokens_details": {"reasoning_tokens": 0}}
    ended = {"status": "completed", "output": [item], "usage": usage}
    yield {"type": "response.completed", "response": response | ended}


def _gemini(step: Text | Call, model: str, number: int) -> Iterator[Event]:
    """An answer in the words of Gemini."""

    def piece(*parts: Event, **ends: str) -> Event:
        candidate: Event = {"content": {"role": "model", "parts": list(parts)}, "index": 0} | ends
        return {"candidates": [candidate], "modelVersion": model, "responseId": f"r{number}"}

    if isinstance(step, Text):
        for text in _pieces(step.text):
            yield piece({"text": text})
    else:
        call = {"id": f"call_{number}", "name": step.name, "args": dict(step.input)}
        yield piece({"functionCall": call, "thoughtSignature": "c2ln"})
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
    usage |= {"cachedContentTokenCount": 0}
    yield piece({"text": ""}, finishReason="STOP") | {"usageMetadata": usage}


def _pieces(text: str) -> list[str]:
    """As a model speaks: in several."""
    size = -(-len(text) // 3)
    return [text[at : at + size] for at in range(0, len(text), size)]


_PROTOCOLS = {"/v1/messages": _messages, "/v1/responses": _responses, "gemini": _gemini}
_GEMINI = re.compile(r"^/v1(?:beta)?/models/([^/:]+):streamGenerateContent$")
