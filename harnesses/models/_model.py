"""What every model has: its options, its name, its limit, and the one loop that runs it."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from harnesses._limits import limit_text
from harnesses._strict import strict
from harnesses.models import _loop
from harnesses.models._faults import Refusal, Refused, cleaned, fault
from harnesses.models._mcp import McpServer
from harnesses.models._prices import Price, price_of
from harnesses.models._sdk import package_version, sdk
from harnesses.models._tools import Tool, by_name
from harnesses.models._turn import Request, Stream
from smithers.agent import Ask, Capabilities, Event, digest_options
from smithers.errors import NotSignedIn, is_of_the_machine

__all__ = ["Model"]

_TRANSPORTS = {"aiohttp", "anyio", "h11", "httpcore", "httpcore2", "httpx", "httpx2"}
_NO_KEY = "none"
"""What a server of the author's own is told, where its key is not named."""


class Model(ABC):
    """One model of one vendor, with the tools that its author lists and no others.

    `tools` are functions with typed arguments and a docstring, or `read`, `write`, `edit`, `grep`,
    `bash`. `files` are images, PDFs and texts that are added to each new session, relative to the
    task's folder. `more` are additional fields of the request, with the vendor's names.
    `api_key_env` names the variable with the key; another server, at `base_url`, gets no other key.
    One task makes at most `max_requests` requests, each with an answer of at most `max_tokens`; a
    message from a person after an answer restarts that count. `price` is for a model whose price is
    not known here. `sessions` is the folder for its sessions.
    """

    vendor: ClassVar[str]
    provider: ClassVar[str]
    package: ClassVar[str]
    extra: ClassVar[str]
    url: ClassVar[str]
    url_variable: ClassVar[str]
    keys: ClassVar[tuple[str, ...]]
    changes_prompts: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        model: str,
        *,
        tools: Sequence[Tool | Callable[..., object]] = (),
        mcp_servers: Mapping[str, McpServer] | None = None,
        system: str = "",
        files: Sequence[str | Path] = (),
        max_tokens: int = 16_000,
        max_requests: int = 50,
        more: Mapping[str, object] | None = None,
        api_key_env: str | None = None,
        base_url: str | None = None,
        price: Price | None = None,
        sessions: str | Path | None = None,
    ) -> None:
        self.key = digest_options(self.provider, locals())
        self.name = f"{self.provider}/{model}"
        self.model, self.system = model, system
        self.tools = by_name(tools)
        self.mcp_servers = dict(mcp_servers or {})
        self.files = tuple(Path(one) for one in files)
        self.max_tokens, self.max_requests = max_tokens, max_requests
        self.more = dict(more or {})
        self.api_key_env, self.base_url = api_key_env, base_url
        # What a model of the same name costs on another server is not known.
        self.price = price or (None if base_url else price_of(self.provider, model))
        self.sessions = Path(sessions).absolute() if sessions is not None else None

    @property
    def can(self) -> Capabilities:
        """The cost is reported if the price is known."""
        return Capabilities(
            resumes=True,
            forks=True,
            forks_at=True,
            steers=True,
            native_schema=True,
            reports_cost=self.price is not None,
            changes_prompts=self.changes_prompts,
        )

    @property
    def limit(self) -> str:
        """What rate limits are shared by: provider, host, account and model; one opaque text."""
        url = self.base_url or os.environ.get(self.url_variable) or self.url
        return limit_text(self.provider, url, self._found_key() or "", self.model)

    def run(self, ask: Ask) -> AsyncGenerator[Event, None]:
        """Resume the session of `ask`, or start with a copy of one, or with a new one."""
        return _loop.converse(self, ask)

    def versions(self) -> dict[str, str]:
        """The version of the vendor's package, if it is installed."""
        return package_version(self.package)

    async def load(self) -> Any:
        """The vendor's package. Raises `NotInstalled`."""
        return await sdk(self.package, self.extra)

    def api_key(self) -> str | None:
        """The key, or None if none is set. Raises `NotSignedIn` if a named variable is not set."""
        key = self._found_key()
        if key is None and self.api_key_env is not None:
            raise self.not_signed_in(f"the variable {self.api_key_env} is not set")
        return _NO_KEY if key is None and self.base_url else key

    def _found_key(self) -> str | None:
        """Another server is given no key but the one that the author names for it."""
        usual = () if self.base_url else self.keys
        names = (self.api_key_env,) if self.api_key_env is not None else usual
        return next((os.environ[name] for name in names if os.environ.get(name)), None)

    def not_signed_in(self, said: str = "") -> NotSignedIn:
        """The error for a missing key."""
        said = said or f"there is no key for {self.vendor} in {' or '.join(self.keys)}"
        return NotSignedIn(said, hint=self._sign_in)

    @property
    def _sign_in(self) -> str:
        name = self.api_key_env or next(iter(self.keys), "the variable of its provider")
        return f"set {name} to an API key"

    @abstractmethod
    def client(self, package: Any, key: str | None, ask: Ask) -> AbstractAsyncContextManager[Any]:
        """The vendor's client, with its retries off."""

    @abstractmethod
    def stream(self, client: Any, request: Request) -> Stream:
        """One request: text as it comes, then one `Turn`."""

    @abstractmethod
    def refusal(self, error: Exception) -> Refusal | None:
        """What the vendor reported in `error`; None if it is not an error of its package."""

    def shape(self, schema: Mapping[str, object]) -> Mapping[str, Any] | None:
        """The schema in the vendor's form; None if the prompt has to describe it."""
        return strict(schema)

    def fault(self, error: Exception, key: str | None) -> Exception:
        """The error as a class of the engine; the error itself if it is not recognised."""
        told = error.told if isinstance(error, Refused) else self.refusal(error)
        if told is None:
            known = isinstance(error, OSError | EOFError | json.JSONDecodeError)
            if is_of_the_machine(error):
                return error
            if not known and type(error).__module__.partition(".")[0] not in _TRANSPORTS:
                return error
            told = Refusal(said=f"{type(error).__name__}: {error}")
        found = (value for name, value in os.environ.items() if name.endswith("_API_KEY"))
        told = replace(told, said=cleaned(told.said, [key] if key else found))
        return fault(told, self.vendor, self._sign_in, datetime.now(UTC))
