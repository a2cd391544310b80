"""The options of Codex in its own words: settings on its command line, parameters of a thread."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

__all__ = ["ApprovalPolicy", "Sandbox", "Settings"]

Sandbox = Literal["read-only", "workspace-write", "danger-full-access"]
ApprovalPolicy = Literal["never", "on-request"]

_PROVIDER = "smithers"
_OF_NO_PROJECT = {"skills.include_instructions": False, "project_doc_max_bytes": 0}
"""Skills are listed, and instructions read, of a project that is not trusted too."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an author chose. `key_env` names the variable of a key; `url` is of another server.
    `instructions` are said besides Codex's own.
    """

    model: str | None
    sandbox: Sandbox
    approvals: ApprovalPolicy
    key_env: str | None
    url: str | None
    config: Mapping[str, object]
    mcp_servers: Mapping[str, object] = field(default_factory=dict[str, object])
    instructions: str | None = None
    arguments: tuple[str, ...] = ()
    trusts_project: bool = False

    @property
    def signed_in(self) -> bool:
        """Whether the user's own login is used: never at another server."""
        return self.key_env is None and self.url is None

    def of_a_thread(self, cwd: Path) -> dict[str, object]:
        """What is told once more with a thread: a resumed one goes by what it was started with."""
        rights = {"sandbox": self.sandbox, "approvalPolicy": self.approvals}
        model = {"model": self.model} if self.model else {}
        return {"cwd": str(cwd.absolute()), **rights, **model}

    def words(self, cwd: Path) -> tuple[str, ...]:
        """The arguments that set all of it; what is safe stands after the author's own `config`."""
        settings: dict[str, object] = {
            "analytics.enabled": False,
            "features.plugins": False,
            "features.apps": False,
            **({} if self.trusts_project else _OF_NO_PROJECT),
            **({"shell_environment_policy.exclude": [self.key_env]} if self.key_env else {}),
            **self.config,
            **({"developer_instructions": self.instructions} if self.instructions else {}),
            **{f"mcp_servers.{_key(name)}": one for name, one in self._servers().items()},
            **({"model": self.model} if self.model else {}),
            "sandbox_mode": self.sandbox,
            "approval_policy": self.approvals,
            "model_provider": _PROVIDER,
            f"model_providers.{_PROVIDER}": self._provider(),
            # Else a wide sandbox makes the program trust the project and start what it names.
            "projects": self._projects(cwd.resolve()),
        }
        pairs = (("-c", f"{key}={_toml(value)}") for key, value in settings.items())
        return (*self.arguments, *(word for pair in pairs for word in pair))

    def _projects(self, folder: Path) -> dict[str, object]:
        """The trust in the project: its settings are in the working folder and at its top."""
        if not self.trusts_project:
            return {str(folder): {"trust_level": "untrusted"}}
        above = (each for each in (folder, *folder.parents) if (each / ".git").exists())
        return {str(each): {"trust_level": "trusted"} for each in (folder, next(above, folder))}

    def _servers(self) -> dict[str, object]:
        """The MCP servers; the first request waits for one that is `required`, and for no other."""
        return {
            name: {"required": True, **cast("Mapping[str, object]", one)}
            for name, one in self.mcp_servers.items()
        }

    def _provider(self) -> dict[str, object]:
        """The only one that the program is given: its own cannot be told to make no retries."""
        return {
            "name": "OpenAI" if self.url is None else _PROVIDER,
            "wire_api": "responses",
            "request_max_retries": 0,
            "stream_max_retries": 0,
            **({"base_url": self.url} if self.url else {}),
            **({"env_key": self.key_env} if self.key_env else {}),
            **({"requires_openai_auth": True} if self.signed_in else {}),
        }


def _toml(value: object) -> str:
    """A value as TOML on one line: as in JSON, but for what a table looks like."""
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, Any]", value).items()
        return "{" + ",".join(f"{_key(str(key))}={_toml(each)}" for key, each in pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_toml(each) for each in cast("list[Any]", value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else json.dumps(name, ensure_ascii=False)
