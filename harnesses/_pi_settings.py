"""The options of Pi in its own words: arguments, settings, and the providers that it is told of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Api", "Settings", "Thinking", "Tool", "key_names"]

Api = Literal[
    "anthropic-messages", "google-generative-ai", "openai-completions", "openai-responses"
]
Thinking = Literal["off", "minimal", "low", "medium", "high", "xhigh", "max"]
Tool = Literal["read", "grep", "find", "ls", "bash", "edit", "write", "powershell"]

_OWN_NAME = "custom"
_KEYS = {
    "azure-openai-responses": ("AZURE_OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_OAUTH_TOKEN"),
    "cloudflare-ai-gateway": ("CLOUDFLARE_API_KEY",),
    "cloudflare-workers-ai": ("CLOUDFLARE_API_KEY",),
    "github-copilot": ("COPILOT_GITHUB_TOKEN",),
    "google": ("GEMINI_API_KEY",),
    "google-vertex": ("GOOGLE_CLOUD_API_KEY",),
    "huggingface": ("HF_TOKEN",),
    "kimi-coding": ("KIMI_API_KEY",),
    "moonshotai": ("MOONSHOT_API_KEY",),
    "moonshotai-cn": ("MOONSHOT_API_KEY",),
    "openai-codex": (),
    "opencode-go": ("OPENCODE_API_KEY",),
    "qwen-token-plan-individual": ("QWEN_TOKEN_PLAN_API_KEY",),
    "vercel-ai-gateway": ("AI_GATEWAY_API_KEY",),
}
"""The variables that Pi reads for a provider, where they are not named after it."""
_HOSTS = {"anthropic": "https://api.anthropic.com", "openai": "https://api.openai.com/v1"}
_ALONE = (
    *("--no-extensions", "--no-skills", "--no-prompt-templates", "--no-themes"),
    "--no-context-files",
)
"""Nothing of the user's, and nothing that lies in the project, gets into a run."""


def key_names(provider: str) -> tuple[str, ...]:
    """The variables in which Pi looks for a key of this provider."""
    named_after_it = re.sub(r"[^A-Z0-9]", "_", provider.upper()) + "_API_KEY"
    return _KEYS.get(provider, (named_after_it,))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an author chose. `entry` is more of the model's entry at a server of the author's own.

    Raises ValueError where the options do not belong together.
    """

    model: str | None
    provider: str | None
    thinking: Thinking | None
    tools: tuple[str, ...]
    excluded: tuple[str, ...]
    added_prompt: str | None
    trusts_project: bool
    key_env: str | None
    url: str | None
    api: Api | None
    entry: Mapping[str, object]
    arguments: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.api is not None and not (self.url and self.model):
            raise ValueError(f"Pi(api={self.api!r}) needs base_url= and a model")
        if self.api is None and self.entry:
            raise ValueError(
                "Pi(model_entry=…) describes a model of another server and also needs api="
            )
        if (self.url or self.key_env) and not self.serves:
            raise ValueError("Pi(base_url=…) or Pi(api_key_env=…) needs provider=, or"
" api= for a server that is not one of Pi's own providers")  # fmt: skip
        if self.key_env and not re.fullmatch(r"[A-Za-z_]\w*", self.key_env):
            raise ValueError(f"Pi(api_key_env={self.key_env!r}) is not the name of a variable")

    @property
    def serves(self) -> str | None:
        """The provider; None where Pi takes the one that the user is signed in with."""
        if self.provider or self.api:
            return self.provider or _OWN_NAME
        first, slash, _ = (self.model or "").partition("/")
        return first if slash else None

    @property
    def signed_in(self) -> bool:
        """Whether the user's own login is used: never at another server."""
        return self.key_env is None and self.url is None

    @property
    def key_names(self) -> tuple[str, ...]:
        """The variables that are passed on to Pi, and kept from the commands that it runs."""
        if self.key_env:
            return (self.key_env,)
        return key_names(self.serves) if self.serves and self.signed_in else ()

    @property
    def priced(self) -> bool:
        """Whether Pi knows the prices of the model."""
        return self.api is None or "cost" in self.entry

    @property
    def address(self) -> str:
        """By what a limit is told apart from that of another server."""
        return self.url or _HOSTS.get(self.serves or "", self.serves or "login")

    def words(self) -> tuple[str, ...]:
        """The arguments; those of the author come before ours, which keep what is safe."""
        chosen: Mapping[str, str | None] = {
            "--provider": self.provider or (_OWN_NAME if self.api else None),
            "--model": self.model,
            "--thinking": self.thinking,
            "--tools": ",".join(self.tools) or None,
            "--exclude-tools": ",".join(self.excluded) or None,
            "--append-system-prompt": self.added_prompt,
        }
        pairs = (word for flag, value in chosen.items() if value for word in (flag, value))
        bare = () if self.tools else ("--no-tools",)
        project = ("--approve",) if self.trusts_project else ("--no-approve", *_ALONE)
        return (*self.arguments, "--offline", *project, *pairs, *bare)

    def files(self) -> dict[str, object]:
        """Pi's own settings, and the providers that differ from those it knows."""
        settings: dict[str, object] = {
            "enableInstallTelemetry": False,
            "enableAnalytics": False,
            "defaultProjectTrust": "always" if self.trusts_project else "never",
            "retry": {"enabled": False, "provider": {"maxRetries": 0}},
            "httpIdleTimeoutMs": 0,
            "cacheWarming": "off",
        }
        if names := self.key_names:
            settings["shellCommandPrefix"] = f"unset {' '.join(names)}"
        told = {self.serves: self._provider()} if self.serves and not self.signed_in else {}
        return {"settings.json": settings, "models.json": {"providers": told}}

    def _provider(self) -> dict[str, Any]:
        """Without a key of its own a model would not be available; most local servers want none."""
        key = f"${self.key_env}" if self.key_env else "none"
        own: dict[str, Any] = {"apiKey": key}
        if self.url:
            own["baseUrl"] = self.url
        if self.api:
            own |= {"api": self.api, "models": [{"id": self.model, **self.entry}]}
        return own
