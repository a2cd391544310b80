"""Where Gemini CLI lives: its settings, which are ours alone, and its sessions."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harnesses import _state

__all__ = ["ApprovalMode", "Settings", "forget_reports", "prepared_home", "state_of"]

ApprovalMode = Literal["default", "auto_edit", "plan", "yolo"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an author chose, in the program's own words."""

    approvals: ApprovalMode = "default"
    tools: Sequence[str] | None = None
    allowed: Sequence[str] = ()
    excluded: Sequence[str] = ()
    servers: Mapping[str, object] = field(default_factory=dict[str, object])
    max_turns: int | None = None
    added_prompt: str | None = None
    trusts_project: bool = False

    def as_json(self) -> dict[str, Any]:
        """Its settings.json. The program's own retries, updates and reports are off.

        A folder that is not trusted brings no settings, hooks or servers along, and trust is given
        only after settings were read (`--skip-trust`). The variables of a project would be read
        then, before its own check of the key, which is left out (`useExternal`): we check it.
        """
        tools: dict[str, object] = {}
        if self.tools is not None:
            tools["core"] = list(self.tools)
        if self.allowed:
            tools["allowed"] = list(self.allowed)
        if self.excluded:
            tools["exclude"] = list(self.excluded)
        return {
            "general": {
                "enableAutoUpdate": False,
                "enableAutoUpdateNotification": False,
                "maxAttempts": 1,
                "sessionRetention": {"enabled": False},
            },
            "privacy": {"usageStatisticsEnabled": False},
            "telemetry": {"enabled": False},
            "advanced": {"ignoreLocalEnv": not self.trusts_project},
            "hooksConfig": {"enabled": self.trusts_project},
            "skills": {"enabled": self.trusts_project},
            "security": {
                "auth": {
                    "selectedType": "gemini-api-key",
                    "useExternal": not self.trusts_project,
                },
                "folderTrust": {"enabled": not self.trusts_project},
                "environmentVariableRedaction": {"enabled": True},
            },
            "mcpServers": dict(self.servers),
            **({"tools": tools} if tools else {}),
            **({"model": {"maxSessionTurns": self.max_turns}} if self.max_turns else {}),
        }


def state_of(env: Mapping[str, str], run: str) -> Path:
    """The folder of one run."""
    return _state.state_of("gemini", env, run)


def prepared_home(state: Path, settings: Settings) -> Path:
    """A home with these settings, in `state`. Sessions are shared by all homes in it."""
    told = json.dumps(settings.as_json(), indent=1, sort_keys=True)
    prompt = settings.added_prompt or ""
    digest = hashlib.sha256(f"{told}\0{prompt}".encode("utf-8", "replace")).hexdigest()
    home = state / f"home-{digest[:12]}"
    own = home / ".gemini"
    try:
        for folder in (state / "sessions", state / "tmp", own):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(own / "settings.json", told)
        if prompt:
            _write(own / "GEMINI.md", prompt)
        with suppress(FileExistsError):
            (own / "tmp").symlink_to(state / "sessions")
    except OSError as error:
        raise _state.not_kept(error, home, "cannot create a home folder for Gemini CLI") from error
    return home


def _write(path: Path, text: str) -> None:
    """Whole or not at all: another attempt may be reading it."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8", errors="replace")
    part.replace(path)


def forget_reports(state: Path) -> None:
    """Takes away the reports of errors, which hold the whole conversation."""
    for report in (state / "tmp").glob("gemini-client-error-*.json"):
        with suppress(OSError):
            report.unlink()
