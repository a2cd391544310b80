"""OpenAI's models, and other servers that speak OpenAI Responses, through the `openai` package, 2.x
and 3.x.

Only features of both major versions are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from harnesses._json import list_of, object_of
from harnesses.models._faults import Refusal, Refused, api_error
from harnesses.models._files import File
from harnesses.models._model import Model
from harnesses.models._sdk import read_to_the_end
from harnesses.models._tools import Tool
from harnesses.models._turn import (
    Asked,
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

__all__ = ["OpenAI"]

_STOPS: Mapping[str, Stop] = {"max_output_tokens": "length", "content_filter": "refused"}
_THOUGHTS = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
_ENDS = ("response.completed", "response.incomplete")


class OpenAI(Model):
    """A model of OpenAI, or of another server that speaks Responses at `base_url`, such as
    `http://localhost:8000/v1`; the key is in OPENAI_API_KEY.
    """

    vendor = "OpenAI"
    provider = package = extra = "openai"
    url = "https://api.openai.com/v1"
    url_variable = "OPENAI_BASE_URL"
    keys = ("OPENAI_API_KEY",)

    def client(self, package: Any, key: str | None, ask: Ask) -> AbstractAsyncContextManager[Any]:
        if key is None:
            raise self.not_signed_in()
        client: AbstractAsyncContextManager[Any] = package.AsyncOpenAI(
            base_url=self.base_url, api_key=key, max_retries=0, timeout=ask.idle_s + 5
        )
        return client

    async def stream(self, client: Any, request: Request) -> Stream:
        schema = request.schema
        shape = {"type": "json_schema", "name": "answer", "strict": True, "schema": schema}
        fields: dict[str, Any] = {
            "model": request.model,
            "instructions": request.system or None,
            "input": [item for entry in request.entries for item in _items(entry)],
            "tools": [_tool(one) for one in request.tools] or None,
            "text": None if schema is None else {"format": shape},
            "max_output_tokens": request.max_tokens,
            "prompt_cache_key": request.session,
        }
        done: list[dict[str, Any]] = []
        wanted = request.with_more(fields, rest="extra_body")
        opened = await client.responses.create(**wanted, stream=True)
        async with read_to_the_end(opened) as events:
            async for event in events:
                request.heard(event)
                if event.type == "response.output_text.delta" and event.delta:
                    yield Said(event.delta)
                elif event.type in _THOUGHTS and event.delta:
                    yield Thought(event.delta)
                elif event.type == "response.output_item.done":
                    done.append(event.item.to_dict())
                elif event.type in _ENDS:
                    yield _turn(event.response.to_dict(), done)
                    return  # what breaks after that spoils no answer
                elif event.type in ("response.failed", "error"):
                    raise Refused(_failure(event.to_dict()))

    def refusal(self, error: Exception) -> Refusal | None:
        return api_error(error, "openai")


def _failure(event: Mapping[str, Any]) -> Refusal:
    told = object_of(object_of(event.get("response")).get("error")) or event
    said = str(told.get("message") or "the model failed and gave no reason")
    return Refusal(said=said, kinds=(str(told.get("code") or "server_error"),))


def _turn(response: Mapping[str, Any], done: list[dict[str, Any]]) -> Turn:
    items = [object_of(item) for item in list_of(response.get("output"))] or done
    parts = [
        object_of(part)
        for item in items
        if item.get("type") == "message"
        for part in list_of(item.get("content"))
    ]
    refused = next((str(part["refusal"]) for part in parts if part.get("refusal")), "")
    why = str(object_of(response.get("incomplete_details")).get("reason") or "")
    usage = object_of(response.get("usage"))
    details = object_of(usage.get("input_tokens_details"))
    cached, written = (
        int(details.get(f"{name}_tokens") or 0) for name in ("cached", "cache_write")
    )
    return Turn(
        message=items,
        text="".join(str(part.get("text") or "") for part in parts),
        calls=tuple(
            call_of(str(item["call_id"]), str(item["name"]), str(item.get("arguments") or ""))
            for item in items
            if item.get("type") == "function_call"
        ),
        tokens=Tokens(
            fresh=int(usage.get("input_tokens") or 0) - cached - written,
            cached=cached,
            written=written,
            out=int(usage.get("output_tokens") or 0),
        ),
        stop="refused" if refused else _STOPS.get(why, "end"),
        why=refused or why,
    )


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.schema),
        "strict": False,
    }


def _items(entry: Entry) -> Iterable[dict[str, Any]]:
    """One entry in the words of Responses. A tool's failure has no field there, so it is said."""
    if isinstance(entry, Asked):
        content = [*map(_file, entry.files), _text(entry.text)]
        return [{"role": "user", "content": content}]
    if isinstance(entry, Returned):
        text = f"Error: {entry.text}" if entry.failed else entry.text
        output = [_text(text), *map(_file, entry.files)] if entry.files else text
        return [{"type": "function_call_output", "call_id": entry.call, "output": output}]
    assert isinstance(entry, Replied)
    items: Iterable[dict[str, Any]] = entry.message or [
        {"role": "assistant", "content": entry.text}
    ]
    return items


def _text(text: str) -> dict[str, Any]:
    return {"type": "input_text", "text": text}


def _file(file: File) -> dict[str, Any]:
    if (text := file.as_text) is not None:
        return _text(text)
    if file.is_image:
        return {"type": "input_image", "image_url": file.url, "detail": "auto"}
    return {"type": "input_file", "filename": file.name, "file_data": file.url}
