"""Claude models through the `anthropic` package: Anthropic Messages, streamed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from harnesses._json import object_in
from harnesses.models._faults import Refusal, api_error
from harnesses.models._files import File
from harnesses.models._model import Model
from harnesses.models._sdk import read_to_the_end
from harnesses.models._tools import Tool
from harnesses.models._turn import (
    Asked,
    Call,
    Entry,
    Replied,
    Request,
    Returned,
    Stop,
    Stream,
    Tokens,
    Turn,
    call_of,
)
from smithers.agent import Ask, Said, Thought

__all__ = ["Anthropic"]

_STOPS: Mapping[str, Stop] = {
    "max_tokens": "length",
    "pause_turn": "paused",
    "refusal": "refused",
    "model_context_window_exceeded": "overflow",
}
_GROWS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
    "input_json_delta": ("partial_json", "input"),
}
"""Kinds of deltas: the field of the delta, and the field of the block that it makes longer."""


class Anthropic(Model):
    """A Claude model; the key is in ANTHROPIC_API_KEY. With tools, the vendor caches what was sent
    before, since each request repeats it.
    """

    vendor = "Anthropic"
    provider = package = extra = "anthropic"
    url = "https://api.anthropic.com"
    url_variable = "ANTHROPIC_BASE_URL"
    keys = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")

    def client(self, package: Any, key: str | None, ask: Ask) -> AbstractAsyncContextManager[Any]:
        options = {"api_key": key} if self.api_key_env or self.base_url else {}
        client: AbstractAsyncContextManager[Any] = package.AsyncAnthropic(
            base_url=self.base_url, max_retries=0, timeout=ask.idle_s + 5, **options
        )
        return client

    async def stream(self, client: Any, request: Request) -> Stream:
        shape = None if request.schema is None else request.package.transform_schema(request.schema)
        fields: dict[str, Any] = {
            "model": request.model,
            "max_tokens": request.max_tokens,
            "system": request.system or None,
            "messages": _messages(request.entries),
            "tools": [_tool(one) for one in request.tools] or None,
            "output_config": shape and {"format": {"type": "json_schema", "schema": shape}},
            "cache_control": {"type": "ephemeral"} if request.tools else None,
        }
        message = _Message()
        wanted = request.with_more(fields, rest="extra_body")
        opened = await client.messages.create(**wanted, stream=True)
        async with read_to_the_end(opened) as events:
            async for event in events:
                request.heard(event)
                for piece in message.hear(event):
                    yield piece
                if message.is_whole:
                    break  # what breaks after that spoils no answer
        if message.is_whole:
            yield message.turn()

    def refusal(self, error: Exception) -> Refusal | None:
        if (told := api_error(error, "anthropic")) is not None:
            return told
        if isinstance(error, TypeError) and "authentication" in str(error):
            return Refusal(
                said=f"there is no key in {self.keys[0]}", kinds=("authentication_error",)
            )
        return None


class _Message:
    """A message as it grows."""

    def __init__(self) -> None:
        self.blocks: dict[int, dict[str, Any]] = {}
        self.grown: dict[tuple[int, str], list[str]] = {}
        self.usage: dict[str, int] = {}
        self.why = ""
        self.is_whole = False

    def hear(self, event: Any) -> Iterable[Said | Thought]:
        match event.type:
            case "message_start":
                self._count(event.message.usage)
            case "content_block_start":
                block = event.content_block.to_dict()
                self.blocks[event.index] = {k: v for k, v in block.items() if v is not None}
            case "content_block_delta" if event.delta.type in _GROWS:
                field, grows = _GROWS[event.delta.type]
                text: str = getattr(event.delta, field)
                self.grown.setdefault((event.index, grows), []).append(text)
                if grows in ("text", "thinking") and text:
                    yield Said(text) if grows == "text" else Thought(text)
            case "content_block_delta" if event.delta.type == "citations_delta":
                cited = self.blocks[event.index].setdefault("citations", [])
                cited.append(event.delta.citation.to_dict())
            case "message_delta":
                self.why = event.delta.stop_reason or ""
                self._count(event.usage)
            case "message_stop":
                self.is_whole = True
            case _:
                pass

    def turn(self) -> Turn:
        calls: list[Call] = []
        for (index, grows), pieces in self.grown.items():
            block, text = self.blocks[index], "".join(pieces)
            block[grows] = object_in(text) if grows == "input" else f"{block[grows]}{text}"
        for index, block in self.blocks.items():
            if block["type"] == "tool_use":
                given = "".join(self.grown.get((index, "input"), ())) or json.dumps(block["input"])
                calls.append(call_of(block["id"], block["name"], given))
        said = [one["text"] for one in self.blocks.values() if one["type"] == "text"]
        usage = self.usage
        return Turn(
            message=list(self.blocks.values()),
            text="".join(said),
            calls=tuple(calls),
            tokens=Tokens(
                fresh=usage.get("input_tokens", 0),
                cached=usage.get("cache_read_input_tokens", 0),
                written=usage.get("cache_creation_input_tokens", 0),
                out=usage.get("output_tokens", 0),
            ),
            stop=_STOPS.get(self.why, "end"),
            why=self.why,
        )

    def _count(self, told: Any) -> None:
        """What the end tells takes the place of what the start told: both are totals."""
        for name, value in told.to_dict().items():
            if isinstance(value, int):
                self.usage[name] = value


def _tool(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": dict(tool.schema)}


def _messages(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The conversation; what the user says and what tools give are one message, as is asked."""
    found: list[dict[str, Any]] = []
    for entry in entries:
        role, content = _content(entry)
        if found and found[-1]["role"] == role:
            found[-1]["content"] += content
        elif content:
            found.append({"role": role, "content": content})
    return found


def _content(entry: Entry) -> tuple[str, list[dict[str, Any]]]:
    if isinstance(entry, Asked):
        return "user", [*map(_file, entry.files), _text(entry.text)]
    if isinstance(entry, Returned):
        content = [*([_text(entry.text)] if entry.text else []), *map(_file, entry.files)]
        result = {"type": "tool_result", "tool_use_id": entry.call, "content": content}
        return "user", [result | ({"is_error": True} if entry.failed else {})]
    assert isinstance(entry, Replied)
    return "assistant", list(entry.message or [_text(entry.text)])


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _file(file: File) -> dict[str, Any]:
    if (text := file.as_text) is not None:
        return _text(text)
    source = {"type": "base64", "media_type": file.media, "data": file.data}
    return {"type": "image" if file.is_image else "document", "source": source}
