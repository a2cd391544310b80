"""Gemini models through the `google-genai` package, streamed."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from harnesses._json import list_of, object_of
from harnesses.models._faults import Refusal
from harnesses.models._files import File
from harnesses.models._model import Model
from harnesses.models._sdk import has_socks_proxy
from harnesses.models._tools import Tool
from harnesses.models._turn import (
    JOINED,
    Call,
    Entry,
    Replied,
    Request,
    Returned,
    Stop,
    Stream,
    Tokens,
    Turn,
    files_apart,
    in_turns,
)
from smithers.agent import Ask, Said, Thought

__all__ = ["Google"]

_STOPS: Mapping[str, Stop] = {
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    **dict.fromkeys(
        ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"), "refused"
    ),
}
_WHOLE_S = 3600.0
"""What the server is told that a request may take, where its task has no limit of its own."""


class Google(Model):
    """A Gemini model; the key is in GEMINI_API_KEY or GOOGLE_API_KEY. With tools, the prompt asks
    for a structured answer, since not every model accepts tools and a schema together.
    """

    vendor = "Google"
    provider = extra = "google"
    package = "google.genai"
    url = "https://generativelanguage.googleapis.com"
    url_variable = "GOOGLE_GEMINI_BASE_URL"
    keys = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    changes_prompts = (JOINED,)

    def client(self, package: Any, key: str | None, ask: Ask) -> AbstractAsyncContextManager[Any]:
        if key is None:
            raise self.not_signed_in()
        # The package tells this limit to the server, so silence is left to our own clock.
        options: dict[str, Any] = {"timeout": int((ask.timeout_s or _WHOLE_S) * 1000)}
        options["retry_options"] = {"attempts": 1}  # unset, it asks twice where it has aiohttp
        options |= {"base_url": self.base_url} if self.base_url else {}
        http = _httpx_client() if has_socks_proxy() else None
        options |= {"httpx_async_client": http} if http else {}
        return _closing(package.Client(api_key=key, vertexai=False, http_options=options), http)

    def shape(self, schema: Mapping[str, object]) -> Mapping[str, Any] | None:
        return None if self.tools or self.mcp_servers else super().shape(schema)

    async def stream(self, client: Any, request: Request) -> Stream:
        declared = [{"function_declarations": [_tool(one) for one in request.tools]}]
        shaped = request.schema is not None
        config: dict[str, Any] = {
            "system_instruction": request.system or None,
            "max_output_tokens": request.max_tokens,
            "tools": declared if request.tools else None,
            "automatic_function_calling": {"disable": True},
            "automatic_continuation": False,  # it would ask again where a stream was cut
            "response_mime_type": "application/json" if shaped else None,
            "response_json_schema": request.schema,
        }
        message = _Message()
        events = await client.models.generate_content_stream(
            model=request.model,
            contents=_contents(request.entries),
            config=request.with_more(config),
        )
        try:
            async for event in events:
                request.heard(event)
                for piece in message.hear(event):
                    yield piece
        except Exception:
            if not message.why:
                raise  # what breaks after the end spoils no answer
        if message.why:
            yield message.turn()

    def refusal(self, error: Exception) -> Refusal | None:
        if not type(error).__module__.startswith("google.genai"):
            return None
        told: Any = error
        details = object_of(getattr(told, "details", None))
        details = object_of(details.get("error")) or details
        more = [object_of(one) for one in list_of(details.get("details"))]
        waits = [str(one["retryDelay"]) for one in more if one.get("retryDelay")]
        reasons = [str(one["reason"]) for one in more if one.get("reason")]
        spent = [object_of(each) for one in more for each in list_of(one.get("violations"))]
        daily = any("PerDay" in str(one.get("quotaId")) for one in spent)
        more_exactly = ["insufficient_quota"] if daily else []
        headers: Any = getattr(getattr(told, "response", None), "headers", None)
        status = getattr(told, "code", None)
        return Refusal(
            said=str(details.get("message") or error),
            status=status if isinstance(status, int) else None,
            kinds=(*reasons, str(getattr(told, "status", None) or ""), *more_exactly),
            headers=dict(headers or {}),
            wait=waits[0] if waits else "",
        )


@asynccontextmanager
async def _closing(client: Any, http: Any) -> AsyncGenerator[Any, None]:
    try:
        yield client.aio
    finally:
        await client.aio.aclose()
        client.close()
        if http is not None:
            await http.aclose()


def _httpx_client() -> Any:
    """The package would take aiohttp if that is installed."""
    import httpx2  # which the package needs since 3.6

    return httpx2.AsyncClient(timeout=None, follow_redirects=True)


class _Message:
    """A message as it grows: pieces of text are joined, all else is kept as it came."""

    def __init__(self) -> None:
        self.parts: list[dict[str, Any]] = []
        self.calls: list[Call] = []
        self.usage: Mapping[str, Any] = {}
        self.why = ""

    def hear(self, event: Any) -> Iterable[Said | Thought]:
        told = object_of(event.model_dump(mode="json", by_alias=True, exclude_none=True))
        self.usage = object_of(told.get("usageMetadata")) or self.usage
        blocked = object_of(told.get("promptFeedback")).get("blockReason")
        if blocked:
            self.why = "PROHIBITED_CONTENT"
        for candidate in map(object_of, list_of(told.get("candidates"))[:1]):
            self.why = str(candidate.get("finishReason") or self.why)
            for part in map(object_of, list_of(object_of(candidate.get("content")).get("parts"))):
                yield from self._part(part)

    def turn(self) -> Turn:
        usage = {name: int(value) for name, value in self.usage.items() if isinstance(value, int)}
        cached = usage.get("cachedContentTokenCount", 0)
        asked = usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0)
        out = usage.get("candidatesTokenCount", 0) + usage.get("thoughtsTokenCount", 0)
        said = [part["text"] for part in self.parts if part.get("text") and not part.get("thought")]
        return Turn(
            message=self.parts,
            text="".join(said),
            calls=tuple(self.calls),
            tokens=Tokens(fresh=asked - cached, cached=cached, out=out),
            stop=_STOPS.get(self.why, "end"),
            why=self.why,
        )

    def _part(self, part: dict[str, Any]) -> Iterable[Said | Thought]:
        text, thought = str(part.get("text") or ""), bool(part.get("thought"))
        if call := object_of(part.get("functionCall")):
            id = str(call.get("id") or f"call_{uuid.uuid4().hex[:12]}")
            arguments = object_of(call.get("args"))
            self.calls.append(Call(id=id, name=str(call.get("name")), arguments=arguments))
        if text:
            yield Thought(text) if thought else Said(text)
        last = self.parts[-1] if self.parts else {}
        joins = set(part) <= {"text", "thought"} and set(last) <= {"text", "thought"}
        if joins and last and bool(last.get("thought")) == thought:
            last["text"] = f"{last.get('text', '')}{text}"
        elif part and part != {"text": ""}:
            self.parts.append(part)


def _tool(tool: Tool) -> dict[str, Any]:
    schema = dict(tool.schema)
    return {"name": tool.name, "description": tool.description, "parametersJsonSchema": schema}


def _contents(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The conversation. The results of one turn's tools are one content, and nothing else is in it.
    An id that the vendor did not give is not told to it either.
    """
    found: list[dict[str, Any]] = []
    given = set[str]()
    results: list[dict[str, Any]] = []
    for entry in in_turns(files_apart(entries)):
        if isinstance(entry, Returned):
            result = {"name": entry.name, "response": {_OUTCOMES[entry.failed]: entry.text}}
            result |= {"id": entry.call} if entry.call in given else {}
            if not results:
                found.append({"role": "user", "parts": results})
            results.append({"functionResponse": result})
            continue
        results = []
        if isinstance(entry, Replied):
            parts: list[dict[str, Any]] = list(entry.message or [{"text": entry.text}])
            told = [object_of(part.get("functionCall")) for part in parts]
            given |= {str(call["id"]) for call in told if call.get("id")}
            found.append({"role": "model", "parts": parts})
        else:
            parts = [*map(_file, entry.files), {"text": entry.text}]
            found.append({"role": "user", "parts": parts})
    return found


_OUTCOMES = {False: "output", True: "error"}


def _file(file: File) -> dict[str, Any]:
    if (text := file.as_text) is not None:
        return {"text": text}
    return {"inlineData": {"mimeType": file.media, "data": file.data}}
