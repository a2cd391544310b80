"""The vendors as the tests need them: how each is pointed at the server, its words for errors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from harnesses.models import Anthropic, Google, LiteLLM, OpenAI
from harnesses.models._model import Model
from recordings.google_cases import DAILY
from smithers.agent import Ask
from tests.scripted_model import ScriptedModel, Status

KEY = "sk-made-up-1234567890"
OF_THEIRS = [
    pytest.mark.filterwarnings(f"ignore:{said}")
    for said in (
        "Inheritance class AiohttpClientSession:DeprecationWarning",  # google-genai, on aiohttp
        "Accessing the 'model_:DeprecationWarning",  # litellm, on pydantic
        "Item 'index' on TypedDict class:UserWarning",  # the same
        "There is no current event loop:DeprecationWarning",
    )
]
"""What vendors' packages do that is not ours to mend."""


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """One vendor. `refusals` are its own, by the names of sessions in the contract."""

    kind: type[Model]
    model: str
    path: str
    key: str
    refusals: Mapping[str, Status]

    def at(self, server: ScriptedModel, **options: Any) -> Model:
        to: dict[str, Any] = {"base_url": server.url + self.path, "api_key_env": self.key}
        return self.kind(self.model, **to | options)


_OPENAI = {
    "401": Status(401, "invalid_api_key", f"Incorrect API key provided: {KEY[:9]}***"),
    "429": Status(429, "rate_limit_exceeded", "Too many"),
    "429-with-a-time": Status(429, "rate_limit_exceeded", "Too many", {"retry-after": "30"}),
    "quota": Status(429, "insufficient_quota", "You exceeded your quota"),
    "529-overloaded": Status(503, "server_is_overloaded"),
    "500": Status(500, "server_error"),
    "context-overflow": Status(
        400, "context_length_exceeded", "This model's maximum context length is 9 tokens"
    ),
    "413": Status(413, "request_too_large"),
    "no-such-model": Status(404, "model_not_found"),
    "400": Status(400, "invalid_request_error", "no such field"),
    "content-filter": Status(400, "content_filter", "filtered by the content policy"),
}
_ANTHROPIC = {
    "401": Status(401, "authentication_error", f"invalid x-api-key {KEY}"),
    "429": Status(429, "rate_limit_error", "Too many"),
    "429-with-a-time": Status(429, "rate_limit_error", "Too many", {"retry-after": "30"}),
    "no-credit": Status(400, "invalid_request_error", "Your credit balance is too low"),
    "529-overloaded": Status(529, "overloaded_error"),
    "500": Status(500, "api_error"),
    "context-overflow": Status(
        400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"
    ),
    "413": Status(413, "request_too_large"),
    "no-such-model": Status(404, "not_found_error", "model: x"),
    "400": Status(400, "invalid_request_error", "no such field"),
}
_GOOGLE = {
    "401": Status(
        400,
        "INVALID_ARGUMENT",
        f"API key not valid: {KEY}",
        more={"details": [{"reason": "API_KEY_INVALID"}]},
    ),
    "429": Status(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted"),
    "429-with-a-time": Status(
        429,
        "RESOURCE_EXHAUSTED",
        "Resource has been exhausted",
        more={"details": [{"retryDelay": "30s"}]},
    ),
    "quota": Status(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", more=DAILY),
    "529-overloaded": Status(503, "UNAVAILABLE"),
    "500": Status(500, "INTERNAL"),
    "context-overflow": Status(
        400,
        "INVALID_ARGUMENT",
        "The input token count (9) exceeds the maximum number of tokens allowed (8)",
    ),
    "413": Status(413, "INVALID_ARGUMENT"),
    "no-such-model": Status(404, "NOT_FOUND"),
    "400": Status(400, "INVALID_ARGUMENT", "no such field"),
}

VENDORS: Mapping[str, Vendor] = {
    "anthropic": Vendor(
        kind=Anthropic, model="scripted", path="", key="ANTHROPIC_API_KEY", refusals=_ANTHROPIC
    ),
    "openai": Vendor(
        kind=OpenAI, model="scripted", path="/v1", key="OPENAI_API_KEY", refusals=_OPENAI
    ),
    "google": Vendor(
        kind=Google, model="scripted", path="", key="GEMINI_API_KEY", refusals=_GOOGLE
    ),
    "litellm": Vendor(
        kind=LiteLLM, model="openai/gpt-4o", path="/v1", key="OPENAI_API_KEY", refusals=_OPENAI
    ),
}
PACKAGES = {"anthropic": "anthropic", "openai": "openai", "google": "google.genai"}


def installed(vendor: str) -> Vendor:
    """The vendor, if its package is there; else the test skips, or fails where it is required."""
    package = PACKAGES.get(vendor, vendor)
    try:
        found = find_spec(package) is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        why = f"the package {package} is not installed: pip install '.[{vendor}]'"
        if vendor in os.environ.get("SMITHERS_MODELS_REQUIRED", "").split(","):
            pytest.fail(why)
        pytest.skip(why)
    # Some take seconds to import, which are not the test's; and litellm must not ask the network.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import_module(package)
    return VENDORS[vendor]


def ask(folder: Path, prompt: str = "Go.", **fields: Any) -> Ask:
    to: dict[str, Any] = {"idle_s": 20.0}
    return Ask(prompt=prompt, cwd=folder, **to | fields)


ANSWER = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "title": "Answer",
}
