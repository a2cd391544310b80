"""Models of many providers through the `litellm` package: chat completions, streamed.

Its router, its fallbacks and its retries are not used: the engine's are durable.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from decimal import Decimal
from functools import partial
from typing import Any

from harnesses._json import object_of
from harnesses.models._faults import Refusal
from harnesses.models._files import File
from harnesses.models._model import Model
from harnesses.models._sdk import has_socks_proxy
from harnesses.models._tools import Tool
from harnesses.models._turn import (
    JOINED,
    Asked,
    Entry,
    Replied,
    Request,
    Stop,
    Stream,
    Tokens,
    Turn,
    call_of,
    files_apart,
    in_turns,
)
from smithers.agent import Ask, Capabilities, Said, Thought

__all__ = ["LiteLLM"]

_STOPS: Mapping[str, Stop] = {"length": "length", "content_filter": "refused"}
_KINDS = {
    "AuthenticationError": "authentication_error",
    "PermissionDeniedError": "permission_error",
    "ContextWindowExceededError": "context_length_exceeded",
    "ContentPolicyViolationError": "content_filter",
    "RateLimitError": "rate_limit_error",
    "ServiceUnavailableError": "unavailable",
    "NotFoundError": "not_found",
    "BadRequestError": "invalid_request_error",
}
_KEPT = (
    "content",
    "tool_calls",
    "reasoning_content",
    "thinking_blocks",
    "provider_specific_fields",
)


class LiteLLM(Model):
    """A model with its litellm name, such as `"mistral/mistral-large-latest"`; the key is in the
    variable of its provider. The prompt asks for a structured answer.
    """

    vendor = "LiteLLM"
    provider = package = extra = "litellm"
    url = url_variable = ""
    keys = ()
    changes_prompts = (JOINED,)

    @property
    def can(self) -> Capabilities:
        """It reports the cost of a request for all models in the package's own price table."""
        return Capabilities(
            resumes=True,
            forks=True,
            forks_at=True,
            steers=True,
            reports_cost=True,
            changes_prompts=self.changes_prompts,
        )

    def shape(self, schema: Mapping[str, object]) -> None:
        """None: the package cannot tell which providers accept a schema together with tools."""
        return None

    async def load(self) -> Any:
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it asks the network
        package = await super().load()
        package.suppress_debug_info = True
        package.disable_aiohttp_transport = has_socks_proxy()
        return package

    def api_key(self) -> str | None:
        return super().api_key() if self.api_key_env is not None else None

    def client(self, package: Any, key: str | None, ask: Ask) -> AbstractAsyncContextManager[Any]:
        return nullcontext(
            partial(
                package.acompletion,
                api_base=self.base_url,
                api_key=key,
                timeout=ask.idle_s + 5,
                max_retries=0,
                num_retries=0,
                stream=True,
                stream_options={"include_usage": True},
            )
        )

    async def stream(self, client: Any, request: Request) -> Stream:
        messages = [_message(entry) for entry in in_turns(files_apart(request.entries))]
        if request.system:
            messages.insert(0, {"role": "system", "content": request.system})
        fields: dict[str, Any] = {
            "model": request.model,
            "messages": messages,
            "tools": [_tool(one) for one in request.tools] or None,
            "max_tokens": request.max_tokens,
        }
        chunks: list[Any] = []
        events = await client(**request.with_more(fields))
        async for chunk in events:
            request.heard(chunk)
            chunks.append(chunk)
            for choice in chunk.choices[:1]:
                if thought := getattr(choice.delta, "reasoning_content", None):
                    yield Thought(thought)
                if choice.delta.content:
                    yield Said(choice.delta.content)
        # The package makes up a reason where a stream was cut off, and keeps the true one apart.
        if events.received_finish_reason or events.intermittent_finish_reason:
            yield _turn(request.package.stream_chunk_builder(chunks, messages=messages))

    def refusal(self, error: Exception) -> Refusal | None:
        told: Any = getattr(error, "original_exception", None) or error
        if type(told).__module__.partition(".")[0] not in ("litellm", "openai"):
            return None
        response: Any = getattr(told, "response", None)
        headers = getattr(told, "litellm_response_headers", None) or getattr(
            response, "headers", {}
        )
        named = (_KINDS.get(one.__name__) for one in type(told).__mro__)
        kinds = [getattr(told, "code", None), next(filter(None, named), None)]
        status = str(getattr(told, "status_code", ""))
        said = str(getattr(told, "message", None) or told)
        if "Missing credentials" in said:  # the package calls it an error of the server
            kinds = ["authentication_error"]
        return Refusal(
            said=said,
            status=int(status) if status.isdecimal() else None,
            kinds=tuple(str(kind) for kind in kinds if kind),
            headers=dict(headers),
        )


def _turn(whole: Any) -> Turn:
    choice = whole.choices[0]
    message = choice.message.model_dump(mode="json", exclude_none=True, warnings=False)
    usage = whole.usage
    details = object_of((usage.model_dump(warnings=False)).get("prompt_tokens_details"))
    cached = int(details.get("cached_tokens") or 0)
    written = int(details.get("cache_creation_tokens") or 0)
    cost = getattr(whole, "_hidden_params", {}).get("response_cost")
    calls = (object_of(one) for one in message.get("tool_calls") or ())
    return Turn(
        message={"role": "assistant"} | {k: v for k, v in message.items() if k in _KEPT},
        text=message.get("content") or "",
        calls=tuple(
            call_of(one["id"], one["function"]["name"], one["function"]["arguments"])
            for one in calls
        ),
        tokens=Tokens(
            fresh=usage.prompt_tokens - cached - written,
            cached=cached,
            written=written,
            out=usage.completion_tokens,
            cost=round(Decimal(str(cost)), 9) if cost else None,
        ),
        stop=_STOPS.get(choice.finish_reason, "end"),
        why=choice.finish_reason or "",
    )


def _tool(tool: Tool) -> dict[str, Any]:
    schema = dict(tool.schema)
    function = {"name": tool.name, "description": tool.description, "parameters": schema}
    return {"type": "function", "function": function}


def _message(entry: Entry) -> dict[str, Any]:
    """One entry in the words of chat completions, which have no field for a tool that failed."""
    if isinstance(entry, Replied):
        return entry.message or {"role": "assistant", "content": entry.text}
    if isinstance(entry, Asked):
        parts = [*map(_file, entry.files), {"type": "text", "text": entry.text}]
        return {"role": "user", "content": parts if entry.files else entry.text}
    said = f"Error: {entry.text}" if entry.failed else entry.text
    return {"role": "tool", "tool_call_id": entry.call, "content": said}


def _file(file: File) -> dict[str, Any]:
    if (text := file.as_text) is not None:
        return {"type": "text", "text": text}
    if file.is_image:
        return {"type": "image_url", "image_url": {"url": file.url}}
    return {"type": "file", "file": {"filename": file.name, "file_data": file.url}}
